"""Expressions by their values on points: how near pairs of them come to a law, how near an F is to points.

An F may be small without being a law, so that |F| is never asked for alone: distances are |F| / |grad F|, and
those of the points count in units of how far points anywhere in the box are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from eqdisc._typing import BoolArray, FloatArray, IntArray
from eqdisc.engine.evaluate import predict_programs
from eqdisc.engine.programs import Programs
from eqdisc.expr.expression import Expression
from eqdisc.surfaces.implicit.cloud import Cloud

STEP = 1e-5  # of the diagonal: of differences that stand for slopes
CONSTANT = 1e-9  # of the size of a column: it does not change
FEW, DOMINATED = 0.02, 0.5  # of the points, of the sum of squares: a column that says nothing of the others
ROUNDING = 1e-14  # of the variance of a column
SAME = 1e-9  # of the slopes of two columns: what an identity leaves
FOUND_ANYWHERE = 0.25  # of the points of the box, where an F has values
EVERYWHERE = 0.1  # of the distance of points anywhere from the surface: zeros that are nearer are everywhere
FLAT = 0.1  # of the median slope: no slope counts less


@dataclass(frozen=True)
class Probes:
    """Points of the surface, and the same a small step aside, each in a random direction.

    points, moved : (n, d); step : its length over the diagonal of the box
    """

    points: FloatArray
    moved: FloatArray
    step: float

    @classmethod
    def of(cls, cloud: Cloud, count: int, step: float, seed: int) -> "Probes":
        """At some rows of a cloud; a step that would leave the box goes the other way."""
        rng = np.random.default_rng(seed)
        points = cloud.points[rng.permutation(cloud.train)[:count]]
        directions = rng.normal(size=points.shape)
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        moves = step * cloud.diagonal * cloud.scale * directions
        moves = np.where(np.abs(points + moves - cloud.centre) > cloud.half, -moves, moves)
        return cls(points, points + moves, step)


@dataclass(frozen=True)
class Columns:
    """Expressions by their values on points, of mean zero and mean square one, and their slopes in that unit.

    expressions    : m of them
    values, slopes : (m, n) at the points, and along the step aside
    lines          : (m, 2) mean and standard deviation of the values as they were
    """

    expressions: tuple[Expression, ...]
    values: FloatArray
    slopes: FloatArray
    lines: FloatArray

    @classmethod
    def of(cls, expressions: Sequence[Expression], probes: Probes) -> "Columns":
        """Of those that are finite, change, and are not made up by few points."""
        count = len(probes.points)
        both = predict_programs(Programs.pack(expressions), np.concatenate([probes.points, probes.moved]))
        values = both[:, :count]
        units, fine = standardised(values)
        with np.errstate(all="ignore"):
            lines = np.stack([values.mean(axis=1), values.std(axis=1)], axis=1)
            slopes = (both[:, count:] - values) / probes.step / lines[:, 1:]
        fine &= np.isfinite(slopes).all(axis=1)
        fine[fine] = ~dominated(units[fine]) & ~dominated(slopes[fine])
        return cls(tuple(expressions), units, slopes, lines).take(np.flatnonzero(fine))

    def __len__(self) -> int:
        return len(self.expressions)

    @property
    def sizes(self) -> IntArray:
        """(m,) nodes."""
        return np.array([len(one) for one in self.expressions], dtype=np.int64)

    @property
    def reach(self) -> FloatArray:
        """(m,) root mean square distances, over the diagonal and a constant, of the points from f - b = 0.

        Small for a law, and for what changes so fast that its zeros are everywhere.
        """
        with np.errstate(divide="ignore"):
            return np.asarray(1.0 / np.sqrt(np.mean(self.slopes**2, axis=1)))

    def take(self, members: IntArray) -> "Columns":
        """Some of them."""
        chosen = tuple(self.expressions[i] for i in members)
        return Columns(chosen, self.values[members], self.slopes[members], self.lines[members])


@dataclass(frozen=True)
class Court:
    """What whole Fs are judged by: points of the surface, points anywhere, and how far these are from those.

    rows  : (1 + d)(n + m) points: n of the surface and m of the box, then the same moved along each axis
    steps : (d,) of these moves; units: (d,) that make slopes those of distances over the diagonal
    count : n; far: median distance of points anywhere from the nearest of the surface, over the diagonal
    """

    rows: FloatArray
    steps: FloatArray
    units: FloatArray
    count: int
    far: float

    @classmethod
    def of(cls, cloud: Cloud, count: int, beside: int, seed: int) -> "Court":
        """At some rows of a cloud and at so many points of its box."""
        chosen = np.random.default_rng(seed).permutation(cloud.train)[:count]
        away = cloud.in_box(beside, seed)
        near, _ = cKDTree(cloud.points / cloud.scale).query(away / cloud.scale)
        points = np.concatenate([cloud.points[chosen], away])
        steps = STEP * cloud.diagonal * cloud.scale
        rows = np.concatenate([points, *(points + step for step in np.diag(steps))])
        units = cloud.scale * cloud.diagonal
        return cls(rows, steps, units, chosen.size, float(np.median(near)) / cloud.diagonal)

    def losses(self, laws: Sequence[Expression]) -> FloatArray:
        """(k,) root mean square distances of the points from F = 0, over those of points anywhere; 0 to 1.

        Infinite where F is not finite on the points. Points anywhere are no farther from F = 0 than they are
        from the surface, so that an F that is flat away from its points gains nothing by that. Infinite too
        where F has its zeros everywhere, and for what is an identity.
        """
        if not laws:
            return np.zeros(0)
        values = predict_programs(Programs.pack(laws), self.rows).reshape(len(laws), self.units.size + 1, -1)
        with np.errstate(all="ignore"):
            gradients = (values[:, 1:] - values[:, :1]) * (self.units / self.steps)[:, None]
            slopes = np.sqrt(np.sum(gradients**2, axis=1))
            here, away = slopes[:, : self.count], slopes[:, self.count :]
            middle = np.median(here, axis=1, keepdims=True)
            near = np.abs(values[:, 0, : self.count]) / np.maximum(here, FLAT * middle)
            far = np.abs(values[:, 0, self.count :]) / np.maximum(away, FLAT * middle)
            known = np.isfinite(far)
            usable = np.isfinite(near).all(axis=1) & (known.mean(axis=1) > FOUND_ANYWHERE)
            typical = np.median(np.where(known, far, np.inf), axis=1)  # where F has no value it is not zero
            usable &= (typical > EVERYWHERE * self.far) & (middle[:, 0] > 0.0)
            shares = np.minimum(near / np.minimum(typical, self.far)[:, None], 1.0)
        return np.where(usable, np.sqrt(np.mean(shares**2, axis=1)), np.inf)


def standardised(values: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Rows (m, n) at mean zero and mean square one, and which of them (m,) are finite and change."""
    with np.errstate(all="ignore"):
        centred = values - values.mean(axis=1, keepdims=True)
        deviations = np.sqrt(np.mean(centred**2, axis=1))
        fine = deviations > CONSTANT * np.max(np.abs(values), axis=1)
        units = centred / deviations[:, None]
    return units, fine & np.isfinite(units).all(axis=1)


