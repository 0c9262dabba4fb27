"""How many dimensions points fill locally, and how far they scatter about that: surfaces, curves, volumes."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from eqdisc.errors import NoSurfaceError
from eqdisc.surfaces.implicit.cloud import Cloud

CENTRES = 200
CLOSE = 48  # points of the neighbourhoods that tell a curve
FLAT = 0.2  # of the largest deviation: a direction that is not filled
WITHIN = 0.5  # of the width of a thread of points: laws that are nearer say that it is a surface
THICK = 0.5  # of the largest deviation: a direction as full as the others
SIZES = (12, 24, 48, 96, 192, 384)


@dataclass(frozen=True)
class LocalShape:
    """What neighbourhoods look like.

    dimension : that they fill; as many as coordinates where no direction is thin at any size
    scatter   : standard deviation across the surface over the diagonal, at the size where it is thinnest; 0
                where points are too few to tell
    thread    : where neighbourhoods of some size are long and thin in all but one direction too many, how
                thin over the diagonal: a curve with noise, or a surface like a tube or a strip; else 0
    """

    dimension: int
    scatter: float
    thread: float = 0.0


def local_shape(cloud: Cloud, seed: int) -> LocalShape:
    """By principal components of neighbourhoods of several sizes; the thinnest direction tells.

    Larger neighbourhoods reach beyond the noise, smaller ones see less of the curvature.
    """
    points = cloud.points / (cloud.scale * cloud.diagonal)
    n, d = points.shape
    tree = cKDTree(points)
    rng = np.random.default_rng(seed)
    centres = points[rng.choice(n, min(n, CENTRES), replace=False)]
    thinnest, scatter = 1.0, 0.0
    narrowest, thread = 1.0, 0.0
    filled = np.zeros(d)
    for size in SIZES:
        if size > max(n // 4, d + 2) or size <= d:
            continue
        _, near = tree.query(centres, k=min(size, n))
        groups = points[near]
        groups = groups - groups.mean(axis=1, keepdims=True)
        deviations = np.linalg.svd(groups, compute_uv=False) / np.sqrt(size)
        typical = np.median(deviations, axis=0)
        shares = typical / max(float(typical[0]), 1e-300)
        if size <= CLOSE:
            filled = np.maximum(filled, shares)
            # Noise fills the small neighbourhoods of a curve; the larger ones are long.
            if d > 2 and shares[-2] < narrowest:
                narrowest, thread = float(shares[-2]), float(typical[-2])
        if shares[-1] < thinnest:
            thinnest, scatter = float(shares[-1]), float(typical[-1])
    dimension = int((filled > FLAT).sum()) if filled.any() else d - 1
    dimension = d if thinnest > THICK else min(dimension, d - 1)
    return LocalShape(dimension, scatter, thread if narrowest < FLAT else 0.0)


def refuse_smaller(cloud: Cloud, shape: LocalShape) -> None:
    """NoSurfaceError for points that fill fewer dimensions than a surface has."""
    if shape.dimension < cloud.dimension - 1:
        raise _smaller(cloud, shape.dimension)


def refuse_thread(cloud: Cloud, shape: LocalShape, nearest: float) -> None:
    """NoSurfaceError for points along a curve with noise; a tube or a thin strip has a law that is nearer
    than it is wide.

    nearest : root mean square distance of the points from the best law so far over the diagonal
    """
    if nearest > WITHIN * shape.thread > 0.0:
        raise _smaller(cloud, cloud.dimension - 2)


def _smaller(cloud: Cloud, dimension: int) -> NoSurfaceError:
    wanted = cloud.dimension - 1
    what = {0: "in isolated spots", 1: "on a curve"}.get(dimension, f"on a set of dimension {dimension}")
    return NoSurfaceError(
        f"these points lie {what}, which very many surfaces contain; one equation in {cloud.dimension} "
        f"coordinates describes a set of dimension {wanted}: give points all over it, or describe it by "
        "parameters (--features)"
    )


def no_surface(cloud: Cloud, shape: LocalShape, nearest: float | None) -> NoSurfaceError:
    """Why nothing was found, as an error to raise.

    nearest : distance, over that of points anywhere in the box, of the best that was tried
    """
    if shape.dimension >= cloud.dimension:
        return NoSurfaceError(
            f"these points fill {cloud.dimension} dimensions and lie on no surface: there is no direction in "
            "which they are thin; leave out what scatters, or give a target (--target)"
        )
    tried = "" if nearest is None else f"; the nearest surface tried misses them by {nearest:.2g} of chance"
    return NoSurfaceError(
        f"no equation was found that these points satisfy and others do not{tried}; give more points, more "
        "time, or further operators"
    )
