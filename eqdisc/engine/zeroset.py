"""The zero set of an expression inside a box: a curve, a surface, or what it is called in more dimensions."""

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from eqdisc._typing import BoolArray, FloatArray, IntArray
from eqdisc.engine.box import Box
from eqdisc.engine.crossings import crossings
from eqdisc.engine.factors import Factor, factors
from eqdisc.engine.feet import ON_THE_SET, Feet, land, nearest_feet
from eqdisc.engine.reference import evaluate, feature_jacobian
from eqdisc.engine.sensitivity import sensitivity
from eqdisc.errors import OptionError
from eqdisc.expr.expression import Expression

MARGIN = 0.01  # of the diagonal: how far outside the box the nearest zero of a point may be
ANCHORS = 2000  # samples from which the way to the nearest zero begins
_NEIGHBOURS = 2  # of them, for each point
_LINES = 512  # at a time
_MOST_LINES = 20_000  # before a smaller neighbourhood is looked at, or the set is called empty
_NEIGHBOURHOOD = 0.5  # of the extent of what was found, added on every side
_FEW = 3  # points that show where the neighbourhood is
_PROBES = 4000
_LARGEST_VOLUME = 0.005  # of the box: more than 20 probes; a surface has none
_FLOOR = 8.0  # standard deviations of rounding that a value may be off zero


