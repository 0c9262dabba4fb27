"""The tables of the arms: laws of one name in two suites stay apart, tables without a law count by R2."""

import re

from benchmarks.snip import arms
from benchmarks.snip.arms import accuracies, by_law, gains, r2, rates, with_truth, without_truth
from eqdisc.benchmark.methods import METHODS
from eqdisc.benchmark.methods.eqdisc_search import Eqdisc
from eqdisc.benchmark.plan import Plan
from eqdisc.benchmark.record import Record
from eqdisc.benchmark.registry import SUITES
from tests.benchmark.doubles import Double, lines

LIMITS = {"seconds": 10.0, "threads": 2.0}


def record(suite, task, method, solved=None, value=0.5, seconds=1.0):
    truth = None if solved is None else "x0"
    score = {"r2": value} if solved is None else {"r2": value, "solved": solved}
    return Record(suite, task, method, 0, 1, "plan", LIMITS, truth=truth, wall_seconds=seconds, score=score)


def test_laws_of_one_name_in_two_suites_are_two():
    arm = "eqdisc-gp+bank"
    records = [record("one", "I.6", arm, True), record("two", "I.6", arm, False)]
    records += [record("two", "I.8", arm, False), record("two", "I.9", arm, False)]
    assert len(by_law(records, r2)) == 4
    told = rates(records).splitlines()[-1]
    assert told.startswith("| all | eqdisc-gp+bank | 4 | 4 | 25.0 | 25.0 | 25.0 | 0.125 |")


def test_tables_without_a_law_count_by_r2():
    known = [record("one", "a", "eqdisc-gp", True), record("one", "a", "eqdisc-gp+bank", False)]
    values = {"eqdisc-gp": (0.2, -5.0, None), "eqdisc-gp+bank": (0.9, 0.1, 0.5)}
    real = [
        record("real", f"t{place}", method, value=value)
        for method, found in values.items()
        for place, value in enumerate(found)
    ]
    assert with_truth([*known, *real]) == known
    assert without_truth([*known, *real]) == real
    assert "| real | eqdisc-gp | 3 | 3 | 0.067 (" in accuracies(real)
    assert "| eqdisc-gp+bank | eqdisc-gp | real | 3 | +0.433 (+0.100 to +0.700) |" in gains(real, r2, "R2")


def test_the_command_names_suites_and_arms_that_there_are():
    command = (arms.__doc__ or "").partition("--out")[0]
    suites = re.findall(r"[\w-]+", command.partition("bench run")[2].partition("--")[0])
    assert len(suites) > 3
    assert set(suites) <= set(SUITES)
    methods = set(re.findall(r"--method (\S+)", command))
    assert {name for pair in arms.PAIRS for name in pair} <= methods <= set(METHODS)


def test_arms_search_with_the_seed_of_what_they_add_to():
    names = (None, "gp dysymnet")
    methods = [Eqdisc("gp"), Eqdisc(arm="gp+bank"), Eqdisc(arm="gp+wolves"), Eqdisc(arm="all+bank")]
    methods += [*(Eqdisc(name) for name in names), Eqdisc(without="gp"), Double()]
    runs = list(Plan.of([lines(1)], methods).runs())
    seeds = {run.method.name: run.seed for run in runs}
    assert seeds["eqdisc-gp"] == seeds["eqdisc-gp+bank"] == seeds["eqdisc-gp+wolves"]
    assert seeds["eqdisc-all+bank"] == seeds["eqdisc"]
    others = {seeds[name] for name in seeds if "bank" not in name and "wolves" not in name}
    assert len(others) == 5
    # As they have been before arms had these: records made then go on.
    assert (seeds["eqdisc"], seeds["eqdisc-gp+dysymnet"], seeds["double"]) == (
        1003562101,
        546943290,
        465192180,
    )
