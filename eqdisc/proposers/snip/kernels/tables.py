"""Compiled heart of the generator: values of laws, each on a table of its own, and what is read off them."""

import numpy as np

from eqdisc._typing import BoolArray, FloatArray, Int32Array, IntArray
from eqdisc.engine.compile import call_address, inlined, kernel
from eqdisc.engine.evaluate import Tapes, lower_chunk
from eqdisc.engine.kernels import groups_of
from eqdisc.engine.opcodes import (
    ARITY,
    CONSTANT,
    FORWARD,
    N_ADD,
    N_COS,
    N_DIV,
    N_EXP,
    N_INV,
    N_LOG,
    N_LOG10,
    N_MUL,
    N_NEG,
    N_SIN,
    N_SQRT,
    N_SQUARE,
    N_SUB,
    N_TAN,
    VARIABLE,
)

#: Samples of the buffer that the kernels use.
ROOM = 512
#: Times that a pair of inputs is tried for separability, at most.
MOST_TRIES = 32
#: Fewest tries in which all four values are finite.
FEWEST_TRIES = 3
#: Share of the values that a mixed difference of a separable law may have by rounding.
ROUNDING = 1e-9
_ARITY = np.array(ARITY, np.int64)


@kernel
def _forward(table: IntArray, t: Tapes, buffer: FloatArray, n: int) -> None:
    call_address(table[FORWARD], (buffer, t.code, t.weights, t.terms, t.starts[0], t.starts[1], groups_of(n)))


@inlined
def _value(t: Tapes, buffer: FloatArray, i: int) -> float:
    value = t.lines[0, 1]
    if t.roots[0] >= 0:
        value += t.lines[0, 0] * buffer[t.roots[0], i]
    return value


