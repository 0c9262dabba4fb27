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
from eqdisc.proposers.gp import breeding, island, mutation, tidy, typed_breeding
from eqdisc.proposers.gp.genome import primitives
from eqdisc.proposers.gp.monomials import dimensions
from eqdisc.proposers.gp.settings import GeneticProgramming
from eqdisc.proposers.gp.state import island_state, parameters_of, scratch


@lru_cache
def addresses(units: bool = False) -> IntArray:
    """Table of addresses of all kernels, engine and breeding; those for units only where asked for."""
    room, operators = scratch(1), OperatorSet.of("add")
    genome, stack, scratch_type = typeof(room.child), typeof(room.stack), typeof(room)
    state = island_state(1, 1, np.random.SeedSequence(0))
    island_type, stream = typeof(state), typeof(state.rng)
    primitives_type = typeof(primitives(operators, 1))
    rules = typeof(dimensions(None, operators, 1, False))
    values = typeof(np.zeros(1))
    parameters = typeof(parameters_of(GeneticProgramming(), 1, 1, True))
    table = typeof(np.zeros(1, np.int64))
    sample = typeof(Sample(np.zeros((1, 1, 1)), np.zeros((1, 1)), np.zeros((1, 1)), 1, True))
    space = typeof(workspace(1, 64, 1))
    integer = types.int64
    breeds = (table, island_type, primitives_type, parameters, scratch_type)
    typed = (table, island_type, primitives_type, rules, parameters, scratch_type)
    fits = (table, sample, space, island_type, genome, parameters, scratch_type)
    judges = (table, sample, sample, space, island_type, parameters, scratch_type, values)
    added = [
        native_address(mutation.mutate, (genome, genome, primitives_type, stream, values, integer, stack)),
        native_address(tidy.tidy, (genome, genome, stack)),
        native_address(breeding.offspring, breeds),
        native_address(island.first_fit, fits),
        native_address(island.judge, judges),
        native_address(typed_breeding.typed_offspring, typed) if units else 0,
    ]
    return np.concatenate([engine.addresses(), np.array(added, np.int64)])
