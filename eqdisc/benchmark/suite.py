"""A benchmark: problems that belong together, and the rules by which they are judged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Literal, Protocol

from eqdisc.benchmark.seeds import seed_for
from eqdisc.benchmark.task import Task
from eqdisc.errors import OptionError


@dataclass(frozen=True)
class Suite:
    """Named tasks with one protocol.

    protocol : how the numbers are made and what counts as success, in a few sentences
    seeds    : the seeds published with the benchmark, one a repetition; empty where there are none
    verdict  : whose verdict its published figures count: ours (as SRSD's), SRBench's or FastSRB's
    """

    name: str
    description: str
    tasks: tuple[Task, ...]
    protocol: str = ""
    seeds: tuple[int, ...] = ()
    verdict: Literal["solved", "srbench", "fastsrb"] = "solved"

    def __post_init__(self) -> None:
        names = [task.name for task in self.tasks]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise OptionError(f"suite {self.name!r} has more than one task called {', '.join(twice)}")

    def task(self, name: str) -> Task:
        """The task of that name; OptionError for another, with the nearest."""
        for task in self.tasks:
            if task.name == name:
                return task
        near = get_close_matches(name, [task.name for task in self.tasks], n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise OptionError(f"suite {self.name!r} has no task {name!r}{hint}")

    def select(self, patterns: Sequence[str]) -> "Suite":
        """The suite with only the tasks whose names match one of the patterns, such as `Nguyen-*`.

        OptionError for a pattern that no task matches.
        """
        for pattern in patterns:
            if not any(fnmatchcase(task.name, pattern) for task in self.tasks):
                self.task(pattern)
        chosen = (task for task in self.tasks if any(fnmatchcase(task.name, each) for each in patterns))
        return replace(self, tasks=tuple(chosen))

    def data_seed(self, task: str, repetition: int) -> int:
        """The seed of the tables of a repetition, counted from 0: as published, else made of names."""
        if repetition < len(self.seeds):
            return self.seeds[repetition]
        return seed_for("data", self.name, task, repetition)


class SuiteSource(Protocol):
    """What the registry lists: everything that can be said of a suite before its tasks are made."""

    @property
    def name(self) -> str: ...

    @property
    def description(self) -> str: ...

    @property
    def n_tasks(self) -> int: ...

    def load(self) -> Suite: ...
