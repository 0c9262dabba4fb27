"""FastSRB, Feynman, Strogatz, the classics: what is special to each."""

import re
from itertools import pairwise

import numpy as np
import pytest

from eqdisc.benchmark import load_suite
from eqdisc.benchmark.suites.facts import read_facts
from eqdisc.benchmark.suites.fastsrb import published_results
from eqdisc.benchmark.suites.feynman import NOISE_LEVELS
from eqdisc.benchmark.suites.strogatz import RUNS, STEP, STEPS, SYSTEMS, _run
from eqdisc.engine.reference import evaluate
from eqdisc.expr.parse import parse
from eqdisc.expr.units import Dimension, propagate

SI = {
    "N": {"kg": 1, "m": 1, "s": -2},
    "J": {"kg": 1, "m": 2, "s": -2},
    "W": {"kg": 1, "m": 2, "s": -3},
    "Pa": {"kg": 1, "m": -1, "s": -2},
    "V": {"kg": 1, "m": 2, "s": -3, "A": -1},
    "T": {"kg": 1, "s": -2, "A": -1},
    "C": {"A": 1, "s": 1},
    "F": {"kg": -1, "m": -2, "s": 4, "A": 2},
    **{base: {base: 1} for base in ("m", "kg", "s", "A", "K")},
    **{none: {} for none in ("1", "rad")},
}


def dimension(unit):
    found = Dimension()
    for sign, factor in re.findall(r"([*/]?)([^*/]+)", unit):
        base, _, power = factor.partition("^")
        found *= Dimension.of(**SI[base]) ** (int(power or 1) * (-1 if sign == "/" else 1))
    return found


@pytest.mark.parametrize("name", ["feynman", "fastsrb"])
def test_units_agree(name):
    for task in load_suite(name).tasks:
        law = parse(task.truth, task.feature_names)
        found = propagate(law, [dimension(unit) for unit in task.feature_units])
        assert found is None or found == dimension(task.target_unit), task.name


# ---------------------------------------------------------------- FastSRB


def test_fastsrb_has_the_problems_of_its_results():
    suite = load_suite("fastsrb")
    assert not {"B4", "B11", "III.9.52"} & {task.name for task in suite.tasks}
    assert suite.verdict == "fastsrb"
    assert [table.n_rows for table in suite.tasks[0].data(0).tables()] == [200, 200]


def test_fastsrb_accepted_forms_are_the_law():
    wrong = set()
    for task in load_suite("fastsrb").tasks:
        assert task.accepted, task.name
        test = task.data(0).test
        # Some accepted forms lose the smallest targets to underflow.
        rows = np.abs(test.target) > 1e-20 * np.abs(test.target).max()
        for form in task.accepted:
            values = evaluate(parse(form, task.feature_names), test.features)
            if not np.allclose(values[rows], test.target[rows], rtol=1e-6, atol=0.0, equal_nan=False):
                wrong.add(task.name)
    assert wrong == {"II.21.32", "I.44.4", "I.29.16"}  # the last is 0.5 of a number that rounds below 0


def test_fastsrb_says_which_of_its_forms_are_wrong():
    suite = load_suite("fastsrb")
    for name in ("II.21.32", "I.44.4"):
        assert "accepted forms" in suite.task(name).notes[0]


def test_fastsrb_published_rates():
    found = np.array(list(published_results().values()))
    assert found.shape == (117, 2)
    assert np.round(100.0 * found.mean(axis=0) / 5.0, 1).tolist() == pytest.approx([69.4, 44.8], abs=0.15)


# ---------------------------------------------------------------- Feynman


def test_noise_is_relative_to_the_rms_of_the_training_targets_and_nowhere_else():
    clean = load_suite("feynman").task("I_12_11").data(23654)
    assert [table.n_rows for table in clean.tables()] == [10_000, 25_000]
    for level in NOISE_LEVELS[1:]:
        noisy = load_suite(f"feynman-noise-{level:g}").task("I_12_11").data(23654)
        assert np.array_equal(noisy.train.features, clean.train.features)
        assert np.array_equal(noisy.test.target, clean.test.target)
        noise = noisy.train.target - clean.train.target
        rms = np.sqrt(np.mean(np.square(clean.train.target)))
        assert np.std(noise) == pytest.approx(level * rms, rel=0.03)
        assert abs(np.mean(noise)) < 0.04 * level * rms


def test_feynman_names_the_three_that_srbench_leaves_out():
    suite = load_suite("feynman")
    noted = {task.name for task in suite.tasks if task.notes}
    assert noted == {"test_10", "I_26_2", "I_30_5"}
    assert len(suite.seeds) == 10
    assert suite.verdict == "srbench"


def test_the_mobility_of_i_43_16_has_the_unit_of_physics():
    task = load_suite("feynman").task("I_43_16")
    assert dimension(task.feature_units[task.feature_names.index("mu_drift")]) == Dimension.of(s=1, kg=-1)


