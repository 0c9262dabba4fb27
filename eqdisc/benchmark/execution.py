"""One run, from its data to its record: the method in one process, the judge in another, neither trusted."""

import math
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from eqdisc.benchmark.contest import Case, SurfaceCase, judge, judge_surface, predict, prepare, solve
from eqdisc.benchmark.plan import Limits, Run
from eqdisc.benchmark.process import MIB, Failed, Worker
from eqdisc.benchmark.questions import Question
from eqdisc.benchmark.record import Record, Status, machine, versions
from eqdisc.benchmark.task import Form, Split, Table
from eqdisc.data.dataset import Dataset
from eqdisc.data.surfaces import Cloud, JointDataset

if TYPE_CHECKING:
    from eqdisc._typing import FloatArray
    from eqdisc.benchmark.method import Method

GIB = 2**30
WARM_UP = 900.0  # seconds to import and compile what a method needs
PREDICTION = 60.0  # seconds to predict the test rows
JUDGEMENT = 600.0  # seconds to judge one answer; its parts have shorter limits of their own
JUDGE_MEMORY = 6 * GIB


@dataclass(frozen=True)
class Job:
    """A run with all it needs, so that it can be done anywhere."""

    run: Run
    limits: Limits
    plan: str  # fingerprint


class Slot:
    """A place where one run is done at a time: its cores, and the judge's process, which serves many runs."""

    def __init__(self, cores: frozenset[int] | None = None) -> None:
        self._cores = cores
        self._judge: Worker | None = None
        self._contestant: Worker | None = None
        self._guard = threading.Lock()
        self.stopped = False

    def contestant(self, limits: Limits) -> Worker:
        """A new process for a method."""
        with self._guard:
            if self.stopped:
                raise Failed(Status.CRASH, "stopped")
            self._contestant = Worker(limits.threads, self._cores, limits.memory * GIB)
            return self._contestant

    def judge(self) -> Worker:
        """The judge's process, started where there is none alive."""
        with self._guard:
            if self.stopped:
                raise Failed(Status.CRASH, "stopped")
            if self._judge is None or not self._judge.alive:
                self._judge = Worker(1, self._cores, JUDGE_MEMORY)
            return self._judge

    def close(self) -> None:
        """End all processes; what is under way comes to nothing."""
        with self._guard:
            self.stopped = True
            for worker in (self._contestant, self._judge):
                if worker is not None:
                    worker.close()


