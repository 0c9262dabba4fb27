"""Random wiring and weights of a structure.

Sparse structures are small directed acyclic graphs, one or two edges an argument; dense ones read every slot
that they may. Each finds what the other misses: sums of products of sums need dense arguments, a deep chain
of operators is hardly ever left over when a dense network is pruned.
"""

from typing import NamedTuple

import numpy as np

from eqdisc._typing import AnyArray, FloatArray, IntArray
from eqdisc.engine.compile import inlined, kernel
from eqdisc.engine.opcodes import T_POW
from eqdisc.engine.random import below, normal, pick, uniform
from eqdisc.proposers.dysymnet.kernels.nets import FREE, HELD, Net
from eqdisc.proposers.dysymnet.kernels.operators import UnitTable

#: Chances of a sparse argument: a second slot, an offset, a slot of the layer just before; of a start at one.
SECOND, OFFSET, RECENT, PLAIN = 0.35, 0.3, 0.5, 0.5
SPREAD = 0.7  # of the logarithm of a start weight
NEGATIVE = 0.35


class Wiring(NamedTuple):
    """What the wiring depends on.

    cumulative       : (k,) cumulative weights of the features, `relevant` of them above zero
    inputs           : most inputs of a structure
    weights, outputs : most inner weights of a dense structure, about; most edges of an output
    skip, bias       : whether earlier slots may be read, whether sums have offsets
    """

    cumulative: FloatArray
    relevant: int
    inputs: int
    weights: int
    outputs: int
    skip: bool
    bias: bool


@kernel
def choose_inputs(w: Wiring, rng: AnyArray, chosen: IntArray) -> int:
    """Features that a structure reads, all if they are few; how many."""
    count = min(w.inputs, w.relevant)
    if count == w.relevant:
        n = 0
        for j in range(w.cumulative.shape[0]):
            if w.cumulative[j] > (w.cumulative[j - 1] if j > 0 else 0.0):
                chosen[n] = j
                n += 1
        return n
    count = 1 + below(rng, count)
    n = 0
    for _ in range(20 * count):
        j = pick(rng, w.cumulative)
        known = False
        for i in range(n):
            known = known or chosen[i] == j
        if not known:
            chosen[n] = j
            n += 1
            if n == count:
                break
    return n


@kernel
def start_weight(rng: AnyArray, positive: bool) -> float:
    """Often one, else log-normal; seldom negative."""
    size = 1.0 if uniform(rng) < PLAIN else np.exp(SPREAD * normal(rng))
    return -size if uniform(rng) < (0.1 if positive else NEGATIVE) else size


@inlined
def add(net: Net, e: int, source: int, weight: float, state: int) -> int:
    if e < net.sources.shape[0]:
        net.sources[e] = source
        net.weights[e] = weight
        net.states[e] = state
        return e + 1
    return e


@inlined
def slot(i: int, chosen: IntArray, inputs: int, first_unit: int) -> int:
    """The i-th slot that may be read: the inputs, then the units."""
    return chosen[i] if i < inputs else first_unit + i - inputs


@kernel
def connect_sparsely(
    net: Net, e: int, unit: int, second: bool, reach: tuple[int, int, int], table: UnitTable,
    w: Wiring, rng: AnyArray, chosen: IntArray, inputs: int,
) -> int:  # fmt: skip
    """One or two edges into an argument; the next free edge. Slots reach[0] to reach[1] may be read, those
    from reach[2] on are recent."""
    ones = w.cumulative.shape[0]
    low, high, recent = reach
    k = net.units[unit]
    scale_free = table.degrees[k, 1 if second else 0] != 0.0
    exponent = table.operations[k] == T_POW and second
    if exponent and uniform(rng) < 0.7:
        return add(net, e, ones, np.round(6.0 * uniform(rng) - 2.0) / 2.0, FREE)
    count = 2 if uniform(rng) < SECOND and high - low > 1 else 1
    before = -1
    for t in range(count):
        i = low + below(rng, high - low)
        if recent < high and uniform(rng) < RECENT:
            i = recent + below(rng, high - recent)
        if i == before:
            continue
        before = i
        state = HELD if scale_free and t == 0 else FREE
        weight = start_weight(rng, table.positive[k])
        if state == HELD:
            weight = np.sign(weight) if table.positive[k] or count > 1 else 1.0
        e = add(net, e, slot(i, chosen, inputs, ones + 1), weight, state)
    if w.bias and table.offsets[k] and uniform(rng) < (0.5 * OFFSET if scale_free else OFFSET):
        weight = normal(rng)
        e = add(net, e, ones, abs(weight) if table.positive[k] else weight, FREE)
    return e


