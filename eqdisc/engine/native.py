"""Addresses of the compiled kernels, by which other kernels call them (see `compile`)."""

from functools import lru_cache
from typing import Any

import numpy as np
from numba import typeof
from numba.core import types

from eqdisc._typing import IntArray
from eqdisc.engine import adjoints, jacobian, kernels, restore, tape
from eqdisc.engine import levenberg_marquardt as lm
from eqdisc.engine.compile import native_address
from eqdisc.engine.opcodes import (
    DERIVATIVES,
    FIT,
    FORWARD,
    GRAM,
    LOWER,
    MINIMISE,
    PLAN,
    RESIDUALS,
    RESTORE,
    REVERSE,
    TABLE_SIZE,
)
from eqdisc.engine.workspace import Sample, workspace

_ints = types.Array(types.int32, 1, "C")
_longs = types.Array(types.int64, 1, "C")
_codes = types.Array(types.int32, 2, "C")
_doubles = types.Array(types.float64, 1, "C")
_matrix = types.Array(types.float64, 2, "C")
_int = types.int64
_bool = types.boolean
_samples = types.uint64

_LOWER = (
    _ints, _ints, _doubles, _int, _int, _int, _int, _bool, _bool, _codes, _doubles, _int, _int, _longs,
    _codes, _matrix, _ints, _ints, _longs,
)  # fmt: skip
_PLAN = (_codes, _int, _ints, _int, _int, _int, _bool, _longs, _int, _codes, _codes, _longs, _longs, _longs)
_REVERSE = (_matrix, _codes, _doubles, _ints, _int, _codes, _codes, _doubles, _samples)
_RESTORE = (_ints, _doubles, _int, _int, _codes, _doubles, _codes, _matrix, _matrix, _doubles)
_SAMPLE = typeof(Sample(np.zeros((1, 1, 1)), np.zeros((1, 1)), np.zeros((1, 1)), 1, True))
_WORKSPACE = typeof(workspace(1, 64, 1))
_RESIDUALS = (_longs, _SAMPLE, _WORKSPACE, _int, _int, _bool, _bool, _doubles)
_DERIVATIVES = (_longs, _SAMPLE, _WORKSPACE, _int, _int, _int)
_MINIMISE = (_longs, _SAMPLE, _WORKSPACE, _int, _int, _int, _bool, _bool, _int, types.float64, _doubles)
_FIT = (
    _longs, _SAMPLE, _WORKSPACE, _ints, _ints, _doubles, _int, _int, _bool, _bool, _int, types.float64,
    _doubles, _doubles,
)  # fmt: skip


def _forward(kind: Any) -> tuple[Any, ...]:
    return (types.Array(kind, 2, "C"), _codes, _doubles, _ints, _int, _int, _samples)


@lru_cache
def evaluation_addresses(dtype: str = "float64") -> IntArray:
    """Table of addresses for evaluation only: lowering and `forward` in the given precision."""
    table = np.zeros(TABLE_SIZE, np.int64)
    table[LOWER] = native_address(tape.lower, _LOWER)
    table[FORWARD] = native_address(kernels.forward, _forward(getattr(types, dtype)))
    return table


@lru_cache
def addresses() -> IntArray:
    """Table of addresses of all kernels in double precision."""
    table = evaluation_addresses().copy()
    table[PLAN] = native_address(adjoints.plan_adjoints, _PLAN)
    table[REVERSE] = native_address(jacobian.reverse, _REVERSE)
    table[GRAM] = native_address(jacobian.gram, (_matrix, _longs, _int, _samples, _matrix))
    table[RESTORE] = native_address(restore.restore_constants, _RESTORE)
    table[RESIDUALS] = native_address(lm.residuals, _RESIDUALS)
    table[DERIVATIVES] = native_address(lm.derivatives, _DERIVATIVES)
    table[MINIMISE] = native_address(lm.minimise, _MINIMISE)
    table[FIT] = native_address(lm.fit_program, _FIT)
    return table
