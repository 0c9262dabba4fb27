"""A law as it is shown: its constants to the digits that mean something, or as letters told apart below."""

from dataclasses import replace
from math import floor, isfinite, log10

from eqdisc.data.physical_constants import codata
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, VARIABLE
from eqdisc.report.numbers import ConstantRow, constant_table, plain
from eqdisc.result import Law

NO_UNIT = "1"


def constants_of(law: Law) -> list[ConstantRow]:
    """The constants that are not exact, in postfix order, each once, by the names that the user gave them."""
    named = (row for row in _named(law) if row.kind != "exact")
    return list({row.name: row for row in named}.values())


def rounded(law: Law) -> Expression:
    """The law with every fitted constant rounded to the second digit of its standard error."""
    return law.tree.with_constants([_rounded(row) for row in constant_table(law)])


def shown_law(law: Law) -> tuple[Expression, tuple[str, ...]]:
    """The law as it is shown, constants of nature by their names, and the names that it reads.

    Fitted constants are rounded to the second digit of their standard error.
    """
    return replace(law, tree=rounded(law)).named


def nature_lines(law: Law) -> list[str]:
    """The constants of nature in a law, each with value and unit."""
    return [
        f"{name} = {plain(value)}{'' if unit in ('', NO_UNIT) else ' ' + unit} ({codata()})"
        for name, (value, unit) in law.constants_of_nature.items()
    ]


def unit_lines(law: Law) -> list[str]:
    """The units of exact constants, which stand in the law as plain numbers."""
    nature = law.constants_of_nature
    rows = (row for row in _named(law) if row.kind == "exact" and row.name not in nature)
    return list(dict.fromkeys(f"{row.shown()} is in {row.unit}" for row in rows if row.unit is not None))


def match_lines(law: Law) -> list[str]:
    """Which constants agree with constants of nature."""
    rows = zip(_named(law), law.constant_matches, strict=False)
    return [
        f"{row.value:.10g} is {match}" if row.kind == "exact" else f"{row.name} agrees with {match}"
        for row, match in rows
        if match is not None
    ]


def lettered(law: Law) -> tuple[Expression, list[str]] | None:
    """The law with letters in place of the constants that were fitted, and the names it then reads.

    None where there is no such constant or a column is called as a letter would be.
    """
    fitted = [row.name for row in constants_of(law)]
    names = [*law.feature_names, *fitted, *law.constants_of_nature]
    if not fitted or len(set(names)) < len(names):
        return None
    tree = law.tree
    letters = {*fitted, *law.constants_of_nature}
    constants = iter([names.index(row.name) if row.name in letters else None for row in _named(law)])
    codes, payload = list(tree.codes), list(tree.payload)
    for i, code in enumerate(tree.codes):
        place = next(constants) if code == CONSTANT else None
        if place is not None:
            codes[i], payload[i] = VARIABLE, float(place)
    return Expression(tuple(codes), tuple(payload)), names


def _named(law: Law) -> list[ConstantRow]:
    rows = constant_table(law)
    names = law.constant_names or ("",) * len(rows)
    units = law.constant_units or (None,) * len(rows)
    return [
        replace(row, name=name or row.name, unit=None if unit == NO_UNIT else unit)
        for row, name, unit in zip(rows, names, units, strict=True)
    ]


def _rounded(row: ConstantRow) -> float:
    error = row.standard_error
    if error == 0.0 or not isfinite(error) or row.value == 0.0:
        return row.value
    # An uncertain constant keeps two digits of its own: rounded to 0 it would be another law.
    digits = 1 - min(floor(log10(error)), floor(log10(abs(row.value))))
    return round(row.value, digits)
