"""Motions that carry a surface into itself: turns about an axis, shifts, screws.

The normals of such a surface belong to one linear complex of lines, whose six coordinates are the null vector
of a 6 x 6 matrix (Pottmann and Randrup 1998, "Rotational and helical surface approximation for reverse
engineering").
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from eqdisc._typing import FloatArray

Kind = Literal["revolution", "translation", "helix"]
GAP = 0.05  # smallest over second smallest eigenvalue of a surface with a motion
STRAIGHT = 0.05  # turn, for a shift by the size of the cloud, below which a motion is a shift
PITCHLESS = 0.02  # shift, in sizes of the cloud for one radian, below which it is a turn
SNAP = 0.02  # how near to a coordinate axis or to the origin an axis is taken to be there


@dataclass(frozen=True, eq=False)
class Motion:
    """A motion that carries the surface into itself.

    kind      : a turn about the axis, a shift along it, or both at once
    direction : (3,) unit vector of the axis
    point     : (3,) a point of the axis, the nearest to the origin
    pitch     : shift along the axis for a turn of one radian; 0 for a turn
    gap       : how much better it fits than the next one; 0 for a perfect fit
    """

    kind: Kind
    direction: FloatArray
    point: FloatArray
    pitch: float
    gap: float


def find_motion(points: FloatArray, normals: FloatArray) -> Motion | None:
    """The motion that the surface admits; None where it admits none, or more than one (plane, sphere).

    points, normals : (n, 3)

    >>> rng = np.random.default_rng(0)
    >>> u, v = rng.uniform(0.0, 6.0, (2, 500))
    >>> normals = np.column_stack([np.cos(u) * np.cos(v), np.sin(u) * np.cos(v), np.sin(v)])
    >>> points = normals + 2.0 * np.column_stack([np.cos(u), np.sin(u), 0.0 * u])
    >>> find_motion(points, normals).kind
    'revolution'
    """
    middle = points.mean(axis=0)
    size = float(np.sqrt(np.mean(np.sum((points - middle) ** 2, axis=1))))
    moments = np.cross((points - middle) / size, normals)
    rows = np.column_stack([normals, moments])
    for _ in range(3):  # normals at edges and folds are wrong: weigh them down
        values, vectors = np.linalg.eigh(rows.T @ rows / len(rows))
        miss = np.abs(np.column_stack([normals, moments]) @ vectors[:, 0])
        weights = 1.0 / (1.0 + (miss / (3.0 * np.median(miss) + 1e-300)) ** 2)
        rows = np.column_stack([normals, moments]) * np.sqrt(weights)[:, None]
    gap = float(np.sqrt(max(values[0], 0.0) / max(values[1], 1e-300)))
    if gap > GAP**0.5 or values[1] < 1e-6:
        return None
    shift, turn = vectors[:3, 0], vectors[3:, 0]
    if np.linalg.norm(turn) < STRAIGHT * np.linalg.norm(shift):
        direction = _snapped_direction(shift / np.linalg.norm(shift))
        return Motion("translation", direction, np.zeros(3), np.inf, gap)
    length = float(np.linalg.norm(turn))
    direction = _snapped_direction(turn / length)
    pitch = float(shift @ turn) / length**2 * size
    point = middle + np.cross(turn, shift) / length**2 * size
    point = point - (point @ direction) * direction
    if np.linalg.norm(point) < SNAP * size:
        point = np.zeros(3)
    kind: Kind = "revolution" if abs(pitch) < PITCHLESS * size else "helix"
    return Motion(kind, direction, point, 0.0 if kind == "revolution" else pitch, gap)


def _snapped_direction(direction: FloatArray) -> FloatArray:
    largest = int(np.argmax(np.abs(direction)))
    axis = np.zeros(3)
    axis[largest] = 1.0
    if abs(direction[largest]) > 1.0 - 0.5 * SNAP**2:
        return axis
    turned: FloatArray = direction * np.sign(direction[largest])
    return turned
