"""From fitted tape weights back to the constants of a tree: the way down of `tape`'s lowering."""

import numpy as np

from eqdisc._typing import FloatArray, Int32Array
from eqdisc.engine import elementary as el
from eqdisc.engine.compile import inlined, kernel
from eqdisc.engine.opcodes import (
    ARITY,
    CONSTANT,
    FIRST,
    INSTR,
    LEFT,
    LN10,
    MIDDLE,
    N_ABS,
    N_ADD,
    N_CBRT,
    N_CUBE,
    N_DIV,
    N_EXP,
    N_INV,
    N_LOG,
    N_LOG10,
    N_MUL,
    N_NEG,
    N_SQRT,
    N_SQUARE,
    N_SUB,
    N_WHERE,
    OP,
    SCALES,
    SHIFTS,
    SLOT,
    T_DIV,
    T_INV,
    T_MUL,
    T_POWC,
    T_SQUARE,
    VARIABLE,
)


@inlined
def _share(
    want: FloatArray,
    pending: FloatArray,
    state: Int32Array,
    a: int,
    b: int,
    scale_a: float,
    scale_b: float,
    sign: float,
    offset: float,
) -> None:
    """Give operands a and b of a sum their scales, and the offset to one that has a constant for it."""
    if state[a, SHIFTS]:
        ratio = scale_b / pending[b, 0] if pending[b, 0] != 0.0 else 1.0
        want[b, 1] = pending[b, 1] * ratio
        want[a, 1] = offset - sign * want[b, 1]
    else:
        ratio = scale_a / pending[a, 0] if pending[a, 0] != 0.0 else 1.0
        want[a, 1] = pending[a, 1] * ratio
        want[b, 1] = sign * (offset - want[a, 1])
    want[a, 0] = scale_a
    want[b, 0] = scale_b


