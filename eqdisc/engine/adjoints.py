"""Plan of a reverse sweep (`jacobian`): the row of the buffer every derivative of a root is written to."""

from eqdisc._typing import Int32Array, IntArray
from eqdisc.engine.compile import inlined, kernel
from eqdisc.engine.opcodes import (
    FIRST,
    OP,
    T_ADD,
    T_ATAN2,
    T_DIV,
    T_DIVC,
    T_INV,
    T_MAX,
    T_MIN,
    T_MOD,
    T_MUL,
    T_POW,
    T_POWC,
    T_SQUARE,
    T_SUM,
    T_WHERE,
    A,
    B,
)

#: Columns of the plan of an instruction: adjoint row; per operand its edge row, the row of its weight's
#: derivative, the row where its slot's adjoint is collected; row of the derivative by a constant exponent;
#: rows of a SUM's terms.
ADJOINT, EDGE, BY_WEIGHT, COLLECT, BY_EXPONENT, TERMS = 0, 1, 4, 7, 10, 11
PLAN_COLUMNS = 12
_NONE = -1


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

    `root` is the root's slot, `seed_row` the row its adjoint starts from (ones, or roots of the sample
    weights); slots below `first_slot` are inputs, slot first_slot + k is written by instruction k. `free[0]`
    is the first free row and is moved on. derivative_rows[p] receives the row of parameter p's derivative and
    derivative_rows[n_parameters + p] the instruction whose factor scales it (-1: none), -1 where the root
    does not depend on it; with `by_input` derivative_rows[2 * n_parameters + j] is the row for input j.
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
    # A root that is also consumed, an input, and every slot consumed twice collect their adjoint in a row.
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
