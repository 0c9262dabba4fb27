"""What a benchmark consists of: suites x methods x repetitions under one budget, and how two plans differ."""

import hashlib
import json
import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING, Any

from eqdisc.benchmark.seeds import seed_for
from eqdisc.errors import DataError, OptionError
from eqdisc.report.citation import version as eqdisc_version

if TYPE_CHECKING:
    from eqdisc.benchmark.method import Budget, Method
    from eqdisc.benchmark.suite import Suite
    from eqdisc.benchmark.task import Task

FORMAT = 1
GRACE = 30.0  # seconds beyond the budget before a run is stopped: the last epoch, polishing, a slow machine
MEMORY = 8.0  # GiB a run may hold


@dataclass(frozen=True)
class Limits:
    """What every run of a plan may use.

    seconds, threads : the budget a method is told of
    grace            : seconds beyond it before its process is killed
    memory           : GiB its process may hold
    """

    seconds: float = 60.0
    threads: int = 2
    grace: float = GRACE
    memory: float = MEMORY

    def __post_init__(self) -> None:
        for what, value, least in (
            ("the time", self.seconds, 0.0),
            ("the grace", self.grace, -1.0),
            ("the memory", self.memory, 0.0),
        ):
            if not (isfinite(value) and value > least):
                raise OptionError(f"{what} of a run is {value:g}; wanted a number above {max(least, 0.0):g}")
        if self.threads < 1:
            raise OptionError(f"threads is {self.threads}; wanted at least 1")

    @property
    def budget(self) -> "Budget":
        """What the method is told."""
        from eqdisc.benchmark.method import Budget

        return Budget(self.seconds, self.threads)


@dataclass(frozen=True)
class Run:
    """One run of a plan. Its seeds follow from names: neither order nor selection of runs changes them, and
    methods that are variants of one have the same (`eqdisc.benchmark.method.Related`).

    seed, data_seed : of the method, and of the tables, which are the same for all methods
    units           : whether the method is told the units of the columns
    rows            : how many rows there are to learn from; None for all that the task has
    """

    task: "Task"
    method: "Method"
    repetition: int
    seed: int
    data_seed: int
    units: bool = False
    rows: int | None = None

    @property
    def key(self) -> tuple[str, str, str, int]:
        """Which run it is, by names."""
        return self.task.suite, self.task.name, self.method.name, self.repetition


@dataclass(frozen=True)
class Plan:
    """Which runs a benchmark has. Made by `Plan.of`, which checks and samples."""

    suites: tuple["Suite", ...]
    methods: tuple["Method", ...]
    repetitions: int
    limits: Limits
    seed: int
    sample: int | None
    units: bool
    rows: int | None = None

    @classmethod
    def of(
        cls,
        suites: "Sequence[Suite]",
        methods: "Sequence[Method]",
        repetitions: int = 1,
        limits: Limits | None = None,
        seed: int = 0,
        sample: int | None = None,
        units: bool = False,
        rows: int | None = None,
    ) -> "Plan":
        """Check what is asked for; of each suite keep `sample` tasks, chosen by their names and the seed.

        A sample of 10 is part of a sample of 20. OptionError for numbers that make no sense, for a suite or
        a method named twice, and for a method that is not available here, with what to install.
        """
        for what, value, least in (
            ("repetitions", repetitions, 1),
            ("seed", seed, 0),
            ("sample", sample, 1),
            ("rows", rows, 1),
        ):
            if value is not None and value < least:
                raise OptionError(f"{what} is {value}; wanted at least {least}")
        _check_distinct("suite", [suite.name for suite in suites])
        _check_distinct("method", [method.name for method in methods])
        for method in methods:
            _check_method(method)
        chosen = tuple(_sampled(suite, sample, seed) for suite in suites)
        return cls(chosen, tuple(methods), repetitions, limits or Limits(), seed, sample, units, rows)

    def runs(self) -> Iterator[Run]:
        """All runs: task by task, so that an unfinished benchmark compares methods on the same tasks."""
        for repetition in range(self.repetitions):
            for suite in self.suites:
                for task in suite.tasks:
                    data_seed = suite.data_seed(task.name, repetition)
                    for method in self.methods:
                        name = seed_name(method)
                        seed = seed_for("method", self.seed, suite.name, task.name, name, repetition)
                        yield Run(task, method, repetition, seed, data_seed, self.units, self.rows)

    def __len__(self) -> int:
        return self.repetitions * len(self.methods) * sum(len(suite.tasks) for suite in self.suites)

    def record(self) -> dict[str, Any]:
        """The plan as it is kept beside the results, with its fingerprint."""
        content = {
            "format": FORMAT,
            "eqdisc": eqdisc_version(),
            "suites": {
                suite.name: {task.name: task.checksum() for task in suite.tasks} for suite in self.suites
            },
            "methods": {method.name: method.version() for method in self.methods},
            "repetitions": self.repetitions,
            "seconds": float(self.limits.seconds),
            "threads": self.limits.threads,
            "grace": float(self.limits.grace),
            "memory": float(self.limits.memory),
            "seed": self.seed,
            "sample": self.sample,
            "units": self.units,
        }
        if self.rows is not None:  # plans without it keep the fingerprint they had before there was one
            content["rows"] = self.rows
        return {**content, "fingerprint": fingerprint(content)}


