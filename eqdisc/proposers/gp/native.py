"""Addresses of the breeding kernels, behind those of the engine in one table.

Calling the big ones by address keeps Numba from compiling each of them again inside its callers
(36 s of compilation became 33, engine included).
"""

from functools import lru_cache

import numpy as np
from numba import typeof
from numba.core import types

from eqdisc._typing import IntArray
from eqdisc.engine import native as engine
from eqdisc.engine.compile import native_address
from eqdisc.engine.workspace import Sample, workspace
from eqdisc.expr.operators import OperatorSet
from eqdisc.proposers.gp import island, mutation, tidy
from eqdisc.proposers.gp.genome import primitives
from eqdisc.proposers.gp.settings import GeneticProgramming
from eqdisc.proposers.gp.state import island_state, parameters_of, scratch


@lru_cache
def addresses() -> IntArray:
    """Table of addresses of all kernels, engine and breeding."""
    room = scratch(1)
    genome, stack, scratch_type = typeof(room.child), typeof(room.stack), typeof(room)
    state = island_state(1, 1, np.random.SeedSequence(0))
    island_type, stream = typeof(state), typeof(state.rng)
    primitives_type = typeof(primitives(OperatorSet.of("add"), 1))
    values = typeof(np.zeros(1))
    parameters = typeof(parameters_of(GeneticProgramming(), 1, 1, True))
    table = typeof(np.zeros(1, np.int64))
    sample = typeof(Sample(np.zeros((1, 1, 1)), np.zeros((1, 1)), np.zeros((1, 1)), 1, True))
    space = typeof(workspace(1, 64, 1))
    integer = types.int64
    added = [
        native_address(mutation.mutate, (genome, genome, primitives_type, stream, values, integer, stack)),
        native_address(tidy.tidy, (genome, genome, stack)),
        native_address(island.offspring, (table, island_type, primitives_type, parameters, scratch_type)),
        native_address(
            island.first_fit, (table, sample, space, island_type, genome, parameters, scratch_type)
        ),
        native_address(
            island.judge, (table, sample, sample, space, island_type, parameters, scratch_type, values)
        ),
    ]
    return np.concatenate([engine.addresses(), np.array(added, np.int64)])
