"""Who chooses the structures: the protocol of a policy, and the one that has no memory."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from eqdisc._typing import BoolArray, FloatArray, IntArray
from eqdisc.proposers.dysymnet.controller import Controller, RecurrentPolicy
from eqdisc.proposers.dysymnet.grammar import Grammar
from eqdisc.proposers.dysymnet.structures import Structures
from eqdisc.search.proposer import State


@dataclass(frozen=True)
class Choices:
    """What a policy may choose from.

    layers, units : fewest and most layers, fewest and most units of a layer
    weights       : how often each unit operator is to be drawn, in proportion
    sparse        : share of the structures that are wired sparsely
    same_width    : whether all layers of a structure are equally wide, as in the paper
    palette       : most different operators of a structure; None for units independent of each other
    """

    layers: tuple[int, int]
    units: tuple[int, int]
    weights: tuple[float, ...]
    sparse: float
    same_width: bool = False
    palette: int | None = 3

    def allow(self, s: Structures) -> BoolArray:
        """(b,) whether structures, as those of laws that others found, have such depths and widths."""
        inside = np.arange(s.widths.shape[1]) < s.depths[:, np.newaxis]
        wide = np.all((s.widths >= self.units[0]) & (s.widths <= self.units[1]), axis=1, where=inside)
        equal = np.all(s.widths == s.widths[:, :1], axis=1, where=inside)
        deep = (s.depths >= self.layers[0]) & (s.depths <= self.layers[1])
        allowed: BoolArray = deep & wide & (equal | (not self.same_width))
        return allowed


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
        len(choices.weights), choices.layers[1], choices.units[1], wirings, choices.weights,
        choices.same_width, choices.layers[0], choices.units[0],
    )  # fmt: skip
    return RecurrentPolicy(grammar, controller, int(random.integers(2**62)), uniform.sample)


class UniformPolicy:
    """Depth and widths uniform, operators from a palette of a few that is drawn for each structure.

    A law uses few different operators. With independent ones a law such as x + x**2 + ... + x**6, five
    products, has a chance of K**-5; with a palette, of about 1/K.

    >>> policy = UniformPolicy(Choices(layers=(1, 3), units=(1, 4), weights=(1.0, 1.0, 0.5), sparse=0.5))
    >>> policy.sample(7, np.random.default_rng(0)).units.shape
    (7, 3, 4)
    """

    def __init__(self, choices: Choices) -> None:
        self._choices = choices

    def sample(self, count: int, random: np.random.Generator) -> Structures:
        """So many structures."""
        c = self._choices
        (fewest, layers), (narrowest, most) = c.layers, c.units
        depths = random.integers(fewest, layers + 1, count)
        widths = random.integers(narrowest, most + 1, (count, layers))
        if c.same_width:
            widths[:] = widths[:, :1]
        widths[np.arange(layers) >= depths[:, None]] = 0
        units = self._units((count, layers, most), random)
        units[np.arange(most) >= widths[:, :, None]] = -1
        return Structures(depths, widths, units, random.random(count) < c.sparse)

    def _units(self, shape: tuple[int, int, int], random: np.random.Generator) -> IntArray:
        most = self._choices.palette
        shares = np.array(self._choices.weights) / np.sum(self._choices.weights)
        if most is None:
            return random.choice(len(shares), shape, p=shares)
        size = random.integers(1, most + 1, shape[0])
        palette = random.choice(len(shares), (shape[0], most), p=shares)
        places = random.integers(0, size[:, None, None], shape)
        chosen: IntArray = np.take_along_axis(palette[:, None, :], places, axis=2)
        return chosen

    def learn(self, structures: Structures, rewards: FloatArray) -> None:
        """It has no memory."""

    def state(self) -> State:
        """Nothing: the random numbers belong to the session."""
        return {}

    def restore(self, state: State) -> None:
        """Nothing to restore."""
