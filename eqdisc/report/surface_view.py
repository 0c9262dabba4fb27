"""A surface in a web page: turned by hand where it has three coordinates, a drawing where it has two."""

import json
from base64 import b64encode
from html import escape
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from eqdisc._typing import FloatArray
from eqdisc.report.markup import inline
from eqdisc.report.plots import ORANGE, Format
from eqdisc.report.surface_plot import AZIMUTH, ELEVATION, error_label, palette, pictures, shares
from eqdisc.report.surface_scene import NO_DATA, Scene

SCENE_ID = "scene"
_NO_DATA = 255  # the last colour of the palette; errors take the others


def surface_view(scene: Scene, png: bytes | None = None) -> str:
    """The picture with what turns it, shows and hides its parts, and tells its colours; "" where it is empty.

    In three dimensions the page needs `surface.css` and `surface.js`; the drawing for papers is there for
    readers and printers without scripts, made here unless its PNG comes along. Names of coordinates are text
    and cannot become markup or script.
    """
    kind: Format = "svg" if scene.is_flat else "png"
    still = png if png is not None and kind == "png" else pictures(scene, (kind,)).get(kind)
    if still is None:
        return ""
    words = described(scene)
    if scene.is_flat:
        picture = inline(still.decode(), "surface", words)
        view = f'<figure style="max-width: 640px; margin: 1rem auto">{picture}</figure>'
    else:
        view = (
            f'<div class="viewer"><canvas role="img" tabindex="0" aria-label="{escape(words)}"></canvas>'
            f'<img alt="{escape(words)}" src="data:image/png;base64,{b64encode(still).decode()}"/></div>\n'
            f'<script type="application/json" id="{SCENE_ID}">{_scene_json(scene)}</script>'
        )
    legend = "" if scene.is_flat else _legend(scene)  # the drawing of a plane has its own
    return f'{view}\n{legend}\n{_controls(scene)}\n<p class="faint">{escape(words)}</p>'


def described(scene: Scene) -> str:
    """The picture in words, for those who do not see it."""
    assert scene.box is not None
    kind = "curve" if scene.is_flat or (scene.mesh is not None and scene.mesh.is_curve) else "surface"
    parts = []
    if scene.error is not None:
        count, shown = scene.error.n_points, len(scene.error.points)
        points = f"{count:,} points" if shown == count else f"{shown:,} of {count:,} points"
        parts.append(f"{points} and the found {kind}" if scene.mesh is not None else f"{points}")
    elif scene.mesh is not None:
        parts.append(f"the found {kind}")
    sides = zip(scene.names, scene.box.lower.tolist(), scene.box.upper.tolist(), strict=True)
    parts[0] += ", " + ", ".join(f"{name} from {low:.4g} to {high:.4g}" for name, low, high in sides)
    if scene.mesh is None:
        parts.append(f"the {kind} itself cannot be drawn in these coordinates")
    if scene.error is not None and scene.mesh is not None:
        parts.append(_errors_in_words(scene))
    return " ".join(f"{part[0].upper()}{part[1:]}." for part in parts)


def _errors_in_words(scene: Scene) -> str:
    assert scene.error is not None
    if scene.error.is_rounding:
        return "the points lie on it to the rounding of their numbers"
    words = f"the points lie {scene.error.root_mean_square:.3g} from it, root mean square"
    if scene.top > 0.0 and scene.uncovered >= 0.005:
        words += f"; near {scene.uncovered:.0%} of it, in grey, there are no points that could tell"
    return words


def _controls(scene: Scene) -> str:
    has_surface, has_cloud = scene.mesh is not None, scene.error is not None
    parts = [
        ("surface", "Surface", has_surface and has_cloud),
        ("cloud", "Points", has_surface and has_cloud),
    ]
    if not scene.is_flat:
        parts += [("colours", "Colours of the error", scene.top > 0.0), ("turning", "Rotation", True)]
    toggles = "".join(
        f'<button type="button" data-toggle="{part}" aria-pressed="true">{name}</button>'
        for part, name, wanted in parts
        if wanted
    )
    if scene.is_flat:
        return f'<div class="controls script-only">{toggles}</div>'
    return (
        f'<div class="controls script-only">{toggles}<button type="button" data-act="reset">Reset</button>'
        '<button type="button" data-act="save">Save picture</button></div>\n'
        '<p class="faint script-only">Drag to turn, or use the arrow keys; two fingers, + and -, or the '
        "wheel once the picture is chosen, to come nearer.</p>"
    )


