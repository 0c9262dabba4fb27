import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sympy

from eqdisc.data.dataset import Dataset
from eqdisc.discovery import discover
from eqdisc.errors import DataError, OptionError
from eqdisc.expr.operators import OperatorSet
from eqdisc.proposers.seeds import Seeds
from eqdisc.search.engine import StopReason
from eqdisc.search.observer import Observer
from eqdisc.search.spelling import allowed_codes

X = np.random.default_rng(0).uniform(1.0, 4.0, (80, 2))
Y = 2.5 * np.sqrt(X[:, 0]) / X[:, 1]
TABLE = Dataset.of(X, Y, names=["mass", "lambda"], target_name="rate")
SUGGESTION = Seeds(("mass/lambda", "sqrt(mass)/lambda"))


@pytest.fixture(scope="module")
def found():
    return discover(TABLE, proposers=[SUGGESTION], epochs=3, seed=4)


def test_the_law_is_found_and_predicts(found):
    assert found.stopped is StopReason.EXACT
    assert found.best.r2 == pytest.approx(1.0)
    assert found.best.r2_heldout == pytest.approx(1.0)
    assert found.best in found.front
    np.testing.assert_allclose(found.predict(X), Y, rtol=1e-12)
    assert found.best.constants == pytest.approx([2.5])


def test_predictions_take_a_data_frame_in_any_order(found):
    frame = pd.DataFrame({"lambda": X[:, 1], "other": 0.0, "mass": X[:, 0]})
    assert np.array_equal(found.predict(frame), found.predict(X))
    with pytest.raises(DataError, match="no column 'mass'"):
        found.predict(frame.drop(columns="mass"))
    with pytest.raises(DataError, match=r"shape \(80, 1\); wanted \(rows, 2\): mass, lambda"):
        found.predict(X[:, :1])


def test_the_record_is_json_and_its_text_predicts(found):
    record = json.loads(json.dumps(found.record(), allow_nan=False))
    assert set(record) == {
        "best", "front", "stopped", "seed", "epochs",
        "seconds", "compile_seconds", "evaluations", "symbols", "warnings", "notes", "reason", "rivals",
        "stability", "n_rows", "target_name", "target_unit", "feature_names", "feature_units",
    }  # fmt: skip
    law = {"expression", "latex", "complexity", "loss", "r2", "r2_heldout", "found_by", "constants"}
    law |= {"standard_errors", "constant_names", "constant_units", "constant_matches"}
    assert all(set(entry) == law for entry in [record["best"], *record["front"]])
    assert record["best"] in record["front"]
    assert (record["seed"], record["epochs"], record["stopped"]) == (4, 1, "exact")
    assert set(record["symbols"]) == {"lambda"}
    for entry, own in zip(record["front"], found.front, strict=True):
        symbols = [sympy.Symbol(record["symbols"].get(name, name)) for name in found.feature_names]
        value = sympy.lambdify(symbols, sympy.sympify(entry["expression"]), "numpy")(*X.T)
        np.testing.assert_allclose(np.broadcast_to(value, 80), own.predict(X), rtol=1e-13)


def test_sympy_and_latex(found):
    assert found.best.sympy() == sympy.sympify(found.best.expression)
    assert "\\lambda" in found.best.latex()


def test_everything_survives_a_pickle(found):
    copy = pickle.loads(pickle.dumps(found))
    assert copy == found
    assert np.array_equal(copy.predict(X), found.predict(X))


def test_the_same_seed_gives_the_same_front(found):
    again = discover(TABLE, proposers=[SUGGESTION], epochs=3, seed=4, threads=1)
    assert again.front == found.front


def test_columns_of_extreme_size():
    x = np.random.default_rng(1).uniform(1e-31, 9e-31, (80, 1))
    table = Dataset.of(x, 3.0 * x[:, 0] * 2.998e8**2, names=["m"], target_name="E")
    best = discover(table, proposers=[Seeds(("m",))], epochs=1).best
    np.testing.assert_allclose(best.predict(x), table.target, rtol=1e-12)
    assert best.complexity == 3


def test_macros_are_known_to_suggestions():
    table = Dataset.of(X[:, :1], 2.0 * (X[:, 0] ** 2 + 1.0) + 0.5, names=["x"])
    found = discover(table, macros=["sq1(a)=a**2+1"], proposers=[Seeds(("sq1(x)",))], epochs=1)
    np.testing.assert_allclose(found.predict(X[:, :1]), table.target, rtol=1e-10)


