"""A large table is searched on some rows; all of them fit and judge."""

from dataclasses import replace

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.data.split import heldout_split
from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import DEFAULT_OPERATORS, OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.problem import Problem
from eqdisc.proposers.seeds import Seeds
from eqdisc.scoring.loss import mean_squared_error
from eqdisc.scoring.scorer import Scorer
from eqdisc.search.engine import Budget, Search, StopReason
from eqdisc.search.optimum import optimum
from eqdisc.search.refit import SEARCH_ROWS, fit_constants, on_all_rows, refit, search_rows

OPERATORS = OperatorSet.parse(DEFAULT_OPERATORS)
NAMES = ["x", "y"]


def table_of(law, n_rows, noise=0.0, weighted=False, low=0.5, high=3.0):
    random = np.random.default_rng(0)
    features = random.uniform(low, high, (n_rows, 2))
    target = evaluate(parse(law, NAMES), features)
    target = target + noise * np.std(target) * random.normal(size=n_rows)
    return Dataset.of(features, target, NAMES, "z", random.uniform(0.0, 2.0, n_rows) if weighted else None)


def searched(dataset, texts, seed=0, max_rows=500):
    """What a search on some rows gives whose only strategy is these laws, and the problem on all rows."""
    rows = search_rows(dataset, seed, max_rows)
    problem = Problem.of(dataset.take(rows), OPERATORS, 30, seed)
    result = Search(problem, (Seeds(tuple(texts)),), Budget(epochs=1), seed).run()
    return result, on_all_rows(problem, dataset, rows, seed)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("law", "start"),
    [
        ("2.5123457*x/y**2 + 0.31415", "2.5123*x/y**2 + 0.3*x/x + 0.0111112"),
        ("1.2345678*exp(-0.54321678*x)*y", "1.2345*1.00000123*exp(-0.543211111*x)*y"),
        ("sin(1.2345678*x + 0.1234567)/y", "0.999999123*sin(1.2333333*x + 0.1233333)/y"),
        ("x*y", "x**1.00123457*y**0.99912345"),
    ],
)
def test_fit_in_blocks_is_the_fit_to_the_whole(law, start, weighted):
    table = table_of(law, 20_000, noise=0.01, weighted=weighted)
    form = parse(start, NAMES)
    ours = fit_constants(form, table)
    whole = optimum(
        form, table, free=np.array([c not in ours.constants for c in form.constants]), max_steps=20
    )
    np.testing.assert_allclose(
        evaluate(ours, table.features), evaluate(whole.expression, table.features), 1e-7
    )
    loss = mean_squared_error(table.target, evaluate(ours, table.features), table.weights)
    assert loss == pytest.approx(whole.mean_square, rel=1e-9)


def test_short_numbers_stay():
    table = table_of("2.2*x + 1.2345678", 1000, noise=0.1)
    fitted = fit_constants(parse("2*x + 1.1234567", NAMES), table).constants
    assert fitted[0] == 2.0
    assert fitted[1] == pytest.approx(np.mean(table.target - 2 * table.features[:, 0]), rel=1e-12)
    assert fit_constants(parse("2*x", NAMES), table) == parse("2*x", NAMES)


def test_small_tables_are_searched_whole():
    assert search_rows(table_of("x*y", 1000), seed=0) is None
    assert search_rows(table_of("x*y", SEARCH_ROWS), seed=0) is None


def test_rows_searched_are_seeded_and_hold_the_edges():
    table = table_of("x*y", 3000)
    rows = search_rows(table, 0, 100)
    np.testing.assert_array_equal(rows, search_rows(table, 0, 100))
    assert not np.array_equal(rows, search_rows(table, 1, 100))
    assert 100 <= rows.size <= 106
    assert np.all(np.diff(rows) > 0)
    for columns in (table.features, table.target):
        np.testing.assert_array_equal(columns[rows].min(axis=0), columns.min(axis=0))
        np.testing.assert_array_equal(columns[rows].max(axis=0), columns.max(axis=0))


def test_held_out_rows_are_neither_fitted_nor_copied():
    table = table_of("x*y", 3000, weighted=True)
    rows = search_rows(table, 0, 400)
    problem = Problem.of(table.take(rows), OPERATORS, 30, 0)
    whole = on_all_rows(problem, table, rows, 0)
    held = rows[heldout_split(rows.size, 0)[1]]
    np.testing.assert_array_equal(whole.heldout.target, table.target[held])
    assert set(np.flatnonzero(whole.train.weights == 0.0)) == set(held)
    left = np.setdiff1d(np.arange(3000), held)
    np.testing.assert_array_equal(whole.train.weights[left], table.weights[left])
    assert whole.dataset is table
    assert whole.train.features is table.features


def test_all_rows_fit_and_judge():
    table = table_of("1.2345678*x**2/y + 0.5", 30_000, noise=0.05)
    result, problem = searched(table, ["1.2*x**2/y + 0.5", "x", "2*x - y"])
    final = refit(result, problem)
    constants = dict(zip(("slope", "offset"), final.best.expression.constants, strict=False))
    assert constants["slope"] == pytest.approx(1.2345678, rel=2e-3)
    for law in final.front:
        assert law == Scorer(problem).score(law.expression, law.found_by)
    few = mean_squared_error(table.target, evaluate(result.best.expression, table.features))
    all_rows = mean_squared_error(table.target, evaluate(final.best.expression, table.features))
    assert all_rows <= few * (1 + 1e-6)
    assert refit(result, problem, threads=3) == final


def test_a_law_that_breaks_on_a_row_not_searched_is_left_out():
    table = table_of("x + 0.001*y", 3000)
    missing = np.setdiff1d(np.arange(3000), search_rows(table, 0, 500))[0]
    pole = float(table.features[missing, 0])
    result, problem = searched(table, ["x"])
    few = Scorer(Problem.of(table.take(search_rows(table, 0, 500)), OPERATORS, 30, 0))
    breaking = few.score(parse(f"x + 0.0000001/(x - {pole!r})", NAMES), "test")
    assert breaking is not None
    final = refit(replace(result, front=(breaking,), best=breaking), problem)
    assert [law.expression.features for law in final.front] == [()]
    assert final.best in final.front


def test_exact_on_the_rows_searched_is_not_called_exact_where_others_miss():
    features = np.random.default_rng(1).uniform(0.5, 3.0, (3000, 1))
    target = 2.0 * features[:, 0] ** 2
    result, problem = searched(Dataset.of(features, target, ["x"]), ["x*x"])
    assert result.stopped is StopReason.EXACT
    assert refit(result, problem).stopped is StopReason.EXACT
    rows = search_rows(problem.dataset, 0, 500)
    target[np.setdiff1d(np.arange(3000), rows)[::50]] += 1e-3
    result, problem = searched(Dataset.of(features, target, ["x"]), ["x*x"])
    assert result.stopped is StopReason.EXACT
    assert refit(result, problem).stopped is StopReason.EXACT_ON_SAMPLE
