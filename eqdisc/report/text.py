"""What a terminal shows: progress while a search runs, the front when it is over."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TextIO

import numpy as np

from eqdisc.expr.expression import Expression
from eqdisc.expr.format import format_expression
from eqdisc.problem import Problem
from eqdisc.search.engine import SearchResult, StopReason
from eqdisc.search.observer import Observer, Progress

if TYPE_CHECKING:
    from rich.live import Live

DIGITS = 6  # of the constants shown; records keep all of them


class LawFacts(Protocol):
    """What is told of a law."""

    @property
    def tree(self) -> Expression: ...
    @property
    def complexity(self) -> int: ...
    @property
    def loss(self) -> float: ...
    @property
    def r2(self) -> float: ...
    @property
    def r2_heldout(self) -> float | None: ...
    @property
    def found_by(self) -> str: ...


class SearchFacts(Protocol):
    """What is told of a finished search."""

    @property
    def best(self) -> LawFacts: ...
    @property
    def reason(self) -> str: ...
    @property
    def front(self) -> Sequence[LawFacts]: ...
    @property
    def stopped(self) -> StopReason: ...
    @property
    def seed(self) -> int: ...
    @property
    def epochs(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def compile_seconds(self) -> float: ...
    @property
    def evaluations(self) -> int: ...
    @property
    def warnings(self) -> Sequence[str]: ...
    @property
    def target_name(self) -> str: ...
    @property
    def feature_names(self) -> Sequence[str]: ...


def summary(found: SearchFacts) -> str:
    """The front with the chosen law marked, why it was chosen, why the search stopped, how to repeat it."""
    rate = found.evaluations / found.seconds if found.seconds > 0.0 else 0.0
    lines = [
        f"{found.target_name} = {_law_text(found.best.tree, found.feature_names)}",
        "",
        *front_table(found.front, found.best, found.feature_names),
        "",
        f"chosen   {found.reason}",
        f"stopped  {found.stopped.value}",
        f"effort   {found.evaluations:,} candidates in {found.seconds:.1f} s ({rate:,.0f} per second), "
        f"{found.compile_seconds:.1f} s of compilation apart",
        f"repeat   --seed {found.seed} --epochs {found.epochs}",
        *(f"warning  {warning}" for warning in found.warnings),
    ]
    return "\n".join(lines)


def front_table(laws: Sequence[LawFacts], best: LawFacts, names: Sequence[str]) -> list[str]:
    """Lines of an aligned table, simplest law first, `>` before the chosen one; no law is cut or wrapped."""
    heldout = any(law.r2_heldout is not None for law in laws)
    rows = [("", "nodes", "loss", "R2", *(("R2 held out",) if heldout else ()), "found by", "law")]
    for law in laws:
        judged = (_share(law.r2_heldout),) if heldout else ()
        figures = (str(law.complexity), f"{law.loss:.3g}", _share(law.r2), *judged)
        rows.append((">" if law is best else "", *figures, law.found_by, _law_text(law.tree, names)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    left = (0, len(widths) - 2, len(widths) - 1)
    return [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


class _Watcher(Observer):
    """Turns progress into one line of text; where it goes is for subclasses to say."""

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._variance = 0.0

    def on_start(self, problem: Problem) -> None:
        self._names = problem.dataset.feature_names
        self._variance = float(np.cov(problem.train.target, aweights=problem.train.weights, bias=True))

    def line(self, progress: Progress) -> str:
        """Elapsed and left, candidates per second, best law so far."""
        if progress.time_limit is not None:
            left = f"{max(0.0, progress.time_limit - progress.seconds):.1f} s left"
        else:
            left = f"epoch {progress.epoch} of {progress.epochs}"
        law = _law_text(progress.best.expression, self._names)
        share = 1.0 - progress.best.loss / self._variance if self._variance > 0.0 else float("nan")
        rate = f"{progress.evaluations_per_second:,.0f} candidates/s"
        return f"{progress.seconds:6.1f} s  {left}  {rate}  R2 {_share(share)}  {law}"


class PlainProgress(_Watcher):
    """Progress as lines on a stream that is no terminal: the first epoch, then every `interval` seconds."""

    def __init__(self, stream: TextIO, interval: float = 5.0) -> None:
        super().__init__()
        self._stream = stream
        self._interval = interval
        self._last = -float("inf")

    def on_prepare(self, name: str, progress: Progress) -> None:
        self._write(f"{self.line(progress)}  (starting {name}, which is compiled at its first use)")

    def on_epoch(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last >= self._interval:
            self._last = now
            self._write(self.line(progress))

    def _write(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


class LiveProgress(_Watcher):
    """Progress as one line of a terminal that is written over and over, and wiped at the end."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._live: Live | None = None

    def on_start(self, problem: Problem) -> None:
        from rich.console import Console
        from rich.live import Live

        super().on_start(problem)
        console = Console(file=self._stream, force_terminal=True)
        self._live = Live(console=console, transient=True, redirect_stdout=False)
        self._live.start()

    def on_prepare(self, name: str, progress: Progress) -> None:
        self._show(f"{self.line(progress)}  (starting {name}, which is compiled at its first use)")

    def on_epoch(self, progress: Progress) -> None:
        self._show(self.line(progress))

    def on_end(self, result: SearchResult) -> None:
        self.close()

    def close(self) -> None:
        """Give the terminal back; called too when the search ends by an error."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _show(self, text: str) -> None:
        from rich.text import Text

        if self._live is not None:
            self._live.update(Text(text, no_wrap=True, overflow="ellipsis"))


def _law_text(tree: Expression, names: Sequence[str]) -> str:
    return format_expression(tree, names, digits=DIGITS)


def _share(r2: float | None) -> str:
    """R2 with enough nines to tell good laws apart: 0.99999983, not 1.000."""
    if r2 is None or not np.isfinite(r2):
        return "-"
    missing = 1.0 - r2
    if missing < 1e-15:
        return "1"
    if missing > 1e-3:
        return f"{round(r2, 4) + 0.0:.4f}"  # no -0.0000
    exponent = int(f"{missing:.1e}".partition("e")[2])
    return f"{r2:.{1 - exponent}f}"
