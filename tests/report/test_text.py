import io
from dataclasses import dataclass

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.problem import Problem
from eqdisc.report.text import LiveProgress, PlainProgress, front_table, summary
from eqdisc.scoring.candidate import Candidate
from eqdisc.search.engine import StopReason
from eqdisc.search.observer import Progress


@dataclass(frozen=True)
class Law:
    tree: Expression
    loss: float
    r2: float
    r2_heldout: float | None = None
    found_by: str = "gp"

    @property
    def complexity(self) -> int:
        return self.tree.size


@dataclass(frozen=True)
class Found:
    best: Law
    front: tuple[Law, ...]
    warnings: tuple[str, ...] = ()
    reason: str = "it is the simplest within the noise"
    stopped: StopReason = StopReason.TIME
    seed: int = 3
    epochs: int = 17
    seconds: float = 2.0
    compile_seconds: float = 1.25
    evaluations: int = 5000
    target_name: str = "area"
    feature_names: tuple[str, ...] = ("side",)


CONSTANT = Law(parse("4.123456789", ["side"]), 10.0, 0.0)
SQUARE = Law(parse("side*side", ["side"]), 2.5e-7, 0.99999983)
LONG = Law(parse(" + ".join(["side"] * 80), ["side"]), 1e-9, 1.0)


def problem() -> Problem:
    side = np.arange(1.0, 11.0)
    return Problem.of(
        Dataset.of(side[:, None], side**2 + 0.5, names=["side"]), OperatorSet.of("mul"), 60, seed=0
    )


def progress(**changes: object) -> Progress:
    best = Candidate(SQUARE.tree, 0.25, None, 3, "gp")
    facts: dict[str, object] = {
        "epoch": 4,
        "seconds": 2.0,
        "compile_seconds": 0.0,
        "time_limit": 30.0,
        "epochs": None,
        "evaluations": 246_000,
        "front": (best,),
    }
    return Progress(**{**facts, **changes})  # type: ignore[arg-type]


def test_summary_tells_law_reason_effort_and_how_to_repeat() -> None:
    lines = summary(Found(SQUARE, (CONSTANT, SQUARE, LONG), warnings=("mind the gap",))).splitlines()
    assert lines[0] == "area = side*side"
    assert lines[-5:] == [
        "chosen   it is the simplest within the noise",
        "stopped  the time is up",
        "effort   5,000 candidates in 2.0 s (2,500 per second), 1.2 s of compilation apart",
        "repeat   --seed 3 --epochs 17",
        "warning  mind the gap",
    ]


def test_table_marks_the_chosen_law_and_cuts_none() -> None:
    header, constant, square, long = front_table((CONSTANT, SQUARE, LONG), SQUARE, ["side"])
    assert header.split() == ["nodes", "loss", "R2", "found", "by", "law"]
    assert square.split() == [">", "3", "2.5e-07", "0.99999983", "gp", "side*side"]
    assert constant.split() == ["1", "10", "0.0000", "gp", "4.12346"]
    assert long.count("side") == 80
    assert header.index("law") == square.index("side*side") == constant.index("4.12346")


def test_table_has_a_column_of_held_out_rows_only_where_some_were() -> None:
    held = Law(SQUARE.tree, 1.0, 0.9, r2_heldout=0.85)
    header, row = front_table((held,), held, ["side"])
    assert "R2 held out" in header
    assert row.split()[3:5] == ["0.9000", "0.8500"]


@pytest.mark.parametrize(
    ("r2", "shown"),
    [(float("nan"), "-"), (1.0, "1"), (-2.5, "-2.5000"), (-1e-17, "0.0000"), (0.9999, "0.99990")],
)
def test_shares(r2: float, shown: str) -> None:
    law = Law(SQUARE.tree, 1.0, r2)
    assert front_table((law,), law, ["side"])[1].split()[3] == shown


def test_no_time_at_all_is_no_division_by_zero() -> None:
    assert "(0 per second)" in summary(Found(SQUARE, (SQUARE,), seconds=0.0))


def test_plain_lines_and_no_more_than_one_in_an_interval() -> None:
    stream = io.StringIO()
    watcher = PlainProgress(stream, interval=1000.0)
    watcher.on_start(problem())
    watcher.on_prepare("gp", progress(evaluations=0, seconds=0.0))
    watcher.on_epoch(progress())
    watcher.on_epoch(progress())
    starting, line = stream.getvalue().splitlines()
    assert starting.endswith("side*side  (starting gp, which is compiled at its first use)")
    assert line.split("  ") == [
        "",
        " 2.0 s",
        "28.0 s left",
        "123,000 candidates/s",
        "R2 0.99976",
        "side*side",
    ]
    assert "\x1b" not in stream.getvalue()


def test_epochs_asked_for_are_counted_instead_of_seconds() -> None:
    stream = io.StringIO()
    watcher = PlainProgress(stream)
    watcher.on_start(problem())
    watcher.on_epoch(progress(time_limit=None, epochs=9))
    assert "epoch 4 of 9" in stream.getvalue()


def test_live_line_can_be_closed_at_any_time() -> None:
    stream = io.StringIO()
    watcher = LiveProgress(stream)
    watcher.close()
    watcher.on_start(problem())
    watcher.on_epoch(progress())
    watcher.close()
    watcher.close()
    assert "side*side" in stream.getvalue()
