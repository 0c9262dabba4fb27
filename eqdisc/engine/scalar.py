"""Operators on single numbers: what constant subtrees fold to."""

import numpy as np

from eqdisc.engine import elementary as el
from eqdisc.engine.compile import kernel
from eqdisc.engine.opcodes import (
    LN10,
    N_ABS,
    N_ACOS,
    N_ADD,
    N_ASIN,
    N_ATAN,
    N_ATAN2,
    N_CBRT,
    N_COS,
    N_COSH,
    N_CUBE,
    N_DIV,
    N_EXP,
    N_FLOOR,
    N_INV,
    N_LOG,
    N_LOG10,
    N_MAX,
    N_MIN,
    N_MOD,
    N_MUL,
    N_NEG,
    N_POW,
    N_SIGN,
    N_SIN,
    N_SINH,
    N_SQRT,
    N_SQUARE,
    N_SUB,
    N_TAN,
    N_TANH,
    N_WHERE,
)


@kernel
def scalar_value(op: int, x: float, y: float, z: float) -> float:
    """Value of one operator on numbers: what constant subtrees fold to.

    By the C library: its calls are short, which shortens the compilation of the callers.
    """
    r = np.nan
    if op == N_ADD:
        r = x + y
    elif op == N_SUB:
        r = x - y
    elif op == N_MUL:
        r = x * y
    elif op == N_DIV:
        r = x / y
    elif op == N_NEG:
        r = -x
    elif op == N_INV:
        r = 1.0 / x
    elif op == N_SQUARE:
        r = x * x
    elif op == N_CUBE:
        r = x * x * x
    elif op == N_SQRT:
        r = np.sqrt(x)
    elif op == N_CBRT:
        r = np.cbrt(x)
    elif op == N_POW:
        r = x**y
    elif op == N_EXP:
        r = np.exp(x)
    elif op == N_LOG:
        r = np.log(x)
    elif op == N_LOG10:
        r = np.log(x) / LN10
    elif op == N_SIN:
        r = np.sin(x)
    elif op == N_COS:
        r = np.cos(x)
    elif op == N_TAN:
        r = np.tan(x)
    elif op == N_ASIN:
        r = np.arcsin(x)
    elif op == N_ACOS:
        r = np.arccos(x)
    elif op == N_ATAN:
        r = np.arctan(x)
    elif op == N_ATAN2:
        r = np.arctan2(x, y)
    elif op == N_SINH:
        r = np.sinh(x)
    elif op == N_COSH:
        r = np.cosh(x)
    elif op == N_TANH:
        r = np.tanh(x)
    elif op == N_ABS:
        r = abs(x)
    elif op == N_SIGN:
        r = np.sign(x)
    elif op == N_MIN:
        r = np.minimum(x, y)
    elif op == N_MAX:
        r = np.maximum(x, y)
    elif op == N_FLOOR:
        r = np.floor(x)
    elif op == N_MOD:
        r = el.mod_double(x, y)
    elif op == N_WHERE:
        r = y if x > 0.0 else z
    return r
