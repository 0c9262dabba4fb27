"""From what stands in a cell to a number: what counts as missing, as true and false, as a date."""

import math
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any, Literal

import numpy as np

from eqdisc._typing import AnyArray, FloatArray

# In lower case; the last ones are what spreadsheets show where a formula has no value.
MISSING_WORDS = frozenset(
    ["", "na", "n/a", "nan", "null", "none", "nil", "-", "--", "?", ".", "<na>", "nat", "missing"]
) | {"#n/a", "#na", "#div/0!", "#value!", "#num!", "#ref!", "#name?", "#null!"}
TRUTH = {"true": 1.0, "false": 0.0}

_DATE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}([T ].*)?|\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?")
_DECIMAL_COMMA = re.compile(r"[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?")
_GROUPS_OF_THREE = re.compile(r"[+-]?\d{1,3}(,\d{3})+")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}([ ,.'\u00a0\u202f]\d{3})+([.,]\d+)?")

_NOTHING = frozenset(["NAType", "NaTType", "MaskedConstant"])  # types whose one value means "missing"

Kind = Literal["numbers", "booleans", "dates", "text", "broken", "empty"]


@dataclass(frozen=True)
class Column:
    """A column as numbers, with what was found on the way.

    values     : (n,) float64; true is 1, false is 0; NaN where a cell is missing or no number
    texts      : how many cells are no number, dates among them and true and false not
    dates      : how many of these are dates or times
    booleans   : how many cells are true or false
    odd        : row (from 0) and text of the first cell that is no number, true and false included
    comma      : row and text of the first number with a decimal comma
    all_groups : whether every such number could as well have a comma between thousands
    points     : whether some number has a decimal point
    """

    values: FloatArray
    texts: int = 0
    dates: int = 0
    booleans: int = 0
    odd: tuple[int, str] | None = None
    comma: tuple[int, str] | None = None
    all_groups: bool = True
    points: bool = False

    @property
    def missing(self) -> int:
        """Number of cells that are missing."""
        return int(np.count_nonzero(np.isnan(self.values))) - self.texts

    @property
    def kind(self) -> Kind:
        """What the column holds; "broken" is text in a column whose other cells mostly are numbers."""
        numbers = self.values.size - self.texts - self.booleans - self.missing
        if self.booleans and not self.texts and not numbers:
            return "booleans"
        if not self.texts and not self.booleans:
            return "numbers" if numbers else "empty"
        if numbers >= self.texts + self.booleans:
            return "broken"
        return "dates" if self.dates and self.dates == self.texts else "text"


class Gatherer:
    """Takes the cells of a column, in portions, and keeps 8 bytes of each.

    >>> gatherer = Gatherer()
    >>> gatherer.extend(["1.5", "NA", "2e3"])
    >>> column = gatherer.column()
    >>> column.values.tolist(), column.missing, column.kind
    ([1.5, nan, 2000.0], 1, 'numbers')
    """

    def __init__(self) -> None:
        self._numbers = array("d")
        self._counts = {"texts": 0, "dates": 0, "booleans": 0}
        self._odd: tuple[int, str] | None = None
        self._comma: tuple[int, str] | None = None
        self._all_groups = True
        self._points = False

    def extend(self, cells: Sequence[str]) -> None:
        """Take cells of text."""
        joined = "".join(cells)
        self._points = self._points or "." in joined
        if "_" not in joined:  # float() reads 1_0 as 10
            try:
                self._numbers.extend(array("d", map(float, cells)))
            except ValueError:
                pass
            else:
                return
        for cell in cells:
            self._numbers.append(self._text(cell.strip()))

    def extend_objects(self, cells: Sequence[Any]) -> None:
        """Take cells of any kind: numbers, text, true and false, dates, None."""
        for cell in cells:
            self._numbers.append(self._object(cell))

    def column(self) -> Column:
        """What was taken, as a column."""
        values = np.frombuffer(self._numbers) if self._numbers else np.empty(0)
        return Column(
            values,
            **self._counts,
            odd=self._odd,
            comma=self._comma,
            all_groups=self._all_groups,
            points=self._points,
        )

    def _object(self, cell: Any) -> float:
        if isinstance(cell, str):
            self._points = self._points or "." in cell
            return self._text(cell.strip())
        if isinstance(cell, (bool, np.bool_)):
            return self._boolean(float(cell), str(cell))
        if cell is None or type(cell).__name__ in _NOTHING:
            return math.nan
        if isinstance(cell, bytes):
            return self._text(cell.decode("utf-8", "replace").strip())
        if isinstance(cell, (date, time, timedelta, np.datetime64, np.timedelta64)):
            return self._other(str(cell), is_date=True)
        try:
            return float(cell)
        except (TypeError, ValueError, OverflowError):
            return self._other(str(cell))

    def _text(self, cell: str) -> float:
        word = cell.casefold()
        if word in MISSING_WORDS:
            return math.nan
        if word in TRUTH:
            return self._boolean(TRUTH[word], cell)
        plain = cell.replace("\u2212", "-")  # the minus sign of typesetters
        if _DECIMAL_COMMA.fullmatch(plain):
            self._comma = self._comma or (len(self._numbers), cell)
            self._all_groups = self._all_groups and bool(_GROUPS_OF_THREE.fullmatch(plain))
            plain = plain.replace(",", ".")
        try:
            return float(plain) if "_" not in plain else self._other(cell)
        except ValueError:
            return self._other(cell, bool(_DATE.fullmatch(cell)))

    def _boolean(self, value: float, cell: str) -> float:
        self._counts["booleans"] += 1
        self._odd = self._odd or (len(self._numbers), cell)
        return value

    def _other(self, cell: str, is_date: bool = False) -> float:
        self._counts["texts"] += 1
        self._counts["dates"] += is_date
        self._odd = self._odd or (len(self._numbers), cell)
        return math.nan


def column_of(values: AnyArray) -> Column:
    """A one-dimensional array of any type as a column; a masked cell is missing.

    >>> column_of(np.array([True, False])).kind
    'booleans'
    """
    if isinstance(values, np.ma.MaskedArray):
        objects = np.array(values, dtype=object)
        objects[np.ma.getmaskarray(values)] = None
        values = objects
    if values.dtype.kind in "iuf":
        return Column(np.asarray(values, dtype=np.float64))
    if values.dtype.kind == "b" and values.size:
        return Column(values.astype(np.float64), booleans=values.size, odd=(0, str(values[0])))
    if values.dtype.kind in "mM":
        there = np.flatnonzero(~np.isnat(values))
        odd = (int(there[0]), str(values[there[0]])) if there.size else None
        return Column(np.full(values.size, np.nan), texts=there.size, dates=there.size, odd=odd)
    gatherer = Gatherer()
    gatherer.extend_objects(values.tolist())
    return gatherer.column()


def is_number(cell: str) -> bool:
    """Whether a cell of text holds a number, with a decimal point or comma.

    >>> [is_number(cell) for cell in ("1.5", "-2,5e3", "NA", "v")]
    [True, True, False, False]
    """
    gatherer = Gatherer()
    gatherer.extend([cell])
    column = gatherer.column()
    return not column.texts and not column.booleans and not column.missing


def complaint(cell: str) -> str:
    """What is wrong with a cell that is no number, and what to do."""
    text = cell if len(cell) <= 60 else cell[:57] + "..."
    if cell.casefold() in TRUTH:
        return f"holds {text!r} among numbers; write 1 and 0, or choose other features"
    if _DATE.fullmatch(cell):
        return f"holds {text!r}, which is not a number but a date or time; give it in days or seconds"
    if _THOUSANDS.fullmatch(cell):
        return f"holds {text!r}, which is not a number that can be read: leave out thousands separators"
    return f"holds {text!r}, which is not a number; mend it, mark it as missing or choose other features"


def as_text(cell: Any) -> str:
    """A cell of any kind as it is written into a text table; a missing one is empty.

    >>> [as_text(cell) for cell in (np.float64(0.1), None, float("nan"), "a", 3)]
    ['0.1', '', '', 'a', '3']
    """
    if cell is None or type(cell).__name__ in _NOTHING or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    return str(cell.item() if isinstance(cell, np.generic) else cell)
