"""A run of the genetic programming: islands in threads, migration, and the border to expressions."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.engine.programs import Programs, unpack
from eqdisc.engine.workspace import workspace
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, MUL
from eqdisc.expr.units import DIMENSIONLESS
from eqdisc.proposers.gp.genome import primitives
from eqdisc.proposers.gp.island import evolve, immigrate
from eqdisc.proposers.gp.losses import FOLLOWING, NEGLIGIBLE, Loss, View, decades, linked, power_of
from eqdisc.proposers.gp.monomials import dimensions
from eqdisc.proposers.gp.state import (
    EVALUATIONS,
    WORK,
    island_state,
    parameters_of,
    record_of,
    restore_islands,
    scratch,
)
from eqdisc.proposers.gp.typed_breeding import typed_evolve, typed_immigrate
from eqdisc.search.proposer import Proposals, State

if TYPE_CHECKING:
    from eqdisc.problem import Problem
    from eqdisc.proposers.gp.settings import GeneticProgramming
    from eqdisc.scoring.candidate import Candidate


#: Nodes that the kernels put on a tree to have the logarithm of its size.
MAGNITUDE_NODES = 2


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
        self._problem = problem
        train = problem.train
        streams = seed.spawn(len(settings.island_sizes) + 2)
        self._rng = np.random.default_rng(streams[-1])
        self._rows = rows = self._rng.permutation(train.n_rows)[: settings.rows]
        names = {operator.name for operator in problem.operators.operators}
        may_scale = {"add", "mul"} <= names and problem.max_size > 4
        # Where numbers carry no units an intercept only goes with a target that has none.
        numbers = problem.units is not None and problem.units.constants == "dimensionless"
        bare = problem.units is None or problem.units.target == DIMENSIONLESS
        self._scaling = may_scale and (not numbers or bare)
        self._slope = may_scale and not self._scaling
        # Slope and intercept take up to four nodes of the reported law; short laws often need neither.
        self._largest = max(min(problem.max_size, 12), problem.max_size - 4)
        losses = island_losses(settings, train.target, may_scale)
        views = {loss: self._view(loss, rows) for loss in dict.fromkeys(losses)}
        self._views = [views[loss] for loss in losses]
        self._primitives = primitives(problem.operators, train.n_features, problem.prior)
        free = self._scaling and not numbers
        rules = dimensions(problem.units, problem.operators, train.n_features, free, problem.prior)
        common = parameters_of(settings, settings.screen_rows, self._largest, self._scaling, problem.required)
        # Islands of short trees work through the small laws thoroughly; the last has all the room.
        limits = [max(1, min(self._largest, limit)) for limit in (*settings.island_sizes, self._largest)]
        self._parameters = [
            common._replace(
                largest=limit,
                screen_rows=view.screened,
                scaling=self._scaling or view.loss in FOLLOWING,
                magnitude=view.loss == "magnitude",
                slope=self._slope,
            )
            for limit, view in zip(limits, self._views, strict=True)
        ]
        self._islands = [island_state(settings.population, self._largest, s) for s in streams[:-1]]
        self._scratch = [scratch(self._largest) for _ in self._islands]
        self._dimensions = [rules.with_room(room.child.ops.shape[0]) for room in self._scratch]
        self._workspaces = [
            workspace(train.n_features, view.blocks.size, self._largest + MAGNITUDE_NODES)
            for view in self._views
        ]
        self._reported = {loss: np.full(self._largest + 1, np.inf) for loss in views}

    def prepare(self) -> float:
        """Compile the kernels (half a minute the first time on a machine, then loaded); seconds spent."""
        from eqdisc.proposers.gp.native import addresses

        start = time.perf_counter()
        self._table = addresses(self._problem.units is not None)
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
        self._hand_over()
        expressions = tuple(law for loss in self._reported for law in self._improved(loss))
        self._migrate()
        evaluations, work = (a - b for a, b in zip(self._totals(), (evaluations, work), strict=True))
        return Proposals(expressions, evaluations, work)

    def observe(self, front: Sequence["Candidate"], elites: Sequence["Candidate"] = ()) -> None:
        """Let the laws of the front and the elites settle on an island each that has room, to be refitted
        there."""
        for k, candidate in enumerate((*front, *elites)):
            size = min(candidate.expression.size, self._largest)
            roomy = [i for i, q in enumerate(self._parameters) if q.largest >= size]
            self._settle(roomy[k % len(roomy)], candidate.expression)

    def state(self) -> State:
        """The islands, the stream of the migrants, and what has been proposed."""
        return {
            "islands": record_of(self._islands),
            "random": self._rng.bit_generator.state,
            "reported": {loss: losses.copy() for loss, losses in self._reported.items()},
        }

    def restore(self, state: State) -> None:
        """Go on from where `state` was taken."""
        restore_islands(self._islands, state["islands"])
        self._rng.bit_generator.state = state["random"]
        for loss, losses in state["reported"].items():
            self._reported[loss][:] = losses

    def _view(self, loss: Loss, rows: IntArray) -> View:
        train = self._problem.train
        weights = None if train.weights is None else train.weights[rows]
        # Without an intercept of its own a tree has to explain the mean as well.
        screened = self._settings.screen_rows
        return View.of(loss, train.features[rows], train.target[rows], weights, screened, self._scaling)

    def _evolve(self, index: int, budget: int) -> None:
        view, island, room = self._views[index], self._islands[index], self._scratch[index]
        given = (self._table, view.sample, view.screen, self._workspaces[index], island, self._primitives)
        told = (self._parameters[index], room, view.variances, budget)
        if self._problem.units is None:
            evolve(*given, *told)
        else:
            typed_evolve(*given, self._dimensions[index], *told)

    def _settle(self, index: int, expression: Expression) -> None:
        if expression.size > 2 * self._largest:
            return
        view, tree = self._views[index], Programs.pack([expression])
        given = (self._table, view.sample, view.screen, self._workspaces[index], self._islands[index])
        told = (self._parameters[index], self._scratch[index], view.variances)
        if self._problem.units is None:
            immigrate(*given, *told, tree.ops, tree.args, tree.values, len(tree.ops))
        else:
            rules = self._dimensions[index]
            typed_immigrate(*given, rules, *told, tree.ops, tree.args, tree.values, len(tree.ops))

    def _totals(self) -> tuple[int, int]:
        evaluations, work = (
            sum(int(island.counters[column]) for island in self._islands) for column in (EVALUATIONS, WORK)
        )
        return evaluations, work

    def _best(self, loss: Loss) -> list[tuple[int, int]]:
        """For every size the island that has the best of it by a loss."""
        of_loss = [i for i, view in enumerate(self._views) if view.loss == loss]
        sizes = range(1, self._largest + 1)
        chosen = [(s, min(of_loss, key=lambda i: self._islands[i].fame_losses[s])) for s in sizes]
        return [(s, i) for s, i in chosen if self._islands[i].fame_losses[s] < np.inf]

    def _news(self, loss: Loss) -> list[tuple[int, int]]:
        """Pareto-optimal members of the halls of fame that got better since this was last asked."""
        found = []
        least, reported = np.inf, self._reported[loss]
        for size, index in self._best(loss):
            now = self._islands[index].fame_losses[size]
            if now < least:
                least = now
                if now < 0.999 * reported[size]:
                    reported[size] = now
                    found.append((size, index))
        return found

    def _improved(self, loss: Loss) -> list[Expression]:
        """What is news, as laws of the target."""
        return [] if loss in FOLLOWING else [self._law(*place) for place in self._news(loss)]

    def _hand_over(self) -> None:
        """Trees that follow size or ranks of the target are fitted again where relative errors count."""
        for loss in FOLLOWING:
            if loss not in self._reported:
                continue
            for size, index in self._news(loss):
                law = self._whole(size, index)
                for other, view in enumerate(self._views):
                    if view.loss == "relative" and law is not None:
                        self._settle(other, law)

    def _whole(self, size: int, index: int) -> Expression | None:
        """A member of a hall of fame; one that follows ranks in the function that it is seen through."""
        tree = self._tree(size, index)
        if self._views[index].loss != "rank":
            return tree
        train = self._problem.train
        return linked(tree, train.features[self._rows], train.target[self._rows], self._problem.operators)

    def _tree(self, size: int, index: int) -> Expression:
        """A member of a hall of fame; where it follows the size of the target, the power of it that does."""
        island = self._islands[index]
        tree = unpack(island.fame_ops[size], island.fame_args[size], island.fame_values[size], 0, size)
        if self._views[index].loss == "magnitude":
            tree = power_of(tree, float(island.fame_lines[size, 0]), self._problem.operators)
        return tree

    def _law(self, size: int, index: int) -> Expression:
        tree, blocks = self._tree(size, index), self._views[index].blocks
        if not self._scaling:
            return self._without_slope(tree) if self._slope else tree
        slope, intercept = (float(v) for v in self._islands[index].fame_lines[size])
        offset = intercept + blocks.center  # the target was centred about its mean
        whole = tree if abs(slope - 1.0) < NEGLIGIBLE else slope * tree
        if abs(offset) > NEGLIGIBLE * np.sqrt(blocks.variance / blocks.n_rows):
            whole = whole + offset
        if whole is tree and not self._units_hold(tree):
            whole = 1.0 * tree  # this number carries a unit
        return whole if whole.size <= self._problem.max_size else tree

    def _without_slope(self, tree: Expression) -> Expression:
        """The tree without a last factor of one, where it is sound without."""
        bare = tree.children[0] if tree.root == MUL and tree.children[1].root == CONSTANT else tree
        is_one = bare is not tree and abs(tree.constants[-1] - 1.0) < NEGLIGIBLE
        return bare if is_one and self._units_hold(bare) else tree

    def _units_hold(self, expression: Expression) -> bool:
        return self._problem.units is None or self._problem.units.admit(expression)

    def _migrate(self) -> None:
        """Every island receives members of the common halls of fame."""
        best = [place for loss in self._reported for place in self._best(loss)]
        if not best or len(self._islands) < 2:
            return
        for index in range(len(self._islands)):
            for k in self._rng.integers(len(best), size=self._settings.migrants):
                size, other = best[int(k)]
                if other != index:
                    self._settle(index, self._tree(size, other))


def island_losses(settings: "GeneticProgramming", target: FloatArray, may_scale: bool) -> list[Loss]:
    """What every island minimises; a factor that is fitted besides belongs to the magnitudes."""
    count = len(settings.island_sizes) + 1
    if decades(target) < settings.wide or not settings.wide_losses:
        return ["absolute"] * count
    losses = [settings.wide_losses[i % len(settings.wide_losses)] for i in range(count)]
    return [loss if may_scale or loss not in FOLLOWING else "relative" for loss in losses]
