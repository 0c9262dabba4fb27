"""What a run of the genetic programming holds: parameters, islands, scratch."""

from dataclasses import astuple
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from eqdisc._typing import AnyArray, FloatArray, Int32Array, IntArray
from eqdisc.proposers.gp.genome import Genome, genome
from eqdisc.proposers.gp.random import stream

if TYPE_CHECKING:
    from eqdisc.proposers.gp.settings import GeneticProgramming

#: Slots in an island's table of seen skeletons.
SEEN = 1 << 17


class Parameters(NamedTuple):
    """Numbers that steer an island (see `GeneticProgramming` for their meaning)."""

    crossover: float
    mutations: FloatArray
    contestants: int
    parsimony: float
    crowding: float
    stratification: float
    elite_parents: float
    attempts: int
    attempt_nodes: int
    tolerance: float
    final_attempts: int
    final_tolerance: float
    repeat: float
    screen_rows: int
    screen_margin: float
    largest: int
    scaling: bool


class Island(NamedTuple):
    """State of an island: the ring, the hall of fame by size, the skeletons seen, the random stream."""

    ops: Int32Array
    args: Int32Array
    values: FloatArray
    sizes: IntArray
    losses: FloatArray
    counts: IntArray
    fame_ops: Int32Array
    fame_args: Int32Array
    fame_values: FloatArray
    fame_losses: FloatArray
    fame_lines: FloatArray
    front: FloatArray
    seen: AnyArray
    seen_losses: FloatArray
    alive: AnyArray
    slots: IntArray
    counters: IntArray
    rng: AnyArray


class Scratch(NamedTuple):
    """Room for breeding one offspring."""

    mother: Genome
    father: Genome
    child: Genome
    tidied: Genome
    stack: IntArray
    hashes: AnyArray
    fitted: FloatArray
    statistics: FloatArray


def island_state(population: int, largest: int, seed: np.random.SeedSequence) -> Island:
    """An empty island whose trees have at most `largest` nodes; about 3 MB."""
    rows, width = population, largest + 1
    return Island(
        ops=np.zeros((rows, width), np.int32),
        args=np.zeros((rows, width), np.int32),
        values=np.zeros((rows, width)),
        sizes=np.zeros(rows, np.int64),
        losses=np.full(rows, np.inf),
        counts=np.zeros(width, np.int64),
        fame_ops=np.zeros((width, width), np.int32),
        fame_args=np.zeros((width, width), np.int32),
        fame_values=np.zeros((width, width)),
        fame_losses=np.full(width, np.inf),
        fame_lines=np.zeros((width, 2)),
        front=np.full(width, np.inf),
        seen=np.zeros(SEEN, np.uint64),
        seen_losses=np.zeros(SEEN),
        alive=np.zeros(SEEN, np.int32),
        slots=np.zeros(rows, np.int64),
        counters=np.zeros(4, np.int64),
        rng=stream(seed),
    )


def scratch(largest: int) -> Scratch:
    """Room for trees of at most `largest` nodes."""
    room = 4 * largest + 40
    return Scratch(
        mother=genome(room),
        father=genome(room),
        child=genome(room),
        tidied=genome(room),
        stack=np.zeros(room, np.int64),
        hashes=np.zeros(room, np.uint64),
        fitted=np.zeros(room),
        statistics=np.zeros(4),
    )


def parameters_of(settings: "GeneticProgramming", screened: int, largest: int, scaling: bool) -> Parameters:
    """The settings as the kernels want them."""
    return Parameters(
        crossover=settings.crossover,
        mutations=np.cumsum(astuple(settings.mutations)),
        contestants=settings.contestants,
        parsimony=settings.parsimony,
        crowding=settings.crowding,
        stratification=settings.stratification,
        elite_parents=settings.elite_parents,
        attempts=settings.attempts,
        attempt_nodes=settings.attempt_nodes,
        tolerance=settings.tolerance,
        final_attempts=settings.final_attempts,
        final_tolerance=settings.final_tolerance,
        repeat=settings.repeat,
        screen_rows=screened,
        screen_margin=settings.screen_margin,
        largest=largest,
        scaling=scaling,
    )
