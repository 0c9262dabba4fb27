"""A result as a file that outlives the process: versioned JSON, read back exactly, nothing in it is run."""

import json
from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import numpy as np

from eqdisc.errors import DataError, ParseError
from eqdisc.expr.expression import Expression
from eqdisc.expr.format import format_expression
from eqdisc.expr.parse import parse
from eqdisc.report.atomic import write_bytes
from eqdisc.report.citation import version
from eqdisc.report.words import encodable
from eqdisc.result import Law, Result
from eqdisc.scoring.uncertainty import ErrorBars
from eqdisc.search.engine import StopReason
from eqdisc.search.stability import Stability

FORMAT = "eqdisc-result"
VERSION = 1

R = TypeVar("R", bound=Result)
T = TypeVar("T")


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
    text = json.dumps(_plain(record), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    # A lone surrogate, as a badly decoded name may have, is no text that a file can hold as it is.
    return text if encodable(text, "utf-8") else json.dumps(_plain(record), indent=1, allow_nan=False) + "\n"


def result_of_text(content: bytes | str, source: str, kind: type[R] = Result) -> R:  # type: ignore[assignment]
    """The result that `record_text` wrote down; `source` is what errors call the text."""
    try:
        record = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{source} is no whole JSON file ({error}); it was cut short or damaged, run the search again"
        ) from error
    fields = _Fields(record, source)
    if fields.get("format") != FORMAT:
        raise DataError(f"{source} is no result of eqdisc: its format is {fields.get('format')!r}")
    made_by = fields.whole("version")
    if made_by > VERSION:
        raise DataError(
            f"{source} was made by a newer eqdisc (format {made_by}, this one reads {VERSION}); upgrade"
        )
    return _result(fields, kind)


def _result(fields: "_Fields", kind: type[R]) -> R:
    names = fields.texts("feature_names")
    laws: dict[str, Law] = {}  # a law that stands twice, as the best and on the front, is one object

    def law(part: _Fields) -> Law:
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
        feature_units=fields.made("feature_units", lambda units: tuple(map(_optional_text, units))),
        ranges=fields.made("ranges", lambda pairs: tuple((_float(low), _float(high)) for low, high in pairs)),
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


def _law(fields: "_Fields", names: tuple[str, ...]) -> Law:
    tree = fields.made("tree", lambda text: _tree(text, len(names)))
    odd = fields.made("not_finite", lambda table: {key: _float(value) for key, value in table.items()}, {})
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
    found = tuple(map(_optional_text, texts))
    if found and len(found) != tree.constants.size:
        raise ValueError("they are those of other constants")
    return found if any(text is not None for text in found) else ()


def _tree(text: str, n_features: int) -> Expression:
    return parse(text, _neutral(n_features))


def _neutral(n_features: int) -> list[str]:
    return [f"x{j}" for j in range(n_features)]


class _Fields:
    """The keys of one JSON object, checked as they are read; `where` says which object, for errors."""

    def __init__(self, content: object, source: str, where: str = "") -> None:
        self.source = source
        self.where = where
        if not isinstance(content, dict):
            self._refuse("", f"is {_short(content)}; wanted an object")
        self.content: dict[str, Any] = content

    def get(self, key: str) -> Any:
        if key not in self.content:
            self._refuse(key, "is missing")
        return self.content[key]

    def text(self, key: str) -> str:
        return self._of(key, str, "text")

    def optional_text(self, key: str) -> str | None:
        return None if self.get(key) is None else self.text(key)

    def whole(self, key: str) -> int:
        return self._of(key, int, "a whole number")

    def number(self, key: str) -> float:
        return self.made(key, _float)

    def texts(self, key: str) -> tuple[str, ...]:
        items = self._of(key, list, "a list of text")
        if not all(isinstance(item, str) for item in items):
            self._refuse(key, "holds something that is no text")
        return tuple(items)

    def part(self, key: str) -> "_Fields":
        return _Fields(self.get(key), self.source, self._path(key))

    def parts(self, key: str) -> list["_Fields"]:
        items = self._of(key, list, "a list of objects")
        return [_Fields(item, self.source, self._path(f"{key}[{i}]")) for i, item in enumerate(items)]

    def made(self, key: str, make: Callable[[Any], T], default: Any = ...) -> T:
        """What `make` makes of the value; what it cannot be made of is refused."""
        value = self.get(key) if default is ... else self.content.get(key, default)
        try:
            return make(value)
        except ParseError as error:
            self._refuse(key, f"is no expression: {error}")
        except (AttributeError, LookupError, TypeError, ValueError):
            self._refuse(key, f"is {_short(value)}, which makes no sense there")

    def _of(self, key: str, kind: type[T], wanted: str) -> T:
        value = self.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            self._refuse(key, f"is {_short(value)}; wanted {wanted}")
        return value

    def _path(self, key: str) -> str:
        return ".".join(word for word in (self.where, key) if word)

    def _refuse(self, key: str, what: str) -> NoReturn:
        place = self._path(key) or "the whole"
        raise DataError(f"{self.source} is damaged: {place} {what}; run the search again")


def _plain(value: Any) -> Any:
    """As JSON has it: arrays as lists, numbers that are not finite as text."""
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _optional_text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _short(value: object) -> str:
    text = json.dumps(value, default=repr)
    return text if len(text) <= 40 else f"{text[:37]}..."