@kernel
def restore_constants(
    ops: Int32Array,
    values: FloatArray,
    start: int,
    stop: int,
    code: Int32Array,
    weights: FloatArray,
    state: Int32Array,
    pending: FloatArray,
    want: FloatArray,
    restored: FloatArray,
) -> bool:
    """Hand fitted tape weights back to the constants of the tree (`values` of the tree as it was lowered).

    Walks from the root down, whose want the caller has set: `want[n]` is the (scale, offset) that node n's
    pending value must have so that the tree lowers to the fitted tape. Writes the new values (all nodes) to
    `restored`; False, and nothing to be used, where no constant can express it:
    exp(x + c) cannot become negative.
    """
    size = stop - start
    for n in range(size - 1, -1, -1):
        op = ops[start + n]
        w = want[n, 0]
        c = want[n, 1]
        restored[n] = values[start + n]
        if op == CONSTANT:
            if not abs(c) < np.inf:
                return False
            restored[n] = c
            continue
        if op == VARIABLE:
            if not abs(w) < np.inf:
                return False
            restored[n] = w
            continue
        a = state[n, LEFT]
        b = n - 1
        k = state[n, INSTR]
        q = code[k, FIRST] if k >= 0 else 0
        a_constant = state[a, SLOT] < 0
        b_constant = state[b, SLOT] < 0
        if op == N_ADD or op == N_SUB:
            sign = -1.0 if op == N_SUB else 1.0
            if k >= 0:
                _share(want, pending, state, a, b, w * weights[q], sign * w * weights[q + 1], sign, c)
            elif a_constant:
                _share(want, pending, state, a, b, 0.0, sign * w, sign, c)
            elif b_constant:
                ratio = w / pending[a, 0] if pending[a, 0] != 0.0 else 1.0
                want[a, 0] = w
                want[a, 1] = pending[a, 1] * ratio
                want[b, 0] = 0.0
                want[b, 1] = sign * (c - want[a, 1])
            elif state[a, SCALES]:
                _share(want, pending, state, a, b, w - sign * pending[b, 0], pending[b, 0], sign, c)
            else:
                _share(want, pending, state, a, b, pending[a, 0], sign * (w - pending[a, 0]), sign, c)
        elif op == N_NEG:
            want[b, 0] = -w
            want[b, 1] = -c
        elif (op == N_MUL and (a_constant or b_constant)) or (op == N_DIV and b_constant):
            # x is the operand that varies (either will do where both are constant), y the constant.
            x, y = (b, a) if a_constant and op == N_MUL else (a, b)
            old = pending[n, 0]
            factor = w / old if w != old else 1.0
            if not abs(factor) < np.inf or factor == 0.0:
                return False
            want[y, 0] = 0.0
            want[y, 1] = pending[y, 1] * factor if op == N_MUL else pending[y, 1] / factor
            want[x, 0] = pending[x, 0]
            if state[x, SHIFTS]:
                want[x, 1] = c / want[y, 1] if op == N_MUL else c * want[y, 1]
            else:
                want[x, 1] = pending[x, 1]
        elif op == N_DIV and a_constant:
            want[a, 0] = 0.0
            if code[k, OP] == T_INV:
                want[a, 1] = w * pending[b, 0]
                want[b, 0] = pending[b, 0]
                want[b, 1] = 0.0
            else:
                want[a, 1] = w
                want[b, 0] = weights[q]
                want[b, 1] = weights[q + 1]
        elif op == N_MUL or op == N_DIV:
            factor = w
            if code[k, OP] == T_MUL or code[k, OP] == T_DIV:
                natural = pending[a, 0] * pending[b, 0] if op == N_MUL else pending[a, 0] / pending[b, 0]
                factor = w / natural if w != natural else 1.0
                want[a, 0] = pending[a, 0]
                want[a, 1] = pending[a, 1]
                want[b, 0] = pending[b, 0]
                want[b, 1] = pending[b, 1]
            else:
                want[a, 0] = weights[q]
                want[a, 1] = weights[q + 1]
                want[b, 0] = weights[q + 2]
                want[b, 1] = weights[q + 3]
            if factor != 1.0:
                if not abs(factor) < np.inf or factor == 0.0:
                    return False
                if state[a, SCALES]:
                    want[a, 0] *= factor
                    want[a, 1] *= factor
                else:
                    factor = factor if op == N_MUL else 1.0 / factor
                    want[b, 0] *= factor
                    want[b, 1] *= factor
        elif op == N_INV or op == N_SQUARE:
            scale = w
            if code[k, OP] == T_INV or code[k, OP] == T_SQUARE:
                scale = w / pending[n, 0] if w != pending[n, 0] else 1.0
                want[b, 0] = pending[b, 0]
                want[b, 1] = pending[b, 1]
            else:
                want[b, 0] = weights[q]
                want[b, 1] = weights[q + 1]
            factor = 1.0 / scale if op == N_INV else np.sqrt(scale)
            if not abs(factor) < np.inf or factor == 0.0:
                return False
            want[b, 0] *= factor
            want[b, 1] *= factor
        elif code[k, OP] == T_POWC:
            factor = el.pow_double(w, 1.0 / weights[q + 2]) if w != 1.0 else 1.0
            if not factor < np.inf or factor == 0.0:
                return False
            want[a, 0] = weights[q] * factor
            want[a, 1] = weights[q + 1] * factor
            want[b, 0] = 0.0
            want[b, 1] = weights[q + 2]
        elif ARITY[op] == 1:
            factor = 1.0
            shift = 0.0
            if op == N_EXP:
                shift = np.log(w)
            elif op == N_LOG:
                factor = np.exp(c)
            elif op == N_LOG10:
                factor = np.exp(c * LN10)
            elif op == N_SQRT:
                factor = w * w if w > 0.0 else np.nan
            elif op == N_CUBE:
                factor = el.cbrt_double(w)
            elif op == N_CBRT:
                factor = w * w * w
            elif op == N_ABS:
                factor = w if w > 0.0 else np.nan
            if not (abs(factor) < np.inf and abs(shift) < np.inf) or factor == 0.0:
                return False
            want[b, 0] = weights[q] * factor
            want[b, 1] = weights[q + 1] * factor + shift
        else:
            want[a, 0] = weights[q]
            want[a, 1] = weights[q + 1]
            if op == N_WHERE:
                middle = state[n, MIDDLE]
                want[middle, 0] = weights[q + 2]
                want[middle, 1] = weights[q + 3]
                q += 2
            want[b, 0] = weights[q + 2]
            want[b, 1] = weights[q + 3]
    return True
