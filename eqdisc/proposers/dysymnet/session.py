"""A run of the networks: structures sampled by a policy, fitted in threads, the best pruned to laws."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from eqdisc._typing import AnyArray, FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import POW
from eqdisc.expr.simplify import simplify
from eqdisc.proposers.dysymnet.controller import Controller
from eqdisc.proposers.dysymnet.embedding import structure_of
from eqdisc.proposers.dysymnet.extraction import expression_of, unscaled_weights
from eqdisc.proposers.dysymnet.fame import Fame
from eqdisc.proposers.dysymnet.hall import Hall, embeddings
from eqdisc.proposers.dysymnet.kernels.batch import Fits
from eqdisc.proposers.dysymnet.kernels.gauge import gauge
from eqdisc.proposers.dysymnet.kernels.nets import Net, Nets, empty_nets
from eqdisc.proposers.dysymnet.kernels.operators import unit_table
from eqdisc.proposers.dysymnet.kernels.wiring import Wiring
from eqdisc.proposers.dysymnet.parts import salient_parts
from eqdisc.proposers.dysymnet.policy import Choices, policy_of
from eqdisc.proposers.dysymnet.sampled import Sampled
from eqdisc.proposers.dysymnet.structures import Structures, joined
from eqdisc.proposers.dysymnet.workshop import Workshop
from eqdisc.search.optimum import optimum
from eqdisc.search.proposer import Proposals, State
from eqdisc.search.sample import sample

if TYPE_CHECKING:
    from eqdisc.problem import Problem
    from eqdisc.proposers.dysymnet.settings import DySymNet
    from eqdisc.scoring.candidate import Candidate

#: Structures of the first epoch, before their cost is known; the least and most of one epoch.
FIRST, LEAST, MOST = 1000, 200, 40_000
#: The same of laws embedded.
FIRST_EMBEDDED, LEAST_EMBEDDED, MOST_EMBEDDED = 50, 10, 4000
#: Edges that the networks of an epoch have at most, 13 bytes each.
MOST_EDGES = 10_000_000
#: A law is not simplified that has so many times the nodes it may have: of 1000 nodes that takes 0.1 s.
SPELLED = 4
#: Structures with equally many weights that tell what a good one is.
FEWEST = 20


class NoNetworks:
    """A session on a problem whose operators are no units: it has nothing to say."""

    def prepare(self) -> float:
        """Nothing to compile."""
        return 0.0

    def propose(self) -> Proposals:
        """Nothing."""
        return Proposals((), exhausted=True)

    def observe(self, front: Sequence["Candidate"], elites: Sequence["Candidate"] = ()) -> None:
        """Nothing to learn."""

    def state(self) -> State:
        """Nothing."""
        return {}

    def restore(self, state: State) -> None:
        """Nothing to restore."""


_NOTHING = (np.zeros(0, int), np.zeros((0, 1), int), np.zeros((0, 1, 1), int), np.zeros(0, bool))


class NetworkSession:
    """One seeded run; `propose` is one epoch: a batch of structures, and laws of the search embedded.

    Every structure has its own random stream, what one epoch decides depends on earlier epochs only: the same
    seed gives the same proposals for any number of threads.

    structures, diverged : how many were tried, and of these how many had no finite value on some row or more
                           weights than rows
    """

    def __init__(
        self, settings: "DySymNet", problem: "Problem", seed: np.random.SeedSequence, threads: int
    ) -> None:
        self._settings = q = settings
        self._problem = problem
        weights = q.units(problem)
        self._names = tuple(weights)
        self._units = unit_table(self._names)
        self._powers = POW in problem.operators.codes
        self._random = np.random.default_rng(seed)
        self._rows = Sampled.of(problem.train, q.rows, self._random)
        sparse = {"mixed": q.sparse, "dense": 0.0, "sparse": 1.0}[q.wiring]
        self._sparse = sparse > 0.0
        self._choices = Choices(q.depths, q.widths, tuple(weights.values()), sparse, q.same_width, q.palette)
        controller = Controller() if q.controller == "recurrent" else q.controller
        self._policy = policy_of(self._choices, None if controller == "uniform" else controller, self._random)
        units = q.depths[1] * q.widths[1]
        wiring = wiring_of(q, problem, self._rows.n_rows)
        inner = max(6 * units, 2 * q.weights + 4 * units)
        self._workshop = Workshop(self._rows, self._units, wiring, units, inner, threads)
        self._fame = Fame()
        # Layers without skip connections or offsets have no place for most trees: none is embedded.
        self._embedded = q.embedded if q.skip and q.bias else 0.0
        self._hall = Hall(self._names, self._rows.scales, units, inner, wiring.inputs)
        self._limits = np.full(self._rows.n_rows + 1, np.inf)
        self._cost = self._embedded_cost = 0.0
        self.structures = 0
        self.diverged = 0

    # ------------------------------------------------------------ the protocol of a session

    def prepare(self) -> float:
        """Compile the kernels (a minute the first time on a machine, then loaded); seconds spent."""
        start = time.perf_counter()
        self._workshop.prepare()
        self._prune(self._fitted(Structures(*_NOTHING), np.ones(0, np.uint64)))
        gauge(empty_nets(1, 1, 1).one(0), self._units, 1)
        self._workshop.widened(embeddings(empty_nets(1, 1, 1), 0, self._policy, np.random.default_rng(0)))
        return time.perf_counter() - start

    def propose(self) -> Proposals:
        """One epoch: structures and laws of the search fitted, the best pruned; gives what got better."""
        bases = self._hall.networks() if self._embedded > 0.0 else None
        share = 0.0 if bases is None else self._embedded
        structures, rewards = self._sampled(1.0 - share)
        tried, work = len(structures), self._workshop.work()
        self._cost = work / tried
        told = [(structures, rewards)]
        if bases is not None:
            count = self._count(share, self._embedded_cost, FIRST_EMBEDDED, LEAST_EMBEDDED, MOST_EMBEDDED)
            told += self._widened(bases, count)
            more = self._workshop.work()
            self._embedded_cost = more / count
            tried, work = tried + count, work + more
        self._policy.learn(joined([s for s, _ in told]), np.concatenate([r for _, r in told]))
        news = self._fame.news(self._rows.floor)
        parts = salient_parts(self._workshop, news, self._problem.train.n_features, self._settings.attempts)
        laws = dict.fromkeys(self._laws([*news, *parts]))
        nothing = all(np.all(r == -np.inf) for _, r in told)
        return Proposals(tuple(laws), tried, work + self._workshop.work(), exhausted=nothing)

    def observe(self, front: Sequence["Candidate"], elites: Sequence["Candidate"] = ()) -> None:
        """Laws of the front and elites that networks can represent are embedded in the next epoch."""
        self._hall.tell([*front, *elites])

    def state(self) -> State:
        """The random stream, what the policy learned, the best networks, and what steers the next epoch."""
        return {
            "random": self._random.bit_generator.state,
            "policy": self._policy.state(),
            "fame": self._fame.state(),
            "hall": self._hall.state(),
            "limits": self._limits.copy(),
            "costs": [self._cost, self._embedded_cost],
            "structures": self.structures,
            "diverged": self.diverged,
        }

    def restore(self, state: State) -> None:
        """Go on from where `state` was taken."""
        self._random.bit_generator.state = state["random"]
        self._policy.restore(state["policy"])
        self._fame.restore(state["fame"])
        self._hall.restore(state["hall"])
        self._limits = np.array(state["limits"], float)
        self._cost, self._embedded_cost = (float(cost) for cost in state["costs"])
        self.structures = state["structures"]
        self.diverged = state["diverged"]

    def example(self, structures: int = 2000) -> tuple[Net, Net, Expression | None]:
        """A network fitted, the same pruned, and its law: the best of so many structures, for a picture."""
        fits = self._fitted(self._policy.sample(structures, self._random), self._seeds(structures))
        best = fits.take(np.argsort(self._descriptions(fits), kind="stable")[: self._settings.survivors])
        before = best.take(np.arange(len(best.losses)))
        self._prune(best)
        place = int(np.argmin(self._descriptions(best)))
        law = self._law(best.nets.one(place))
        return before.nets.one(place), best.nets.one(place), law

    # ------------------------------------------------------------ a batch

    def _count(self, share: float, cost: float, first: int, least: int, most: int) -> int:
        """How many networks take a share of an epoch."""
        if cost == 0.0:
            return first
        return int(np.clip(share * self._settings.epoch_work / cost, least, max(least, most)))

    def _seeds(self, count: int) -> AnyArray:
        return self._random.integers(1, 2**63, count, dtype=np.uint64) | np.uint64(1)

    def _sampled(self, share: float) -> tuple[Structures, FloatArray]:
        """Structures of the policy, and their rewards; the best are pruned."""
        most = min(MOST, MOST_EDGES // self._workshop.edges)
        structures = self._policy.sample(self._count(share, self._cost, FIRST, LEAST, most), self._random)
        fits = self._fitted(structures, self._seeds(len(structures)))
        self.structures += len(structures)
        self.diverged += int(np.sum(np.isinf(fits.losses)))
        self._learn_limits(fits)
        return structures, -self._kept(fits, self._settings.survivors)[0]

    def _widened(self, bases: Nets, count: int) -> list[tuple[Structures, FloatArray]]:
        """Embed laws; the structures that pruning leaves of the best, with their rewards."""
        q = self._settings
        fits = self._workshop.widened(embeddings(bases, count, self._policy, self._random))
        self._workshop.fit(fits, q.attempts, q.more_attempts, self._limits)
        _, pruned = self._kept(fits, max(1, round(self._embedded * q.survivors)))
        rewards = -self._descriptions(pruned)
        found = []
        for place, reward in enumerate(rewards.tolist()):
            net = pruned.nets.one(place)
            size = (self._problem.train.n_features, q.depths[1], q.widths[1], self._sparse)
            structure = structure_of(net, *size)
            if structure is not None and self._choices.allow(structure).all():
                found.append((structure, np.array([reward])))
        return found

    def _fitted(self, structures: Structures, seeds: AnyArray) -> Fits:
        """Networks of the structures, and what became of them."""
        q = self._settings
        fits = self._workshop.wired(structures, seeds)
        self._workshop.fit(fits, q.attempts, q.more_attempts, self._limits)
        return fits

    def _kept(self, fits: Fits, survivors: int) -> tuple[FloatArray, Fits]:
        """Prune the best and remember them; (b,) descriptions after that, and the pruned.

        What was not pruned is not told to be better than what was.
        """
        descriptions = self._descriptions(fits)
        best = np.argsort(descriptions, kind="stable")[:survivors]
        best = best[np.isfinite(descriptions[best])]
        if self._problem.required:  # pruning may take what has to be there
            self._remember(fits.take(best))
        pruned = fits.take(best)
        self._prune(pruned)
        descriptions[best] = self._descriptions(pruned)
        if len(best):
            others = np.ones(len(descriptions), bool)
            others[best] = False
            descriptions[others] = np.maximum(descriptions[others], np.max(descriptions[best]))
        self._remember(pruned)
        return descriptions, pruned

    def _remember(self, fits: Fits) -> None:
        self._fame.add(fits.nets, fits.losses, fits.sizes, lambda net: self._plain_law(net) is not None)

    def _prune(self, fits: Fits) -> None:
        q = self._settings
        self._workshop.prune(fits, q.more_attempts, q.tries, q.price, q.penalty)

    def _learn_limits(self, fits: Fits) -> None:
        """What the best share had after the first attempts, of structures with equally many weights.

        Many weights on few rows fit anything fairly well at once; by a common limit they would crowd out the
        small structures, which are all or nothing.
        """
        for count in np.unique(fits.weights):
            losses = fits.first_losses[(fits.weights == count) & np.isfinite(fits.first_losses)]
            if losses.size >= FEWEST:
                self._limits[count] = np.quantile(losses, self._settings.share)

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
        """The law of a network at its optimum on more rows; None for one that cannot be told."""
        law = self._plain_law(net)
        if law is not None and self._problem.train.n_rows > self._rows.n_rows:
            law = optimum(law, sample(self._problem.train, self._settings.refit_rows)).expression
        return law

    def _plain_law(self, net: Net) -> Expression | None:
        """The expression of a network; None where it was not asked for or is not finite on the rows.

        A power of a negative base may be finite in a network and not where it is written by logarithms.
        """
        n_features = self._problem.train.n_features
        plain = unscaled_weights(net, self._rows.scales)
        gauge(plain, self._units, n_features)
        largest = SPELLED * self._problem.max_size
        law = expression_of(plain, self._names, n_features, self._powers, largest)
        law = None if law is None else simplify(law)
        if law is None or not self._problem.admits(law):
            return None
        with np.errstate(all="ignore"):
            finite = np.isfinite(evaluate(law, self._rows.features)).all()
        return law if finite else None


def wiring_of(settings: "DySymNet", problem: "Problem", n_rows: int) -> Wiring:
    """What the kernels know of the inputs; few rows bear few weights."""
    n_features = problem.train.n_features
    known = problem.prior.relevance
    relevance = np.ones(n_features) if known is None or not any(known) else np.array(known)
    return Wiring(
        np.cumsum(relevance), int(np.sum(relevance > 0.0)), min(settings.inputs, n_features),
        min(settings.weights, max(1, n_rows // 3)), max(1, n_rows // 2), settings.skip, settings.bias,
    )  # fmt: skip
