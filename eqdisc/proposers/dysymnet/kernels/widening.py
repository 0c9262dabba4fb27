"""A tree embedded in a wider network: small edges and further units beside it, for the fit to choose from.

To a fit this is a mutation that follows the gradient: of all that could be added at once it keeps what lowers
the loss, and pruning deletes the rest.
"""

from typing import NamedTuple

from eqdisc._typing import AnyArray, IntArray
from eqdisc.engine.compile import inlined, kernel
from eqdisc.engine.opcodes import T_POW
from eqdisc.engine.random import uniform
from eqdisc.proposers.dysymnet.kernels.nets import FREE, Net, Nets
from eqdisc.proposers.dysymnet.kernels.operators import UnitTable
from eqdisc.proposers.dysymnet.kernels.wiring import Wiring, add, choose_inputs, connect_sparsely, slot

#: Weight of an edge that is added.
SMALL = 1e-2


class Embedding(NamedTuple):
    """Which trees become which networks.

    bases  : the trees as networks
    which  : (b,) the tree of each network
    extra  : (b, e) operators of units added, -1 for none, those first
    before : (b,) how many of them come before the tree, which may read them; the others read it
    chance : of each further edge into an argument of the tree
    seeds  : (b,) states of the random streams
    """

    bases: Nets
    which: IntArray
    extra: IntArray
    before: IntArray
    chance: float
    seeds: AnyArray


@inlined
def _reads(net: Net, first: int, last: int, source: int) -> bool:
    found = False
    for e in range(first, last):
        found = found or net.sources[e] == source
    return found


@kernel
def _copied(net: Net, e: int, base: Net, argument: int, before: int, ones: int) -> int:
    """The edges of an argument of the tree, its units shifted; the next free edge."""
    for k in range(base.offsets[argument], base.offsets[argument + 1]):
        source = base.sources[k] + (before if base.sources[k] > ones else 0)
        e = add(net, e, source, base.weights[k], base.states[k])
    return e


@kernel
def _small_edges(
    net: Net, e: int, first: int, slots: int, most: int, chance: float, offset: bool, w: Wiring,
    rng: AnyArray, chosen: IntArray, inputs: int,
) -> int:  # fmt: skip
    """Some edges more into the argument that begins at edge `first`, up to `most` in all; the next free."""
    ones = w.cumulative.shape[0]
    for i in range(slots + 1):
        source = ones if i == slots else slot(i, chosen, inputs, ones + 1)
        wanted = uniform(rng) < chance and (i < slots or offset)
        if wanted and e < most and not _reads(net, first, e, source):
            e = add(net, e, source, SMALL if uniform(rng) < 0.5 else -SMALL, FREE)
    return e


@kernel
def widen(
    net: Net, base: Net, extra: IntArray, before: int, outer: int, chance: float, table: UnitTable,
    w: Wiring, rng: AnyArray, chosen: IntArray,
) -> None:  # fmt: skip
    """Write the network of a tree and the units added, whose output reads at most `outer` slots."""
    ones = w.cumulative.shape[0]
    inputs = choose_inputs(w, rng, chosen)
    added = tree = e = 0
    for k in range(extra.shape[0]):
        added += extra[k] >= 0
    for u in range(base.units.shape[0]):
        tree += base.units[u] >= 0
    roomy = net.sources.shape[0] - outer
    for u in range(tree + added):
        old = u - before if before <= u < before + tree else -1
        net.units[u] = base.units[old] if old >= 0 else extra[u if u < before else u - tree]
        k = net.units[u]
        for j in range(2):
            first = net.offsets[2 * u + j] = e
            if j >= table.arities[k]:
                continue
            if old < 0:
                slots = inputs + u
                reach = (0, slots, slots)
                e = connect_sparsely(net, e, u, j == 1, reach, table, w, rng, chosen, inputs)
            else:
                e = _copied(net, e, base, 2 * old + j, before, ones)
                if not (table.operations[k] == T_POW and j == 1):
                    offset = w.bias and table.offsets[k]
                    given = (chance, offset, w, rng, chosen, inputs)
                    e = _small_edges(net, e, first, inputs + u, roomy, *given)
    units = tree + added
    for a in range(2 * units, net.offsets.shape[0] - 1):
        net.offsets[a] = e
    first = e
    e = _copied(net, e, base, base.offsets.shape[0] - 2, before, ones)
    for k in range(added if chance > 0.0 else 0):
        e = add(net, e, ones + 1 + (k if k < before else k + tree), SMALL, FREE)
    if w.bias and chance > 0.0 and not _reads(net, first, e, ones):
        e = add(net, e, ones, 0.0, FREE)
    e = _small_edges(net, e, first, inputs + units, first + outer, chance, False, w, rng, chosen, inputs)
    net.offsets[net.offsets.shape[0] - 1] = e
