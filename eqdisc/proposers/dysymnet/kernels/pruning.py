"""Pruning of fitted networks: gauge, then the optimal brain surgeon with a refit after every deletion.

A scale that can be pushed through a unit (square, product, quotient, root) makes the Hessian singular and
saliencies meaningless; the largest weight of such an argument is therefore fixed to one and the scale handed
downstream. Then the edge with the least w**2 / inverse(H)[w, w] (Hassibi & Stork 1993) is deleted, the others
move by the surgeon's step, the network is fitted again, and the deletion stands if the description length
falls.
"""

import numpy as np

from eqdisc._typing import IntArray
from eqdisc.engine.compile import call_address, call_double, inlined, kernel
from eqdisc.engine.opcodes import T_LOG, T_SQRT
from eqdisc.engine.workspace import Sample
from eqdisc.proposers.dysymnet.kernels.fitting import FIT, LINEARISE, PROJECT
from eqdisc.proposers.dysymnet.kernels.lowering import bury, lower, plan
from eqdisc.proposers.dysymnet.kernels.nets import DEAD, FREE, HELD, Net
from eqdisc.proposers.dysymnet.kernels.operators import UnitTable
from eqdisc.proposers.dysymnet.kernels.room import INNER, OUTER, Room

PREPARE, PRUNE, WIRE = range(PROJECT + 3, PROJECT + 6)
#: Added to the unit diagonal of the Hessian: what redundancy is left does not stop the surgeon.
RIDGE = 1e-8
#: Times the floor: a loss below is as good as none.
ENOUGH = 1e-3


@inlined
def _outranks(net: Net, e: int, largest: int, ones: int) -> bool:
    if (net.sources[e] == ones) != (net.sources[largest] == ones):
        return net.sources[e] != ones
    return abs(net.weights[e]) > abs(net.weights[largest])


@inlined
def _offset_of_reader(net: Net, e: int, ones: int) -> int:
    """The offset of the argument that an edge belongs to, -1 for none."""
    a = 0
    while net.offsets[a + 1] <= e:
        a += 1
    for other in range(net.offsets[a], net.offsets[a + 1]):
        if net.sources[other] == ones and net.states[other] == FREE:
            return other
    return -1


@kernel
def _gauge_logarithm(net: Net, u: int, n_features: int) -> None:
    """Fix the largest weight under a logarithm to one, if all readers have an offset for the shift."""
    first, last = net.offsets[2 * u], net.offsets[2 * u + 1]
    largest = -1
    for e in range(first, last):
        if net.states[e] != DEAD and net.sources[e] != n_features:
            net.states[e] = FREE
            if largest < 0 or abs(net.weights[e]) > abs(net.weights[largest]):
                largest = e
    if largest < 0 or not abs(net.weights[largest]) > 0.0:
        return
    slot = n_features + 1 + u
    for e in range(last, net.offsets[net.offsets.shape[0] - 1]):
        if net.states[e] != DEAD and net.sources[e] == slot and _offset_of_reader(net, e, n_features) < 0:
            return
    scale = abs(net.weights[largest])
    for e in range(first, last):
        net.weights[e] /= scale
    net.states[largest] = HELD
    for e in range(last, net.offsets[net.offsets.shape[0] - 1]):
        if net.states[e] != DEAD and net.sources[e] == slot:
            net.weights[_offset_of_reader(net, e, n_features)] += net.weights[e] * np.log(scale)


