"""Tapes made by hand against plain NumPy: shared slots, skip connections, several roots."""

import numpy as np
import pytest

from eqdisc.engine.network import Network, Tape
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OPERATORS
from tests.strategies import plain_table

X = plain_table(rows=600)
WEIGHTS = np.array([0.3, 1.2, -0.7, 0.4, -0.2, 0.9, 0.5, 0.1, -1.1, 0.6, 0.8])


def shared_network(w):
    """Two layers; h is read four times and a root as well, one weighted sum reads a slot twice."""
    net = Network(3)
    h = net.weighted_sum([0, 1, 2], w[1:4], bias=w[0])
    wave = net.apply("sin", h)
    product = net.apply("mul", wave, h)
    squared = net.apply("square", h)
    out = net.weighted_sum([product, squared, wave, 0, h, wave], w[5:11], bias=w[4])
    unread = net.apply("exp", wave)
    return net.tape([out, h, net.apply("tanh", out), 1, unread])


def plain(w, X):
    h = w[0] + X @ w[1:4]
    wave = np.sin(h)
    out = w[4] + np.column_stack([wave * h, h * h, wave, X[:, 0], h, wave]) @ w[5:11]
    return np.array([out, h, np.tanh(out), X[:, 1], np.exp(wave)])


def differences(function, point, h=1e-6):
    steps = h * np.eye(len(point))
    return np.stack([(function(point + s) - function(point - s)) / (2 * h) for s in steps], axis=-1)


def test_values_are_those_of_plain_numpy():
    values = shared_network(WEIGHTS).evaluate(X)
    np.testing.assert_allclose(values, plain(WEIGHTS, X), rtol=1e-12, atol=1e-12)


def test_derivatives_by_weights():
    values, jacobian = shared_network(WEIGHTS).jacobian(X)
    assert jacobian.shape == (5, len(X), len(WEIGHTS))
    np.testing.assert_allclose(values, plain(WEIGHTS, X), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(jacobian, differences(lambda w: plain(w, X), WEIGHTS), rtol=1e-5, atol=1e-7)


def test_derivatives_by_inputs():
    _, slopes = shared_network(WEIGHTS).input_jacobian(X)
    for row in range(0, len(X), 61):
        wanted = differences(lambda x: plain(WEIGHTS, x[None])[:, 0], X[row])
        np.testing.assert_allclose(slopes[:, row], wanted, rtol=1e-5, atol=1e-7)


def test_weights_can_be_exchanged():
    other = WEIGHTS[::-1].copy()
    tape = shared_network(WEIGHTS)
    np.testing.assert_array_equal(tape.free_weights, WEIGHTS)
    np.testing.assert_allclose(tape.with_weights(other).evaluate(X), plain(other, X), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(tape.evaluate(X), plain(WEIGHTS, X), rtol=1e-12, atol=1e-12)


def test_zero_weights_keep_their_derivative():
    net = Network(1)
    out = net.weighted_sum([net.weighted_sum([0], [2.0])], [0.0])
    _, jacobian = net.tape([out]).jacobian(np.array([[3.0]]))
    assert jacobian.tolist() == [[[0.0, 0.0, 1.0, 6.0]]]


@pytest.mark.parametrize("row", OPERATORS, ids=lambda row: row.name)
def test_every_operator(row):
    net = Network(3)
    tape = net.tape([net.apply(row.name, *range(row.arity))])
    e = Expression.apply(row.name, *(Expression.variable(k) for k in range(row.arity)))
    np.testing.assert_allclose(tape.evaluate(X)[0], evaluate(e, X), rtol=1e-12)
    lowered = Tape.of([e], 3)
    np.testing.assert_allclose(
        tape.input_jacobian(X)[1],
        lowered.input_jacobian(X)[1],
        rtol=1e-12,
        err_msg="with and without folding",
    )


def test_a_gauss_newton_step_on_the_jacobian_fits_a_network():
    target = plain(WEIGHTS, X)[0]
    w = WEIGHTS + 0.02 * np.random.default_rng(2).normal(size=len(WEIGHTS))
    for _ in range(20):
        values, jacobian = shared_network(w).jacobian(X)
        w = w + np.linalg.lstsq(jacobian[0], target - values[0], rcond=1e-10)[0]
    np.testing.assert_allclose(shared_network(w).evaluate(X)[0], target, rtol=1e-9, atol=1e-9)


def test_mistakes_are_refused():
    net = Network(2)
    with pytest.raises(ValueError, match="2 operands, got 1"):
        net.apply("mul", 0)
    with pytest.raises(ValueError, match="no unit writes slot 2"):
        net.apply("sin", 2)
    with pytest.raises(ValueError, match="2 slots got 1 weights"):
        net.weighted_sum([0, 1], [1.0])
    with pytest.raises(ValueError, match="reads 2 features"):
        net.tape([0]).evaluate(np.zeros((3, 1)))
