"""Pruning of fitted networks: gauge, then the optimal brain surgeon with a refit after every deletion.

A scale that can be pushed through a unit (square, product, quotient, root) makes the Hessian singular and
saliencies meaningless; the largest weight of such an argument is therefore fixed to one and the scale handed
downstream. Then the edge with the least w**2 / inverse(H)[w, w] (Hassibi & Stork 1993) is deleted, the others
move by the surgeon's step, the network is fitted again, and the deletion stands if the description length
falls.
"""

from typing import NamedTuple

import numpy as np

from eqdisc._typing import FloatArray, Int32Array, IntArray
from eqdisc.engine.compile import call_address, call_double, inlined, kernel
from eqdisc.engine.workspace import Sample
from eqdisc.proposers.dysymnet.kernels.fitting import FIT, LINEARISE, PROJECT, heldout
from eqdisc.proposers.dysymnet.kernels.gauge import gauge
from eqdisc.proposers.dysymnet.kernels.lowering import bury, lower, plan
from eqdisc.proposers.dysymnet.kernels.nets import DEAD, Net
from eqdisc.proposers.dysymnet.kernels.operators import UnitTable
from eqdisc.proposers.dysymnet.kernels.room import INNER, OUTER, Room
from eqdisc.proposers.dysymnet.kernels.sparsity import edge_of, shrink

PREPARE, PRUNE, WIRE, WIDEN = range(PROJECT + 3, PROJECT + 7)
#: Added to the unit diagonal of the Hessian: what redundancy is left does not stop the surgeon.
RIDGE = 1e-8
#: Times the floor: a loss below is as good as none.
ENOUGH = 1e-3
#: Share of the variance from which on a residual may be noise. Below, it is the slow end of a fit, and fewer
#: rows do harm: of 100 laws embedded among 12 edges of 0.05 six were not uncovered with them, one without.
NOISY = 1e-6


@kernel
def prepare(table: IntArray, net: Net, units: UnitTable, n_features: int, r: Room) -> None:
    """Bury the dead, write the tape, plan the sweep."""
    bury(net, n_features, r.readers)
    lower(net, units, n_features, r)
    plan(table, n_features, r)


@kernel
def invert(r: Room) -> int:
    """Saliencies of all free weights at the optimum, and r.factor = inverse Hessian (unit columns scaled).

    Works on r.products as `linearise` leaves them. Returns how many weights there are.
    """
    m = r.counts[INNER] + r.counts[OUTER]
    for i in range(m):
        g = r.products[i, i]
        r.step[i] = 1.0 / np.sqrt(g) if g > 0.0 else 0.0
    lower = r.factor
    for j in range(m):
        for i in range(j, m):
            s = r.products[j, i] * r.step[i] * r.step[j] if i > j else 1.0 + RIDGE
            for q in range(j):
                s -= lower[i, q] * lower[j, q]
            if i == j:
                lower[j, j] = np.sqrt(max(s, RIDGE))
            else:
                lower[i, j] = s / lower[j, j]
    # Inverse of the factor in place, then its transpose times itself into the upper triangle of products.
    for j in range(m):
        lower[j, j] = 1.0 / lower[j, j]
        for i in range(j + 1, m):
            s = 0.0
            for q in range(j, i):
                s -= lower[i, q] * lower[q, j]
            lower[i, j] = s / lower[i, i]
    for i in range(m):
        for j in range(i, m):
            s = 0.0
            for q in range(j, m):
                s += lower[q, i] * lower[q, j]
            r.products[i, j] = s * r.step[i] * r.step[j]
    return m


@inlined
def _inverse(r: Room, i: int, j: int) -> float:
    return r.products[i, j] if i < j else r.products[j, i]


@kernel
def complexity(net: Net) -> int:
    """Edges that are alive, and units."""
    count = 0
    for u in range(net.units.shape[0]):
        count += net.units[u] >= 0
    for e in range(net.offsets[net.offsets.shape[0] - 1]):
        count += net.states[e] != DEAD
    return count


class Pruning(NamedTuple):
    """How a network is pruned.

    attempts : steps of the fit after a deletion
    tries    : edges of the least saliency tried
    floor    : sum of squares that rounding leaves
    price    : nats that an edge or a unit must save
    heldout  : rows at the end of the sample that decide, fitted to the others; 0: all rows do both
    variance : sum of squared deviations of the target; rows are held out where a share NOISY of it is left
    penalty  : of the square roots of the weights' sizes, in shares of that sum; 0: none
    """

    attempts: int
    tries: int
    floor: float
    price: float
    heldout: int
    variance: float
    penalty: float


class _Trials(NamedTuple):
    """Edges that may go, the surgeon's step for each, all free edges, and the units before."""

    doomed: IntArray
    steps: FloatArray
    edges: IntArray
    units: Int32Array


@inlined
def description(loss: float, net: Net, n_rows: int, floor: float, price: float) -> float:
    """Nats of residuals and of the network: less is better; losses below the floor are as good as none."""
    return 0.5 * n_rows * np.log(max(loss, floor)) + price * complexity(net)


@kernel
def _described(
    table: IntArray, sample: Sample, fitted: Sample, r: Room, net: Net, q: Pruning, loss: float
) -> float:
    """Description of the network on the tape, by the rows that were not fitted where there are any.

    As if all rows were held out: the loss of a wrong deletion has to grow with the table as the price of a
    right one does not.
    """
    if fitted.n_rows < sample.n_rows and loss < np.inf:
        share = sample.n_rows / (sample.n_rows - fitted.n_rows)
        loss = share * heldout(table, r, fitted.n_rows, sample.n_rows)
    return description(loss, net, sample.n_rows, q.floor, q.price) if loss < np.inf else np.inf