@kernel
def gauge(net: Net, table: UnitTable, n_features: int) -> None:
    """Fix the largest weight of every scale-free argument to one and hand the scale downstream.

    An offset is fixed only where there is nothing else: one that is fixed cannot be pruned.
    """
    ones = n_features
    n_units = net.units.shape[0]
    for u in range(n_units):
        if net.units[u] < 0:
            continue
        unit = net.units[u]
        passed = 1.0
        for j in range(table.arities[unit]):
            degree = table.degrees[unit, j]
            if degree == 0.0:
                continue
            largest = -1
            for e in range(net.offsets[2 * u + j], net.offsets[2 * u + j + 1]):
                if net.states[e] != DEAD:
                    net.states[e] = FREE
                    if largest < 0 or _outranks(net, e, largest, ones):
                        largest = e
            if largest < 0 or not abs(net.weights[largest]) > 0.0:
                continue
            scale = net.weights[largest]
            if table.operations[unit] == T_SQRT:
                scale = abs(scale)
            for e in range(net.offsets[2 * u + j], net.offsets[2 * u + j + 1]):
                net.weights[e] /= scale
            net.states[largest] = HELD
            power = np.abs(scale) ** degree
            odd = degree == 1.0 or degree == -1.0 or degree == 3.0 or (0.3 < degree < 0.4)
            passed *= -power if odd and scale < 0.0 else power
        if table.operations[unit] == T_LOG:
            _gauge_logarithm(net, u, n_features)
        if passed != 1.0:
            for e in range(net.offsets[2 * u + 2], net.sources.shape[0]):
                if net.states[e] != DEAD and net.sources[e] == n_features + 1 + u:
                    net.weights[e] *= passed


@kernel
def prepare(table: IntArray, net: Net, units: UnitTable, n_features: int, r: Room) -> None:
    """Bury the dead, write the tape, plan the sweep."""
    bury(net, n_features, r.readers)
    lower(net, units, n_features, r)
    plan(table, n_features, r)


@inlined
def _edge(r: Room, i: int, p: int) -> int:
    return r.inner_edges[i] if i < p else r.outer_edges[i - p]


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


@inlined
def description(loss: float, net: Net, n_rows: int, floor: float, price: float) -> float:
    """Nats of residuals and of the network: less is better; losses below the floor are as good as none."""
    return 0.5 * n_rows * np.log(max(loss, floor)) + price * complexity(net)


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
def prune(
    table: IntArray,
    sample: Sample,
    r: Room,
    net: Net,
    units: UnitTable,
    attempts: int,
    tries: int,
    floor: float,
    price: float,
) -> float:
    """Delete edges of a fitted network as long as that shortens the description; its sum of squares."""
    n_features = sample.features.shape[1]
    kept_units = net.units.copy()
    doomed = np.zeros(tries, np.int64)
    steps = np.zeros((tries, r.saliency.shape[0]))
    edges = np.zeros(r.saliency.shape[0], np.int64)
    enough = ENOUGH * floor
    gauge(net, units, n_features)
    call_address(table[PREPARE], (table, net, units, n_features, r))
    loss = call_double(table[FIT], (table, sample, r, net, attempts, 1e-3, enough))
    if not loss < np.inf:
        return loss
    best = description(loss, net, sample.n_rows, floor, price)
    moved = True
    while moved:
        moved = False
        call_address(table[LINEARISE], (table, sample, r))
        m = r.counts[INNER] + r.counts[OUTER]
        p = r.counts[INNER]
        invert(r)
        for i in range(m):
            e = _edge(r, i, p)
            inverse = r.products[i, i]
            r.saliency[i] = net.weights[e] ** 2 / inverse if inverse > 0.0 else 0.0
            edges[i] = e
        ranked = np.argsort(r.saliency[:m])
        count = min(tries, m)
        for t in range(count):
            i = ranked[t]
            doomed[t] = edges[i]
            for j in range(m):
                steps[t, j] = -net.weights[edges[i]] / r.products[i, i] * _inverse(r, i, j)
        _keep(net, r)
        kept_units[:] = net.units
        for trial in range(2 * count):
            t = trial // 2
            if trial % 2 == 1:
                for j in range(m):
                    net.weights[edges[j]] += steps[t, j]
            net.weights[doomed[t]] = 0.0
            net.states[doomed[t]] = DEAD
            call_address(table[PREPARE], (table, net, units, n_features, r))
            found = call_double(table[FIT], (table, sample, r, net, attempts, 1e-2, enough))
            now = description(found, net, sample.n_rows, floor, price) if found < np.inf else np.inf
            if now < best:
                best = now
                moved = True
                break
            _bring_back(net, r)
            net.units[:] = kept_units
        gauge(net, units, n_features)
        call_address(table[PREPARE], (table, net, units, n_features, r))
        loss = call_double(table[FIT], (table, sample, r, net, attempts if moved else 0, 1e-3, enough))
        if not loss < np.inf:
            return loss
    return loss
