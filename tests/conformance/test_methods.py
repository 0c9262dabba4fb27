"""What every contestant must do, whatever package it comes from."""

import ast
import inspect
import json
import pickle
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import sympy

import eqdisc.benchmark.methods as methods
from eqdisc.benchmark.method import Budget
from eqdisc.benchmark.methods import METHODS, method
from eqdisc.benchmark.methods.eqdisc_search import PARTS
from eqdisc.benchmark.methods.pretrained import ARMS
from eqdisc.data.dataset import Dataset
from eqdisc.errors import OptionError
from eqdisc.expr.parse import parse
from eqdisc.interop.sympy_bridge import symbol_names
from tests.quick import quick_epochs

SECONDS = 1.0
SLACK = 3.0  # of a machine that does other things too
NAMES = ("peak load [kN]", "lambda", "E", "x1")
#: One method in many settings: one of each kind stands for all. A strategy that is about pieces has nothing
#: to say of one law.
MANY = {
    *("eqdisc-regimes", "eqdisc-gp+dysymnet"),
    *(f"eqdisc-without-{part}" for part in PARTS),
    *(f"eqdisc-{arm}" for arm in ARMS),
}
FEW = {"eqdisc-without-losses", "eqdisc-gp+residuals"}
READY = [
    name for name, entry in METHODS.items() if entry.available() is None and (name not in MANY or name in FEW)
]


def table(seed=0, n_rows=120, scale=1.0, weighted=False):
    """A law of odd columns, of which `E` is constant; arrays that cannot be written to."""
    random = np.random.default_rng(seed)
    features = random.uniform(1.0, 3.0, (n_rows, len(NAMES)))
    features[:, 2] = 7.0
    features[:, 0] *= scale
    target = features[:, 0] * np.sqrt(features[:, 1]) + 0.5 * features[:, 0]
    made = Dataset.of(features, target, NAMES, weights=np.linspace(1.0, 2.0, n_rows) if weighted else None)
    made.features.setflags(write=False)
    made.target.setflags(write=False)
    return made


@pytest.fixture(params=READY, scope="module")
def entry(request):
    chosen = METHODS[request.param]
    chosen.warm_up()
    return chosen


@pytest.fixture(scope="module")
def solved(entry):
    """The answer to the table and the seconds it took."""
    began = time.monotonic()
    answer = entry.solve(table(), Budget(SECONDS, 2), 5, None)
    return answer, time.monotonic() - began


def r2(answer, data):
    residual = data.target - answer.predict(data.features)
    return 1.0 - np.mean(residual**2) / np.var(data.target)


def test_it_ends_within_its_budget(solved):
    assert solved[1] < SECONDS + SLACK


def test_it_is_no_worse_than_the_mean(solved):
    assert r2(solved[0], table()) > -1e-9


def test_its_text_has_the_values_it_predicts(solved):
    answer, data = solved[0], table()
    if answer.expression is None:
        assert answer.predict(data.features).shape == data.target.shape
        return
    symbols = [symbol_names(NAMES)[name] for name in NAMES]
    by_sympy = sympy.sympify(answer.expression)
    assert {str(symbol) for symbol in by_sympy.free_symbols} <= set(symbols)
    values = sympy.lambdify([sympy.Symbol(name) for name in symbols], by_sympy, "numpy")(*data.features.T)
    scale = np.std(data.target)
    predicted = answer.predict(data.features)
    np.testing.assert_allclose(np.broadcast_to(values, predicted.shape), predicted, atol=1e-9 * scale)
    ours = methods.common.evaluate(parse(answer.expression, symbols), data.features)
    np.testing.assert_allclose(ours, predicted, atol=1e-9 * scale)


def test_its_answer_can_be_kept_and_sent(solved):
    answer, data = solved[0], table(seed=1)
    again = pickle.loads(pickle.dumps(answer.predict))
    np.testing.assert_array_equal(again(data.features), answer.predict(data.features))
    assert json.loads(json.dumps(dict(answer.details))) == dict(answer.details)


@pytest.fixture
def limited(entry):
    """The method with a limit that does not depend on the clock, where it has one, and little work to it."""
    names = {field.name for field in fields(entry)}
    with quick_epochs():
        yield replace(entry, **{name: 2 for name in ("generations", "epochs") if name in names})


def test_the_same_seed_gives_the_same_answer(limited):
    if limited.name == "pysr":  # deterministic on one thread only, and says so
        return
    data = table(n_rows=60)
    first, second = (limited.solve(data, Budget(600.0, 2), 3, None) for _ in range(2))
    assert first.expression == second.expression
    np.testing.assert_array_equal(first.predict(data.features), second.predict(data.features))


def test_rows_for_validation_and_weights_are_taken_or_said_to_be_left_out(entry, limited):
    data = table(weighted=True)
    answer = limited.solve(data, Budget(SECONDS, 1), 0, table(seed=2, weighted=True))
    assert answer.predict(data.features).shape == (data.n_rows,)
    source = inspect.getsource(inspect.getmodule(type(entry)))
    uses_weights = ".weights" in source or entry.name.startswith("eqdisc") or entry.name == "mean"
    uses_weights |= "deap" in entry.name
    assert uses_weights or answer.details["left_out"] == ["weights"]


@pytest.mark.parametrize("scale", [1e-30, 1e25])
def test_columns_of_extreme_size_are_no_obstacle(limited, scale):
    data = table(scale=scale)
    answer = limited.solve(data, Budget(SECONDS, 1), 0, None)
    predicted = answer.predict(data.features)
    assert np.all(np.isfinite(predicted))
    assert np.mean(np.square((predicted - data.target) / scale)) <= 1.001 * np.var(data.target / scale)


def test_a_table_of_four_rows_has_an_answer(limited):
    data = table(n_rows=4)
    answer = limited.solve(data, Budget(SECONDS, 1), 0, None)
    assert answer.predict(data.features).shape == (4,)


@pytest.mark.parametrize("name", METHODS)
def test_it_is_given_a_table_and_a_budget_and_nothing_else(name):
    assert METHODS[name].name == name
    assert [*inspect.signature(METHODS[name].solve).parameters] == ["train", "budget", "seed", "validation"]


def test_what_is_missing_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name in ("pyoperon", "gplearn", "deap", "deap-eqdisc"):
        assert 'pip install "eqdisc[bench]"' in METHODS[name].available()
    assert 'pip install "eqdisc[pysr]"' in METHODS["pysr"].available()
    assert METHODS["eqdisc"].available() is None


def test_no_contestant_can_reach_the_truth():
    # Of tasks their forms: no task, and none of the suites that hold the truths.
    allowed = ("eqdisc.benchmark.method", "eqdisc.benchmark.questions", "eqdisc.benchmark.task")
    for path in Path(methods.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for imported in names:
                assert not imported.startswith(("eqdisc.metrics", "srsd_data")), path
                assert not imported.startswith("eqdisc.benchmark") or imported.startswith(allowed), path


def test_an_unknown_method_is_refused_with_the_nearest():
    with pytest.raises(OptionError, match="did you mean 'pyoperon'"):
        method("pyoperno")


def test_a_budget_must_be_something():
    with pytest.raises(OptionError, match="seconds"):
        Budget(0.0)
    with pytest.raises(OptionError, match="threads"):
        Budget(1.0, 0)
