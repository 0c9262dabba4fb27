# mypy: warn_return_any=False
"""Compiled heart of the enumeration: keys of value vectors, the table of those seen.

A value vector is what an expression is on `WIDTH` rows. Its key adds the bit patterns of the absolute values
with whole weights, modulo 2**64. Read as integers the bits of a double are a piecewise linear logarithm, so
that rounding moves the key a little and anything else moves it anywhere; and v and -v have one key. Keys are
cut into cells; a key near the border of its cell is looked up in the cell beyond as well, so that no rounding
hides an equal vector. What shares a cell is compared row by row.
"""

from typing import Any, NamedTuple

import numpy as np

from eqdisc._typing import FloatArray, Int32Array, IntArray
from eqdisc.engine.compile import inlined, kernel, summation
from eqdisc.engine.instructions import bits, fabs
from eqdisc.engine.opcodes import N_ADD, N_DIV, N_MUL, N_SUB

#: Rows of a value vector.
WIDTH = 32
_WEIGHTS = np.random.default_rng(32).permutation(np.arange(1, 64, 2)).astype(np.int64)
#: Key units that a relative error of one in every row may move a key by.
KEY_UNITS = float(np.sqrt(np.sum(_WEIGHTS.astype(float) ** 2))) * 2.0**52
_CELL_BITS: Any = np.int64(32)
_CELL: Any = np.int64(1) << _CELL_BITS
_BAND: Any = np.int64(1) << np.int64(28)
_LOW: Any = _CELL - np.int64(1)
_ONE: Any = np.int64(1)
_ZERO: Any = np.int64(0)
_SPREAD: Any = np.int64(-7046029254386353131)  # 2**64 over the golden ratio
_MIXED: Any = np.int64(24)
#: Relative difference up to which two vectors are the same.
EQUAL = 1e-10
_CANCELLED = 1e-8
_CONSTANT = 1e-12
WILD = -1  # the dimension of what may have any
PRIME = 2**31 - 1


class Seen(NamedTuple):
    """The expressions listed so far: values, how each is made, its cost, dimension and key; a hash table.

    `slots` holds (cell << 32) + index + 1, zero where free; `filled[0]` expressions are there.
    """

    values: FloatArray
    operators: Int32Array
    left: Int32Array
    right: Int32Array
    costs: Int32Array
    dimensions: IntArray
    keys: IntArray
    slots: IntArray
    filled: IntArray


class Fresh(NamedTuple):
    """Room for expressions made from those seen, on their way into the table."""

    values: FloatArray
    operators: Int32Array
    left: Int32Array
    right: Int32Array
    dimensions: IntArray
    keys: IntArray
    filled: IntArray


def seen(capacity: int) -> Seen:
    """An empty table for so many expressions; memory is touched only as they come."""
    slots = 1 << max(4, int(np.ceil(np.log2(1.6 * capacity))))
    return Seen(
        np.empty((capacity, WIDTH)),
        np.empty(capacity, np.int32),
        np.empty(capacity, np.int32),
        np.empty(capacity, np.int32),
        np.empty(capacity, np.int32),
        np.empty(capacity, np.int64),
        np.empty(capacity, np.int64),
        np.zeros(slots, np.int64),
        np.zeros(1, np.int64),
    )


def fresh(room: int) -> Fresh:
    """Room for `room` expressions."""
    return Fresh(
        np.empty((room, WIDTH)),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.zeros(1, np.int64),
    )


@inlined
def key_of(row: FloatArray) -> int:
    """The key of a vector, whatever its sign."""
    total = _ZERO
    for i in range(WIDTH):
        total += bits(fabs(row[i])) * _WEIGHTS[i]
    return total


@summation
def spread(row: FloatArray) -> tuple[float, float, float]:
    """Sum of absolute values, of distances from the first value; not finite where a value is not."""
    size = distance = 0.0
    first = row[0]
    for i in range(WIDTH):
        size += abs(row[i])
        distance += abs(row[i] - first)
    return size, distance, size * 0.0


@inlined
def _varies(row: FloatArray) -> bool:
    """Whether all values are finite and not all the same."""
    size, distance, zero = spread(row)
    return zero == 0.0 and distance > _CONSTANT * size


@summation
def mismatches(a: FloatArray, b: FloatArray, factor: float, tolerance: float) -> int:
    wrong = 0
    for i in range(WIDTH):
        difference = abs(a[i] - factor * b[i])
        wrong += 1 if difference > tolerance * abs(a[i]) else 0
    return wrong


@inlined
def _same(a: FloatArray, b: FloatArray) -> bool:
    """Whether a is b or -b up to rounding."""
    return mismatches(a, b, 1.0, EQUAL) == 0 or mismatches(a, b, -1.0, EQUAL) == 0


@inlined
def _home(cell: int, mask: int) -> int:
    mixed = (cell * _SPREAD) >> _MIXED
    return mixed & mask


@kernel
def _find_in_cell(s: Seen, row: FloatArray, cell: int) -> int:
    mask: Any = np.int64(s.slots.shape[0] - 1)
    place = _home(cell, mask)
    while s.slots[place] != _ZERO:
        slot = s.slots[place]
        if ((slot >> _CELL_BITS) & _LOW) == cell:
            index = (slot & _LOW) - _ONE
            if _same(row, s.values[index]):
                return int(index)
        place = (place + _ONE) & mask
    return -1


