"""Addresses of the kernels of networks, behind those of the engine in one table."""

from functools import lru_cache

import numpy as np
from numba import typeof
from numba.core import types

from eqdisc._typing import IntArray
from eqdisc.engine import native as engine
from eqdisc.engine.compile import native_address
from eqdisc.engine.workspace import Sample
from eqdisc.proposers.dysymnet.kernels import fitting, pruning, widening, wiring
from eqdisc.proposers.dysymnet.kernels.nets import empty_nets
from eqdisc.proposers.dysymnet.kernels.operators import unit_table
from eqdisc.proposers.dysymnet.kernels.room import room


@lru_cache
def addresses() -> IntArray:
    """Table of addresses of all kernels; the order is that of the numbers in `fitting` and `pruning`."""
    table = typeof(np.zeros(1, np.int64))
    sample = typeof(Sample(np.zeros((1, 1, 1)), np.zeros((1, 1)), np.zeros((1, 1)), 1, True))
    space = typeof(room(1, 64, 1, 1, 1))
    net = typeof(empty_nets(1, 1, 1).one(0))
    units = typeof(unit_table(("sin",)))
    rules = typeof(wiring.Wiring(np.zeros(1), 1, 1, 1, 1, True, True))
    stream = typeof(np.zeros(1, np.uint64))
    how = typeof(pruning.Pruning(1, 1, 0.0, 0.0, 0, 0.0, 0.0))
    operators = typeof(np.zeros(1, np.int64))
    matrix = types.Array(types.int64, 2, "C")
    whole, real, truth = types.int64, types.float64, types.boolean
    added = [
        native_address(fitting.project, (table, sample, space)),
        native_address(fitting.linearise, (table, sample, space)),
        native_address(fitting.fit, (table, sample, space, net, whole, real, real)),
        native_address(pruning.prepare, (table, net, units, whole, space)),
        native_address(pruning.prune, (table, sample, space, net, units, how)),
        native_address(wiring.wire, (net, whole, table, matrix, truth, units, rules, stream, table)),
        native_address(
            widening.widen, (net, net, operators, whole, whole, real, units, rules, stream, table)
        ),
    ]
    return np.concatenate([engine.addresses(), np.array(added, np.int64)])
