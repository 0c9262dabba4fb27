"""Evaluation of tapes on a block of rows, and the sums a score needs.

A buffer is a 2-D array `buffer[row, sample]`: one row per feature, a row of ones, then temporaries. 4 KiB a
row (512 doubles) is the best block from 2 to 300 features: dispatch costs 8-10 ns an instruction, so
128-sample blocks lose a factor of 2.5, and longer ones leave the L1 cache. These kernels validate nothing.
"""

import math
from typing import Any

import numpy as np
from numba.core import types
from numba.extending import overload

from eqdisc._typing import FloatArray, Int32Array
from eqdisc.engine import elementary as el
from eqdisc.engine.compile import inlined, kernel, summation
from eqdisc.engine.elementary_single import LARGE_ANGLE_SINGLE
from eqdisc.engine.instructions import bits, fabs, floor, iand, ior, isub, ixor, select, sqrt
from eqdisc.engine.opcodes import (
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
    A,
    B,
    C,
)

U = np.uint64  # unsigned indices: signed ones add wrap-around code to every access
_BITS = tuple(int(np.float64(v).view(np.int64)) for v in (el.LARGE_ANGLE, np.inf))
_BITS_SINGLE = tuple(int(np.float32(v).view(np.int32)) for v in (LARGE_ANGLE_SINGLE, np.inf))


def _limit_bits(kind: Any) -> Any:
    """Bit patterns of the largest angle for the polynomials, of infinity, and of all ones."""
    raise TypeError("for use inside compiled kernels only")


@overload(_limit_bits, inline="never")
def _limit_bits_of(x):  # type: ignore[no-untyped-def]
    integer = np.int32 if x == types.float32 else np.int64
    limit, infinity = _BITS_SINGLE if x == types.float32 else _BITS
    ones = -1
    return lambda x: (integer(limit), integer(infinity), integer(ones))


@inlined
def _excess(x: float, seen: int, bounds: tuple[int, int, int]) -> int:
    """Negative once some |x| lay beyond the limit: an integer OR, which vectorises as it is.

    NaN does not count: it needs no library call, and most random trees give some.
    """
    limit, infinity, ones = bounds
    pattern = bits(fabs(x))
    beyond = iand(isub(limit, pattern), ixor(isub(infinity, pattern), ones))
    return ior(seen, beyond)