@dataclass(frozen=True, eq=False)
class ZeroSet:
    """Where an expression F of d >= 2 variables is zero inside a box.

    expression : F over the features 0 to d - 1
    box        : a `Box`, or the pair of its corners (d,)

    The set does not depend on the scale of F, on its sign or on its powers: F, 1e-9*F, F**2 and |F| have the
    same. Where F is NaN it is not zero. OptionError for a box of one variable or fewer than F has.

    >>> from eqdisc.expr.parse import parse
    >>> circle = ZeroSet(parse("x**2 + y**2 - 1", ["x", "y"]), ([-2, -2], [2, 2]))
    >>> circle.distances(np.array([[0.0, 3.0], [0.3, 0.4]])).round(9).tolist()
    [2.0, 0.5]
    """

    expression: Expression
    box: Box

    def __init__(self, expression: Expression, box: Box | tuple[ArrayLike, ArrayLike]) -> None:
        room = box if isinstance(box, Box) else Box(*box)
        needed = max(expression.features, default=-1) + 1
        if room.dimension < max(needed, 2):
            raise OptionError(
                f"the box has {room.dimension} variables and F reads {needed}; "
                "wanted a range for each variable, of two at least"
            )
        object.__setattr__(self, "expression", expression)
        object.__setattr__(self, "box", room)

    def values(self, points: FloatArray) -> FloatArray:
        """F at points (n, d): (n,)."""
        return evaluate(self.expression, points)

    def gradients(self, points: FloatArray) -> FloatArray:
        """Exact derivatives of F at points (n, d): (n, d); not finite where F has none."""
        return feature_jacobian(self.expression, points)[1]

    @cached_property
    def flaw(self) -> str:
        """Why this is no set of d - 1 dimensions, in words: F constant, nowhere 0, 0 all over. Else "".

        Decided by 4000 points of the box, with the rounding of F, and by random lines.
        """
        if not self.expression.features:
            return "it is a constant"
        points = self.box.uniform(_PROBES, np.random.default_rng(0))
        found = sensitivity(self.expression, points)
        finite = np.isfinite(found.value)
        if not finite.any():
            return "it has no finite value in the box"
        with np.errstate(invalid="ignore"):
            zero = finite & (np.abs(found.value) <= _FLOOR * found.evaluation)
        share = float(zero.mean())
        if share > _LARGEST_VOLUME:
            return f"it is 0, or cannot be told from 0, in {share:.0%} of the box"
        return "" if len(self._anchors) else "it is nowhere 0 in the box"

    def sample(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Points of the set in the box, even by area: (m, d), m <= count.

        m is less where random lines meet the set too seldom, 0 where they never meet it: a set of less than
        d - 1 dimensions, or none. A set much smaller than the box is looked at in its own neighbourhood.
        Which lines: `Box.chords` (the formula of Cauchy and Crofton).
        """
        return self._sampled(count, rng)[0]

    def _sampled(self, count: int, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
        """Points even by area, in random order, and which factor is zero at each."""
        points, owners = self._met(self.box, count, rng)
        if _FEW <= len(points) < count:
            points, owners = self._met(self.box.around(points, _NEIGHBOURHOOD), count, rng)
        order = rng.permutation(len(points))[:count]  # no round of lines is preferred
        return points[order], owners[order]

    def _met(self, box: Box, count: int, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
        """Where random lines meet the factors' zeros, until there are `count` points, and whose each is."""
        points: list[FloatArray] = [np.empty((0, self.box.dimension))]
        owners: list[IntArray] = [np.empty(0, dtype=np.int64)]
        for _ in range(_MOST_LINES // _LINES):
            starts, ends = box.chords(_LINES, rng)
            for k, factor in enumerate(self._factors):
                found, _ = crossings(partial(evaluate, factor.zero), starts, ends)
                found = found[_allowed(factor, found)]
                points.append(found)
                owners.append(np.full(len(found), k))
            if sum(map(len, points)) >= count:
                break
        return np.concatenate(points), np.concatenate(owners)

    def project(self, points: FloatArray) -> FloatArray:
        """The nearest zeros of points (n, d): (n, d).

        Each is a point where F was checked to be zero, inside the box or up to `MARGIN` of its diagonal
        outside, so that no distance comes out too small; that there is no nearer one is not proven. NaN
        where no zero was found, and for points that are not finite.
        """
        return self._feet(points).points

    def distances(self, points: FloatArray) -> FloatArray:
        """Distances of points (n, d) from the set: (n,); infinite where it has no zero. See `project`."""
        return self._feet(points).distances

    def _feet(self, points: FloatArray) -> Feet:
        targets = np.asarray(points, dtype=np.float64)
        if targets.ndim != 2 or targets.shape[1] != self.box.dimension:
            raise ValueError(
                f"the set has {self.box.dimension} variables, got points of shape {targets.shape}"
            )
        best = Feet.missing(targets)
        usable = np.flatnonzero(np.isfinite(targets).all(axis=1))
        if not len(usable):
            return best
        near = self._nearest(targets[usable])
        best.points[usable], best.distances[usable] = near.points, near.distances
        return best

    def _nearest(self, targets: FloatArray) -> Feet:
        room = self.box.widened(MARGIN)
        points, distances = np.full(targets.shape, np.nan), np.full(len(targets), np.inf)
        rows = np.arange(len(targets))
        for k in range(_NEIGHBOURS + 1):
            for owner, factor in enumerate(self._factors):
                feet, landed = self._start(k, owner, targets[rows])
                found = nearest_feet(factor.zero, feet, landed, targets[rows], room)
                found = found.where(_allowed(factor, found.points))
                nearer = found.distances < distances[rows]
                points[rows[nearer]] = found.points[nearer]
                distances[rows[nearer]] = found.distances[nearer]
            rows = rows[distances[rows] > ON_THE_SET * room.diagonal]  # the others are on it
            if not len(rows):
                break
        return Feet(points, distances)

    def _start(self, k: int, owner: int, targets: FloatArray) -> tuple[FloatArray, BoolArray]:
        """Zeros of a factor to go on from, and where there is one: straight ahead, then the k-th anchor."""
        if k == 0:
            return land(self._factors[owner].zero, targets, self.box.diagonal)
        anchors, tree = self._trees[owner]
        if len(anchors) < k:
            return np.full(targets.shape, np.nan), np.zeros(len(targets), dtype=bool)
        return anchors[np.asarray(tree.query(targets, [k])[1])[:, 0]], np.ones(len(targets), dtype=bool)

    @cached_property
    def _factors(self) -> tuple[Factor, ...]:
        return factors(self.expression)

    @cached_property
    def _anchored(self) -> tuple[FloatArray, IntArray]:
        """Zeros from which the ways to the nearest zeros begin, and the factor of each."""
        return self._sampled(ANCHORS, np.random.default_rng(0))

    @property
    def _anchors(self) -> FloatArray:
        return self._anchored[0]

    @cached_property
    def _trees(self) -> list[tuple[FloatArray, cKDTree]]:
        """The anchors of each factor, to be searched."""
        points, owners = self._anchored
        parts = [points[owners == k] for k in range(len(self._factors))]
        return [(part, cKDTree(part)) for part in parts]


def _allowed(factor: Factor, points: FloatArray) -> BoolArray:
    """Whether zeros of a factor are zeros of the product: where another has no value they are not."""
    allowed = np.ones(len(points), dtype=bool)
    for other in factor.others:
        allowed &= np.isfinite(evaluate(other, points))
    return allowed


__all__ = ["ANCHORS", "MARGIN", "ZeroSet"]
