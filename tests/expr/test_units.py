"""Dimensions: changing the units changes the value as the dimension says, and not otherwise."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.parse import parse
from eqdisc.expr.units import BASE_UNITS, DIMENSIONLESS, Dimension, UnitError, propagate
from tests.strategies import expressions, plain_table

METRE, SECOND, KILOGRAM = Dimension.of(m=1), Dimension.of(s=1), Dimension.of(kg=1)
NAMES = ("x", "t", "m", "phi")
UNITS = (METRE, SECOND, KILOGRAM, DIMENSIONLESS)

small_dimensions = st.builds(lambda m, s: Dimension.of(m=m, s=s), st.integers(-1, 2), st.integers(-1, 1))


def factor(dimension):
    """Change of a value when metres become 64 times and seconds 4096 times smaller; exact for roots."""
    m, s = dimension.exponents[0], dimension.exponents[2]
    return 2.0 ** float(6 * m + 12 * s)


@settings(max_examples=300)
@given(expressions(max_leaves=5), st.lists(small_dimensions, min_size=3, max_size=3))
def test_a_change_of_units_changes_the_value_by_the_dimension(e, dimensions):
    try:
        dimension = propagate(e, dimensions, constants="dimensionless")
    except UnitError:
        return
    X = plain_table(rows=12)
    scales = np.array([factor(d) for d in dimensions])
    with np.errstate(all="ignore"):
        expected = evaluate(e, X) * factor(dimension)
    got = evaluate(e, X * scales)
    usual = (np.abs(expected) < 1e100) & (np.abs(expected) > 1e-100)
    np.testing.assert_allclose(got[usual], expected[usual], rtol=1e-9)


@given(expressions(max_leaves=6), st.lists(small_dimensions, min_size=3, max_size=3))
def test_free_constants_only_allow_more(e, dimensions):
    try:
        strict = propagate(e, dimensions, constants="dimensionless")
    except UnitError:
        return
    free = propagate(e, dimensions)
    assert free is None or free == strict


@pytest.mark.parametrize(
    ("text", "dimension"),
    [
        ("x/t**2", Dimension.of(m=1, s=-2)),
        ("sqrt(x/t)*cbrt(m)", Dimension.of(m=Fraction(1, 2), s=Fraction(-1, 2), kg=Fraction(1, 3))),
        ("x**(2/3)", Dimension.of(m=Fraction(2, 3))),
        ("x**-1.5", Dimension.of(m=Fraction(-3, 2))),
        ("inv(x**3)", Dimension.of(m=-3)),
        ("x + 3", METRE),
        ("abs(-x) + min(x, 2*x)", METRE),
        ("sin(phi)*x", METRE),
        ("exp(-2*t)*x", METRE),
        ("where(t, x, -x)", METRE),
        ("mod(x, 2)", METRE),
        ("atan2(x, x)", DIMENSIONLESS),
        ("sign(x)", DIMENSIONLESS),
        ("2*x", None),
        ("3", None),
        ("2**phi", None),
    ],
)
def test_dimension_of(text, dimension):
    assert propagate(parse(text, NAMES), UNITS) == dimension


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x + t", "'add' joins m and s in x0 . x1"),
        ("m*(x - t)", "'sub' joins m and s"),
        ("sin(x)", "'sin' takes numbers without a unit, got m"),
        ("phi**x", "an exponent has the unit m"),
        ("x**phi", "'pow' raises m to a power that is no number"),
        ("where(phi, x, t)", "'where' joins m and s"),
        ("atan2(x, t)", "'atan2' joins m and s"),
        ("log(x/t)", "got m s\\^-1"),
    ],
)
def test_units_that_do_not_fit(text, message):
    with pytest.raises(UnitError, match=message):
        propagate(parse(text, NAMES), UNITS)


def test_dimensionless_constants():
    with pytest.raises(UnitError, match="joins m and 1"):
        propagate(parse("x + 3", NAMES), UNITS, constants="dimensionless")
    assert propagate(parse("3*x", NAMES), UNITS, constants="dimensionless") == METRE


def test_a_feature_of_unknown_unit_is_free():
    assert propagate(Expression.variable(0) + Expression.variable(1), [None, SECOND]) == SECOND


def test_dimensions_are_exact():
    third = METRE ** Fraction(1, 3)
    assert third**3 == METRE
    assert (METRE / SECOND) * SECOND == METRE
    assert str(Dimension.of(m=1, s=Fraction(-1, 2))) == "m s^-1/2"
    assert str(DIMENSIONLESS) == "1"
    assert len(BASE_UNITS) == len(DIMENSIONLESS.exponents)


def test_bad_requests():
    with pytest.raises(ValueError, match="unknown base units"):
        Dimension.of(inch=1)
    with pytest.raises(ValueError, match="units of 1"):
        propagate(Expression.variable(1), [METRE])
