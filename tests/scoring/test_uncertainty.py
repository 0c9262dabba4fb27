"""Error bars: against curve_fit, against certified values, and against what they promise."""

import json
from dataclasses import replace
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit

from eqdisc.data.dataset import Dataset
from eqdisc.data.tables import read_example
from eqdisc.engine.reference import evaluate
from eqdisc.errors import DataError, OptionError
from eqdisc.expr.parse import parse
from eqdisc.scoring.rounding import BLOCK_ROWS
from eqdisc.scoring.uncertainty import (
    ErrorBars,
    confidence_band,
    error_bars,
    prediction_interval,
)
from eqdisc.search.optimum import optimum

DECAY = "2.3123456789*exp(-0.71234567891*x) + 0.51234567891"

# National Institute of Standards and Technology, Statistical Reference Datasets: certified parameters, their
# standard deviations, residual standard deviation.
CERTIFIED = {
    "misra1a": (
        "b1*(1 - exp(-b2*x))",
        {"b1": (2.3894212918e02, 2.7070075241e00), "b2": (5.5015643181e-04, 7.2668688436e-06)},
        1.0187876330e-01,
    ),
    "danwood": (
        "b1*x**b2",
        {"b1": (7.6886226176e-01, 1.8281973860e-02), "b2": (3.8604055871e00, 5.1726610913e-02)},
        3.2853114039e-02,
    ),
    "thurber": (
        "(b1 + b2*x + b3*x**2 + b4*x**3)/(1 + b5*x + b6*x**2 + b7*x**3)",
        {
            "b1": (1.2881396800e03, 4.6647963344e00),
            "b2": (1.4910792535e03, 3.9571156086e01),
            "b3": (5.8323836877e02, 2.8698696102e01),
            "b4": (7.5416644291e01, 5.5675370270e00),
            "b5": (9.6629502864e-01, 3.1333340687e-02),
            "b6": (3.9797285797e-01, 1.4984928198e-02),
            "b7": (4.9727297349e-02, 6.5842344623e-03),
        },
        1.3714600784e01,
    ),
}


def model(x, a, b, c):
    return a * np.exp(b * x) + c


def decay_table(n_rows=40, noise=0.05, seed=0, **more):
    random = np.random.default_rng(seed)
    x = np.sort(random.uniform(0.0, 4.0, n_rows))
    return Dataset.of(
        x[:, None], model(x, 2.3, -0.7, 0.5) + noise * random.normal(size=n_rows), ["x"], **more
    )


def fitted(table, text=DECAY):
    return optimum(parse(text, table.feature_names), table, max_steps=40, negligible=1e-15).expression


@pytest.mark.parametrize("name", CERTIFIED)
def test_certified_standard_deviations(name):
    text, parameters, scatter = CERTIFIED[name]
    for parameter, (value, _) in parameters.items():
        text = text.replace(parameter, repr(value))
    law = parse(text, ["x"])
    bars = error_bars(law, read_example(name))
    errors = dict(zip(np.abs(law.constants).tolist(), bars.standard_errors, strict=True))
    for value, deviation in parameters.values():
        assert errors[value] == pytest.approx(deviation, rel=1e-7)
    assert bars.scatter == pytest.approx(scatter, rel=1e-9)
    assert bars.degrees_of_freedom == read_example(name).n_rows - len(parameters)


@pytest.mark.parametrize("absolute", [False, True])
def test_curve_fit_finds_the_same_covariance(absolute):
    errors = np.random.default_rng(1).uniform(0.01, 0.3, 40)
    table = decay_table(sigma=errors if absolute else None, weights=None if absolute else 7.0 / errors**2)
    law = fitted(table)
    _, covariance = curve_fit(
        model, table.features[:, 0], table.target, law.constants, sigma=errors, absolute_sigma=absolute
    )
    bars = error_bars(law, table)
    np.testing.assert_allclose(bars.covariance, covariance, rtol=1e-4)
    assert bars.known is absolute
    assert (bars.reduced_chi_square is not None) is absolute


def test_sigma_is_taken_at_its_word_and_chi_square_tells_when_it_is_wrong():
    table = decay_table(noise=0.05, n_rows=400, sigma=np.full(400, 0.05))
    law = fitted(table)
    bars = error_bars(law, table)
    doubled = error_bars(law, replace(table, sigma=2.0 * table.sigma))
    np.testing.assert_allclose(doubled.standard_errors, 2.0 * bars.standard_errors, rtol=1e-12)
    assert bars.scatter == pytest.approx(0.05)
    assert bars.reduced_chi_square == pytest.approx(1.0, abs=0.25)
    assert doubled.reduced_chi_square == pytest.approx(bars.reduced_chi_square / 4.0)


