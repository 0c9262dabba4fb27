"""A search that keeps checkpoints in a folder and goes on from the last one there: to be killed by tests.

python -m tests.search.runs FOLDER EPOCHS
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from eqdisc.data.dataset import Dataset
from eqdisc.data.scale import Scaling
from eqdisc.expr.operators import OperatorSet
from eqdisc.problem import Problem
from eqdisc.proposers.closed_form import ClosedForm
from eqdisc.proposers.gp import GeneticProgramming
from eqdisc.proposers.seeds import Seeds
from eqdisc.search.checkpoint import SearchState, read_checkpoint, write_checkpoint
from eqdisc.search.engine import Budget, Search
from eqdisc.search.observer import Observer, Progress
from eqdisc.search.working_units import InWorkingUnits

CHECKPOINT, LOG, ANSWER = "checkpoint.npz", "epochs.log", "answer.txt"


def table(scale: float = 1.0, noise: float = 0.05) -> Dataset:
    random = np.random.default_rng(11)
    a, b, c = random.uniform(0.5, 3.0, (3, 120))
    target = np.sin(2.1 * a) / (b + 0.4) + 0.3 * c * a + noise * random.normal(size=120)
    return Dataset.of(np.column_stack([scale * a, b, c]), target, names=["a", "b", "c"])


def search(
    epochs: int, work: int = 2_000_000, threads: int = 1, data: Dataset | None = None, seed: int = 3
) -> Search:
    """Seeds, closed forms and breeding together, in working units where the columns ask for it."""
    data = table() if data is None else data
    problem = Problem.of(data, OperatorSet.parse("+ - * / sin exp sqrt"), max_size=25, seed=seed)
    strategies = (
        Seeds(("a*c", "sin(a)/b")),
        ClosedForm(),
        GeneticProgramming(population=100, epoch_work=work),
    )
    scaling = Scaling.of(data)
    if not scaling.is_identity:
        strategies = tuple(InWorkingUnits(strategy, scaling) for strategy in strategies)
    return Search(problem, strategies, Budget(epochs=epochs), seed, threads)


class Log(Observer):
    """Notes every epoch that is done."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_epoch(self, progress: Progress) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{progress.epoch}\n")


def kept(folder: Path) -> SearchState | None:
    checkpoint = folder / CHECKPOINT
    return read_checkpoint(checkpoint) if checkpoint.exists() else None


def answer(begun: Search) -> str:
    """What a search found, to the last bit."""
    result = begun.run()
    counts = (result.stopped, result.epochs, result.evaluations, result.node_evaluations)
    return "\n".join(map(repr, (*result.front, result.best, result.reason, counts)))


def main(folder: Path, epochs: int) -> None:
    begun = replace(
        search(epochs, work=20_000_000, threads=2),
        observers=(Log(folder / LOG),),
        resume_from=kept(folder),
        keeper=lambda state: write_checkpoint(folder / CHECKPOINT, state),
    )
    (folder / ANSWER).write_text(answer(begun), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
