"""What a setting of the networks is worth, on laws that none was tuned by: prints a table of laws.md.

    python benchmarks/dysymnet/laws.py recurrent [--seeds 3] [--seconds 30] [--law "Keijzer-*"]

Networks alone with the setting named against the defaults, the same seeds, the same seconds of the processor.
"""

import argparse
import time
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch

import numpy as np
from threadpoolctl import threadpool_limits

from eqdisc.benchmark.method import OPERATORS
from eqdisc.benchmark.registry import load_suite
from eqdisc.benchmark.task import Task
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.problem import Problem
from eqdisc.proposers.dysymnet import DySymNet
from eqdisc.scoring.scorer import Scorer
from eqdisc.search.front import ParetoFront

#: Sets of the suite `classic` by which nothing of the networks was tuned: those were Nguyen, Jin, Livermore.
SETS = ("Keijzer", "R1", "R2", "R3", "R1a", "R2a", "R3a", "Constant", "Koza")
DEFAULT = "default"
VARIANTS: Mapping[str, DySymNet] = {
    "uniform": DySymNet(controller="uniform"),
    "recurrent": DySymNet(controller="recurrent"),
    "unpenalised": DySymNet(penalty=0.0),
    "dense": DySymNet(wiring="dense"),
    "sparse": DySymNet(wiring="sparse"),
    "unembedded": DySymNet(embedded=0.0),
}
#: Mean square on the rows for testing, in variances, of a law that is found.
FOUND = 1e-18


@dataclass(frozen=True)
class Run:
    """What one session on one table spent until it found the law, or in vain: seconds of the processor, node
    evaluations."""

    solved: bool
    seconds: float
    work: int


def compare(variant: str, seeds: int, seconds: float, pattern: str) -> None:
    """Which of both finds more laws in the same time of one thread, and after how much work."""
    tasks = [
        task for task in load_suite("classic").tasks if in_sets(task.name) and fnmatch(task.name, pattern)
    ]
    settings = {DEFAULT: DySymNet(), variant: VARIANTS[variant]}
    print(f"{len(tasks)} laws, {seeds} seeds, {seconds:g} s of one thread each\n")
    print(f"| law | {' | '.join(f'{name}: solved | s | node evaluations' for name in settings)} |")
    print("|---|---|---|---|---|---|---|")
    runs: dict[str, list[Run]] = {name: [] for name in settings}
    for task in tasks:
        cells = []
        for name, networks in settings.items():
            here = [searched(task, networks, seed, seconds) for seed in range(seeds)]
            runs[name] += here
            cells.append(told(here))
        print(f"| {task.name} | {' | '.join(cells)} |", flush=True)
    print(f"| all | {' | '.join(told(runs[name]) for name in settings)} |\n")
    tell_pairs(runs[DEFAULT], runs[variant], variant)


def in_sets(name: str) -> bool:
    """Whether a law belongs to one of the sets."""
    return name.split("-")[0] in SETS


def searched(task: Task, networks: DySymNet, seed: int, seconds: float) -> Run:
    """One session of networks alone, shown its own front as a search would, until it has the law or the
    processor's time is spent."""
    split = task.data(seed)
    problem = Problem.of(split.train, OperatorSet.of(*OPERATORS), 60, seed)
    session = networks.start(problem, np.random.SeedSequence(seed), 1)
    session.prepare()
    front, scorer = ParetoFront(), Scorer(problem)
    began, work = time.process_time(), 0
    solved = False
    while not solved and time.process_time() - began < seconds:
        proposals = session.propose()
        work += proposals.node_evaluations
        solved = any(is_law(law, split.test.features, split.test.target) for law in proposals.expressions)
        scored = (scorer.score(law, networks.name) for law in proposals.expressions)
        for candidate in scored:
            if candidate is not None:
                front.add(candidate)
        session.observe(front.candidates)
    return Run(solved, time.process_time() - began, work)


def is_law(law: Expression, features: np.ndarray, target: np.ndarray) -> bool:
    """Whether a law holds on rows that were not searched."""
    with np.errstate(all="ignore"):
        error = np.mean((evaluate(law, features) - target) ** 2)
    return bool(error < FOUND * np.var(target))


def told(runs: list[Run]) -> str:
    """Cells of the table: how many were solved, medians of all runs; those in vain count as endless."""
    waits = {
        name: np.median([getattr(run, name) if run.solved else np.inf for run in runs])
        for name in ("seconds", "work")
    }
    return f"{sum(run.solved for run in runs)}/{len(runs)} | {waits['seconds']:.1f} | {waits['work']:.2g}"


def tell_pairs(before: list[Run], after: list[Run], variant: str) -> None:
    """Pair by pair: what only one of both solved, and the ratio of work where both did."""
    pairs = list(zip(before, after, strict=True))
    both = [(a, b) for a, b in pairs if a.solved and b.solved]
    print(f"only {DEFAULT}: {sum(a.solved and not b.solved for a, b in pairs)}")
    print(f"only {variant}: {sum(b.solved and not a.solved for a, b in pairs)}")
    for name in ("work", "seconds"):
        ratios = np.log([getattr(b, name) / getattr(a, name) for a, b in both])
        if len(ratios) > 1:
            error = ratios.std(ddof=1) / np.sqrt(len(ratios))
            low, middle, high = np.exp(ratios.mean() + error * np.array([-2.0, 0.0, 2.0]))
            print(
                f"{name} of {variant} / {DEFAULT}: {middle:.2f} ({low:.2f} to {high:.2f}), {len(both)} pairs"
            )


def main() -> None:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("variant", choices=VARIANTS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--law", default="*", help="names of laws, as in a shell")
    given = parser.parse_args()
    with threadpool_limits(1, user_api="blas"):
        compare(given.variant, given.seeds, given.seconds, given.law)


if __name__ == "__main__":
    main()
