"""Reverse sweep over a tape: derivatives of a root with respect to weights and to inputs, one row each.

The adjoint of a slot is kept as (row, factor): consuming `w*slot + c` multiplies the factor by w and copies
nothing, so sums and scalings are free. An operand's *edge* is the derivative with respect to the operand
`w*slot + c` as a whole: it is the derivative by c, and its product with the slot the derivative by w. A slot
that several instructions consume (a network, several uses of an input) collects its adjoint in a row of its
own. Reverse accumulation: Griewank & Walther (2008), ch. 3.
"""

import numpy as np

from eqdisc._typing import FloatArray, Int32Array, IntArray
from eqdisc.engine.adjoints import ADJOINT, BY_EXPONENT, BY_WEIGHT, COLLECT, EDGE, operand_count, weight_of
from eqdisc.engine.compile import inlined, kernel, summation
from eqdisc.engine.edges import write_edges
from eqdisc.engine.instructions import select
from eqdisc.engine.opcodes import (
    DST,
    FIRST,
    OP,
    T_ADD,
    T_SIGN,
    T_SUM,
    T_WHERE,
    A,
    B,
)

U = np.uint64  # see `kernels`


@inlined
def _collect(buffer: FloatArray, row: int, edge: int, factor: float, n: np.uint64) -> None:
    r, e = np.uint64(row), np.uint64(edge)
    for i in range(n):
        buffer[r, i] += factor * buffer[e, i]


@inlined
def _product(buffer: FloatArray, row: int, edge: int, slot: int, n: np.uint64) -> None:
    r, e, s = np.uint64(row), np.uint64(edge), np.uint64(slot)
    for i in range(n):
        buffer[r, i] = buffer[e, i] * buffer[s, i]


@inlined
def _mask(buffer: FloatArray, row: int, adjoint: int, n: np.uint64) -> None:
    """Zero where the adjoint is: 0 * inf in a branch that was not taken is no derivative."""
    if row >= 0:
        r, g = np.uint64(row), np.uint64(adjoint)
        for i in range(n):
            buffer[r, i] = select(buffer[g, i] == 0.0, 0.0, buffer[r, i])


@kernel
def reverse(
    buffer: FloatArray,
    code: Int32Array,
    weights: FloatArray,
    terms: Int32Array,
    stop: int,
    plan: Int32Array,
    term_plan: Int32Array,
    factors: FloatArray,
    groups: np.uint64,
) -> None:
    """Run the planned sweep: edge rows, rows of the weights, collecting rows.

    factors[k] scales the rows of instruction k; that of the root is 1 on entry. Collecting rows are zeroed by
    the caller, and the one of the root, if it has one, is seeded.
    """
    n = groups * U(64)
    first_slot = code[0, DST]
    masked = False
    for k in range(stop - 1, -1, -1):
        g = plan[k, ADJOINT]
        if g < 0:
            continue
        op = code[k, OP]
        q = code[k, FIRST]
        factor = factors[k]
        if op == T_SUM:
            for t in range(code[k, B]):
                s = terms[code[k, A] + t]
                if term_plan[code[k, A] + t, 0] >= 0:
                    _product(buffer, term_plan[code[k, A] + t, 0], g, s, n)
                collecting = term_plan[code[k, A] + t, 1]
                if collecting >= 0:
                    _collect(buffer, collecting, g, factor * weights[q + 1 + t], n)
                if s >= first_slot:
                    factors[s - first_slot] = 1.0 if collecting >= 0 else factor * weights[q + 1 + t]
            continue
        if op != T_ADD:
            if (
                plan[k, EDGE] >= 0
                or plan[k, EDGE + 1] >= 0
                or plan[k, EDGE + 2] >= 0
                or plan[k, BY_EXPONENT] >= 0
            ):
                write_edges(buffer, code, weights, k, plan, groups)
            if masked:
                _mask(buffer, plan[k, BY_EXPONENT], g, n)
                for j in range(3):
                    _mask(buffer, plan[k, EDGE + j], g, n)
            masked = masked or (T_SIGN <= op <= T_WHERE)  # below these an adjoint may be zero
        for j in range(operand_count(op)):
            edge = g if op == T_ADD else plan[k, EDGE + j]
            if edge < 0:
                continue
            s = code[k, A + j]
            if plan[k, BY_WEIGHT + j] >= 0:
                _product(buffer, plan[k, BY_WEIGHT + j], edge, s, n)
                if masked:
                    _mask(buffer, plan[k, BY_WEIGHT + j], edge, n)
            position = weight_of(op, j)
            scaled = factor * weights[q + position] if position >= 0 else factor
            collecting = plan[k, COLLECT + j]
            if collecting >= 0:
                _collect(buffer, collecting, edge, scaled, n)
            if s >= first_slot:
                factors[s - first_slot] = 1.0 if collecting >= 0 else scaled


@summation
def _dot(buffer: FloatArray, i: int, j: int, n: np.uint64) -> float:
    a, b = np.uint64(i), np.uint64(j)
    s = 0.0
    for k in range(n):
        s += buffer[a, k] * buffer[b, k]
    return s


@summation
def _dot4(
    buffer: FloatArray, i: int, j: int, k: int, m: int, o: int, n: np.uint64
) -> tuple[float, float, float, float]:
    r = np.uint64(i)
    a, b, c, d = np.uint64(j), np.uint64(k), np.uint64(m), np.uint64(o)
    s0 = s1 = s2 = s3 = 0.0
    for t in range(n):
        v = buffer[r, t]
        s0 += v * buffer[a, t]
        s1 += v * buffer[b, t]
        s2 += v * buffer[c, t]
        s3 += v * buffer[d, t]
    return s0, s1, s2, s3


@kernel
def gram(buffer: FloatArray, rows: IntArray, count: int, n: np.uint64, products: FloatArray) -> None:
    """Add the inner products of rows[i] and rows[j], i <= j < count, over n samples to products[i, j]."""
    for i in range(count):
        j = i
        while j + 4 <= count:
            s0, s1, s2, s3 = _dot4(buffer, rows[i], rows[j], rows[j + 1], rows[j + 2], rows[j + 3], n)
            products[i, j] += s0
            products[i, j + 1] += s1
            products[i, j + 2] += s2
            products[i, j + 3] += s3
            j += 4
        while j < count:
            products[i, j] += _dot(buffer, rows[i], rows[j], n)
            j += 1