# ---------------------------------------------------------------- Strogatz


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_states_lie_on_solutions(system):
    for run in range(RUNS):
        states = _run(system, run, np.random.default_rng(run))
        assert states.shape == (STEPS, 2)
        rates = np.column_stack([evaluate(parse(rate, ("x", "y")), states) for rate in system.rates])
        # Simpson's rule over two steps, where the rates change little within them.
        moved = states[2:] - states[:-2]
        expected = STEP / 3.0 * (rates[:-2] + 4.0 * rates[1:-1] + rates[2:])
        bend = np.abs(rates[2:] - 2.0 * rates[1:-1] + rates[:-2]).max(axis=1)
        calm = bend < 0.05
        assert np.count_nonzero(calm) > 20
        assert np.allclose(moved[calm], expected[calm], atol=2e-3)


@pytest.mark.parametrize("level", NOISE_LEVELS[1:])
def test_noise_of_strogatz_is_on_the_rows_to_learn_from(level):
    clean = load_suite("strogatz").task("predprey1").data(860)
    noisy = load_suite(f"strogatz-noise-{level:g}").task("predprey1").data(860)
    assert np.array_equal(noisy.train.features, clean.train.features)
    assert np.array_equal(noisy.test.target, clean.test.target)
    rms = np.sqrt(np.mean(np.square(clean.train.target)))
    assert np.std(noisy.train.target - clean.train.target) == pytest.approx(level * rms, rel=0.2)


def test_strogatz_rows_are_parted_by_the_seed():
    task = load_suite("strogatz").task("lv1")
    first, second = task.data(1), task.data(2)
    assert [table.n_rows for table in first.tables()] == [300, 100]
    together = np.vstack([first.train.features, first.test.features])
    assert len(np.unique(together, axis=0)) > 390
    # Lotka-Volterra starts from four given states: only the parting differs.
    other = np.vstack([second.train.features, second.test.features])
    assert np.array_equal(np.sort(together[:, 0]), np.sort(other[:, 0]))
    assert not np.array_equal(first.test.features, second.test.features)
    assert "look-alike" in task.notes[0]


# ---------------------------------------------------------------- classics


@pytest.fixture
def classic():
    return load_suite("classic")


def test_classics_are_sampled_as_they_say(classic):
    for facts in read_facts("classic")["problems"]:
        kind, _, _, count = facts["train"].get("all") or facts["train"]["x1"]
        if kind == "U":
            assert classic.task(facts["name"]).data(0).train.n_rows == count, facts["name"]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("Nguyen-1", (20, 20)),
        ("Keijzer-4", (101, 101)),
        ("Keijzer-6", (50, 120)),
        ("Keijzer-11", (20, 601**2)),
        ("Pagie-1", (26**2, 26**2)),
        ("Vladislavleva-3", (100 * 6, 221 * 23)),
        ("Vladislavleva-5", (300, 15 * 12 * 15)),
        ("Nonic", (20, 20)),
        ("R1a", (20, 20)),
    ],
)
def test_numbers_of_rows(classic, name, rows):
    assert tuple(table.n_rows for table in classic.task(name).data(0).tables()) == rows


def test_grids_are_evenly_spaced_and_do_not_depend_on_the_seed(classic):
    task = classic.task("Keijzer-1")
    assert np.array_equal(task.data(0).train.features, task.data(1).train.features)
    steps = {round(b - a, 12) for a, b in pairwise(task.data(0).train.features[:, 0])}
    assert steps == {0.1}


def test_test_rows_of_random_problems_are_others(classic):
    split = classic.task("Nguyen-1").data(0)
    assert not set(split.train.target) & set(split.test.target)


def test_large_targets_are_drawn_again(classic):
    train = classic.task("Korns-8").data(0).train
    assert np.abs(train.target).max() < 100.0


def test_the_one_law_that_is_no_formula(classic):
    (task,) = (task for task in classic.tasks if task.truth is None)
    assert (task.name, task.decidable, task.relevant) == ("Neat-6", False, None)
    test = task.data(0).test
    assert test.target[2] == pytest.approx(1.0 + 1.0 / 2.0 + 1.0 / 3.0)
    assert test.n_rows == 120


def test_noise_of_rounding_is_noted(classic):
    noted = []
    for task in classic.tasks:
        if task.truth is None:
            continue
        train = task.data(0).train
        off = train.features * (1.0 + np.random.default_rng(0).uniform(-4e-16, 4e-16, train.features.shape))
        moved = np.abs(evaluate(parse(task.truth, task.feature_names), off) - train.target)
        if np.mean(~(moved < 1e-6 * train.target.std())) > 0.02:
            noted.append(task.name)
    assert noted == [task.name for task in classic.tasks if any("rounding" in note for note in task.notes)]
