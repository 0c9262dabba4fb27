"""Laws found by networks alone, by genetic programming alone and by both, on the classic sets: the tables.

    eqdisc bench run classic --task "Nguyen-*" --task "Livermore-*" --task "Jin-*" --task "Keijzer-*" \\
        --task "R[123]" --task "R[123]a" --task "Constant-*" --task "Koza-*" --method eqdisc-dysymnet \\
        --method eqdisc-gp --method eqdisc-gp+dysymnet --time 30 --threads 2 --repetitions 3 \\
        --out benchmarks/dysymnet/results/sets
    python benchmarks/dysymnet/sets.py [--cpu] benchmarks/dysymnet/results/sets

The first command goes on where it stopped; the second takes several folders. Seconds are of the clock or,
with --cpu, of the processor divided by the threads, which other load hardly changes. A run is solved where
the judge finds the law, but for an added constant or a factor; its wait is then the seconds that it took,
which is all of its time where it did not know that it was done. `area` is the area under the share of runs
solved against the logarithm of the time, from 0.1 s to the limit, 1 where all are solved at once. Intervals
are of 95 %, by a bootstrap over the laws.
"""

import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean, median

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.benchmark.record import Record
from eqdisc.benchmark.results import read_results

ALONE, GP, HYBRID = "eqdisc-dysymnet", "eqdisc-gp", "eqdisc-gp+dysymnet"
#: R2 on the rows for testing that the original takes for success.
CLOSE = 0.99
#: Where the axis of time begins; what genetic programming needs longer for is hard. Seconds.
FIRST, HARD = 0.1, 3.0
RESAMPLES = 10_000

Runs = Sequence[Record]


def set_of(task: str) -> str:
    """The set that a law belongs to.

    >>> set_of("Nguyen-12a"), set_of("R2a")
    ('Nguyen', 'R')
    """
    return "R" if re.fullmatch(r"R\da?", task) else task.rsplit("-", 1)[0]


def wait(run: Record) -> float:
    """Seconds until a run had its law; infinite for one that had not."""
    return float(run.wall_seconds or 0.0) if run.solved is True else math.inf


def by_processor(run: Record) -> Record:
    """The run timed by the processor, as if its threads had shared the work evenly; one that took all its
    time as it is, for the clock ended it."""
    if (run.wall_seconds or 0.0) >= run.limits["seconds"]:
        return run
    return replace(run, wall_seconds=(run.cpu_seconds or 0.0) / run.limits["threads"])


def share_of_area(seconds: float, limit: float) -> float:
    """What a run that had its law after so many seconds adds to the area, from 0 to 1."""
    return math.log(limit / min(max(seconds, FIRST), limit)) / math.log(limit / FIRST)


def credit(run: Record) -> float:
    """What a run adds to the area."""
    return share_of_area(wait(run), float(run.limits["seconds"]))


def is_close(run: Record) -> bool:
    """Whether the answer would do by the rule of the original."""
    r2 = run.score.get("r2")
    return r2 is not None and r2 > CLOSE


def by_task(runs: Iterable[Record], worth: Callable[[Record], float]) -> dict[str, float]:
    """Mean over the repetitions of each law."""
    found: dict[str, list[float]] = {}
    for run in runs:
        found.setdefault(run.task, []).append(worth(run))
    return {task: fmean(values) for task, values in found.items()}


