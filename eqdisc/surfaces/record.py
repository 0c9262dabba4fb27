"""A surface as a file that outlives the process: versioned JSON, read back exactly, nothing in it is run."""

import json
from typing import Any, TypeVar, get_args

from eqdisc.expr.format import format_expression
from eqdisc.expr.parse import parse
from eqdisc.report.citation import version
from eqdisc.report.fields import Fields, number_of, record_json
from eqdisc.search.engine import StopReason
from eqdisc.surfaces.law import Form, SurfaceLaw
from eqdisc.surfaces.result import QUESTIONS, SurfaceResult

FORMAT = "eqdisc-surface"
VERSION = 1

R = TypeVar("R", bound=SurfaceResult)


def surface_json(result: SurfaceResult) -> str:
    """The JSON text of a surface: what `SurfaceResult.record` tells, and what reading it back takes.

    Laws have `trees`, their expressions over the neutral names x0, x1, ... with all digits.
    """
    record = {
        "format": FORMAT,
        "version": VERSION,
        "eqdisc": version(),
        **result.record(),
        "best": _law_record(result.best),
        "front": [_law_record(law) for law in result.laws],
        "ranges": [list(pair) for pair in result.ranges],
        "settings": dict(result.settings),
    }
    return record_json(record)


def surface_of_json(content: bytes | str, source: str, kind: type[R]) -> R:
    """The surface that `surface_json` wrote down; `source` is what errors call the text.

    DataError for a text that was cut short, changed so that it makes no sense, or written by a newer version.
    """
    fields = Fields.of_text(content, source, FORMAT, VERSION)
    laws: dict[str, SurfaceLaw] = {}  # a law that stands twice, as the best and on the front, is one object

    def law(part: Fields) -> SurfaceLaw:
        return laws.setdefault(json.dumps(part.content, sort_keys=True), _law(part))

    return kind(
        best=law(fields.part("best")),
        reason=fields.text("reason"),
        laws=tuple(law(part) for part in fields.parts("front")),
        question=fields.made("question", lambda text: QUESTIONS[QUESTIONS.index(text)]),
        stopped=fields.made("stopped", lambda name: StopReason[name.upper()]),
        seed=fields.whole("seed"),
        seconds=fields.number("seconds"),
        names=fields.texts("names"),
        ranges=fields.made("ranges", _pairs),
        n_rows=fields.whole("n_rows"),
        warnings=fields.texts("warnings"),
        notes=fields.texts("notes"),
        settings=fields.made("settings", lambda settings: dict(settings.items())),
    )


def _law_record(law: SurfaceLaw) -> dict[str, Any]:
    names = _neutral(len(law.variables))
    trees = [format_expression(expression, names) for expression in law.expressions]
    return {**law.record(), "trees": trees, "distance": law.distance}


def _law(fields: Fields) -> SurfaceLaw:
    variables, targets = fields.texts("variables"), fields.texts("targets")
    names = _neutral(len(variables))
    trees = fields.made("trees", lambda texts: tuple(parse(text, names) for text in texts))
    form = fields.made("form", _form)
    if len(trees) != (1 if form == "implicit" else len(targets)):
        fields.refuse("trees", f"holds {len(trees)} expressions for {len(targets)} targets")
    return SurfaceLaw(
        form=form,
        expressions=trees,
        variables=variables,
        targets=targets,
        distance=fields.number("distance"),
        complexity=fields.whole("complexity"),
        exact=fields.truth("exact"),
        origin=fields.text("origin"),
        ranges=fields.made("ranges", _pairs) if "ranges" in fields.content else (),
    )


def _form(text: Any) -> Form:
    forms: tuple[Form, ...] = get_args(Form)
    return forms[forms.index(text)]


def _pairs(pairs: Any) -> tuple[tuple[float, float], ...]:
    return tuple((number_of(low), number_of(high)) for low, high in pairs)


def _neutral(count: int) -> list[str]:
    return [f"x{j}" for j in range(count)]