@kernel
def _connect_densely(
    net: Net, e: int, unit: int, reach: tuple[int, int, int], keep: float, table: UnitTable,
    w: Wiring, rng: AnyArray, chosen: IntArray, inputs: int,
) -> int:  # fmt: skip
    """Edges from every slot in reach, each kept with a probability; at least one."""
    ones = w.cumulative.shape[0]
    low, high, _ = reach
    k = net.units[unit]
    sure = low + below(rng, high - low)
    for i in range(low, high):
        if i == sure or uniform(rng) < keep:
            weight = normal(rng)
            weight = abs(weight) if table.positive[k] else weight
            e = add(net, e, slot(i, chosen, inputs, ones + 1), weight, FREE)
    if w.bias and table.offsets[k] and uniform(rng) < keep:
        e = add(net, e, ones, abs(normal(rng)) if table.positive[k] else normal(rng), FREE)
    return e


@inlined
def _reach(layer: int, inputs: int, first: int, previous: int, skip: bool) -> tuple[int, int, int]:
    """Slots that a layer may read; `first` is its first unit, `previous` that of the layer before."""
    high = inputs + first
    if layer == 0:
        return 0, inputs, inputs
    return (0 if skip else inputs + previous), high, inputs + previous


@kernel
def _connect_output(
    net: Net, e: int, low: int, high: int, w: Wiring, rng: AnyArray, chosen: IntArray, inputs: int
) -> int:  # fmt: skip
    """Edges from the last unit and the other slots, drawn alike where few rows do not bear all of them."""
    ones = w.cumulative.shape[0]
    stop = high + 1 if w.bias else high
    others, wanted = stop - low - 1, w.outputs - 1
    for i in range(low, stop):
        if i != high - 1:
            drawn = wanted >= others or others * uniform(rng) < wanted
            others -= 1
            if not drawn:
                continue
            wanted -= 1
        if i == high:
            e = add(net, e, ones, 0.0, FREE)
        else:
            e = add(net, e, slot(i, chosen, inputs, ones + 1), 1.0, FREE)
    return e


@kernel
def wire(
    net: Net, depth: int, widths: IntArray, units: IntArray, sparse: bool, table: UnitTable,
    w: Wiring, rng: AnyArray, chosen: IntArray,
) -> None:  # fmt: skip
    """Write a network of the structure: sources, start weights, states."""
    inputs = choose_inputs(w, rng, chosen)
    dense = 0.0
    first = previous = 0
    for layer in range(depth):
        low, high, _ = _reach(layer, inputs, first, previous, w.skip)
        for j in range(widths[layer]):
            net.units[first + j] = units[layer, j]
            dense += table.arities[units[layer, j]] * (high - low + 1)
        previous = first
        first += widths[layer]
    keep = min(1.0, w.weights / max(dense, 1.0))
    e = first = previous = 0
    for layer in range(depth):
        reach = _reach(layer, inputs, first, previous, w.skip)
        for u in range(first, first + widths[layer]):
            for j in range(2):
                net.offsets[2 * u + j] = e
                if j < table.arities[net.units[u]]:
                    if sparse:
                        e = connect_sparsely(net, e, u, j == 1, reach, table, w, rng, chosen, inputs)
                    else:
                        e = _connect_densely(net, e, u, reach, keep, table, w, rng, chosen, inputs)
        previous = first
        first += widths[layer]
    for a in range(2 * first, net.offsets.shape[0]):
        net.offsets[a] = e
    low, high, _ = _reach(depth, inputs, first, previous, w.skip)
    e = _connect_output(net, e, low, high, w, rng, chosen, inputs)
    net.offsets[net.offsets.shape[0] - 1] = e
