"""Reverse sweep over a tape: derivatives of a root with respect to weights and to inputs, one row each.

The adjoint of a slot is kept as (row, factor): consuming `w*slot + c` multiplies the factor by w and copies nothing, so
sums and scalings are free. An operand's *edge* is the derivative with respect to the operand `w*slot + c` as a whole: it is
the derivative by c, and its product with the slot the derivative by w. A slot that several instructions consume (a network,
several uses of an input) collects its adjoint in a row of its own. Reverse accumulation: Griewank & Walther (2008), ch. 3.
"""

from typing import Any

import numpy as np

from eqdisc._typing import FloatArray, Int32Array, IntArray
from eqdisc.engine import elementary as el
from eqdisc.engine.compile import inlined, kernel, summation
from eqdisc.engine.opcodes import (
    A,
    B,
    C,
    COMPANION,
    DST,
    FIRST,
    OP,
    T_ABS,
    T_ACOS,
    T_ADD,
    T_ASIN,
    T_ATAN,
    T_ATAN2,
    T_CBRT,
    T_COS,
    T_COSH,
    T_CUBE,
    T_DIV,
    T_DIVC,
    T_EXP,
    T_FLOOR,
    T_INV,
    T_INVC,
    T_LOG,
    T_MAX,
    T_MIN,
    T_MOD,
    T_MUL,
    T_MULC,
    T_POW,
    T_POWC,
    T_SIGN,
    T_SIN,
    T_SINH,
    T_SQRT,
    T_SQUARE,
    T_SQUAREC,
    T_SUM,
    T_TAN,
    T_TANH,
    T_WHERE,
)

#: Columns of the plan of an instruction: adjoint row; per operand its edge row, the row of its weight's derivative,
#: the row where its slot's adjoint is collected; row of the derivative by a constant exponent; rows of a SUM's terms.
ADJOINT, EDGE, BY_WEIGHT, COLLECT, BY_EXPONENT, TERMS = 0, 1, 4, 7, 10, 11
PLAN_COLUMNS = 12
_NONE = -1
U = np.uint64  # see `kernels`


@inlined
def _has_affine_operand(op: int) -> bool:
    return not (op == T_ADD or op == T_MUL or op == T_DIV or op == T_INV or op == T_SQUARE)


@inlined
def operand_count(op: int) -> int:
    """Number of operands of a tape operation (SUM apart)."""
    if op == T_WHERE:
        return 3
    if op <= T_DIVC or op == T_POW or op == T_ATAN2 or op == T_MIN or op == T_MAX or op == T_MOD:
        return 2
    return 1


@inlined
def weight_of(op: int, j: int) -> int:
    """Position of operand j's scale among the weights of its instruction, -1 for an operation without."""
    if op == T_ADD:
        return j
    return 2 * j if _has_affine_operand(op) else _NONE


