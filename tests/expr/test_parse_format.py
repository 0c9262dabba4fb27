"""Text and expressions: what is printed is read back, and means what Python means by it."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.engine.reference import evaluate
from eqdisc.errors import ParseError
from eqdisc.expr.expression import Expression
from eqdisc.expr.format import format_expression, format_number
from eqdisc.expr.operators import OPERATORS
from eqdisc.expr.parse import parse
from tests.strategies import ARITHMETIC_NAMES, NAMES, any_constants, expressions, plain_table

AWKWARD_NAMES = ("sepal length (cm)", "a`b", "2nd")


@given(expressions(constants=any_constants))
def test_round_trip(e):
    assert parse(format_expression(e, NAMES), NAMES) == e


@given(expressions((*ARITHMETIC_NAMES, "pow"), constants=any_constants, max_leaves=12))
def test_round_trip_of_nested_signs_and_powers(e):
    assert parse(format_expression(e, NAMES), NAMES) == e


@given(expressions())
def test_round_trip_with_names_that_are_no_identifiers(e):
    assert parse(format_expression(e, AWKWARD_NAMES), AWKWARD_NAMES) == e


@given(any_constants)
def test_numbers_are_written_exactly(value):
    assert float(format_number(value)) == value


@given(expressions((*ARITHMETIC_NAMES, "pow")))
def test_python_reads_the_text_alike(e):
    """An independent check of precedence: Python and NumPy evaluate the same text."""
    X = plain_table(rows=8)
    words = dict(zip(NAMES, X.T, strict=True)) | {"pow": np.power, "inv": lambda a: 1.0 / a}
    text = format_expression(e, NAMES)
    # np.float64 throughout: Python's integers would be exact and its division by zero an error.
    text = re.sub(r"(?<![\w.])(\d+\.?\d*(?:e[+-]?\d+)?)(?![\w.])", r"F(\1)", text)
    with np.errstate(all="ignore"):
        got = np.broadcast_to(eval(text, {"__builtins__": {}}, words | {"F": np.float64}), 8)
    np.testing.assert_allclose(got, evaluate(e, X), rtol=1e-10)


@given(st.text(alphabet="xy+-*/^(),.e10 <>=`sin", max_size=20))
def test_any_text_is_read_or_refused(text):
    try:
        e = parse(text, ["x", "y"])
    except ParseError:
        return
    assert parse(format_expression(e, ["x", "y"]), ["x", "y"]) == e


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("x^2", "square(x)"),
        ("x**3", "cube(x)"),
        ("-x**2", "neg(square(x))"),
        ("-2*x", "mul(-2, x)"),
        ("2**3**x", "pow(2, pow(3, x))"),
        ("x-y-x", "sub(sub(x, y), x)"),
        ("x/y*x", "mul(div(x, y), x)"),
        ("x**-y", "pow(x, neg(y))"),
        ("+x", "x"),
        ("x % y", "mod(x, y)"),
        ("pi*E", "mul(3.141592653589793, 2.718281828459045)"),
        ("Min(x, y, 1)", "min(min(x, y), 1)"),
        ("Abs(x) + Max(x, 0)", "add(abs(x), max(x, 0))"),
        ("log(x, 10)", "log10(x)"),
        ("log(x, y)", "div(log(x), log(y))"),
        ("Mod(x, 3)", "mod(x, 3)"),
        ("ln(x) + arcsin(y)", "add(log(x), asin(y))"),
        ("ceiling(x)", "neg(floor(neg(x)))"),
        ("where(x > 1, x, y)", "where(x - 1, x, y)"),
        ("where(x < 1, x, y)", "where(1 - x, x, y)"),
        ("where(x >= 1, x, y)", "where(1 - x, y, x)"),
        ("where(x <= 0, x, y)", "where(x, y, x)"),
        ("Piecewise((x, x > 0), (y, True))", "where(x, x, y)"),
        ("Piecewise((x, x > 0), (1, y > 2), (y, True))", "where(x, x, where(y - 2, 1, y))"),
        (".5 + 1.e-3", "add(0.5, 0.001)"),
    ],
)
def test_forms(text, same):
    assert parse(text, ["x", "y"]) == parse(same, ["x", "y"])


def test_a_column_may_be_called_e_or_pi():
    assert parse("e + pi", ["e", "pi"]) == Expression.variable(0) + Expression.variable(1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is empty"),
        ("x +", "got the end of the text"),
        ("x y", "did not expect 'y' here"),
        ("(x", r"expected '\)' to close"),
        ("x)", r"did not expect '\)'"),
        ("sin x", "'sin' needs operands in parentheses"),
        ("sin(x, y)", "'sin' takes 1 operand, got 2"),
        ("atan2(x)", "'atan2' takes 2 operands, got 1"),
        ("sqr(x)", r"unknown operator 'sqr'; did you mean 'sqrt'\?"),
        ("mas", "unknown name 'mas'; did you mean 'mass'"),
        ("1e999", "too large"),
        ("x $ y", r"'\$' is not part of the language"),
        ("x == y", "did not expect '=='"),
        ("__import__('os')", "is not part of the language"),
        ("Piecewise((x, x > 0))", "must have the condition True"),
        ("(" * 5000 + "x", "nested deeper"),
    ],
)
def test_errors_say_what_is_wrong(text, message):
    with pytest.raises(ParseError, match=message):
        parse(text, ["x", "y", "mass"])


def test_error_points_at_the_place():
    with pytest.raises(ParseError) as caught:
        parse("2*x + foo*y", ["x", "y"])
    _, line, caret = str(caught.value).splitlines()
    assert line[caret.index("^") :].startswith("foo")


def test_few_digits_round_for_the_eye():
    e = parse("1.23456789*x + 1e-9", ["x"])
    assert format_expression(e, ["x"], digits=3) == "1.23*x + 1e-09"


def test_every_operator_round_trips_alone():
    for row in OPERATORS:
        e = Expression.apply(row.name, *(Expression.variable(k) for k in range(row.arity)))
        assert parse(format_expression(e, NAMES), NAMES) == e
        assert parse(f"{row.name}({', '.join(NAMES[: row.arity])})", NAMES) == e


def test_too_few_names():
    with pytest.raises(ValueError, match="only 1 names"):
        format_expression(Expression.variable(1), ["x"])
