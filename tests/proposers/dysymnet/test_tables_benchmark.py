"""The tables of the sets and of accuracy say what their heads say."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from eqdisc.benchmark.record import Record, Status

SCRIPTS = Path(__file__).parents[3] / "benchmarks" / "dysymnet"


def script(name):
    spec = importlib.util.spec_from_file_location(f"{name}_benchmark", SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def sets():
    return script("sets")


@pytest.fixture(scope="module")
def accuracy():
    return script("accuracy")


def run(task, seconds=None, method="eqdisc-gp", repetition=0, r2=None, **more):
    score = {"solved": seconds is not None, "r2": r2, "complexity": 7}
    given = {"limits": {"seconds": 30.0}, "truth": "x", "wall_seconds": seconds or 30.0, "score": score}
    return Record("classic", task, method, repetition, 1, "p", **{**given, **more})


def test_laws_belong_to_their_sets(sets):
    told = {"Nguyen-12a": "Nguyen", "R1": "R", "R3a": "R", "Livermore2-Vars2-1": "Livermore2-Vars2"}
    assert {task: sets.set_of(task) for task in told} == told


def test_the_area_is_that_under_the_curve_of_runs_solved(sets):
    waits = [0.02, 0.5, 4.0, 30.0, None]
    runs = [run(f"Jin-{k}", wait) for k, wait in enumerate(waits)]
    times = np.geomspace(sets.FIRST, 30.0, 20_001)
    share = [np.mean([wait is not None and wait <= t for wait in waits]) for t in times]
    assert np.mean([sets.credit(each) for each in runs]) == pytest.approx(np.mean(share), abs=1e-3)


def test_the_interval_holds_the_mean_and_shrinks_with_more_laws(sets):
    few, many = (np.tile([0.0, 1.0], count) for count in (5, 100))
    assert (
        sets.interval(few)[0] < sets.interval(many)[0] < 0.5 < sets.interval(many)[1] < sets.interval(few)[1]
    )


def test_hard_laws_are_chosen_by_other_runs(sets):
    gp = {(each.task, each.repetition): each for each in (run("R1", 20.0), run("R1", 1.0, repetition=1))}
    assert not sets.is_hard(("R1", 0), gp)
    assert sets.is_hard(("R1", 1), gp)
    assert not sets.is_hard(("R2", 0), gp)


def test_the_hybrid_is_compared_law_by_law(sets):
    runs = []
    for law in range(6):
        for repetition in range(2):
            for method, seconds in ((sets.ALONE, None), (sets.GP, 10.0), (sets.HYBRID, 1.0)):
                runs.append(run(f"Koza-{law}", seconds, method, repetition))
    all_gp, hard_gp = (line for line in sets.against(runs).splitlines() if line.startswith(f"| {sets.GP}"))
    gain = np.log(10.0) / np.log(30.0 / sets.FIRST)
    assert f"{gain:+.3f} ({gain:.3f} to {gain:.3f})" in all_gp
    assert all_gp.split("|")[3:] == hard_gp.split("|")[3:]
    assert sets.worst(runs).splitlines()[-1] == "| Koza | 0.0 | 6.0 | 6.0 | 0.0 |"
    assert sum("12/12" in line for line in sets.rates(runs).splitlines()) == 4  # two methods, the set and all


def test_a_run_without_an_answer_has_no_accuracy(accuracy):
    runs = [run("a", r2=0.995), run("b", r2=-40.0), run("c", status=Status.TIMEOUT, score={})]
    assert [accuracy.r2(each) for each in runs] == [0.995, 0.0, 0.0]
    figures = accuracy.table(runs).splitlines()[-1].split("|")
    assert figures[3].strip() == "3"
    assert figures[4].split()[0] == f"{0.995 / 3:.4f}"
    assert figures[6].strip() == "33.3"


def test_black_boxes_stand_apart(accuracy):
    boxes = [Record("real", "wine", "m", 0, 1, "p", score={"r2": 0.5}), run("kepler", 1.0)]
    boxes[1] = Record(**{**vars(boxes[1]), "suite": "real"})
    assert [accuracy.group_of(each) for each in boxes] == ["real, black boxes", "real, with a law"]