@given(st.floats(1e-12, 1e12), st.integers(0, 50))
@settings(max_examples=25, deadline=None)
def test_only_ratios_of_weights_matter(factor, seed):
    weights = np.random.default_rng(seed).uniform(0.0, 2.0, 40)
    weights[:3] = 0.0
    law = parse(DECAY, ["x"])
    one = error_bars(law, decay_table(weights=weights))
    other = error_bars(law, decay_table(weights=factor * weights))
    kept = decay_table(weights=weights).take(np.arange(3, 40))
    np.testing.assert_allclose(one.standard_errors, other.standard_errors, rtol=1e-9)
    np.testing.assert_allclose(one.standard_errors, error_bars(law, kept).standard_errors, rtol=1e-9)
    assert one.scatter == pytest.approx(other.scatter)


@given(st.sampled_from([1e-9, 1e-3, 1e5, 1e12]), st.integers(0, 50))
@settings(max_examples=20, deadline=None)
def test_error_bars_follow_the_units_of_the_target(unit, seed):
    table = decay_table(seed=seed, n_rows=20)
    law = parse("2.3123456789*x + 0.51234567891", ["x"])
    scaled = Dataset.of(table.features, unit * table.target, ["x"])
    np.testing.assert_allclose(
        error_bars(law.with_constants(unit * law.constants), scaled, free=[True, True]).standard_errors,
        unit * error_bars(law, table).standard_errors,
        rtol=1e-6,
    )


def test_row_blocks_change_nothing():
    n_rows = 2 * BLOCK_ROWS + 77
    table = decay_table(n_rows=n_rows)
    law = parse(DECAY, ["x"])
    x = table.features[:, 0]
    a, b, _ = law.constants
    jacobian = np.column_stack([np.exp(b * x), a * x * np.exp(b * x), np.ones_like(x)])
    residual = table.target - evaluate(law, table.features)
    expected = np.linalg.inv(jacobian.T @ jacobian) * np.sum(residual**2) / (n_rows - 3)
    np.testing.assert_allclose(error_bars(law, table).covariance, expected, rtol=1e-8)


def test_intervals_cover_what_they_promise():
    """95 % intervals of constants and of new measurements hold them 93 to 97 times in 100."""
    random = np.random.default_rng(20)
    truth = np.array([2.3123456789, 0.71234567891])
    law = parse("2.3123456789*exp(-0.71234567891*x)", ["x"])
    x = np.linspace(0.0, 3.0, 12)
    clean = evaluate(law, x[:, None])
    table = Dataset.of(x[:, None], clean + random.normal(size=12), ["x"])
    fresh = np.array([[1.7], [4.0]])
    held = np.zeros(2)
    predicted = np.zeros(2)
    banded = np.zeros(2)
    tables = 2000
    for _ in range(tables):
        drawn = replace(table, target=clean + 0.05 * random.normal(size=12))
        best = optimum(law, drawn).expression
        bars = error_bars(best, drawn)
        held += np.abs(np.abs(best.constants) - truth) <= bars.interval(0.95)
        low, high = prediction_interval(best, bars, fresh)
        measured = evaluate(law, fresh) + 0.05 * random.normal(size=2)
        predicted += (low <= measured) & (measured <= high)
        low, high = confidence_band(best, bars, fresh)
        banded += (low <= evaluate(law, fresh)) & (evaluate(law, fresh) <= high)
    for count in (*held, *predicted, *banded):
        assert 0.93 <= count / tables <= 0.97


def test_an_exact_law_is_known_to_the_digits_of_the_table():
    x = np.linspace(1.0, 9.0, 60)
    truth = 0.71234567891
    coarse = Dataset.of(x[:, None], np.round(truth * x, 2), ["x"])
    law = fitted(coarse, "0.71*x + 0.001")
    bars = error_bars(law, coarse)
    assert bars.scatter == pytest.approx(0.01 / np.sqrt(12.0), rel=0.3)
    assert abs(law.constants[0] - truth) < 4.0 * bars.standard_errors[0] < 0.01
    fine = Dataset.of(x[:, None], truth * x, ["x"])
    error = error_bars(parse("0.71234567891*x", ["x"]), fine).standard_errors[0]
    assert truth * 2.0**-53 <= error < 1e-15


