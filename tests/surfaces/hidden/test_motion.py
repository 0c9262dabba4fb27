"""Motions that carry surfaces into themselves, wherever these lie."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from eqdisc.surfaces.hidden.motion import find_motion
from eqdisc.surfaces.hidden.normals import surface_normals

RNG = np.random.default_rng(2)
U, V = RNG.uniform(0.0, 2.0 * np.pi, (2, 1500))
W = RNG.uniform(-2.0, 2.0, 1500)
CLOUDS = {
    "revolution": (W * np.cos(U), W * np.sin(U), np.exp(-(W**2))),
    "helix": (W * np.cos(U), W * np.sin(U), 0.7 * U),
    "translation": (np.cos(U) + 0.3 * np.cos(2 * U), np.sin(U), W),
}


@pytest.mark.parametrize("kind", CLOUDS)
def test_motion_is_found_in_any_position(kind):
    turned = Rotation.from_euler("xyz", [0.7, -0.4, 1.1])
    points = turned.apply(np.column_stack(CLOUDS[kind])) + np.array([1.0, -2.0, 0.5])
    rows, normals = surface_normals(points, np.random.default_rng(0))
    motion = find_motion(points[rows], normals)
    assert motion is not None
    assert motion.kind == kind
    assert abs(motion.direction @ turned.apply([0.0, 0.0, 1.0])) > 0.999
    if kind == "helix":
        assert motion.pitch == pytest.approx(0.7, rel=0.02)


def test_surface_without_motion_has_none():
    points = np.column_stack([np.cos(U) * np.sin(V), 2 * np.sin(U) * np.sin(V), 3 * np.cos(V)])
    rows, normals = surface_normals(points, np.random.default_rng(0))
    assert find_motion(points[rows], normals) is None
