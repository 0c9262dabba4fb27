"""Runs a plan to its end, here or on a cluster: each run in a process of its own, every end a record.

    Plan --execute--> Record --append--> results.jsonl

Runs that a results folder holds are not done again, so that the same command goes on where it stopped.
"""

import os
import queue
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from eqdisc.benchmark.execution import Job, Slot, execute
from eqdisc.benchmark.plan import Limits, Plan
from eqdisc.benchmark.record import Record, Status, versions
from eqdisc.benchmark.results import ResultsFolder
from eqdisc.errors import OptionError

if TYPE_CHECKING:
    from eqdisc.benchmark.method import Budget, Method
    from eqdisc.benchmark.suite import Suite

PATIENCE = 60.0  # seconds for what was under way to end


@dataclass(frozen=True)
class Progress:
    """How far a benchmark is.

    done, total : runs of the plan, those of earlier sittings among the done
    new         : runs done in this sitting, in `seconds`
    failed      : runs so far that ended by anything but an answer; solved : laws found
    last        : the run that has just ended; None at the start
    """

    done: int
    total: int
    new: int
    seconds: float
    failed: int
    solved: int
    last: Record | None
    expected: float  # seconds a run takes at most, divided by how many are done at once

    @property
    def left(self) -> float:
        """Seconds until the end, as the runs of this sitting lead to expect; before, as the budget allows."""
        each = self.seconds / self.new if self.new else self.expected
        return (self.total - self.done) * each


Observer = Callable[[Progress], None]


def run_suite(
    suite: "str | Suite | Sequence[str | Suite]",
    methods: "str | Method | Sequence[str | Method]" = "eqdisc",
    *,
    repetitions: int = 1,
    budget: "Budget | None" = None,
    out: str | os.PathLike[str],
    sample: int | None = None,
    seed: int = 0,
    tasks: Sequence[str] = (),
    units: bool = False,
    rows: int | None = None,
    jobs: int = 1,
    cluster: str | None = None,
    limits: Limits | None = None,
    observer: Observer | None = None,
) -> list[Record]:
    """Run methods on suites, keep a line for each run in a folder, and return them in the order of the plan.

    suite       : name, folder or `Suite`, or several
    methods     : names or objects; objects must be importable by other processes
    repetitions : runs of each method on each task, each with seeds of its own
    budget      : seconds and threads of a run; further limits by `limits` instead
    out         : folder of the results; holds one plan. Runs it holds already are not done again
    sample      : so many tasks of each suite, chosen by `seed`
    tasks       : only those whose names match one of these patterns, such as `Nguyen-*`
    units       : tell methods the units of the columns
    rows        : so many rows to learn from, drawn by the task's seed; all that a task has if not given
    jobs        : runs at once on this machine; each has `budget.threads` cores of its own where they suffice,
                  else they disturb each other. Records tell how many there were
    cluster     : address of a Dask scheduler, whose workers then do the runs, one per thread of theirs
    observer    : told of progress

    OptionError for what makes no sense, for a method that is not installed, for a folder that holds another
    plan or in which another process works; DataError where results cannot be written: those before are kept.
    Ctrl-C (KeyboardInterrupt) ends the runs under way, which are done again by the next call.
    """
    from eqdisc.benchmark.suite import Suite

    if limits is None:
        limits = Limits() if budget is None else Limits(budget.seconds, budget.threads)
    if jobs < 1:
        raise OptionError(f"jobs is {jobs}; wanted at least 1")
    given = [suite] if isinstance(suite, str | os.PathLike | Suite) else list(suite)
    suites = [_suite(item) for item in given]
    named = [methods] if isinstance(methods, str) or not isinstance(methods, Sequence) else list(methods)
    plan = Plan.of(
        _selected(suites, tasks) if tasks else suites,
        [_method(item) for item in named],
        repetitions,
        limits,
        seed,
        sample,
        units,
        rows,
    )
    return run_plan(plan, out, jobs=jobs, cluster=cluster, observer=observer)


def run_plan(
    plan: Plan,
    out: str | os.PathLike[str],
    *,
    jobs: int = 1,
    cluster: str | None = None,
    observer: Observer | None = None,
) -> list[Record]:
    """Do what is left of a plan; see `run_suite`."""
    content = plan.record()
    with ResultsFolder(os.fspath(out), content) as folder:
        runs = list(plan.runs())
        left = [run for run in runs if run.key not in folder.records]
        todo = [Job(run, plan.limits, content["fingerprint"]) for run in left]
        tell = _Teller(folder, len(runs), observer, _longest(plan.limits) / jobs)
        tell(None)
        if todo:
            done = _by_threads(todo, jobs) if cluster is None else _by_cluster(todo, cluster)
            with closing(done):
                for record in done:
                    shared = {"cluster": True} if cluster else {"jobs": jobs}
                    record = replace(record, machine={**record.machine, **shared})
                    folder.append(record)
                    tell(record)
        return [folder.records[run.key] for run in runs]


