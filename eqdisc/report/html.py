"""A result as one web page that needs nothing else: no network, no other file, no reader's software."""

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

from eqdisc.data.dataset import Dataset
from eqdisc.interop.latex import latex_name, to_latex
from eqdisc.interop.source import source
from eqdisc.report.constants import constants_of, lettered, match_lines, nature_lines, shown_law, unit_lines
from eqdisc.report.markup import LONG, cited, copy_button, displayed, document, inline, listed, section, table
from eqdisc.report.mathml import equation_mathml, mathml
from eqdisc.report.numbers import constant_table
from eqdisc.report.plots import drawn, figures
from eqdisc.report.text import RIVALS_SHOWN, effort, repeat_options
from eqdisc.report.words import law_text, rms, share, with_unit
from eqdisc.result import Law, Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CODE = ("Python", "NumPy", "C", "Julia")  # languages that a law can be copied in
MOST_CORRELATED = 12  # constants of a matrix that still fits the page
STRONG = 0.95  # correlation at which two constants can hardly be told apart

CAPTIONS = {
    "front": "Error against complexity of every law that no other beats in both; the chosen one in orange.",
    "prediction": "Predicted against measured; on the line they agree.",
    "residuals": "What the law leaves, against its prediction and its inputs. Grey: two standard deviations.",
    "effects": "The law along each of its inputs, the others at their medians, with its 95 % confidence "
    "band. Dots are the rows, moved to these medians with their residual kept.",
}


def report_html(
    result: Result, dataset: Dataset | None = None, pictures: "Mapping[str, Figure] | None" = None
) -> str:
    """The page. Without the table it shows no data; `pictures` are drawn here unless they come along.

    Names of columns are text wherever they stand: none of them can become markup or script.
    """
    pictures = figures(result, dataset) if pictures is None else pictures
    title = " from ".join(filter(None, (result.target_name, ", ".join(_used_names(result)))))
    sections = [
        _head(result, title),
        listed("Warnings", result.warnings, "warning"),
        _constants(result),
        "" if _is_form(result) else section("Front", _figure("front", pictures), _front(result)),
        section("Predicted and measured", _figure("prediction", pictures)),
        section("Residuals", _figure("residuals", pictures)),
        section("Effect of each input", _figure("effects", pictures)),
        _rivals(result),
        _stability(result),
        listed("Notes on the table", result.notes, "note"),
        _settings(result),
        cited(),
    ]
    return document(title, sections)


def _head(result: Result, title: str) -> str:
    law = result.best
    facts = {
        "R²": share(law.r2),
        "R² held out": None if law.r2_heldout is None else share(law.r2_heldout),
        "root mean square error": with_unit(f"{rms(law.loss):.3g}", result.target_unit),
        "nodes": str(law.complexity),
        "rows": f"{result.n_rows:,}" if result.n_rows else None,
        "found by": law.found_by,
    }
    shown = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in facts.items()
        if value is not None
    )
    return (
        f"<header><h1>{escape(title)}</h1>\n{_equation(result, law)}\n"
        f"{_copy_buttons(result)}\n"
        f"<p>{escape(_why(result))}</p>\n"
        f'<dl class="figures">{shown}</dl>\n{_where(result)}</header>'
    )


def _is_form(result: Result) -> bool:
    """Whether the law was given and only fitted: then there is no front to speak of."""
    return "form" in result.settings


def _why(result: Result) -> str:
    if _is_form(result):
        return "This form was given; its constants were fitted to the table."
    return f"This law was chosen because {result.reason}. The search ended: {result.stopped.value}."


def _equation(result: Result, law: Law) -> str:
    return displayed(equation_mathml(result.target_name, *shown_law(law)), law.tree.size)


