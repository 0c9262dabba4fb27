"""Lowering: a postfix tree becomes a short tape of instructions (`facts`: 25 nodes to 6-11 instructions).

A pending operand is `w * slot + c`; weights, minus signs, scalings and offsets are folded into the
instruction that consumes it, leaves are never copied, and only operations on two varying operands, or a
function, emit an instruction. Instruction k is `code[k] = (operation, destination, a, b, c, first weight)`
and its weights lie at `weights[first:]` in the order wa, ca, wb, cb, wc, cc (offsets only where the operation
has them, see `forward`).

A tape reads a buffer of rows: the features, a row of ones (index n_features), then temporaries. A tree may
leave several values on the stack (several roots); SUM instructions, n-ary weighted sums, carry networks.

For fitting, `lower` also decides which weights are free *and not redundant*. A constant that only scales or
shifts an operand is not made a parameter of its own where that freedom passes on to the result (exp(x + c) is
a scale, log(k*x) an offset, a scaled factor scales the product): it travels up, and what reaches the root is
solved in closed form as slope and intercept (variable projection, Golub & Pereyra 1973). A weight whose
freedom has travelled on is held at its present value. `restore_constants` walks down again and hands every
change to a constant of the tree.
"""

import numpy as np

from eqdisc._typing import FloatArray, Int32Array, IntArray
from eqdisc.engine.compile import inlined, kernel
from eqdisc.engine.opcodes import (
    ARITY,
    BINARY,
    COMPANION,
    CONSTANT,
    DST,
    FIRST,
    INSTR,
    LEFT,
    LN10,
    MIDDLE,
    N_ADD,
    N_DIV,
    N_INV,
    N_LOG10,
    N_MUL,
    N_NEG,
    N_POW,
    N_SQUARE,
    N_SUB,
    N_WHERE,
    OP,
    SCALES,
    SHIFTS,
    SLOT,
    T_ABS,
    T_ADD,
    T_CBRT,
    T_CUBE,
    T_DIV,
    T_DIVC,
    T_EXP,
    T_FLOOR,
    T_INV,
    T_INVC,
    T_LOG,
    T_MUL,
    T_MULC,
    T_POWC,
    T_SIGN,
    T_SQRT,
    T_SQUARE,
    T_SQUAREC,
    T_WHERE,
    UNARY,
    VARIABLE,
    A,
    B,
    C,
)
from eqdisc.engine.scalar import scalar_value

_NONE = -1


@inlined
def _emit(code: Int32Array, k: int, op: int, dst: int, a: int, b: int, first: int) -> None:
    code[k, OP] = op
    code[k, DST] = dst
    code[k, A] = a
    code[k, B] = b
    code[k, C] = a
    code[k, FIRST] = first
    code[k, COMPANION] = _NONE


