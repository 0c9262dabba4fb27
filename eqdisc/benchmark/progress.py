"""Shows how far a benchmark is, and when it will end: a bar in a terminal, lines elsewhere."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TextIO

from eqdisc.benchmark.record import Record, Status
from eqdisc.benchmark.runner import Observer, Progress
from eqdisc.report.words import printable

INTERVAL = 5.0  # seconds between two lines where there is no terminal


@contextmanager
def progress_observer(quiet: bool = False, stream: TextIO | None = None) -> Iterator[Observer | None]:
    """What to give to `run_suite` as observer; the terminal is given back at the end.

    >>> import io
    >>> with progress_observer(stream=io.StringIO()) as observer:
    ...     callable(observer)
    True
    """
    stream = stream or sys.stderr
    if quiet:
        yield None
    elif stream.isatty() and os.environ.get("TERM") != "dumb":
        with _bar(stream) as observer:
            yield observer
    else:
        yield _Lines(stream)


def headline(progress: Progress) -> str:
    """How many runs are done, and when all will be.

    >>> headline(Progress(3, 3, new=3, seconds=60.0, failed=1, solved=2, last=None, expected=30.0))
    '3 of 3 runs, 2 laws found, 1 failed, done in 1 min'
    """
    words = [f"{progress.done} of {progress.total} runs", f"{progress.solved} laws found"]
    if progress.failed:
        words.append(f"{progress.failed} failed")
    if progress.done == progress.total:
        words.append(f"done in {duration(progress.seconds)}")
    else:
        end = datetime.now().astimezone() + timedelta(seconds=progress.left)
        far = progress.left > 18 * 3600
        words.append(f"ends in {duration(progress.left)}, {end:%a %H:%M}" if far else
                     f"ends in {duration(progress.left)}, {end:%H:%M}")  # fmt: skip
    return ", ".join(words)


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(42.4), duration(600), duration(7500)
    ('42 s', '10 min', '2 h 5 min')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def outcome(record: Record) -> str:
    """What became of a run, in a line."""
    run = f"{record.suite} {record.task} {record.method} #{record.repetition + 1}"
    if record.status is not Status.OK:
        return f"{run}: {record.status}: {record.message.splitlines()[0] if record.message else ''}"
    words = [str(record.score.get("verdict", "no truth"))]
    if record.wall_seconds is not None:
        words.append(f"{record.wall_seconds:.1f} s")
    if record.answer is not None:
        words.append(record.answer if len(record.answer) <= 60 else record.answer[:57] + "...")
    return f"{run}: {', '.join(words)}"


class _Lines:
    """A line at the start and the end, and between them one every few seconds."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._told = stream, -float("inf")

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.done < progress.total and now - self._told < INTERVAL:
            return
        self._told = now
        text = headline(progress) + (f"; {outcome(progress.last)}" if progress.last else "")
        print(printable(text, self._stream.encoding), file=self._stream, flush=True)


@contextmanager
def _bar(stream: TextIO) -> Iterator[Observer]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    console = Console(file=stream, highlight=False)
    columns = (BarColumn(bar_width=30), TextColumn("{task.description}", markup=False))
    with Bars(*columns, console=console, redirect_stdout=False, redirect_stderr=False) as bars:
        task = bars.add_task("preparing", total=None)

        def show(progress: Progress) -> None:
            if progress.last is not None:
                bars.console.print(printable(outcome(progress.last), stream.encoding), markup=False)
            bars.update(task, total=progress.total, completed=progress.done, description=headline(progress))

        yield show
