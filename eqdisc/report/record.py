"""A result as a file that outlives the process: versioned JSON, read back exactly, nothing in it is run."""

import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

from eqdisc.atomic import write_bytes
from eqdisc.errors import DataError
from eqdisc.expr.expression import Expression
from eqdisc.expr.format import format_expression
from eqdisc.expr.parse import parse
from eqdisc.report.citation import version
from eqdisc.report.fields import Fields, number_of, optional_text_of, record_json
from eqdisc.result import Law, Result
from eqdisc.scoring.uncertainty import ErrorBars
from eqdisc.search.engine import StopReason
from eqdisc.search.stability import Stability

FORMAT = "eqdisc-result"
VERSION = 1

R = TypeVar("R", bound=Result)


def write_record(result: Result, path: str | Path) -> None:
    """Write a result as JSON; the file appears whole or not at all. DataError where it cannot be written."""
    write_bytes(Path(path), record_text(result).encode("utf-8"))


def read_record(path: str | Path, kind: type[R] = Result) -> R:  # type: ignore[assignment]
    """The result that `write_record` wrote, equal to the one written, as a `Result` or a kind of it.

    DataError, with the file and what is wrong with it, for a file that is missing, cut short, changed so that
    it makes no sense, or written by a newer version.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    return result_of_text(content, str(path), kind)


def record_text(result: Result) -> str:
    """The JSON text of a result: what `Result.record` tells, and beside it what reading it back takes.

    Laws have a `tree`, the expression over the neutral names x0, x1, ... with all digits. Numbers that are
    not finite are null where people look, and text ("nan", "inf") where they are read back.
    """
    record = {
        "format": FORMAT,
        "version": VERSION,
        "eqdisc": version(),
        **result.record(),
        "best": _law_record(result.best),
        "front": [_law_record(law) for law in result.front],
        "reason": result.reason,
        "target_name": result.target_name,
        "target_unit": result.target_unit,
        "feature_names": list(result.feature_names),
        "feature_units": list(result.feature_units),
        "ranges": [list(pair) for pair in result.ranges],
        "n_rows": result.n_rows,
        "notes": list(result.notes),
        "rivals": [_law_record(law) for law in result.rivals],
        "stability": None if result.stability is None else result.stability.record(),
        "settings": dict(result.settings),
    }
    return record_json(record)


def result_of_text(content: bytes | str, source: str, kind: type[R] = Result) -> R:  # type: ignore[assignment]
    """The result that `record_text` wrote down; `source` is what errors call the text."""
    return _result(Fields.of_text(content, source, FORMAT, VERSION), kind)


def _result(fields: Fields, kind: type[R]) -> R:
    names = fields.texts("feature_names")
    laws: dict[str, Law] = {}  # a law that stands twice, as the best and on the front, is one object

    def law(part: Fields) -> Law:
        return laws.setdefault(json.dumps(part.content, sort_keys=True), _law(part, names))

    return kind(
        best=law(fields.part("best")),
        reason=fields.text("reason"),
        front=tuple(law(part) for part in fields.parts("front")),
        stopped=fields.made("stopped", lambda name: StopReason[name.upper()]),
        seed=fields.whole("seed"),
        epochs=fields.whole("epochs"),
        seconds=fields.number("seconds"),
        compile_seconds=fields.number("compile_seconds"),
        evaluations=fields.whole("evaluations"),
        symbols=fields.made("symbols", lambda table: {str(k): str(v) for k, v in table.items()}),
        warnings=fields.texts("warnings"),
        target_name=fields.text("target_name"),
        feature_names=names,
        target_unit=fields.optional_text("target_unit"),
        feature_units=fields.made("feature_units", lambda units: tuple(map(optional_text_of, units))),
        ranges=fields.made(
            "ranges", lambda pairs: tuple((number_of(low), number_of(high)) for low, high in pairs)
        ),
        n_rows=fields.whole("n_rows"),
        notes=fields.texts("notes"),
        rivals=tuple(law(part) for part in fields.parts("rivals")),
        stability=fields.made(
            "stability", lambda record: None if record is None else Stability.of_record(record)
        ),
        settings=fields.made("settings", lambda settings: dict(settings.items())),
    )


def _law_record(law: Law) -> dict[str, Any]:
    shares = {"r2": law.r2, "r2_heldout": law.r2_heldout}
    odd = {key: value for key, value in shares.items() if value is not None and not isfinite(value)}
    return {
        **law.record(),
        "tree": format_expression(law.tree, _neutral(len(law.feature_names))),
        "error_bars": law.error_bars.record(),
        **({"not_finite": odd} if odd else {}),
    }


def _law(fields: Fields, names: tuple[str, ...]) -> Law:
    tree = fields.made("tree", lambda text: _tree(text, len(names)))
    odd = fields.made("not_finite", lambda table: {key: number_of(value) for key, value in table.items()}, {})
    heldout = fields.get("r2_heldout")
    return Law(
        tree=tree,
        feature_names=names,
        complexity=fields.whole("complexity"),
        loss=fields.number("loss"),
        r2=odd["r2"] if "r2" in odd else fields.number("r2"),
        r2_heldout=odd.get("r2_heldout", None if heldout is None else fields.number("r2_heldout")),
        found_by=fields.text("found_by"),
        error_bars=fields.made("error_bars", lambda record: _error_bars(record, tree)),
        constant_names=fields.made("constant_names", lambda names: _constant_names(names, tree), []),
        constant_units=fields.made("constant_units", lambda units: _of_constants(units, tree), []),
        constant_matches=fields.made("constant_matches", lambda names: _of_constants(names, tree), []),
    )


def _error_bars(record: Mapping[str, Any], tree: Expression) -> ErrorBars:
    bars = ErrorBars.of_record(record)
    if bars.free.shape != tree.constants.shape:
        raise ValueError("the error bars are those of another law")
    return bars


def _constant_names(names: Any, tree: Expression) -> tuple[str, ...]:
    if (names and len(names) != tree.constants.size) or not all(isinstance(name, str) for name in names):
        raise ValueError("the names are those of other constants")
    return tuple(names) if any(names) else ()


def _of_constants(texts: Any, tree: Expression) -> tuple[str | None, ...]:
    """Text for each constant, or None; empty where no constant has any."""
    found = tuple(map(optional_text_of, texts))
    if found and len(found) != tree.constants.size:
        raise ValueError("they are those of other constants")
    return found if any(text is not None for text in found) else ()


def _tree(text: str, n_features: int) -> Expression:
    return parse(text, _neutral(n_features))


def _neutral(n_features: int) -> list[str]:
    return [f"x{j}" for j in range(n_features)]
