"""Suites of tables: the real ones that ship, and your own folder."""

import pickle

import numpy as np
import pytest

from eqdisc.benchmark import load_suite
from eqdisc.benchmark.suites.held_out import FEWEST
from eqdisc.benchmark.suites.real import BLACK_BOXES, LAWS
from eqdisc.data.tables import example_names
from eqdisc.engine.reference import evaluate
from eqdisc.errors import DataError, EqdiscError, InputError, OptionError
from eqdisc.expr.parse import parse

# What the laws reach on their tables: eqdisc/data/tables/provenance.json.
R2 = {
    "kepler": 0.9999994,
    "boyle": 0.99991,
    "hubble": 0.6194,
    "balmer": 0.99999999,
    "water_vapour": 0.9999981,
    "danwood": 0.99943,
    "misra1a": 0.99998,
    "thurber": 0.99950,
}


def test_known_laws_fit_their_tables():
    suite = load_suite("real")
    assert set(LAWS) == set(example_names()) == set(R2)
    for name, wanted in R2.items():
        task = suite.task(name)
        whole = task.data(0).train
        values = evaluate(parse(task.truth, task.feature_names), whole.features)
        spread = np.sum(np.square(whole.target - whole.target.mean()))
        assert 1.0 - np.sum(np.square(whole.target - values)) / spread > wanted
        assert not task.exact
        assert not task.decidable


def test_black_boxes_have_no_truth():
    suite = load_suite("real")
    for box in BLACK_BOXES:
        task = suite.task(box.name)
        assert task.truth is None
        assert task.relevant is None
        assert task.target_name not in task.feature_names
    assert suite.task("diabetes").data(0).train.n_rows + suite.task("diabetes").data(0).test.n_rows == 442


def test_small_tables_are_not_parted():
    for task in load_suite("real").tasks:
        split = task.data(0)
        whole = np.array_equal(split.train.target, split.test.target)
        assert whole == (split.train.n_rows < FEWEST), task.name
        assert whole == any("none are held out" in note for note in task.notes), task.name


# ---------------------------------------------------------------- your own


def pendulums(folder, truths="", rows=100, columns="length [m],mass,period [s]"):
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    for name, count in (("pendulum", rows), ("pendulum_test", 12)):
        length, mass = rng.uniform(0.1, 2.0, (2, count))
        period = 2.0 * np.pi * np.sqrt(length / 9.81)
        lines = [
            columns,
            *(",".join(map(repr, row)) for row in np.column_stack([length, mass, period]).tolist()),
        ]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    (folder / "truth.toml").write_text(truths)
    return folder


FULL = """
name = "swings"
description = "in the cellar"
[pendulum]
target = "period"
features = ["length", "mass"]
truth = "2*pi*sqrt(length/9.81)"
accepted = ["2.0060666807106475*length**0.5"]
test = "pendulum_test.csv"
domain = { length = [0, 3.5] }
notes = ["the clock was slow"]
description = "small swings"
"""


def test_your_own_suite(tmp_path):
    suite = load_suite(pendulums(tmp_path, FULL))
    assert (suite.name, suite.description, len(suite.tasks)) == ("swings", "in the cellar", 1)
    task = suite.task("pendulum")
    assert task.truth == "2*pi*sqrt(length/9.81)"
    assert (task.relevant, task.dummies) == (("length",), ("mass",))
    assert (task.feature_units, task.target_unit) == (("m", None), "s")
    assert task.domain["length"] == (0.0, 3.5)
    assert task.domain["mass"][1] <= 2.0
    assert task.accepted == ("2.0060666807106475*length**0.5",)
    assert task.notes == ("the clock was slow",)
    assert task.exact
    split = pickle.loads(pickle.dumps(task)).data(0)
    assert (split.train.n_rows, split.test.n_rows) == (100, 12)
    values = evaluate(parse(task.truth, task.feature_names), split.test.features)
    assert np.allclose(values, split.test.target, rtol=1e-12)


