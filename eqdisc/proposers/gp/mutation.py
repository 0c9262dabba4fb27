"""Mutations: constant, point, insert, hoist, subtree, swap, and a fresh tree."""

import numpy as np

from eqdisc._typing import AnyArray, FloatArray, IntArray
from eqdisc.engine.compile import kernel
from eqdisc.engine.opcodes import ARITY, CONSTANT, VARIABLE
from eqdisc.engine.random import below, normal, pick, uniform
from eqdisc.proposers.gp.creation import (
    BLOCKS_PUT_IN,
    random_block,
    random_constant,
    random_leaf,
    random_tree,
)
from eqdisc.proposers.gp.genome import (
    FIRST_MACRO,
    LARGEST_BLOCK,
    Genome,
    Primitives,
    append,
    append_operator,
    subtree_start,
)

#: The mutations, in the order of `MutationWeights`.
CONSTANT_CHANGE, POINT, INSERT, HOIST, SUBTREE, SWAP, FRESH = range(7)


@kernel
def mutate(
    parent: Genome,
    child: Genome,
    p: Primitives,
    rng: AnyArray,
    weights: FloatArray,
    largest: int,
    stack: IntArray,
) -> None:
    """Write a mutant of `parent` to the empty genome `child`: one mutation, by the cumulative weights."""
    kind = pick(rng, weights)
    n = parent.size[0]
    i = below(rng, n)
    start = subtree_start(parent.ops, i)
    if kind == FRESH:
        random_tree(child, p, rng, 1 + below(rng, min(largest, 12)), stack)
    elif kind == CONSTANT_CHANGE:
        append(child, parent, 0, n)
        _change_constant(child, rng)
    elif kind == POINT:
        append(child, parent, 0, n)
        _change_node(child, p, rng, i)
    elif kind == INSERT:
        append(child, parent, 0, start)
        _insert(parent, child, p, rng, start, i, stack)
        if child.size[0] + n - i - 1 <= child.ops.shape[0]:  # a macro may have outgrown the room
            append(child, parent, i + 1, n)
        else:
            child.size[0] = child.ops.shape[0] + 1
    elif kind == HOIST:
        append(child, parent, 0, start)
        root = i
        if ARITY[parent.ops[i]] > 0:  # keep one operand of node i
            root = i - 1
            for _ in range(below(rng, ARITY[parent.ops[i]])):
                root = subtree_start(parent.ops, root) - 1
        append(child, parent, subtree_start(parent.ops, root), root + 1)
        append(child, parent, i + 1, n)
    elif kind == SUBTREE:
        append(child, parent, 0, start)
        room = largest - (n - (i + 1 - start))
        if not random_block(child, p, rng, room, BLOCKS_PUT_IN, False):
            random_tree(child, p, rng, 1 + below(rng, max(1, min(room, 7))), stack)
        append(child, parent, i + 1, n)
    else:
        append(child, parent, 0, start)
        if ARITY[parent.ops[i]] == 2:
            middle = subtree_start(parent.ops, i - 1)
            append(child, parent, middle, i)
            append(child, parent, start, middle)
            append(child, parent, i, i + 1)
        else:
            append(child, parent, start, i + 1)
        append(child, parent, i + 1, n)


@kernel
def _change_constant(g: Genome, rng: AnyArray) -> None:
    """Multiply a random constant by a log-normal factor, or change its sign, or draw it anew."""
    count = 0
    for i in range(g.size[0]):
        count += g.ops[i] == CONSTANT
    if count == 0:
        return
    chosen = below(rng, count)
    for i in range(g.size[0]):
        if g.ops[i] == CONSTANT:
            if chosen == 0:
                u = uniform(rng)
                if u < 0.6:
                    g.values[i] *= np.exp(normal(rng))
                elif u < 0.75:
                    g.values[i] = -g.values[i]
                else:
                    g.values[i] = random_constant(rng)
                return
            chosen -= 1


@kernel
def _change_node(g: Genome, p: Primitives, rng: AnyArray, i: int) -> None:
    """Another leaf for a leaf, another operator of the same arity for an operator."""
    arity = ARITY[g.ops[i]]
    if arity == 0:
        if uniform(rng) < 0.3:
            g.ops[i], g.values[i] = CONSTANT, random_constant(rng)
        else:
            g.ops[i], g.args[i], g.values[i] = VARIABLE, pick(rng, p.features), 1.0
        return
    for _ in range(10):
        k = pick(rng, p.cumulative)
        if p.arities[k] == arity and p.codes[k] != g.ops[i] and p.codes[k] < FIRST_MACRO:
            g.ops[i] = p.codes[k]
            return


@kernel
def _insert(
    parent: Genome, child: Genome, p: Primitives, rng: AnyArray, start: int, i: int, stack: IntArray
) -> None:
    """Put an operator or macro above the subtree start..i, which becomes one of its operands."""
    k = pick(rng, p.cumulative)
    place = below(rng, p.arities[k])
    starts = np.empty(max(3, p.arities[k]), np.int64)
    # What has to come besides takes at most three nodes an operand.
    room = child.ops.shape[0] - child.size[0] - (i + 1 - start) - 3 * p.arities[k]
    for j in range(p.arities[k]):
        starts[j] = child.size[0]
        if j == place:
            append(child, parent, start, i + 1)
        elif random_block(child, p, rng, min(room, LARGEST_BLOCK), BLOCKS_PUT_IN, False):
            room -= child.size[0] - starts[j]
        elif uniform(rng) < 0.8:
            random_leaf(child, p, rng)
        else:
            random_tree(child, p, rng, 3, stack)
    append_operator(child, p, p.codes[k], starts)
