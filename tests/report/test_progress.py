import io
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.problem import Problem
from eqdisc.report.live import LiveProgress
from eqdisc.report.progress import Narrator, PlainProgress, Watcher, progress_observer
from eqdisc.scoring.candidate import Candidate
from eqdisc.search.observer import Progress


def problem(name: str = "side") -> Problem:
    side = np.arange(1.0, 41.0)
    random = np.random.default_rng(0)
    table = Dataset.of(side[:, None], side**2 + random.normal(0, 0.5, 40), names=[name], target_name="area")
    return Problem.of(table, OperatorSet.of("mul"), 60, seed=0)


def candidate(text: str, loss: float) -> Candidate:
    tree = parse(text, ["side"])
    return Candidate(tree, loss, None, tree.size, "gp")


MEAN = candidate("553.5", 230_000.0)
SQUARE = candidate("side*side", 0.25)
LONG = candidate("side*side + " + " + ".join(["0.001*sin(side)"] * 14), 0.2499)


def progress(**changes: object) -> Progress:
    facts: dict[str, object] = {
        "epoch": 4,
        "seconds": 2.0,
        "compile_seconds": 0.0,
        "time_limit": 30.0,
        "epochs": None,
        "evaluations": 246_000,
        "front": (MEAN, SQUARE, LONG),
    }
    return Progress(**{**facts, **changes})  # type: ignore[arg-type]


class Terminal(io.StringIO):
    """A stream that says it is a terminal, of an encoding of its own."""

    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


class AsciiTerminal(Terminal):
    encoding = "ascii"  # type: ignore[assignment]

    def write(self, text: str) -> int:
        text.encode("ascii")  # raises what a real stream would raise
        return super().write(text)


def test_the_law_shown_is_the_shortest_description_and_not_the_one_that_errs_least() -> None:
    narrator = Narrator()
    narrator.on_start(problem())
    assert narrator.law(progress()) is SQUARE


def test_laws_are_judged_at_most_once_a_second_unless_the_one_shown_is_gone() -> None:
    narrator = Narrator()
    narrator.on_start(problem())
    assert narrator.law(progress(front=(MEAN,))) is MEAN
    assert narrator.law(progress()) is MEAN  # still on the front, judged a moment ago
    assert narrator.law(progress(front=(SQUARE, LONG))) is SQUARE


def test_judging_costs_next_to_nothing_when_nothing_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    narrator = Narrator()
    narrator.on_start(problem())
    narrator.law(progress())
    monkeypatch.setattr("eqdisc.report.progress.describe", None)  # would be called for an unknown law
    monkeypatch.setattr(time, "monotonic", lambda: 1e9)
    assert narrator.law(progress()) is SQUARE


def test_plain_lines_and_no_more_than_one_in_an_interval() -> None:
    stream = io.StringIO()
    watcher = PlainProgress(stream, interval=1000.0)
    watcher.on_start(problem())
    watcher.on_prepare("gp", progress(evaluations=0, seconds=0.0))
    watcher.on_epoch(progress())
    watcher.on_epoch(progress())
    starting, line = stream.getvalue().splitlines()
    assert starting.endswith("side*side  (starting gp, which is compiled at its first use)")
    assert [word.strip() for word in line.split("  ") if word] == [
        "2.0 s",
        "28.0 s left",
        "123,000 candidates/s",
        "R2 0.9999990",
        "side*side",
    ]
    assert "\x1b" not in stream.getvalue()


def test_epochs_asked_for_are_counted_instead_of_seconds() -> None:
    stream = io.StringIO()
    watcher = PlainProgress(stream)
    watcher.on_start(problem())
    watcher.on_epoch(progress(time_limit=None, epochs=9))
    assert "epoch 4 of 9" in stream.getvalue()


@pytest.mark.parametrize("kind", [PlainProgress, LiveProgress])
def test_a_stream_without_greek_gets_something_else_instead(kind: type[PlainProgress]) -> None:
    stream = AsciiTerminal()
    with kind(stream) as watcher:
        watcher.on_start(problem("θ"))
        watcher.on_epoch(progress())
    assert "?" in stream.getvalue()


def test_live_panel_shows_front_law_and_clock() -> None:
    stream = Terminal()
    with LiveProgress(stream) as watcher:
        watcher.on_start(problem())
        watcher.on_epoch(progress())
    shown = stream.getvalue()
    for part in ("area = side·side", "553.5", "28.0 s left", "epoch 4", "123,000 candidates/s"):
        assert part in shown


def test_live_panel_says_what_is_compiled() -> None:
    stream = Terminal()
    with LiveProgress(stream) as watcher:
        watcher.on_start(problem())
        watcher.on_prepare("gp", progress(time_limit=None, epochs=9))
    assert "starting gp" in stream.getvalue()


@pytest.mark.parametrize("stream", [Terminal(), AsciiTerminal()], ids=["unicode", "ascii"])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (12, 4), (24, 10), (59, 8), (80, 24), (300, 100)])
def test_live_panel_keeps_within_any_terminal(
    width: int, height: int, stream: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("LINES", str(height))
    from rich.console import Console

    with LiveProgress(stream) as watcher:
        watcher.on_start(problem("a_name_that_is_much_too_long_for_a_terminal_of_any_width_people_use"))
        watcher.on_epoch(progress())
        assert watcher._panel is not None
        console = Console(file=io.StringIO(), width=width, height=height)
        console.print(watcher._panel.draw())
        lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert all(len(line) <= width for line in lines)


def test_a_panel_that_nothing_has_changed_in_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with LiveProgress(Terminal()) as watcher:
        watcher.on_start(problem())
        watcher.on_epoch(progress())
        panel = watcher._panel
        assert panel is not None
        panel.draw()
        monkeypatch.setattr("eqdisc.report.live.pretty", None)  # would be called for a new law
        panel.draw()


def test_live_panel_can_be_closed_at_any_time() -> None:
    stream = Terminal()
    watcher = LiveProgress(stream)
    watcher.close()
    watcher.on_start(problem())
    watcher.on_epoch(progress())
    watcher.close()
    watcher.close()
    assert stream.getvalue().endswith("\x1b[?25h") or "\x1b[?25h" in stream.getvalue()  # cursor given back


def test_the_observer_suits_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TERM", raising=False)
    assert type(progress_observer(quiet=True)) is Watcher
    assert isinstance(progress_observer(stream=Terminal()), LiveProgress)
    assert isinstance(progress_observer(stream=io.StringIO()), PlainProgress)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(progress_observer(stream=Terminal()), PlainProgress)


def test_a_kernel_is_recognised_without_importing_ipython(monkeypatch: pytest.MonkeyPatch) -> None:
    from eqdisc.report.notebook import NotebookProgress

    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))  # type: ignore[arg-type]
    assert isinstance(progress_observer(), NotebookProgress)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))  # type: ignore[arg-type]
    assert isinstance(progress_observer(stream=None), PlainProgress | LiveProgress)
