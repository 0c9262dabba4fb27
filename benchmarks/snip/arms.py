"""Does pretraining help? Arms with more and more of it against genetic programming: the tables of arms.md.

    eqdisc bench run srsd-easy srsd-medium srsd-hard feynman classic real --sample 20 \\
        --method eqdisc-gp --method eqdisc-gp+bank --method eqdisc-gp+heads --method eqdisc-gp+retrieval \\
        --method eqdisc-gp+decoder --method eqdisc-gp+residuals --method eqdisc-gp+untrained \\
        --method eqdisc-gp+misled --method eqdisc-gp+wolves \\
        --method eqdisc --method eqdisc-all+bank --method eqdisc-all+snip \\
        --time 10 --threads 2 --repetitions 2 --out benchmarks/snip/results/arms
    python -m benchmarks.snip.arms [--cpu] benchmarks/snip/results/arms

The first command goes on where it stopped; the second takes several folders. Arms, each with what the one
before it has: a bank of skeletons screened by correlation, laid on columns by correlation too, without any
network; heads that weigh operators and inputs; retrieval from the bank by embedding; samples of the decoder;
immigrants for the residual; wolves in the latent space. Placebos: all but the wolves with random weights
(untrained), or looking at a shuffled target (misled). All arms search a table with the seed of the method
that they add to. The model is loaded within the time.
Seconds are of the clock or, with --cpu, of the processor divided by the threads, which other load hardly
changes. A run that finds the law has it after the seconds it took, all of its time where it did not know
that it was done; so one run of 10 s tells what one of 1 or 3 s would have found exact. A run that failed or
was ended has found nothing. `area` and intervals as in benchmarks/dysymnet/sets.py: under the share of runs
solved against the logarithm of the time, differences between arms law by law, on the repetitions that both
have, 95 % by a bootstrap over the laws. Suites hold some laws in common: in the rows over all suites these
are one law, with the mean over the suites, so that the bootstrap draws laws and not copies. Small laws, up
to five nodes without slope and intercept, are not kept out of the training: a row has the others alone.
Tables whose law nobody knows are compared by R2 on rows that were not searched, 0 where it is below or where
there is no answer.
"""

import re
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from statistics import fmean

import numpy as np

from benchmarks.dysymnet.sets import by_processor, credit, interval, wait
from eqdisc.benchmark.record import Record
from eqdisc.benchmark.results import read_results
from eqdisc.expr.parse import parse
from eqdisc.proposers.snip.excluded import is_small

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
#: Laws of physics that suites number in different ways, in lower case, the numbers apart: some lost a zero at
#: the end, one is numbered anew by SRSD.
RENUMBERED = {
    "i 6 20": "i 6 2",
    "i 6 20a": "i 6 2a",
    "i 6 20b": "i 6 2b",
    "i 15 1": "i 15 10",
    "i 18 16": "i 18 14",
    "i 34 10": "i 34 1",
    "i 39 10": "i 39 1",
}

ALL, LARGE = "all", "all but small laws"
Law = tuple[str, str]
Runs = Sequence[Record]


def belongs(run: Record, suite: str) -> bool:
    """Whether a run is of a suite, or of all suites, or of the laws there that no training may see."""
    return suite in (ALL, run.suite) or (suite == LARGE and run.truth is not None and not small(run.truth))


@cache
def small(truth: str) -> bool:
    """Whether a law is one of those that are not kept out of a training.

    >>> small("3*m*v**2"), small("m*v**2/(1 - v)")
    (True, False)
    """
    names = dict.fromkeys(re.findall(r"(?<![\w.])[A-Za-z_]\w*(?!\w|\s*\()", truth))
    return is_small(parse(truth, [*names]))


def with_truth(records: Runs) -> list[Record]:
    """The runs on tables whose law is known."""
    return [run for run in records if run.truth is not None]


def without_truth(records: Runs) -> list[Record]:
    """The runs on tables whose law nobody knows."""
    return [run for run in records if run.truth is None]


def name_of(task: str) -> str:
    """What a law is called whatever the suite; tables with inputs that do not matter have its name already.

    >>> name_of("I.14.4") == name_of("I_14_4"), name_of("B3") == name_of("test_3")
    (True, True)
    >>> name_of("I.39.11") == name_of("I.39.1")
    False
    """
    words = " ".join(re.findall(r"[a-z0-9]+", task.lower()))
    return RENUMBERED.get(words, re.sub(r"^test (\d+)$", r"b\1", words))


def by_law(runs: Iterable[Record], worth: Callable[[Record], float]) -> dict[Law, float]:
    """Mean over the repetitions of each law, by suite and task: suites have tasks of one name."""
    found: dict[Law, list[float]] = {}
    for run in runs:
        found.setdefault((run.suite, run.task), []).append(worth(run))
    return {law: fmean(values) for law, values in found.items()}


