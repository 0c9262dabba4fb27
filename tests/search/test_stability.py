"""Resampling: what is drawn, what is counted, what is remembered."""

import json
from dataclasses import replace

import numpy as np
import pytest

from eqdisc.data.dataset import MIN_ROWS, Dataset
from eqdisc.errors import OptionError
from eqdisc.expr.parse import parse
from eqdisc.scoring.uncertainty import error_bars
from eqdisc.search.optimum import optimum
from eqdisc.search.stability import Stability, resampled, stability, with_named_constants


def line_table(n_rows=60, noise=0.1, seed=0, **more):
    random = np.random.default_rng(seed)
    x = random.uniform(0.0, 3.0, n_rows)
    return Dataset.of(x[:, None], 1.7 * x + 0.4 + noise * random.normal(size=n_rows), ["x"], **more)


LINE = parse("1.71234567*x + 0.41234567", ["x"])


def refit(table, seed):
    return optimum(LINE, table).expression


def test_rows_are_distinct_and_their_weights_count_the_draws():
    table = line_table()
    drawn = resampled(table, np.random.default_rng(3))
    assert drawn.weights.sum() == table.n_rows
    assert len(np.unique(drawn.features)) == drawn.n_rows < table.n_rows
    assert set(drawn.target) <= set(table.target)
    assert drawn.n_rows / table.n_rows == pytest.approx(1.0 - np.exp(-1.0), abs=0.15)


def test_a_weighted_resample_fits_as_the_rows_written_out():
    table = line_table(n_rows=12)
    drawn = resampled(table, np.random.default_rng(1))
    written_out = Dataset.of(
        np.repeat(drawn.features, drawn.weights.astype(int), axis=0),
        np.repeat(drawn.target, drawn.weights.astype(int)),
        ["x"],
    )
    np.testing.assert_allclose(
        refit(drawn, 0).constants, optimum(LINE, written_out).expression.constants, rtol=1e-12
    )


def test_weights_and_sigma_of_the_table_are_kept():
    errors = np.random.default_rng(0).uniform(0.05, 0.2, 60)
    table = line_table(sigma=errors)
    drawn = resampled(table, np.random.default_rng(1))
    np.testing.assert_allclose(drawn.weights * drawn.sigma**2, np.min(errors) ** 2)
    weighted = replace(table, sigma=None)
    again = resampled(weighted, np.random.default_rng(1))
    np.testing.assert_array_equal(again.weights, drawn.weights)


@pytest.mark.parametrize("seed", range(30))
def test_a_resample_of_the_smallest_table_can_be_searched(seed):
    table = Dataset.of([[1.0], [2.0], [3.0], [4.0], [5.0]], [1.0, 1.0, 1.0, 1.0, 2.0])
    drawn = resampled(table, np.random.default_rng(seed))
    assert drawn.n_rows >= MIN_ROWS
    assert np.ptp(drawn.target) > 0.0


def test_a_law_that_always_comes_back_has_the_spread_of_its_error_bars():
    table = line_table(n_rows=200)
    found = stability(table, refit(table, 0), refit, resamples=200, seed=1)
    assert (found.resamples, found.returned, found.others, found.share) == (200, 200, (), 1.0)
    bars = error_bars(refit(table, 0), table).standard_errors
    for (low, middle, high), value, error in zip(found.spread, refit(table, 0).constants, bars, strict=True):
        assert abs(middle - value) < 0.5 * error
        assert 0.5 * (high - low) == pytest.approx(error, rel=0.25)


def test_what_came_instead_is_counted_by_form():
    answers = ["1.6123456*x + 0.5", "0.51234567 + x*1.81234567", "1.9123456*x", "1.8123456*x", "x**2"]
    queue = iter(answers)
    found = stability(line_table(), LINE, lambda table, seed: parse(next(queue), ["x"]), resamples=5, seed=0)
    assert found.returned == 2
    assert found.others == (("c1*x", 2), ("x**2", 1))


def test_exact_constants_belong_to_the_law():
    law = parse("2*x + 0.41234567", ["x"])
    queue = iter(["2*x + 0.51234567", "1.91234567*x + 0.41234567", "3*x + 0.41234567"])
    found = stability(line_table(), law, lambda table, seed: parse(next(queue), ["x"]), 3, seed=0)
    assert found.returned == 1
    assert found.spread[0] == (2.0, 2.0, 2.0)
    assert [count for _, count in found.others] == [1, 1] or found.others[0][1] == 2


def test_each_resample_has_its_own_seed_and_the_run_can_be_repeated():
    table, seen = line_table(), []

    def solve(drawn, seed):
        seen.append((seed, drawn.target.tolist()))
        return refit(drawn, seed)

    first = stability(table, LINE, solve, resamples=6, seed=5)
    assert len({seed for seed, _ in seen}) == 6
    assert stability(table, LINE, solve, resamples=6, seed=5) == first
    assert seen[:6] == seen[6:]
    # More resamples begin with the same ones.
    seen.clear()
    stability(table, LINE, solve, resamples=2, seed=5)
    repeated = [seed for seed, _ in seen]
    seen.clear()
    stability(table, LINE, solve, resamples=6, seed=5)
    assert [seed for seed, _ in seen][:2] == repeated


def test_an_interrupt_keeps_what_was_drawn():
    def impatient(drawn, seed, count=[]):  # noqa: B006  (the list counts the calls)
        count.append(seed)
        if len(count) == 4:
            raise KeyboardInterrupt
        return refit(drawn, seed)

    found = stability(line_table(), LINE, impatient, resamples=20, seed=0)
    assert (found.resamples, found.returned) == (3, 3)


def test_a_law_that_never_came_back_has_no_spread():
    found = stability(line_table(), LINE, lambda table, seed: parse("x", ["x"]), resamples=2, seed=0)
    assert (found.returned, found.spread, found.others) == (0, (), (("x", 2),))


def test_a_record_gives_the_same_outcome():
    found = stability(line_table(), LINE, refit, resamples=3, seed=0)
    assert Stability.of_record(json.loads(json.dumps(found.record(), allow_nan=False))) == found
    others = Stability(3, 1, (("c1*x", 2),), ((1.0, 2.0, 3.0),))
    assert Stability.of_record(json.loads(json.dumps(others.record(), allow_nan=False))) == others


def test_names_of_constants_are_no_names_of_columns():
    law = parse("2*c1 + 0.71234567*exp(1.51234567*`my x`)", ["c1", "my x"])
    assert with_named_constants(law, ["c1", "my x"]) == "c_1*exp(c_2*`my x`) + 2*c1"


def test_no_resamples_are_refused():
    with pytest.raises(OptionError, match="at least 1"):
        stability(line_table(), LINE, refit, resamples=0, seed=0)
