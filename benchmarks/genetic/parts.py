"""What losses, operators and building blocks are worth to the genetic programming: prints a table.

python -m benchmarks.genetic.parts [seeds [part ...]]

Twelve laws over one to eight decades, 600 rows, two threads. A run is given up after 16 epochs of 0.6e9 node
evaluations; it is solved where a proposal is exact. Nothing here looks at the clock: runs repeat.
"""

import sys
from collections.abc import Mapping
from math import exp, log

import numpy as np

from benchmarks.structure.laws import table
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.prior import Prior
from eqdisc.problem import Problem
from eqdisc.proposers.gp import GeneticProgramming
from eqdisc.proposers.gp.losses import Loss
from eqdisc.scoring.rounding import is_exact

ROWS, EPOCHS, EPOCH_WORK = 600, 16, 150_000_000
#: The operators of each law, and what a physicist would see in it.
KNOWN: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "difference of inverses": ("mul sub div", ("1/x3 - 1/x4",)),
    "resonance": ("mul div sub square", ("x3**2 - x4**2",)),
    "parallel": ("add div", ("x2/x1",)),
    "root of squares": ("sqrt square mul add", ("x2**2 + x3**2",)),
    "two products": ("mul add", ("x0*x1",)),
    "two springs": ("square mul add", ("x1**2 + x2**2",)),
    "distance": ("sqrt square sub add", ("(x0 - x1)**2", "(x2 - x3)**2")),
    "bell": ("exp sub div square", ("(x0 - x1)/x2",)),
    "shifted tone": ("sqrt add sub div mul", ("x0/x2",)),
    "saturation": ("tanh mul div", ("x1*x2/(x3*x4)",)),
    "quantum of heat": ("mul div exp sub", ("x0*x1/(x2*x3)",)),
    "other clock": ("sub mul div sqrt square", ("x1/x2", "x0*x1/x2**2")),
}
LOSSES: Mapping[str, tuple[Loss, ...]] = {
    "ranks": ("relative", "magnitude", "rank", "absolute"),
    "no ranks": ("relative", "magnitude", "relative", "absolute"),
    "absolute alone": (),
}
#: Eight blocks that are in none of the laws; the numbers are those of inputs, counted round.
WRONG = ("x0/x1**2", "x0 + x1", "x1*x2", "x2/x0", "x1 - x2", "x0*x1**2", "x2**2/x1", "x0**2*x2")
PARTS = ("as it is", *LOSSES, "operators", "blocks", "both", "wrong blocks", "blocks among wrong ones")


def epochs(part: str, name: str, seed: int) -> int | None:
    """After how many the law was there; None for not at all."""
    data, _ = table(name, ROWS, 0, 0.0, seed)
    operators, blocks = KNOWN[name]
    shown = (
        *(blocks if part in ("blocks", "both", "blocks among wrong ones") else ()),
        *(WRONG if "wrong" in part else ()),
    )
    prior = Prior(
        operators=tuple(operators.split()) if part in ("operators", "both") else (),
        forms=tuple(parse(block, data.feature_names) for block in shown),
    )
    problem = Problem.of(data, OperatorSet.default(), 40, seed)
    settings = GeneticProgramming(epoch_work=EPOCH_WORK)
    if part in LOSSES:
        settings = GeneticProgramming(epoch_work=EPOCH_WORK, wide_losses=LOSSES[part])
    problem = Problem(problem.dataset, problem.train, problem.heldout, problem.operators, 40, prior=prior)
    session = settings.start(problem, np.random.SeedSequence(seed), threads=2)
    session.prepare()
    for epoch in range(EPOCHS):
        if any(is_exact(law, problem.train) for law in session.propose().expressions):
            return epoch + 1
    return None


def main() -> None:
    """A line for each part: runs solved, geometric mean of the epochs, double the most for a failure."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print("| part | solved | epochs, geometric mean | by law |\n| --- | --- | --- | --- |")
    for part in sys.argv[2:] or PARTS:
        found = {name: [epochs(part, name, seed) for seed in range(seeds)] for name in KNOWN}
        runs = [run for of_law in found.values() for run in of_law]
        mean = exp(sum(log(run or 2 * EPOCHS) for run in runs) / len(runs))
        solved = sum(run is not None for run in runs)
        by_law = " ".join(str(sum(run is not None for run in of_law)) for of_law in found.values())
        print(f"| {part} | {solved} of {len(runs)} | {mean:.1f} | {by_law} |", flush=True)


if __name__ == "__main__":
    main()