@inlined
def groups_of(n: int) -> np.uint64:
    """Groups of 64 samples that hold n samples.

    A trip count that is visibly a multiple of 64 makes LLVM unroll fourfold, without a tail.
    """
    return U((n + 63) // 64)


@kernel
def forward(
    buffer: FloatArray,
    code: Int32Array,
    weights: FloatArray,
    terms: Int32Array,
    start: int,
    stop: int,
    groups: np.uint64,
) -> None:
    """Execute instructions start..stop on the first 64 * groups samples of the buffer.

    Sine, cosine and tangent also write their derivative's companion (code column COMPANION) where one is
    asked for. `terms` holds the operand rows of the n-ary sums: first index and count stand in columns A, B.
    """
    n = groups * U(64)
    kind = buffer.dtype.type
    one = kind(1)
    for k in range(start, stop):
        op = code[k, OP]
        d = U(code[k, DST])
        a = U(code[k, A])
        b = U(code[k, B])
        q = code[k, FIRST]
        wa = kind(weights[q])
        ca = kind(weights[q + 1])
        wb = kind(weights[q + 2])
        cb = kind(weights[q + 3])
        if op == T_ADD:
            for i in range(n):
                buffer[d, i] = wa * buffer[a, i] + ca * buffer[b, i]
        elif op == T_MUL:
            for i in range(n):
                buffer[d, i] = buffer[a, i] * buffer[b, i]
        elif op == T_MULC:
            for i in range(n):
                buffer[d, i] = (wa * buffer[a, i] + ca) * (wb * buffer[b, i] + cb)
        elif op == T_DIV:
            for i in range(n):
                buffer[d, i] = buffer[a, i] / buffer[b, i]
        elif op == T_DIVC:
            for i in range(n):
                buffer[d, i] = (wa * buffer[a, i] + ca) / (wb * buffer[b, i] + cb)
        elif op == T_INV:
            for i in range(n):
                buffer[d, i] = one / buffer[a, i]
        elif op == T_INVC:
            for i in range(n):
                buffer[d, i] = one / (wa * buffer[a, i] + ca)
        elif op == T_SQUARE:
            for i in range(n):
                buffer[d, i] = buffer[a, i] * buffer[a, i]
        elif op == T_SQUAREC:
            for i in range(n):
                v = wa * buffer[a, i] + ca
                buffer[d, i] = v * v
        elif op == T_CUBE:
            for i in range(n):
                v = wa * buffer[a, i] + ca
                buffer[d, i] = v * v * v
        elif op == T_EXP:
            for i in range(n):
                buffer[d, i] = el.exp(wa * buffer[a, i] + ca)
        elif op == T_LOG:
            for i in range(n):
                buffer[d, i] = el.log(wa * buffer[a, i] + ca)
        elif op == T_SQRT:
            for i in range(n):
                buffer[d, i] = sqrt(wa * buffer[a, i] + ca)
        elif op == T_SIN or op == T_COS or op == T_TAN:
            _angle(buffer, op, d, a, wa, ca, code[k, COMPANION], groups)
        elif op == T_TANH:
            for i in range(n):
                buffer[d, i] = el.tanh(wa * buffer[a, i] + ca)
        elif op == T_ABS:
            for i in range(n):
                buffer[d, i] = fabs(wa * buffer[a, i] + ca)
        elif op == T_MIN:
            for i in range(n):
                u = wa * buffer[a, i] + ca
                v = wb * buffer[b, i] + cb
                buffer[d, i] = select((u < v) | (u != u), u, v)
        elif op == T_MAX:
            for i in range(n):
                u = wa * buffer[a, i] + ca
                v = wb * buffer[b, i] + cb
                buffer[d, i] = select((u > v) | (u != u), u, v)
        elif op == T_SUM:
            s = kind(weights[q])
            for i in range(n):
                buffer[d, i] = s
            for t in range(code[k, B]):
                a = U(terms[code[k, A] + t])
                s = kind(weights[q + 1 + t])
                for i in range(n):
                    buffer[d, i] += s * buffer[a, i]
        else:
            _rare(buffer, op, d, a, b, U(code[k, C]), weights, q, groups)


@kernel
def _angle(
    buffer: FloatArray,
    op: int,
    d: np.uint64,
    a: np.uint64,
    w: float,
    c: float,
    companion: int,
    groups: np.uint64,
) -> None:
    """Sine, cosine or tangent; angles beyond the polynomials' reach go to the C library."""
    n = groups * U(64)
    kind = buffer.dtype.type
    bounds = _limit_bits(kind(0))
    seen = isub(bounds[0], bounds[0])
    if companion >= 0:
        e = U(companion)
        for i in range(n):
            x = w * buffer[a, i] + c
            seen = _excess(x, seen, bounds)
            s, t = el.sin_cos(x)
            if op == T_SIN:
                buffer[d, i] = s
                buffer[e, i] = t
            else:
                buffer[d, i] = t
                buffer[e, i] = -s
    elif op == T_SIN:
        for i in range(n):
            x = w * buffer[a, i] + c
            seen = _excess(x, seen, bounds)
            buffer[d, i] = el.sin(x)
    elif op == T_COS:
        for i in range(n):
            x = w * buffer[a, i] + c
            seen = _excess(x, seen, bounds)
            buffer[d, i] = el.cos(x)
    else:
        for i in range(n):
            x = w * buffer[a, i] + c
            seen = _excess(x, seen, bounds)
            s, t = el.sin_cos(x)
            buffer[d, i] = s / t
    if seen < 0:
        for i in range(n):
            x = w * buffer[a, i] + c
            if _excess(x, isub(bounds[0], bounds[0]), bounds) < 0:
                buffer[d, i] = math.sin(x) if op == T_SIN else (math.cos(x) if op == T_COS else math.tan(x))
                if companion >= 0:
                    buffer[U(companion), i] = math.cos(x) if op == T_SIN else -math.sin(x)


@kernel
def _rare(
    buffer: FloatArray,
    op: int,
    d: np.uint64,
    a: np.uint64,
    b: np.uint64,
    e: np.uint64,
    weights: FloatArray,
    q: int,
    groups: np.uint64,
) -> None:
    """The seldom operations, computed in double precision whatever the buffer holds."""
    n = groups * U(64)
    wa, ca = weights[q], weights[q + 1]
    wb, cb = weights[q + 2], weights[q + 3]
    if op == T_POWC:
        for i in range(n):
            buffer[d, i] = el.pow_double(wa * buffer[a, i] + ca, wb)
    elif op == T_POW:
        for i in range(n):
            buffer[d, i] = el.pow_double(wa * buffer[a, i] + ca, wb * buffer[b, i] + cb)
    elif op == T_CBRT:
        for i in range(n):
            buffer[d, i] = el.cbrt_double(wa * buffer[a, i] + ca)
    elif op == T_ASIN:
        for i in range(n):
            buffer[d, i] = el.asin_double(wa * buffer[a, i] + ca)
    elif op == T_ACOS:
        for i in range(n):
            buffer[d, i] = el.acos_double(wa * buffer[a, i] + ca)
    elif op == T_ATAN:
        for i in range(n):
            buffer[d, i] = el.atan_double(wa * buffer[a, i] + ca)
    elif op == T_ATAN2:
        for i in range(n):
            buffer[d, i] = el.atan2_double(wa * buffer[a, i] + ca, wb * buffer[b, i] + cb)
    elif op == T_SINH:
        for i in range(n):
            buffer[d, i] = el.sinh_double(wa * buffer[a, i] + ca)
    elif op == T_COSH:
        for i in range(n):
            buffer[d, i] = el.cosh_double(wa * buffer[a, i] + ca)
    elif op == T_SIGN:
        for i in range(n):
            v = wa * buffer[a, i] + ca
            buffer[d, i] = select(v > 0.0, 1.0, select(v < 0.0, -1.0, v))
    elif op == T_FLOOR:
        for i in range(n):
            buffer[d, i] = floor(wa * buffer[a, i] + ca)
    elif op == T_MOD:
        for i in range(n):
            buffer[d, i] = el.mod_double(wa * buffer[a, i] + ca, wb * buffer[b, i] + cb)
    elif op == T_WHERE:
        we, ce = weights[q + 4], weights[q + 5]
        for i in range(n):
            u = wb * buffer[b, i] + cb
            v = we * buffer[e, i] + ce
            buffer[d, i] = select(wa * buffer[a, i] + ca > 0.0, u, v)


@summation
def projection_sums(
    value: FloatArray, target: FloatArray, shift: float, n: np.uint64
) -> tuple[float, float, float]:
    """Sums of v, v**2 and v*y with v = value - shift: all that slope, intercept and R2 need.

    Shifting by one sample of the value keeps the variance from cancelling.
    """
    zero = value.dtype.type(0)
    s1 = zero
    s2 = zero
    s3 = zero
    for i in range(n):
        v = value[i] - shift
        s1 += v
        s2 += v * v
        s3 += v * target[i]
    return s1, s2, s3


@summation
def weighted_projection_sums(
    value: FloatArray, target: FloatArray, sample_weight: FloatArray, shift: float, n: np.uint64
) -> tuple[float, float, float]:
    """`projection_sums` with sample weights."""
    zero = value.dtype.type(0)
    s1 = zero
    s2 = zero
    s3 = zero
    for i in range(n):
        v = value[i] - shift
        u = sample_weight[i] * v
        s1 += u
        s2 += u * v
        s3 += u * target[i]
    return s1, s2, s3


@summation
def residual_sum(
    value: FloatArray,
    target: FloatArray,
    sample_weight: FloatArray,
    slope: float,
    intercept: float,
    n: np.uint64,
) -> float:
    """Weighted sum of squared residuals, formed directly: the fused sums cancel at 1 - R2 < 1e-8."""
    s = value.dtype.type(0)
    for i in range(n):
        r = target[i] - (slope * value[i] + intercept)
        s += sample_weight[i] * (r * r)
    return s
