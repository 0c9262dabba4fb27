"""The oracle: against scalar Python, and its derivatives against differences."""

import math

import numpy as np
import pytest
from hypothesis import given

from eqdisc.engine.reference import BLOCK_ROWS, constant_jacobian, evaluate, feature_jacobian
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OPERATORS
from eqdisc.expr.parse import parse
from tests.strategies import SMOOTH_NAMES, expressions, plain_table, ugly_table

X = plain_table()


@given(expressions())
def test_row_by_row_is_the_same(e):
    """No row knows of another, and the children's values are all that an operator sees."""
    whole = evaluate(e, ugly_table())
    single = [evaluate(e, row[None, :])[0] for row in ugly_table()]
    # Vectorised and scalar library functions may round differently.
    np.testing.assert_allclose(whole, single, rtol=1e-9)
    if e.arity_root:
        columns = np.column_stack([evaluate(child, ugly_table()) for child in e.children])
        leaves = [Expression.variable(k) for k in range(e.arity_root)]
        np.testing.assert_array_equal(whole, evaluate(Expression.apply(e.root, *leaves), columns))


PLAIN = {
    "exp": math.exp, "sin": math.sin, "cos": math.cos, "tan": math.tan, "sinh": math.sinh, "cosh": math.cosh,
    "tanh": math.tanh, "atan": math.atan, "abs": abs, "floor": math.floor, "neg": lambda a: -a,
    "square": lambda a: a * a, "cube": lambda a: a**3, "inv": lambda a: 1 / a, "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "div": lambda a, b: a / b, "min": min, "max": max,
    "mod": lambda a, b: a % b, "atan2": math.atan2, "where": lambda c, a, b: a if c > 0 else b,
    "sign": lambda a: (a > 0) - (a < 0), "sqrt": lambda a: math.sqrt(a) if a >= 0 else math.nan,
    "cbrt": lambda a: math.copysign(abs(a) ** (1 / 3), a),
    "log": lambda a: math.log(a) if a > 0 else math.nan,
    "log10": lambda a: math.log10(a) if a > 0 else math.nan,
    "asin": lambda a: math.asin(a) if abs(a) <= 1 else math.nan,
    "acos": lambda a: math.acos(a) if abs(a) <= 1 else math.nan,
    "pow": lambda a, b: a**b if a > 0 else math.nan,
}  # fmt: skip


@pytest.mark.parametrize("row", OPERATORS, ids=lambda row: row.name)
def test_operators_mean_what_python_means(row):
    e = Expression.apply(row.name, *(Expression.variable(k) for k in range(row.arity)))
    expected = [PLAIN[row.name](*values[: row.arity]) for values in X.tolist()]
    np.testing.assert_allclose(evaluate(e, X), expected, rtol=1e-12)


def differences(value_at, point, h=1e-6):
    """Central differences of value_at(point) in each coordinate, and whether they can be trusted."""
    slopes, trusted = [], []
    for k in range(len(point)):
        step = h * max(1.0, abs(point[k]))
        values = [value_at(point + step * s * (np.arange(len(point)) == k)) for s in (-2, -1, 1, 2)]
        coarse = (values[3] - values[0]) / (4 * step)
        fine = (values[2] - values[1]) / (2 * step)
        slopes.append(fine)
        left, right = (values[1] - values[0]) / step, (values[3] - values[2]) / step
        size = np.max(np.abs(values), axis=0)
        # Where all agree there is no jump, kink, pole or cancellation nearby.
        agree = (np.abs(coarse - fine) < 1e-5 * np.abs(fine)) & (np.abs(left - right) < 1e-3 * np.abs(fine))
        trusted.append(agree & (size < 1e3 * np.abs(fine)))
    return np.array(slopes).reshape(len(point), -1).T, np.array(trusted).reshape(len(point), -1).T


@given(expressions(SMOOTH_NAMES))
def test_constant_jacobian_is_the_slope(e):
    value, jacobian = constant_jacobian(e, X)
    np.testing.assert_array_equal(value, evaluate(e, X))
    assert jacobian.shape == (len(X), len(e.constants))
    if len(e.constants):
        with np.errstate(all="ignore"):
            slope, trusted = differences(lambda c: evaluate(e.with_constants(c), X), e.constants)
        np.testing.assert_allclose(jacobian[trusted], slope[trusted], rtol=1e-3)


@given(expressions(SMOOTH_NAMES))
def test_feature_jacobian_is_the_slope(e):
    value, jacobian = feature_jacobian(e, X[:4])
    np.testing.assert_array_equal(value, evaluate(e, X[:4]))
    for i in range(4):
        with np.errstate(all="ignore"):
            slope, trusted = differences(lambda x: evaluate(e, x[None, :]), X[i])
        np.testing.assert_allclose(jacobian[i][trusted[0]], slope[0][trusted[0]], rtol=1e-3)


def test_what_does_not_depend_has_no_derivative():
    e = parse("log(x) + where(x, 2, sqrt(x)*3)", ["x"])
    value, jacobian = constant_jacobian(e, np.array([[4.0], [-1.0], [0.0]]))
    assert jacobian[0].tolist() == [1.0, 0.0]
    assert np.isnan(value[1])
    assert constant_jacobian(parse("x**2", ["x"]), X)[1].shape == (len(X), 0)


def test_ugly_values_raise_nothing_and_warn_nothing(recwarn):
    for row in OPERATORS:
        e = Expression.apply(row.name, *(Expression.variable(k) for k in range(row.arity)))
        for function in (evaluate, constant_jacobian, feature_jacobian):
            function(e, ugly_table())
    assert not recwarn.list


def test_the_result_is_a_copy():
    table = np.zeros((2, 1))
    evaluate(Expression.variable(0), table)[:] = 1.0
    assert table.tolist() == [[0.0], [0.0]]


def test_too_few_features():
    with pytest.raises(ValueError, match=r"reads 2 features, got an array of shape \(3, 1\)"):
        evaluate(Expression.variable(1), np.zeros((3, 1)))


def test_blocks_of_rows_do_not_show():
    features = np.random.default_rng(0).normal(size=(2 * BLOCK_ROWS + 77, 3))
    law = parse("sin(x)*y**3 + exp(z/2)/(abs(x) + 1) + where(y, cbrt(z), 2)", ["x", "y", "z"])
    whole = evaluate(law, features)
    assert whole.shape == (features.shape[0],)
    for rows in (slice(BLOCK_ROWS - 50, BLOCK_ROWS + 50), slice(-30, None), slice(7, 8)):
        np.testing.assert_allclose(whole[rows], evaluate(law, features[rows]), rtol=1e-12)
    assert evaluate(law, features[:0]).shape == (0,)
