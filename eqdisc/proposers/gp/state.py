"""What a run of the genetic programming holds: parameters, islands, scratch."""

from collections.abc import Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from eqdisc._typing import AnyArray, BoolArray, FloatArray, Int32Array, IntArray
from eqdisc.engine.opcodes import TABLE_SIZE
from eqdisc.engine.random import stream
from eqdisc.proposers.gp.genome import Genome, genome
from eqdisc.search.proposer import State

if TYPE_CHECKING:
    from eqdisc.proposers.gp.settings import GeneticProgramming

#: Slots in an island's table of seen skeletons.
SEEN = 1 << 17
#: Positions in the table of addresses (`native`): the engine's kernels come first. The last is there only
#: where units are to be respected.
MUTATE, TIDY, OFFSPRING, FIRST_FIT, JUDGE, TYPED_OFFSPRING = range(TABLE_SIZE, TABLE_SIZE + 6)
#: Counters of an island: evaluations, node evaluations, ring position, individuals.
EVALUATIONS, WORK, HEAD, FILLED = range(4)


class Parameters(NamedTuple):
    """Numbers that steer an island (see `GeneticProgramming` for their meaning).

    scaling   : slope and intercept of a tree are fitted besides
    magnitude : a tree f stands for log(abs(f)), so that its slope is a power and its intercept a factor
    slope     : every tree is multiplied by a constant of its own, and has no intercept
    """

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
    magnitude: bool
    slope: bool
    required: IntArray
    nesting: bool


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


#: How `record_of` keeps an island: these fields whole, of these only the nodes in use.
_WHOLE = (
    "sizes", "losses", "counts", "fame_ops", "fame_args", "fame_values", "fame_losses", "fame_lines", "front",
    "slots", "counters", "rng",
)  # fmt: skip
_NODES = ("ops", "args", "values")


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


def record_of(islands: Sequence[Island]) -> State:
    """All that the islands hold, as copies, each field one array for all of them: 1 MB, after a while 5.

    Of the ring only nodes in use are kept, of the table of skeletons only what is in it: a key tells its
    slot, few have a loss, and which are alive follows from the ring.
    """
    record: State = {name: np.stack([getattr(island, name) for island in islands]) for name in _WHOLE}
    used = _used(record["sizes"], islands[0].ops.shape[1])
    for name in _NODES:
        record[name] = np.stack([getattr(island, name) for island in islands])[used]
    slots = [np.flatnonzero(island.seen) for island in islands]
    losses = np.concatenate([island.seen_losses[i] for island, i in zip(islands, slots, strict=True)])
    record["seen_counts"] = np.array([i.size for i in slots])
    record["seen"] = np.concatenate([island.seen[i] for island, i in zip(islands, slots, strict=True)])
    record["known"] = np.flatnonzero(losses < np.inf).astype(np.int32)
    record["known_losses"] = losses[record["known"]]
    return record


def restore_islands(islands: Sequence[Island], record: State) -> None:
    """Bring the islands into the state that `record_of` kept."""
    used = _used(record["sizes"], islands[0].ops.shape[1])
    whole = {name: record[name] for name in _WHOLE}
    for name in _NODES:
        whole[name] = np.zeros(used.shape, record[name].dtype)
        whole[name][used] = record[name]
    losses = np.full(record["seen"].size, np.inf)
    losses[record["known"]] = record["known_losses"]
    stops = np.cumsum(record["seen_counts"])
    for k, (island, stop) in enumerate(zip(islands, stops, strict=True)):
        for name, kept in whole.items():
            getattr(island, name)[...] = kept[k]
        here = slice(stop - record["seen_counts"][k], stop)
        keys = record["seen"][here]
        slots = (keys & np.uint64(SEEN - 1)).astype(np.int64)
        island.seen[...] = 0
        island.seen[slots] = keys
        island.seen_losses[slots] = losses[here]
        in_ring = island.sizes > 0
        island.alive[...] = np.bincount(island.slots[in_ring], minlength=SEEN)


def _used(sizes: IntArray, width: int) -> BoolArray:
    """(islands, rows, width): which nodes of the ring belong to a tree."""
    used: BoolArray = np.arange(width) < sizes[:, :, np.newaxis]
    return used


def parameters_of(
    settings: "GeneticProgramming",
    screened: int,
    largest: int,
    scaling: bool,
    required: Sequence[int] = (),
) -> Parameters:
    """The settings as the kernels want them; `required` are the variables that every tree has to read."""
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
        magnitude=False,
        slope=False,
        required=np.array(required, np.int64),
        nesting=settings.nesting,
    )
