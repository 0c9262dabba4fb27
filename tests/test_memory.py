"""A million rows take the memory of the table and of a block of rows, not that of every node."""

import tracemalloc

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.data.resolution import resolution
from eqdisc.engine.reference import evaluate
from eqdisc.expr.parse import parse
from eqdisc.problem import Problem
from eqdisc.scoring.rounding import is_exact
from eqdisc.scoring.scorer import Scorer
from eqdisc.search.refit import fit_constants, on_all_rows, search_rows

ROWS = 1_000_000
COLUMN = 8 * ROWS
LAW = parse("1.5*x*x/(x + 2) + sin(x)*exp(-x/3) + sqrt(x + 1)*log(x + 5) - x*x*x/7", ["x"])


def peak(action):
    """Bytes that an action holds at most beyond what was there, and its answer."""
    tracemalloc.start()
    try:
        answer = action()
        return tracemalloc.get_traced_memory()[1], answer
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def column():
    return np.random.default_rng(0).uniform(0.5, 3.0, ROWS)


@pytest.mark.parametrize("decimals", [None, 3, 9])
def test_resolution(column, decimals):
    values = column if decimals is None else np.round(column, decimals)
    assert peak(lambda: resolution(values))[0] < 5.5 * COLUMN


def test_values_with_and_without_their_last_digits(column):
    values = np.where(np.arange(ROWS) % 2 == 0, np.round(column, 1), np.round(column, 5))
    most, half_units = peak(lambda: resolution(values))
    assert most < 8 * COLUMN
    assert set(np.round(np.log10(2 * half_units)).astype(int)) <= {-5, -4, -3, -2, -1, 0}


def test_values_of_a_law(column):
    most, values = peak(lambda: evaluate(LAW, column[:, None]))
    assert most < 1.5 * COLUMN
    some = slice(16_300, 16_500)  # across the edge of a block
    np.testing.assert_allclose(values[some], evaluate(LAW, column[some, None]), rtol=1e-12)


def test_judging_and_fitting(column):
    column = column[: ROWS // 4]
    table = Dataset.of(column[:, None], evaluate(LAW, column[:, None]), ["x"])
    most, exact = peak(lambda: is_exact(LAW, table))
    assert exact
    assert most < 8 * column.nbytes
    assert (
        peak(lambda: Scorer(Problem(table, table, None, None, 40)).score(LAW, "test"))[0] < 6 * column.nbytes
    )
    near = LAW.with_constants(np.asarray(LAW.constants) * (1 + 1e-7))
    assert peak(lambda: fit_constants(near, table))[0] < 8 * column.nbytes


def test_the_problem_on_all_rows_copies_no_feature(column):
    table = Dataset.of(np.stack([column] * 5, axis=1), column, [f"x{j}" for j in range(5)])
    rows = search_rows(table, seed=0)
    problem = Problem.of(table.take(rows), None, 40, 0)
    assert peak(lambda: on_all_rows(problem, table, rows, 0))[0] < 2 * COLUMN
