"""A share of a batch: structures wired and fitted, the best ones pruned."""

from typing import NamedTuple

import numpy as np

from eqdisc._typing import AnyArray, BoolArray, FloatArray, IntArray
from eqdisc.engine.compile import call_address, call_double, inlined, kernel
from eqdisc.engine.workspace import Sample, load
from eqdisc.proposers.dysymnet.kernels.fitting import FIT
from eqdisc.proposers.dysymnet.kernels.nets import Net, Nets
from eqdisc.proposers.dysymnet.kernels.operators import UnitTable
from eqdisc.proposers.dysymnet.kernels.pruning import (
    ENOUGH,
    PREPARE,
    PRUNE,
    WIDEN,
    WIRE,
    Pruning,
    complexity,
)
from eqdisc.proposers.dysymnet.kernels.room import INNER, OUTER, Room
from eqdisc.proposers.dysymnet.kernels.widening import Embedding
from eqdisc.proposers.dysymnet.kernels.wiring import Wiring

#: Of the rows; a network with more weights is not tried, it would fit anything.
MOST_WEIGHTS = 0.75


class Batch(NamedTuple):
    """Structures as the kernels read them (see `Structures`), each with the state of its random stream."""

    depths: IntArray
    widths: IntArray
    units: IntArray
    sparse: BoolArray
    seeds: AnyArray


class Fits(NamedTuple):
    """What became of a batch of b structures.

    nets         : the networks
    losses       : (b,) sums of squared residuals, infinite for those that diverged
    sizes        : (b,) edges and units
    first_losses : (b,) sums of squares after the first attempts
    weights      : (b,) free weights
    """

    nets: Nets
    losses: FloatArray
    sizes: IntArray
    first_losses: FloatArray
    weights: IntArray

    @classmethod
    def of(cls, nets: Nets) -> "Fits":
        """Networks that have not been fitted."""
        count = len(nets.units)
        sizes, weights = np.zeros((2, count), np.int64)
        return cls(nets, np.full(count, np.inf), sizes, np.full(count, np.inf), weights)

    def take(self, places: IntArray) -> "Fits":
        """A copy of some of them."""
        return Fits(
            self.nets.take(places),
            self.losses[places],
            self.sizes[places],
            self.first_losses[places],
            self.weights[places],
        )


class Schedule(NamedTuple):
    """Steps of the fit for all, and for those that are below the limit (n + 1,) of their number of weights;
    the sum of squares that rounding leaves."""

    attempts: int
    more: int
    limits: FloatArray
    floor: float


@inlined
def _net(nets: Nets, b: int) -> Net:
    return Net(nets.units[b], nets.offsets[b], nets.sources[b], nets.weights[b], nets.states[b])


@kernel
def wire_range(
    table: IntArray, units: UnitTable, wiring: Wiring, batch: Batch, nets: Nets, r: Room, first: int,
    stop: int,
) -> None:  # fmt: skip
    """Wire the structures first to stop."""
    for b in range(first, stop):
        structure = (_net(nets, b), batch.depths[b], batch.widths[b], batch.units[b], batch.sparse[b], units)
        call_address(table[WIRE], (*structure, wiring, batch.seeds[b : b + 1], r.chosen))


@kernel
def widen_range(
    table: IntArray, units: UnitTable, wiring: Wiring, trees: Embedding, nets: Nets, r: Room, first: int,
    stop: int,
) -> None:  # fmt: skip
    """Embed the trees first to stop in wider networks."""
    for b in range(first, stop):
        base = (_net(trees.bases, trees.which[b]), trees.extra[b], trees.before[b])
        limits = (r.outer_rows.shape[0], trees.chance)
        given = (_net(nets, b), *base, *limits, units, wiring, trees.seeds[b : b + 1], r.chosen)
        call_address(table[WIDEN], given)


@kernel
def fit_range(
    table: IntArray, sample: Sample, r: Room, units: UnitTable, schedule: Schedule, fits: Fits, first: int,
    stop: int,
) -> None:  # fmt: skip
    """Fit the networks first to stop, those to the end that are good after the first attempts."""
    load(sample, 0, r.buffer)
    n_features = sample.features.shape[1]
    enough = ENOUGH * schedule.floor
    for b in range(first, stop):
        net = _net(fits.nets, b)
        call_address(table[PREPARE], (table, net, units, n_features, r))
        fits.losses[b] = np.inf
        fits.sizes[b] = complexity(net)
        weights = r.counts[INNER] + r.counts[OUTER]
        if weights > MOST_WEIGHTS * sample.n_rows:
            continue
        loss = call_double(table[FIT], (table, sample, r, net, schedule.attempts, 0.0, enough))
        fits.first_losses[b] = loss
        fits.weights[b] = weights
        if schedule.more > 0 and enough < loss < schedule.limits[weights]:
            call_address(table[PREPARE], (table, net, units, n_features, r))
            loss = call_double(table[FIT], (table, sample, r, net, schedule.more, 1e-3, enough))
        fits.losses[b] = loss


@kernel
def prune_range(
    table: IntArray, sample: Sample, r: Room, units: UnitTable, how: Pruning, fits: Fits, first: int,
    stop: int,
) -> None:  # fmt: skip
    """Prune the fitted networks first to stop; their losses and sizes are brought up to date."""
    load(sample, 0, r.buffer)
    for b in range(first, stop):
        net = _net(fits.nets, b)
        fits.losses[b] = call_double(table[PRUNE], (table, sample, r, net, units, how))
        fits.sizes[b] = complexity(net)