def test_the_least_that_can_be_said(tmp_path):
    suite = load_suite(str(pendulums(tmp_path / "swings", "")))
    assert (suite.name, [task.name for task in suite.tasks]) == ("swings", ["pendulum", "pendulum_test"])
    task = suite.task("pendulum")
    assert (task.target_name, task.truth, task.relevant) == ("period", None, None)
    first, again, other = task.data(0), task.data(0), task.data(1)
    assert (first.train.n_rows, first.test.n_rows) == (75, 25)
    assert np.array_equal(first.test.target, again.test.target)
    assert not np.array_equal(first.test.target, other.test.target)
    assert not set(first.train.target) & set(first.test.target)


def test_names_that_sympy_reads_otherwise_are_changed_with_the_truth(tmp_path):
    truths = '[pendulum]\ntruth = "2*pi*sqrt(`gamma`/9.81) + 0*`my mass`"\naccepted = ["gamma"]'
    task = load_suite(pendulums(tmp_path, truths, columns="gamma,my mass,period")).task("pendulum")
    assert task.feature_names == ("gamma_", "my_mass")
    assert task.data(0).train.feature_names == task.feature_names
    assert task.accepted == ("gamma_",)
    values = evaluate(parse(task.truth, task.feature_names), task.data(0).test.features)
    assert np.allclose(values, task.data(0).test.target)


@pytest.mark.parametrize(
    ("truths", "said"),
    [
        ("[pendulum\n", r"truth\.toml is not valid TOML: .*line 1"),
        ("[pendulm]\n", r"\[pendulm\]: there is no table pendulm\.csv; did you mean 'pendulum'"),
        ("[pendulum]\ntruht = '1'", r"\[pendulum\] has the entry 'truht'; did you mean 'truth'"),
        ("titel = 'x'", "has the entry 'titel'"),
        ("name = 3", "name is 3; wanted a text in quotes"),
        ("[pendulum]\ntruth = 3", "truth is 3; wanted a formula in quotes"),
        ("[pendulum]\nfeatures = 'length'", "features is 'length'; wanted a list"),
        ("[pendulum]\naccepted = [1]", r"accepted is \[1\]; wanted a list of formulas"),
        ("[pendulum]\ntruth = 'sqrt(length'", r"(?s)\[pendulum\], truth: cannot read the formula.*\^"),
        ("[pendulum]\ntruth = 'sqrt(lenght)'", "(?s)lenght.*length"),
        ("[pendulum]\ntruth = '2*pi'", "'2\\*pi' is a constant; a law uses at least one of length, mass"),
        ("[pendulum]\naccepted = ['1 +']", r"\[pendulum\], accepted: cannot read"),
        ("[pendulum]\ntarget = 'perod'", r"pendulum\.csv: .*perod.*period"),
        ("[pendulum]\nfeatures = ['widht']", r"pendulum\.csv: .*widht"),
        ("[pendulum]\ntest = 'other.csv'", "no file 'other.csv' to test by"),
        ("[pendulum]\ndomain = { lenght = [0, 1] }", "domain speaks of 'lenght'; did you mean 'length'"),
        ("[pendulum]\ndomain = { length = [1, 0] }", r"the domain of 'length' is \[1, 0\]; wanted \[lowest"),
        ("[pendulum]\ndomain = { length = 'far' }", "the domain of 'length' is 'far'"),
    ],
)
def test_a_malformed_truth_is_explained(tmp_path, truths, said):
    with pytest.raises(InputError, match=said) as caught:
        load_suite(pendulums(tmp_path, truths))
    assert isinstance(caught.value, EqdiscError)


def test_a_folder_without_tables_or_truths(tmp_path):
    with pytest.raises(OptionError, match=r"is no suite: wanted CSV files with a truth\.toml"):
        load_suite(tmp_path)
    (tmp_path / "truth.toml").write_text("")
    with pytest.raises(OptionError, match="holds no table"):
        load_suite(tmp_path)
    (tmp_path / "bad.csv").write_text("a,b\n1,2\nx,4\n3,4\n5,6\n")
    with pytest.raises(DataError, match=r"bad\.csv"):
        load_suite(tmp_path)
    (tmp_path / "truth.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not valid TOML"):
        load_suite(tmp_path)


def test_a_table_to_test_by_must_have_the_columns(tmp_path):
    folder = pendulums(tmp_path, FULL)
    (folder / "pendulum_test.csv").write_text("length,period\n1,2\n2,3\n3,4\n4,5\n")
    with pytest.raises(DataError, match=r"pendulum_test\.csv: .*mass"):
        load_suite(folder)
