"""Pages of surfaces, made once."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from eqdisc.data.surfaces import Cloud
from eqdisc.surface_finding import SurfaceDiscovery
from eqdisc.surfaces import page
from eqdisc.surfaces.law import SurfaceFront
from eqdisc.surfaces.page import surface_page
from eqdisc.surfaces.result import facts_of
from tests.surfaces.stand_in import PLANE, law, sphere_points

AWFUL = ("<script>alert(1)</script>", "$ {&%#}~^\\", "</script><b>")
SPHERE_CELLS = 1500  # triangles
TOLD = {"time_limit": 30.0, "seed": 3, "operators": None}


def sphere(names: Sequence[str] = "xyz") -> SurfaceDiscovery:
    """A sphere of radius 2, the points of its upper half a little outside."""
    points = sphere_points(500)
    points *= np.where(points[:, 2:] > 0.0, 1.03, 1.0)
    found = law("implicit", ["x**2 + y**2 + z**2 - 4"], "xyz", distance=0.01, exact=False)
    front = SurfaceFront((PLANE, found), 1, notes=("two points stand twice",), warnings=("a <b>warning",))
    if names != "xyz":
        renamed = law("implicit", ["x**2 + y**2 + z**2 - 4"], "xyz", distance=0.01, exact=False)
        renamed = type(renamed)(**{**vars(renamed), "variables": tuple(names)})
        front = SurfaceFront((renamed,), 0)
    return SurfaceDiscovery(**facts_of(front, "implicit", Cloud(points, tuple(names)), TOLD, 1.5))


def circle() -> SurfaceDiscovery:
    """A circle of radius 1 and points off it."""
    angles = np.random.default_rng(0).uniform(0.0, 6.28, 80)
    points = 1.01 * np.column_stack([np.cos(angles), np.sin(angles)])
    front = SurfaceFront((law("implicit", ["x**2 + y**2 - 1"], "xy", distance=0.003, exact=False),), 0)
    return SurfaceDiscovery(**facts_of(front, "implicit", Cloud(points, ("x", "y")), TOLD, 1.5))


@cache
def sphere_page(names: Sequence[str] = "xyz") -> str:
    """The page of the sphere, of a coarse mesh."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "CELLS", SPHERE_CELLS)
        return surface_page(sphere(names))


@cache
def curve_page() -> str:
    """The page of the circle."""
    return surface_page(circle())