@kernel
def values_on_tables(
    table: IntArray,
    features: FloatArray,
    rows: IntArray,
    buffer: FloatArray,
    t: Tapes,
    ops: Int32Array,
    args: Int32Array,
    values: FloatArray,
    offsets: IntArray,
    out: FloatArray,
) -> None:
    """out[b, row] = value of law b on its table features[b, :, row], for its first rows[b] rows."""
    k = features.shape[1]
    for b in range(rows.shape[0]):
        lower_chunk(table, t, k, ops, args, values, offsets[:-1], offsets[1:], b, b + 1, 1)
        for start in range(0, rows[b], ROOM):
            n = min(ROOM, rows[b] - start)
            filled = min(ROOM, (n + 63) // 64 * 64)
            for j in range(k):
                for i in range(filled):
                    buffer[j, i] = features[b, j, start + min(i, n - 1)]
            _forward(table, t, buffer, n)
            for i in range(n):
                out[b, start + i] = _value(t, buffer, i)


@kernel
def separations(
    table: IntArray,
    features: FloatArray,
    rows: IntArray,
    relevant: BoolArray,
    buffer: FloatArray,
    t: Tapes,
    ops: Int32Array,
    args: Int32Array,
    values: FloatArray,
    offsets: IntArray,
    additive: BoolArray,
    multiplicative: BoolArray,
    influence: FloatArray,
    decided: BoolArray,
) -> None:
    """What happens when two rows of a law's table exchange one input, or two.

    With f the value on a row, f_i where input i is taken from another row and f_ij where i and j are, a law
    is a sum of a part without i and one without j exactly where f - f_i - f_j + f_ij = 0 for all rows, and
    such a product exactly where f*f_ij = f_i*f_j: differences of any length, so that nothing is truncated and
    only rounding is allowed for.

    influence : (B, k) mean of |f - f_i| over that of |f - mean f|; NaN where the law is undefined after most
                exchanges
    decided   : (B,) every pair had enough rows where all four values are finite and both inputs differ
    """
    k = features.shape[1]
    columns = np.zeros(k, np.int64)
    f = np.zeros(ROOM)
    for b in range(rows.shape[0]):
        r = 0
        for j in range(k):
            if relevant[b, j]:
                columns[r] = j
                r += 1
        ways = 1 + r + r * (r - 1) // 2
        tries = min(MOST_TRIES, ROOM // ways)
        lower_chunk(table, t, k, ops, args, values, offsets[:-1], offsets[1:], b, b + 1, 1)
        _exchange(features[b], rows[b], columns, r, tries, buffer)
        _forward(table, t, buffer, ways * tries)
        for i in range(ways * tries):
            f[i] = _value(t, buffer, i)
        decided[b] = True
        way = 1 + r
        for p in range(r):
            influence[b, columns[p]] = _influence(f, 1 + p, tries)
            for q in range(p + 1, r):
                i, j = columns[p], columns[q]
                found = _separable(f, 1 + p, 1 + q, way, tries, buffer[i], buffer[j])
                decided[b] &= found >= 0
                additive[b, i, j] = additive[b, j, i] = found > 0 and found % 2 == 1
                multiplicative[b, i, j] = multiplicative[b, j, i] = found >= 2
                way += 1


@kernel
def _exchange(
    features: FloatArray, rows: int, columns: IntArray, r: int, tries: int, buffer: FloatArray
) -> None:
    """Fill the buffer: `tries` rows, then those with one input from another row, then with two. Columns that
    the law does not use are left as they are."""
    ways = 1 + r + r * (r - 1) // 2
    filled = (ways * tries + 63) // 64 * 64
    for p in range(r):
        j = columns[p]
        for i in range(tries):
            buffer[j, i] = features[j, i % rows]
        for i in range(tries, filled):
            buffer[j, i] = buffer[j, i - tries]
    for i in range(tries):
        other = (i % rows + 1 + i // rows + rows // 2) % rows
        way = 1 + r
        for p in range(r):
            buffer[columns[p], (1 + p) * tries + i] = features[columns[p], other]
            for q in range(p + 1, r):
                buffer[columns[p], way * tries + i] = features[columns[p], other]
                buffer[columns[q], way * tries + i] = features[columns[q], other]
                way += 1


@kernel
def _influence(f: FloatArray, way: int, tries: int) -> float:
    mean = 0.0
    for i in range(tries):
        mean += f[i] / tries
    change = spread = 0.0
    valid = 0
    for i in range(tries):
        changed = f[way * tries + i]
        spread += abs(f[i] - mean)
        if np.isfinite(changed):
            change += abs(f[i] - changed)
            valid += 1
    return (change / valid) / (spread / tries) if 2 * valid >= tries and spread > 0.0 else np.nan


@kernel
def _separable(
    f: FloatArray, first: int, second: int, both: int, tries: int, one: FloatArray, other: FloatArray
) -> int:
    """1 for a sum, 2 for a product, 3 for both, 0 for none; -1 where it cannot be told."""
    additive = multiplicative = True
    valid = 0
    for i in range(tries):
        a, b, c, d = f[i], f[first * tries + i], f[second * tries + i], f[both * tries + i]
        size = abs(a) + abs(b) + abs(c) + abs(d)
        same = one[i] == one[first * tries + i] or other[i] == other[second * tries + i]
        if same or not (size < np.inf):
            continue
        valid += 1
        additive &= abs(a - b - c + d) <= ROUNDING * size
        # In units of the largest, so that no product overflows.
        largest = max(abs(a), abs(b), abs(c), abs(d))
        if largest > 0.0:
            p, q = (a / largest) * (d / largest), (b / largest) * (c / largest)
            multiplicative &= abs(p - q) <= ROUNDING * (abs(p) + abs(q))
    if valid < FEWEST_TRIES:
        return -1
    return (1 if additive else 0) + (2 if multiplicative else 0)


# ---------------------------------------------------------------- what the tree itself says

#: Codes of `OUTER` (`batch`), and for a number.
NONE, LOG, EXP, SQRT, SQUARE, INVERSE, NUMBER = range(7)


@inlined
def _outer(op: int, a: int, b: int) -> int:
    """Outermost function of op on operands with outermost functions a and b."""
    if op == N_ADD or op == N_SUB or op == N_MUL or op == N_DIV:
        if a == NUMBER and b == NUMBER:
            return NUMBER
        if b == NUMBER:
            return a
        if a == NUMBER:
            return INVERSE if op == N_DIV else b
        return NONE
    if a == NUMBER and b == NUMBER:
        return NUMBER
    if op == N_NEG:
        return a
    if op == N_LOG or op == N_LOG10:
        return LOG
    if op == N_EXP:
        return EXP
    if op == N_SQRT:
        return SQRT
    if op == N_SQUARE:
        return SQUARE
    return INVERSE if op == N_INV else NONE


@kernel
def describe(
    ops: Int32Array,
    args: Int32Array,
    offsets: IntArray,
    present: BoolArray,
    relevant: BoolArray,
    periodic: BoolArray,
    outer: IntArray,
) -> None:
    """Operators, inputs, inputs inside waves and outermost function of each law."""
    longest = 1
    for b in range(outer.shape[0]):
        longest = max(longest, offsets[b + 1] - offsets[b])
    kinds = np.zeros(longest, np.int64)
    firsts = np.zeros(longest, np.int64)  # first node of each operand on the stack
    for b in range(outer.shape[0]):
        top = 0
        for n in range(offsets[b], offsets[b + 1]):
            op = ops[n]
            if op == VARIABLE or op == CONSTANT:
                kinds[top] = NUMBER if op == CONSTANT else NONE
                firsts[top] = n
                top += 1
                if op == VARIABLE:
                    relevant[b, args[n]] = True
                continue
            present[b, op - N_ADD] = True
            arity = _ARITY[op]
            top -= arity - 1
            if op == N_SIN or op == N_COS or op == N_TAN:
                for m in range(firsts[top - 1], n):
                    if ops[m] == VARIABLE:
                        periodic[b, args[m]] = True
            other = kinds[top] if arity == 2 else (kinds[top - 1] if arity == 1 else NONE)
            kinds[top - 1] = _outer(op, kinds[top - 1], other)
        outer[b] = kinds[0] if kinds[0] != NUMBER else NONE
