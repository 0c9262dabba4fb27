import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from eqdisc.benchmark.suites import sampling
from eqdisc.benchmark.suites.sampling import Input, draw_rows
from eqdisc.errors import DataError

ROWS = 4000


def drawn(rows=ROWS, seed=0, **how):
    return Input("x", **how).sample(rows, np.random.default_rng(seed))


def test_log_uniform_is_uniform_in_the_logarithm():
    assert kstest(np.log10(drawn(low=1e-3, high=1e5, draw="log")), "uniform", (-3.0, 8.0)).pvalue > 0.01


def test_uniform_is_uniform():
    assert kstest(drawn(low=-1.0, high=3.0), "uniform", (-1.0, 4.0)).pvalue > 0.01


def test_integers_are_drawn_equally_often_with_both_ends():
    values, counts = np.unique(drawn(low=1, high=9, draw="integer"), return_counts=True)
    assert values.tolist() == list(range(1, 10))
    assert np.all(np.abs(counts - ROWS / 9) < 5 * np.sqrt(ROWS / 9))


def test_rounded_numbers_have_their_ends_half_as_often():
    values, counts = np.unique(drawn(low=1, high=5, draw="rounded"), return_counts=True)
    assert values.tolist() == list(range(1, 6))
    expected = ROWS * np.array([1, 2, 2, 2, 1]) / 8
    assert np.all(np.abs(counts - expected) < 5 * np.sqrt(expected))


def test_signs_are_a_fair_coin_independent_of_size():
    values = drawn(low=1.0, high=100.0, draw="log", sign="either")
    assert abs(np.mean(values > 0.0) - 0.5) < 0.04
    assert abs(np.corrcoef(np.sign(values), np.abs(values))[0, 1]) < 0.06
    assert np.all(drawn(low=1.0, high=100.0, draw="log", sign="negative") < 0.0)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-50.0, 50.0),
    st.floats(0.5, 50.0),
    st.sampled_from(["uniform", "integer", "rounded", "log"]),
    st.sampled_from(["as_drawn", "negative", "either"]),
)
def test_draws_stay_in_the_domain(low, width, draw, sign):
    if draw == "log":
        low = abs(low) + 0.1
    if draw in ("integer", "rounded"):
        low, width = float(round(low)), float(np.ceil(width))
    how = Input("x", low, low + width, draw, sign)
    lowest, highest = how.domain
    values = how.sample(300, np.random.default_rng(1))
    slack = 1e-12 * max(abs(lowest), abs(highest))
    assert lowest - slack <= values.min() <= values.max() <= highest + slack


def test_rows_without_a_target_are_drawn_again():
    inputs = (Input("a", -1.0, 1.0), Input("b", 0.0, 1.0))
    features, targets = draw_rows(inputs, "sqrt(a) + b", 1000, np.random.default_rng(0))
    assert features.shape == (1000, 2)
    assert np.all(features[:, 0] >= 0.0)
    assert np.array_equal(targets, np.sqrt(features[:, 0]) + features[:, 1])
    # What is kept keeps its distribution.
    assert kstest(features[:, 0], "uniform").pvalue > 0.01
    assert kstest(features[:, 1], "uniform").pvalue > 0.01


def test_a_rare_law_is_filled_up_too():
    features, _ = draw_rows((Input("a", 0.0, 1.0),), "sqrt(a - 0.999)", 50, np.random.default_rng(0))
    assert features.shape == (50, 1)
    assert features.min() >= 0.999


def test_an_impossible_law_is_an_error(monkeypatch):
    monkeypatch.setattr(sampling, "_MOST_DRAWS", 5000)
    with pytest.raises(DataError, match="gives 0 rows of 10"):
        draw_rows((Input("a", 1.0, 2.0),), "sqrt(-a)", 10, np.random.default_rng(0))
