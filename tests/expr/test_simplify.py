"""Simplification never changes a value and never makes an expression larger."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, VARIABLE, row_of
from eqdisc.expr.parse import parse
from eqdisc.expr.simplify import RULES, simplify
from tests.strategies import (
    ALL_NAMES,
    ARITHMETIC_NAMES,
    UGLY_FINITE,
    expressions,
    plain_table,
    shuffled,
    ugly_table,
)

DRAWS = 24


def with_random_rounding(e, X, random, rounding):
    """Values when operations round at random and zeros have any sign (stochastic arithmetic, Vignes 1993).

    Also says for which rows no intermediate result comes near overflow or underflow.
    """
    stack = []
    inside = np.ones(len(X), dtype=bool)
    with np.errstate(all="ignore"):
        for code, payload in zip(e.codes, e.payload, strict=True):
            if code == VARIABLE:
                value = X[:, int(payload)]
            elif code == CONSTANT:
                value = np.full(len(X), payload)
            else:
                row = row_of(code)
                arguments = stack[-row.arity :]
                del stack[-row.arity :]
                value = row.evaluate(*arguments)
                inside &= not_extreme(value, arguments)
                noise = rounding * random.uniform(-1.0, 1.0, len(X))
                # Sums in another order round relative to their terms, not to the result.
                scale = np.max(np.abs(arguments), axis=0) if row.name in ("add", "sub") else np.abs(value)
                value = np.where(np.isfinite(value), value + noise * scale, value)
            stack.append(np.where(value == 0.0, np.copysign(0.0, random.normal(size=len(X))), value))
    return stack[0], inside


def not_extreme(value, arguments):
    size = np.abs(value)
    finite_in = np.all([np.isfinite(a) for a in arguments], axis=0)
    overflow = np.isinf(value) & finite_in & np.all([np.abs(a) > 1e-100 for a in arguments], axis=0)
    return ~(overflow | ((size > 1e100) & np.isfinite(value)) | ((size < 1e-100) & (size > 0.0)))


def disagreements(e, simpler, X):
    """Rows on which the simpler expression has a value that rounding of the original cannot explain."""
    random = np.random.default_rng(0)
    runs = [with_random_rounding(e, X, random, 1e-14 * (draw > 0)) for draw in range(DRAWS)]
    values = np.array([value for value, _ in runs])
    inside = np.all([within for _, within in runs], axis=0)
    got = evaluate(simpler, X)
    finite = np.where(np.isfinite(got), got, 0.0)
    low = np.nanmin(np.where(np.isfinite(values), values, np.inf), axis=0)
    high = np.nanmax(np.where(np.isfinite(values), values, -np.inf), axis=0)
    slack = 4.0 * np.where(high >= low, high - low, 0.0) + 1e-12 * np.abs(finite) + 1e-100
    explained = np.where(
        np.isnan(got),
        np.isnan(values).any(axis=0),
        np.where(
            np.isinf(got), np.isinf(values).any(axis=0), (finite >= low - slack) & (finite <= high + slack)
        ),
    )
    return np.flatnonzero(inside & ~explained)


TABLE = np.vstack([ugly_table(UGLY_FINITE, rows=96), plain_table(rows=16)])


@pytest.mark.parametrize(
    "rule", [rule for rules in RULES.values() for rule in rules], ids=lambda r: str(r[0])
)
def test_each_rule_of_the_table_holds_for_every_number(rule):
    pattern, replacement = rule
    X = ugly_table((*UGLY_FINITE, np.inf, -np.inf, np.nan), rows=400)
    assert replacement.size <= pattern.size
    np.testing.assert_allclose(evaluate(replacement, X), evaluate(pattern, X), rtol=1e-14)


def check(e):
    simpler = simplify(e)
    assert simpler.size <= e.size
    assert set(simpler.features) <= set(e.features)
    bad = disagreements(e, simpler, TABLE)
    assert bad.size == 0, f"{e}  ->  {simpler}  differ at {TABLE[bad[0]]}"


@settings(max_examples=250)
@given(expressions(max_leaves=10))
def test_no_value_changes(e):
    check(e)


@settings(max_examples=250)
@given(expressions((*ARITHMETIC_NAMES, "pow", "abs", "sqrt"), max_leaves=12))
def test_no_value_of_sums_and_products_changes(e):
    check(e)


@given(
    expressions(
        ("neg", "abs", "min", "max", "sign", "floor", "cbrt", "cube", "square", "where"), max_leaves=8
    )
)
def test_no_value_of_selections_changes(e):
    check(e)


@given(expressions(ALL_NAMES, max_leaves=8))
def test_simplified_is_simple(e):
    assert simplify(simplify(e)) == simplify(e)


@given(expressions(("add", "mul", "min", "max"), max_leaves=6), st.integers(0, 5))
def test_order_of_operands_is_fixed(e, seed):
    other = simplify(shuffled(e, np.random.default_rng(seed)))
    expected = simplify(e)
    assert other.codes == expected.codes
    np.testing.assert_allclose(other.payload, expected.payload, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("text", "simple"),
    [
        ("2*(3*x)", "6*x"),
        ("x + x", "2*x"),
        ("x - x", "0"),
        ("x*x", "x**2"),
        ("x*y*x*x", "y*x**3"),
        ("-(-x)", "x"),
        ("x - (-y)", "x + y"),
        ("x + (-y)", "x - y"),
        ("-(x - y)", "y - x"),
        ("x + 0", "x"),
        ("x*1/1", "x"),
        ("0*x", "0"),
        ("x**1", "x"),
        ("pow(x, 2)", "x**2"),
        ("2*(3*x + 4) + 1", "6*x + 9"),
        ("5*x - 3*x", "2*x"),
        ("x/3 + x/3 + x/3", "x"),
        ("x - 0.1 - 0.2 + 0.3", "x"),
        ("(x/y)/(z/x)", "x**2/(y*z)"),
        ("x**2/y**2", "(x/y)**2"),
        ("1/(1/x)", "x"),
        ("1/(2*x)", "0.5/x"),
        ("x/y*y/y", "x*y/y**2"),
        ("sqrt(x**2)", "abs(x)"),
        ("cbrt(x**3)", "x"),
        ("abs(-2*x)", "abs(2*x)"),
        ("cos(-2*x)", "cos(2*x)"),
        ("min(x, min(2, max(x, x)))", "min(x, 2)"),
        ("where(-1, x, y)", "y"),
        ("where(z, x, x)", "x"),
        ("9*x - 9*y", "9*(x - y)"),
        ("-2*x - 2*y - 2", "-2*(x + y + 1)"),
        ("x/3 + y/3 + z", "(x + y)/3 + z"),
        ("exp(4*x)*exp(-3*y)/exp(z)", "exp(4*x - 3*y - z)"),
        ("y/exp(0.4*x)", "y*exp(-0.4*x)"),
        ("y/exp(x)", "y/exp(x)"),
        ("sqrt(4*x)", "2*sqrt(x)"),
        ("sqrt(2*x)", "sqrt(2*x)"),
        ("2*sqrt(9*x**2 + 4*y**2)", "2*sqrt(9*x**2 + 4*y**2)"),
        ("3e25*sqrt(4e-72*x**3)", "6e-11*sqrt(x**3)"),
        ("2*sqrt(3*x)*sqrt(12*y)", "12*sqrt(x)*sqrt(y)"),
        ("y/sqrt(4*x)", "y/(2*sqrt(x))"),
        ("cbrt(-8*x)", "-2*cbrt(x)"),
        ("sqrt(exp(0.8*x))", "exp(0.4*x)"),
        ("cos(1.3*x - pi/2)", "sin(1.3*x)"),
        ("sin(x + pi)", "-sin(x)"),
        ("y - sin(-2*x)", "sin(2*x) + y"),
        ("sqrt(16) + log(exp(1))", "5"),
        ("2 + 3*4", "14"),
    ],
)
def test_becomes(text, simple):
    wanted = parse(simple, ["x", "y", "z"])
    got = simplify(parse(text, ["x", "y", "z"]))
    assert got.size <= wanted.size
    assert got.codes == wanted.codes or simplify(wanted) == got
    np.testing.assert_allclose(got.constants, simplify(wanted).constants)


@pytest.mark.parametrize(
    "text",
    [
        "x/x",
        "sqrt(x)**2",
        "exp(log(x))",
        "log(exp(x))",
        "0/x",
        "0*log(x)",
        "1/x - 1/x",
        "2/x - 3/x",
        "x/0",
        "log(-2)",
        "sqrt(-4*x)",
    ],
)
def test_stays_because_it_is_not_the_same_everywhere(text):
    e = parse(text, ["x"])
    X = np.array([[0.0], [-1.0], [3.0], [800.0]])
    np.testing.assert_allclose(evaluate(simplify(e), X), evaluate(e, X))
    assert simplify(e).features == e.features


def test_numbers_that_would_overflow_stay_apart():
    for text in ("1e200*(1e200*x)", "1e-200*(1e-200*x)", "1e308 + (x + 1e308)"):
        e = parse(text, ["x"])
        X = np.array([[1e-250]])
        np.testing.assert_array_equal(evaluate(simplify(e), X), evaluate(e, X))


def test_a_large_expression_is_quick():
    x = Expression.variable(0)
    e = x
    for k in range(1, 60):
        e = e + float(k) * Expression.apply("sin", x * float(k))
    assert simplify(e).size <= e.size
