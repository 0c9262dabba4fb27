"""What every suite must do, whatever it is made of."""

import pickle
import subprocess
import sys
import warnings
from functools import cache

import numpy as np
import pytest
import sympy

from eqdisc.benchmark import SUITES, load_suite, suite_names
from eqdisc.benchmark.suites.checksums import committed
from eqdisc.benchmark.task import columns_of
from eqdisc.data.dataset import Dataset
from eqdisc.data.surfaces import Cloud
from eqdisc.engine.patch import Patch
from eqdisc.engine.reference import evaluate
from eqdisc.expr.parse import parse
from eqdisc.interop.sympy_bridge import symbol_names

EXACT = 1e-9
FEW = 6  # tasks of a suite whose tables are made by default; all of them with -m slow
# Where 1 - cos or exp - 1 cancels, or a sine is of a huge number, last digits are the target: they depend on
# the order of operations, and SymPy has another one.
CANCELLING = {"I.41.16", "III.15.12", "II.24.17"}


@pytest.fixture(params=suite_names())
def suite(request):
    return load_suite(request.param)


def some(suite):
    return suite.tasks[:: max(1, len(suite.tasks) // FEW)]


def same(first, second):
    pairs = zip(first.tables(), second.tables(), strict=True)
    return all(
        np.array_equal(one, other)
        for a, b in pairs
        for one, other in zip(columns_of(a), columns_of(b), strict=True)
    )


@cache
def names_for_sympy(formula):
    """Suites that differ by their noise have the same formulas."""
    return {symbol.name for symbol in sympy.sympify(formula).free_symbols}


def rows_of(table):
    return len(columns_of(table)[0])


def relative_error(values, target):
    return np.max(np.abs(values - target) / np.maximum(np.abs(target), np.finfo(float).tiny))


def has_known_defect(task):
    return task.name in CANCELLING or any("rounding" in note for note in task.notes)


def test_it_is_as_it_is_listed(suite):
    source = SUITES[suite.name]
    assert (suite.name, suite.description) == (source.name, source.description)
    assert len(suite.tasks) == source.n_tasks
    assert suite.protocol
    assert "\n" not in suite.description


def test_names(suite):
    names = [task.name for task in suite.tasks]
    assert len(set(names)) == len(names)
    assert all(task.suite == suite.name for task in suite.tasks)
    for task in suite.tasks:
        # Answers speak of columns by their symbols: truth and answer must use the same words.
        assert tuple(symbol_names(task.feature_names).values()) == task.feature_names
        assert not set(task.target_names) & set(task.feature_names)
        assert (task.target_name,) == task.target_names or task.form != "explicit"
        assert len(task.feature_units) == len(task.feature_names)


def test_a_domain_is_given_for_every_input(suite):
    for task in suite.tasks:
        assert set(task.domain) == set(task.feature_names)
        assert all(low < high for low, high in task.domain.values()), task.name


def test_truths_are_read_alike_by_eqdisc_and_sympy(suite):
    for task in suite.tasks:
        found = set()
        for formula in filter(None, (*task.truths, task.data_law)):
            law = parse(formula, task.feature_names)
            used = {task.feature_names[j] for j in law.features}
            assert names_for_sympy(formula) == used
            found |= used if formula in task.truths else set()
        assert task.truth is None or set(task.relevant) == found
        assert len(task.truths) in (0, max(1, len(task.target_names)))


def test_the_same_seed_gives_the_same_numbers_and_others_others(suite):
    for task in some(suite):
        first = task.data(11)
        assert same(first, task.data(11))
        measured_whole = rows_of(first.train) == rows_of(first.test) and not task.exact
        grids = suite.name == "classic" and not task.sampler.train.is_random
        if not measured_whole and not grids:
            assert not same(first, task.data(12)), task.name


def test_tables_carry_the_names_and_are_in_the_domain(suite):
    for task in some(suite):
        for table in task.data(3).tables():
            if isinstance(table, Cloud):
                assert table.names == (task.target_names or task.feature_names)
                continue
            assert table.feature_names == task.feature_names
            single = isinstance(table, Dataset)
            assert ((table.target_name,) if single else table.target_names) == task.target_names
        train = task.data(3).train
        if isinstance(train, Cloud):
            continue
        for name, column in zip(train.feature_names, train.features.T, strict=True):
            low, high = task.domain[name]
            slack = 1e-6 * max(abs(low), abs(high))
            assert low - slack <= column.min() <= column.max() <= high + slack, (task.name, name)


def check_surface(task):
    """Points are on the surface, outputs those of the laws."""
    test = task.data(0).test
    laws = [parse(law, task.feature_names) for law in task.truths]
    if task.form == "parametric":
        values = np.column_stack([evaluate(law, test.features) for law in laws])
        np.testing.assert_allclose(values, test.targets, rtol=EXACT, atol=1e-14)
        return
    low, high = np.array([task.domain[name] for name in task.feature_names]).T
    if task.form == "hidden":
        assert Patch(laws, (low, high)).distances(test.points[:5]).max() < EXACT, task.name
        return
    assert np.all((low <= test.points) & (test.points <= high)), task.name
    size = np.abs(evaluate(laws[0], np.random.default_rng(0).uniform(low, high, (200, len(low)))))
    assert np.abs(evaluate(laws[0], test.points)).max() < EXACT * size.max(), task.name


def check_truth(task):
    if task.form != "explicit":
        check_surface(task)
        return
    law = task.data_law or task.truth
    test = task.data(0).test
    values = evaluate(parse(law, task.feature_names), test.features)
    assert relative_error(values, test.target) <= EXACT, task.name
    if has_known_defect(task):
        return
    rows = slice(0, 400)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        function = sympy.lambdify(sympy.symbols(task.feature_names), sympy.sympify(law), "numpy")
        values = np.broadcast_to(function(*test.features[rows].T), test.target[rows].shape)
    assert relative_error(values, test.target[rows]) <= EXACT, task.name


def test_the_truth_scores_zero_error(suite):
    for task in some(suite):
        if task.exact and (task.data_law or task.truth):
            check_truth(task)


@pytest.mark.slow
def test_every_truth_scores_zero_error(suite):
    for task in suite.tasks:
        if task.exact and (task.data_law or task.truth):
            check_truth(task)


def test_tasks_survive_a_pickle(suite):
    copies = pickle.loads(pickle.dumps(suite.tasks))
    assert copies == suite.tasks
    assert same(copies[0].data(2), suite.tasks[0].data(2))


def test_checksums_are_the_committed_ones(suite):
    known = committed(suite.name)
    assert list(known) == [task.name for task in suite.tasks]
    for task in some(suite):
        assert task.checksum() == known[task.name], task.name


@pytest.mark.slow
def test_all_checksums_are_the_committed_ones(suite):
    assert committed(suite.name) == {task.name: task.checksum() for task in suite.tasks}


def test_listing_makes_no_table_and_needs_no_heavy_library():
    script = (
        "import sys\n"
        "from eqdisc.benchmark import SUITES\n"
        "assert sum(source.n_tasks for source in SUITES.values()) == 1934\n"
        "assert all(source.description for source in SUITES.values())\n"
        "heavy = {'sympy', 'pandas', 'sklearn', 'scipy', 'matplotlib', 'numba'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
