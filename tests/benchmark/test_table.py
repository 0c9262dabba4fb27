"""Figures of a benchmark: what counts, what is a failure, and how sure one can be."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from eqdisc.benchmark.record import Record, Status
from eqdisc.benchmark.table import recovery_curve, summarize, wilson
from eqdisc.errors import OptionError


def record(task: str, solved: bool | None = True, **facts: object) -> Record:
    score = facts.pop("score", {"solved": solved, "ned": 0.0 if solved else 0.5, "ned_canonical": 0.0})
    given: dict[str, object] = {
        "truth": "x",
        "answer": "x",
        "wall_seconds": 1.0,
        "method": "gp",
        "suite": "a",
    }
    given |= {"repetition": 0, "seed": 1, "plan": "p", **facts}
    return Record(task=task, score=score, **given)  # type: ignore[arg-type]


def failed(task: str, **facts: object) -> Record:
    return record(task, status=Status.CRASH, answer=None, score={}, wall_seconds=None, **facts)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_wilsons(case: tuple[int, int]) -> None:
    found, trials = case
    low, high = wilson(found / trials, trials)
    oracle = binomtest(found, trials).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((oracle.low, oracle.high), abs=1e-12)
    assert 0.0 <= low <= found / trials <= high <= 1.0


def test_runs_that_failed_count_as_not_solved() -> None:
    (row,) = summarize([record("t1"), record("t2", False), failed("t3"), record("t4", None)])
    assert row.group == {"method": "gp", "set": "a"}
    assert (row.runs, row.tasks, row.failed, row.undecided) == (4, 4, 1, 1)
    assert row.solved is not None
    assert row.solved.value == 0.25
    assert row.ned == pytest.approx((0.0 + 0.5 + 1.0 + 0.5) / 4)
    assert row.ned_canonical == pytest.approx(0.25)


def test_tasks_count_alike_however_many_runs_they_have() -> None:
    rows = [record("t1", repetition=n) for n in range(9)] + [record("t2", False)]
    (row,) = summarize(rows)
    assert row.solved is not None
    assert (row.solved.value, row.solved.tasks) == (0.5, 2)
    assert (row.solved.low, row.solved.high) == wilson(0.5, 2)


def test_both_totals_all_and_decidable() -> None:
    (row,) = summarize([record("t1"), record("t2", False, decidable=False), record("t3", False)])
    assert row.solved is not None
    assert row.solved_decidable is not None
    assert row.solved.value == pytest.approx(1 / 3)
    assert (row.solved_decidable.value, row.solved_decidable.tasks) == (0.5, 2)


def test_a_method_has_a_total_over_its_sets() -> None:
    rows = [record("t1"), record("t1", False, suite="b"), record("t2", False, suite="b")]
    rows += [record("t1", method="other")]
    summaries = summarize(rows)
    assert [tuple(row.group.values()) for row in summaries] == [
        ("gp", "a"),
        ("gp", "b"),
        ("gp", "all"),
        ("other", "a"),
    ]
    assert summaries[2].solved is not None
    assert summaries[2].solved.value == pytest.approx(1 / 3)


def test_the_order_of_the_records_changes_no_figure() -> None:
    rows = [record(f"t{n}", n % 3 == 0, suite="ab"[n % 2], wall_seconds=float(n)) for n in range(12)]
    there = {tuple(row.group.items()): row for row in summarize(rows)}
    back = {tuple(row.group.items()): row for row in summarize(rows[::-1])}
    assert there == back


def test_other_figures() -> None:
    scores = [
        {"solved": False, "accurate": True, "complexity": 5, "dummies": ["x9"], "srbench": True},
        {"solved": True, "accurate": False, "complexity": 9, "dummies": [], "srbench": False},
    ]
    rows = [record(f"t{n}", score=score, wall_seconds=2.0 + n) for n, score in enumerate(scores)]
    (row,) = summarize(rows, by=["method"])
    assert (row.seconds, row.complexity, row.dummies) == (2.5, 7.0, 0.5)
    assert row.accurate is not None
    assert row.accurate.value == 0.5
    assert row.srbench is not None
    assert row.srbench.value == 0.5
    assert row.fastsrb is None


def test_the_rule_of_a_benchmark_is_for_its_own_sets() -> None:
    rows = [record("t1", score={"solved": True, "fastsrb": True}), failed("t2"), record("t1", suite="b")]
    total = summarize(rows)[-1]
    assert total.fastsrb is not None
    assert (total.fastsrb.value, total.fastsrb.tasks) == (0.5, 2)


def test_black_boxes_have_no_solution_rate() -> None:
    rows = [record("t1", truth=None, score={"accurate": True, "r2": 0.9999})]
    (row,) = summarize(rows)
    assert (row.solved, row.ned, row.undecided) == (None, None, 0)
    assert row.accurate is not None
    assert row.accurate.value == 1.0


def test_summaries_are_plain_values_for_json() -> None:
    (row,) = summarize([record("t1"), failed("t2")])
    content = json.loads(json.dumps(row.record(), allow_nan=False))
    assert content["method"] == "gp"
    assert content["set"] == "a"
    assert content["solved"] == {"rate": 0.5, "low": row.solved.low, "high": row.solved.high, "tasks": 2}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("by", "words"),
    [(["metod"], "did you mean 'method'"), ([], "nothing"), (["set", "set"], "different keys")],
)
def test_impossible_groups(by: list[str], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        summarize([record("t1")], by)


def test_the_recovery_curve_ends_at_the_solution_rate() -> None:
    rows = [record(f"t{n}", n % 2 == 0, wall_seconds=10.0 - n) for n in range(8)] + [failed("t9")]
    curve = recovery_curve(rows)
    assert [seconds for seconds, _ in curve] == sorted(seconds for seconds, _ in curve)
    assert [share for _, share in curve] == sorted(share for _, share in curve)
    (row,) = summarize(rows)
    assert row.solved is not None
    assert math.isclose(curve[-1][1], row.solved.value)
    assert recovery_curve([replace(rows[1])]) == []
