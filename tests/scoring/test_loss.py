import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eqdisc.scoring.loss import mean_squared_error, r_squared

values = arrays(np.float64, 7, elements=st.floats(-1e3, 1e3))
counts = arrays(np.int64, 7, elements=st.integers(1, 5))


@given(values, values, counts)
def test_an_integer_weight_is_a_repeated_row(target, prediction, weights):
    repeated = mean_squared_error(target.repeat(weights), prediction.repeat(weights))
    assert mean_squared_error(target, prediction, weights.astype(float)) == pytest.approx(
        repeated, rel=1e-12, abs=1e-12
    )


@given(values, values, counts, st.floats(1e-3, 1e3))
def test_only_ratios_of_weights_matter(target, prediction, weights, factor):
    expected = mean_squared_error(target, prediction, weights.astype(float))
    assert mean_squared_error(target, prediction, weights * factor) == pytest.approx(expected, rel=1e-12)


@given(values, values, st.floats(-100.0, 100.0), st.floats(0.1, 10.0))
def test_r_squared_knows_neither_origin_nor_unit(target, prediction, shift, factor):
    target[0] += 10.0  # some spread
    expected = r_squared(target, prediction)
    moved = r_squared(factor * (target + shift), factor * (prediction + shift))
    assert moved == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_r_squared_of_the_weighted_mean_is_zero():
    target, weights = np.array([1.0, 2.0, 4.0]), np.array([1.0, 1.0, 2.0])
    assert r_squared(target, np.full(3, np.average(target, weights=weights)), weights) == pytest.approx(0.0)


def test_a_constant_target_is_either_hit_or_beyond_r_squared():
    target = np.full(4, 3.0)
    assert r_squared(target, target) == 1.0
    assert np.isnan(r_squared(target, target + 1.0))


@pytest.mark.parametrize("ugly", [np.nan, np.inf, 1e300])
def test_what_is_not_finite_is_not_hidden(ugly):
    assert not np.isfinite(mean_squared_error(np.zeros(3), np.array([0.0, ugly, 0.0])))