@kernel
def find(s: Seen, row: FloatArray, key: int) -> int:
    """Index of the expression with these values, up to the sign; -1 for none."""
    cell = (key >> _CELL_BITS) & _LOW
    found = _find_in_cell(s, row, cell)
    if found < 0:
        low = key & _LOW
        if low < _BAND:
            found = _find_in_cell(s, row, (cell - _ONE) & _LOW)
        elif low > _LOW - _BAND:
            found = _find_in_cell(s, row, (cell + _ONE) & _LOW)
    return found


@kernel
def merge(s: Seen, f: Fresh, cost: int) -> int:
    """Take in what is new among the fresh, in order, while there is room; how many came in."""
    before = s.filled[0]
    mask: Any = np.int64(s.slots.shape[0] - 1)
    for k in range(f.filled[0]):
        n = s.filled[0]
        if n >= s.values.shape[0]:
            break
        row = f.values[k]
        if find(s, row, f.keys[k]) >= 0:
            continue
        for i in range(WIDTH):
            s.values[n, i] = row[i]
        s.operators[n] = f.operators[k]
        s.left[n] = f.left[k]
        s.right[n] = f.right[k]
        s.costs[n] = cost
        s.dimensions[n] = f.dimensions[k]
        s.keys[n] = f.keys[k]
        cell = (f.keys[k] >> _CELL_BITS) & _LOW
        place = _home(cell, mask)
        while s.slots[place] != _ZERO:
            place = (place + _ONE) & mask
        s.slots[place] = (cell << _CELL_BITS) + np.int64(n) + _ONE
        s.filled[0] = n + 1
    return s.filled[0] - before


@kernel
def screen(s: Seen, f: Fresh, literal: bool) -> None:
    """Keep, in order, those of the fresh that are finite, vary (unless literal) and have not been seen."""
    kept = 0
    for k in range(f.filled[0]):
        row = f.values[k]
        if not (literal or _varies(row)):
            continue
        key = key_of(row)
        if find(s, row, key) >= 0:
            continue
        if kept < k:
            for i in range(WIDTH):
                f.values[kept, i] = row[i]
            f.operators[kept] = f.operators[k]
            f.left[kept] = f.left[k]
            f.right[kept] = f.right[k]
            f.dimensions[kept] = f.dimensions[k]
        f.keys[kept] = key
        kept += 1
    f.filled[0] = kept


@inlined
def _joined(op: int, p: int, q: int) -> int:
    """Dimension of p op q; -2 where units do not fit. Dimensions of products add modulo a prime."""
    if op == N_ADD or op == N_SUB:
        return -2 if p >= 0 and q >= 0 and p != q else max(p, q)
    if p < 0 or q < 0:
        return WILD
    return (p + q) % PRIME if op == N_MUL else (p - q + PRIME) % PRIME


@summation
def _largest_ratio(result: FloatArray, operand: FloatArray) -> int:
    alive = 0
    for i in range(WIDTH):
        alive += 1 if abs(result[i]) > _CANCELLED * abs(operand[i]) else 0
    return alive


@inlined
def _combine(op: int, a: FloatArray, b: FloatArray, out: FloatArray) -> None:
    if op == N_ADD:
        for i in range(WIDTH):
            out[i] = a[i] + b[i]
    elif op == N_SUB:
        for i in range(WIDTH):
            out[i] = a[i] - b[i]
    elif op == N_MUL:
        for i in range(WIDTH):
            out[i] = a[i] * b[i]
    else:
        for i in range(WIDTH):
            out[i] = a[i] / b[i]


@kernel
def combine_pairs(
    s: Seen,
    f: Fresh,
    allowed: Int32Array,
    a0: int,
    b0: int,
    width: int,
    triangle: bool,
    first: int,
    last: int,
) -> int:
    """Join expressions by + - * /: pair q is (a0 + q // width, b0 + q % width) for q in first..last.

    With `triangle` those with the second index above the first are left out. What is new goes into f in
    order; f needs room for five a pair. The number of combinations tried.
    """
    tried = 0
    kept = 0
    for q in range(first, last):
        i = a0 + q // width
        j = b0 + q % width
        if triangle and j > i:
            continue
        for way in range(allowed.shape[0] + 1):
            reverse = way == allowed.shape[0]
            op = N_DIV if reverse else allowed[way]
            if reverse and (allowed.shape[0] == 0 or allowed[way - 1] != N_DIV):
                continue
            if i == j and (op == N_SUB or op == N_DIV):
                continue
            l, r = (j, i) if reverse else (i, j)  # noqa: E741
            dimension = _joined(op, s.dimensions[l], s.dimensions[r])
            if dimension == -2:
                continue
            tried += 1
            row = f.values[kept]
            _combine(op, s.values[l], s.values[r], row)
            if not _varies(row):
                continue
            if (op == N_ADD or op == N_SUB) and _largest_ratio(row, s.values[l]) == 0:
                continue
            key = key_of(row)
            if find(s, row, key) >= 0:
                continue
            f.operators[kept] = op
            f.left[kept] = l
            f.right[kept] = r
            f.dimensions[kept] = dimension
            f.keys[kept] = key
            kept += 1
    f.filled[0] = kept
    return tried
