"""JSON that people may have touched: read with every key checked, written with what JSON does not have."""

import json
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, NoReturn, TypeVar

import numpy as np

from eqdisc.errors import DataError, ParseError
from eqdisc.report.words import encodable

T = TypeVar("T")


def record_json(record: Mapping[str, Any]) -> str:
    """The text of a record; numbers that are not finite are text, arrays lists."""
    text = json.dumps(plain(record), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    # A lone surrogate, as a badly decoded name may have, is no text that a file can hold as it is.
    return text if encodable(text, "utf-8") else json.dumps(plain(record), indent=1, allow_nan=False) + "\n"


class Fields:
    """The keys of one JSON object, checked as they are read; `where` says which object, for errors.

    DataError, by every method, for what is missing or makes no sense.
    """

    @classmethod
    def of_text(cls, content: bytes | str, source: str, kind: str, version: int) -> "Fields":
        """The object that a file of a kind holds; `source` is what errors call it.

        DataError for what is no JSON, of another kind, or of a version above `version`.
        """
        try:
            record = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{source} is no whole JSON file ({error}); it was cut short or damaged, run the search again"
            ) from error
        fields = cls(record, source)
        if fields.get("format") != kind:
            raise DataError(f"{source} is no result of eqdisc: its format is {fields.get('format')!r}")
        made_by = fields.whole("version")
        if made_by > version:
            raise DataError(
                f"{source} was made by a newer eqdisc (format {made_by}, this one reads {version}); upgrade"
            )
        return fields

    def __init__(self, content: object, source: str, where: str = "") -> None:
        self.source = source
        self.where = where
        if not isinstance(content, dict):
            self.refuse("", f"is {_short(content)}; wanted an object")
        self.content: dict[str, Any] = content

    def get(self, key: str) -> Any:
        if key not in self.content:
            self.refuse(key, "is missing")
        return self.content[key]

    def text(self, key: str) -> str:
        return self._of(key, str, "text")

    def optional_text(self, key: str) -> str | None:
        return None if self.get(key) is None else self.text(key)

    def whole(self, key: str) -> int:
        return self._of(key, int, "a whole number")

    def number(self, key: str) -> float:
        return self.made(key, number_of)

    def truth(self, key: str) -> bool:
        value = self.get(key)
        if not isinstance(value, bool):
            self.refuse(key, f"is {_short(value)}; wanted true or false")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        items = self._of(key, list, "a list of text")
        if not all(isinstance(item, str) for item in items):
            self.refuse(key, "holds something that is no text")
        return tuple(items)

    def part(self, key: str) -> "Fields":
        return Fields(self.get(key), self.source, self._path(key))

    def parts(self, key: str) -> list["Fields"]:
        items = self._of(key, list, "a list of objects")
        return [Fields(item, self.source, self._path(f"{key}[{i}]")) for i, item in enumerate(items)]

    def made(self, key: str, make: Callable[[Any], T], default: Any = ...) -> T:
        """What `make` makes of the value; what it cannot be made of is refused."""
        value = self.get(key) if default is ... else self.content.get(key, default)
        try:
            return make(value)
        except ParseError as error:
            self.refuse(key, f"is no expression: {error}")
        except (AttributeError, LookupError, TypeError, ValueError):
            self.refuse(key, f"is {_short(value)}, which makes no sense there")

    def _of(self, key: str, kind: type[T], wanted: str) -> T:
        value = self.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            self.refuse(key, f"is {_short(value)}; wanted {wanted}")
        return value

    def _path(self, key: str) -> str:
        return ".".join(word for word in (self.where, key) if word)

    def refuse(self, key: str, what: str) -> NoReturn:
        """Raise the DataError that says what is wrong with a key."""
        place = self._path(key) or "the whole"
        raise DataError(f"{self.source} is damaged: {place} {what}; run the search again")


def plain(value: Any) -> Any:
    """As JSON has it: arrays as lists, numbers that are not finite as text."""
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def number_of(value: Any) -> float:
    """A number that may stand as text. TypeError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def optional_text_of(value: Any) -> str | None:
    """Text or None. TypeError for anything else."""
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _short(value: object) -> str:
    text = json.dumps(value, default=repr)
    return text if len(text) <= 40 else f"{text[:37]}..."