def test_short_numbers_are_exact_unless_said_to_be_free():
    table = decay_table()
    law = parse("2*exp(-0.71234567891*x) + 0.5", ["x"])
    bars = error_bars(law, table)
    np.testing.assert_array_equal(bars.free, [False, True, False])
    assert bars.standard_errors[0] == 0.0
    assert not bars.covariance[0].any()
    everything = error_bars(law, table, free=np.ones(3, dtype=bool))
    assert everything.degrees_of_freedom == bars.degrees_of_freedom - 2
    assert np.all(everything.standard_errors > 0.0)
    assert everything.standard_errors[1] > bars.standard_errors[1]


def test_a_parameter_used_twice_is_one():
    table = decay_table()
    twice = error_bars(parse("1.2345678*x + 1.2345678", ["x"]), table, free=[True, True], tied=[0, 0])
    once = error_bars(parse("1.2345678*(x + 1)", ["x"]), table)
    np.testing.assert_allclose(twice.standard_errors, once.standard_errors[0], rtol=1e-12)
    assert twice.degrees_of_freedom == once.degrees_of_freedom
    np.testing.assert_allclose(twice.correlation, 1.0)


def test_what_the_table_does_not_determine_is_infinite_and_what_it_does_is_not():
    table = decay_table()
    free = [True, True, True]
    redundant = parse("1.5*1.4*exp(-0.71234567891*x)", ["x"])
    plain = error_bars(parse("2.1*exp(-0.71234567891*x)", ["x"]), table, free=[True, True])
    bars = error_bars(redundant, table, free=free)
    assert np.isinf(bars.standard_errors[:2]).all()
    assert np.isnan(bars.correlation[0, 2])
    assert bars.standard_errors[2] == pytest.approx(plain.standard_errors[1], rel=0.05)
    # Only the product matters to what is predicted, and that is known.
    low, high = confidence_band(redundant, bars, table.features)
    assert np.isfinite(low).all()
    assert np.isfinite(high).all()
    # A term that is zero in every row of the table is not zero elsewhere.
    flat = Dataset.of(np.column_stack([table.features, np.zeros(40)]), table.target, ["x", "z"])
    law = parse("1.2345678*x + 2.3456789*z", ["x", "z"])
    bars = error_bars(law, flat)
    assert bars.standard_errors[0] < 1.0
    assert bars.standard_errors[1] == inf
    low, high = prediction_interval(law, bars, [[1.0, 0.0], [1.0, 1.0]])
    np.testing.assert_array_equal(np.isinf(high), [False, True])
    np.testing.assert_array_equal(np.isinf(low), [False, True])


def test_as_many_constants_as_rows_determine_nothing_without_sigma():
    table = Dataset.of([[1.0], [2.0], [3.0], [4.5]], [1.13, 2.71, 3.14, 9.81], ["x"])
    law = parse("0.12345678 + 0.23456789*x + 0.34567891*x**2 + 0.45678912*x**3", ["x"])
    law = optimum(law, table).expression
    bars = error_bars(law, table)
    assert bars.degrees_of_freedom == 0
    assert np.isinf(bars.standard_errors[bars.free]).all()
    assert np.isinf(prediction_interval(law, bars, [[2.0]])[1]).all()
    known = error_bars(law, replace(table, sigma=np.full(4, 0.1)))
    assert np.isfinite(known.standard_errors).all()
    assert known.reduced_chi_square is None