def interval(values: FloatArray) -> tuple[float, float]:
    """Of the mean of one value for each law."""
    if not len(values):
        return math.nan, math.nan
    picked = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.quantile(values[picked].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def rates(records: Runs) -> str:
    """A line for each set and method."""
    lines = ["| set | method | laws | runs solved | recovery % | R2 > 0.99 % | median s | area |"]
    lines += ["|---|---|---|---|---|---|---|---|"]
    sets = list(dict.fromkeys(set_of(run.task) for run in records))
    for name in (*sets, "all"):
        for method in dict.fromkeys(run.method for run in records):
            runs = [run for run in records if run.method == method and name in ("all", set_of(run.task))]
            if not runs:
                continue
            solved = by_task(runs, lambda run: float(run.solved is True))
            close = by_task(runs, is_close)
            area = np.array([*by_task(runs, credit).values()])
            count = sum(run.solved is True for run in runs)
            late = median(map(wait, runs))
            lines.append(
                f"| {name} | {method} | {len(solved)} | {count}/{len(runs)} | "
                f"{100 * fmean(solved.values()):.1f} | {100 * fmean(close.values()):.1f} | "
                f"{late:.2f} | {area.mean():.3f} ({_of(interval(area))}) |"
            )
    return "\n".join(lines)


def against(records: Runs) -> str:
    """The hybrid against either, law by law: areas on all laws, and on those that are hard for GP.

    A law is hard in a repetition where the median wait of GP in the others is longer than `HARD`: chosen by
    other runs than those that are compared, luck of a run counts for neither.
    """
    methods = {method: _keyed(records, method) for method in (ALONE, GP, HYBRID)}
    lines = ["| hybrid less | laws | how many | area gained |", "|---|---|---|---|"]
    for other in (ALONE, GP):
        both = methods[HYBRID].keys() & methods[other].keys()
        hard = {key for key in both if is_hard(key, methods[GP])}
        for title, keys in (("all", both), (f"GP needs more than {HARD:g} s, or fails", hard)):
            gains: dict[str, list[float]] = {}
            for task, repetition in sorted(keys):
                pair = [methods[method][task, repetition] for method in (HYBRID, other)]
                gains.setdefault(task, []).append(credit(pair[0]) - credit(pair[1]))
            values = np.array([fmean(each) for each in gains.values()])
            told = f"{values.mean():+.3f} ({_of(interval(values))})" if len(values) else "-"
            lines.append(f"| {other} | {title} | {len(values)} | {told} |")
    return "\n".join(lines)


def is_hard(key: tuple[str, int], gp: Mapping[tuple[str, int], Record]) -> bool:
    """Whether a law is hard for genetic programming by its runs of other repetitions; False without any."""
    task, repetition = key
    others = [wait(run) for (name, other), run in gp.items() if name == task and other != repetition]
    return bool(others) and median(others) > HARD


def worst(records: Runs) -> str:
    """By how many laws of each set the hybrid is behind the better of both."""
    lines = ["| set | networks | GP | both | behind the better |", "|---|---|---|---|---|"]
    for name in dict.fromkeys(set_of(run.task) for run in records):
        found = []
        for method in (ALONE, GP, HYBRID):
            runs = [run for run in records if run.method == method and set_of(run.task) == name]
            found.append(sum(by_task(runs, lambda run: float(run.solved is True)).values()))
        behind = max(0.0, max(found[:2]) - found[2])
        lines.append(f"| {name} | {' | '.join(f'{laws:.1f}' for laws in found)} | {behind:.1f} |")
    return "\n".join(lines)


def _keyed(records: Runs, method: str) -> dict[tuple[str, int], Record]:
    return {(run.task, run.repetition): run for run in records if run.method == method}


def _of(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.3f} to {ends[1]:.3f}"


def main(arguments: Sequence[str]) -> None:
    """Print the tables of the runs in some folders."""
    folders = [argument for argument in arguments if argument != "--cpu"]
    if not folders:
        raise SystemExit(__doc__)
    records = [record for folder in folders for record in read_results(Path(folder))]
    if len(folders) < len(arguments):
        records = list(map(by_processor, records))
    print(rates(records))
    if {ALONE, GP, HYBRID} <= {record.method for record in records}:
        print(f"\nLaws solved, mean of the repetitions:\n\n{worst(records)}\n\n{against(records)}")


if __name__ == "__main__":
    main(sys.argv[1:])
