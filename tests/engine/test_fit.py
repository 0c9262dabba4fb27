"""Fits of constants: honest losses, never worse, as good as SciPy, exact on exact laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from eqdisc.engine.fit import fit_constants, fit_programs
from eqdisc.engine.programs import Blocks, Programs, unpack
from eqdisc.engine.reference import constant_jacobian, evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.parse import parse
from tests.strategies import SMOOTH_NAMES, expressions, plain_table

NAMES = ("x", "y", "z")
RANDOM = np.random.default_rng(4)
X = plain_table(rows=60)
TARGET = X[:, 0] + RANDOM.normal(size=60)
WEIGHTS = RANDOM.uniform(0.2, 3.0, 60)
generic = st.floats(0.3, 3.0) | st.floats(-3.0, -0.3)


def loss(e, X, y, weights=None):
    with np.errstate(all="ignore"):
        return float(np.average((y - evaluate(e, X)) ** 2, weights=weights))


def positive_table(n=200):
    return np.random.default_rng(8).uniform(0.5, 3.0, (n, 3))


@settings(max_examples=400)
@given(expressions(SMOOTH_NAMES, constants=generic), st.booleans())
def test_the_loss_is_that_of_the_expression_returned_and_never_worse_than_the_start(e, weighted):
    weights = WEIGHTS if weighted else None
    found = fit_constants(e, X, TARGET, weights)
    assert found.expression.codes == e.codes
    start = loss(e, X, TARGET, weights)
    if not np.isfinite(start):
        assert found.loss == np.inf
        assert found.expression == e
    # Folding does not keep what passes through infinity, as in x/(1/(x - x)).
    elif start < 1e100 and all(np.isfinite(evaluate(e.subtree(i), X)).all() for i in range(e.size)):
        moved = found.expression.with_constants(found.expression.constants * (1 + 1e-12))
        shaken = loss(moved, X * (1 + 1e-12), TARGET, weights)
        actual = loss(found.expression, X, TARGET, weights)
        if abs(shaken - actual) < 1e-8 * actual:  # well conditioned
            np.testing.assert_allclose(found.loss, actual, rtol=1e-5)
            assert found.loss <= start * (1 + 1e-9)


@settings(max_examples=150)
@given(expressions(SMOOTH_NAMES, constants=generic))
def test_another_fit_never_loses(e):
    found = fit_constants(e, X, TARGET, max_steps=300)
    again = fit_constants(found.expression, X, TARGET, max_steps=300)
    assert not again.loss > found.loss * (1 + 1e-6)


LAWS = [
    ("2.5*exp(-1.3*x) + 0.7", "1*exp(-1*x) + 0"),
    ("3*sin(2.2*x + 0.4) - 1", "1*sin(2*x + 0) - 0"),
    ("1.7*x**2.3", "1*x**1.9"),
    ("2*x**(-1.5)*y**0.5", "1*x**(-1)*y**1"),
    ("(2*x + 1)/(3*y + 0.5)", "(1*x + 2)/(1*y + 1)"),
    ("4.2*log(x + 0.3) + 2", "1*log(x + 1) + 0"),
    ("x/(1.5 + x) * 7", "x/(1 + x) * 1"),
    ("sqrt(2.5*x + 0.7*y) + 0.1", "sqrt(1*x + 1*y) + 1"),
    ("2*tanh(0.8*x - 1) + 0.3*y", "1*tanh(1*x - 0.5) + 1*y"),
    ("x*exp(-y/1.7)/(1 + 0.4*z)", "x*exp(-y/1)/(1 + 1*z)"),
    ("5*max(x, 1.4) - 2*min(y, 1.1)", "1*max(x, 1.3) - 1*min(y, 1.2)"),
    ("where(x - 1.2, 2*y, 3 + z)", "where(x - 1.2, 1*y, 1 + z)"),
    ("3*atan(0.7*x) + cosh(0.5*y)", "1*atan(1*x) + cosh(1*y)"),
    ("exp(0.3)*x + exp(0.6)*y", "exp(0)*x + exp(0)*y"),
]


@pytest.mark.parametrize(("law", "start"), LAWS, ids=[law for law, _ in LAWS])
@pytest.mark.parametrize("n", [200, 1300])
def test_exact_laws_are_recovered_exactly(law, start, n):
    table = positive_table(n)
    y = evaluate(parse(law, NAMES), table)
    found = fit_constants(parse(start, NAMES), table, y, max_steps=200)
    assert np.sqrt(found.loss) < 1e-12 * np.max(np.abs(y))
    np.testing.assert_allclose(evaluate(found.expression, table), y, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(("law", "start"), LAWS, ids=[law for law, _ in LAWS])
@pytest.mark.parametrize("weighted", [False, True])
def test_as_good_as_scipy_on_noisy_laws(law, start, weighted):
    table = positive_table(120)
    y = evaluate(parse(law, NAMES), table) + 0.05 * RANDOM.normal(size=120)
    weights = RANDOM.uniform(0.1, 2.0, 120) if weighted else None
    root = np.ones(120) if weights is None else np.sqrt(weights)
    e = parse(start, NAMES)
    peer = least_squares(
        lambda c: np.nan_to_num(root * (evaluate(e.with_constants(c), table) - y), nan=1e3),
        e.constants,
        jac=lambda c: np.nan_to_num(root[:, None] * constant_jacobian(e.with_constants(c), table)[1]),
        method="trf",
    )
    mine = fit_constants(e, table, y, weights, max_steps=200)
    peers_loss = loss(e.with_constants(peer.x), table, y, weights)
    assert mine.loss <= peers_loss * (1 + 1e-5)


def test_weights_are_repetitions():
    e = parse("1*exp(-0.5*x) + 1*y**2 - 0.1", NAMES)
    times = np.arange(60) % 4
    repeated = np.repeat(np.arange(60), times)
    table = np.abs(X)
    weighted = fit_constants(e, table, TARGET, times.astype(float))
    plain = fit_constants(e, table[repeated], TARGET[repeated])
    np.testing.assert_allclose(weighted.loss, plain.loss, rtol=1e-9)
    np.testing.assert_allclose(weighted.expression.constants, plain.expression.constants, rtol=1e-5)


def test_scale_of_the_weights_is_of_no_consequence():
    e = parse("1*exp(-0.5*x) + 0.1", NAMES)
    one, thousand = (fit_constants(e, X, TARGET, WEIGHTS * k) for k in (1.0, 1000.0))
    np.testing.assert_allclose(one.loss, thousand.loss, rtol=1e-12)
    np.testing.assert_allclose(one.expression.constants, thousand.expression.constants, rtol=1e-9)


@pytest.mark.parametrize("n", [100, 1000, 2500])
def test_slope_and_intercept_of_a_population(n):
    """With `scaling` the line belongs to the centred target and the loss is that of line(tree)."""
    table = plain_table(rows=n)
    y = 3.0 * np.exp(0.7 * table[:, 0]) + 100.0
    # The last ones hold scales and shifts of their own, which lowering takes off the root.
    texts = ("exp(0.5*x)", "x*y", "sin(x)", "x", "square(x - 0.5)")
    texts += ("x*(x*sin(x)*0.67)", "5 - 2*x", "4*exp(-0.5*x)*y + 3", "2*x*(y + 0.3)")
    trees = [parse(t, NAMES) for t in texts]
    programs = Programs.pack(trees)
    blocks = Blocks.of(table, y)
    found = fit_programs(programs, blocks, max_attempts=50, tolerance=1e-12)
    for t, (start, stop) in enumerate(zip(programs.offsets[:-1], programs.offsets[1:], strict=True)):
        tree = unpack(programs.ops, programs.args, found.values, int(start), int(stop))
        line = found.lines[t, 0] * evaluate(tree, table) + found.lines[t, 1] + blocks.center
        np.testing.assert_allclose(found.losses[t], np.mean((y - line) ** 2), rtol=1e-8, atol=1e-18)
        if t > 0:
            slope, intercept = np.polyfit(evaluate(tree, table), y - blocks.center, 1)
            np.testing.assert_allclose(found.lines[t], [slope, intercept], rtol=1e-6)
    assert found.losses[0] < 1e-16


@pytest.mark.parametrize("text", ["exp(0.5*x) + 0.1*y", "sin(1.1*x)*y + 2", "1/(x**2 + 1.5)"])
@pytest.mark.parametrize("weighted", [False, True])
def test_several_blocks_are_one_block(text, weighted):
    table = plain_table(rows=700)
    y = table[:, 0] + np.random.default_rng(1).normal(size=700)
    weights = np.random.default_rng(2).uniform(0.1, 2.0, 700) if weighted else None
    programs = Programs.pack([parse(text, NAMES)])
    one, many = (
        fit_programs(programs, Blocks.of(table, y, weights, block=size), max_attempts=30, tolerance=1e-12)
        for size in (704, 128)
    )
    np.testing.assert_allclose(many.losses, one.losses, rtol=1e-9)
    np.testing.assert_allclose(many.values, one.values, rtol=1e-5)
    np.testing.assert_allclose(many.lines, one.lines, rtol=1e-5)


@pytest.mark.parametrize("text", ["log(x - 100)*2", "sqrt(-1 - x**2)", "1/(x - x)", "exp(1000*x**2)"])
def test_a_start_that_is_not_finite_is_returned_with_an_infinite_loss(text):
    e = parse(text, NAMES)
    found = fit_constants(e, X, TARGET)
    assert found.loss == np.inf
    assert found.expression == e
    assert found.steps == 0


def test_where_no_constants_express_the_optimum_the_start_is_kept():
    """exp(x + c) is positive whatever c; the target is negative."""
    e = parse("exp(0.1*x + 1)", NAMES)
    found = fit_constants(e, X, -np.exp(X[:, 0] / 5))
    assert found.loss <= loss(e, X, -np.exp(X[:, 0] / 5))
    np.testing.assert_allclose(found.loss, loss(found.expression, X, -np.exp(X[:, 0] / 5)), rtol=1e-9)


def test_a_constant_without_a_derivative_holds_up_no_other():
    """An exponent over negative numbers cannot move; the frequency beside it can."""
    y = np.sin(1.3 * X[:, 0]) + X[:, 1] ** 2
    found = fit_constants(parse("sin(1.2*x) + pow(y, 2)", NAMES), X, y)
    assert found.loss < 1e-24
    y = np.where(X[:, 0] > 0, np.log(np.abs(X[:, 0]) + 0.7), 2.0)
    found = fit_constants(parse("where(x, log(x + 0.9), 1.5)", NAMES), X, y)
    assert found.loss < 1e-24


def test_no_constants_and_only_constants():
    none = fit_constants(Expression.variable(0), X, TARGET)
    assert none.expression == Expression.variable(0)
    np.testing.assert_allclose(none.loss, loss(none.expression, X, TARGET), rtol=1e-12)
    only = fit_constants(Expression.constant(5.0), X, TARGET, WEIGHTS)
    np.testing.assert_allclose(only.expression.constants, [np.average(TARGET, weights=WEIGHTS)], rtol=1e-12)
    both = fit_constants(parse("2/8*x*(3/4)", NAMES), X, 5 * X[:, 0])
    assert both.loss < 1e-24


def test_more_constants_than_the_solver_takes_are_left_alone():
    many = parse(" + ".join(f"sin({k}.5*x + {k})" for k in range(1, 30)), NAMES)
    found = fit_constants(many, X, TARGET)
    assert found.loss <= loss(many, X, TARGET) * (1 + 1e-12)
    np.testing.assert_allclose(found.loss, loss(found.expression, X, TARGET), rtol=1e-9)
