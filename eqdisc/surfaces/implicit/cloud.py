"""A cloud of points made ready: distinct, in a box, split, with a way to measure distances in it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from eqdisc._typing import FloatArray, IntArray
from eqdisc.data.resolution import DOUBLE, resolution
from eqdisc.engine.sensitivity import sensitivity
from eqdisc.errors import DataError, NoSurfaceError
from eqdisc.expr.expression import Expression

MOST_ROWS = 6000  # what is fitted to; more say no more about a law
HELD_SHARE = 0.25
COMPARABLE = 30.0  # ranges of axes: beyond, distances are measured in units of each range
ROOT_FINDING = 1e-11  # of the diagonal: points computed by bisection or Newton steps stop about there
EXACT_RMS, EXACT_WORST = 3.0, 30.0  # times the rounding floor of a row
LEAST_SLOPE = 1e-9  # of the mean slope
POLES = 10.0  # times the median slope: no mean slope is larger
WIDEST = 0.35  # of the distance of points anywhere: beyond, points lie on no zero set
LEAST_SHARE = 1e-4  # of the slope anywhere
MOST_FLIPS = 0.12  # G^2 = tiny is two shells in the noise about G = 0, and flips at every other point
SHELLS = 3.0  # times the distance of points: sheets of a thin body are farther apart than such shells
PROJECTED, NEWTON_STEPS = 200, 6
SURELY_NEAR = 1e-6  # of the diagonal: so near no F comes by being flat
EVALUATION = 1e-10  # of the diagonal; what an F may blame on its own rounding


@dataclass(frozen=True)
class Cloud:
    """Points of one surface and how far things are from each other there.

    points     : (n, d) distinct, finite
    names      : of the d coordinates
    centre     : (d,) of the box; half (d,) half its sides, none zero
    scale      : (d,) units in which distances are measured, 1 for all where ranges are comparable
    train, held : rows to fit to, rows to judge by
    resolution : (n, d) half units of the last digit given
    neighbour  : (n,) the nearest other point of each
    """

    points: FloatArray
    names: tuple[str, ...]
    centre: FloatArray
    half: FloatArray
    scale: FloatArray
    train: IntArray
    held: IntArray
    resolution: FloatArray
    neighbour: IntArray

    @classmethod
    def of(cls, points: ArrayLike, names: tuple[str, ...], seed: int) -> "Cloud":
        """Check points (n, d); DataError says what came and what was wanted, NoSurfaceError what is missing.

        >>> cloud = Cloud.of([[0.0, 1.0], [1.0, 0.0], [0.0, -1.0], [-1.0, 0.0], [0.6, 0.8], [0.8, 0.6]],
        ...                  ("x", "y"), seed=0)
        >>> cloud.half.tolist(), cloud.dimension
        ([1.0, 1.0], 2)
        """
        table = _table(points, names)
        rng = np.random.default_rng(seed)
        table = np.unique(table, axis=0)
        least = 2 * table.shape[1] + 1
        if table.shape[0] < least:
            raise NoSurfaceError(
                f"{table.shape[0]} distinct points in {table.shape[1]} dimensions lie on very many surfaces; "
                f"give at least {least}, better some hundreds"
            )
        if table.shape[0] > MOST_ROWS:
            table = table[np.sort(rng.choice(table.shape[0], MOST_ROWS, replace=False))]
        low, high = table.min(axis=0), table.max(axis=0)
        half = (high - low) / 2.0
        fixed = half == 0.0
        if fixed.sum() > 1:
            held = ", ".join(name for name, constant in zip(names, fixed, strict=True) if constant)
            raise NoSurfaceError(
                f"the coordinates {held} never change: the points lie on something smaller than a surface; "
                "leave these coordinates out"
            )
        half[fixed] = half[~fixed].max()
        comparable = half.max() <= COMPARABLE * half.min()
        order = rng.permutation(table.shape[0])
        held_count = int(HELD_SHARE * table.shape[0])
        scale = np.ones(half.size) if comparable else half.copy()
        return cls(
            points=table,
            names=names,
            centre=(low + high) / 2.0,
            half=half,
            scale=scale,
            train=np.sort(order[held_count:]),
            held=np.sort(order[:held_count]),
            resolution=np.stack([resolution(column) for column in table.T], axis=1),
            neighbour=np.asarray(cKDTree(table / scale).query(table / scale, k=2)[1])[:, 1],
        )

    @property
    def dimension(self) -> int:
        """Number of coordinates."""
        return int(self.points.shape[1])

    @property
    def diagonal(self) -> float:
        """Of the box, in the units of distances."""
        return float(np.linalg.norm(2.0 * self.half / self.scale))

    @property
    def is_computed(self) -> bool:
        """Whether all coordinates have the digits of float64 numbers."""
        return bool(np.all(self.resolution <= np.abs(self.points) * DOUBLE))

    def in_box(self, count: int, seed: int = 0) -> FloatArray:
        """(count, d) points even in the box: what lies off the surface."""
        draws = np.random.default_rng(seed).uniform(-1.0, 1.0, (count, self.dimension))
        points: FloatArray = self.centre + self.half * draws
        return points

    def unit(self, points: FloatArray) -> FloatArray:
        """Points in coordinates in which the box is from -1 to 1."""
        moved: FloatArray = (points - self.centre) / self.half
        return moved

    def flips(self, gradients: FloatArray, missed: float) -> float:
        """Share of points whose gradient (n, d) points away from that of the nearest neighbour, which lies
        on the same sheet as far as points that miss F = 0 by so much can tell.

        missed : typical distance of the points from F = 0 over the diagonal
        """
        scaled = gradients * self.scale
        with np.errstate(all="ignore"):
            unit = scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
            beside = unit[self.neighbour]
            # Across both sheets at once: the bend of one sheet cancels out between its two ends.
            turn = unit - beside
            ways = (self.points[self.neighbour] - self.points) / self.scale / self.diagonal
            across = np.abs(np.sum(turn * ways, axis=1)) / np.linalg.norm(turn, axis=1)
        is_flip = np.sum(unit * beside, axis=1) < 0.0
        return float(np.mean(is_flip & (across <= SHELLS * missed)))

    def distances(self, values: FloatArray, gradients: FloatArray) -> FloatArray:
        """(n,) distances from F = 0 over the diagonal, from values (n,) and gradients (n, d) of F.

        |F| / |grad F| (Taubin 1991, section III) where F is nearly straight; near a singular point, where the
        gradient vanishes, the quadratic that the mean slope bounds. NaN where F has no finite value.
        """
        with np.errstate(all="ignore"):
            slopes = np.linalg.norm(gradients * self.scale, axis=-1)
            known = slopes[np.isfinite(slopes)]
            mean = float(np.sqrt(np.mean(known**2))) if known.size else 0.0
            # Poles would make everything else look flat.
            mean = min(mean, POLES * float(np.median(known))) if known.size else 0.0
            size, bend = np.abs(values), mean / self.diagonal
            steep = slopes + np.sqrt(slopes**2 + 4.0 * bend * size) + LEAST_SLOPE * mean
            found: FloatArray = 2.0 * size / steep / self.diagonal
        return np.where(np.isfinite(found), found, np.nan) if mean > 0.0 else np.full(size.shape, np.nan)


@dataclass(frozen=True)
class Fit:
    """How an F holds on a cloud; distances over the diagonal.

    rms   : of the points; infinite where F is not finite on some point
    held  : root mean square over the rows held out
    off   : median distance of points anywhere in the box
    slope : root mean square slope on the points over that anywhere in the box; nothing where F is a square
    flips : share of points whose slope points away from that of their nearest neighbour on the same sheet
    exact : whether the points miss F = 0 by rounding alone
    """

    rms: float
    held: float
    off: float
    slope: float
    flips: float
    exact: bool

    @property
    def is_margin_wide(self) -> bool:
        """Whether F tells its points from any others, and is one surface through them.

        F = 0, and all that is small everywhere, do not; squares and pairs of close shells are not.
        """
        return self.held < WIDEST * self.off and self.slope > LEAST_SHARE and self.flips < MOST_FLIPS


def fit_of(expression: Expression, cloud: Cloud) -> Fit:
    """Judge an F on a cloud: on its points, on those held out, and away from them.

    >>> from eqdisc.expr.parse import parse
    >>> angle = np.linspace(0, 6.2, 40)
    >>> cloud = Cloud.of(np.stack([np.cos(angle), np.sin(angle)], axis=1), ("x", "y"), seed=0)
    >>> fit_of(parse("x**2 + y**2 - 1", ["x", "y"]), cloud).exact
    True
    """
    found = sensitivity(expression, cloud.points)
    gradients = np.zeros(cloud.points.shape)
    gradients[:, list(found.read)] = found.features
    distances = cloud.distances(found.value, gradients)
    if not np.isfinite(distances).all():
        return Fit(np.inf, np.inf, 0.0, 0.0, 0.0, False)
    distances = distances * _undercut(expression, cloud, distances)
    rms = float(np.sqrt(np.mean(distances**2)))
    held = distances[cloud.held] if cloud.held.size else distances
    away = cloud.in_box(512)
    beside = sensitivity(expression, away)
    slopes = np.zeros(away.shape)
    slopes[:, list(beside.read)] = beside.features
    far = cloud.distances(beside.value, slopes)
    off = float(np.median(far[np.isfinite(far)])) if np.isfinite(far).any() else 0.0
    with np.errstate(all="ignore"):
        given = np.sqrt(np.sum((gradients * cloud.resolution) ** 2, axis=1) / 3.0)
        slope = float(np.sqrt(np.mean(gradients**2) / np.nanmean(slopes[np.isfinite(far)] ** 2)))
    rounding = cloud.distances(np.nan_to_num(found.evaluation), gradients)
    floor = cloud.distances(np.nan_to_num(given), gradients) + np.minimum(rounding, EVALUATION)
    if cloud.is_computed:
        floor = floor + ROOT_FINDING
    is_exact = (
        rms <= EXACT_RMS * float(np.sqrt(np.mean(floor**2)))
        and bool(np.all(distances <= EXACT_WORST * np.maximum(floor, np.median(floor))))
        and rms < 1e-3 * off
        and slope > LEAST_SHARE
    )
    return Fit(rms, float(np.sqrt(np.mean(held**2))), off, slope, cloud.flips(gradients, rms), is_exact)


def _undercut(expression: Expression, cloud: Cloud, distances: FloatArray) -> float:
    """How many times larger than first-order distances the way to F = 0 really is; one at least.

    (x^2 + y^2 - 1)^3 has a third of the first-order distances of x^2 + y^2 - 1, and what is flat near its
    zeros wins by that if it is let. Newton steps along the gradient go the whole way.
    """
    rows = np.linspace(0, distances.size - 1, min(distances.size, PROJECTED)).astype(np.int64)
    if float(np.sqrt(np.mean(distances[rows] ** 2))) < SURELY_NEAR:
        return 1.0
    start = cloud.points[rows]
    moved = start.copy()
    for _ in range(NEWTON_STEPS):
        found = sensitivity(expression, moved)
        read = list(found.read)
        slopes = found.features * cloud.scale[read]
        with np.errstate(all="ignore"):
            step = (found.value / np.sum(slopes**2, axis=1))[:, None] * slopes * cloud.scale[read]
        fine = np.isfinite(step).all(axis=1)
        moved[np.ix_(fine, read)] -= step[fine]
    way = np.linalg.norm((moved - start) / cloud.scale, axis=1) / cloud.diagonal
    way = np.where(np.isfinite(way), np.minimum(way, 1.0), 1.0)
    return max(1.0, float(np.median(way / np.maximum(distances[rows], 1e-300))))


def _table(points: ArrayLike, names: tuple[str, ...]) -> FloatArray:
    try:
        table = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"the points cannot be read as an array of numbers: {error}") from error
    if table.ndim != 2 or table.shape[1] < 2:
        raise DataError(
            f"the points are an array of shape {table.shape}; wanted (points, coordinates) with at least two "
            "coordinates"
        )
    if len(names) != table.shape[1]:
        raise DataError(f"got {len(names)} names for {table.shape[1]} coordinates: {', '.join(names)}")
    if not np.isfinite(table).all():
        row, column = np.argwhere(~np.isfinite(table))[0]
        raise DataError(
            f"the point in row {row + 1} has the value {table[row, column]} for {names[column]!r}; "
            "leave such points out"
        )
    return table
