"""A curve or surface given by its parameters: every coordinate is an expression of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from eqdisc._typing import BoolArray, FloatArray, IntArray
from eqdisc.engine.box import Box
from eqdisc.engine.reference import evaluate, feature_jacobian
from eqdisc.errors import OptionError
from eqdisc.expr.expression import Expression

_ANCHORS = 10_000  # points from which the way to the nearest one begins, half of them even by area
_NEIGHBOURS = 6  # with three, 5 of 2000 random points ended at another sheet of a torus
_ON_IT = 1e-13  # of the extent: a point that far from the surface is on it
_PILOT = 4096  # parameters that tell how stretched the surface is
_BATCH = 8192
_MOST_BATCHES = 200
# Of the stretch: above it points are not denser than there, so that a pole does not take them all.
_BOUND = 0.999
_STEPS = 60
_DAMPING = 1e-3
_LARGEST_DAMPING = 1e8  # beyond it steps are too short to matter
_DIFFERENCE = 1e-5  # of the box: derivatives are differenced with an error of 1e-10
_STILL = 1e-14  # of the box of parameters: shorter steps change nothing


@dataclass(frozen=True, eq=False)
class Patch:
    """The points (x_1(u), ..., x_m(u)) for parameters u in a box: m expressions of k <= m parameters.

    OptionError where there are fewer coordinates than parameters, or fewer ranges than F reads.

    >>> from eqdisc.expr.parse import parse
    >>> arc = Patch([parse("cos(t)", ["t"]), parse("sin(t)", ["t"])], ([0], [1.5]))
    >>> arc.distances(np.array([[0.0, 0.0], [1.0, -1.0]])).round(9).tolist()
    [1.0, 1.0]
    """

    expressions: tuple[Expression, ...]
    box: Box

    def __init__(self, expressions: Sequence[Expression], box: Box | tuple[ArrayLike, ArrayLike]) -> None:
        room = box if isinstance(box, Box) else Box(*box)
        needed = max((feature + 1 for e in expressions for feature in e.features), default=1)
        if needed > room.dimension:
            raise OptionError(
                f"the formulas read {needed} parameters and {room.dimension} have a range; "
                "give every parameter one"
            )
        if len(expressions) < max(room.dimension, 2):
            raise OptionError(
                f"there are {len(expressions)} formulas of {room.dimension} parameters; wanted one for each "
                "coordinate, of which there are at least two, and no fewer than parameters"
            )
        object.__setattr__(self, "expressions", tuple(expressions))
        object.__setattr__(self, "box", room)

    def points(self, parameters: FloatArray) -> FloatArray:
        """The points (n, m) of parameters (n, k); not finite where a coordinate is not."""
        return np.column_stack([evaluate(expression, parameters) for expression in self.expressions])

    def derivatives(self, parameters: FloatArray) -> FloatArray:
        """Exact derivatives (n, m, k) of the coordinates by the parameters (n, k)."""
        return np.stack([feature_jacobian(e, parameters)[1] for e in self.expressions], axis=1)

    @cached_property
    def flaw(self) -> str:
        """Why this is nothing of k dimensions, in words: a point, a curve for a surface. "" if it is."""
        parameters = self.box.uniform(_PILOT, np.random.default_rng(0))
        usable = np.isfinite(self.points(parameters)).all(axis=1)
        if not usable.any():
            return "it has no finite point"
        slopes = self.derivatives(parameters[usable]) * self.box.extent
        slopes = slopes[np.isfinite(slopes).all(axis=(1, 2))]
        if not len(slopes):
            return "it has no finite derivative"
        stretch = np.linalg.svd(slopes, compute_uv=False)
        flat = stretch[:, -1] <= 1e-12 * max(float(stretch.max()), 1e-300)
        kind = {1: "a point", 2: "a curve or a point"}.get(self.box.dimension, "of fewer dimensions")
        return f"it is {kind}" if flat.all() else ""

    def sample(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Points of the surface, even by area: (m, d) with m <= count, fewer where it is hardly ever finite.

        Parameters drawn evenly are kept in proportion to the area element sqrt(det J'J), which is bounded by
        its 99.9th percentile.
        """
        return self.points(self._even(count, rng))

    def project(self, points: FloatArray) -> FloatArray:
        """The nearest points of the surface to points (n, m): (n, m), each of parameters in the box.

        That there is no nearer one is not proven. NaN for points that are not finite.
        """
        return self._nearest(points)[0]

    def distances(self, points: FloatArray) -> FloatArray:
        """Distances of points (n, m) from the surface: (n,); infinite where none was found."""
        return self._nearest(points)[1]

    def _nearest(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        targets = np.asarray(points, dtype=np.float64)
        if targets.ndim != 2 or targets.shape[1] != len(self.expressions):
            raise ValueError(
                f"the surface has {len(self.expressions)} coordinates, got points of shape {targets.shape}"
            )
        parameters, places = self._anchors
        best = np.full((len(targets), self.box.dimension), np.nan)
        distances = np.full(len(targets), np.inf)
        usable = np.isfinite(targets).all(axis=1)
        if len(places) and usable.any():
            reach = _ON_IT * float(np.ptp(places, axis=0).max())
            tree = cKDTree(places)
            for k in range(1, min(_NEIGHBOURS, len(places)) + 1):
                rows = np.flatnonzero(usable & (distances > reach))
                if not len(rows):
                    break
                nearest = np.asarray(tree.query(targets[rows], [k])[1])[:, 0]
                self._improve(best, distances, rows, parameters[nearest], targets)
            # A seam: the way ends at a wall of the box, the surface goes on at the opposite one.
            for axis in range(self.box.dimension):
                low, high = best[:, axis] == self.box.lower[axis], best[:, axis] == self.box.upper[axis]
                rows = np.flatnonzero((low | high) & (distances > reach))
                start = best[rows]
                start[:, axis] = np.where(low[rows], self.box.upper[axis], self.box.lower[axis])
                self._improve(best, distances, rows, start, targets)
        found = self.points(best)
        found[~np.isfinite(distances)] = np.nan
        return found, distances

    def _improve(
        self, best: FloatArray, distances: FloatArray, rows: IntArray, start: FloatArray, targets: FloatArray
    ) -> None:
        """Let the best parameters of some rows be those reached from `start`, where these are nearer."""
        if not len(rows):
            return
        found = self._descended(start, targets[rows])
        found_distances = np.linalg.norm(self.points(found) - targets[rows], axis=1)
        nearer = found_distances < distances[rows]
        best[rows[nearer]], distances[rows[nearer]] = found[nearer], found_distances[nearer]

    def _descended(self, parameters: FloatArray, targets: FloatArray) -> FloatArray:
        """Parameters of nearer points: damped Newton steps, within the box."""
        u = parameters.copy()
        damping = np.full(len(u), _DAMPING)
        gap = targets - self.points(u)
        loss = np.sum(gap**2, axis=1)
        busy = np.arange(len(u))
        with np.errstate(all="ignore"):
            for _ in range(_STEPS):
                if not len(busy):
                    break
                trial = self._stepped(u[busy], gap[busy], damping[busy])
                trial_gap = targets[busy] - self.points(trial)
                trial_loss = np.sum(trial_gap**2, axis=1)
                falls = trial_loss < loss[busy]
                moved = np.max(np.abs(trial - u[busy]) / self.box.extent, axis=1)
                u[busy] = np.where(falls[:, None], trial, u[busy])
                gap[busy] = np.where(falls[:, None], trial_gap, gap[busy])
                loss[busy] = np.where(falls, trial_loss, loss[busy])
                damping[busy] *= np.where(falls, 0.1, 10.0)
                busy = busy[(moved > _STILL) & (damping[busy] < _LARGEST_DAMPING)]
        return u

    def _stepped(self, u: FloatArray, gap: FloatArray, damping: FloatArray) -> FloatArray:
        """One step from parameters (n, k); a parameter that would leave the box stays at its wall."""
        slopes = np.nan_to_num(self.derivatives(u) * self.box.extent)
        downhill = np.einsum("nmk,nm->nk", slopes, gap)
        stuck = ((u <= self.box.lower) & (downhill < 0.0)) | ((u >= self.box.upper) & (downhill > 0.0))
        free = np.where(stuck, 0.0, 1.0)
        hessian = np.einsum("nmk,nml->nkl", slopes, slopes) - self._bending(u, gap)
        curvature, ways = np.linalg.eigh(hessian * free[:, :, None] * free[:, None, :])
        size = np.abs(curvature).max(axis=1, keepdims=True)
        # Away from a saddle: along a direction that bends the wrong way the step keeps its length.
        stiffness = np.abs(curvature) + damping[:, None] * np.where(size > 0.0, size, 1.0)
        step = np.einsum("nkj,nj->nk", ways, np.einsum("nkj,nk->nj", ways, free * downhill) / stiffness)
        return np.clip(u + self.box.extent * step, self.box.lower, self.box.upper)

    def _bending(self, u: FloatArray, gap: FloatArray) -> FloatArray:
        """Second derivatives of the surface along the gap (n, m): (n, k, k), by central differences.

        They only say how far a step goes; where they are not finite they are left out.
        """
        k = u.shape[1]
        bent = np.zeros((len(u), k, k))
        for j in range(k):
            move = np.where(np.arange(k) == j, _DIFFERENCE * self.box.extent, 0.0)
            change = (self.derivatives(u + move) - self.derivatives(u - move)) * self.box.extent
            bent[:, :, j] = np.einsum("nmk,nm->nk", change, gap) / (2.0 * _DIFFERENCE)
        bent = 0.5 * (bent + bent.transpose(0, 2, 1))
        return np.where(np.isfinite(bent).all(axis=(1, 2), keepdims=True), bent, 0.0)

    def _even(self, count: int, rng: np.random.Generator) -> FloatArray:
        """Parameters (n, k) of points even by area."""
        pilot = self._areas(self.box.uniform(_PILOT, rng))
        if not (pilot > 0.0).any():
            return np.empty((0, self.box.dimension))
        bound = float(np.quantile(pilot[pilot > 0.0], _BOUND))
        kept = [np.empty((0, self.box.dimension))]
        for _ in range(_MOST_BATCHES):
            drawn = self.box.uniform(_BATCH, rng)
            kept.append(drawn[rng.random(_BATCH) * bound < self._areas(drawn)])
            if sum(map(len, kept)) >= count:
                break
        return np.concatenate(kept)[:count]

    def _areas(self, parameters: FloatArray) -> FloatArray:
        """The area element (n,); 0 where the surface is not finite."""
        with np.errstate(all="ignore"):
            slopes = self.derivatives(parameters)
            usable: BoolArray = np.asarray(np.isfinite(slopes).all(axis=(1, 2)))
            usable &= np.isfinite(self.points(parameters)).all(axis=1)
            slopes = np.where(usable[:, None, None], slopes, 0.0)
            gram = np.einsum("nmk,nml->nkl", slopes, slopes)
            areas: FloatArray = np.sqrt(np.maximum(np.linalg.det(gram), 0.0))
        return areas

    @cached_property
    def _anchors(self) -> tuple[FloatArray, FloatArray]:
        """Parameters and points from which the ways to the nearest points begin."""
        rng = np.random.default_rng(0)
        even = self._even(_ANCHORS // 2, rng)
        parameters = np.concatenate([even, self.box.uniform(_ANCHORS - len(even), rng)])
        points = self.points(parameters)
        usable = np.isfinite(points).all(axis=1)
        return parameters[usable], points[usable]


__all__ = ["Patch"]
