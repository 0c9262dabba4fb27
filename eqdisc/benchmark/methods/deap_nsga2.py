"""DEAP: strongly typed genetic programming, NSGA-II on error and size.

Fortin et al. (2012), DEAP: evolutionary algorithms made easy; Deb et al. (2002), NSGA-II.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from eqdisc.benchmark.method import Answer, Budget
from eqdisc.benchmark.methods.common import (
    Clock,
    law_answer,
    mean_law,
    missing_package,
    package_version,
    restored,
    shortest_good,
    split,
    working_units,
)
from eqdisc.benchmark.methods.deap_fitness import CompiledFitness, Fitness, NumpyFitness, Tree, primitives
from eqdisc.data.dataset import Dataset

_EXACT = 1e-20  # of the variance: a loss below ends the run, and those below count as the same


@dataclass(frozen=True)
class Deap:
    """A population of DEAP's trees; the front of error and size that it leaves.

    compiled    : measured by our compiled fits instead of NumPy
    generations : no more than so many
    population  : a multiple of four, for DEAP's tournament by crowding distance
    rows        : a random sample of so many rows to breed on; the law is fitted to all
    max_size, max_height : of a tree, in nodes and levels
    """

    compiled: bool = False
    generations: int | None = None
    population: int = 400
    rows: int = 1000
    max_size: int = 50
    max_height: int = 12

    @property
    def name(self) -> str:
        """`deap` by NumPy, `deap-eqdisc` by our fits."""
        return "deap-eqdisc" if self.compiled else "deap"

    def available(self) -> str | None:
        """Where DEAP is installed."""
        return missing_package("deap")

    def version(self) -> str:
        """Of DEAP."""
        return package_version("deap")

    def warm_up(self) -> None:
        """Import DEAP, compile the fit or start the workers."""
        x = np.linspace(1.0, 2.0, 20)
        table = Dataset.of(np.column_stack([x, x**3]), np.sin(9.0 * x) + np.cos(7.0 * x))
        self.__class__(self.compiled, generations=1).solve(table, Budget(600.0), 0, None)

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        """The shortest of the best laws by rows that were not bred on: those for validation, or a quarter."""
        clock = Clock(budget)
        table, scaling = working_units(train)
        scaled = None if validation is None else scaling.apply(validation)
        fitted, judged = split(table, scaled, seed)
        bred = fitted.take(np.arange(min(self.rows, fitted.n_rows)))
        fitness: Fitness = (CompiledFitness if self.compiled else NumpyFitness)(bred, budget.threads)
        with _seeded(seed):
            front, details = self._evolve(bred, fitness, clock)
        laws = [fitness.law(tree, fitted) for tree in front]
        law = shortest_good(laws, judged, _EXACT) or mean_law(table)
        return law_answer(restored(law, scaling), train, {**details, "front": len(laws)})

    def _evolve(self, table: Dataset, fitness: Fitness, clock: Clock) -> tuple[list[Tree], dict[str, Any]]:
        """The best tree of each size that is better than all smaller ones."""
        from deap import tools

        breeder = _Breeder(self, table.n_features)
        exact = _EXACT * float(np.var(table.target))
        best: dict[int, Tree] = {}
        evaluations, generation, stopped = 0, 0, "time"
        population: list[Tree] = []
        fresh = [breeder.random_tree() for _ in range(self.population)]
        while True:
            losses = fitness(fresh)
            evaluations += len(fresh)
            for tree, loss in zip(fresh, losses.tolist(), strict=True):
                tree.fitness.values = (loss, len(tree))
                if np.isfinite(loss) and (len(tree) not in best or loss < best[len(tree)].fitness.values[0]):
                    best[len(tree)] = tree
            if best and min(tree.fitness.values[0] for tree in best.values()) <= exact:
                stopped = "exact"
                break
            if clock.left() <= 0.0:
                break
            if generation == self.generations:
                stopped = "generations"
                break
            generation += 1
            alive = _distinct([*population, *(t for t in fresh if np.isfinite(t.fitness.values[0]))])
            population = tools.selNSGA2(alive, self.population, nd="log") if alive else []
            fresh = breeder.offspring(population)
        details = {"generations": generation, "evaluations": evaluations, "stopped": stopped}
        return _front(best), details


class _Breeder:
    """DEAP's operators: subtree crossover, and mutation in five ways, one of which redraws a constant."""

    def __init__(self, settings: Deap, n_features: int) -> None:
        from deap import base, gp

        error_and_size = type("ErrorAndSize", (base.Fitness,), {"weights": (-1.0, -1.0)})

        class Individual(gp.PrimitiveTree):  # type: ignore[misc]
            def __init__(self, content: Sequence[Any]) -> None:
                super().__init__(content)
                self.fitness = error_and_size()

        self._individual = Individual
        self._settings = settings
        self._primitives = primitives(n_features)
        grow = partial(gp.genFull, min_=0, max_=2)
        self._mutations = (
            partial(gp.mutUniform, expr=grow, pset=self._primitives),
            partial(gp.mutNodeReplacement, pset=self._primitives),
            partial(gp.mutEphemeral, mode="one"),
            gp.mutShrink,
            partial(gp.mutInsert, pset=self._primitives),
        )

    def random_tree(self) -> Tree:
        """Ramped half and half (Koza 1992)."""
        from deap import gp

        return self._individual(gp.genHalfAndHalf(self._primitives, min_=1, max_=4))

    def offspring(self, population: Sequence[Tree]) -> list[Tree]:
        """As many children as a population has; random trees where there are too few parents."""
        from deap import gp, tools

        size = self._settings.population
        if len(population) < size:
            return [self.random_tree() for _ in range(size)]
        parents = tools.selTournamentDCD(population, size)
        children = [self._individual(list(parent)) for parent in parents]
        found: list[Tree] = []
        for first, second, *olds in zip(
            children[::2], children[1::2], parents[::2], parents[1::2], strict=True
        ):
            if random.random() < 0.9:
                first, second = gp.cxOnePointLeafBiased(first, second, termpb=0.1)
            for child, old in zip((first, second), olds, strict=True):
                if random.random() < 0.3 or str(child) == str(old):
                    (child,) = random.choice(self._mutations)(child)
                too_big = len(child) > self._settings.max_size or child.height > self._settings.max_height
                found.append(self.random_tree() if too_big else child)
        return found


def _distinct(trees: Sequence[Tree]) -> list[Tree]:
    """The shortest tree of each error: NSGA-II on trees otherwise fills up with copies."""
    found: dict[str, Tree] = {}
    for tree in sorted(trees, key=len):
        found.setdefault(f"{tree.fitness.values[0]:.9e}", tree)
    return list(found.values())


def _front(best: dict[int, Tree]) -> list[Tree]:
    """The trees that no shorter one is as good as, shortest first."""
    chosen: list[Tree] = []
    for size in sorted(best):
        if not chosen or best[size].fitness.values[0] < chosen[-1].fitness.values[0]:
            chosen.append(best[size])
    return chosen


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """DEAP draws from the stream of `random`, which is the user's: it is put back as it was."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)
