"""Tidying of offspring before they cost anything: fold constants, merge them, refuse the redundant."""

import numpy as np

from eqdisc._typing import IntArray
from eqdisc.engine.compile import kernel
from eqdisc.engine.opcodes import (
    ARITY,
    CONSTANT,
    N_ABS,
    N_ADD,
    N_CBRT,
    N_CUBE,
    N_DIV,
    N_EXP,
    N_INV,
    N_LOG,
    N_MAX,
    N_MIN,
    N_MUL,
    N_NEG,
    N_SQRT,
    N_SQUARE,
    N_SUB,
)
from eqdisc.engine.scalar import scalar_value
from eqdisc.proposers.gp.genome import Genome, push

#: REDUNDANT[outer, inner]: outer(inner(x)) is x, or says what a shorter tree says.
REDUNDANT = np.zeros((ARITY.shape[0], ARITY.shape[0]), np.bool_)
for _outer, _inner in (
    (N_EXP, N_LOG),
    (N_LOG, N_EXP),
    (N_SQUARE, N_SQRT),
    (N_SQRT, N_SQUARE),
    (N_CUBE, N_CBRT),
    (N_CBRT, N_CUBE),
    (N_NEG, N_NEG),
    (N_INV, N_INV),
    (N_ABS, N_ABS),
    (N_ABS, N_NEG),
    (N_ABS, N_SQUARE),
    (N_ABS, N_SQRT),
    (N_ABS, N_EXP),
    (N_SQUARE, N_NEG),
    (N_SQUARE, N_ABS),
):
    REDUNDANT[_outer, _inner] = True

#: Powers with a fixed exponent: the logarithm of their size is a multiple of that of the operand's.
IS_POWER = np.zeros(ARITY.shape[0], np.bool_)
IS_POWER[np.array([N_INV, N_SQUARE, N_CUBE, N_SQRT, N_CBRT, N_ABS])] = True
IS_SLOPE = np.zeros(ARITY.shape[0], np.bool_)
IS_SLOPE[np.array([N_MUL, N_DIV])] = True


@kernel
def _equal(g: Genome, a: int, b: int, length: int) -> bool:
    for i in range(length):
        if (
            g.ops[a + i] != g.ops[b + i]
            or g.args[a + i] != g.args[b + i]
            or g.values[a + i] != g.values[b + i]
        ):
            return False
    return True


@kernel
def _rotate_constant(g: Genome, start: int) -> None:
    """Move the constant at `start` behind the subtree that follows it."""
    value = g.values[start]
    last = g.size[0] - 1
    for i in range(start, last):
        g.ops[i], g.args[i], g.values[i] = g.ops[i + 1], g.args[i + 1], g.values[i + 1]
    g.ops[last], g.args[last], g.values[last] = CONSTANT, 0, value


@kernel
def _merge(g: Genome, op: int) -> bool:
    """(x o c1) o c2 becomes x o c: `op` and the node below it both have a constant on the right."""
    n = g.size[0]
    if n < 4 or g.ops[n - 3] != CONSTANT:
        return False
    below = g.ops[n - 2]
    inner, outer = g.values[n - 3], g.values[n - 1]
    # The merged operator is one of the two: the set may lack the other.
    if below == op and (op == N_ADD or op == N_SUB):
        inner += outer
    elif below == op and (op == N_MUL or op == N_DIV):
        inner *= outer
    elif (op == N_ADD and below == N_SUB) or (op == N_SUB and below == N_ADD):
        inner = outer - inner if op == N_ADD else inner - outer
        g.ops[n - 2] = N_ADD
    elif (op == N_MUL and below == N_DIV) or (op == N_DIV and below == N_MUL):
        inner = outer / inner if op == N_MUL else inner / outer
        g.ops[n - 2] = N_MUL
    else:
        return False
    g.values[n - 3] = inner
    g.size[0] = n - 1
    return True


@kernel
def tidy(source: Genome, out: Genome, starts: IntArray) -> bool:
    """Write the tidied tree to the empty genome `out`; False where the tree is redundant or not finite.

    Constant subtrees fold, constants of sums and products stand on the right and merge with those below them.
    """
    depth = 0
    for k in range(source.size[0]):
        op = source.ops[k]
        arity = ARITY[op]
        if arity == 0:
            if op == CONSTANT and not abs(source.values[k]) < 1e100:
                return False
            starts[depth] = out.size[0]
            depth += 1
            push(out, op, source.args[k], source.values[k])
            continue
        depth -= arity
        start = starts[depth]
        n = out.size[0]
        second = starts[depth + 1] if arity > 1 else n
        third = starts[depth + 2] if arity > 2 else n
        constants = 0
        for j in range(arity):
            first = starts[depth + j]
            end = starts[depth + j + 1] if j + 1 < arity else n
            constants += end - first == 1 and out.ops[first] == CONSTANT
        depth += 1
        if constants == arity:
            x = out.values[start]
            y = out.values[second] if arity > 1 else x
            value = scalar_value(op, x, y, out.values[third] if arity > 2 else y)
            if not abs(value) < 1e100:
                return False
            out.size[0] = start
            push(out, CONSTANT, 0, value)
            continue
        if arity == 1 and REDUNDANT[op, out.ops[n - 1]]:
            return False
        if arity == 2:
            may_cancel = op == N_SUB or op == N_DIV or op == N_MIN or op == N_MAX
            if may_cancel and second - start == n - second and _equal(out, start, second, n - second):
                return False
            if (op == N_ADD or op == N_MUL) and second - start == 1 and out.ops[start] == CONSTANT:
                _rotate_constant(out, start)
                second = n - 1
            if n - second == 1 and out.ops[second] == CONSTANT:
                if out.values[second] == 0.0:
                    return False
                if _merge(out, op):
                    continue
        push(out, op, 0, 0.0)
    return True


@kernel
def strip(g: Genome, shifts: bool, powers: bool) -> bool:
    """Take off the root what is fitted anyway; False where a constant is left.

    Slopes in any case, intercepts where `shifts`, and powers with a fixed exponent where `powers`.
    """
    while g.size[0] > 1:
        n = g.size[0]
        op = g.ops[n - 1]
        if op == N_NEG or (powers and IS_POWER[op]):
            g.size[0] = n - 1
        elif g.ops[n - 2] == CONSTANT and (IS_SLOPE[op] or (shifts and (op == N_ADD or op == N_SUB))):
            g.size[0] = n - 2
        elif _from_constant(g, op, shifts, powers):
            for i in range(n - 2):
                g.ops[i], g.args[i], g.values[i] = g.ops[i + 1], g.args[i + 1], g.values[i + 1]
            g.size[0] = n - 2
        else:
            break
    return g.ops[g.size[0] - 1] != CONSTANT


@kernel
def _from_constant(g: Genome, op: int, shifts: bool, powers: bool) -> bool:
    """Whether the root is constant - x, or constant / x, to be taken off."""
    wanted = (shifts and op == N_SUB) or (powers and op == N_DIV)
    return wanted and g.ops[0] == CONSTANT and _spans(g, 1, g.size[0] - 2)


@kernel
def _spans(g: Genome, start: int, root: int) -> bool:
    """Whether the subtree of node `root` begins at node `start`."""
    need = 1
    i = root
    while i >= start:
        need += ARITY[g.ops[i]] - 1
        if need == 0:
            return i == start
        i -= 1
    return False
