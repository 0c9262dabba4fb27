"""Normals of a surface at scattered points, from the plane of their neighbours."""

import numpy as np
from scipy.spatial import cKDTree

from eqdisc._typing import FloatArray, IntArray

NEIGHBOURS = 12
MOST_POINTS = 1500
FLAT = 0.12  # smallest over middle extent of a neighbourhood that has a plane


def surface_normals(points: FloatArray, rng: np.random.Generator) -> tuple[IntArray, FloatArray]:
    """Rows (s,) of points that have a clear tangent plane, and unit normals there (s, 3), up to sign.

    points : (n, 3). The normal is that of the paraboloid through the neighbours, so that curvature does not
    tilt it (Cazals and Pouget 2005).

    >>> rng = np.random.default_rng(0)
    >>> sphere = rng.standard_normal((800, 3))
    >>> sphere /= np.linalg.norm(sphere, axis=1)[:, None]
    >>> rows, normals = surface_normals(sphere, rng)
    >>> bool(np.median(np.abs(np.sum(sphere[rows] * normals, axis=1))) > 0.9999)
    True
    """
    count = min(NEIGHBOURS, len(points) - 1)
    picked = np.sort(rng.permutation(len(points))[:MOST_POINTS])
    _, near = cKDTree(points).query(points[picked], k=count + 1)
    local = points[near] - points[picked][:, None, :]
    _, sizes, frames = np.linalg.svd(local - local.mean(axis=1, keepdims=True), full_matrices=False)
    first = np.einsum("nij,nkj->nki", frames, local)
    a, b, height = first[..., 0], first[..., 1], first[..., 2]
    scale = np.maximum(np.sqrt(np.mean(a**2 + b**2, axis=1)), 1e-300)[:, None]
    a, b, height = a / scale, b / scale, height / scale
    table = np.stack([a, b, 0.5 * a**2, a * b, 0.5 * b**2], axis=-1)
    solution = np.einsum("nij,nj->ni", np.linalg.pinv(table, rcond=1e-6), height)
    slopes = np.stack([-solution[:, 0], -solution[:, 1], np.ones(len(picked))], axis=1)
    normals = np.einsum("nj,njk->nk", slopes, frames)
    normals /= np.linalg.norm(normals, axis=1)[:, None]
    clear = sizes[:, 2] < FLAT * np.maximum(sizes[:, 1], 1e-300)
    return picked[clear].astype(np.int64), normals[clear]
