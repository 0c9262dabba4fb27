"""Networks as packed arrays: units, and weighted edges that enter their arguments.

Slots are numbered as in the engine's buffer: the features, the ones (slot n_features), then the units. Unit u
has the arguments 2u and 2u + 1 (the second is empty for unary operators); the last argument is the output.
Every argument is the sum of weight * slot over its edges; an offset is an edge from the ones.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from eqdisc._typing import AnyArray, FloatArray, Int32Array, IntArray

#: An edge that was pruned, one whose weight is fitted, one whose weight is fixed by a gauge.
DEAD, FREE, HELD = 0, 1, 2


class Net(NamedTuple):
    """One network.

    units   : (U,) number of the operator of each unit in the `UnitTable`, -1 for none
    offsets : (2 U + 2,) the edges of argument a are offsets[a] to offsets[a + 1]
    sources : (E,) slot that an edge reads
    weights : (E,)
    states  : (E,) DEAD, FREE or HELD
    """

    units: Int32Array
    offsets: IntArray
    sources: Int32Array
    weights: FloatArray
    states: AnyArray

    def copy(self) -> "Net":
        """The same network in arrays of its own."""
        return Net(
            self.units.copy(),
            self.offsets.copy(),
            self.sources.copy(),
            self.weights.copy(),
            self.states.copy(),
        )


class Nets(NamedTuple):
    """A batch of networks: the arrays of `Net` with one more axis, the first."""

    units: Int32Array
    offsets: IntArray
    sources: Int32Array
    weights: FloatArray
    states: AnyArray

    def one(self, place: int) -> Net:
        """The network at a place of the batch; its arrays are views."""
        return Net(
            self.units[place],
            self.offsets[place],
            self.sources[place],
            self.weights[place],
            self.states[place],
        )

    def take(self, places: IntArray) -> "Nets":
        """A copy of some of the networks."""
        return Nets(
            self.units[places],
            self.offsets[places],
            self.sources[places],
            self.weights[places],
            self.states[places],
        )


def empty_nets(count: int, units: int, edges: int) -> Nets:
    """Room for so many networks of at most so many units and edges."""
    return Nets(
        np.full((count, units), -1, np.int32),
        np.zeros((count, 2 * units + 2), np.int64),
        np.zeros((count, edges), np.int32),
        np.zeros((count, edges)),
        np.zeros((count, edges), np.int8),
    )


def packed(nets: Sequence[Net]) -> Nets:
    """Copies of networks of one size as a batch."""
    return Nets(
        np.array([net.units for net in nets]),
        np.array([net.offsets for net in nets]),
        np.array([net.sources for net in nets]),
        np.array([net.weights for net in nets]),
        np.array([net.states for net in nets]),
    )
