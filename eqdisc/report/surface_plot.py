"""Pictures of a surface for papers: measured points and found surface together, the error in colour."""

from collections.abc import Sequence
from math import cos, degrees, sin
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import cKDTree

from eqdisc._typing import BoolArray, FloatArray, IntArray
from eqdisc.report.plots import INK, ORANGE, Format, drawn, label, plotted
from eqdisc.report.surface_scene import NO_DATA, PALETTE, Scene

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

#: Parts of the picture of a curve that a page can hide, by the ids of their groups.
CLOUD_PART, SURFACE_PART = "cloud", "surface"
ELEVATION, AZIMUTH = 0.45, -1.0  # radians: from where a surface is looked at
LIGHT = np.array([0.25, 0.35, 0.90])  # from the right, from above, from behind who looks
AMBIENT = 0.45
_REACH = 3.5  # across the picture that tells which points are hidden: the diagonal of a cube of side 2
_PIXEL = 0.009  # of that picture
_STEEPEST = 15.0  # slope of a surface seen nearly from the side
_SAMPLES = 6  # places of every triangle along a side, for that picture
_BARE = 0.002  # of the surface: less grey than that needs no word
_HIDDEN = 0.03  # in units of half the box: points that far behind the surface are not seen
_DEEP = 0.15  # triangles that far are not drawn; steep ones fall by as much within a pixel
_PALEST, _VISIBLE = 0.08, 0.4  # of the palette: its first colours are nearly white


def surface_figure(scene: Scene) -> "Figure | None":
    """The picture: a plane for two coordinates, a view into the box for three. None where nothing is to see.

    Points behind the surface are left out. With a bar that tells the colours where there are errors to tell.
    """
    if scene.box is None:
        return None
    with plotted():
        return _flat_figure(scene) if scene.is_flat else _deep_figure(scene)


def pictures(scene: Scene, kinds: Sequence[Format]) -> dict[Format, bytes]:
    """The picture as files of some kinds; empty where nothing is to see."""
    figure = surface_figure(scene)
    return {} if figure is None else {kind: drawn(figure, kind) for kind in kinds}


