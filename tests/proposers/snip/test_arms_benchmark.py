"""The tables of the arms: laws that two suites share count once, tables without a law by R2."""

import re

import pytest

from benchmarks.dysymnet.sets import credit
from benchmarks.snip import arms
from benchmarks.snip.arms import (
    accuracies,
    by_law,
    gains,
    independent,
    name_of,
    r2,
    rates,
    with_truth,
    without_truth,
)
from eqdisc.benchmark.methods import METHODS
from eqdisc.benchmark.methods.eqdisc_search import Eqdisc
from eqdisc.benchmark.plan import Plan
from eqdisc.benchmark.record import Record, Status
from eqdisc.benchmark.registry import SUITES
from eqdisc.benchmark.results import ResultsFolder
from tests.benchmark.doubles import Double, lines

LIMITS = {"seconds": 10.0, "threads": 2.0}


def record(suite, task, method, solved=None, value=0.5, seconds=1.0, repetition=0, **others):
    truth = None if solved is None else "x0"
    score = {"r2": value} if solved is None else {"r2": value, "solved": solved}
    told = {"truth": truth, "wall_seconds": seconds, "score": score, **others}
    return Record(suite, task, method, repetition, 1, "plan", LIMITS, **told)


def test_a_law_of_two_suites_counts_once_over_all():
    arm = "eqdisc-gp+bank"
    records = [record("one", "I.6.9", arm, True), record("two", "I_6_9", arm, False)]
    records += [record("two", "I_8_1", arm, False), record("two", "I_9_1", arm, False)]
    assert len(by_law(records, r2)) == 4
    one, two, told = rates(records).splitlines()[-3:]
    assert one.startswith("| one | eqdisc-gp+bank | 1 | 1 | 100.0 | 100.0 | 100.0 | 0.500 |")
    assert two.startswith("| two | eqdisc-gp+bank | 3 | 3 | 0.0 | 0.0 | 0.0 | 0.000 |")
    assert told.startswith("| all | eqdisc-gp+bank | 3 | 4 | 16.7 | 16.7 | 16.7 | 0.083 |")


def test_copies_of_a_law_do_not_narrow_the_interval():
    pair = {"eqdisc-gp+bank": (True, False, True), "eqdisc-gp": (False, False, False)}

    def told(suites):
        return gains(
            [
                record(suite, f"I.6.{place}", method, solved)
                for suite in suites
                for method, found in pair.items()
                for place, solved in enumerate(found)
            ]
        ).splitlines()[-1]

    assert (
        told(("one", "two", "three"))
        == told(("one",))
        == ("| eqdisc-gp+bank | eqdisc-gp | all | 3 | +0.333 (+0.000 to +0.500) |")
    )


def test_laws_that_no_training_may_see_have_a_row():
    arm = "eqdisc-gp+bank"
    records = [record("one", "a", arm, True), record("one", "b", arm, False, truth="x0*x1/(x0 + x1)")]
    together, large = rates(records).splitlines()[-2:]
    assert together.startswith("| all | eqdisc-gp+bank | 2 |")
    assert large.startswith("| all but small laws | eqdisc-gp+bank | 1 | 1 | 0.0 |")


def test_laws_of_physics_have_one_name_in_all_suites():
    names = {}
    for suite in ("srsd-easy", "srsd-medium", "srsd-hard", "feynman", "fastsrb", "classic"):
        tasks = SUITES[suite].load().tasks
        names[suite] = {name_of(task.name) for task in tasks}
        assert len(names[suite]) == len(tasks)
    srsd = names["srsd-easy"] | names["srsd-medium"] | names["srsd-hard"]
    assert len(srsd) == 120
    assert names["feynman"] < srsd
    assert names["fastsrb"] < srsd
    assert not names["classic"] & srsd
    dummies = {name_of(task.name) for task in SUITES["srsd-hard-dummy"].load().tasks}
    assert dummies == names["srsd-hard"]


def test_runs_that_failed_or_were_ended_found_nothing():
    ended = [
        record("one", f"I.{place}", "eqdisc-gp", False, status=status, score={}, wall_seconds=None)
        for place, status in enumerate(Status)
        if status is not Status.OK
    ]
    undecided = record("one", "II.1", "eqdisc-gp", True, score={"solved": None, "verdict": "undecided"})
    records = [*ended, undecided, record("one", "III.1", "eqdisc-gp", True)]
    assert with_truth(records) == records
    values = by_law(records, credit)
    assert [law for law, value in values.items() if value] == [("one", "III.1")]
    assert len(independent("all", values)) == len(records) == 7
    lost = record("real", "t", "eqdisc-gp", status=Status.CRASH, score={})
    assert r2(lost) == 0.0


def test_arms_are_compared_on_repetitions_that_both_have():
    records = [record("one", "I.1", "eqdisc-gp", True), record("one", "I.1", "eqdisc-gp+bank", True)]
    same = gains(records)
    assert same.count("+0.000 (+0.000 to +0.000)") == 2
    # Of a run that its partner has not had yet nothing is said.
    records.append(record("one", "I.1", "eqdisc-gp", False, repetition=1))
    records.append(record("one", "I.2", "eqdisc-gp+bank", False))
    assert gains(records) == same
    assert gains(records[2:]).count("\n") == 1


def test_seconds_may_be_of_the_processor(tmp_path, capsys):
    folder = tmp_path / "arms"
    with ResultsFolder(folder, {"fingerprint": "plan"}) as results:
        results.append(record("one", "I.1", "eqdisc-gp", True, seconds=8.0, cpu_seconds=4.0))
    shares = []
    for arguments in ([str(folder)], ["--cpu", str(folder)]):
        arms.main(arguments)
        shares.append(capsys.readouterr().out.splitlines()[2].split(" | ")[4:7])
    assert shares == [["0.0", "0.0", "100.0"], ["0.0", "100.0", "100.0"]]
    with pytest.raises(SystemExit):
        arms.main(["--cpu"])


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