def independent(suite: str, values: Mapping[Law, float]) -> dict[Hashable, float]:
    """What the bootstrap may draw: the laws of a suite; over all suites means over laws of one name."""
    if suite not in (ALL, LARGE):
        return {**values}
    found: dict[Hashable, list[float]] = {}
    for (_, task), value in values.items():
        found.setdefault(name_of(task), []).append(value)
    return {name: fmean(same) for name, same in found.items()}


def both(mine: Runs, theirs: Runs) -> tuple[list[Record], list[Record]]:
    """The runs of either arm on laws and repetitions that the other has too."""
    keys = [{(run.suite, run.task, run.repetition) for run in runs} for runs in (mine, theirs)]
    shared = keys[0] & keys[1]
    first, second = (
        [run for run in runs if (run.suite, run.task, run.repetition) in shared] for runs in (mine, theirs)
    )
    return first, second


def r2(run: Record) -> float:
    """On rows for testing, at least 0, which the mean of the target has; 0 without an answer."""
    return max(0.0, float(run.score.get("r2") or 0.0))


def rates(records: Runs) -> str:
    """A line for each suite and arm: share of the laws found after so many seconds, and the area."""
    moments = " | ".join(f"{moment:g} s %" for moment in MOMENTS)
    lines = [f"| suite | arm | laws | runs | {moments} | area |", "|---" * (5 + len(MOMENTS)) + "|"]
    for suite, method, runs in _parts(records):
        shares = [_solved_by(suite, runs, moment) for moment in MOMENTS]
        area = independent(suite, by_law(runs, credit))
        told = " | ".join(f"{100 * share:.1f}" for share in shares)
        lines.append(
            f"| {suite} | {method} | {len(area)} | {len(runs)} | {told} | {fmean(area.values()):.3f} |"
        )
    return "\n".join(lines)


def accuracies(records: Runs) -> str:
    """A line for each suite and arm: mean R2, and its interval over the tables."""
    lines = ["| suite | arm | tables | runs | R2 |", "|---" * 5 + "|"]
    for suite, method, runs in _parts(records):
        values = np.array([*independent(suite, by_law(runs, r2)).values()])
        low, high = interval(values)
        told = f"{values.mean():.3f} ({low:.3f} to {high:.3f})"
        lines.append(f"| {suite} | {method} | {len(values)} | {len(runs)} | {told} |")
    return "\n".join(lines)


def gains(records: Runs, worth: Callable[[Record], float] = credit, what: str = "area") -> str:
    """A line for each pair of arms and suite: what one has more than the other, law by law."""
    lines = [f"| arm | less | suite | laws | {what} gained |", "|---|---|---|---|---|"]
    parts = {(suite, method): runs for suite, method, runs in _parts(records)}
    for arm, other in PAIRS:
        for suite in _suites(records):
            runs = both(parts.get((suite, arm), []), parts.get((suite, other), []))
            mine, theirs = (independent(suite, by_law(each, worth)) for each in runs)
            if not mine:
                continue
            differences = np.array([mine[law] - theirs[law] for law in mine])
            low, high = interval(differences)
            lines.append(
                f"| {arm} | {other} | {suite} | {len(mine)} | "
                f"{differences.mean():+.3f} ({low:+.3f} to {high:+.3f}) |"
            )
    return "\n".join(lines)


def _suites(records: Runs) -> tuple[str, ...]:
    return (*dict.fromkeys(run.suite for run in records), ALL, LARGE)


def _parts(records: Runs) -> list[tuple[str, str, list[Record]]]:
    """The runs of each suite, and of all, and arm."""
    parts = []
    for suite in _suites(records):
        for method in dict.fromkeys(run.method for run in records):
            runs = [run for run in records if run.method == method and belongs(run, suite)]
            if runs:
                parts.append((suite, method, runs))
    return parts


def _solved_by(suite: str, runs: Runs, moment: float) -> float:
    # An answer that came at the end of the time counts at the last moment, whatever the clock adds.
    last = moment == MOMENTS[-1]
    solved = by_law(runs, lambda run: float(run.solved is True if last else wait(run) <= moment))
    return fmean(independent(suite, solved).values())


def main(arguments: Sequence[str]) -> None:
    """Print the tables of the runs in some folders."""
    folders = [argument for argument in arguments if argument != "--cpu"]
    if not folders:
        raise SystemExit(__doc__)
    records = [record for folder in folders for record in read_results(Path(folder))]
    if len(folders) < len(arguments):
        records = list(map(by_processor, records))
    known, unknown = with_truth(records), without_truth(records)
    if known:
        print(f"{rates(known)}\n\n{gains(known)}")
    if unknown:
        print(f"\n{accuracies(unknown)}\n\n{gains(unknown, r2, 'R2')}")


if __name__ == "__main__":
    main(sys.argv[1:])
