"""The nearest zeros of a function: along its gradient onto the set, then along the set towards the point."""

from dataclasses import dataclass

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.engine.box import Box
from eqdisc.engine.reference import evaluate, feature_jacobian
from eqdisc.expr.expression import Expression

ON_THE_SET = 1e-9  # of the diagonal: the longest Newton step left at what is called a zero
_CLOSEST = 1e-15  # of the diagonal: shorter steps change nothing
_LANDING_STEPS = 60
_SHORT_LANDING = 8  # from beside the set
_SLIDES = 60
_STRAIGHT = 1e-6  # sine of the angle to the normal; the distance is then right to half its square
_SHORTEST = 1e-4  # share of a step below which it is given up


@dataclass(frozen=True)
class Feet:
    """Zeros (n, d) of points, and how far they are, (n,); NaN and infinite where there is none."""

    points: FloatArray
    distances: FloatArray

    @classmethod
    def missing(cls, points: FloatArray) -> "Feet":
        """None for any of the points."""
        return cls(np.full(points.shape, np.nan), np.full(len(points), np.inf))

    def where(self, kept: BoolArray) -> "Feet":
        """Those marked; the others are missing."""
        return Feet(np.where(kept[:, None], self.points, np.nan), np.where(kept, self.distances, np.inf))


def land(
    expression: Expression, points: FloatArray, diagonal: float, steps: int = _LANDING_STEPS
) -> tuple[FloatArray, BoolArray]:
    """Zeros reached from points (n, d) along the gradient, and which of them are zeros indeed, (n,).

    Newton's method in the direction of the gradient, shortened until |F| falls. A step of twice the length is
    tried too: onto a zero that is only touched, F**2 say, it is the right one (Schroeder, 1870).
    """
    q = points.copy()
    share = np.ones(len(q))
    length = np.full(len(q), np.inf)
    busy = np.flatnonzero(np.isfinite(q).all(axis=1))
    with np.errstate(all="ignore"):
        for _ in range(steps):
            if not len(busy):
                break
            value, slope = feature_jacobian(expression, q[busy])
            steepness = np.sqrt(np.sum(slope**2, axis=1))
            length[busy] = np.where(value == 0.0, 0.0, np.abs(value) / steepness)
            unit = slope / steepness[:, None]
            step = np.sign(value) * np.minimum(length[busy], 0.25 * diagonal) * share[busy]
            goals = [q[busy] - (times * step)[:, None] * unit for times in (1.0, 2.0)]
            sizes = [np.abs(evaluate(expression, goal)) for goal in goals]
            twice = sizes[1] < np.where(np.isnan(sizes[0]), np.inf, sizes[0])
            falls = np.where(twice, sizes[1], sizes[0]) < np.abs(value)
            goal = np.where(twice[:, None], goals[1], goals[0])
            q[busy] = np.where(falls[:, None], goal, q[busy])
            share[busy] = np.where(falls, 1.0, 0.25 * share[busy])
            going = (length[busy] > _CLOSEST * diagonal) & (share[busy] > _SHORTEST)
            busy = busy[going & np.isfinite(length[busy])]
    return q, length <= ON_THE_SET * diagonal


def nearest_feet(
    expression: Expression, feet: FloatArray, landed: BoolArray, points: FloatArray, room: Box
) -> Feet:
    """The zeros nearest to points (n, d), reached from `feet` (n, d), zeros where `landed` says so.

    Tangential steps, each followed by a landing and taken only if the distance falls; no step out of `room`.
    """
    q = np.where(landed[:, None], feet, np.nan)
    q = np.where(room.holds(q)[:, None], q, np.nan)
    share = np.ones(len(q))
    busy = np.flatnonzero(np.isfinite(q).all(axis=1))
    with np.errstate(all="ignore"):
        for _ in range(_SLIDES):
            _, slope = feature_jacobian(expression, q[busy])
            unit = slope / np.sqrt(np.sum(slope**2, axis=1))[:, None]
            away = points[busy] - q[busy]
            along = away - np.sum(away * unit, axis=1)[:, None] * unit
            aside, distance = (np.sqrt(np.sum(vector**2, axis=1)) for vector in (along, away))
            going = (aside > _STRAIGHT * distance) & (aside > _CLOSEST * room.diagonal)
            busy, along, distance = busy[going], along[going], distance[going]
            if not len(busy):
                break
            goal, is_zero = land(
                expression, q[busy] + share[busy, None] * along, room.diagonal, _SHORT_LANDING
            )
            nearer = is_zero & room.holds(goal) & (np.linalg.norm(points[busy] - goal, axis=1) < distance)
            q[busy] = np.where(nearer[:, None], goal, q[busy])
            share[busy] = np.where(nearer, np.minimum(1.5 * share[busy], 4.0), 0.3 * share[busy])
            busy = busy[share[busy] > _SHORTEST]
        distances = np.linalg.norm(points - q, axis=1)
    return Feet(q, np.where(np.isfinite(distances), distances, np.inf))


__all__ = ["ON_THE_SET", "Feet", "land", "nearest_feet"]
