"""Who chooses the structures: the protocol of a policy, and the one that has no memory."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.proposers.dysymnet.controller import Controller, RecurrentPolicy
from eqdisc.proposers.dysymnet.grammar import Grammar
from eqdisc.proposers.dysymnet.structures import Structures
from eqdisc.search.proposer import State

#: A law uses few different operators: a structure draws them from so many at most.
PALETTE = 3


@dataclass(frozen=True)
class Choices:
    """What a policy may choose from.

    layers, units : most layers, most units of a layer
    weights       : how often each unit operator is to be drawn, in proportion
    sparse        : share of the structures that are wired sparsely
    same_width    : whether all layers of a structure are equally wide, as in the paper
    """

    layers: int
    units: int
    weights: tuple[float, ...]
    sparse: float
    same_width: bool = False


class Policy(Protocol):
    """Samples structures and learns what became of them; all randomness is handed in."""

    def sample(self, count: int, random: np.random.Generator) -> Structures:
        """So many structures."""
        ...

    def learn(self, structures: Structures, rewards: FloatArray) -> None:
        """Told the rewards (b,) of structures sampled, higher is better, -inf where they diverged."""
        ...

    def state(self) -> State:
        """All that it learned, as copies."""
        ...

    def restore(self, state: State) -> None:
        """Go on from where `state` was taken."""
        ...


def policy_of(choices: Choices, controller: Controller | None, random: np.random.Generator) -> Policy:
    """The uniform policy, or with a controller the recurrent one whose share not learned it draws."""
    uniform = UniformPolicy(choices)
    if controller is None:
        return uniform
    wirings = tuple(wiring for wiring in (False, True) if choices.sparse != (0.0 if wiring else 1.0))
    grammar = Grammar(
        len(choices.weights), choices.layers, choices.units, wirings, choices.weights, choices.same_width
    )
    return RecurrentPolicy(grammar, controller, int(random.integers(2**62)), uniform.sample)


class UniformPolicy:
    """Depth and widths uniform, operators from a palette of a few that is drawn for each structure.

    With independent operators a law such as x + x**2 + ... + x**6, five products, has a chance of K**-5; with
    a palette, of about 1/K.

    >>> policy = UniformPolicy(Choices(layers=3, units=4, weights=(1.0, 1.0, 0.5), sparse=0.5))
    >>> policy.sample(7, np.random.default_rng(0)).units.shape
    (7, 3, 4)
    """

    def __init__(self, choices: Choices) -> None:
        self._choices = choices

    def sample(self, count: int, random: np.random.Generator) -> Structures:
        """So many structures."""
        c = self._choices
        depths = random.integers(1, c.layers + 1, count)
        widths = random.integers(1, c.units + 1, (count, c.layers))
        if c.same_width:
            widths[:] = widths[:, :1]
        widths[np.arange(c.layers) >= depths[:, None]] = 0
        units = self._units(count, random)
        units[np.arange(c.units) >= widths[:, :, None]] = -1
        return Structures(depths, widths, units, random.random(count) < c.sparse)

    def _units(self, count: int, random: np.random.Generator) -> IntArray:
        c = self._choices
        size = random.integers(1, PALETTE + 1, count)
        shares = np.array(c.weights) / np.sum(c.weights)
        palette = random.choice(len(shares), (count, PALETTE), p=shares)
        places = random.integers(0, size[:, None, None], (count, c.layers, c.units))
        chosen: IntArray = np.take_along_axis(palette[:, None, :], places, axis=2)
        return chosen

    def learn(self, structures: Structures, rewards: FloatArray) -> None:
        """It has no memory."""

    def state(self) -> State:
        """Nothing: the random numbers belong to the session."""
        return {}

    def restore(self, state: State) -> None:
        """Nothing to restore."""
