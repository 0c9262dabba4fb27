"""What networks and genetic programming earn by telling each other: prints the table of hybrid.md.

    python benchmarks/dysymnet/hybrid.py [--repetitions 2] [--seconds 15] [--law "Keijzer-*" ...]

Both together, seconds of the clock on two threads without compilation, on laws of the suite `classic`: told
the laws that the other finds, one of them told, neither; each is shown its own. A law is found where it holds
on rows that were not searched.
"""

import argparse
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch

import numpy as np
from laws import is_law
from sets import share_of_area

from eqdisc.benchmark.method import OPERATORS
from eqdisc.benchmark.methods.withheld import Withheld
from eqdisc.benchmark.registry import load_suite
from eqdisc.benchmark.task import Task
from eqdisc.discovery import discover
from eqdisc.proposers.dysymnet import DySymNet
from eqdisc.proposers.gp import GeneticProgramming
from eqdisc.search.proposer import Proposer

NETWORKS, GP = DySymNet(), GeneticProgramming()
WAYS: Mapping[str, tuple[Proposer, ...]] = {
    "both told": (GP, NETWORKS),
    "genetic programming told": (GP, Withheld(NETWORKS, "laws")),
    "networks told": (Withheld(GP, "laws"), NETWORKS),
    "neither told": (Withheld(GP, "laws"), Withheld(NETWORKS, "laws")),
}
#: Laws that genetic programming alone missed in 30 s or needed more than 3 s for, by the runs of sets.md.
HARD = ("Nguyen-12", "Livermore-5", "Livermore-9", "Livermore-22", "Keijzer-4", "Koza-3")


@dataclass(frozen=True)
class Run:
    """Whether one search had the law, and its seconds."""

    found: bool
    seconds: float

    @property
    def wait(self) -> float:
        """Seconds until it had the law, endless if it had not."""
        return self.seconds if self.found else math.inf


def searched(task: Task, proposers: tuple[Proposer, ...], repetition: int, seconds: float) -> Run:
    """One search by both."""
    split = task.data(repetition)
    result = discover(
        split.train, operators=OPERATORS, proposers=proposers, time_limit=seconds, seed=repetition, threads=2,
        observers=(),
    )  # fmt: skip
    rows = split.test.features, split.test.target
    return Run(any(is_law(law.tree, *rows) for law in result.front), result.seconds)


def main() -> None:
    """Parse the command line, search, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--repetitions", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--law", nargs="+", default=HARD, help="names of laws, as in a shell")
    given = parser.parse_args()
    tasks = [t for t in load_suite("classic").tasks if any(fnmatch(t.name, law) for law in given.law)]
    print(f"{len(tasks)} laws, {given.repetitions} repetitions, {given.seconds:g} s of two threads\n")
    print(f"| law | {' | '.join(f'{name}: found, s' for name in WAYS)} |\n|---|---|---|---|---|")
    runs: dict[str, list[Run]] = {name: [] for name in WAYS}
    for task in tasks:
        cells = []
        for name, proposers in WAYS.items():
            here = [
                searched(task, proposers, repetition, given.seconds)
                for repetition in range(given.repetitions)
            ]
            runs[name] += here
            cells.append(f"{sum(run.found for run in here)}, {np.median([run.wait for run in here]):.1f}")
        print(f"| {task.name} | {' | '.join(cells)} |", flush=True)
    ends = []
    for each in runs.values():
        area = np.mean([share_of_area(run.wait, given.seconds) for run in each])
        ends.append(f"{sum(run.found for run in each)} of {len(each)}, area {area:.3f}")
    print(f"| all | {' | '.join(ends)} |")


if __name__ == "__main__":
    main()
