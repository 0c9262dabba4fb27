"""Distances, scenes and drawings of surfaces."""

import numpy as np
import pytest

from eqdisc._typing import FloatArray
from eqdisc.engine.patch import Patch
from eqdisc.engine.zeroset import ZeroSet
from eqdisc.expr.parse import parse
from eqdisc.report.plots import drawn
from eqdisc.report.surface_error import MOST_POINTS, SurfaceError
from eqdisc.report.surface_plot import pictures, surface_figure
from eqdisc.report.surface_scene import Scene

SPHERE = ZeroSet(parse("x**2 + y**2 + z**2 - 1", ["x", "y", "z"]), ([-1.2] * 3, [1.2] * 3))
CIRCLE = ZeroSet(parse("x**2 + y**2 - 1", ["x", "y"]), ([-1.2] * 2, [1.2] * 2))
NAMES = ["x", "y", "z"]


def directions(count: int, d: int = 3) -> FloatArray:
    found = np.random.default_rng(0).normal(size=(count, d))
    unit: FloatArray = found / np.linalg.norm(found, axis=1)[:, None]
    return unit


def half_off(count: int = 800) -> FloatArray:
    """Points of the sphere, above the middle 0.05 outside of it."""
    unit = directions(count)
    points: FloatArray = unit * np.where(unit[:, 2] > 0.0, 1.05, 1.0)[:, None]
    return points


def scene(points: FloatArray | None = None, cells: int = 1500) -> Scene:
    return Scene.of(SPHERE, NAMES, half_off() if points is None else points, cells)


def test_distances_are_those_of_the_points() -> None:
    error = SurfaceError.of(SPHERE, half_off())
    assert np.allclose(error.distances, np.abs(np.linalg.norm(half_off(), axis=1) - 1.0))
    share = float(np.mean(half_off()[:, 2] > 0.0))
    assert error.root_mean_square == pytest.approx(0.05 * share**0.5)
    assert error.quantile(1.0) == pytest.approx(0.05)
    assert error.quantile(0.3) < 1e-12
    assert not error.is_rounding
    assert SurfaceError.of(SPHERE, directions(50)).is_rounding


def test_large_clouds_are_thinned_the_same_way_every_time() -> None:
    points = half_off(MOST_POINTS + 500)
    first, second = SurfaceError.of(SPHERE, points), SurfaceError.of(SPHERE, points)
    assert (len(first.points), first.n_points) == (MOST_POINTS, MOST_POINTS + 500)
    assert np.array_equal(first.points, second.points)


def test_the_error_on_the_surface_is_that_of_the_points_nearby() -> None:
    found = scene()
    assert found.mesh is not None
    height = found.mesh.vertices[:, 2]
    assert np.allclose(found.errors[height > 0.4], 0.05)
    assert np.allclose(found.errors[height < -0.4], 0.0)
    assert found.uncovered < 0.01
    assert found.top == pytest.approx(0.05, rel=1e-3)


def test_where_no_point_is_nearby_there_is_no_error() -> None:
    points = half_off()
    found = scene(points[points[:, 0] < 0.5])
    assert found.mesh is not None
    assert np.isnan(found.errors[found.mesh.vertices[:, 0] > 0.9]).all()
    assert np.isfinite(found.errors[found.mesh.vertices[:, 0] < 0.4]).all()
    assert 0.05 < found.uncovered < 0.25  # a quarter of the sphere is above 0.5


def test_points_without_a_place_of_the_surface() -> None:
    nowhere = ZeroSet(parse("x**2 + y**2 + 1", ["x", "y"]), ([-1, -1], [1, 1]))
    error = SurfaceError.of(nowhere, directions(20, 2))
    assert not error.found.any()
    assert np.isinf(error.quantile(0.5))
    assert np.isnan(error.root_mean_square)
    found = Scene.of(nowhere, ["x", "y"], directions(20, 2))
    assert found.mesh is None
    assert surface_figure(found) is not None


def test_normals_point_away_from_the_middle() -> None:
    found = scene()
    along = np.abs((found.normals * found.placed(found.mesh.vertices)).sum(axis=1))  # type: ignore[union-attr]
    radius = np.linalg.norm(found.placed(found.mesh.vertices), axis=1)  # type: ignore[union-attr]
    assert np.quantile(along / radius, 0.01) > 0.97


def test_lopsided_boxes_are_stretched() -> None:
    flat = Patch([parse(t, ["u", "v"]) for t in ("u", "v", "1e6*u*v")], ([-1, -1], [1, 1]))
    found = Scene.of(flat, NAMES, cells=200)
    assert not found.in_proportion
    assert np.allclose(np.ptp(found.placed(found.mesh.vertices), axis=0), 2.0)  # type: ignore[union-attr]


def test_surfaces_that_run_away_are_cut() -> None:
    hill = Patch([parse(t, ["u", "v"]) for t in ("u", "v", "1/(u**2 + v**2)")], ([-1, -1], [1, 1]))
    points = np.random.default_rng(0).uniform(0.5, 1.0, (50, 2))
    cloud = np.column_stack([points, 1.0 / (points**2).sum(axis=1)])
    assert Scene.of(hill, NAMES, cloud).box.upper[2] < 4.0  # type: ignore[union-attr]


def test_drawings_of_surfaces_and_curves() -> None:
    for found in (scene(cells=300), Scene.of(CIRCLE, ["x", "y"], directions(60, 2) * 1.01)):
        files = pictures(found, ("png", "pdf", "svg"))
        assert [content[:4] for content in files.values()] == [b"\x89PNG", b"%PDF", b"<?xm"]
        assert pictures(found, ("pdf",))["pdf"] == files["pdf"]


def test_points_behind_the_surface_are_not_drawn() -> None:
    figure = surface_figure(scene(directions(2000)))
    assert figure is not None
    _, points = figure.axes[0].collections
    shown = np.column_stack(points._offsets3d)  # type: ignore[attr-defined]
    around, up = -1.0, 0.45  # where one looks from
    eye = [np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)]
    toward = directions(2000) @ eye
    assert (toward > 0.0).sum() <= len(shown) <= (toward > -0.25).sum()
    assert (shown @ eye).min() > -0.25


def test_the_bar_tells_the_errors_unless_these_are_rounding() -> None:
    exact, off = surface_figure(scene(directions(300))), surface_figure(scene())
    assert exact is not None
    assert off is not None
    assert len(exact.axes) == 1
    assert off.axes[1].get_ylabel() == "distance of the points\nin units of x, y, z"
    assert off.axes[1].get_ylim()[1] == pytest.approx(0.05, rel=0.1)


def test_names_are_no_formulas() -> None:
    figure = surface_figure(Scene.of(CIRCLE, ["$a_{", "b^$"], directions(60, 2)))
    assert figure is not None
    assert drawn(figure, "png")


def test_four_coordinates_show_the_points_alone() -> None:
    names = ["a", "b", "c", "d"]
    shape = ZeroSet(parse("a**2 + b**2 + c**2 + d**2 - 1", names), ([-1.2] * 4, [1.2] * 4))
    found = Scene.of(shape, names, directions(40, 4) * 1.02)
    assert found.mesh is None
    assert found.names == ("a", "b", "c")
    assert found.error is not None
    assert np.allclose(found.error.distances, 0.02)
    assert pictures(found, ("png",))