@kernel
def lower(
    ops: Int32Array,
    args: Int32Array,
    values: FloatArray,
    start: int,
    stop: int,
    n_features: int,
    first_row: int,
    fitting: bool,
    free_weights: bool,
    code: Int32Array,
    weights: FloatArray,
    k: int,
    q: int,
    parameters: IntArray,
    state: Int32Array,
    pending: FloatArray,
    stack: Int32Array,
    free_rows: Int32Array,
    counts: IntArray,
) -> None:
    """Append the tape of one tree at instruction k, weight q.

    For evaluation slots are reused, so that they stay in the L1 cache; with `fitting` every instruction keeps
    its row (slot first_row + k) and the free weights are listed in `parameters`.

    Writes (next instruction, next weight, parameters, roots, rows used) to `counts`. stack[:roots] names the
    nodes that are roots: their value is pending[n, 0] * buffer[state[n, SLOT]] + pending[n, 1].
    """
    depth = 0
    n_parameters = 0
    top = first_row
    n_free = 0
    ones = n_features
    for i in range(start, stop):
        n = i - start
        op = ops[i]
        if fitting:
            state[n, INSTR] = _NONE
        if op == VARIABLE:
            state[n, SLOT] = args[i]
            pending[n, 0] = values[i]
            pending[n, 1] = -0.0  # x + (-0.0) is x even for x = -0.0
            if fitting:
                state[n, SCALES] = free_weights
                state[n, SHIFTS] = 0
            stack[depth] = n
            depth += 1
            continue
        if op == CONSTANT:
            state[n, SLOT] = _NONE
            pending[n, 0] = 0.0
            pending[n, 1] = values[i]
            if fitting:
                state[n, SCALES] = 0
                state[n, SHIFTS] = 1
            stack[depth] = n
            depth += 1
            continue
        # Operands: a, b (and m, the middle one of where, which has a as its condition).
        arity = ARITY[op]
        depth -= arity
        a = stack[depth]
        b = stack[depth + 1] if arity > 1 else a
        m = b
        if arity == 3:
            b = stack[depth + 2]
        sa, wa, ca = state[a, SLOT], pending[a, 0], pending[a, 1]
        sb, wb, cb = state[b, SLOT], pending[b, 0], pending[b, 1]
        ha = hb = oa = ob = 0
        if fitting:
            ha, oa = state[a, SCALES], state[a, SHIFTS]
            hb, ob = state[b, SCALES], state[b, SHIFTS]
            state[n, LEFT] = a
            state[n, MIDDLE] = m
        stack[depth] = n
        depth += 1
        w = 1.0
        c = -0.0
        h = 0
        o = 0
        slot = _NONE
        emitted = _NONE  # operation to be emitted; its weights are written at q as the case is decided
        used = 0
        constant = sa < 0 and sb < 0 and (arity < 3 or state[m, SLOT] < 0)
        if constant and fitting and not N_ADD <= op <= N_NEG:
            # A function of constants stays an instruction (on 0 * ones + c): what is inside is fitted too.
            constant = False
            sa, wa, ha = ones, 0.0, 0
            if arity == 1:
                sb = ones
        if constant:
            w = 0.0
            c = scalar_value(op, ca, pending[m, 1] if arity == 3 else cb, cb)
            o = (oa | ob) & (abs(c) < np.inf)
        elif op == N_ADD or op == N_SUB:
            if op == N_SUB:
                wb = -wb
                cb = -cb
            c = ca + cb
            o = oa | ob
            if sa < 0 or sb < 0 or sa == sb:
                slot = max(sa, sb)
                w = wa + wb
                h = ha | hb
            else:
                emitted = T_ADD
                weights[q] = wa
                weights[q + 1] = wb
                used = 2
                if fitting and (ha or hb):
                    h = ha & hb
                    # One relative weight is free; where both are, the held one must not be zero.
                    parameters[n_parameters] = q if (not hb or (ha and wa == 0.0)) else q + 1
                    n_parameters += 1
        elif op == N_NEG:
            slot, w, c, h, o = sa, -wa, -ca, ha, oa
        elif op == N_MUL:
            if sa < 0:
                slot, w, c, h, o = sb, ca * wb, ca * cb, oa | hb, ob
            elif sb < 0:
                slot, w, c, h, o = sa, wa * cb, ca * cb, ob | ha, oa
            else:
                h = ha | hb
                if ca == 0.0 and cb == 0.0 and not (oa or ob):
                    emitted = T_MUL
                    w = wa * wb
                else:
                    emitted = T_MULC
        elif op == N_DIV:
            if sb < 0:
                slot, w, c, h, o = sa, wa / cb, ca / cb, ha | ob, oa
            elif sa < 0:
                h = oa | hb
                if cb == 0.0 and not ob:
                    emitted = T_INV
                    w = ca / wb
                else:
                    emitted = T_INVC
                    w = ca
                sa, wa, ca, oa = sb, wb, cb, ob
            else:
                h = ha | hb
                if ca == 0.0 and cb == 0.0 and not (oa or ob):
                    emitted = T_DIV
                    w = wa / wb
                else:
                    emitted = T_DIVC
        elif op == N_INV:
            h = ha
            if ca == 0.0 and not oa:
                emitted = T_INV
                w = 1.0 / wa
            else:
                emitted = T_INVC
        elif op == N_SQUARE:
            h = ha
            if ca == 0.0 and not oa:
                emitted = T_SQUARE
                w = wa * wa
            else:
                emitted = T_SQUAREC
        elif op == N_POW and sb < 0:
            emitted = T_POWC
            weights[q] = wa
            weights[q + 1] = ca
            weights[q + 2] = cb
            used = 3
            h = ha
            if fitting:
                if oa:
                    parameters[n_parameters] = q + 1
                    n_parameters += 1
                if ob:
                    parameters[n_parameters] = q + 2
                    n_parameters += 1
        elif UNARY[op] >= 0:
            emitted = UNARY[op]
            weights[q] = wa
            weights[q + 1] = ca
            used = 2
            if emitted == T_EXP:
                h = oa
                oa = 0
            elif emitted == T_LOG:
                o = ha
                ha = 0
                if op == N_LOG10:
                    w = 1.0 / LN10
            elif emitted == T_SQRT or emitted == T_CBRT or emitted == T_CUBE or emitted == T_ABS:
                h = ha
                ha = 0
            if fitting and emitted != T_FLOOR and emitted != T_SIGN:
                if ha:
                    parameters[n_parameters] = q
                    n_parameters += 1
                if oa:
                    parameters[n_parameters] = q + 1
                    n_parameters += 1
        else:  # pow, atan2, min, max, mod, where: all weights of all operands
            emitted = T_WHERE if op == N_WHERE else BINARY[op]
            if sa < 0:
                sa, wa, ha = ones, 0.0, 0
            if sb < 0:
                sb, wb, hb = ones, 0.0, 0
            weights[q] = wa
            weights[q + 1] = ca
            used = 4
            if op == N_WHERE:
                used = 6
                weights[q + 4] = wb
                weights[q + 5] = cb
                if fitting:
                    if hb:
                        parameters[n_parameters] = q + 4
                        n_parameters += 1
                    if ob:
                        parameters[n_parameters] = q + 5
                        n_parameters += 1
                    hb, ob = state[m, SCALES], state[m, SHIFTS]
                wb, cb = pending[m, 0], pending[m, 1]
                if state[m, SLOT] < 0:
                    wb, hb = 0.0, 0
            weights[q + 2] = wb
            weights[q + 3] = cb
            if fitting:
                if op != N_WHERE:  # a condition has no derivative
                    if ha:
                        parameters[n_parameters] = q
                        n_parameters += 1
                    if oa:
                        parameters[n_parameters] = q + 1
                        n_parameters += 1
                if hb:
                    parameters[n_parameters] = q + 2
                    n_parameters += 1
                if ob:
                    parameters[n_parameters] = q + 3
                    n_parameters += 1
        if emitted == T_MULC or emitted == T_DIVC:
            weights[q] = wa
            weights[q + 1] = ca
            weights[q + 2] = wb
            weights[q + 3] = cb
            used = 4
            if fitting:
                if oa:
                    parameters[n_parameters] = q + 1
                    n_parameters += 1
                if ob:
                    parameters[n_parameters] = q + 3
                    n_parameters += 1
        elif emitted == T_INVC or emitted == T_SQUAREC:
            weights[q] = wa
            weights[q + 1] = ca
            used = 2
            if fitting and oa:
                parameters[n_parameters] = q + 1
                n_parameters += 1
        if emitted >= 0:
            # The destination never equals a source: LLVM would fall back to scalar code.
            if not fitting and n_free > 0:
                n_free -= 1
                slot = free_rows[n_free]
            else:
                slot = top
                top += 1
            _emit(code, k, emitted, slot, sa, sb, q)
            if emitted == T_WHERE:
                code[k, C] = sb
                code[k, B] = ones if state[m, SLOT] < 0 else state[m, SLOT]
                if not fitting and state[m, SLOT] >= first_row:
                    free_rows[n_free] = state[m, SLOT]
                    n_free += 1
            q += used
            if fitting:
                state[n, INSTR] = k
            else:
                if sa >= first_row:
                    free_rows[n_free] = sa
                    n_free += 1
                if sb >= first_row and sb != sa:
                    free_rows[n_free] = sb
                    n_free += 1
            k += 1
        state[n, SLOT] = slot
        pending[n, 0] = w
        pending[n, 1] = c
        if fitting:
            state[n, SCALES] = h
            state[n, SHIFTS] = o
    counts[0] = k
    counts[1] = q
    counts[2] = n_parameters
    counts[3] = depth
    counts[4] = top - first_row
