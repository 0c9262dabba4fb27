"""Edges: the adjoint of an instruction times its derivative by each operand (see `jacobian`)."""

import numpy as np

from eqdisc._typing import FloatArray, Int32Array
from eqdisc.engine import elementary as el
from eqdisc.engine.adjoints import ADJOINT, BY_EXPONENT, EDGE
from eqdisc.engine.compile import kernel
from eqdisc.engine.instructions import floor, select, sqrt
from eqdisc.engine.opcodes import (
    COMPANION,
    DST,
    FIRST,
    OP,
    T_ABS,
    T_ACOS,
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
    T_TAN,
    T_TANH,
    T_WHERE,
    A,
    B,
)

U = np.uint64  # see `kernels`


@kernel
def write_edges(
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
            buffer[ea, i] = buffer[g, i] * select(v > 0.0, 1.0, select(v < 0.0, -1.0, v))
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
    """`write_edges` of the seldom operations."""
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
                buffer[e, i] = buffer[g, i] * select(
                    (v == 0.0) & (wb > 0.0), 0.0, buffer[d, i] * el.log_double(v)
                )
    elif op == T_POW:
        if ra >= 0:
            for i in range(n):
                y = wb * buffer[b, i] + cb
                slope = select(y == 0.0, 0.0, y * el.pow_double(wa * buffer[a, i] + ca, y - 1.0))
                buffer[ea, i] = buffer[g, i] * slope
        if rb >= 0:
            for i in range(n):
                v = wa * buffer[a, i] + ca
                y = wb * buffer[b, i] + cb
                buffer[eb, i] = buffer[g, i] * select(
                    (v == 0.0) & (y > 0.0), 0.0, buffer[d, i] * el.log_double(v)
                )
    elif op == T_CBRT:
        for i in range(n):
            buffer[ea, i] = buffer[g, i] / (3.0 * buffer[d, i] * buffer[d, i])
    elif op == T_ASIN or op == T_ACOS:
        sign = 1.0 if op == T_ASIN else -1.0
        for i in range(n):
            v = wa * buffer[a, i] + ca
            buffer[ea, i] = sign * buffer[g, i] / sqrt((1.0 - v) * (1.0 + v))
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
                buffer[eb, i] = -u * floor(x / y)
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
