"""One law or two, however they are written."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdisc.expr.parse import parse
from eqdisc.expr.simplify import simplify
from eqdisc.search.same_law import is_same_law

NAMES = ["x", "y"]
POINTS = np.random.default_rng(0).uniform(0.5, 3.0, (400, 2))


def same(law, answer):
    return is_same_law(parse(law, NAMES), parse(answer, NAMES), POINTS)


@pytest.mark.parametrize(
    ("law", "answer"),
    [
        ("1.2345678*x", "2*x"),
        ("(0.31234567 - x)**2", "(x - 0.33)**2"),
        ("1.71234567/(x + 0.41234567)", "1/(0.6*x + 0.25)"),
        ("sqrt(1.71234567*x)", "1.3*sqrt(x)"),
        ("1.71234567*exp(-0.31234567*x) + 0.71234567", "exp(0.3 - 0.25*x) + 0.9"),
        ("1.2345678*x/(x + 0.71234567)", "1.5/(1 + 0.5/x)"),
        ("1.2345678*sin(2.3456789*x + 0.31234567)", "1.1*cos(2.2*x - 1.2)"),
        ("0.71234567*x - 0.11234567*y", "0.7*x + 0.1*y"),
        ("x*sqrt(x)", "sqrt(x)**3"),
    ],
)
def test_the_same_law(law, answer):
    assert same(law, answer)


@pytest.mark.parametrize(
    ("law", "answer"),
    [
        ("2*x", "1.2345678*x"),  # the number is part of the law
        ("1.2345678*x", "x"),  # no constant to fit
        ("1.2345678*x", "1.2345678*x + 0.1"),
        ("1.2345678*x + 0.71234567", "1.2345678*x"),
        ("1.2345678*x*y", "1.3*x"),
        ("1.51234567", "1.51234567*x"),
        ("x**1.51234567", "x*sqrt(x)"),
        ("1.2345678*sqrt(x)", "1.2345678*log(x)"),
        ("1.2345678*x", "1.2345678*x + 0.0001*x**2"),
    ],
)
def test_another_law(law, answer):
    assert not same(law, answer)


@given(st.lists(st.floats(0.7, 1.4), min_size=4, max_size=4))
@settings(max_examples=40, deadline=None)
def test_constants_that_were_fitted_do_not_matter(factors):
    law = parse("1.2345678*exp(-0.71234567*x)*y + 0.31234567*sqrt(x + 0.51234567)", NAMES)
    other = simplify(law.with_constants(law.constants * factors))
    assert is_same_law(law, other, POINTS)


def test_two_means_are_the_same_law():
    assert same("1.2345678", "7")
