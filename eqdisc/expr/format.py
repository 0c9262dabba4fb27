"""Expression -> text, by the written forms in the operator rows."""

import re
from collections.abc import Callable, Sequence

from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import ANY, ATOM, CONSTANT, MINUS, NEG, VARIABLE, Form, Operator, row_of

_HOLE = re.compile(r"#([1-3])")
_CALLED_POW = Form("pow(#1, #2)")


def format_expression(expression: Expression, names: Sequence[str], digits: int = 17) -> str:
    """Text of an expression in our own language, with as few parentheses as its grammar needs.

    `names` are the names of the features; those that are no identifiers are put between backquotes. With 17
    digits (the default) numbers are written so that they are read back exactly:
    parse(format_expression(e, names), names) == e. Fewer digits round for the eye.

    >>> from eqdisc.expr.parse import parse
    >>> format_expression(parse("-(a+2)**2/(b*3e-5)", ["a", "b"]), ["a", "b"])
    '-(a + 2)**2/(b*3e-05)'
    """

    def leaf(code: int, payload: float) -> tuple[str, int]:
        if code == VARIABLE:
            return _quoted(feature_name(names, int(payload))), ATOM
        return format_number(payload, digits), ATOM if payload >= 0.0 else MINUS

    def form(row: Operator, last: float | None) -> Form:
        # x**2 is read as a square, so a power whose exponent happens to be 2 or 3 is written as a call.
        return _CALLED_POW if row.name == "pow" and last in (2.0, 3.0) else row.text

    return render(expression.codes, expression.payload, leaf, form)


def render(
    codes: Sequence[int],
    payload: Sequence[float],
    leaf: Callable[[int, float], tuple[str, int]],
    form: Callable[[Operator, float | None], Form],
    brackets: tuple[str, str] = ("(", ")"),
) -> str:
    """Write a formula given in postfix order.

    `leaf` gives text and precedence of a leaf, `form` the written form of an operator. `form` also receives
    the value of the last operand if that is a constant: powers look at it.
    """
    stack: list[tuple[str, int]] = []
    before: float | None = None
    for code, value in zip(codes, payload, strict=True):
        if code in (VARIABLE, CONSTANT):
            stack.append(leaf(code, value))
        else:
            row = row_of(code)
            operands = stack[-row.arity :]
            del stack[-row.arity :]
            written = form(row, before)
            stack.append((_fill(written, operands, code, brackets), written.precedence))
        before = value if code == CONSTANT else None
    return stack[0][0]


def _fill(form: Form, operands: list[tuple[str, int]], code: int, brackets: tuple[str, str]) -> str:
    texts = []
    for position, ((text, precedence), weakest) in enumerate(zip(operands, form.holes, strict=False)):
        # -(2) is the negative of 2 while -2 is a number; a leading minus right of an operator reads badly.
        bare_number = code == NEG and text[0].isdigit() and precedence == ATOM
        minus_inside = weakest > ANY and (position > 0 or code == NEG) and text.startswith("-")
        enclose = precedence < weakest or bare_number or minus_inside
        texts.append(f"{brackets[0]}{text}{brackets[1]}" if enclose else text)
    return _HOLE.sub(lambda hole: texts[int(hole[1]) - 1], form.template)


def _quoted(name: str) -> str:
    return name if name.isidentifier() else "`" + name.replace("`", "``") + "`"


def feature_name(names: Sequence[str], feature: int) -> str:
    """Name of a feature; ValueError if there are too few names."""
    if feature >= len(names):
        raise ValueError(f"the expression reads feature {feature}, got only {len(names)} names")
    return names[feature]


def format_number(value: float, digits: int = 17) -> str:
    """Shortest text that is read back as the same number, or rounded to fewer significant digits.

    >>> format_number(2.0), format_number(1e-300), format_number(0.1 + 0.2, 6)
    ('2', '1e-300', '0.3')
    """
    text = repr(float(value)) if digits >= 17 else f"{value:.{digits}g}"
    return text.removesuffix(".0")