def test_warnings_say_what_to_distrust():
    constant = np.column_stack([X[:, 0], np.full(80, 2.0)])
    noise = np.random.default_rng(5).normal(size=80)
    found = discover(Dataset.of(constant, noise, names=["x", "fixed"]), proposers=[Seeds(())], epochs=1)
    assert not found.best.tree.features
    assert any("no law better than a constant" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_size": 0}, "max_size is 0"),
        ({"time_limit": -1.0}, "time limit is -1.0 seconds"),
        ({"threads": 0}, "threads is 0"),
        ({"epochs": 0}, "epochs is 0"),
        ({"epochs": 2.5}, "epochs is 2.5"),
        ({"seed": -1}, "seed is -1"),
        (
            {"proposers": "gp,magic"},
            "no proposer 'magic'; there are closed_form, structure, regimes, snip, enumeration, dysymnet, gp",
        ),
        ({"proposers": ""}, "at least one proposer"),
        ({"operators": "+ - sinn"}, "sin"),
    ],
)
def test_impossible_settings(options, message):
    with pytest.raises(OptionError, match=message):
        discover(TABLE, **options)


def test_operators_as_text_or_as_a_set():
    for operators in ("+ *", OperatorSet.of("add", "mul")):
        assert discover(TABLE, operators=operators, proposers=[SUGGESTION], epochs=1).front


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("kepler.csv", r"read_table\('kepler.csv', target="),
        (Path("kepler.csv"), r"read_table\('kepler.csv', target="),
        (X, r"got a ndarray; .*Dataset.of\(X, y\)"),
        (None, "got a NoneType"),
    ],
)
def test_anything_but_a_dataset(data, message):
    with pytest.raises(DataError, match=message):
        discover(data)


def test_operators_as_a_list():
    listed = discover(TABLE, operators=["*", "/", "sqrt"], proposers=[SUGGESTION], epochs=1)
    assert listed.front == discover(TABLE, operators="* / sqrt", proposers=[SUGGESTION], epochs=1).front


@pytest.mark.parametrize("operators", [5, [1, 2], [], ("+", None)])
def test_operators_of_another_type(operators):
    with pytest.raises(OptionError, match="wanted text such as"):
        discover(TABLE, operators=operators)


@pytest.mark.parametrize("size", [1.0, 1e25])
def test_the_operators_asked_for_are_those_reported(size):
    random = np.random.default_rng(0)
    y = X[:, 0] ** 2 - X[:, 1] / 3 + 0.01 * random.normal(size=80)
    found = discover(Dataset.of(size * X, size * y), operators="+ *", proposers="closed_form", epochs=3)
    used = {code for law in found.front for code in law.tree.codes}
    assert used <= allowed_codes(OperatorSet.parse("+ *"))
    assert found.best.r2 > 0.99


def test_a_sigma_that_is_far_too_small_is_said():
    rng = np.random.default_rng(3)
    x = np.linspace(1.0, 2.0, 40)
    table = Dataset.of(x[:, None], 2.0 * x + rng.normal(0.0, 0.1, 40), names=["x"], sigma=np.full(40, 0.001))
    found = discover(table, guesses=["k*x"], proposers=[], epochs=1)
    assert any("times what sigma allows" in warning for warning in found.warnings)
    right = Dataset.of(table.features, table.target, names=["x"], sigma=np.full(40, 0.1))
    assert not discover(right, guesses=["k*x"], proposers=[], epochs=1).warnings


def test_error_bars_leave_held_out_rows_out_with_and_without_sigma():
    rng = np.random.default_rng(4)
    x = rng.uniform(1.0, 2.0, 25_000)
    y = 2.0137 * x + rng.normal(0.0, 0.1, x.size)
    plain = Dataset.of(x[:, None], y, names=["x"])
    known = Dataset.of(x[:, None], y, names=["x"], sigma=np.full(x.size, 0.1))
    freedom = {
        discover(table, guesses=["k*x"], proposers=[], epochs=1).best.error_bars.degrees_of_freedom
        for table in (plain, known)
    }
    assert len(freedom) == 1  # a quarter of the 20,000 rows searched is held out
    assert 19_990 <= freedom.pop() <= 20_000


def test_an_interrupt_ends_the_resampling_too():
    class Impatient(Observer):
        def on_epoch(self, progress):
            raise KeyboardInterrupt

    x = np.linspace(1.0, 2.0, 40)
    noisy = 2.0 * x + np.random.default_rng(5).normal(0.0, 0.1, 40)
    table = Dataset.of(x[:, None], noisy, names=["x"])
    found = discover(table, guesses=["k*x"], proposers=[], epochs=3, stability=5, observers=[Impatient()])
    assert found.stopped is StopReason.INTERRUPTED
    assert found.stability is None


def test_inputs_without_influence_are_told_with_how_sure_that_is():
    random = np.random.default_rng(0)
    x = random.uniform(1.0, 3.0, (400, 4))
    table = Dataset.of(x, x[:, 0] ** 2 * x[:, 2], names=["a", "b", "c", "d"])
    found = discover(table, epochs=1, seed=0, proposers="closed_form")
    (note,) = [note for note in found.notes if "influence" in note]
    assert "shows of b, d" in note
    table = Dataset.of(x[:, [0, 2]], x[:, 0] ** 2 * x[:, 2], names=["a", "c"])
    assert not any("influence" in n for n in discover(table, epochs=1, proposers="closed_form").notes)
