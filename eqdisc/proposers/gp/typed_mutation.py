"""Mutations and crossover that keep dimensions: what comes in has the dimension of what goes out.

Where that cannot be had by construction the child may be inconsistent and is refused later; a subtree whose
dimension may be any is replaced by any other.
"""

import numpy as np

from eqdisc._typing import AnyArray, FloatArray, IntArray
from eqdisc.engine.compile import kernel
from eqdisc.engine.opcodes import ARITY, CONSTANT
from eqdisc.engine.random import below, pick, uniform
from eqdisc.proposers.gp.dimensions import PRODUCT, QUOTIENT, RULES, SAME, WHERE, Dimensions, fits, joined
from eqdisc.proposers.gp.genome import (
    FIRST_MACRO,
    Genome,
    Primitives,
    append,
    append_operator,
    push,
    subtree_start,
)
from eqdisc.proposers.gp.mutation import FRESH, HOIST, INSERT, POINT, SUBTREE, mutate
from eqdisc.proposers.gp.typed import DRAWS, operands_of, typed_leaf, typed_tree

#: Share of the changes below a root that may have any dimension which look at none either.
LOOSE = 0.3


@kernel
def _needed(d: Dimensions, found: FloatArray, i: int, size: int, rng: AnyArray) -> float:
    """What must have the dimension that node i has, for the tree to keep to its units; NaN for any."""
    if i == size - 1 or (np.isnan(d.target) and uniform(rng) < LOOSE):
        return d.target
    return found[i]


@kernel
def typed_mutate(
    parent: Genome,
    child: Genome,
    p: Primitives,
    d: Dimensions,
    rng: AnyArray,
    weights: FloatArray,
    largest: int,
    stack: IntArray,
) -> bool:
    """Write a mutant of `parent`, whose dimensions are d.found, to the empty `child`; False where none
    came.
    """
    found = d.found
    kind = pick(rng, weights)
    n = parent.size[0]
    i = below(rng, n)
    start = subtree_start(parent.ops, i)
    need = _needed(d, found, i, n, rng)
    if kind == FRESH:
        return typed_tree(child, p, d, rng, 1 + below(rng, min(largest, 12)), d.target)
    if kind == POINT and ARITY[parent.ops[i]] == 0:
        append(child, parent, 0, start)
        if not typed_leaf(child, p, d, rng, need):
            return False
        append(child, parent, i + 1, n)
    elif kind == POINT:
        append(child, parent, 0, n)
        _change_operator(child, p, rng, i, found)
    elif kind == INSERT:
        append(child, parent, 0, start)
        if not _insert(parent, child, p, d, rng, start, i, need, found[i]):
            return False
        if child.size[0] + n - i - 1 > child.ops.shape[0]:  # a macro may have outgrown the room
            return False
        append(child, parent, i + 1, n)
    elif kind == HOIST:
        root = _operand_like(parent, i, need, found, rng)
        for _ in range(DRAWS):
            if root >= 0:
                break
            i = below(rng, n)
            root = _operand_like(parent, i, _needed(d, found, i, n, rng), found, rng)
        if root < 0:
            return False
        append(child, parent, 0, subtree_start(parent.ops, i))
        append(child, parent, subtree_start(parent.ops, root), root + 1)
        append(child, parent, i + 1, n)
    elif kind == SUBTREE:
        append(child, parent, 0, start)
        left = largest - (n - (i + 1 - start))
        if not typed_tree(child, p, d, rng, 1 + below(rng, max(1, min(left, 7))), need):
            return False
        append(child, parent, i + 1, n)
    else:  # a constant changed, operands swapped: dimensions have no part in these
        only = np.zeros(weights.shape[0])
        only[kind:] = 1.0
        mutate(parent, child, p, rng, only, largest, stack)
    return True


@kernel
def _change_operator(g: Genome, p: Primitives, rng: AnyArray, i: int, found: FloatArray) -> None:
    """Another operator of the same arity that makes the same dimension of its operands."""
    arity = ARITY[g.ops[i]]
    operands = np.empty(3)
    end = i - 1
    for j in range(arity - 1, -1, -1):
        operands[j] = found[end]
        end = subtree_start(g.ops, end) - 1
    exponent = g.values[i - 1] if g.ops[i - 1] == CONSTANT else np.nan
    for _ in range(2 * DRAWS):
        k = pick(rng, p.cumulative)
        op = p.codes[k]
        if p.arities[k] == arity and op != g.ops[i] and op < FIRST_MACRO:
            good, made = joined(op, operands[0], operands[1], operands[2], exponent)
            if good and fits(made, found[i]):
                g.ops[i] = op
                return


@kernel
def _insert(
    parent: Genome,
    child: Genome,
    p: Primitives,
    d: Dimensions,
    rng: AnyArray,
    start: int,
    i: int,
    need: float,
    present: float,
) -> bool:
    """Put an operator or macro above the subtree start..i, which becomes one of its operands."""
    needs, starts = np.empty(3), np.empty(64, np.int64)
    for _ in range(2 * DRAWS):
        k = pick(rng, p.cumulative)
        op, arity = p.codes[k], p.arities[k]
        place = below(rng, arity)
        if op >= FIRST_MACRO:
            if arity > starts.shape[0]:
                return False
            for j in range(arity):
                starts[j] = child.size[0]
                if j == place:
                    append(child, parent, start, i + 1)
                elif not typed_leaf(child, p, d, rng, present):
                    return False
            append_operator(child, p, op, starts)
            return True
        rule = RULES[op]
        if rule == PRODUCT:
            needs[:] = need - present
        elif rule == QUOTIENT:
            needs[:] = need + present if place == 1 else present - need
        else:
            alike = np.isnan(need) and (rule == SAME or rule == WHERE)
            possible = operands_of(op, present if alike else need, d, rng, needs)
            if not possible or not fits(needs[place], present):
                continue
        for j in range(arity):
            if j == place:
                append(child, parent, start, i + 1)
            elif not typed_tree(child, p, d, rng, 1 if uniform(rng) < 0.8 else 3, needs[j]):
                return False
        push(child, op, 0, 0.0)
        return True
    return False


@kernel
def _operand_like(g: Genome, i: int, need: float, found: FloatArray, rng: AnyArray) -> int:
    """Root of an operand of node i that has the needed dimension; -1 where none has."""
    chosen, seen = -1, 0
    root = i - 1
    for _ in range(ARITY[g.ops[i]]):
        if fits(found[root], need):
            seen += 1
            if below(rng, seen) == 0:
                chosen = root
        root = subtree_start(g.ops, root) - 1
    return chosen


@kernel
def typed_crossover(mother: Genome, father: Genome, child: Genome, rng: AnyArray, d: Dimensions) -> bool:
    """Write to `child` the mother with a subtree replaced by one of the father's that has its dimension.

    d.found and d.others are the dimensions of the nodes of both. False where no such pair was found.
    """
    for _ in range(DRAWS):
        i = below(rng, mother.size[0])
        need = _needed(d, d.found, i, mother.size[0], rng)
        donor, seen = -1, 0
        for j in range(father.size[0]):
            if fits(d.others[j], need):
                seen += 1
                if below(rng, seen) == 0:
                    donor = j
        if donor >= 0:
            append(child, mother, 0, subtree_start(mother.ops, i))
            append(child, father, subtree_start(father.ops, donor), donor + 1)
            append(child, mother, i + 1, mother.size[0])
            return True
    return False