@kernel
def plan_adjoints(
    code: Int32Array,
    stop: int,
    terms: Int32Array,
    root: int,
    seed_row: int,
    first_slot: int,
    by_input: bool,
    parameters: IntArray,
    n_parameters: int,
    plan: Int32Array,
    term_plan: Int32Array,
    consumers: IntArray,
    derivative_rows: IntArray,
    free: IntArray,
) -> None:
    """Decide for one root which rows the reverse sweep writes.

    `root` is the root's slot, `seed_row` the row its adjoint starts from (ones, or roots of the sample weights); slots
    below `first_slot` are inputs, slot first_slot + k is written by instruction k. `free[0]` is the first free row and
    is moved on. derivative_rows[p] receives the row of parameter p's derivative and derivative_rows[n_parameters + p]
    the instruction whose factor scales it (-1: none), -1 where the root does not depend on it; with
    `by_input` derivative_rows[2 * n_parameters + j] is the row for input j.
    """
    n_inputs = first_slot
    for s in range(first_slot + stop):
        consumers[s] = 0
    for k in range(stop):
        if code[k, OP] == T_SUM:
            for t in range(code[k, A], code[k, A] + code[k, B]):
                consumers[terms[t]] += 1
        else:
            for j in range(operand_count(code[k, OP])):
                consumers[code[k, A + j]] += 1
    for p in range(2 * n_parameters):
        derivative_rows[p] = _NONE
    for k in range(stop):
        for j in range(PLAN_COLUMNS):
            plan[k, j] = _NONE
        if code[k, OP] == T_SUM:
            for t in range(code[k, A], code[k, A] + code[k, B]):
                term_plan[t, 0] = term_plan[t, 1] = _NONE
    # A root that is also consumed (or is an input) and every slot consumed twice collect their adjoint in a row.
    collect = consumers  # reused: from here on the collecting row of a slot, or -1
    for s in range(first_slot + stop):
        several = consumers[s] > 1 or (s == root and consumers[s] > 0)
        wanted = by_input if s < n_inputs else several
        collect[s] = _NONE
        if wanted:
            collect[s] = free[0]
            free[0] += 1
    if by_input:
        for j in range(n_inputs):
            derivative_rows[2 * n_parameters + j] = collect[j]
    if root >= first_slot:
        plan[root - first_slot, ADJOINT] = collect[root] if collect[root] >= 0 else seed_row
    for k in range(stop - 1, -1, -1):
        g = plan[k, ADJOINT]
        if g < 0:
            continue
        op = code[k, OP]
        q = code[k, FIRST]
        if op == T_SUM:
            plan[k, TERMS] = 1
            for t in range(code[k, B]):
                s = terms[code[k, A] + t]
                term_plan[code[k, A] + t, 1] = collect[s]
                if s >= first_slot:
                    plan[s - first_slot, ADJOINT] = collect[s] if collect[s] >= 0 else g
            for p in range(n_parameters):
                t = parameters[p] - q
                if 0 <= t <= code[k, B]:
                    derivative_rows[n_parameters + p] = k
                    derivative_rows[p] = g
                    if t > 0:
                        derivative_rows[p] = term_plan[code[k, A] + t - 1, 0] = free[0]
                        free[0] += 1
            continue
        count = operand_count(op)
        for j in range(count):
            if op == T_WHERE and j == 0:
                continue  # a condition has no derivative
            s = code[k, A + j]
            weight = weight_of(op, j)
            scale = shift = _NONE
            for p in range(n_parameters):
                if weight >= 0 and parameters[p] == q + weight:
                    scale = p
                if op != T_ADD and weight >= 0 and parameters[p] == q + weight + 1:
                    shift = p
                if op == T_POWC and parameters[p] == q + 2 and plan[k, BY_EXPONENT] < 0:
                    plan[k, BY_EXPONENT] = derivative_rows[p] = free[0]
                    derivative_rows[n_parameters + p] = k
                    free[0] += 1
            needed = scale >= 0 or shift >= 0 or collect[s] >= 0 or s >= first_slot
            if not needed:
                continue
            edge = g
            if op != T_ADD:
                edge = plan[k, EDGE + j] = free[0]
                free[0] += 1
            if shift >= 0:
                derivative_rows[shift] = edge
                derivative_rows[n_parameters + shift] = k
            if scale >= 0:
                derivative_rows[scale] = plan[k, BY_WEIGHT + j] = free[0]
                derivative_rows[n_parameters + scale] = k
                free[0] += 1
            plan[k, COLLECT + j] = collect[s]
            if s >= first_slot:
                plan[s - first_slot, ADJOINT] = collect[s] if collect[s] >= 0 else edge


