"""Distances between clouds of points, as SurfaceBench measures them."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from eqdisc._typing import FloatArray
from eqdisc.errors import DataError


def chamfer_distance(answer: ArrayLike, truth: ArrayLike, *, diagonal: float | None = None) -> float:
    """Mean distance of the answer's points from the nearest of the truth, plus the same the other way.

    answer, truth : (n, d) and (m, d) points
    diagonal      : what distances are divided by; raw if not given, as in SurfaceBench's evaluation (there
                    neither squared nor normalised)

    It is not 0 for two samples of one surface. DataError for no points, points that are not finite or of
    other dimensions.

    >>> chamfer_distance([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]])
    4.0
    """
    there, back = _nearest(answer, truth)
    return float(there.mean() + back.mean()) / _unit(diagonal)


def hausdorff_distance(answer: ArrayLike, truth: ArrayLike, *, diagonal: float | None = None) -> float:
    """Largest distance from a point of one cloud to the nearest of the other, either way.

    As `chamfer_distance` otherwise.

    >>> hausdorff_distance([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]])
    5.0
    """
    there, back = _nearest(answer, truth)
    return float(max(there.max(), back.max())) / _unit(diagonal)


def cloud_diagonal(points: ArrayLike) -> float:
    """Diagonal of the box that holds the points (n, d), n >= 1.

    >>> cloud_diagonal([[0.0, 0.0], [3.0, 4.0]])
    5.0
    """
    return float(np.linalg.norm(np.ptp(_checked("cloud", points), axis=0)))


def _nearest(answer: ArrayLike, truth: ArrayLike) -> tuple[FloatArray, FloatArray]:
    a, t = _checked("answer", answer), _checked("truth", truth)
    if a.shape[1] != t.shape[1]:
        raise DataError(
            f"the answer's points have {a.shape[1]} coordinates, the truth's {t.shape[1]}; "
            "wanted the same coordinates in the same order"
        )
    return np.asarray(cKDTree(t).query(a)[0]), np.asarray(cKDTree(a).query(t)[0])


def _checked(what: str, points: ArrayLike) -> FloatArray:
    cloud = np.asarray(points, dtype=np.float64)
    if cloud.ndim != 2 or not cloud.size:
        raise DataError(
            f"the points of the {what} are an array of shape {cloud.shape}; wanted a row for each point, "
            "of which there is at least one, and a column for each coordinate"
        )
    broken = np.flatnonzero(~np.isfinite(cloud).all(axis=1))
    if len(broken):
        raise DataError(f"row {broken[0]} of the points of the {what} is not finite; leave such points out")
    return cloud


def _unit(diagonal: float | None) -> float:
    if diagonal is None:
        return 1.0
    if not 0.0 < diagonal < np.inf:
        raise DataError(f"the diagonal is {diagonal}; wanted a finite length above 0")
    return diagonal


__all__ = ["chamfer_distance", "cloud_diagonal", "hausdorff_distance"]
