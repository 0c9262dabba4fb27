"""Does pretraining help? Arms with more and more of it against genetic programming: the tables of arms.md.

    eqdisc bench run srsd feynman classic real --sample 20 --method eqdisc-gp --method eqdisc-gp+bank \\
        --method eqdisc-gp+heads --method eqdisc-gp+retrieval --method eqdisc-gp+decoder \\
        --method eqdisc-gp+residuals --method eqdisc-gp+untrained --method eqdisc-gp+misled \\
        --method eqdisc --method eqdisc-all+bank --method eqdisc-all+snip \\
        --time 10 --threads 2 --repetitions 2 --out benchmarks/snip/results/arms
    python -m benchmarks.snip.arms benchmarks/snip/results/arms

The first command goes on where it stopped; the second takes several folders. Arms, each with what the one
before it has: a bank of skeletons screened by correlation; heads that weigh operators and inputs; retrieval
from the bank by embedding; samples of the decoder; immigrants for the residual. Placebos: the last arm with
random weights (untrained), and looking at a shuffled target (misled). The model is loaded within the time.
A run that finds the law has it after the seconds it took, all of its time where it did not know that it was
done; so one run of 10 s tells what one of 1 or 3 s would have found exact. `area` and intervals as in
benchmarks/dysymnet/sets.py: under the share of runs solved against the logarithm of the time, differences
between arms law by law, 95 % by a bootstrap over the laws.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import numpy as np

from benchmarks.dysymnet.sets import by_task, credit, interval, wait
from eqdisc.benchmark.record import Record
from eqdisc.benchmark.results import read_results

MOMENTS = (1.0, 3.0, 10.0)  # seconds
#: What is compared with what: an arm, and the arm without what it adds or with a placebo in its place.
PAIRS = (
    ("eqdisc-gp+bank", "eqdisc-gp"),
    ("eqdisc-gp+heads", "eqdisc-gp+bank"),
    ("eqdisc-gp+retrieval", "eqdisc-gp+heads"),
    ("eqdisc-gp+decoder", "eqdisc-gp+retrieval"),
    ("eqdisc-gp+residuals", "eqdisc-gp+decoder"),
    ("eqdisc-gp+residuals", "eqdisc-gp"),
    ("eqdisc-gp+residuals", "eqdisc-gp+untrained"),
    ("eqdisc-gp+residuals", "eqdisc-gp+misled"),
    ("eqdisc-gp+wolves", "eqdisc-gp+residuals"),
    ("eqdisc-all+bank", "eqdisc"),
    ("eqdisc-all+snip", "eqdisc"),
    ("eqdisc-all+snip", "eqdisc-all+bank"),
)

Runs = Sequence[Record]


def with_truth(records: Runs) -> list[Record]:
    """The runs on tables whose law is known."""
    return [run for run in records if run.truth is not None]


def rates(records: Runs) -> str:
    """A line for each suite and arm: share of the laws found after so many seconds, and the area."""
    moments = " | ".join(f"{moment:g} s %" for moment in MOMENTS)
    lines = [f"| suite | arm | laws | runs | {moments} | area |", "|---" * (5 + len(MOMENTS)) + "|"]
    for suite in (*dict.fromkeys(run.suite for run in records), "all"):
        for method in dict.fromkeys(run.method for run in records):
            runs = [run for run in records if run.method == method and suite in ("all", run.suite)]
            if not runs:
                continue
            shares = [_solved_by(runs, moment) for moment in MOMENTS]
            area = _values(runs)
            told = " | ".join(f"{100 * share:.1f}" for share in shares)
            mean = np.mean([*area.values()])
            lines.append(f"| {suite} | {method} | {len(area)} | {len(runs)} | {told} | {mean:.3f} |")
    return "\n".join(lines)


def gains(records: Runs) -> str:
    """A line for each pair of arms and suite: the area that one has more than the other."""
    lines = ["| arm | less | suite | laws | area gained |", "|---|---|---|---|---|"]
    for arm, other in PAIRS:
        for suite in (*dict.fromkeys(run.suite for run in records), "all"):
            mine, theirs = (
                _values([run for run in records if run.method == name and suite in ("all", run.suite)])
                for name in (arm, other)
            )
            shared = [law for law in mine if law in theirs]
            if not shared:
                continue
            differences = np.array([mine[law] - theirs[law] for law in shared])
            low, high = interval(differences)
            lines.append(
                f"| {arm} | {other} | {suite} | {len(shared)} | "
                f"{differences.mean():+.3f} ({low:+.3f} to {high:+.3f}) |"
            )
    return "\n".join(lines)


def _solved_by(runs: Runs, moment: float) -> float:
    # An answer that came at the end of the time counts at the last moment, whatever the clock adds.
    last = moment == MOMENTS[-1]
    found = by_task(runs, lambda run: float(run.solved is True if last else wait(run) <= moment))
    return fmean(found.values())


def _values(runs: Runs) -> dict[str, float]:
    suites = dict.fromkeys(run.suite for run in runs)
    return {
        f"{suite}/{law}": value
        for suite in suites
        for law, value in by_task([run for run in runs if run.suite == suite], credit).items()
    }


def main(folders: Sequence[str]) -> None:
    """Print the tables of the runs in some folders."""
    if not folders:
        raise SystemExit(__doc__)
    records = with_truth([record for folder in folders for record in read_results(Path(folder))])
    print(f"{rates(records)}\n\n{gains(records)}")


if __name__ == "__main__":
    main(sys.argv[1:])