@kernel
def _edges(
    buffer: FloatArray,
    code: Int32Array,
    weights: FloatArray,
    k: int,
    plan: Int32Array,
    groups: np.uint64,
) -> None:
    """Write the edge rows of instruction k: adjoint times derivative by each operand."""
    n = groups * U(64)
    op = code[k, OP]
    q = code[k, FIRST]
    g = U(plan[k, ADJOINT])
    d = U(code[k, DST])
    a, b = U(code[k, A]), U(code[k, B])
    wa, ca, wb, cb = weights[q], weights[q + 1], weights[q + 2], weights[q + 3]
    if op == T_MUL or op == T_DIV:
        wa, ca, wb, cb = 1.0, 0.0, 1.0, 0.0
    ra, rb = plan[k, EDGE], plan[k, EDGE + 1]
    ea, eb = U(ra), U(rb)
    if op == T_MUL or op == T_MULC:
        if ra >= 0:
            for i in range(n):
                buffer[ea, i] = buffer[g, i] * (wb * buffer[b, i] + cb)
        if rb >= 0:
            for i in range(n):
                buffer[eb, i] = buffer[g, i] * (wa * buffer[a, i] + ca)
    elif op == T_DIV or op == T_DIVC:
        if ra >= 0:
            for i in range(n):
                buffer[ea, i] = buffer[g, i] / (wb * buffer[b, i] + cb)
        if rb >= 0:
            for i in range(n):
                buffer[eb, i] = -buffer[g, i] * buffer[d, i] / (wb * buffer[b, i] + cb)
    elif op == T_INV or op == T_INVC:
        for i in range(n):
            buffer[ea, i] = -buffer[g, i] * (buffer[d, i] * buffer[d, i])
    elif op == T_SQUARE:
        for i in range(n):
            buffer[ea, i] = 2.0 * buffer[g, i] * buffer[a, i]
    elif op == T_SQUAREC:
        for i in range(n):
            buffer[ea, i] = 2.0 * buffer[g, i] * (wa * buffer[a, i] + ca)
    elif op == T_CUBE:
        for i in range(n):
            v = wa * buffer[a, i] + ca
            buffer[ea, i] = 3.0 * buffer[g, i] * (v * v)
    elif op == T_EXP:
        for i in range(n):
            buffer[ea, i] = buffer[g, i] * buffer[d, i]
    elif op == T_LOG:
        for i in range(n):
            buffer[ea, i] = buffer[g, i] / (wa * buffer[a, i] + ca)
    elif op == T_SQRT:
        for i in range(n):
            buffer[ea, i] = 0.5 * buffer[g, i] / buffer[d, i]
    elif op == T_SIN or op == T_COS:
        e = U(code[k, COMPANION])
        for i in range(n):
            buffer[ea, i] = buffer[g, i] * buffer[e, i]
    elif op == T_TANH:
        for i in range(n):
            buffer[ea, i] = buffer[g, i] * (1.0 - buffer[d, i] * buffer[d, i])
    elif op == T_TAN:
        for i in range(n):
            buffer[ea, i] = buffer[g, i] * (1.0 + buffer[d, i] * buffer[d, i])
    elif op == T_ABS:
        for i in range(n):
            v = wa * buffer[a, i] + ca
            buffer[ea, i] = buffer[g, i] * el.select(v > 0.0, 1.0, el.select(v < 0.0, -1.0, v))
    elif op == T_MIN or op == T_MAX:
        flip = 1.0 if op == T_MIN else -1.0
        for i in range(n):
            first = flip * (wa * buffer[a, i] + ca) <= flip * (wb * buffer[b, i] + cb)
            u = buffer[g, i]
            if ra >= 0:
                buffer[ea, i] = u if first else 0.0
            if rb >= 0:
                buffer[eb, i] = 0.0 if first else u
    else:
        _rare_edges(buffer, code, weights, k, plan, groups)


