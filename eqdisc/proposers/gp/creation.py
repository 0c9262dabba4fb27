"""Random trees of a chosen size: it is drawn first, then spent on random operators (PTC2, Luke 2000)."""

import numpy as np

from eqdisc._typing import AnyArray, IntArray
from eqdisc.engine.compile import kernel
from eqdisc.engine.opcodes import ARITY, CONSTANT, VARIABLE
from eqdisc.engine.random import below, normal, pick, uniform
from eqdisc.proposers.gp.genome import FIRST_MACRO, Genome, Primitives, push

#: Share of constants among random leaves.
CONSTANT_LEAVES = 0.3
#: Shares of building blocks, where there are any, among the subtrees of random trees that have room for one,
#: and among what mutations put in.
BLOCKS, BLOCKS_PUT_IN = 0.1, 0.2


@kernel
def random_constant(rng: AnyArray) -> float:
    """A starting value for a constant: log-normal size about 1, either sign (three in four positive)."""
    size = np.exp(normal(rng))
    return size if uniform(rng) < 0.75 else -size


@kernel
def random_leaf(g: Genome, p: Primitives, rng: AnyArray) -> None:
    """Append a variable or a constant."""
    if uniform(rng) < CONSTANT_LEAVES:
        push(g, CONSTANT, 0, random_constant(rng))
    else:
        push(g, VARIABLE, pick(rng, p.features), 1.0)


@kernel
def random_block(g: Genome, p: Primitives, rng: AnyArray, room: int, share: float, prefix: bool) -> bool:
    """Append a building block in a share of the calls; False where none came, or one that has no room."""
    count = p.block_offsets.shape[0] - 1
    if count == 0 or uniform(rng) >= share:
        return False
    k = below(rng, count)
    first, last = p.block_offsets[k], p.block_offsets[k + 1]
    if last - first > room:
        return False
    for j in range(last - first):
        i = last - 1 - j if prefix else first + j
        push(g, p.block_ops[i], p.block_args[i], p.block_values[i])
    return True


@kernel
def random_operator(p: Primitives, rng: AnyArray, largest_arity: int) -> int:
    """A built-in operator of at most the given arity, by weight; -1 where none was drawn in ten attempts."""
    for _ in range(10):
        i = pick(rng, p.cumulative)
        if p.codes[i] < FIRST_MACRO and p.arities[i] <= largest_arity:
            return p.codes[i]
    return -1


@kernel
def random_tree(g: Genome, p: Primitives, rng: AnyArray, size: int, stack: IntArray) -> None:
    """Append a random tree of about `size` nodes (never more).

    The tree is laid down in prefix order, which reversed is a postfix order.
    """
    first = g.size[0]
    depth = 1
    stack[0] = size
    while depth > 0:
        depth -= 1
        room = stack[depth]
        if room > 1 and random_block(g, p, rng, room, BLOCKS, True):
            continue
        op = random_operator(p, rng, min(3, room - 1)) if room > 1 else -1
        if op < 0:
            random_leaf(g, p, rng)
            continue
        push(g, op, 0, 0.0)
        arity = ARITY[op]
        left = room - 1
        for j in range(arity - 1):
            share = 1 + below(rng, left - (arity - 1 - j))
            stack[depth] = share
            depth += 1
            left -= share
        stack[depth] = left
        depth += 1
    i, j = first, g.size[0] - 1
    while i < j:
        g.ops[i], g.ops[j] = g.ops[j], g.ops[i]
        g.args[i], g.args[j] = g.args[j], g.args[i]
        g.values[i], g.values[j] = g.values[j], g.values[i]
        i += 1
        j -= 1
