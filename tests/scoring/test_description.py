"""Description length: short laws that fit are short, and nothing else is."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.data.dataset import Dataset
from eqdisc.expr.parse import parse
from eqdisc.scoring.description import DENOMINATORS, constant_bits, describe, is_short, nice_numbers


def noisy_line(n_rows=100, noise=0.1):
    random = np.random.default_rng(3)
    x = random.uniform(0, 4, n_rows)
    return Dataset.of(x[:, None], 2 * x + 1 + noise * random.normal(size=n_rows), names=["x"])


@given(
    st.integers(-24, 24).filter(bool),
    st.sampled_from(DENOMINATORS),
    st.sampled_from([1.0, math.pi, 1 / math.pi]),
)
def test_multiples_of_bases_are_found(numerator, denominator, base):
    value = base * numerator / denominator
    assert is_short(value)
    assert any(abs(nice.value - value) <= 1e-15 * abs(value) for nice in nice_numbers(value, 1e-12))


@given(st.floats(-1e6, 1e6), st.floats(0, 1e3))
def test_nice_numbers_lie_in_the_window_shortest_first(value, window):
    found = nice_numbers(value, window)
    assert all(abs(nice.value - value) <= window for nice in found)
    assert [nice.bits for nice in found] == sorted(nice.bits for nice in found)


@pytest.mark.parametrize("value", [9.81, 0.05, 1e-3, 6.674e-11, 1 / 3, 0.0, -2.0])
def test_decimals_and_small_numbers_are_short(value):
    assert is_short(value)


@given(st.floats(0.1, 10.0), st.floats(1e-12, 1e-2))
def test_a_constant_never_costs_more_for_being_less_certain(value, error):
    assert constant_bits(value, 2 * error) <= constant_bits(value, error)


def test_the_true_law_is_shortest_under_noise():
    table = noisy_line()
    texts = ("2*x + 1", "2.3*x", "2.0213*x + 0.9741", "2*x + 1 + 0.01*sin(5*x)", "3.1", "x**2")
    lengths = {text: describe(parse(text, ["x"]), table).bits for text in texts}
    assert min(lengths, key=lengths.__getitem__) == "2*x + 1"


def test_nothing_is_gained_below_the_rounding_floor():
    x = np.linspace(1, 2, 50)
    table = Dataset.of(x[:, None], np.round(x / 3, 3))
    law, fitted = (describe(parse(text, ["x"]), table) for text in ("x/3", "x/3 + 0.0001*sin(40*x)"))
    assert law.is_shorter_than(fitted)


def test_a_sample_stands_for_its_rows():
    table, law = noisy_line(), parse("2*x + 1", ["x"])
    once, often = describe(law, table), describe(law, table, n_rows=1000)
    assert often.n_rows == 1000
    assert often.structure_bits == once.structure_bits
    assert often.bits - often.law_bits == pytest.approx(10 * (once.bits - once.law_bits))


def test_what_is_not_finite_is_infinitely_long():
    assert describe(parse("log(x - 2)", ["x"]), noisy_line()).bits == math.inf
