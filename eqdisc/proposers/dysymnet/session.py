"""A run of the networks: structures sampled by a policy, fitted in threads, the best pruned to laws."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING

import numpy as np

from eqdisc._typing import AnyArray, FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import POW
from eqdisc.expr.simplify import simplify
from eqdisc.proposers.dysymnet.extraction import expression_of, unscaled_weights
from eqdisc.proposers.dysymnet.fame import Fame
from eqdisc.proposers.dysymnet.kernels.batch import Batch, Fits, Schedule, fit_range, prune_range
from eqdisc.proposers.dysymnet.kernels.nets import Net, empty_nets
from eqdisc.proposers.dysymnet.kernels.operators import unit_table
from eqdisc.proposers.dysymnet.kernels.pruning import gauge
from eqdisc.proposers.dysymnet.kernels.room import WORK, Room, room
from eqdisc.proposers.dysymnet.kernels.wiring import Wiring
from eqdisc.proposers.dysymnet.policy import Choices, Policy, UniformPolicy
from eqdisc.proposers.dysymnet.sampled import Sampled
from eqdisc.proposers.dysymnet.structures import Structures
from eqdisc.search.optimum import optimum
from eqdisc.search.proposer import Proposals, State
from eqdisc.search.sample import sample

if TYPE_CHECKING:
    from eqdisc.problem import Problem
    from eqdisc.proposers.dysymnet.settings import DySymNet
    from eqdisc.scoring.candidate import Candidate

#: Structures of the first epoch, before their cost is known; the least and most of one epoch.
FIRST, LEAST, MOST = 1000, 200, 40_000
#: Edges that the networks of an epoch have at most, 13 bytes each.
MOST_EDGES = 10_000_000
#: Structures that a thread takes at a time.
SHARE = 50
PRUNE_SHARE = 2
#: Structures with equally many weights that tell what a good one is.
FEWEST = 20
Kernel = Callable[[Room, int, int], None]


class NetworkSession:
    """One seeded run; `propose` is one epoch: a batch of structures.

    Every structure has its own random stream, what one epoch decides depends on earlier epochs only: the same
    seed gives the same proposals for any number of threads.

    structures, diverged : how many were tried, and of these how many had no finite value on some row or more
                           weights than rows
    """

    def __init__(
        self, settings: "DySymNet", problem: "Problem", seed: np.random.SeedSequence, threads: int,
        policy: Policy | None = None,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._problem = problem
        self._threads = threads
        weights = settings.units(problem)
        self._names = tuple(weights)
        self._units = unit_table(self._names)
        self._powers = POW in problem.operators.codes
        self._random = np.random.default_rng(seed)
        train = problem.train
        self._rows = Sampled.of(train, settings.rows, self._random)
        self._wiring = wiring_of(settings, problem, self._rows.n_rows)
        sparse = {"mixed": settings.sparse, "dense": 0.0, "sparse": 1.0}[settings.wiring]
        choices = Choices(
            settings.layers, settings.width, tuple(weights.values()), sparse, settings.same_width
        )
        self._policy = UniformPolicy(choices) if policy is None else policy
        self._most_units = settings.layers * settings.width
        outer = min(settings.inputs, train.n_features) + self._most_units + 1
        inner = max(6 * self._most_units, 2 * settings.weights + 4 * self._most_units)
        self._edges = inner + outer
        block = self._rows.sample.features.shape[2]
        self._rooms: SimpleQueue[Room] = SimpleQueue()
        for _ in range(threads):
            self._rooms.put(room(train.n_features, block, self._most_units, self._edges, outer))
        self._fame = Fame()
        self._limits = np.full(self._rows.n_rows + 1, np.inf)
        self._cost = 0.0
        self.structures = 0
        self.diverged = 0

    # ------------------------------------------------------------ the protocol of a session

    def prepare(self) -> float:
        """Compile the kernels (half a minute the first time on a machine, then loaded); seconds spent."""
        from eqdisc.proposers.dysymnet.kernels.native import addresses

        start = time.perf_counter()
        self._table = addresses()
        nothing = UniformPolicy(Choices(1, 1, (1.0,), 1.0)).sample(0, np.random.default_rng(0))
        fits = self._fitted(nothing, np.ones(0, np.uint64))
        self._prune(fits)
        gauge(empty_nets(1, 1, 1).one(0), self._units, 1)
        return time.perf_counter() - start

    def propose(self) -> Proposals:
        """One epoch: structures sampled, fitted, the best pruned; gives what got better."""
        structures = self._policy.sample(self._count(), self._random)
        count = len(structures)
        seeds = self._random.integers(1, 2**63, count, dtype=np.uint64) | np.uint64(1)
        fits = self._fitted(structures, seeds)
        self.structures += count
        self.diverged += int(np.sum(np.isinf(fits.losses)))
        self._learn_limits(fits)
        descriptions = self._descriptions(fits)
        best = np.argsort(descriptions, kind="stable")[: self._settings.survivors]
        best = best[np.isfinite(descriptions[best])]
        pruned = fits.take(best)
        self._prune(pruned)
        descriptions[best] = self._descriptions(pruned)
        self._policy.learn(structures, -descriptions)
        self._fame.add(pruned.nets, pruned.losses, pruned.sizes)
        work = self._work()
        self._cost = work / count
        return Proposals(self._laws(self._fame.news(self._rows.floor)), count, work)

    def observe(self, candidates: Sequence["Candidate"]) -> None:
        """Networks have their own memory."""

    def state(self) -> State:
        """The random stream, what the policy learned, the best networks, and what steers the next epoch."""
        return {
            "random": self._random.bit_generator.state,
            "policy": self._policy.state(),
            "fame": self._fame.state(),
            "limits": self._limits.copy(),
            "cost": self._cost,
            "structures": self.structures,
            "diverged": self.diverged,
        }

    def restore(self, state: State) -> None:
        """Go on from where `state` was taken."""
        self._random.bit_generator.state = state["random"]
        self._policy.restore(state["policy"])
        self._fame.restore(state["fame"])
        self._limits = np.array(state["limits"], float)
        self._cost = state["cost"]
        self.structures = state["structures"]
        self.diverged = state["diverged"]

    def example(self, structures: int = 2000) -> tuple[Net, Net, Expression | None]:
        """A network fitted, the same pruned, and its law: the best of so many structures, for a picture."""
        sampled = self._policy.sample(structures, self._random)
        seeds = self._random.integers(1, 2**63, structures, dtype=np.uint64) | np.uint64(1)
        fits = self._fitted(sampled, seeds)
        best = fits.take(np.argsort(self._descriptions(fits), kind="stable")[: self._settings.survivors])
        before = best.take(np.arange(len(best.losses)))
        self._prune(best)
        place = int(np.argmin(self._descriptions(best)))
        law = self._law(best.nets.one(place))
        return before.nets.one(place), best.nets.one(place), law

    # ------------------------------------------------------------ a batch

    def _count(self) -> int:
        if self._cost == 0.0:
            return FIRST
        most = max(LEAST, min(MOST, MOST_EDGES // self._edges))
        return int(np.clip(self._settings.epoch_work / self._cost, LEAST, most))

    def _schedule(self) -> Schedule:
        q = self._settings
        return Schedule(q.attempts, q.more_attempts, self._limits, self._rows.floor, q.tries, q.price)

    def _fitted(self, structures: Structures, seeds: AnyArray) -> Fits:
        """Networks of the structures, and what became of them."""
        count = len(structures)
        fits = Fits(
            empty_nets(count, self._most_units, self._edges),
            np.full(count, np.inf),
            np.zeros(count, np.int64),
            np.full(count, np.inf),
            np.zeros(count, np.int64),
        )
        columns = (structures.depths, structures.widths, structures.units)
        depths, widths, units = (np.ascontiguousarray(column, np.int64) for column in columns)
        batch = Batch(depths, widths, units, structures.sparse, seeds)
        given = (self._units, self._wiring, self._schedule(), batch, fits)

        def work(r: Room, first: int, last: int) -> None:
            fit_range(self._table, self._rows.sample, r, *given, first, last)

        self._share(work, count, SHARE)
        return fits

    def _learn_limits(self, fits: Fits) -> None:
        """What the best share had after the first attempts, of structures with equally many weights.

        Many weights on few rows fit anything fairly well at once; by a common limit they would crowd out the
        small structures, which are all or nothing.
        """
        for count in np.unique(fits.weights):
            losses = fits.first_losses[(fits.weights == count) & np.isfinite(fits.first_losses)]
            if losses.size >= FEWEST:
                self._limits[count] = np.quantile(losses, self._settings.share)

    def _prune(self, fits: Fits) -> None:
        """Prune networks in place."""
        given = (self._units, self._schedule(), fits)

        def work(r: Room, first: int, last: int) -> None:
            prune_range(self._table, self._rows.sample, r, *given, first, last)

        self._share(work, len(fits.losses), PRUNE_SHARE)

    def _share(self, work: Kernel, count: int, share: int) -> None:
        def task(first: int) -> None:
            r = self._rooms.get()
            try:
                work(r, first, min(first + share, count))
            finally:
                self._rooms.put(r)

        with ThreadPoolExecutor(self._threads) as pool:
            for done in [pool.submit(task, first) for first in range(0, max(count, 1), share)]:
                done.result()

    def _work(self) -> int:
        """Node evaluations since this was last asked."""
        total = 0
        for _ in range(self._threads):
            r = self._rooms.get()
            total += int(r.counts[WORK])
            r.counts[WORK] = 0
            self._rooms.put(r)
        return total

    def _descriptions(self, fits: Fits) -> FloatArray:
        """Nats of residuals and network, as `pruning.description`; infinite for those that diverged."""
        residuals = 0.5 * self._rows.n_rows * np.log(np.maximum(fits.losses, self._rows.floor))
        described: FloatArray = residuals + self._settings.price * fits.sizes
        return described

    # ------------------------------------------------------------ what is proposed

    def _laws(self, nets: list[Net]) -> tuple[Expression, ...]:
        laws = (self._law(net) for net in nets)
        return tuple(law for law in laws if law is not None)

    def _law(self, net: Net) -> Expression | None:
        """The expression of a network at its optimum on more rows; None for one that was not asked for."""
        n_features = self._problem.train.n_features
        plain = unscaled_weights(net, self._rows.scales)
        gauge(plain, self._units, n_features)
        law = expression_of(plain, self._names, n_features, self._powers)
        law = None if law is None else simplify(law)
        if law is None or not self._problem.admits(law):
            return None
        if self._problem.train.n_rows > self._rows.n_rows:
            law = optimum(law, sample(self._problem.train, self._settings.refit_rows)).expression
        return law


def wiring_of(settings: "DySymNet", problem: "Problem", n_rows: int) -> Wiring:
    """What the kernels know of the inputs; few rows bear few weights."""
    n_features = problem.train.n_features
    relevance = np.ones(n_features) if problem.relevance is None else np.array(problem.relevance)
    if not np.any(relevance > 0.0):
        relevance = np.ones(n_features)
    return Wiring(
        np.cumsum(relevance), int(np.sum(relevance > 0.0)), min(settings.inputs, n_features),
        min(settings.weights, max(4, n_rows // 3)), settings.skip, settings.bias,
    )  # fmt: skip
