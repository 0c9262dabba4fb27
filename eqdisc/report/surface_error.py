"""How far measured points lie from a surface, told at the points and on the surface."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.engine.patch import Patch
from eqdisc.engine.zeroset import ZeroSet

MOST_POINTS = 3000  # measured and drawn of a larger cloud
NEIGHBOURS = 16  # points that tell the error at a place of the surface: it scatters by a fifth
_NEARBY = 1.25  # of the reach of that many neighbours: a gap as wide has the chance e^-25 by itself
_CROWDED = 0.9  # the reach is that of most points, not of the loneliest
ROUNDING = 1e-10  # of the diagonal: smaller distances say nothing but how numbers are rounded


@dataclass(frozen=True, eq=False)
class SurfaceError:
    """Distances of points from a surface.

    points    : (n, d) those measured, all or some drawn evenly of a large cloud
    feet      : (n, d) the nearest place of the surface to each; NaN where none was found
    n_points  : how many the whole cloud has
    diagonal  : of the cloud's box
    """

    points: FloatArray
    feet: FloatArray
    n_points: int
    diagonal: float

    @classmethod
    def of(cls, shape: ZeroSet | Patch, points: FloatArray, seed: int = 0) -> "SurfaceError":
        """Distances of a cloud (n, d), of `MOST_POINTS` of it where it is larger."""
        diagonal = float(np.linalg.norm(np.ptp(points, axis=0)))
        count = len(points)
        if count > MOST_POINTS:
            rows = np.random.default_rng(seed).choice(count, MOST_POINTS, replace=False)
            points = points[np.sort(rows)]
        return cls(points, shape.project(points), count, diagonal)

    @property
    def distances(self) -> FloatArray:
        """(n,) distances; infinite where no place of the surface was found."""
        found: FloatArray = np.linalg.norm(self.points - self.feet, axis=1)
        return np.where(np.isfinite(found), found, np.inf)

    @property
    def found(self) -> BoolArray:
        """(n,) for which points a place of the surface was found."""
        usable: BoolArray = np.all(np.isfinite(self.feet), axis=1)
        return usable

    @property
    def is_rounding(self) -> bool:
        """Whether all distances are as small as the rounding of numbers."""
        return bool(np.all(self.distances <= ROUNDING * self.diagonal))

    def quantile(self, share: float) -> float:
        """The distance that this share of the points does not exceed; infinite where that is not known."""
        return float(np.quantile(self.distances, share, method="inverted_cdf"))

    @property
    def root_mean_square(self) -> float:
        """Root mean square distance of the points for which there is one; NaN where there is none."""
        known = self.distances[self.found]
        return float(np.sqrt(np.mean(known**2))) if len(known) else float("nan")

    def at(self, places: FloatArray) -> FloatArray:
        """(m,) root mean square distance of the points around each place (m, d) of the surface.

        Of the `NEIGHBOURS` points whose feet are nearest, the nearer the more; NaN where no point is nearby.
        """
        known = self.found
        count = min(NEIGHBOURS, int(known.sum()) - 1)
        if count < 1:
            return np.full(len(places), np.nan)
        squares = self.distances[known] ** 2
        tree = cKDTree(self.feet[known])
        reach = np.asarray(tree.query(self.feet[known], [count + 1])[0])
        nearby = _NEARBY * float(np.quantile(reach, _CROWDED))
        found = tree.query(places, range(1, count + 2))
        gaps, rows = np.asarray(found[0]), np.asarray(found[1])
        radius = gaps[:, -1:]
        with np.errstate(invalid="ignore", divide="ignore"):
            weights = np.where(radius > 0.0, (1.0 - (gaps / radius) ** 2) ** 2, 1.0)
            told = np.sqrt((weights * squares[rows]).sum(axis=1) / weights.sum(axis=1))
        return np.where(gaps[:, 0] <= nearby, told, np.nan)


__all__ = ["MOST_POINTS", "NEIGHBOURS", "ROUNDING", "SurfaceError"]
