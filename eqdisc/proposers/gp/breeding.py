"""Breeding one child: parents chosen, crossed or mutated, the child tidied and looked over."""

import numpy as np

from eqdisc._typing import FloatArray, Int32Array, IntArray
from eqdisc.engine.compile import call_address, call_predicate, inlined, kernel
from eqdisc.engine.opcodes import CONSTANT, N_MUL
from eqdisc.engine.random import below, uniform
from eqdisc.proposers.gp.creation import random_tree
from eqdisc.proposers.gp.crossover import crossover
from eqdisc.proposers.gp.genome import Genome, Primitives, push
from eqdisc.proposers.gp.nesting import nests_waves
from eqdisc.proposers.gp.required import has_required, put_in_required
from eqdisc.proposers.gp.selection import tournament
from eqdisc.proposers.gp.state import (
    FILLED,
    MUTATE,
    TIDY,
    Island,
    Parameters,
    Scratch,
)
from eqdisc.proposers.gp.tidy import strip


@kernel
def read(g: Genome, ops: Int32Array, args: Int32Array, values: FloatArray, size: int) -> None:
    """Copy a row of the population into a genome."""
    g.size[0] = size
    for i in range(size):
        g.ops[i], g.args[i], g.values[i] = ops[i], args[i], values[i]


@kernel
def parent(g: Genome, island: Island, q: Parameters) -> None:
    """Choose a parent: from the hall of fame now and then, by tournament otherwise."""
    if uniform(island.rng) < q.elite_parents:
        size = 1 + below(island.rng, q.largest)
        for _ in range(q.largest):
            if island.fame_losses[size] < np.inf:
                read(g, island.fame_ops[size], island.fame_args[size], island.fame_values[size], size)
                return
            size = 1 + size % q.largest
    i = tournament(
        island.losses,
        island.sizes,
        island.counters[FILLED],
        island.front,
        island.counts,
        q.parsimony,
        q.crowding,
        q.stratification,
        q.contestants,
        island.rng,
    )
    read(g, island.ops[i], island.args[i], island.values[i], island.sizes[i])


@inlined
def is_fit_to_try(table: IntArray, q: Parameters, s: Scratch) -> bool:
    """Tidy s.child into s.tidied; False where it is redundant, too large or not admitted."""
    g = s.tidied
    if not call_predicate(table[TIDY], (s.child, g, s.stack)):
        return False
    if (q.scaling or q.slope) and not strip(g, q.scaling and not q.magnitude, q.magnitude and not q.slope):
        return False
    if q.slope and not q.magnitude:
        push(g, CONSTANT, 0, 1.0)
        push(g, N_MUL, 0, 0.0)
    if g.size[0] > q.largest or not has_required(g, q.required):
        return False
    return q.nesting or not nests_waves(g, s.stack)


@kernel
def offspring(table: IntArray, island: Island, p: Primitives, q: Parameters, s: Scratch) -> bool:
    """Breed one tidied child into s.tidied; False where it is redundant, too large or not admitted."""
    s.child.size[0] = 0
    s.tidied.size[0] = 0
    if island.counters[FILLED] < island.ops.shape[0]:
        random_tree(s.child, p, island.rng, 1 + below(island.rng, min(q.largest, 15)), s.stack)
    else:
        parent(s.mother, island, q)
        if uniform(island.rng) < q.crossover:
            parent(s.father, island, q)
            if s.mother.size[0] + s.father.size[0] > s.child.ops.shape[0]:
                return False
            crossover(s.mother, s.father, s.child, island.rng)
        else:
            call_address(table[MUTATE], (s.mother, s.child, p, island.rng, q.mutations, q.largest, s.stack))
            while s.child.size[0] <= q.largest and uniform(island.rng) < 0.3:  # now and then several at once
                read(s.mother, s.child.ops, s.child.args, s.child.values, s.child.size[0])
                s.child.size[0] = 0
                call_address(
                    table[MUTATE], (s.mother, s.child, p, island.rng, q.mutations, q.largest, s.stack)
                )
    if s.child.size[0] > s.tidied.ops.shape[0]:
        return False
    put_in_required(s.child, q.required, island.rng)
    return is_fit_to_try(table, q, s)