def execute(job: Job, slot: Slot | None = None) -> Record:
    """Do one run: make the data, let the method search them in its process, and judge the answer."""
    if slot is None:
        with closing(Slot()) as own:
            return execute(job, own)
    task, method = job.run.task, job.run.method
    record = Record(
        *job.run.key,
        seed=job.run.seed,
        plan=job.plan,
        limits={"seconds": float(job.limits.seconds), "threads": job.limits.threads},
        truth=task.truth,
        decidable=task.decidable,
        notes=task.notes,
        form=task.form,
        category=task.category,
        versions=versions(),
        machine=machine(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    try:
        split = task.data(job.run.data_seed, units=job.run.units)
        split = replace(split, train=_drawn(split.train, job.run))
    except Exception as error:  # noqa: BLE001 -- of whatever kind: one task without data must not end the rest
        return replace(record, status=Status.ERROR, message=f"the task has no data: {error}")
    contest = _Contest(record, Question(task.form, task.operators))
    try:
        with slot.contestant(job.limits) as worker:
            try:
                contest.hold(worker, method, split, job)
                contest.predict(worker, split)
            finally:
                contest.note(peak_mib=round(worker.peak / MIB, 1))
    except Failed as failure:
        contest.note(status=failure.status, message=str(failure))
    if contest.record.status is not Status.OK:
        return contest.record
    return replace(contest.record, score=_judged(_case(contest, split, job), slot))


def _case(contest: "_Contest", split: Split, job: Job) -> Case | SurfaceCase:
    """What the judge is to judge."""
    task = job.run.task
    if task.category or not isinstance(split.test, Dataset):
        return SurfaceCase(
            task,
            contest.form,
            contest.formulas,
            contest.prediction,
            split.test,
            split.outside,
            contest.beyond,
            split.noise,
            contest.box,
        )
    return Case(
        contest.record.answer,
        contest.prediction,
        split.test,
        task.truth,
        task.domain,
        task.dummies,
        task.accepted,
    )


def _drawn(table: Table, run: Run) -> Table:
    """The rows to learn from, in their order; those of fewer are among those of more."""
    count = len(table.points) if isinstance(table, Cloud) else table.n_rows
    if run.rows is None or run.rows >= count:
        return table
    rows = np.sort(np.random.default_rng(run.data_seed).permutation(count)[: run.rows])
    if isinstance(table, Cloud):
        return table._replace(points=table.points[rows])
    if isinstance(table, JointDataset):
        return replace(table, features=table.features[rows], targets=table.targets[rows])
    return table.take(rows)


@dataclass
class _Contest:
    """A run while the method has it.

    prediction, beyond : of the test rows, and of those outside the domain where there are some
    form, formulas, box : of an answer to a surface, one by one
    """

    record: Record
    question: Question
    prediction: "FloatArray | None" = None
    beyond: "FloatArray | None" = None
    form: str = "explicit"
    formulas: tuple[str, ...] = ()
    box: dict[str, tuple[float, float]] = field(default_factory=dict)

    def note(self, **facts: Any) -> None:
        self.record = replace(self.record, **facts)

    def hold(self, worker: Worker, method: "Method", split: Split, job: Job) -> None:
        """Warm up and search."""
        ready = worker.ask(prepare, method, split.train, split.validation, self.question, limit=WARM_UP)
        if ready["reason"] is not None:
            raise Failed(Status.UNAVAILABLE, ready["reason"])
        self.note(
            versions={**self.record.versions, method.name: ready["version"]},
            warm_up_seconds=ready["seconds"],
        )
        limit = job.limits.seconds + job.limits.grace
        found = worker.ask(solve, job.limits.budget, job.run.seed, limit=limit)
        self.note(
            answer=found["expression"],
            answers=found["expressions"],
            details=found["details"],
            wall_seconds=found["wall_seconds"],
            cpu_seconds=found["cpu_seconds"],
        )
        _check_form(found["form"], found["box"])
        self.form, self.box = found["form"], found["box"]
        self.formulas = _formulas(found, job.run.task.target_names)

    def predict(self, worker: Worker, split: Split) -> None:
        """Let the model predict the test rows; that it cannot is told, but the answer stands."""
        if not isinstance(split.test, Dataset | JointDataset):
            return
        try:
            self.prediction = worker.ask(predict, split.test.features, limit=PREDICTION)
            if split.outside is not None and self.record.answer is None:
                self.beyond = worker.ask(predict, split.outside.features, limit=PREDICTION)
        except Failed as failure:
            self.note(message=f"no predictions: {failure}")


def _formulas(found: Mapping[str, Any], targets: Sequence[str]) -> tuple[str, ...]:
    """The formulas of an answer, one by one; Failed where one of several outputs has none.

    targets : names of the outputs of the task, () where their number is the method's choice
    """
    given = found["expressions"]
    if not given:
        return () if found["expression"] is None else (found["expression"],)
    missing = [name for name in targets if name not in given]
    if missing:
        raise Failed(
            Status.ERROR,
            f"the answer is badly formed: it has formulas of {', '.join(given)}, and none of "
            f"{', '.join(missing)}",
        )
    return tuple(given[name] for name in targets) if targets else tuple(given.values())


def _check_form(form: Any, box: Mapping[Any, Any]) -> None:
    """Failed where the form of an answer is none, or the range of a parameter no two rising numbers."""
    if form not in get_args(Form):
        raise Failed(
            Status.ERROR,
            f"the answer is badly formed: its form is {form!r}; wanted {', '.join(get_args(Form))}",
        )
    for name, ends in box.items():
        try:
            low, high = map(float, ends)
            fine = low < high and math.isfinite(high - low)
        except (TypeError, ValueError, OverflowError):
            fine = False
        if not fine or not isinstance(name, str):
            raise Failed(
                Status.ERROR,
                f"the answer is badly formed: the range of its parameter {name!r} is {ends!r}; wanted two "
                "numbers, the smaller one first",
            )


def _judged(case: Case | SurfaceCase, slot: Slot) -> dict[str, Any]:
    """The score; where judging itself came to nothing, a verdict that says so."""
    rule: Any = judge if isinstance(case, Case) else judge_surface
    try:
        score: dict[str, Any] = slot.judge().ask(rule, case, limit=JUDGEMENT)
    except Failed as failure:
        return {"solved": None, "verdict": "undecided", "reason": f"the judge gave up: {failure}"}
    return score
