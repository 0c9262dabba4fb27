"""A law as it is shown: its constants to the digits that mean something, or as letters told apart below."""

from dataclasses import replace
from math import floor, isfinite, log10

from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, VARIABLE
from eqdisc.report.numbers import ConstantRow, constant_table
from eqdisc.result import Law


def constants_of(law: Law) -> list[ConstantRow]:
    """The constants that are not exact, in postfix order, each once, by the names that the user gave them."""
    named = (row for row in _named(law) if row.kind != "exact")
    return list({row.name: row for row in named}.values())


def rounded(law: Law) -> Expression:
    """The law with every fitted constant rounded to the second digit of its standard error."""
    return law.tree.with_constants([_rounded(row) for row in constant_table(law)])


def lettered(law: Law) -> tuple[Expression, list[str]] | None:
    """The law with letters in place of the constants that were fitted, and the names it then reads.

    None where there is no such constant or a column is called as a letter would be.
    """
    names = [*law.feature_names, *(row.name for row in constants_of(law))]
    if len(names) == len(law.feature_names) or len(set(names)) < len(names):
        return None
    tree = law.tree
    constants = iter([None if row.kind == "exact" else names.index(row.name) for row in _named(law)])
    codes, payload = list(tree.codes), list(tree.payload)
    for i, code in enumerate(tree.codes):
        place = next(constants) if code == CONSTANT else None
        if place is not None:
            codes[i], payload[i] = VARIABLE, float(place)
    return Expression(tuple(codes), tuple(payload)), names


def _named(law: Law) -> list[ConstantRow]:
    rows = constant_table(law)
    given = law.constant_names or ("",) * len(rows)
    return [replace(row, name=name or row.name) for row, name in zip(rows, given, strict=True)]


def _rounded(row: ConstantRow) -> float:
    error = row.standard_error
    if error == 0.0 or not isfinite(error) or row.value == 0.0:
        return row.value
    # An uncertain constant keeps two digits of its own: rounded to 0 it would be another law.
    digits = 1 - min(floor(log10(error)), floor(log10(abs(row.value))))
    return round(row.value, digits)
