"""R2 on rows for testing and size of the answers, as SRBench tells them: the table.

    eqdisc bench run feynman feynman-noise-0.01 feynman-noise-0.1 strogatz strogatz-noise-0.01 \\
        strogatz-noise-0.1 real --method eqdisc-dysymnet --time 30 --threads 2 \\
        --out benchmarks/dysymnet/results/accuracy
    python benchmarks/dysymnet/accuracy.py benchmarks/dysymnet/results/accuracy

The first command goes on where it stopped; `--sample 20` takes a seeded part of each suite. Noise is on the
targets to learn from, in shares of their root mean square; measured tables have their own, as in SRBench, and
none is added. The tables of Strogatz are look-alikes and the black boxes are those of scikit-learn: figures
of the published tables do not compare.
A run without an answer that is finite on all rows, or worse than the mean, has an R2 of 0.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, median

import numpy as np

from eqdisc.benchmark.record import Record
from eqdisc.benchmark.results import read_results

CLOSE, RESAMPLES = 0.99, 10_000


def r2(run: Record) -> float:
    """Not below 0."""
    found = run.score.get("r2")
    return 0.0 if found is None else max(0.0, float(found))


def group_of(run: Record) -> str:
    """The suite; of the measured tables those with a law apart from the black boxes."""
    if run.suite != "real":
        return run.suite
    return "real, black boxes" if run.truth is None else "real, with a law"


def table(records: Sequence[Record]) -> str:
    """A line for each group and method."""
    lines = [
        "| tables | method | runs | mean R2 | median R2 | R2 > 0.99 % | solved % | mean size | median size |"
    ]
    lines += ["|---" * 9 + "|"]
    for group in dict.fromkeys(map(group_of, records)):
        for method in dict.fromkeys(run.method for run in records):
            runs = [run for run in records if run.method == method and group_of(run) == group]
            if runs:
                lines.append(f"| {group} | {method} | {line(runs)} |")
    return "\n".join(lines)


def line(runs: Sequence[Record]) -> str:
    """The figures of some runs; the interval of the mean is of 95 %, by a bootstrap over the tables."""
    told = [r2(run) for run in runs]
    sizes = [float(run.score["complexity"]) for run in runs if run.score.get("complexity") is not None]
    low, high = interval(runs)
    solved = [run.solved for run in runs if run.solved is not None]
    share = f"{100 * fmean(solved):.1f}" if solved else "-"
    return (
        f"{len(runs)} | {fmean(told):.4f} ({low:.4f} to {high:.4f}) | {median(told):.4f} | "
        f"{100 * fmean(value > CLOSE for value in told):.1f} | {share} | "
        f"{_told(fmean, sizes)} | {_told(median, sizes)}"
    )


def interval(runs: Sequence[Record]) -> tuple[float, float]:
    """Of the mean R2, its tables drawn anew."""
    found: dict[str, list[float]] = {}
    for run in runs:
        found.setdefault(run.task, []).append(r2(run))
    values = np.array([fmean(each) for each in found.values()])
    picked = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.quantile(values[picked].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def _told(figure: Callable[[list[float]], float], sizes: list[float]) -> str:
    return f"{figure(sizes):.1f}" if sizes else "-"


def main(folders: Sequence[str]) -> None:
    """Print the table of the runs in some folders."""
    if not folders:
        raise SystemExit(__doc__)
    print(table([record for folder in folders for record in read_results(Path(folder))]))


if __name__ == "__main__":
    main(sys.argv[1:])
