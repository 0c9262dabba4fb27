"""A surface as one web page that needs nothing else: law, picture to turn, distances, front, notes."""

from html import escape

from eqdisc.errors import DataError, OptionError
from eqdisc.report.markup import LONG, cited, copy_button, displayed, document, listed, section, table
from eqdisc.report.mathml import mathml
from eqdisc.report.plots import Format
from eqdisc.report.surface_error import SurfaceError
from eqdisc.report.surface_mesh import CELLS
from eqdisc.report.surface_plot import pictures
from eqdisc.report.surface_scene import Scene
from eqdisc.report.surface_view import surface_view
from eqdisc.surfaces.law import SurfaceLaw
from eqdisc.surfaces.result import SurfaceResult, columns_of
from eqdisc.surfaces.shape import coordinates_of, shape_of
from eqdisc.surfaces.text import repeat_surface

CODE = ("Python", "NumPy", "C", "Julia")  # languages that a law can be copied in
MEANINGS = {
    "implicit": "The points where the left side is zero.",
    "parametric": "A point for every choice of the parameters.",
}
QUANTILES = (("half of the points", 0.5), ("nine of ten", 0.9), ("99 of 100", 0.99), ("all", 1.0))


def surface_page(result: SurfaceResult, scene: Scene | None = None, png: bytes | None = None) -> str:
    """The page; `scene` and its drawing are made here unless they come. Without the table it has no points.

    Names of columns are text wherever they stand: none of them can become markup or script.
    """
    scene = scene_of(result) if scene is None else scene
    title = f"{'Curve' if _is_curve(result) else 'Surface'} of {', '.join(coordinates_of(result))}"
    parts = [
        _head(result, title),
        listed("Warnings", result.warnings, "warning"),
        section("Points and law", "" if scene is None else surface_view(scene, png)),
        section("Distances", _distances(scene)),
        section("Front", _front(result)),
        listed("Notes on the table", result.notes, "note"),
        _settings(result),
        cited(),
    ]
    return document(title, parts, ("surface",))


def scene_of(result: SurfaceResult, law: SurfaceLaw | None = None) -> Scene | None:
    """What a picture of the best law, or the one given, shows; with the points where the table is at hand.

    None for a law whose parameters have no range, so that it is no surface.
    """
    names = coordinates_of(result, law)
    points = None
    if result.data is not None:
        columns, values = columns_of(result.data)
        points = values[:, [columns.index(name) for name in names]]
    try:
        shape = shape_of(result, law)
    except OptionError:
        return None
    return Scene.of(shape, names, points, CELLS)


def picture_of(result: SurfaceResult, kind: Format, law: SurfaceLaw | None = None) -> bytes:
    """The picture of the best law, or the one given, as a file. DataError where nothing can be drawn."""
    scene = scene_of(result, law)
    found = {} if scene is None else pictures(scene, (kind,))
    if not found:
        raise DataError("there is nothing to be drawn: the law has no place near the table")
    return found[kind]


def _is_curve(result: SurfaceResult) -> bool:
    if result.best.form == "implicit":
        return len(result.best.variables) == 2
    return len(result.best.variables) == 1


def _head(result: SurfaceResult, title: str) -> str:
    law = result.best
    facts = {
        "form": law.form,
        "distance of the points": f"{law.distance:.3g} of their diagonal",
        "exact": "yes, to rounding" if law.exact else "no",
        "nodes": str(law.complexity),
        "points": f"{result.n_rows:,}",
        "found by": law.origin,
    }
    shown = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items()
    )
    return (
        f"<header><h1>{escape(title)}</h1>\n{_equations(law)}\n{_copy_buttons(law)}\n"
        f"<p>{MEANINGS[law.form]}</p>\n"
        f"<p>{escape(_why(result))}</p>\n"
        f'<dl class="figures">{shown}</dl>\n{_ranges(result)}</header>'
    )


def _equations(law: SurfaceLaw, digits: int = 6) -> str:
    lines = "".join(mathml(line, display=True) for line in law.latex_lines(digits))
    return displayed(lines, max(expression.size for expression in law.expressions))


def _copy_buttons(law: SurfaceLaw) -> str:
    text = "\n".join(f"{name} = {value}" for name, value in law.equations.items()) or law.expression
    texts = {"LaTeX": law.latex(17), "SymPy": text}
    texts |= {name: law.source(name.lower()) for name in CODE}
    buttons = "".join(copy_button(name, code) for name, code in texts.items())
    return f'<div class="script-only">{buttons}</div>'


def _why(result: SurfaceResult) -> str:
    return f"This law was chosen because {result.reason}. The search ended: {result.stopped.value}."


def _ranges(result: SurfaceResult) -> str:
    rows = [
        f'<td>{escape(name)}</td><td class="number">{low:.6g}</td><td class="number">{high:.6g}</td>'
        for name, (low, high) in zip(result.names, result.ranges, strict=True)
    ]
    return table(("column", "from", "to"), rows, numbers=("from", "to"))


def _distances(scene: Scene | None) -> str:
    """How far the points are from the surface, in their units and of the diagonal."""
    if scene is None or scene.error is None or not scene.error.found.any():
        return ""
    error = scene.error
    rows = [_distance("root mean square", error.root_mean_square, error)]
    rows += [_distance(f"{name} within", error.quantile(share), error) for name, share in QUANTILES]
    units = f"in units of {', '.join(scene.names)}"
    told = "<p>From each point to the nearest place of the law, measured along the shortest way.</p>"
    lost = int((~error.found).sum())
    if lost:
        told += f'<p class="warning">For {lost:,} points no place of the law was found near them.</p>'
    heads = ("", units, "of the diagonal")
    return told + table(heads, rows, numbers=heads[1:])


def _distance(name: str, value: float, error: SurfaceError) -> str:
    share = value / error.diagonal if error.diagonal > 0.0 else 0.0
    return f'<td>{name}</td><td class="number">{value:.3g}</td><td class="number">{share:.2g}</td>'


def _front(result: SurfaceResult) -> str:
    heads = ("#", "nodes", "distance", "exact", "found by", "law")
    rows = []
    for number, law in enumerate(result.laws, start=1):
        figures = ((number, str(number)), (law.complexity, str(law.complexity)))
        cells = "".join(f'<td class="number" data-value="{value}">{text}</td>' for value, text in figures)
        cells += f'<td class="number" data-value="{law.distance}">{law.distance:.3g}</td>'
        cells += f"<td>{'yes' if law.exact else 'no'}</td><td>{escape(law.origin)}</td>"
        text = "<br/>".join(map(escape, law.lines()))
        typeset = "".join(mathml(line, display=True) for line in law.latex_lines(5))
        long = any(expression.size > LONG for expression in law.expressions)
        kind = " ".join(name for name, fits in (("chosen", law is result.best), ("long", long)) if fits)
        rows.append(
            f'<tr class="{kind}">{cells}<td class="law">{text}<template>{typeset}</template></td></tr>'
        )
    return (
        '<div class="script-only"><div class="equation" id="typeset"></div>'
        '<p class="faint">Click a law to see it typeset, a heading to sort.</p></div>'
        + table(heads, rows, heads[:3], kind="front", whole_rows=True)
        + '<p class="faint">Distance: root mean square, of the diagonal of the points\' box.</p>'
    )


def _settings(result: SurfaceResult) -> str:
    how = (
        f"The search took {result.seconds:.1f} s. The same table with these options is searched the same way:"
    )
    return section("How to repeat", f"<p>{escape(how)}</p><pre>{escape(repeat_surface(result))}</pre>")
