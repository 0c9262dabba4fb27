"""The gauge: scales that can be pushed through a unit are fixed."""

import numpy as np

from eqdisc.engine.compile import inlined, kernel
from eqdisc.engine.opcodes import T_ABS, T_LOG, T_SQRT
from eqdisc.proposers.dysymnet.kernels.nets import DEAD, FREE, HELD, Net
from eqdisc.proposers.dysymnet.kernels.operators import UnitTable


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
            # Not odd: a sign stays inside, sqrt(-u) and abs(-u) are not -sqrt(u) and -abs(u).
            if table.operations[unit] == T_SQRT or table.operations[unit] == T_ABS:
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
