"""One island: a population bred, evaluated and fitted for whole epochs inside one compiled call.

The population is a ring in which a child takes the place of the oldest individual (regularised evolution,
Real et al. 2019): age alone removes, selection only chooses parents, so that no single success floods the
island. The best of every size is kept apart in the hall of fame and goes on breeding. A table of skeleton
hashes keeps structures from being fitted again and again.
"""

import numpy as np

from eqdisc._typing import FloatArray, Int32Array, IntArray
from eqdisc.engine.compile import call_address, call_double, call_predicate, inlined, kernel
from eqdisc.engine.levenberg_marquardt import ACCEPTED, ATTEMPTS, FREE, INSTRUCTIONS
from eqdisc.engine.opcodes import CONSTANT, FIT, N_ABS, N_LOG
from eqdisc.engine.random import below, uniform
from eqdisc.engine.workspace import Sample, Workspace, load
from eqdisc.proposers.gp.breeding import is_fit_to_try, read
from eqdisc.proposers.gp.genome import Genome, Primitives, push, skeleton_hash
from eqdisc.proposers.gp.state import (
    EVALUATIONS,
    FILLED,
    FIRST_FIT,
    HEAD,
    JUDGE,
    OFFSPRING,
    WORK,
    Island,
    Parameters,
    Scratch,
)

#: Work that an offspring costs before it is fitted, in node evaluations; and what a step of a fit costs
#: besides its own instructions and rows, so that islands of short trees and tables of few rows take as long
#: as others for an epoch.
BREEDING_COST = 3000
STEP_NODES = 8
STEP_ROWS = 150
#: Times its constants is how a tree that follows magnitudes starts again after an overflow.
SMALLER = 1.0 / 64.0


@inlined
def _copy(g: Genome, fitted: FloatArray, ops: Int32Array, args: Int32Array, values: FloatArray) -> None:
    for i in range(g.size[0]):
        ops[i], args[i], values[i] = g.ops[i], g.args[i], fitted[i]


@kernel
def _fit(
    table: IntArray,
    sample: Sample,
    w: Workspace,
    g: Genome,
    s: Scratch,
    attempts: int,
    tolerance: float,
    scaling: bool,
    magnitude: bool,
    counters: IntArray,
) -> float:
    """Fit the genome; its constants move to their fitted values. Sum of squared residuals on the sample."""
    size = g.size[0]
    if magnitude:
        push(g, N_ABS, 0, 0.0)
        push(g, N_LOG, 0, 0.0)
    given = (table, sample, w, g.ops, g.args, g.values, 0, g.size[0])
    settings = (False, scaling, attempts, tolerance)
    results = (s.fitted, s.statistics)
    loss = call_double(table[FIT], given + settings + results)
    g.size[0] = size
    cost = 1.0 + s.statistics[ATTEMPTS] + s.statistics[ACCEPTED] * (2.0 + 0.5 * s.statistics[FREE])
    counters[WORK] += np.int64((s.statistics[INSTRUCTIONS] + STEP_NODES) * (sample.n_rows + STEP_ROWS) * cost)
    if loss < np.inf:
        for i in range(g.size[0]):
            g.values[i] = s.fitted[i]
    return loss


