"""A formula for Excel and other spreadsheets.

The formula reads the cells of row 2, for a table whose first column stands in A and whose names in row 1.
Spreadsheets know neither infinity nor NaN: where the law or a part of it has no finite value, the cell shows
#NUM! or #DIV/0!. Microsoft Excel also refuses angles above 2^27 (#NUM!), and keeps 15 digits of a number in a
formula. Where the decimal sign is a comma, Excel reads a semicolon between operands instead of a comma.
"""

import math
from itertools import accumulate

from eqdisc.errors import OptionError
from eqdisc.expr.expression import Expression
from eqdisc.expr.format import feature_name, render
from eqdisc.expr.operators import ATOM, MINUS, OPERATORS, POWER, PRODUCT, VARIABLE, Form, Operator
from eqdisc.interop.source.language import folded
from eqdisc.interop.source.subject import Subject

_LONGEST, _DEEPEST, _WIDEST = 8192, 64, 16_384  # of a formula, its nested calls, a sheet
_ADVICE = (
    "Paste the formula into row 2 beside the table (names in row 1) and fill it down.",
    "Where the law has no finite value the cell shows #NUM! or #DIV/0!.",
)

_CALLED = {"log": "LN", "floor": "INT"}
_FORMS = {
    row.name: Form(f"{_CALLED.get(row.name, row.name.upper())}({', '.join(('#1', '#2')[: row.arity])})")
    for row in OPERATORS
    if row.text.template.startswith(row.name)
} | {
    # A minus binds tighter than ^, which is evaluated from the left.
    "neg": Form("-#1", MINUS, (ATOM,)),
    "square": Form("#1^2", POWER, (ATOM,)),
    "cube": Form("#1^3", POWER, (ATOM,)),
    "inv": Form("1/#1", PRODUCT, (POWER,)),
    "cbrt": Form("SIGN(#1)*ABS(#1)^(1/3)", PRODUCT),
    # Excel has -2 for (-8)^(1/3) and an error for 0^0.
    "pow": Form("IF(#2=0, 1, IF((#1<0)*(#2<>INT(#2)), SQRT(-1), #1^#2))", ATOM, (ATOM, ATOM)),
    # Excel's takes the abscissa first, and has an error for the origin.
    "atan2": Form("IF((#1=0)*(#2=0), 0, ATAN2(#2, #1))", ATOM, (ATOM, ATOM)),
    "where": Form("IF(#1>0, #2, #3)"),
}
_WHOLE_POWER = Form("#1^#2", POWER, (ATOM, ATOM))
_BROKEN_POWER = Form("IF(#1<0, SQRT(-1), #1^#2)", ATOM, (ATOM, ATOM))


def excel(subject: Subject) -> str:
    """The formula on the first line (a line for each value), below it which cell is which column.

    OptionError for a formula that Excel would refuse: too long, too deep, or over too many columns.
    """
    cells = [f"{column_letters(j)}2" for j in range(len(subject.names))]
    if max(subject.used, default=0) >= _WIDEST:
        name = feature_name(subject.names, subject.used[-1])
        raise OptionError(f"the law reads the column {name!r}; a sheet has {_WIDEST} columns at most")
    formulas = [_checked(f"={_formula(expression, cells)}") for expression in subject.expressions]
    return "\n".join([*formulas, "", *subject.legend(cells), *_ADVICE, *subject.origin()]) + "\n"


def _checked(formula: str) -> str:
    deep = max(accumulate((letter == "(") - (letter == ")") for letter in formula))
    if len(formula) > _LONGEST or deep > _DEEPEST:
        raise OptionError(
            f"the formula has {len(formula)} letters and {deep} nested brackets; Excel takes {_LONGEST} and "
            f"{_DEEPEST} at most. Choose a simpler equation, or another language"
        )
    return formula


def column_letters(index: int) -> str:
    """What a sheet calls its columns, from 0.

    >>> column_letters(0), column_letters(26), column_letters(16_383)
    ('A', 'AA', 'XFD')
    """
    before, place = divmod(index, 26)
    return (column_letters(before - 1) if before else "") + chr(ord("A") + place)


def _formula(expression: Expression, cells: list[str]) -> str:
    def leaf(code: int, payload: float) -> tuple[str, int]:
        if code == VARIABLE:
            return feature_name(cells, int(payload)), ATOM
        if not math.isfinite(payload):
            return "SQRT(-1)" if math.isnan(payload) else "(1/0)", ATOM
        return f"{payload:.15G}", MINUS if payload < 0.0 else ATOM

    def form(row: Operator, last: float | None) -> Form:
        if row.name == "pow" and last:
            return _WHOLE_POWER if last.is_integer() else _BROKEN_POWER
        return _FORMS.get(row.name, row.text)

    codes, payload = folded(expression, lambda code: True)
    return render(codes, payload, leaf, form)
