"""A run of the genetic programming: islands in threads, migration, and the border to expressions."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.engine.programs import Blocks, Programs, unpack
from eqdisc.engine.workspace import Sample, sample_of, workspace
from eqdisc.expr.expression import Expression
from eqdisc.proposers.gp.genome import primitives
from eqdisc.proposers.gp.island import EVALUATIONS, WORK, evolve, immigrate
from eqdisc.proposers.gp.state import (
    Island,
    island_state,
    parameters_of,
    record_of,
    restore_islands,
    scratch,
)
from eqdisc.search.proposer import Proposals, State

if TYPE_CHECKING:
    from eqdisc.problem import Problem
    from eqdisc.proposers.gp.settings import GeneticProgramming
    from eqdisc.scoring.candidate import Candidate


#: A slope this close to one, or an intercept this small beside the target's spread, is left out.
NEGLIGIBLE = 1e-9


class GeneticSession:
    """One seeded run; `propose` is one epoch of all islands.

    The same seed gives the same proposals for any number of threads: an island's work is counted, not timed,
    and islands meet only between epochs.
    """

    def __init__(
        self,
        settings: "GeneticProgramming",
        problem: "Problem",
        seed: np.random.SeedSequence,
        threads: int,
    ) -> None:
        self._settings = settings
        self._threads = threads
        train = problem.train
        streams = seed.spawn(len(settings.island_sizes) + 2)
        self._rng = np.random.default_rng(streams[-1])
        rows = self._rng.permutation(train.n_rows)[: settings.rows]
        weights = None if train.weights is None else train.weights[rows]
        features, target = train.features[rows], train.target[rows]
        names = {operator.name for operator in problem.operators.operators}
        self._max_size = problem.max_size
        self._scaling = {"add", "mul"} <= names and problem.max_size > 4
        # Slope and intercept take up to four nodes of the reported law; short laws often need neither.
        self._largest = max(min(problem.max_size, 12), problem.max_size - 4)
        size = -(-len(rows) // 64) * 64
        # Without an intercept of its own a tree has to explain the mean as well.
        self._blocks = Blocks.of(features, target, weights, block=size, centered=self._scaling)
        screened = min(settings.screen_rows, len(rows))
        self._variances = np.array([self._blocks.variance, _spread(self._blocks, screened)])
        self._primitives = primitives(problem.operators, train.n_features, problem.relevance)
        common = parameters_of(settings, screened, self._largest, self._scaling, problem.required)
        # Islands of short trees work through the small laws thoroughly; the last has all the room.
        limits = [max(1, min(self._largest, limit)) for limit in settings.island_sizes]
        self._parameters = [common._replace(largest=limit) for limit in (*limits, self._largest)]
        self._islands = [island_state(settings.population, self._largest, s) for s in streams[:-1]]
        self._scratch = [scratch(self._largest) for _ in self._islands]
        self._workspaces = [workspace(train.n_features, size, self._largest) for _ in self._islands]
        self._reported: FloatArray = np.full(self._largest + 1, np.inf)

    def prepare(self) -> float:
        """Compile the kernels (half a minute the first time on a machine, then loaded); seconds spent."""
        from eqdisc.proposers.gp.native import addresses

        start = time.perf_counter()
        self._table = addresses()
        self._evolve(0, 0)
        self._settle(0, Expression.variable(0))
        return time.perf_counter() - start

    def propose(self) -> Proposals:
        """One epoch: every island spends its work, then migrants move; gives the best that improved."""
        evaluations, work = self._totals()
        budget = self._settings.epoch_work
        with ThreadPoolExecutor(self._threads) as pool:
            for done in [pool.submit(self._evolve, index, budget) for index in range(len(self._islands))]:
                done.result()
        expressions = self._improved()
        self._migrate()
        evaluations, work = (a - b for a, b in zip(self._totals(), (evaluations, work), strict=True))
        return Proposals(expressions, evaluations, work)

    def observe(self, candidates: Sequence["Candidate"]) -> None:
        """Let the laws of the front settle on an island each that has room, to be refitted there."""
        for k, candidate in enumerate(candidates):
            size = min(candidate.expression.size, self._largest)
            roomy = [i for i, q in enumerate(self._parameters) if q.largest >= size]
            self._settle(roomy[k % len(roomy)], candidate.expression)

    def state(self) -> State:
        """The islands, the stream of the migrants, and what has been proposed."""
        return {
            "islands": record_of(self._islands),
            "random": self._rng.bit_generator.state,
            "reported": self._reported.copy(),
        }

    def restore(self, state: State) -> None:
        """Go on from where `state` was taken."""
        restore_islands(self._islands, state["islands"])
        self._rng.bit_generator.state = state["random"]
        self._reported[:] = state["reported"]

    def _evolve(self, index: int, budget: int) -> None:
        sample = sample_of(self._blocks)
        evolve(
            self._table,
            sample,
            self._screen(sample),
            self._workspaces[index],
            self._islands[index],
            self._primitives,
            self._parameters[index],
            self._scratch[index],
            self._variances,
            budget,
        )

    def _screen(self, sample: Sample) -> Sample:
        return sample._replace(n_rows=self._parameters[0].screen_rows)

    def _settle(self, index: int, expression: Expression) -> None:
        if expression.size > 2 * self._largest:
            return
        packed = Programs.pack([expression])
        sample = sample_of(self._blocks)
        immigrate(
            self._table,
            sample,
            self._screen(sample),
            self._workspaces[index],
            self._islands[index],
            self._parameters[index],
            self._scratch[index],
            self._variances,
            packed.ops,
            packed.args,
            packed.values,
            len(packed.ops),
        )

    def _totals(self) -> tuple[int, int]:
        evaluations, work = (
            sum(int(island.counters[column]) for island in self._islands) for column in (EVALUATIONS, WORK)
        )
        return evaluations, work

    def _best(self) -> list[tuple[int, Island]]:
        """For every size the island that has the best of it."""
        sizes = range(1, self._largest + 1)
        chosen = [(s, min(self._islands, key=lambda island: island.fame_losses[s])) for s in sizes]
        return [(s, island) for s, island in chosen if island.fame_losses[s] < np.inf]

    def _improved(self) -> tuple[Expression, ...]:
        """Pareto-optimal members of the halls of fame that got better since they were last proposed."""
        found = []
        least = np.inf
        for size, island in self._best():
            loss = island.fame_losses[size]
            if loss < least:
                least = loss
                if loss < 0.999 * self._reported[size]:
                    self._reported[size] = loss
                    found.append(self._expression(island, size))
        return tuple(found)

    def _expression(self, island: Island, size: int) -> Expression:
        tree = unpack(island.fame_ops[size], island.fame_args[size], island.fame_values[size], 0, size)
        if not self._scaling:
            return tree
        slope, intercept = (float(v) for v in island.fame_lines[size])
        offset = intercept + self._blocks.center  # the target was centred about its mean
        whole = tree if abs(slope - 1.0) < NEGLIGIBLE else slope * tree
        if abs(offset) > NEGLIGIBLE * np.sqrt(self._blocks.variance / self._blocks.n_rows):
            whole = whole + offset
        return whole if whole.size <= self._max_size else tree

    def _migrate(self) -> None:
        """Every island receives members of the common hall of fame."""
        best = self._best()
        if not best or len(self._islands) < 2:
            return
        for index in range(len(self._islands)):
            for k in self._rng.integers(len(best), size=self._settings.migrants):
                size, island = best[int(k)]
                if island is not self._islands[index]:
                    tree = unpack(
                        island.fame_ops[size], island.fame_args[size], island.fame_values[size], 0, size
                    )
                    self._settle(index, tree)


def _spread(blocks: Blocks, rows: int) -> float:
    """What squared residuals of the first rows are measured by: spread if centred, else squares."""
    y, w = blocks.target[0, :rows], blocks.weights[0, :rows]
    mean = np.average(y, weights=w) if blocks.center else 0.0
    return float(np.sum(w * (y - mean) ** 2))
