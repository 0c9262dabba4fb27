"""The polynomial laid through scattered points."""

import numpy as np

from eqdisc.search.surrogate import lay, scaled


def points(n=400, d=3, seed=0):
    return np.random.default_rng(seed).uniform(-1.0, 1.0, (n, d))


def test_slopes_are_those_of_the_function():
    x = points()
    laid = lay(x, np.exp(x[:, 0] - 0.5 * x[:, 1]) * (1.0 + x[:, 2]))
    e = np.exp(x[:, 0] - 0.5 * x[:, 1])
    expected = np.column_stack([e * (1 + x[:, 2]), -0.5 * e * (1 + x[:, 2]), e])
    assert np.sqrt(np.mean((laid.gradient(x) - expected) ** 2)) < 1e-2
    assert laid.share < 1e-4


def test_the_share_is_that_of_rows_not_seen():
    x, noise = points(600), np.random.default_rng(1).normal(size=600)
    laid = lay(x, x[:, 0] + noise)
    expected = 1.0 / (1.0 + np.var(x[:, 0]))
    assert 0.8 * expected < laid.share < 1.2 * expected
    assert lay(x, noise).share >= 0.97


def test_parts_add_up_and_share_no_input():
    x = points()
    laid = lay(x, np.sin(x[:, 0]) + x[:, 1] * x[:, 2], ((0,), (1, 2)))
    first, second = laid.part(x, (0,)), laid.part(x, (1, 2))
    np.testing.assert_allclose(first - first.mean(), np.sin(x[:, 0]) - np.sin(x[:, 0]).mean(), atol=1e-8)
    assert np.std(second - x[:, 1] * x[:, 2]) < 1e-8
    joint = lay(x, np.sin(x[:, 0]) + x[:, 1] * x[:, 2]).joint()
    assert joint[1, 2] > 0.1
    assert max(joint[0, 1], joint[0, 2]) < 1e-10


def test_equal_and_constant_columns_are_no_trouble():
    x = points(100, 2)
    same = np.column_stack([x, x[:, 0], np.zeros(100)])
    assert np.isfinite(lay(same, x[:, 0]).share)
    assert scaled(np.array([[3.0, 1.0], [3.0, 2.0]])).tolist() == [[0.0, -1.0], [0.0, 1.0]]
