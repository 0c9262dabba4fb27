"""Who tells of a search while it runs: lines on a stream, a panel in a terminal, a table in a notebook."""

import os
import sys
import time
from typing import Self, TextIO

import numpy as np

from eqdisc.data.dataset import Dataset
from eqdisc.problem import Problem
from eqdisc.report.words import law_text, printable, share
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.description import Description, describe
from eqdisc.search.observer import Observer, Progress
from eqdisc.search.sample import sample

JUDGING_ROWS = 500  # enough to tell which law is worth showing; the search decides on far more
JUDGING_INTERVAL = 1.0  # seconds


class Watcher(Observer):
    """Base of what shows progress; by itself it shows nothing. `close` gives back what it holds.

    >>> with Watcher() as watcher:
    ...     observers = [watcher]
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the terminal or the page back; called too when the search ends by an error."""


class Narrator(Watcher):
    """A watcher that knows what to say of a search: the law to show, its share of the variance, the time."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self.target = ""
        self._variance = 0.0
        self._table: Dataset | None = None
        self._rows = 0
        self._judged: dict[Candidate, Description] = {}
        self._shown: Candidate | None = None
        self._judged_at = -float("inf")

    def on_start(self, problem: Problem) -> None:
        self.names = problem.dataset.feature_names
        self.target = problem.dataset.target_name
        self._variance = float(np.cov(problem.train.target, aweights=problem.train.weights, bias=True))
        self._table, self._rows = sample(problem.train, JUDGING_ROWS), problem.train.n_rows
        self._judged.clear()
        self._shown, self._judged_at = None, -float("inf")

    def law(self, progress: Progress) -> Candidate:
        """The law of the front with the shortest description, judged on a sample, at most once a second.

        Between two judgements the one judged last stays while it is on the front.
        """
        now = time.monotonic()
        stays = self._shown is not None and self._shown in progress.front
        if self._table is not None and (now - self._judged_at >= JUDGING_INTERVAL or not stays):
            self._shown = self._shortest(progress.front, self._table)
            self._judged_at = now
        return self._shown or progress.best

    def _shortest(self, front: tuple[Candidate, ...], table: Dataset) -> Candidate:
        known = self._judged
        self._judged = {law: known.get(law) or describe(law.expression, table, self._rows) for law in front}
        floor = min(described.floor for described in self._judged.values())
        return min(front, key=lambda law: (self._judged[law].bits_above(floor), law.complexity))

    def share_of(self, law: Candidate) -> float:
        """R2 on the training rows; NaN where the target does not vary there."""
        return 1.0 - law.loss / self._variance if self._variance > 0.0 else float("nan")

    def line(self, progress: Progress) -> str:
        """Elapsed and left, candidates per second, the law to show."""
        law = self.law(progress)
        rate = f"{progress.evaluations_per_second:,.0f} candidates/s"
        shown = law_text(law.expression, self.names)
        return f"{progress.seconds:6.1f} s  {left(progress)}  {rate}  R2 {share(self.share_of(law))}  {shown}"


class PlainProgress(Narrator):
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
        print(printable(text, self._stream.encoding), file=self._stream, flush=True)


def left(progress: Progress, since: float = 0.0) -> str:
    """Time left, or the epoch of how many; `since` seconds have passed after the progress was told."""
    if progress.time_limit is not None:
        return f"{max(0.0, progress.time_limit - progress.seconds - since):.1f} s left"
    return f"epoch {progress.epoch} of {progress.epochs}"


def progress_observer(quiet: bool = False, stream: TextIO | None = None) -> Watcher:
    """What suits the place we run in: a notebook's output, a live panel in a terminal, else plain lines.

    quiet  : show nothing at all
    stream : where text goes; standard error if not given
    Use it in a `with` statement, so that the terminal is given back whatever happens:

    >>> import io
    >>> with progress_observer(stream=io.StringIO()) as watcher:
    ...     type(watcher).__name__
    'PlainProgress'
    """
    if quiet:
        return Watcher()
    if stream is None and in_notebook():
        from eqdisc.report.notebook import NotebookProgress

        return NotebookProgress()
    stream = stream or sys.stderr
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        from eqdisc.report.live import LiveProgress

        return LiveProgress(stream)
    return PlainProgress(stream)


def in_notebook() -> bool:
    """Whether the code runs in a kernel of a notebook, which shows rich output; IPython is not imported."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return hasattr(shell, "kernel")
