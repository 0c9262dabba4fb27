"""Derivatives by reverse sweep against the reference's forward mode and against differences."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdisc.engine.derivatives import input_derivatives
from eqdisc.engine.network import Tape
from eqdisc.engine.programs import Programs
from eqdisc.engine.reference import constant_jacobian, evaluate, feature_jacobian
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, OPERATORS
from eqdisc.expr.parse import parse
from tests.strategies import N_FEATURES, SMOOTH_NAMES, expressions, plain_table

X = plain_table(rows=40)
NAMES = ("x", "y", "z")
# Away from special numbers: no ties of min and max, no zero operands.
SMOOTH = [name for name in SMOOTH_NAMES if name not in ("min", "max")]
generic = st.floats(0.3, 3.0) | st.floats(-3.0, -0.3)


def spread_of(derivative, X):
    """How much derivatives move with tiny errors of the inputs: their conditioning."""
    exact = derivative(X)
    with np.errstate(all="ignore"):
        moved = [derivative(X * (1 + 1e-11 * s)) for s in (-1.0, 1.0, 0.3)]
        return exact, np.max(np.abs(np.array(moved) - exact), axis=0)


def assert_close(actual, derivative, X):
    exact, spread = spread_of(derivative, X)
    with np.errstate(all="ignore"):
        known = np.isfinite(exact) & np.isfinite(spread)
        wrong = known & ~(np.abs(actual - exact) <= 30 * spread + 1e-10 * (1 + np.abs(exact)))
    assert not wrong.any(), (actual[wrong][0], exact[wrong][0])


def by_features(e):
    return lambda X: np.where(np.isfinite(evaluate(e, X))[:, None], feature_jacobian(e, X)[1], np.nan)


@pytest.mark.parametrize("row", OPERATORS, ids=lambda row: row.name)
def test_every_operator_by_its_inputs(row):
    variables = [Expression.variable(k) for k in range(row.arity)]
    affine = [1.5 * v + 0.25 * Expression.variable(2) - 0.125 for v in variables]
    for operands in (variables, affine, [variables[0]] * row.arity):
        e = Expression.apply(row.name, *operands)
        for tree in (e, Expression.apply("sin", 2.0 * e - 1.0), e * e + variables[0]):
            values, slopes = input_derivatives(Programs.pack([tree]), X)
            np.testing.assert_allclose(values[0], evaluate(tree, X), rtol=1e-8, atol=1e-12)
            assert_close(slopes[0], by_features(tree), X)


@settings(max_examples=400)
@given(expressions(constants=generic))
def test_random_expressions_by_their_inputs(e):
    _, slopes = input_derivatives(Programs.pack([e]), X)
    # A NaN in a part whose derivative is exactly zero, as in 1**x: forward mode drops it, the sweep need not.
    exact = by_features(e)
    assert_close(slopes[0], lambda X: np.where(np.isnan(slopes[0]), np.nan, exact(X)), X)
    healthy = np.isfinite(slopes[0]).sum() >= np.isfinite(exact(X)).sum() - 2 * X.size // 3
    assert healthy or "pow" in str(e) or "**" in str(e)


@pytest.mark.parametrize(
    "text",
    [
        "where(x, log(x), -y)",
        "where(x, sqrt(x), x**2)",
        "min(y, where(x, x**1.5, 0))",
        "max(x, -abs(x)) * sqrt(x**2)",
        "where(x, 1/sqrt(x), acos(2 + y**2))",
    ],
)
def test_branches_not_taken_have_no_derivative(text):
    """Where log(x) was not chosen its NaN does not reach the derivatives."""
    e = parse(text, NAMES)
    chosen = np.isfinite(evaluate(e, X)) & np.isfinite(feature_jacobian(e, X)[1]).all(axis=1)
    _, slopes = input_derivatives(Programs.pack([e]), X)
    np.testing.assert_allclose(slopes[0][chosen], feature_jacobian(e, X)[1][chosen], rtol=1e-12)
    assert chosen.sum() > len(X) // 3


def test_powers_of_zero():
    table = np.array([[0.0, 2.0, 1.0], [2.0, 0.0, 1.0], [2.0, 3.0, 1.0], [-2.0, 3.0, 1.0]])
    e = parse("x**y", NAMES)
    _, slopes = input_derivatives(Programs.pack([e]), table)
    np.testing.assert_allclose(slopes[0], feature_jacobian(e, table)[1], rtol=1e-12)
    tape = Tape.of([parse("x**2.5", NAMES)], 3)
    assert tape.jacobian(table[[0, 2]])[1][0, :, 0].tolist() == [0.0, pytest.approx(2**2.5 * np.log(2))]


@pytest.mark.parametrize("n", [1, 63, 64, 65, 511, 513, 1500])
def test_rows_do_not_know_of_their_block(n):
    table = plain_table(rows=1500)
    trees = [parse("sin(x*y)/z + x", NAMES), parse("3", NAMES), parse("y", NAMES), parse("2*y - 1", NAMES)]
    whole = input_derivatives(Programs.pack(trees), table)
    part = input_derivatives(Programs.pack(trees), table[:n])
    np.testing.assert_array_equal(part[0], whole[0][:, :n])
    np.testing.assert_array_equal(part[1], whole[1][:, :n])
    assert whole[1][1:, 0].tolist() == [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 2.0, 0.0]]


@settings(max_examples=60)
@given(st.lists(st.tuples(*[expressions(constants=generic)] * 2), min_size=1, max_size=3))
def test_several_roots(groups):
    values, slopes = input_derivatives(Programs.pack(groups), X)
    assert values.shape == (len(groups), 2, len(X))
    assert slopes.shape == (len(groups), 2, len(X), N_FEATURES)
    for p, group in enumerate(groups):
        for r, e in enumerate(group):
            one = input_derivatives(Programs.pack([e]), X)
            np.testing.assert_array_equal(values[p, r], one[0][0])
            np.testing.assert_array_equal(slopes[p, r], one[1][0])


@settings(max_examples=300)
@given(expressions(SMOOTH, constants=generic))
def test_fitted_weights_by_differences(e):
    """Derivatives by the free weights of the tape that a fit works on, operator by operator."""
    tape = Tape.of([e], N_FEATURES)
    _, jacobian = tape.jacobian(X)
    start = tape.free_weights
    for k, weight in enumerate(start):
        with np.errstate(all="ignore"):
            slopes = []
            for h in (1e-5, 2e-5):
                step = h * max(1.0, abs(weight)) * (np.arange(len(start)) == k)
                above, below = tape.with_weights(start + step), tape.with_weights(start - step)
                slopes.append((above.evaluate(X) - below.evaluate(X)) / (2 * step[k]))
            sure = np.isfinite(slopes[0]) & (np.abs(slopes[0] - slopes[1]) < 1e-6 * (1 + np.abs(slopes[0])))
            error = np.abs(jacobian[..., k] - slopes[0]) / (1 + np.abs(slopes[0]))
        assert not (sure & ~(error < 1e-4)).any(), (e, k)


@settings(max_examples=300)
@given(expressions(constants=generic))
def test_free_weights_are_all_that_constants_can_do_and_no_more(e):
    """The tangent space of the constants is that of the free weights, the slope and the intercept."""
    with np.errstate(all="ignore"):
        values, by_constants = constant_jacobian(e, X)
    by_weights = Tape.of([e], N_FEATURES).jacobian(X)[1][0]
    rows = np.isfinite(values) & np.isfinite(by_constants).all(axis=1) & np.isfinite(by_weights).all(axis=1)
    if rows.sum() < 25 or CONSTANT not in e.codes:
        return

    def unit(columns):
        columns = np.asarray(columns)[rows]
        return columns / (np.linalg.norm(columns, axis=0) + 1e-300)

    basis = np.column_stack([unit(by_weights), unit(values[:, None]), unit(np.ones((len(X), 1)))])
    wanted = unit(by_constants)
    found = basis @ np.linalg.lstsq(basis, wanted, rcond=1e-11)[0]
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    together = np.column_stack([wanted, basis[:, -2:]])
    assert np.linalg.matrix_rank(basis, 1e-7) == np.linalg.matrix_rank(together, 1e-7)