def test_rows_without_a_slope_say_nothing():
    x = np.array([0.25, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    law = parse("sqrt(x - 0.25) * 1.2345678", ["x"])
    table = Dataset.of(x[:, None], evaluate(law, x[:, None]) + 0.1 * np.sin(9.0 * x), ["x"])
    all_free = error_bars(law, table, free=[True, True])  # the slope by 0.25 is infinite in the first row
    rest = error_bars(law, table.take(np.arange(1, 7)), free=[True, True])
    np.testing.assert_allclose(all_free.standard_errors, rest.standard_errors, rtol=1e-12)


def test_a_law_without_constants():
    table = decay_table()
    law = parse("x", ["x"])
    bars = error_bars(law, table)
    assert bars.standard_errors.shape == (0,)
    low, high = confidence_band(law, bars, table.features)
    np.testing.assert_array_equal(low, high)
    assert ErrorBars.of_record(json.loads(json.dumps(bars.record()))).covariance.shape == (0, 0)


def test_the_mean_has_the_standard_error_of_a_mean():
    table = decay_table()
    bars = error_bars(parse(repr(float(np.mean(table.target))), ["x"]), table)
    assert bars.standard_errors[0] == pytest.approx(np.std(table.target, ddof=1) / np.sqrt(40))


@pytest.mark.parametrize("text", [DECAY, "1.5123456*1.4123456*exp(-0.71234567891*x)", "2*x", "1e-200*x"])
@pytest.mark.parametrize("sigma", [None, np.full(40, 0.1)])
def test_a_record_gives_the_same_error_bars_to_the_last_bit(text, sigma):
    bars = error_bars(parse(text, ["x"]), decay_table(sigma=sigma))
    again = ErrorBars.of_record(json.loads(json.dumps(bars.record(), allow_nan=False)))
    np.testing.assert_array_equal(again.standard_errors, bars.standard_errors)
    np.testing.assert_array_equal(again.covariance, bars.covariance)
    np.testing.assert_array_equal(again.undetermined, bars.undetermined)
    assert (again.scatter, again.degrees_of_freedom, again.known, again.reduced_chi_square) == (
        bars.scatter, bars.degrees_of_freedom, bars.known, bars.reduced_chi_square,
    )  # fmt: skip


def test_a_record_of_nothing_determined():
    table = Dataset.of([[1.0], [2.0], [3.0], [4.5]], [1.13, 2.71, 3.14, 9.81], ["x"])
    law = parse("0.12345678 + 0.23456789*x + 0.34567891*x**2 + 0.45678912*x**3", ["x"])
    again = ErrorBars.of_record(json.loads(json.dumps(error_bars(law, table).record(), allow_nan=False)))
    assert again.scatter == inf
    assert np.isinf(again.standard_errors[again.free]).all()


def test_the_interval_of_a_known_scatter_is_narrower_than_students():
    table = decay_table(n_rows=8)
    law = parse(DECAY, ["x"])
    guessed = error_bars(law, table)
    known = error_bars(law, replace(table, sigma=np.full(8, guessed.scatter)))
    np.testing.assert_allclose(known.standard_errors, guessed.standard_errors)
    assert known.quantile(0.95) == pytest.approx(1.959964, abs=1e-6)
    assert guessed.quantile(0.95) == pytest.approx(2.570582, abs=1e-6)  # Student, five degrees of freedom


def test_a_new_measurement_scatters_as_its_own_sigma():
    table = decay_table()
    law = fitted(table)
    bars = error_bars(law, table)
    features = [[1.0], [2.0]]
    band = np.diff(confidence_band(law, bars, features), axis=0)[0]
    exact = np.diff(prediction_interval(law, bars, features, sigma=0.0), axis=0)[0]
    rough = np.diff(prediction_interval(law, bars, features, sigma=[0.0, 3.0]), axis=0)[0]
    usual = np.diff(prediction_interval(law, bars, features), axis=0)[0]
    np.testing.assert_allclose(exact, band)
    assert rough[0] == exact[0]
    assert rough[1] > 12.0 > usual[1] > exact[1]


def test_no_interval_where_the_law_has_no_value():
    table = decay_table()
    law = parse("1.2345678*log(x)", ["x"])
    low, high = prediction_interval(law, error_bars(law, table), [[-1.0], [0.0], [2.0]])
    np.testing.assert_array_equal(np.isnan(low), [True, True, False])
    np.testing.assert_array_equal(np.isnan(high), [True, True, False])


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, 95, float("nan")])
def test_a_level_is_a_probability(level):
    bars = error_bars(parse(DECAY, ["x"]), decay_table())
    with pytest.raises(OptionError, match="between 0 and 1"):
        bars.interval(level)


@pytest.mark.parametrize("sigma", [-1.0, [1.0, 2.0, 3.0], float("nan")])
def test_a_sigma_of_new_measurements_is_checked(sigma):
    law = parse(DECAY, ["x"])
    with pytest.raises(DataError, match="sigma"):
        prediction_interval(law, error_bars(law, decay_table()), [[1.0], [2.0]], sigma=sigma)


def test_masks_of_another_length_are_refused():
    with pytest.raises(ValueError, match="3 constants"):
        error_bars(parse(DECAY, ["x"]), decay_table(), free=[True])