def _selected(suites: "Sequence[Suite]", patterns: Sequence[str]) -> "list[Suite]":
    """The suites with the tasks that match a pattern, those without any left out.

    OptionError for a pattern that matches no task of any suite.
    """
    chosen: list[Suite] = []
    matched: set[str] = set()
    for suite in suites:
        fitting = [each for each in patterns if any(fnmatchcase(task.name, each) for task in suite.tasks)]
        matched.update(fitting)
        if fitting:
            chosen.append(suite.select(fitting))
    for pattern in patterns:
        if pattern not in matched:
            suites[0].select([pattern])  # which says what is near
    return chosen


def _by_threads(jobs: Sequence[Job], at_once: int) -> Generator[Record, None, None]:
    """Do jobs on this machine, so many at once; threads only wait for processes."""
    todo: queue.SimpleQueue[Job] = queue.SimpleQueue()
    for job in jobs:
        todo.put(job)
    done: queue.SimpleQueue[Record | BaseException] = queue.SimpleQueue()
    slots = [Slot(cores) for cores in _shares(min(at_once, len(jobs)), jobs[0].limits.threads)]

    def work(slot: Slot) -> None:
        with suppress(queue.Empty):
            while not slot.stopped:
                try:
                    record = execute(todo.get_nowait(), slot)
                except queue.Empty:
                    raise
                except BaseException as error:  # noqa: BLE001 -- raised again where it is waited for
                    done.put(error)
                    return
                if not slot.stopped:
                    done.put(record)

    threads = [threading.Thread(target=work, args=(slot,), daemon=True) for slot in slots]
    for thread in threads:
        thread.start()
    try:
        for _ in jobs:
            record = done.get()
            if isinstance(record, BaseException):
                raise record
            yield record
    finally:
        for slot in slots:
            slot.close()
        for thread in threads:
            thread.join(timeout=PATIENCE)


def _by_cluster(jobs: Sequence[Job], address: str) -> Generator[Record, None, None]:
    """Do jobs on a cluster. OptionError at the end where it gave some up: they are left for the next call."""
    from eqdisc.cluster import Cluster, Undone

    with Cluster(address) as cluster:
        here = versions()["eqdisc"]
        for worker, there in cluster.on_each(versions).items():
            if there["eqdisc"] != here:
                raise OptionError(
                    f"the worker {worker} has eqdisc {there['eqdisc']}, this is {here}; use one version"
                )
        undone = []
        for _, outcome in cluster.map(execute, jobs):
            if isinstance(outcome, Undone):
                undone.append(outcome)
            else:
                yield outcome
    if undone:
        raise OptionError(
            f"{len(undone)} of {len(jobs)} runs came to nothing on the cluster, the last because of "
            f"{undone[-1]}; all others are kept: run the same command again"
        )


def _shares(slots: int, threads: int) -> list[frozenset[int] | None]:
    """For each slot cores of its own, as many as it has threads; None for all where there are too few."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = sorted(affinity(0)) if affinity else []
    if len(cores) < slots * threads:
        return [None] * slots
    return [frozenset(cores[slot * threads : (slot + 1) * threads]) for slot in range(slots)]


class _Teller:
    """Tells an observer of progress."""

    def __init__(self, folder: ResultsFolder, total: int, observer: Observer | None, expected: float) -> None:
        self._folder, self._total, self._observer, self._expected = folder, total, observer, expected
        self._begin, self._new = time.monotonic(), 0

    def __call__(self, last: Record | None) -> None:
        if self._observer is None:
            return
        self._new += last is not None
        records = self._folder.records.values()
        self._observer(
            Progress(
                done=len(records),
                total=self._total,
                new=self._new,
                seconds=time.monotonic() - self._begin,
                failed=sum(record.status is not Status.OK for record in records),
                solved=sum(record.solved is True for record in records),
                last=last,
                expected=self._expected,
            )
        )


def _longest(limits: Limits) -> float:
    start = 5.0  # seconds to start a process and judge its answer
    return limits.seconds + start


def _suite(suite: "str | os.PathLike[str] | Suite") -> "Suite":
    from eqdisc.benchmark.registry import load_suite
    from eqdisc.benchmark.suite import Suite

    return suite if isinstance(suite, Suite) else load_suite(os.fspath(suite))


def _method(method: "str | Method") -> "Method":
    from eqdisc.benchmark.methods import method as method_by_name

    return method_by_name(method) if isinstance(method, str) else method