def _copy_buttons(result: Result) -> str:
    law = result.best
    texts = {
        "LaTeX": f"{latex_name(result.target_name)} = {to_latex(law.tree, law.feature_names, 17)}",
        "SymPy": law.expression,
    }
    for name in CODE:
        texts[name] = source(
            law.tree,
            law.feature_names,
            name.lower(),
            target_name=result.target_name,
            feature_units=result.feature_units,
            target_unit=result.target_unit,
        )
    return (
        f'<div class="script-only">{"".join(copy_button(name, text) for name, text in texts.items())}</div>'
    )


def _where(result: Result) -> str:
    """Units and ranges of the inputs of the law."""
    used = result.best.tree.features
    if not used or not result.ranges:
        return ""
    rows = []
    for j in used:
        low, high = result.ranges[j]
        unit = result.feature_units[j] if result.feature_units else None
        symbol = mathml(latex_name(result.feature_names[j]))
        figures = "".join(f'<td class="number">{value:.6g}</td>' for value in (low, high))
        rows.append(f"<td>{symbol}</td><td>{escape(with_unit(result.feature_names[j], unit))}</td>{figures}")
    heads = ("symbol", "input", "from", "to")
    return table(heads, rows, numbers=("from", "to"))


def _constants(result: Result) -> str:
    law = result.best
    if not law.constants:
        return ""
    fitted = constants_of(law)
    lines = (*unit_lines(law), *nature_lines(law), *match_lines(law))
    known = "".join(f"<p>{escape(line)}</p>" for line in lines)
    if not fitted:
        told = known or "<p>The numbers in the law are short ones and taken as exact.</p>"
        return section("Constants", told)
    named, formula = lettered(law), ""
    if named is not None:
        tree, names = named
        formula = displayed(equation_mathml(result.target_name, tree, names), law.tree.size)
    units = any(row.unit is not None for row in fitted)
    rows = [
        f"<td>{mathml(latex_name(row.name))}</td><td>{mathml(row.shown('latex'))}</td>"
        + (f"<td>{escape(row.unit or '-')}</td>" if units else "")
        + f'<td class="number">{row.value:.17g}</td>'
        for row in fitted
    ]
    heads = ("constant", "value", *(("unit",) if units else ()), "all digits")
    return section(
        "Constants",
        formula,
        table(heads, rows, numbers=("all digits",)),
        known,
        f'<p class="faint">{_scatter(result)}</p>',
        _correlation(law),
    )


def _scatter(result: Result) -> str:
    bars = result.best.error_bars
    known = "known beforehand" if bars.known else "estimated from the residuals"
    scatter = with_unit(f"{bars.scatter:.3g}", result.target_unit)
    told = (
        f"Errors are standard errors; numbers that stand in the formula are taken as exact. "
        f"Scatter of a measurement {scatter}, {known}; {bars.degrees_of_freedom} degrees of freedom."
    )
    if bars.reduced_chi_square is not None:
        told += f" Reduced chi-square {bars.reduced_chi_square:.3g}."
    return escape(told)


def _correlation(law: Law) -> str:
    rows = constant_table(law)
    fitted = [i for i, row in enumerate(rows) if row.kind == "fitted"]
    if not 2 <= len(fitted) <= MOST_CORRELATED:
        return ""
    names = [mathml(latex_name(rows[i].name)) for i in fitted]
    matrix, covariance = law.error_bars.correlation, law.error_bars.covariance
    lines = []
    for name, i in zip(names, fitted, strict=True):
        cells = [_correlated(float(matrix[i, j]), float(covariance[i, j]), i == j) for j in fitted]
        lines.append(f"<tr><th>{name}</th>{''.join(cells)}</tr>")
    head = "".join(f"<th>{name}</th>" for name in names)
    return (
        '<details><summary>Correlation of the constants</summary><div class="scroll">'
        f'<table class="matrix"><tr><th></th>{head}</tr>{"".join(lines)}</table></div></details>'
    )


