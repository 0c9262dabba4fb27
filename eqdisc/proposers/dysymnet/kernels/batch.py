"""A share of a batch: structures wired and fitted, the best ones pruned."""

import numpy as np

from eqdisc._typing import AnyArray, BoolArray, FloatArray, IntArray
from eqdisc.engine.compile import call_address, call_double, kernel
from eqdisc.engine.workspace import Sample, load
from eqdisc.proposers.dysymnet.kernels.fitting import FIT
from eqdisc.proposers.dysymnet.kernels.nets import Net, Nets
from eqdisc.proposers.dysymnet.kernels.operators import UnitTable
from eqdisc.proposers.dysymnet.kernels.pruning import ENOUGH, PREPARE, PRUNE, WIRE, complexity
from eqdisc.proposers.dysymnet.kernels.room import INNER, OUTER, Room
from eqdisc.proposers.dysymnet.kernels.wiring import Wiring

#: Of the rows; a network with more weights is not tried.
MOST_WEIGHTS = 0.75


@kernel
def fit_range(
    table: IntArray, sample: Sample, r: Room, units: UnitTable, wiring: Wiring, nets: Nets,
    depths: IntArray, widths: IntArray, chosen: IntArray, sparse: BoolArray, seeds: AnyArray,
    first: int, stop: int, attempts: int, more: int, limits: FloatArray, floor: float,
    losses: FloatArray, sizes: IntArray, first_losses: FloatArray, weights: IntArray,
) -> None:  # fmt: skip
    """Wire and fit the structures first to stop; those whose loss is below the limit for their
    number of weights after the first attempts to the end.

    losses: sums of squares, infinite for those that diverged; first_losses: after the first attempts; sizes:
    edges and units.
    """
    load(sample, 0, r.buffer)
    n_features = sample.features.shape[1]
    enough = ENOUGH * floor
    for b in range(first, stop):
        net = Net(nets.units[b], nets.offsets[b], nets.sources[b], nets.weights[b], nets.states[b])
        structure = (net, depths[b], widths[b], chosen[b], sparse[b], units)
        call_address(table[WIRE], structure + (wiring, seeds[b : b + 1], r.chosen))
        call_address(table[PREPARE], (table, net, units, n_features, r))
        losses[b] = np.inf
        sizes[b] = complexity(net)
        weights[b] = r.counts[INNER] + r.counts[OUTER]
        if weights[b] > MOST_WEIGHTS * sample.n_rows:
            weights[b] = 0
            continue  # it would fit anything
        loss = call_double(table[FIT], (table, sample, r, net, attempts, 0.0, enough))
        first_losses[b] = loss
        if enough < loss < limits[weights[b]]:
            call_address(table[PREPARE], (table, net, units, n_features, r))
            loss = call_double(table[FIT], (table, sample, r, net, more, 1e-3, enough))
        losses[b] = loss


@kernel
def prune_range(
    table: IntArray, sample: Sample, r: Room, units: UnitTable, nets: Nets, first: int, stop: int,
    attempts: int, tries: int, floor: float, price: float, losses: FloatArray, sizes: IntArray,
) -> None:  # fmt: skip
    """Prune the fitted networks first to stop; their losses and sizes are brought up to date."""
    load(sample, 0, r.buffer)
    for b in range(first, stop):
        net = Net(nets.units[b], nets.offsets[b], nets.sources[b], nets.weights[b], nets.states[b])
        telling = (units, losses[b], attempts, tries, floor, price)
        losses[b] = call_double(table[PRUNE], (table, sample, r, net) + telling)
        sizes[b] = complexity(net)