@kernel
def _rare_edges(
    buffer: FloatArray, code: Int32Array, weights: FloatArray, k: int, plan: Int32Array, groups: np.uint64
) -> None:
    """`_edges` of the seldom operations."""
    n = groups * U(64)
    op = code[k, OP]
    q = code[k, FIRST]
    g = U(plan[k, ADJOINT])
    d = U(code[k, DST])
    a, b = U(code[k, A]), U(code[k, B])
    wa, ca, wb, cb = weights[q], weights[q + 1], weights[q + 2], weights[q + 3]
    ra, rb = plan[k, EDGE], plan[k, EDGE + 1]
    ea, eb = U(ra), U(rb)
    if op == T_POWC:
        if ra >= 0:
            for i in range(n):
                buffer[ea, i] = buffer[g, i] * wb * el.pow_double(wa * buffer[a, i] + ca, wb - 1.0)
        if plan[k, BY_EXPONENT] >= 0:
            e = U(plan[k, BY_EXPONENT])
            for i in range(n):
                v = wa * buffer[a, i] + ca
                # 0**y stays 0 while y is positive.
                buffer[e, i] = buffer[g, i] * el.select(
                    (v == 0.0) & (wb > 0.0), 0.0, buffer[d, i] * el.log_double(v)
                )
    elif op == T_POW:
        if ra >= 0:
            for i in range(n):
                y = wb * buffer[b, i] + cb
                slope = el.select(y == 0.0, 0.0, y * el.pow_double(wa * buffer[a, i] + ca, y - 1.0))
                buffer[ea, i] = buffer[g, i] * slope
        if rb >= 0:
            for i in range(n):
                v = wa * buffer[a, i] + ca
                y = wb * buffer[b, i] + cb
                buffer[eb, i] = buffer[g, i] * el.select(
                    (v == 0.0) & (y > 0.0), 0.0, buffer[d, i] * el.log_double(v)
                )
    elif op == T_CBRT:
        for i in range(n):
            buffer[ea, i] = buffer[g, i] / (3.0 * buffer[d, i] * buffer[d, i])
    elif op == T_ASIN or op == T_ACOS:
        sign = 1.0 if op == T_ASIN else -1.0
        for i in range(n):
            v = wa * buffer[a, i] + ca
            buffer[ea, i] = sign * buffer[g, i] / el.sqrt((1.0 - v) * (1.0 + v))
    elif op == T_ATAN:
        for i in range(n):
            v = wa * buffer[a, i] + ca
            buffer[ea, i] = buffer[g, i] / (1.0 + v * v)
    elif op == T_ATAN2:
        for i in range(n):
            y = wa * buffer[a, i] + ca
            x = wb * buffer[b, i] + cb
            r = buffer[g, i] / (x * x + y * y)
            if ra >= 0:
                buffer[ea, i] = r * x
            if rb >= 0:
                buffer[eb, i] = -r * y
    elif op == T_SINH:
        for i in range(n):
            buffer[ea, i] = buffer[g, i] * el.cosh_double(wa * buffer[a, i] + ca)
    elif op == T_COSH:
        for i in range(n):
            buffer[ea, i] = buffer[g, i] * el.sinh_double(wa * buffer[a, i] + ca)
    elif op == T_SIGN or op == T_FLOOR:
        for i in range(n):
            buffer[ea, i] = 0.0
    elif op == T_MOD:
        for i in range(n):
            u = buffer[g, i]
            x = wa * buffer[a, i] + ca
            y = wb * buffer[b, i] + cb
            if ra >= 0:
                buffer[ea, i] = u
            if rb >= 0:
                buffer[eb, i] = -u * el.floor(x / y)
    elif op == T_WHERE:
        rc = plan[k, EDGE + 2]
        ec = U(rc)
        for i in range(n):
            u = buffer[g, i]
            true = wa * buffer[a, i] + ca > 0.0
            if rb >= 0:
                buffer[eb, i] = u if true else 0.0
            if rc >= 0:
                buffer[ec, i] = 0.0 if true else u


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
            buffer[r, i] = el.select(buffer[g, i] == 0.0, 0.0, buffer[r, i])


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
    """Run the planned sweep: edge rows, rows of the weights, collecting rows; factors[k] scales instruction k's rows.

    Collecting rows are zeroed by the caller (and the root's one seeded, if it has one); factors[root] is 1 on entry.
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
            if plan[k, EDGE] >= 0 or plan[k, EDGE + 1] >= 0 or plan[k, EDGE + 2] >= 0 or plan[k, BY_EXPONENT] >= 0:
                _edges(buffer, code, weights, k, plan, groups)
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