def _correlated(correlation: float, covariance: float, itself: bool) -> str:
    text = f"{correlation:.2f}"
    if abs(correlation) >= STRONG and not itself:
        text = f"<strong>{text}</strong>"
    return f'<td title="covariance {covariance:.6g}">{text}</td>'


def _front(result: Result) -> str:
    heldout = any(law.r2_heldout is not None for law in result.front)
    error = with_unit("RMS error", result.target_unit)
    heads = ["#", "nodes", error, "R²", *(["R² held out"] if heldout else []), "found by", "law"]
    numbers = heads[: len(heads) - 2]
    rows = []
    for number, law in enumerate(result.front, start=1):
        figures: list[tuple[float | None, str]] = [
            (number, str(number)),
            (law.complexity, str(law.complexity)),
            (rms(law.loss), f"{rms(law.loss):.3g}"),
            *((r2, share(r2)) for r2 in (law.r2, law.r2_heldout)[: 1 + heldout]),
        ]
        cells = "".join(f'<td class="number" data-value="{value}">{text}</td>' for value, text in figures)
        typeset = equation_mathml(result.target_name, *law.named, digits=5)
        text = escape(law_text(*law.named))
        kinds = [("chosen", law is result.best), ("long", law.tree.size > LONG)]
        kind = " ".join(name for name, fits in kinds if fits)
        rows.append(
            f'<tr class="{kind}">{cells}<td>{escape(law.found_by)}</td>'
            f'<td class="law">{text}<template>{typeset}</template></td></tr>'
        )
    return (
        '<div class="script-only"><div class="equation" id="typeset"></div>'
        '<p class="faint">Click a law to see it typeset, a heading to sort.</p></div>'
        + table(heads, rows, numbers, kind="front", whole_rows=True)
    )


def _rivals(result: Result) -> str:
    if not result.rivals:
        return ""
    laws = "".join(_equation(result, law) for law in result.rivals[:RIVALS_SHOWN])
    more = len(result.rivals) - RIVALS_SHOWN
    others = f" Nor {more} more of the front." if more > 0 else ""
    return section("Rivals", f"<p>The table cannot tell these laws from the one chosen.{others}</p>", laws)


def _stability(result: Result) -> str:
    found = result.stability
    if found is None:
        return ""
    rows = [
        f'<td class="number">{count}</td><td class="law">{escape(law)}</td>' for law, count in found.others
    ]
    others = table(("times", "other law"), rows, numbers=("times",)) if rows else ""
    return section(
        "Stability",
        f"<p>{found.returned} of {found.resamples} tables drawn again from the rows gave the same law, "
        "fitted constants aside.</p>",
        others,
    )


def _settings(result: Result) -> str:
    how = "The same table and these options give the same fit again:"
    if not _is_form(result):
        how = (
            f"{effort(result)}. The same table and settings with these options give the same front again, "
            "on any number of threads:"
        )
    told = {key: value for key, value in result.settings.items() if value not in (None, "", [], ())}
    rows = [
        f"<td>{escape(key)}</td><td><code>{escape(_setting(value))}</code></td>"
        for key, value in told.items()
    ]
    return section(
        "Settings and how to repeat",
        f"<p>{escape(how)}</p><pre>{escape(repeat_options(result))}</pre>",
        table(("setting", "value"), rows) if rows else "",
    )


def _figure(name: str, pictures: "Mapping[str, Figure]") -> str:
    if name not in pictures:
        return ""
    figure = pictures[name]
    width = figure.get_size_inches()[0]
    return (
        f'<figure style="max-width: {width * 96:.0f}px; margin-left: auto; margin-right: auto">'
        f"{inline(drawn(figure, 'svg').decode(), name, CAPTIONS[name])}"
        f"<figcaption>{CAPTIONS[name]}</figcaption></figure>"
    )


def _used_names(result: Result) -> list[str]:
    names = [result.feature_names[j] for j in result.best.tree.features]
    return names if len(names) <= 6 else [*names[:5], f"{len(names) - 5} more"]


def _setting(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