def seed_name(method: "Method") -> str:
    """The name that the seeds of a method follow from."""
    from eqdisc.benchmark.method import Related

    return method.seed_name if isinstance(method, Related) else method.name


def fingerprint(content: Mapping[str, Any]) -> str:
    """Sixteen digits that stand for a plan, whatever the order of its keys.

    >>> fingerprint({"seed": 0, "sample": None}) == fingerprint({"sample": None, "seed": 0})
    True
    """
    text = json.dumps({k: v for k, v in content.items() if k != "fingerprint"}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def differences(kept: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """How a kept plan differs from the wanted one, in words; empty where it does not.

    >>> differences({"seconds": 20.0, "seed": 0}, {"seconds": 60.0, "seed": 0})
    ['seconds: 20.0 there, 60.0 here']
    """
    found = []
    for key in [*wanted, *(key for key in kept if key not in wanted)]:
        there, here = kept.get(key), wanted.get(key)
        if there == here or key == "fingerprint":
            continue
        if key == "suites" and isinstance(there, Mapping) and isinstance(here, Mapping):
            found += _different_tasks(there, here)
        else:
            found.append(f"{key}: {_shown(there)} there, {_shown(here)} here")
    return found


def expected_keys(kept: Mapping[str, Any]) -> set[tuple[str, str, str, int]]:
    """The runs of a kept plan, by names. DataError where it is damaged."""
    try:
        return {
            (suite, task, method, repetition)
            for suite, tasks in kept["suites"].items()
            for task in tasks
            for method in kept["methods"]
            for repetition in range(kept["repetitions"])
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"the plan is damaged: {error!r}") from error


def _different_tasks(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    if list(there) != list(here):
        return [f"suites: {_shown(dict.fromkeys(there))} there, {_shown(dict.fromkeys(here))} here"]
    found = []
    for suite in here:
        if there[suite] == here[suite]:
            continue
        if set(there[suite]) != set(here[suite]):
            found.append(
                f"tasks of {suite}: {len(there[suite])} there, {len(here[suite])} here, "
                f"{len(set(there[suite]) & set(here[suite]))} in common"
            )
        else:
            changed = [task for task in here[suite] if there[suite][task] != here[suite][task]]
            found.append(f"data of {suite}: other numbers in {_shown(dict.fromkeys(changed))}")
    return found


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        words = [str(key) if item is None else f"{key} {item}" for key, item in value.items()]
        more = f" and {len(words) - 5} more" if len(words) > 5 else ""
        return (", ".join(words[:5]) or "none") + more
    return "not given" if value is None else str(value)


def _sampled(suite: "Suite", sample: int | None, seed: int) -> "Suite":
    if sample is None or sample >= len(suite.tasks):
        return suite
    names = [task.name for task in suite.tasks]
    kept = sorted(names, key=lambda name: (seed_for("sample", seed, suite.name, name), name))[:sample]
    return replace(suite, tasks=tuple(task for task in suite.tasks if task.name in kept))


def _check_method(method: "Method") -> None:
    reason = method.available()
    if reason is not None:
        raise OptionError(f"the method {method.name!r} is not available: {reason}")
    if type(method).__module__ == "__main__":
        raise OptionError(
            f"the method {method.name!r} is defined in the script itself, where the process it is to run in "
            "cannot find it; put it in a module and import it"
        )
    try:
        pickle.dumps(method)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise OptionError(f"the method {method.name!r} cannot be sent to a process: {error}") from error


def _check_distinct(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise OptionError(f"the {what} {name!r} is named twice")
        seen.add(name)
    if not seen:
        raise OptionError(f"no {what} is named; a benchmark needs at least one")