@kernel
def first_fit(
    table: IntArray, sample: Sample, w: Workspace, island: Island, g: Genome, q: Parameters, s: Scratch
) -> float:
    """Fit an offspring: many steps for a short tree, few for a long one.

    With 4 steps none of ten typical skeletons came down to its law from random starts, with 12 steps 31 % of
    the starts did, with 20 steps 37 %, at three times the cost. A start outside the domain is tried again
    with all constants positive.
    """
    attempts = max(q.attempts // 6, min(q.attempts, q.attempt_nodes // g.size[0]))
    how = (attempts, q.tolerance, q.scaling, q.magnitude, island.counters)
    loss = _fit(table, sample, w, g, s, *how)
    if not loss < np.inf:
        negative = False
        for i in range(g.size[0]):
            if g.ops[i] == CONSTANT and g.values[i] < 0.0:
                g.values[i] = -g.values[i]
                negative = True
        if negative:
            loss = _fit(
                table, sample, w, g, s, attempts, q.tolerance, q.scaling, q.magnitude, island.counters
            )
    if q.magnitude and not loss < np.inf:  # exponentials of what spans decades overflow soon
        for i in range(g.size[0]):
            if g.ops[i] == CONSTANT:
                g.values[i] *= SMALLER
        loss = _fit(table, sample, w, g, s, *how)
    return loss


@kernel
def _insert(island: Island, g: Genome, loss: float, slot: int) -> None:
    """Let the genome take the place of the oldest individual, unless a shorter tree has its very loss."""
    for n in range(1, g.size[0]):
        if abs(loss - island.fame_losses[n]) <= 1e-9 * loss:
            return
    i = island.counters[HEAD]
    if island.counters[FILLED] == island.ops.shape[0]:
        island.counts[island.sizes[i]] -= 1
        island.alive[island.slots[i]] -= 1
    else:
        island.counters[FILLED] += 1
    island.counters[HEAD] = (i + 1) % island.ops.shape[0]
    _copy(g, g.values, island.ops[i], island.args[i], island.values[i])
    island.sizes[i] = g.size[0]
    island.losses[i] = loss
    island.counts[g.size[0]] += 1
    island.slots[i] = slot
    island.alive[slot] += 1


@kernel
def judge(
    table: IntArray,
    sample: Sample,
    screen: Sample,
    w: Workspace,
    island: Island,
    q: Parameters,
    s: Scratch,
    variances: FloatArray,
) -> None:
    """Fit the child in s.tidied, put it into the ring, and the best of its size into the hall of fame."""
    g = s.tidied
    size = g.size[0]
    constants = 0
    for i in range(size):
        constants += g.ops[i] == CONSTANT
    key = skeleton_hash(g, s.hashes)
    slot = int(key & np.uint64(island.seen.shape[0] - 1))
    if island.seen[slot] == key:
        if island.alive[slot] > 0:
            return
        if constants == 0:  # known, and not in the ring: it may come back at no cost
            if island.seen_losses[slot] < np.inf:
                _insert(island, g, island.seen_losses[slot], slot)
            return
        if uniform(island.rng) > q.repeat:
            return
    island.seen[slot] = key
    island.seen_losses[slot] = np.inf
    island.counters[EVALUATIONS] += 1
    best = island.fame_losses[size]
    full = island.counters[FILLED] == island.ops.shape[0]
    if full and q.screen_rows < sample.n_rows:
        # Early rejection: a child that does badly on some rows will not do well on all.
        limit = q.screen_margin * island.losses[below(island.rng, island.ops.shape[0])]
        loss = call_double(table[FIRST_FIT], (table, screen, w, island, g, q, s)) / variances[1]
        if not loss < limit:
            return
    loss = call_double(table[FIRST_FIT], (table, sample, w, island, g, q, s)) / variances[0]
    if not loss < np.inf:
        return
    slope, intercept = w.coefficients[0], w.coefficients[1]
    if loss < 10.0 * best and s.statistics[ACCEPTED] > 0.0:  # promising: to the optimum
        how = (q.final_attempts, q.final_tolerance, q.scaling, q.magnitude, island.counters)
        final = _fit(table, sample, w, g, s, *how)
        if final / variances[0] < loss:
            loss = final / variances[0]
            slope, intercept = w.coefficients[0], w.coefficients[1]
    if constants == 0:  # nobody asks for the others: with other constants they have other losses
        island.seen_losses[slot] = loss
    if loss < best * (1.0 - 1e-9):
        island.fame_losses[size] = loss
        for n in range(size, island.front.shape[0]):
            island.front[n] = min(island.front[n], loss)
        island.fame_lines[size, 0] = slope
        island.fame_lines[size, 1] = intercept
        _copy(g, g.values, island.fame_ops[size], island.fame_args[size], island.fame_values[size])
    _insert(island, g, loss, slot)


@kernel
def evolve(
    table: IntArray,
    sample: Sample,
    screen: Sample,
    w: Workspace,
    island: Island,
    p: Primitives,
    q: Parameters,
    s: Scratch,
    variances: FloatArray,
    budget: int,
) -> None:
    """Breed until `budget` more node evaluations are spent (the clock plays no part)."""
    load(sample, 0, w.buffer)
    stop = island.counters[WORK] + budget
    while island.counters[WORK] < stop:
        island.counters[WORK] += BREEDING_COST
        if call_predicate(table[OFFSPRING], (table, island, p, q, s)):
            call_address(table[JUDGE], (table, sample, screen, w, island, q, s, variances))


@kernel
def settle(
    table: IntArray,
    sample: Sample,
    screen: Sample,
    w: Workspace,
    island: Island,
    q: Parameters,
    s: Scratch,
    variances: FloatArray,
) -> None:
    """Fit the tree in s.tidied and put it into the ring, seen before or not."""
    load(sample, 0, w.buffer)
    key = skeleton_hash(s.tidied, s.hashes)
    island.seen[int(key & np.uint64(island.seen.shape[0] - 1))] = np.uint64(0)
    call_address(table[JUDGE], (table, sample, screen, w, island, q, s, variances))


@kernel
def immigrate(
    table: IntArray,
    sample: Sample,
    screen: Sample,
    w: Workspace,
    island: Island,
    q: Parameters,
    s: Scratch,
    variances: FloatArray,
    ops: Int32Array,
    args: Int32Array,
    values: FloatArray,
    size: int,
) -> None:
    """Let a tree that comes from elsewhere settle, if it is fit to."""
    read(s.child, ops, args, values, size)
    s.tidied.size[0] = 0
    if is_fit_to_try(table, q, s):
        settle(table, sample, screen, w, island, q, s, variances)
