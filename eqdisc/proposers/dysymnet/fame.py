"""The best pruned network of every size."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.proposers.dysymnet.kernels.nets import Net, Nets
from eqdisc.search.proposer import State

#: A loss counts as better where it is lower by this share.
GAIN = 1e-3


@dataclass
class Fame:
    """Pruned networks by size (edges and units), their sums of squares, and those that were proposed."""

    nets: dict[int, Net] = field(default_factory=dict)
    losses: dict[int, float] = field(default_factory=dict)
    reported: dict[int, float] = field(default_factory=dict)

    def add(
        self, nets: Nets, losses: FloatArray, sizes: IntArray, admits: Callable[[Net], bool]
    ) -> None:  # fmt: skip
        """Keep what is admitted and none as small beats; what is not admitted would stand in the way.

        Smallest first: few have to be asked for, which takes longer than their fits.
        """
        for place in np.lexsort((losses, sizes)).tolist():
            size, loss = int(sizes[place]), float(losses[place])
            least = min((self.losses[other] for other in self.losses if other <= size), default=np.inf)
            if loss < (1.0 - GAIN) * least and admits(nets.one(place)):
                self.losses[size] = loss
                self.nets[size] = nets.one(place).copy()

    def news(self, floor: float) -> list[Net]:
        """Networks that no smaller one beats and that got better since they were last told, smallest first.

        Losses below the floor are alike.
        """
        found = []
        least = np.inf
        for size in sorted(self.nets):
            loss = max(self.losses[size], floor)
            if loss < (1.0 - GAIN) * least:
                least = loss
                if loss < (1.0 - GAIN) * self.reported.get(size, np.inf):
                    self.reported[size] = loss
                    found.append(self.nets[size])
        return found

    def state(self) -> State:
        """Copies of all, as arrays."""
        sizes = sorted(self.nets)
        columns = {
            name: np.array([getattr(self.nets[size], name) for size in sizes])
            for name in Net._fields
            if sizes
        }
        return {
            "sizes": sizes,
            "losses": [self.losses[size] for size in sizes],
            "reported": [[size, loss] for size, loss in self.reported.items()],
            **columns,
        }

    def restore(self, state: State) -> None:
        """Go on from where `state` was taken."""
        sizes = [int(size) for size in state["sizes"]]
        self.losses = dict(zip(sizes, (float(loss) for loss in state["losses"]), strict=True))
        self.reported = {int(size): float(loss) for size, loss in state["reported"]}
        self.nets = {}
        if sizes:
            nets = Nets(*(state[name] for name in Net._fields))
            self.nets = {size: nets.one(place).copy() for place, size in enumerate(sizes)}