@kernel
def _judged(table: IntArray, sample: Sample, fitted: Sample, r: Room, net: Net, q: Pruning) -> float:
    """Fit the network on the tape; its description."""
    loss = call_double(table[FIT], (table, fitted, r, net, q.attempts, 1e-2, ENOUGH * q.floor))
    return _described(table, sample, fitted, r, net, q, loss)


@kernel
def _keep(net: Net, r: Room) -> None:
    for e in range(net.weights.shape[0]):
        r.kept_weights[e] = net.weights[e]
        r.kept_states[e] = net.states[e]


@kernel
def _bring_back(net: Net, r: Room) -> None:
    for e in range(net.weights.shape[0]):
        net.weights[e] = r.kept_weights[e]
        net.states[e] = r.kept_states[e]


@kernel
def _rank(table: IntArray, fitted: Sample, r: Room, net: Net, t: _Trials) -> int:
    """Write the edges of the least saliency with the surgeon's steps; how many edges are free."""
    call_address(table[LINEARISE], (table, fitted, r))
    p = r.counts[INNER]
    m = invert(r)
    for i in range(m):
        e = edge_of(r, i, p)
        inverse = r.products[i, i]
        r.saliency[i] = net.weights[e] ** 2 / inverse if inverse > 0.0 else 0.0
        if i < p and r.held[i]:
            r.saliency[i] = np.inf  # it may be the most important of all
        t.edges[i] = e
    ranked = np.argsort(r.saliency[:m])
    for k in range(min(t.doomed.shape[0], m)):
        i = ranked[k]
        t.doomed[k] = t.edges[i]
        for j in range(m):
            inverse = r.products[i, i]
            share = _inverse(r, i, j) / inverse if inverse > 0.0 else 0.0
            t.steps[k, j] = -net.weights[t.edges[i]] * share
    return m


@kernel
def _delete_one(
    table: IntArray, sample: Sample, fitted: Sample, r: Room, net: Net, units: UnitTable, q: Pruning,
    t: _Trials, best: float,
) -> float:  # fmt: skip
    """Delete the first edge without which the description is shorter than `best`; the shorter or `best`.

    Each is tried with and without the surgeon's step, which near a singular Hessian leads astray.
    """
    n_features = sample.features.shape[1]
    m = _rank(table, fitted, r, net, t)
    _keep(net, r)
    t.units[:] = net.units
    for trial in range(2 * min(t.doomed.shape[0], m)):
        k = trial // 2
        if trial % 2 == 1:
            for j in range(m):
                net.weights[t.edges[j]] += t.steps[k, j]
        net.weights[t.doomed[k]] = 0.0
        net.states[t.doomed[k]] = DEAD
        call_address(table[PREPARE], (table, net, units, n_features, r))
        now = _judged(table, sample, fitted, r, net, q)
        if now < best:
            return now
        _bring_back(net, r)
        net.units[:] = t.units
    return best


@kernel
def _delete_many(
    table: IntArray, sample: Sample, fitted: Sample, r: Room, net: Net, units: UnitTable, q: Pruning,
    t: _Trials, best: float,
) -> float:  # fmt: skip
    """Delete what the penalty shrinks to nothing, if the description is then shorter than `best`."""
    call_address(table[LINEARISE], (table, fitted, r))
    _keep(net, r)
    t.units[:] = net.units
    if shrink(r, net, np.sqrt(q.variance), q.penalty) == 0:
        return best
    call_address(table[PREPARE], (table, net, units, sample.features.shape[1], r))
    now = _judged(table, sample, fitted, r, net, q)
    if now < best:
        return now
    _bring_back(net, r)
    net.units[:] = t.units
    return best


@kernel
def _refit(
    table: IntArray, rows: Sample, r: Room, net: Net, units: UnitTable, attempts: int, enough: float
) -> float:
    """Gauge and fit on the rows; the sum of squares."""
    n_features = rows.features.shape[1]
    gauge(net, units, n_features)
    call_address(table[PREPARE], (table, net, units, n_features, r))
    return call_double(table[FIT], (table, rows, r, net, attempts, 1e-3, enough))


@kernel
def prune(
    table: IntArray, sample: Sample, r: Room, net: Net, units: UnitTable, q: Pruning
) -> float:  # fmt: skip
    """Delete edges of a fitted network as long as that shortens the description; its sum of squares.

    A network that leaves less than noise would is judged by all rows, others by rows held out.
    """
    enough = ENOUGH * q.floor
    loss = _refit(table, sample, r, net, units, q.attempts, enough)
    if not loss < np.inf:
        return loss
    held = q.heldout if loss > NOISY * q.variance else 0
    fitted = Sample(sample.features, sample.target, sample.seed, sample.n_rows - held, sample.weighted)
    m = r.saliency.shape[0]
    t = _Trials(np.zeros(q.tries, np.int64), np.zeros((q.tries, m)), np.zeros(m, np.int64), net.units.copy())
    best = _judged(table, sample, fitted, r, net, q)
    moved, many = best < np.inf, q.penalty > 0.0 and q.variance > 0.0
    while moved:
        if many:
            now = _delete_many(table, sample, fitted, r, net, units, q, t, best)
        else:
            now = _delete_one(table, sample, fitted, r, net, units, q, t, best)
        fewer = now < best
        moved, many = fewer or many, False
        best = now
        loss = _refit(table, fitted, r, net, units, q.attempts if fewer else 0, enough)
        if not loss < np.inf:
            return loss
        if fewer:  # the deletions to come are measured against what the refit gained
            best = min(best, _described(table, sample, fitted, r, net, q, loss))
    if held > 0:
        loss = _refit(table, sample, r, net, units, q.attempts, enough)
    return loss
