"""The neural controller: a recurrent policy over structures, trained by risk-seeking policy gradient."""

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


@dataclass(frozen=True)
class Controller:
    """How a `RecurrentPolicy` learns.

    hidden        : numbers that the network remembers of what it chose
    learning_rate : of Adam, one step a batch
    entropy       : weight of the entropy beside the log-probability of the elite
    risk          : share of a batch that is its elite; all else is not learned from
    floor         : share of the structures drawn by the uniform policy, whatever was learned
    patience      : batches without a gain after which it starts afresh; None for never
    collapse      : nats; it starts afresh where the elite surprises it less. 0 for never
    """

    hidden: int = 32
    learning_rate: float = 0.02
    entropy: float = 0.02
    risk: float = 0.05
    floor: float = 0.3
    patience: int | None = 50
    collapse: float = 1.0

    def __post_init__(self) -> None:
        self._demand("hidden", self.hidden >= 1, "at least 1")
        self._demand("learning_rate", 0 < self.learning_rate < inf, "a positive number")
        self._demand("entropy", 0 <= self.entropy < inf, "0 or a positive number")
        self._demand("risk", 0 < self.risk < 1, "a share of a batch between 0 and 1, such as 0.05")
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

    operators, layers, width : operators of units to choose from; most layers; most units of a layer
    wirings                  : what `Structures.sparse` may be
    seed                     : of the first parameters, to which restarts return

    >>> policy = RecurrentPolicy(operators=4, layers=2, width=3)
    >>> policy.sample(5, np.random.default_rng(0)).units.shape
    (5, 2, 3)
    """

    def __init__(
        self,
        operators: int,
        layers: int,
        width: int,
        wirings: tuple[bool, ...] = (False, True),
        settings: Controller | None = None,
        seed: int | np.random.SeedSequence = 0,
    ) -> None:
        self.settings = settings or Controller()
        self.grammar = Grammar(operators, layers, width, wirings)
        self.network = RecurrentNetwork(self.grammar, self.settings.hidden, np.random.default_rng(seed))
        self.restarts = 0
        self._first = self.network.parameters.copy()
        self._adam = Adam(self._first.size, self.settings.learning_rate)
        self._best = -inf
        self._stale = 0

    def sample(self, count: int, random: np.random.Generator) -> Structures:
        """`count` structures, each with probability `floor` from the uniform policy."""
        tokens = self.grammar.encode(self.grammar.uniform(count, random))
        own = random.random(count) >= self.settings.floor
        told = np.full((np.count_nonzero(own), self.grammar.steps), NONE)
        for _ in self.network.walk(told, random):
            pass  # the walk writes what it draws
        tokens[own] = told
        return self.grammar.decode(tokens)

    def log_probability(self, structures: Structures) -> FloatArray:
        """(b,) log-probability of structures by the policy itself, the floor left out."""
        tokens = self.grammar.encode(structures)
        return log_probabilities(list(self.network.walk(tokens)), len(tokens))

    def learn(self, structures: Structures, rewards: FloatArray) -> None:
        """One step towards the structures of the largest (b,) rewards, of which only the order matters.

        Any structures may be told, whoever found them. Rewards of -inf and NaN are worse than all others.
        """
        rewards = np.where(np.isnan(rewards), -inf, rewards)
        tokens = self.grammar.encode(structures)
        weights = elite_weights(rewards, self.settings.risk)
        elite = np.flatnonzero(weights)
        surprise = inf
        if elite.size:
            surprise = self._climb(tokens[elite], weights[elite])
        best = rewards.max(initial=-inf)
        self._stale = 0 if best > self._best else self._stale + 1
        self._best = max(best, self._best)
        patience = self.settings.patience
        if surprise < self.settings.collapse or (patience is not None and self._stale >= patience):
            self._restart()

    def _climb(self, tokens: IntArray, weights: FloatArray) -> float:
        """One step of Adam; by how many nats the elite surprised the policy before."""
        moments = list(self.network.walk(tokens))
        surprise = -weights @ log_probabilities(moments, len(tokens))
        gradient = self.network.gradient(moments, weights, self.settings.entropy * weights)
        self.network.parameters += self._adam.step(gradient)
        return float(surprise)

    def _restart(self) -> None:
        self.network.parameters[:] = self._first
        self._adam.reset()
        self._best = -inf
        self._stale = 0
        self.restarts += 1

    def state(self) -> State:
        """All that decides what will be sampled and learned from here on."""
        return {
            "parameters": self.network.parameters.copy(),
            "adam": self._adam.state(),
            "best": self._best,
            "stale": self._stale,
            "restarts": self.restarts,
        }

    def restore(self, state: State) -> None:
        """Go on from where `state` was taken, by a policy of the same settings."""
        self.network.parameters[:] = state["parameters"]
        self._adam.restore(state["adam"])
        self._best = float(state["best"])
        self._stale = int(state["stale"])
        self.restarts = int(state["restarts"])


def elite_weights(rewards: FloatArray, risk: float) -> FloatArray:
    """(b,) weights that sum to 1: the best of a share `risk` of the batch weighs most, beyond it all are 0.

    They fall linearly by rank (CADSR, arXiv 2406.06751), so that neither scale nor outliers of the rewards
    matter. Equal rewards share what their ranks have; -inf has none; all 0 where no reward stands out.

    >>> elite_weights(np.array([1.0, 5.0, 3.0, -np.inf]), risk=0.5)
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