def dominated(rows: FloatArray) -> BoolArray:
    """(m,) whether few points make up most of the sum of squares of a row, as near a pole.

    >>> dominated(np.array([[1.0, -1.0, 1.0, 1.0], [0.0, 1.0, 9.0, 0.0]])).tolist()
    [False, True]
    """
    few = max(1, round(FEW * rows.shape[1]))
    with np.errstate(over="ignore"):
        squares = np.partition(rows**2, -few, axis=1)
    return np.asarray(squares[:, -few:].sum(axis=1) > DOMINATED * squares.sum(axis=1))


def distances(ours: Columns, theirs: Columns) -> FloatArray:
    """(k, m) root mean square distances of the points from f - a*g - b = 0, over the diagonal and a constant.

    The mean square of F over that of its slope (Taubin 1991), a, b by least squares. What is true anywhere,
    like (x + 1)^2 - x^2 - 2*x - 1 = 0, has neither and is infinitely far.
    """
    count = ours.values.shape[1]
    alike = ours.values @ theirs.values.T / count
    own, other = np.mean(ours.slopes**2, axis=1)[:, None], np.mean(theirs.slopes**2, axis=1)
    steep = own + alike**2 * other
    slope = steep - 2.0 * alike * (ours.slopes @ theirs.slopes.T / count)
    left = np.maximum(1.0 - alike**2, ROUNDING)
    with np.errstate(all="ignore"):
        return np.where(slope > SAME * steep, np.sqrt(left / slope), np.inf)


def difference(ours: Columns, f: int, theirs: Columns, g: int) -> Expression:
    """f - a*g - b, with a and b by least squares."""
    alike = float(np.mean(ours.values[f] * theirs.values[g]))
    mean, deviation = map(float, ours.lines[f])
    other, spread = map(float, theirs.lines[g])
    slope = alike * deviation / spread
    return ours.expressions[f] - slope * theirs.expressions[g] - (mean - slope * other)
