"""What a policy chooses of a network, and what a network is built from."""

from dataclasses import dataclass

from eqdisc._typing import BoolArray, IntArray


@dataclass(frozen=True, eq=False)
class Structures:
    """A batch of b sampled structures of networks.

    depths : (b,) layers
    widths : (b, L) units of each layer, 0 beyond the depth
    units  : (b, L, W) number of the operator of each unit in the list of unit operators, -1 for none
    sparse : (b,) whether units read one or two slots each (else every slot that they may)
    """

    depths: IntArray
    widths: IntArray
    units: IntArray
    sparse: BoolArray
