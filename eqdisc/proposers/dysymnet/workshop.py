"""Where networks are wired, fitted and pruned, by threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import numpy as np

from eqdisc._typing import AnyArray, FloatArray, IntArray
from eqdisc.proposers.dysymnet.kernels.batch import (
    Batch,
    Fits,
    Schedule,
    fit_range,
    prune_range,
    widen_range,
    wire_range,
)
from eqdisc.proposers.dysymnet.kernels.nets import empty_nets
from eqdisc.proposers.dysymnet.kernels.operators import UnitTable
from eqdisc.proposers.dysymnet.kernels.pruning import Pruning
from eqdisc.proposers.dysymnet.kernels.room import WORK, Room, room
from eqdisc.proposers.dysymnet.kernels.widening import Embedding
from eqdisc.proposers.dysymnet.kernels.wiring import Wiring
from eqdisc.proposers.dysymnet.sampled import Sampled
from eqdisc.proposers.dysymnet.structures import Structures

#: Networks that a thread takes at a time.
SHARE = 50
PRUNE_SHARE = 2
Kernel = Callable[[Room, int, int], None]


class Workshop:
    """Rooms for threads, and the kernels at work in them; no result depends on the number of threads.

    units        : most units of a network
    edges, outer : most edges of a network, and of its output
    """

    def __init__(
        self, rows: Sampled, units: UnitTable, wiring: Wiring, most_units: int, inner: int, threads: int
    ) -> None:
        self._rows = rows
        self._table = units
        self._wiring = wiring
        self._threads = threads
        n_features, block = rows.sample.features.shape[1:]
        self.units = most_units
        self.outer = wiring.inputs + most_units + 1
        self.edges = inner + self.outer
        self._rooms: SimpleQueue[Room] = SimpleQueue()
        for _ in range(threads):
            self._rooms.put(room(n_features, block, most_units, self.edges, self.outer))

    def prepare(self) -> None:
        """Compile the kernels."""
        from eqdisc.proposers.dysymnet.kernels.native import addresses

        self._addresses: IntArray = addresses()

    def wired(self, s: Structures, seeds: AnyArray) -> Fits:
        """A network of each structure, by a random stream of its own."""
        nets = empty_nets(len(s), self.units, self.edges)
        columns = (s.depths, s.widths, s.units)
        depths, widths, units = (np.ascontiguousarray(column, np.int64) for column in columns)
        batch = Batch(depths, widths, units, s.sparse, seeds)
        given = (self._addresses, self._table, self._wiring, batch, nets)
        self._shared(lambda r, first, last: wire_range(*given, r, first, last), len(s), SHARE)
        return Fits.of(nets)

    def widened(self, trees: Embedding) -> Fits:
        """The networks in which trees are embedded."""
        count = len(trees.which)
        nets = empty_nets(count, self.units, self.edges)
        given = (self._addresses, self._table, self._wiring, trees, nets)
        self._shared(lambda r, first, last: widen_range(*given, r, first, last), count, SHARE)
        return Fits.of(nets)

    def fit(self, fits: Fits, attempts: int, more: int = 0, limits: FloatArray | None = None) -> None:
        """Fit networks in place; those below the limit of their number of weights get more attempts.

        limits : by number of weights; None for no limit
        """
        if limits is None:
            limits = np.full(self._rows.n_rows + 1, np.inf)
        how = Schedule(attempts, more, limits, self._rows.floor)
        given = (self._addresses, self._rows.sample)
        self._shared(
            lambda r, first, last: fit_range(*given, r, self._table, how, fits, first, last),
            len(fits.losses), SHARE,
        )  # fmt: skip

    def prune(self, fits: Fits, attempts: int, tries: int, price: float, penalty: float) -> None:
        """Prune networks in place."""
        rows = self._rows
        how = Pruning(attempts, tries, rows.floor, price, rows.heldout, rows.variance, penalty)
        given = (self._addresses, self._rows.sample)
        self._shared(
            lambda r, first, last: prune_range(*given, r, self._table, how, fits, first, last),
            len(fits.losses), PRUNE_SHARE,
        )  # fmt: skip

    def _shared(self, work: Kernel, count: int, share: int) -> None:
        def task(first: int) -> None:
            r = self._rooms.get()
            try:
                work(r, first, min(first + share, count))
            finally:
                self._rooms.put(r)

        with ThreadPoolExecutor(self._threads) as pool:
            for done in [pool.submit(task, first) for first in range(0, max(count, 1), share)]:
                done.result()

    def work(self) -> int:
        """Node evaluations since this was last asked."""
        total = 0
        for _ in range(self._threads):
            r = self._rooms.get()
            total += int(r.counts[WORK])
            r.counts[WORK] = 0
            self._rooms.put(r)
        return total
