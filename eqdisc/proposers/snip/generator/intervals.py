"""Interval arithmetic of all operators: what a part of a law can be, given what its operands can be.

Where an operator has a pole or no bound inside an interval the answer is where most values are, not all.
"""

import math
from functools import lru_cache

import numpy as np
from numba.core import types

from eqdisc._typing import FloatArray
from eqdisc.engine.compile import kernel, native_address
from eqdisc.engine.scalar import scalar_value
from eqdisc.expr.operators import (
    ABS,
    ACOS,
    ADD,
    ARITY,
    ASIN,
    ATAN2,
    COS,
    COSH,
    DIV,
    INV,
    LOG,
    LOG10,
    MAX,
    MIN,
    MOD,
    MUL,
    NEG,
    POW,
    SIGN,
    SIN,
    SQRT,
    SQUARE,
    SUB,
)

#: Bounds beyond this are those of no law.
LARGEST = 1e60
_ARITY = np.array(ARITY, np.int64)


@kernel
def _inverse(low: float, high: float) -> tuple[float, float]:
    if low > 0.0 or high < 0.0:
        return 1.0 / high, 1.0 / low
    # Beyond a tenth of the range values are rare.
    reach = max(-low, high)
    if reach == 0.0:
        return np.nan, np.nan
    return (-10.0 if low < 0.0 else 1.0) / reach, (10.0 if high > 0.0 else -1.0) / reach


@kernel
def _hull(a: float, b: float, c: float, d: float) -> tuple[float, float]:
    return min(min(a, b), min(c, d)), max(max(a, b), max(c, d))


@kernel
def _raised(low: float, high: float, least: float, most: float) -> tuple[float, float]:
    """Powers between `least` and `most` of numbers between `low` and `high`."""
    if low < 0.0:
        if least <= 0.0:
            return -10.0, 10.0
        reach = max(-low, high) ** least
        return -reach, reach
    low = max(low, 0.02 * high)
    if low == 0.0:
        return np.nan, np.nan
    return _hull(low**least, low**most, high**least, high**most)


@kernel
def _of_one(op: int, low: float, high: float) -> tuple[float, float]:
    if op == NEG:
        return -high, -low
    if op == INV:
        return _inverse(low, high)
    if op == SIN or op == COS or op == SIGN:
        return -1.0, 1.0
    if op == ASIN or op == ACOS:
        low, high = max(-1.0, min(1.0, low)), max(-1.0, min(1.0, high))
    elif op == SQRT:
        low = max(low, 0.0)
    elif (op == LOG or op == LOG10) and low <= 0.0:
        low = 0.01 * high
    one, other = scalar_value(op, low, 0.0, 0.0), scalar_value(op, high, 0.0, 0.0)
    if op == ACOS:
        return other, one
    if op == SQUARE or op == COSH or op == ABS:
        least = scalar_value(op, 0.0, 0.0, 0.0) if low < 0.0 < high else min(one, other)
        return least, max(one, other)
    return one, other


@kernel
def _of_two(op: int, a: float, b: float, c: float, d: float) -> tuple[float, float]:
    """Of operands in [a, b] and [c, d]; those of `where` are what it chooses between."""
    if op == ADD:
        return a + c, b + d
    if op == SUB:
        return a - d, b - c
    if op == DIV:
        c, d = _inverse(c, d)
    if op == MUL or op == DIV:
        return _hull(a * c, a * d, b * c, b * d)
    if op == POW:
        return _raised(a, b, c, d)
    if op == ATAN2:
        return -math.pi, math.pi
    if op == MIN:
        return min(a, c), min(b, d)
    if op == MAX:
        return max(a, c), max(b, d)
    if op == MOD:
        return _hull(0.0, 0.0, c, d)
    return _hull(a, b, c, d)


@kernel
def bound(op: int, a: int, b: int, n: int, spans: FloatArray) -> bool:
    """Interval spans[n] of the operator on operands with the intervals spans[a] and spans[b]; False where it
    is none: undefined, or larger than any law is.

    A function of one operand takes a; `where` the two that it chooses between.

    >>> spans = np.array([[1.0, 4.0], [0.0, 0.0]])
    >>> bound(SQRT, 0, 0, 1, spans), spans[1].tolist()
    (True, [1.0, 2.0])
    """
    if _ARITY[op] == 1:
        low, high = _of_one(op, spans[a, 0], spans[a, 1])
    else:
        low, high = _of_two(op, spans[a, 0], spans[a, 1], spans[b, 0], spans[b, 1])
    spans[n, 0], spans[n, 1] = low, high
    return -LARGEST < low <= high < LARGEST  # refuses NaN


@lru_cache
def bound_address() -> int:
    """Address of `bound`: linked into callers in other files it would go stale in the cache when edited."""
    places = (types.int64,) * 4
    return native_address(bound, (*places, types.Array(types.float64, 2, "C")))
