"""Breeding where units are to be respected: parents as ever, children of the needed dimension."""

from eqdisc._typing import FloatArray, Int32Array, IntArray
from eqdisc.engine.compile import call_address, call_predicate, kernel
from eqdisc.engine.opcodes import CONSTANT, N_POW
from eqdisc.engine.random import below, uniform
from eqdisc.engine.workspace import Sample, Workspace, load
from eqdisc.proposers.gp.breeding import is_fit_to_try, parent, read
from eqdisc.proposers.gp.dimensions import Dimensions, dimensions_of, fits
from eqdisc.proposers.gp.genome import Genome, Primitives
from eqdisc.proposers.gp.island import BREEDING_COST, settle
from eqdisc.proposers.gp.required import put_in_required
from eqdisc.proposers.gp.state import (
    FILLED,
    JUDGE,
    TYPED_OFFSPRING,
    WORK,
    Island,
    Parameters,
    Scratch,
)
from eqdisc.proposers.gp.typed import typed_tree
from eqdisc.proposers.gp.typed_mutation import typed_crossover, typed_mutate


@kernel
def units_hold(g: Genome, d: Dimensions, s: Scratch) -> bool:
    """Whether the units of the tree fit and fit the target, and will whatever its constants are fitted to."""
    if not dimensions_of(g, d, d.found, s.stack) or not fits(d.found[g.size[0] - 1], d.target):
        return False
    if d.constant == 0.0:
        for i in range(2, g.size[0]):
            fitted = g.ops[i] == N_POW and g.ops[i - 1] == CONSTANT
            if fitted and not fits(d.found[i - 2], 0.0):
                return False
    return True


@kernel
def _bred(island: Island, p: Primitives, d: Dimensions, q: Parameters, s: Scratch) -> bool:
    """Breed a child whose units mostly fit into s.child; False where none came."""
    rng = island.rng
    if island.counters[FILLED] < island.ops.shape[0]:
        return typed_tree(s.child, p, d, rng, 1 + below(rng, min(q.largest, 15)), d.target)
    parent(s.mother, island, q)
    dimensions_of(s.mother, d, d.found, s.stack)
    if uniform(rng) < q.crossover:
        parent(s.father, island, q)
        if s.mother.size[0] + s.father.size[0] > s.child.ops.shape[0]:
            return False
        dimensions_of(s.father, d, d.others, s.stack)
        return typed_crossover(s.mother, s.father, s.child, rng, d)
    while True:
        if not typed_mutate(s.mother, s.child, p, d, rng, q.mutations, q.largest, s.stack):
            return False
        if s.child.size[0] > q.largest or uniform(rng) >= 0.3:  # now and then several at once
            return True
        if not dimensions_of(s.child, d, d.found, s.stack):
            return False
        read(s.mother, s.child.ops, s.child.args, s.child.values, s.child.size[0])
        s.child.size[0] = 0


@kernel
def typed_offspring(
    table: IntArray, island: Island, p: Primitives, d: Dimensions, q: Parameters, s: Scratch
) -> bool:
    """As `breeding.offspring`, for children whose units hold."""
    s.child.size[0] = 0
    s.tidied.size[0] = 0
    if not _bred(island, p, d, q, s) or s.child.size[0] > s.tidied.ops.shape[0]:
        return False
    put_in_required(s.child, q.required, island.rng)
    return is_fit_to_try(table, q, s) and units_hold(s.tidied, d, s)


@kernel
def typed_evolve(
    table: IntArray,
    sample: Sample,
    screen: Sample,
    w: Workspace,
    island: Island,
    p: Primitives,
    d: Dimensions,
    q: Parameters,
    s: Scratch,
    variances: FloatArray,
    budget: int,
) -> None:
    """As `island.evolve`, for trees whose units hold."""
    load(sample, 0, w.buffer)
    stop = island.counters[WORK] + budget
    while island.counters[WORK] < stop:
        island.counters[WORK] += BREEDING_COST
        if call_predicate(table[TYPED_OFFSPRING], (table, island, p, d, q, s)):
            call_address(table[JUDGE], (table, sample, screen, w, island, q, s, variances))


@kernel
def typed_immigrate(
    table: IntArray,
    sample: Sample,
    screen: Sample,
    w: Workspace,
    island: Island,
    d: Dimensions,
    q: Parameters,
    s: Scratch,
    variances: FloatArray,
    ops: Int32Array,
    args: Int32Array,
    values: FloatArray,
    size: int,
) -> None:
    """As `island.immigrate`, for trees whose units hold."""
    read(s.child, ops, args, values, size)
    s.tidied.size[0] = 0
    if is_fit_to_try(table, q, s) and units_hold(s.tidied, d, s):
        settle(table, sample, screen, w, island, q, s, variances)
