"""The names of columns: units in brackets, odd characters, and the nearest to a name that is not there."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from eqdisc.errors import DataError

_BRACKET = re.compile(r"(?P<name>.*\S)\s*\[(?P<unit>[^\[\]]+)\]")
_SIGNS = "%\u2030\u00b0$\u20ac\u00a3'\u2032\u2033\""  # % per mille, degree, money, minutes, seconds
_BETWEEN = " ./*\u00b7\u22c5\u00d7^()-\u2212\u2013\u207a\u207b"  # products, quotients, powers
_LEADING_NUMBER = re.compile(r"1\s*/|\d+((\^|\*\*)[-\u2212]?\d+)?\s+|10(\^|\*\*)")
_DIMENSIONLESS = ("-", "\u2212", "\u2013", "\u2014")
_LONGEST_UNIT = 40


@dataclass(frozen=True)
class Header:
    """The names of a table's columns.

    full  : as they stand in the table
    names : what the columns are called: without the unit where one was recognised
    units : the units as they were written, None where there is none
    """

    full: tuple[str, ...]
    names: tuple[str, ...]
    units: tuple[str | None, ...]

    @classmethod
    def of(cls, full: Sequence[str], units: bool = True) -> "Header":
        """Take the units off the names; a name that would then stand twice is kept whole.

        units : False to leave every name as it is

        >>> header = Header.of(["v [m/s]", "Ca[2+]", "t [s]", "t [min]"])
        >>> header.names, header.units
        (('v', 'Ca[2+]', 't [s]', 't [min]'), ('m/s', None, 's', 'min'))
        """
        if not units:
            return cls(tuple(full), tuple(full), (None,) * len(full))
        parts = [split_unit(name) for name in full]
        uses = Counter(name for name, _ in parts)
        kept = [
            part if uses[part[0]] == 1 else (whole, part[1]) for whole, part in zip(full, parts, strict=True)
        ]
        return cls(tuple(full), tuple(name for name, _ in kept), tuple(unit for _, unit in kept))

    def position(self, name: str) -> int | None:
        """Where the column of that name is, given with its unit or without; None where there is none."""
        return next((row.index(name) for row in (self.names, self.full) if name in row), None)

    def nearest(self, name: str) -> str:
        """What to say of a name that is not there: the nearest, and all there are.

        >>> Header.of(["period", "axis"]).nearest("perod")
        "did you mean 'period'? It has period, axis"
        """
        named = [column for column in self.names if column]
        folded = {column.casefold(): column for column in named}
        nearest = get_close_matches(name.casefold(), folded, n=1)
        listed = shortened(named)
        return f"did you mean {folded[nearest[0]]!r}? It has {listed}" if nearest else f"it has {listed}"


def split_unit(name: str) -> tuple[str, str | None]:
    """The name and the unit of a header cell; a bracket that holds no unit stays part of the name.

    >>> split_unit("peak load [kN]"), split_unit("x[1]"), split_unit("share [%]")
    (('peak load', 'kN'), ('x[1]', None), ('share', '%'))
    """
    bracket = _BRACKET.fullmatch(name)
    if bracket is None or not is_unit(bracket["unit"].strip()):
        return name, None
    return bracket["name"], bracket["unit"].strip()


def is_unit(text: str) -> bool:
    """Whether a text is written like a unit; a lone dash is the unit of what has none.

    >>> [is_unit(text) for text in ("m/s", "kg m^-3", "1/s", "10^3 kg", "\u00b0C", "%", "arb. u.", "-")]
    [True, True, True, True, True, True, True, True]
    >>> [is_unit(text) for text in ("1", "2+", "0,1", "a=b", "2n")]
    [False, False, False, False, False]
    """
    if text in _DIMENSIONLESS:
        return True
    if text[:1].isdigit() and not _LEADING_NUMBER.match(text):
        return False
    named = [letter.isalpha() or letter in _SIGNS for letter in text]
    allowed = all(
        name or letter.isdigit() or letter in _BETWEEN for name, letter in zip(named, text, strict=True)
    )
    return any(named) and allowed and len(text) <= _LONGEST_UNIT


def check_distinct(where: str, header: Sequence[str]) -> None:
    """DataError for a name that stands twice."""
    for name, uses in Counter(header).items():
        if name and uses > 1:
            raise DataError(
                f"{where}: the column name {name!r} stands more than once in the first line; "
                "rename one of them"
            )


def shortened(names: Sequence[str], most: int = 20) -> str:
    """Names one after the other, the end of a long list left out.

    >>> shortened(["a", "b", "c", "d"], most=3)
    'a, b, c and 1 more'
    """
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
