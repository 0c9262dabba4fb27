"""Dimensions: changing the units changes the value as the dimension says, and not otherwise."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.parse import parse
from eqdisc.expr.units import (
    BASE_UNITS,
    DIMENSIONLESS,
    Dimension,
    UnitError,
    UnitRules,
    constant_dimensions,
    propagate,
    remainder,
)
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


@settings(max_examples=300)
@given(expressions(max_leaves=6), st.lists(small_dimensions, min_size=3, max_size=3), small_dimensions)
def test_with_the_dimensions_of_its_constants_a_law_has_that_of_the_target(e, dimensions, target):
    found = constant_dimensions(e, UnitRules(tuple(dimensions), target))
    assert len(found) == len(e.constants)
    if not found or any(unit is None for unit in found):
        return
    # The constants as features of their own, but for powers, whose exponents have to be numbers.
    names = iter(range(3, 3 + len(found)))
    if "pow" in str(e) or "**" in str(e):
        return
    codes = [0 if code == 1 else code for code in e.codes]
    payload = [
        float(next(names)) if code == 1 else value for code, value in zip(e.codes, e.payload, strict=True)
    ]
    law = Expression(tuple(codes), tuple(payload))
    assert propagate(law, [*dimensions, *found]) == target


@settings(max_examples=200)
@given(expressions(max_leaves=5), st.lists(small_dimensions, min_size=3, max_size=3))
def test_where_mere_numbers_do_they_are_a_solution(e, dimensions):
    try:
        target = propagate(e, dimensions, constants="dimensionless")
    except UnitError:
        return
    found = constant_dimensions(e, UnitRules(tuple(dimensions), target))
    assert all(unit is None or unit.is_dimensionless for unit in found)


@pytest.mark.parametrize(
    ("law", "target", "expected"),
    [
        ("3.5*x/t + 2", METRE / SECOND, ["1", "m s^-1"]),
        ("3.5*exp(-t/7)", KILOGRAM, ["kg", "s"]),
        ("3.5*(x + 2)**1.5", METRE, ["m^-1/2", "m", "1"]),
        ("3.5*m + 2*x", METRE, ["m kg^-1", "1"]),
        ("2*3.5*x", KILOGRAM, [None, None]),
        ("x + t + 2", METRE, [None]),
        ("phi**2.5*3", KILOGRAM, ["1", "kg"]),
        ("where(t - 5, x, 7)", METRE, ["s", "m"]),
        ("7*sin(2*x + 3)", SECOND, ["s", "m^-1", "1"]),
    ],
)
def test_dimensions_of_constants_worked_out_by_hand(law, target, expected):
    found = constant_dimensions(parse(law, NAMES), UnitRules(UNITS, target))
    assert [None if unit is None else str(unit) for unit in found] == expected
    numbers = UnitRules(UNITS, target, "dimensionless")
    assert set(constant_dimensions(parse(law, NAMES), numbers)) == {DIMENSIONLESS}


@given(st.lists(small_dimensions, max_size=4), st.lists(st.fractions(-3, 3, max_denominator=4), min_size=4))
def test_products_of_powers_leave_no_remainder(dimensions, powers):
    target = DIMENSIONLESS
    for dimension, power in zip(dimensions, powers, strict=False):
        target = target * dimension**power
    assert remainder(target, dimensions).is_dimensionless
    assert remainder(target * Dimension.of(kg=1), dimensions) == KILOGRAM
