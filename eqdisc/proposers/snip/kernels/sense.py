"""Whether a skeleton says in a roundabout way what something shorter says."""

from functools import lru_cache

import numpy as np
from numba.core import types

from eqdisc._typing import IntArray
from eqdisc.engine.compile import kernel, native_address
from eqdisc.expr.operators import (
    ABS,
    ACOS,
    ADD,
    ARITY,
    ASIN,
    ATAN,
    ATAN2,
    CBRT,
    CONSTANT,
    COS,
    COSH,
    CUBE,
    DIV,
    EXP,
    FLOOR,
    INV,
    LOG,
    LOG10,
    MAX,
    MIN,
    MOD,
    MUL,
    POW,
    SIGN,
    SIN,
    SINH,
    SQRT,
    SQUARE,
    SUB,
    TAN,
    TANH,
    VARIABLE,
    WHERE,
)
from eqdisc.proposers.snip.kernels.arena import (
    append,
    code_at,
    first,
    first_of,
    last,
    order,
    place_of,
    popped,
    pushed,
    root,
    tree_of,
)

#: Pairs outer, inner that say the same as something shorter.
_IDLE_PAIRS = (
    (SQRT, SQUARE), (SQUARE, SQRT), (SQRT, EXP), (SQRT, SQRT), (SQUARE, SQUARE), (SQUARE, EXP), (SQUARE, ABS),
    (CUBE, CUBE), (CUBE, CBRT), (CBRT, CUBE), (CBRT, EXP), (CUBE, EXP), (LOG, EXP), (EXP, LOG), (LOG, LOG10),
    (LOG10, LOG), (LOG, SQRT), (LOG, SQUARE), (LOG10, SQUARE), (LOG10, SQRT), (LOG10, EXP), (EXP, LOG10),
    (ABS, ABS), (ABS, SQUARE), (ABS, SQRT), (ABS, EXP), (ABS, COSH), (ABS, ACOS), (ABS, FLOOR), (SIGN, SQRT),
    (SIGN, SQUARE), (SIGN, EXP), (SIGN, COSH), (SIGN, ACOS), (SIGN, ABS), (SIGN, CUBE), (SIGN, CBRT),
    (SIGN, TANH), (SIGN, ATAN), (SIGN, SINH), (SIGN, SIGN), (FLOOR, FLOOR), (FLOOR, SIGN), (SIN, ASIN),
    (COS, ACOS), (TAN, ATAN), (ASIN, SIN), (ACOS, COS), (ATAN, TAN), (INV, EXP), (INV, INV),
    (ABS, SIGN), (SQUARE, SIGN), (CUBE, SIGN), (CBRT, SIGN),
)  # fmt: skip
_IDLE = np.zeros((64, 64), np.bool_)
_IDLE[tuple(np.transpose(_IDLE_PAIRS))] = True
_CURVED = np.zeros(64, np.bool_)
_CURVED[[EXP, LOG, LOG10, SIN, COS, TAN, ASIN, ACOS, ATAN, SINH, COSH, TANH, POW, ATAN2]] = True
_WAVE = np.zeros(64, np.bool_)
_WAVE[[SIN, COS, TAN]] = True
_PAIRED = np.zeros(64, np.bool_)
_PAIRED[[MIN, MAX, MOD, ATAN2, SUB]] = True
#: Functions of functions of functions are no laws.
_MOST_CURVED = 3
_ARITY = np.array(ARITY, np.int64)


@kernel
def sensible(a: IntArray, tree: int) -> bool:
    """Whether no part of a skeleton says what something shorter says."""
    curved, logs, exps, repeated, seen = 0, 0, 0, False, 0
    for i in range(first(tree), last(tree)):
        code = code_at(a, i)
        if i > first(tree):
            if _ARITY[code] == 1 and _IDLE[code, code_at(a, i - 1)]:
                return False
            curved += int(_CURVED[code])
        logs += int(code == LOG)
        exps += int(code == EXP)
        if code == VARIABLE:
            bit = 1 << (a[i] & 31)
            repeated |= seen & bit > 0
            seen |= bit
    if curved > _MOST_CURVED:
        return False
    # The rest can be wrong only where an input stands twice, a wave in another, a product of exponentials.
    if not repeated and curved - logs < 2 and exps == 0:
        return True
    sound = True
    for i in range(first(tree), last(tree)):
        sound = sound and _straight(a, i)
    return sound


@kernel
def _straight(a: IntArray, i: int) -> bool:
    """No wave inside a wave, nothing divided by itself, no factor hidden in an exponent, as far as the
    operator of one node goes."""
    code, begin = code_at(a, i), first_of(a, i + 1)
    if _WAVE[code]:
        for k in range(begin, i):
            if _WAVE[code_at(a, k)]:
                return False
    elif code == EXP:  # exp(a + C) is C*exp(a)
        return not (code_at(a, i - 1) == ADD and code_at(a, i - 2) == CONSTANT)
    elif _ARITY[code] > 1:
        cut = first_of(a, i)
        one, other = tree_of(first_of(a, cut), cut), tree_of(cut, i)
        if code == DIV:
            return not _cancels(a, one, other)
        if code == MUL:  # exp(a)*exp(b) is exp(a + b)
            return _exponentials(a, tree_of(begin, i + 1)) < 2
        if _PAIRED[code] or code == WHERE:
            return order(a, one, other) != 0
    return True


@kernel
def _flat(a: IntArray, tree: int) -> int:
    """A list of the factors of a product; who asked takes it off the stack."""
    found = pushed(a)
    waiting = pushed(a)
    append(a, waiting, 2 * tree)
    while a[waiting] > 0:
        tree, _ = popped(a, waiting)
        if root(a, tree) == MUL:
            cut = first_of(a, last(tree) - 1)
            append(a, waiting, 2 * tree_of(first(tree), cut))
            append(a, waiting, 2 * tree_of(cut, last(tree) - 1))
        else:
            append(a, found, tree)
    a[1] = waiting
    return found


@kernel
def _based(a: IntArray, trees: int) -> None:
    """The factors of a list without their powers."""
    for k in range(a[trees]):
        tree = a[trees + 2 + k]
        while root(a, tree) == SQUARE or root(a, tree) == CUBE or root(a, tree) == SQRT:
            tree -= 1
        a[trees + 2 + k] = tree


@kernel
def _cancels(a: IntArray, above: int, below: int) -> bool:
    """Whether two products have a factor in common, to whatever power."""
    one, other = _flat(a, above), _flat(a, below)
    _based(a, one)
    _based(a, other)
    found = False
    for k in range(a[other]):
        factor = a[other + 2 + k]
        found |= root(a, factor) != CONSTANT and place_of(a, one, factor) < a[one]
    a[1] = one
    return found


@kernel
def _exponentials(a: IntArray, tree: int) -> int:
    """How many factors of a product are exponentials."""
    factors = _flat(a, tree)
    count = 0
    for k in range(a[factors]):
        count += int(root(a, a[factors + 2 + k]) == EXP)
    a[1] = factors
    return count


@lru_cache
def sensible_address() -> int:
    """Address of `sensible`."""
    return native_address(sensible, (types.Array(types.int64, 1, "C"), types.int64))
