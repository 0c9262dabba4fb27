"""The neural controller: a recurrent policy over structures, trained by risk-seeking policy gradient."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, inf

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.errors import OptionError
from eqdisc.proposers.dysymnet.adam import Adam
from eqdisc.proposers.dysymnet.grammar import NONE, Grammar
from eqdisc.proposers.dysymnet.recurrent import RecurrentNetwork, log_probabilities
from eqdisc.proposers.dysymnet.structures import Structures
from eqdisc.search.proposer import State

#: Structures by which the entropy of the uniform policy is told.
ENTROPY_DRAWS = 1000
#: Draws so many structures.
Sampler = Callable[[int, np.random.Generator], Structures]


@dataclass(frozen=True)
class Controller:
    """How a `RecurrentPolicy` learns.

    hidden        : numbers that the network remembers of what it chose
    learning_rate : of Adam, one step a batch
    entropy       : weight of the entropy beside the log-probability of the elite
    risk          : share of a batch that is its elite; all else is not learned from
    floor         : share of the structures drawn by the uniform policy, whatever was learned
    patience      : batches without a gain after which it starts afresh; None for never
    collapse      : nats; it starts afresh where its entropy is less, and less than half of that of the
                    uniform policy, which on few operators has little. 0 for never
    """

    hidden: int = 32
    learning_rate: float = 0.03
    entropy: float = 0.02
    risk: float = 0.1
    floor: float = 0.3
    patience: int | None = 50
    collapse: float = 2.0

    def __post_init__(self) -> None:
        self._demand("hidden", self.hidden >= 1, "at least 1")
        self._demand("learning_rate", 0 < self.learning_rate < inf, "a positive number")
        self._demand("entropy", 0 <= self.entropy < inf, "0 or a positive number")
        self._demand("risk", 0 < self.risk < 1, "a share of a batch between 0 and 1, such as 0.1")
        self._demand("floor", 0 <= self.floor <= 1, "a share of a batch from 0 to 1, such as 0.3")
        self._demand("patience", self.patience is None or self.patience >= 1, "at least 1, or None for never")
        self._demand("collapse", 0 <= self.collapse < inf, "0 or a positive number of nats")

    def _demand(self, name: str, fits: bool, wanted: str) -> None:
        if not fits:
            raise OptionError(f"the controller's {name} has to be {wanted}, got {getattr(self, name)}")


class RecurrentPolicy:
    """Structures told choice by choice, each knowing those before (DySymNet, section 3; DSR, section 3).

    The controller of the original feeds back its scores, not what it chose, and thus learns a product of
    independent choices (benchmarks/dysymnet/controller.py shows the difference). Untrained it is the uniform
    policy. Matrices here are so small that the search's one thread of BLAS is best, and makes runs repeat.

    grammar : of the structures
    seed    : of the first parameters, to which restarts return
    uniform : draws the share of structures that does not depend on what was learned, from a count and a
              generator; None for the uniform policy of the grammar

    >>> policy = RecurrentPolicy(Grammar(operators=4, layers=2, width=3))
    >>> policy.sample(5, np.random.default_rng(0)).units.shape
    (5, 2, 3)
    """

    def __init__(
        self,
        grammar: Grammar,
        settings: Controller | None = None,
        seed: int | np.random.SeedSequence = 0,
        uniform: Sampler | None = None,
    ) -> None:
        self.settings = settings or Controller()
        self.grammar = grammar
        self._uniform = uniform or grammar.uniform
        self.network = RecurrentNetwork(self.grammar, self.settings.hidden, np.random.default_rng(seed))
        self.restarts = 0
        self._first = self.network.parameters.copy()
        drawn = grammar.uniform(ENTROPY_DRAWS, np.random.default_rng(0))
        uniform_entropy = -float(self.log_probability(drawn).mean())
        self._collapse = min(self.settings.collapse, 0.5 * uniform_entropy)
        self._adam = Adam(self._first.size, self.settings.learning_rate)
        self._best = -inf
        self._stale = 0
        self._entropy = inf

    def sample(self, count: int, random: np.random.Generator) -> Structures:
        """`count` structures, each with probability `floor` from the uniform policy."""
        tokens = self.grammar.encode(self._uniform(count, random))
        own = random.random(count) >= self.settings.floor
        told = np.full((np.count_nonzero(own), self.grammar.steps), NONE)
        log_p = log_probabilities(self.network.walk(told, random), len(told))
        self._entropy = -float(log_p.mean()) if log_p.size else inf
        tokens[own] = told
        return self.grammar.decode(tokens)

    def log_probability(self, structures: Structures) -> FloatArray:
        """(b,) log-probability of structures by the policy itself, the floor left out."""
        tokens = self.grammar.encode(structures)
        return log_probabilities(self.network.walk(tokens), len(tokens))

    def learn(self, structures: Structures, rewards: FloatArray) -> None:
        """One step towards the structures of the largest (b,) rewards, of which only the order matters.

        Any structures may be told, whoever found them. Rewards of -inf and NaN are worse than all others.
        The gradient is that of the policy's own log-probability, wherever a structure came from.
        """
        tokens = self.grammar.encode(structures)
        if rewards.shape != (len(tokens),):
            raise ValueError(f"{len(tokens)} structures have rewards of shape {rewards.shape}")
        tokens, weights = elite(tokens, rewards, self.settings.risk)
        if weights.size:
            moments = list(self.network.walk(tokens))
            gradient = self.network.gradient(moments, weights, self.settings.entropy * weights)
            self.network.parameters += self._adam.step(gradient)
        best = np.fmax.reduce(rewards, initial=-inf)
        self._stale = 0 if best > self._best else self._stale + 1
        self._best = max(float(best), self._best)
        patience = self.settings.patience
        if self._entropy < self._collapse or (patience is not None and self._stale >= patience):
            self._restart()

    def _restart(self) -> None:
        self.network.parameters[:] = self._first
        self._adam.reset()
        self._best = -inf
        self._stale = 0
        self._entropy = inf
        self.restarts += 1

    def state(self) -> State:
        """All that decides what will be sampled and learned from here on."""
        return {
            "parameters": self.network.parameters.copy(),
            "adam": self._adam.state(),
            "best": self._best,
            "stale": self._stale,
            "entropy": self._entropy,
            "restarts": self.restarts,
        }

    def restore(self, state: State) -> None:
        """Go on from where `state` was taken, by a policy of the same settings."""
        self.network.parameters[:] = state["parameters"]
        self._adam.restore(state["adam"])
        self._best = float(state["best"])
        self._stale = int(state["stale"])
        self._entropy = float(state["entropy"])
        self.restarts = int(state["restarts"])


def elite(tokens: IntArray, rewards: FloatArray, risk: float) -> tuple[IntArray, FloatArray]:
    """The share `risk` of the different sentences, by largest reward, and their weights, which sum to 1.

    A sentence told often weighs once, by its best reward. Otherwise a policy learns most from what it tells
    most, and keeps a few of many that are equally good: of the 166 that the benchmark's `echo` rewards it
    then tells 16 in a batch of 1000, with this 163.

    tokens, rewards : (b, steps) and (b,); NaN is as bad as -inf
    returns         : (e, steps) and (e,); e = 0 where no reward stands out
    """
    different, kind = np.unique(tokens, axis=0, return_inverse=True)
    best = np.full(len(different), -inf)
    np.fmax.at(best, kind.ravel(), rewards)
    weights = rank_weights(best, risk)
    return different[weights > 0], weights[weights > 0]


def rank_weights(rewards: FloatArray, risk: float) -> FloatArray:
    """(b,) weights that sum to 1: the best of a share `risk` of the batch weighs most, beyond it all are 0.

    They fall linearly by rank (CADSR, arXiv 2406.06751), so that neither scale nor outliers of the rewards
    matter. Equal rewards share what their ranks have; -inf has none; all are 0 where no reward stands out.

    >>> rank_weights(np.array([1.0, 5.0, 3.0, -np.inf]), risk=0.5)
    array([0.        , 0.66666667, 0.33333333, 0.        ])
    """
    kinds, kind, counts = np.unique(rewards, return_inverse=True, return_counts=True)
    if kinds.size < 2:
        return np.zeros(rewards.size)
    ranked = np.maximum(ceil(risk * rewards.size) - np.arange(rewards.size), 0.0)
    shares = np.add.reduceat(ranked[::-1], np.cumsum(counts) - counts) / counts
    shares[kinds == -inf] = 0.0
    found: FloatArray = (shares / (shares @ counts))[kind]
    return found
