"""Fewer signs, the same values."""

import numpy as np
import pytest
from hypothesis import given

from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.format import format_expression
from eqdisc.expr.parse import parse
from eqdisc.expr.readable import readable
from tests.strategies import expressions

ROWS = np.random.default_rng(0).normal(size=(20, 8))


@given(expressions())
def test_the_values_are_the_same(expression: Expression) -> None:
    np.testing.assert_array_equal(evaluate(readable(expression), ROWS), evaluate(expression, ROWS))


@given(expressions())
def test_never_larger(expression: Expression) -> None:
    assert readable(expression).size <= expression.size


@pytest.mark.parametrize(
    ("text", "better"),
    [
        ("x + (-2.5)", "x - 2.5"),
        ("x - (-2.5)", "x + 2.5"),
        ("-2*x + y", "y - 2*x"),
        ("y - (-2)*x/y", "y + 2*x/y"),
        ("-(3*x)", "-3*x"),
        ("exp(-(0.7*x)) + (-1)", "exp(-0.7*x) - 1"),
        ("-x + y", "-x + y"),
    ],
)
def test_signs(text: str, better: str) -> None:
    assert format_expression(readable(parse(text, ["x", "y"])), ["x", "y"]) == better