def palette(is_curve: bool = False) -> "Colormap":
    """Colours of errors from none to the largest; of a curve none is so pale that a thin line is not seen."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    colours = colormaps[PALETTE](np.linspace(_VISIBLE if is_curve else _PALEST, 1.0, 256))
    return ListedColormap(colours).with_extremes(bad=NO_DATA)


def shares(scene: Scene) -> FloatArray:
    """(v,) errors of the mesh from 0 to 1 of the darkest colour; NaN where no point is nearby."""
    if scene.top == 0.0:
        known: FloatArray = np.where(np.isfinite(scene.errors), 0.0, np.nan)
        return known
    return np.clip(scene.errors / scene.top, 0.0, 1.0)


def error_label(scene: Scene) -> str:
    """What the colours tell."""
    return f"distance of the points, in units of {', '.join(scene.names)}"


def _empty(size: tuple[float, float]) -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size)
    FigureCanvasAgg(figure)
    return figure


def _bar(figure: "Figure", scene: Scene, ax: "Axes") -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    if scene.top > 0.0:
        is_curve = scene.mesh is not None and scene.mesh.is_curve
        colours = ScalarMappable(Normalize(0.0, scene.top), palette(is_curve))
        bar = figure.colorbar(
            colours, ax=ax, shrink=0.6, aspect=24, pad=0.03 if scene.is_flat else 0.1, extend="max"
        )
        bar.set_label("\n".join(map(label, error_label(scene).split(", ", 1))))
        bar.ax.ticklabel_format(axis="y", scilimits=(-3, 4), useMathText=True)


def _key(ax: "Axes", scene: Scene) -> None:
    """What dots and grey are."""
    from matplotlib.lines import Line2D

    dot: dict[str, Any] = {"linestyle": "none", "marker": "o", "markeredgewidth": 0}
    keys = [] if scene.error is None else [Line2D([], [], color=ORANGE, markersize=4, label="points", **dot)]
    if scene.error is not None and scene.mesh is not None and scene.top > 0.0 and scene.uncovered > _BARE:
        grey: dict[str, Any] = {**dot, "marker": "s", "color": NO_DATA, "label": "no points nearby"}
        keys.append(Line2D([], [], markersize=6, **grey))
    if keys:
        ax.legend(handles=keys, loc="lower left", handletextpad=0.2, bbox_to_anchor=(0.0, 1.0), ncols=2)


def _flat_figure(scene: Scene) -> "Figure":
    from matplotlib.collections import LineCollection

    assert scene.box is not None
    width, height = scene.box.extent if scene.in_proportion else (1.0, 0.75)
    figure = _empty((6.2, 1.2 + 4.6 * min(height / width, 1.2)))
    ax = figure.add_subplot()
    if scene.error is not None:
        x, y = scene.error.points.T[:2]
        size = 3.5 if len(x) <= 300 else 2.2
        ax.plot(x, y, "o", color=ORANGE, markersize=size, markeredgewidth=0, alpha=0.7, gid=CLOUD_PART)
    if scene.mesh is not None:
        pieces = scene.mesh.vertices[scene.mesh.cells][:, :, :2]
        lines = LineCollection(list(pieces), colors=_cell_colours(scene), linewidths=1.8, capstyle="round")
        lines.set_gid(SURFACE_PART)
        ax.add_collection(lines)
        ax.autoscale_view()
    if scene.in_proportion:
        ax.set_aspect("equal")
    ax.set_xlabel(label(scene.names[0]))
    ax.set_ylabel(label(scene.names[1]))
    _key(ax, scene)
    _bar(figure, scene, ax)
    return figure


def _deep_figure(scene: Scene) -> "Figure":
    from mpl_toolkits.mplot3d.art3d import Line3DCollection, Poly3DCollection
    from mpl_toolkits.mplot3d.axes3d import Axes3D

    assert scene.box is not None
    figure = _empty((6.4, 3.6 + 1.6 * scene.halves[2]))
    ax = figure.add_subplot(projection="3d", computed_zorder=False)
    assert isinstance(ax, Axes3D)
    ax.set_proj_type("ortho")
    ax.view_init(degrees(ELEVATION), degrees(AZIMUTH))
    ax.set_box_aspect(scene.halves.tolist(), zoom=0.95)
    if scene.mesh is not None:
        corners = scene.mesh.vertices[scene.mesh.cells][:, :, :3]
        kept = _seen(scene, scene.mesh.vertices, _DEEP)[scene.mesh.cells].any(axis=1)
        corners, colours = corners[kept], _cell_colours(scene)[kept]
        if scene.mesh.is_curve:
            ax.add_collection3d(Line3DCollection(list(corners), colors=colours, linewidths=1.8))
        else:
            surface = Poly3DCollection(list(corners), facecolors=colours, edgecolors=colours, linewidths=0.3)
            surface.set_rasterized(True)
            ax.add_collection3d(surface)
    if scene.error is not None:
        points = scene.error.points[_seen(scene, scene.error.points, _HIDDEN)][:, :3]
        size = 6.0 if len(points) <= 300 else 2.5
        ax.scatter(*points.T, s=size, color=ORANGE, linewidths=0, depthshade=False, rasterized=True, zorder=3)
    sides = zip("xyz", scene.names, scene.box.lower.tolist(), scene.box.upper.tolist(), strict=True)
    for axis, name, low, high in sides:
        getattr(ax, f"set_{axis}lim")(low, high)
        getattr(ax, f"set_{axis}label")(label(name))
        pane = getattr(ax, f"{axis}axis")
        pane.pane.set_facecolor("none")
        pane.line.set_color(INK)
        pane._axinfo["grid"].update(color="#dde0e4", linewidth=0.6)
        ax.locator_params(axis=axis, nbins=5)
    ax.tick_params(labelsize=7.5, pad=1)
    _key(ax, scene)
    _bar(figure, scene, ax)
    return figure


def _cell_colours(scene: Scene) -> FloatArray:
    """(k, 4) colour of every cell: its error, and of a triangle in space how it is lit."""
    assert scene.mesh is not None
    from matplotlib.colors import to_rgba

    cells, shown = scene.mesh.cells, shares(scene)
    if scene.top == 0.0:
        colours = np.tile(to_rgba(scene.plain), (len(cells), 1))
    else:
        colours = palette(scene.mesh.is_curve)(np.ma.masked_invalid(shown[cells].mean(axis=1)))
    if not scene.mesh.is_curve:
        across = scene.normals @ _view().T
        lit = np.clip((np.where(across[:, 2:] < 0.0, -across, across)) @ LIGHT, 0.0, 1.0)
        colours[:, :3] *= (AMBIENT + (1.0 - AMBIENT) * lit)[cells].mean(axis=1)[:, None]
    return colours


def _view() -> FloatArray:
    """(3, 3) directions in which one looks at the box: to the right, upward, towards the eye."""
    up, around = ELEVATION, AZIMUTH
    return np.array(
        [
            [-sin(around), cos(around), 0.0],
            [-sin(up) * cos(around), -sin(up) * sin(around), cos(up)],
            [cos(up) * cos(around), cos(up) * sin(around), sin(up)],
        ]
    )


def _seen(scene: Scene, points: FloatArray, depth: float) -> BoolArray:
    """(n,) which of the points (n, d) are not so deep behind a triangle of the mesh."""
    if scene.mesh is None or scene.mesh.is_curve:
        return np.ones(len(points), dtype=bool)
    corners = (scene.placed(scene.mesh.vertices) @ _view().T)[scene.mesh.cells]
    longest = np.linalg.norm(np.diff(corners[:, [0, 1, 2, 0], :2], axis=1), axis=2).max(axis=1)
    size = max(float(np.quantile(longest, 0.95)) / _SAMPLES, _PIXEL)  # so that no pixel is missed
    steps = [(i / _SAMPLES, j / _SAMPLES) for i in range(_SAMPLES + 1) for j in range(_SAMPLES + 1 - i)]
    nearest = np.full(int(_REACH / size + 1.0) ** 2, -np.inf)
    for first, second in steps:
        place = first * corners[:, 0] + second * corners[:, 1] + (1.0 - first - second) * corners[:, 2]
        np.maximum.at(nearest, _pixels(place, size), place[:, 2])
    placed = scene.placed(points) @ _view().T
    # A slanting surface falls within a pixel, and by how much its normal tells.
    around = np.asarray(cKDTree(scene.placed(scene.mesh.vertices)).query(scene.placed(points))[1])
    across = np.abs(scene.normals @ _view().T)[around]
    fall = size * np.minimum(np.hypot(across[:, 0], across[:, 1]) / np.maximum(across[:, 2], 0.01), _STEEPEST)
    seen: BoolArray = placed[:, 2] >= nearest[_pixels(placed, size)] - depth - fall
    return seen


def _pixels(places: FloatArray, size: float) -> IntArray:
    """(n,) number of the pixel of a size that each place (n, 3) falls on."""
    across = int(_REACH / size + 1.0)
    cells = np.clip((places[:, :2] + 0.5 * _REACH) / size, 0, across - 1).astype(np.int64)
    pixels: IntArray = cells[:, 0] * across + cells[:, 1]
    return pixels


__all__ = ["CLOUD_PART", "SURFACE_PART", "error_label", "palette", "pictures", "shares", "surface_figure"]
