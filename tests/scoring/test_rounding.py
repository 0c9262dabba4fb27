"""The rounding floor: what exact laws leave, and nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import constant_jacobian, evaluate, feature_jacobian
from eqdisc.engine.sensitivity import sensitivity
from eqdisc.expr.parse import parse
from eqdisc.scoring.rounding import is_exact, rounding_floor, row_floors
from tests.strategies import N_FEATURES, SMOOTH_NAMES, expressions

LAWS = [
    "2.5*sin(x)*y + sqrt(y)/x",
    "8.314*x/y",
    "exp(-x/3)*cos(2*y)",
    "x**3 - 4*x*y + log(y)",
    "1/sqrt(1 - (x/9)**2)",
    "sqrt(x**2 + y**2) - x",
]


def draws(n_rows=200, seed=0):
    return np.random.default_rng(seed).uniform(1.0, 5.0, (n_rows, 2))


def to_digits(values, digits):
    return np.vectorize(lambda value: float(f"{value:.{digits}g}"))(values)


def table_of(text, digits=None, n_rows=200, seed=0):
    law, features = parse(text, ["x", "y"]), draws(n_rows, seed)
    if digits is not None:
        # The law holds for the true features; the table shows them, and the target, rounded.
        return law, Dataset.of(to_digits(features, digits), to_digits(evaluate(law, features), digits))
    return law, Dataset.of(features, evaluate(law, features))


@pytest.mark.parametrize("text", LAWS)
@pytest.mark.parametrize("digits", [3, 4, 6])
def test_floor_is_what_a_law_leaves_of_a_printed_table(text, digits):
    law, table = table_of(text, digits)
    residual = np.sqrt(np.mean((table.target - evaluate(law, table.features)) ** 2))
    assert residual / 2 < rounding_floor(law, table) < residual * 2
    assert is_exact(law, table)


@pytest.mark.parametrize("text", LAWS)
def test_law_is_exact_on_full_and_on_single_precision(text):
    law, table = table_of(text)
    assert is_exact(law, table)
    assert rounding_floor(law, table) < 1e-13 * np.std(table.target)
    single = Dataset.of(table.features.astype(np.float32), table.target.astype(np.float32))
    assert is_exact(law, single)


@pytest.mark.parametrize("text", LAWS)
@pytest.mark.parametrize("digits", [4, None])
def test_a_slightly_wrong_law_is_not_exact(text, digits):
    law, table = table_of(text, digits)
    off = 6 * rounding_floor(law, table) if digits else 1e-10 * np.std(table.target)
    assert not is_exact(law + off, table)
    assert not is_exact(law + off * parse("sin(7*x)", ["x"]), table)


def test_cancellation_inside_the_law_is_allowed_for():
    # 1 - cos(x) of small x keeps few digits; written otherwise it keeps all.
    x = np.random.default_rng(1).uniform(1e-4, 1e-3, (100, 1))
    table = Dataset.of(x, 2 * np.sin(x[:, 0] / 2) ** 2)
    rough, fine = parse("1 - cos(x)", ["x"]), parse("2*sin(x/2)**2", ["x"])
    assert rounding_floor(rough, table) > 1e4 * rounding_floor(fine, table)
    assert is_exact(rough, table)
    assert is_exact(fine, table)


def test_approximation_of_forty_nodes_is_not_exact():
    x = np.linspace(-3, 3, 200)
    table = Dataset.of(x[:, None], np.sin(x) * np.exp(0.2 * x))
    powers = np.polynomial.polynomial.polyfit(x, table.target, 9)
    text = " + ".join(f"({c!r})*{'*'.join(['x'] * k) or '1'}" for k, c in enumerate(powers.tolist()))
    approximation = parse(text, ["x"])
    assert approximation.size > 40
    assert np.std(table.target - evaluate(approximation, table.features)) < 1e-3 * np.std(table.target)
    assert not is_exact(approximation, table)


def test_cancellation_is_no_excuse_for_an_approximation():
    # A difference quotient blames its error on 1e9 times the unit roundoff.
    x = np.linspace(1, 2, 200)
    table = Dataset.of(x[:, None], np.log(x))
    assert not is_exact(parse("1e10*(x**1e-10 - 1)", ["x"]), table)


def test_a_term_missing_where_the_target_is_small_is_noticed():
    x = np.geomspace(0.1, 100, 120)
    table = Dataset.of(x[:, None], to_digits(x**6 + x, 4))
    assert is_exact(parse("x**6 + x", ["x"]), table)
    assert not is_exact(parse("x**6", ["x"]), table)


def test_as_many_constants_as_rows_prove_nothing():
    x = np.array([1.0, 2.0, 3.0, 4.0, 5.5])
    y = np.array([3.12, 1.71, 2.94, 0.53, 7.77])
    powers = np.polynomial.polynomial.polyfit(x, y, 4)
    text = " + ".join(f"({c!r})*x**{k}" for k, c in enumerate(powers.tolist()))
    assert not is_exact(parse(text, ["x"]), Dataset.of(x[:, None], y))


def test_a_polynomial_through_a_printed_table_is_not_exact():
    x = np.linspace(0.0, 100.0, 21)
    y = np.array([float(f"{value:.4g}") for value in 6.1 * np.exp(17.27 * x / (x + 237.3))])
    powers = np.polynomial.polynomial.polyfit(x, y, 6)
    text = " + ".join(f"({c!r})*x**{k}" for k, c in enumerate(powers.tolist()))
    assert not is_exact(parse(text, ["x"]), Dataset.of(x[:, None], y))


def test_rows_beyond_the_first_look_count():
    x = np.linspace(1.0, 2.0, 6000)
    y = 3.7 * x
    law = parse("3.7*x", ["x"])
    assert is_exact(law, Dataset.of(x[:, None], y))
    y[-1] += 1e-9
    assert not is_exact(law, Dataset.of(x[:, None], y))


def test_values_that_are_not_finite_are_not_exact_and_slopes_that_are_not_are_left_out():
    x = np.array([0.0, 1.0, 4.0, 9.0, 16.0, 25.0, 36.0, 49.0])[:, None]
    table = Dataset.of(x + 0.25 * (x > 0), np.round(np.sqrt(x[:, 0] + 0.25 * (x[:, 0] > 0)), 3))
    assert np.isfinite(rounding_floor(parse("sqrt(x)", ["x"]), table))
    assert is_exact(parse("sqrt(x)", ["x"]), table)
    assert not is_exact(parse("log(x)", ["x"]), table)


def test_weights_do_not_matter():
    law, table = table_of(LAWS[0], 4)
    weighted = Dataset.of(table.features, table.target, weights=np.linspace(0.0, 1.0, 200))
    assert is_exact(law, weighted)
    assert not is_exact(law + 0.1, weighted)


def test_floors_do_not_depend_on_the_blocks():
    law, table = table_of(LAWS[2], 4, n_rows=9000)
    few = table.take(np.arange(8000, 9000))
    np.testing.assert_allclose(row_floors(law, table)[8000:], row_floors(law, few), rtol=1e-6)


@settings(max_examples=60, deadline=None)
@given(expressions(SMOOTH_NAMES), st.integers(0, 5))
def test_reverse_sweep_agrees_with_forward_mode(expression, seed):
    features = np.random.default_rng(seed).uniform(0.5, 2.0, (4, N_FEATURES))
    found = sensitivity(expression, features)
    value, by_constant = constant_jacobian(expression, features)
    by_feature = feature_jacobian(expression, features)[1][:, list(found.read)]
    np.testing.assert_array_equal(found.value, value)
    for ours, theirs in ((found.constants, by_constant), (found.features, by_feature)):
        known = np.isfinite(ours) & np.isfinite(theirs) & (np.abs(theirs) < 1e100)
        np.testing.assert_allclose(ours[known], theirs[known], rtol=1e-8, atol=1e-12)


def test_what_does_not_matter_passes_no_infinite_slope_on():
    found = sensitivity(parse("x*0*log(y)", ["x", "y"]), np.array([[1.0, 0.5], [2.0, 4.0]]))
    np.testing.assert_array_equal(found.features, np.zeros((2, 2)))
    found = sensitivity(parse("x*sqrt(y)", ["x", "y"]), np.array([[0.0, 0.0], [3.0, 4.0]]))
    np.testing.assert_array_equal(found.features, [[0.0, 0.0], [2.0, 0.75]])
