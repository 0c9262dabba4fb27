"""What a policy chooses of networks: depths, widths and the operators of the units."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eqdisc._typing import BoolArray, IntArray


@dataclass(frozen=True, eq=False)
class Structures:
    """A batch of b sampled structures of networks.

    depths : (b,) layers
    widths : (b, L) units of each layer, 0 beyond the depth
    units  : (b, L, W) number of the operator of each unit in the list of unit operators, -1 for none
    sparse : (b,) whether units read one or two slots each (else every slot that they may)

    >>> import numpy as np
    >>> one = Structures(np.array([1]), np.array([[2]]), np.array([[[0, 3]]]), np.array([True]))
    >>> len(one)
    1
    """

    depths: IntArray
    widths: IntArray
    units: IntArray
    sparse: BoolArray

    def __len__(self) -> int:
        return len(self.depths)


def joined(parts: Sequence[Structures]) -> Structures:
    """Batches of structures as one."""
    columns = zip(*((s.depths, s.widths, s.units, s.sparse) for s in parts), strict=True)
    return Structures(*(np.concatenate(column) for column in columns))