def _legend(scene: Scene) -> str:
    items = []
    if scene.error is not None:
        items.append('<span><i class="dot"></i>points</span>')
    if scene.mesh is not None and scene.top > 0.0:
        colours = ", ".join(_hex(colour) for colour in _palette(scene)[:_NO_DATA:32])
        items.append(
            f"<span>{escape(error_label(scene))}: 0"
            f'<i class="scale" style="background: linear-gradient(90deg, {colours})"></i>'
            f"{scene.top:.3g}</span>"
        )
        if scene.error is not None and isfinite(scene.error.diagonal):
            items.append(
                f"<span>({scene.top / scene.error.diagonal:.2g} of the diagonal of their box)</span>"
            )
        if scene.uncovered > 0.0:
            items.append('<span><i class="grey"></i>no points nearby</span>')
    return f'<p class="legend">{"".join(items)}</p>' if items else ""


def _palette(scene: Scene) -> NDArray[np.uint8]:
    """(256, 3) colours: of errors, and the last of places without data."""
    is_curve = scene.mesh is not None and scene.mesh.is_curve
    colours = np.round(255.0 * palette(is_curve)(np.linspace(0.0, 1.0, _NO_DATA))[:, :3])
    return np.vstack([colours, _rgb(NO_DATA)]).astype(np.uint8)


def _scene_json(scene: Scene) -> str:
    """All numbers of the scene: coordinates in 65,536 steps, directions and colours in 256."""
    assert scene.box is not None
    mesh, error = scene.mesh, scene.error
    empty = np.empty((0, 3))
    vertices = empty if mesh is None else scene.placed(mesh.vertices)
    points = empty if error is None else scene.placed(error.points)
    normals = empty if mesh is None or mesh.is_curve else scene.normals
    known = np.empty(0) if mesh is None else shares(scene)
    errors = np.where(np.isnan(known), _NO_DATA, np.round(np.nan_to_num(known) * (_NO_DATA - 1)))
    reach = max(float(np.abs(part).max(initial=0.0)) for part in (vertices, points)) or 1.0
    sides = zip(scene.names, scene.box.lower, scene.box.upper, scene.halves, strict=True)
    content = {
        "vertices": _packed(_steps(vertices, reach), "<i2"),
        "normals": _packed(np.round(127.0 * normals), "i1"),
        "errors": _packed(errors, "u1"),
        "cells": _packed(np.empty(0) if mesh is None else mesh.cells, "<u4"),
        "corners": 3 if mesh is None else mesh.cells.shape[1],
        "points": _packed(_steps(points, reach), "<i2"),
        "reach": reach,
        "palette": _packed(_palette(scene), "u1"),
        "plain": _rgb(scene.plain),
        "dot": _rgb(ORANGE),
        "coloured": scene.top > 0.0,
        "up": ELEVATION,
        "around": AZIMUTH,
        "axes": [
            {"name": name, "low": f"{low:.3g}", "high": f"{high:.3g}", "half": half}
            for name, low, high, half in sides
        ],
    }
    # In a script a "<" of a name could end it.
    return json.dumps(content, allow_nan=False).replace("<", "\\u003c")


def _steps(places: FloatArray, reach: float) -> FloatArray:
    steps: FloatArray = np.round(places / reach * 32767.0)
    return steps


def _packed(numbers: FloatArray | NDArray[np.integer], kind: str) -> str:
    return b64encode(np.ascontiguousarray(numbers).astype(kind).tobytes()).decode()


def _rgb(colour: str) -> list[int]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def _hex(colour: NDArray[np.uint8]) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in colour)


__all__ = ["described", "surface_view"]
