"""Normal forms of skeletons, compiled: what `skeleton` does node by node, for many skeletons at a time.

`skeleton` is where the rules are explained; the two agree on every skeleton that is drawn
(`tests/proposers/snip/test_grammar.py`).
"""

from functools import lru_cache

import numpy as np
from numba.core import types

from eqdisc._typing import IntArray
from eqdisc.engine.compile import call_integer, kernel, native_address
from eqdisc.expr.operators import (
    ABS,
    ADD,
    ARITY,
    CBRT,
    CONSTANT,
    CUBE,
    DIV,
    INV,
    MAX,
    MIN,
    MUL,
    NEG,
    SQRT,
    SQUARE,
    SUB,
)
from eqdisc.proposers.snip.kernels.arena import (
    HOLE,
    LIST,
    append,
    chain,
    code_at,
    first,
    first_of,
    last,
    node1,
    node2,
    order,
    place_of,
    popped,
    pushed,
    root,
    tree_of,
    words,
)

#: Kernels by their place in the table of addresses.
PRODUCT, SUM, FORM, PLAIN = range(4)
#: What is to be made of two trees, or of the first of them.
_TIMES, _OVER, _INVERTED, _UNSCALED = words(*range(4))
_PLUS, _LESS, _NEGATED = words(*range(3))
_ADD, _SUB, _MUL, _DIV, _NEG, _INV, _SQUARE, _CUBE = words(ADD, SUB, MUL, DIV, NEG, INV, SQUARE, CUBE)
_ARITY = np.array(ARITY, np.int64)
_PULLED = np.zeros(64, np.bool_)
_PULLED[[SQUARE, CUBE, SQRT, CBRT, ABS]] = True


@lru_cache
def form_addresses() -> IntArray:
    """Addresses of `product`, `total`, `form` and `plain`."""
    words, word = types.Array(types.int64, 1, "C"), types.int64
    table = np.zeros(4, np.int64)
    table[PRODUCT] = native_address(product, (words, word, word, word))
    table[SUM] = native_address(total, (words, words, word, word, word))
    table[FORM] = native_address(form, (words, words, word, word, word))
    table[PLAIN] = native_address(plain, (words, words, word))
    return table


# ---------------------------------------------------------------- products
# Two lists, one after the other: factors above, with a flag for a hole, and below, with one for the sign.


@kernel
def product(a: IntArray, how: int, one: int, other: int) -> int:
    """A product in normal form: one*other, one/other, 1/one, or one without the hole among its factors."""
    p = pushed(a)
    below = pushed(a)
    _factors(a, p, 2 * one + int(how == _INVERTED))
    if how <= _OVER:
        _factors(a, p, 2 * other + int(how == _OVER))
    if how == _UNSCALED:
        a[p + 1] = a[below + 1] = 0
    _powers(a, p)
    _powers(a, below)
    hole = a[p + 1] > 0
    if hole:
        append(a, p, HOLE)
    tree = HOLE
    if a[p] > 0:
        tree = chain(a, _MUL, p)
    if a[below] > 0:
        divisor = chain(a, _MUL, below)
        tree = node2(a, _DIV, tree, divisor) if a[p] > 0 else node1(a, _INV, divisor)
    if a[below + 1] > 0 and not hole:
        tree = node1(a, _NEG, tree)
    a[1] = p
    return tree


@kernel
def _factors(a: IntArray, p: int, item: int) -> None:
    """The factors of a tree, put into the lists; `item` is twice the tree, plus one if they go below."""
    waiting = pushed(a)
    append(a, waiting, item)
    while a[waiting] > 0:
        tree, below = popped(a, waiting)
        code = root(a, tree)
        if code == CONSTANT:
            a[p + 1] = 1
        elif code == INV:
            append(a, waiting, 2 * (tree - 1) + 1 - below)
        elif code == NEG:
            a[p + LIST + 1] = 1 - a[p + LIST + 1]
            append(a, waiting, 2 * (tree - 1) + below)
        elif code == MUL or code == DIV:
            cut = first_of(a, last(tree) - 1)
            append(a, waiting, 2 * tree_of(first(tree), cut) + below)
            append(a, waiting, 2 * tree_of(cut, last(tree) - 1) + (below ^ int(code == DIV)))
        else:
            append(a, p + LIST * below, tree)
    a[1] = waiting


@kernel
def _powers(a: IntArray, trees: int) -> None:
    """Factors that stand several times become powers."""
    n = a[trees]
    if n < 2 or not _repeated(a, trees):
        return
    bases, exponents = pushed(a), pushed(a)
    for i in range(n):
        base, exponent = a[trees + 2 + i], 1
        while root(a, base) == SQUARE or root(a, base) == CUBE:
            exponent *= 2 if root(a, base) == SQUARE else 3
            base -= 1
        k = place_of(a, bases, base)
        if k == a[bases]:
            append(a, bases, base)
            append(a, exponents, 0)
        a[exponents + 2 + k] += exponent
    a[trees] = 0
    for k in range(a[bases]):
        base, exponent = a[bases + 2 + k], a[exponents + 2 + k]
        if exponent > 1 and exponent % 2 != 0 and exponent % 3 != 0:
            append(a, trees, base)
            exponent -= 1
        append(a, trees, _power(a, base, exponent))
    a[1] = bases


@kernel
def _repeated(a: IntArray, trees: int) -> bool:
    """Whether a factor of a product may stand twice."""
    for i in range(a[trees]):
        code = root(a, a[trees + 2 + i])
        if code == SQUARE or code == CUBE or place_of(a, trees, a[trees + 2 + i]) < i:
            return True
    return False


@kernel
def _power(a: IntArray, base: int, exponent: int) -> int:
    """A base to a whole exponent, as squares and cubes."""
    steps = pushed(a)
    while exponent > 1:
        step = 2 if exponent % 2 == 0 else 3 if exponent % 3 == 0 else 1
        exponent = exponent // step if step > 1 else exponent - 1
        append(a, steps, step)
    tree = base
    while a[steps] > 0:
        a[steps] -= 1
        step = a[steps + 2 + a[steps]]
        if step > 1:
            tree = node1(a, _SQUARE if step == 2 else _CUBE, tree)
        elif order(a, base, tree) < 0:
            tree = node2(a, _MUL, base, tree)
        else:
            tree = node2(a, _MUL, tree, base)
    a[1] = steps
    return tree


@kernel
def scaled(a: IntArray, tree: int) -> bool:
    """Whether a hole is among the factors of the numerator."""
    end = last(tree)
    while code_at(a, end - 1) == DIV:
        end = first_of(a, end - 1)
    code = code_at(a, end - 1)
    return code == CONSTANT or (code == MUL and code_at(a, end - 2) == CONSTANT)


# ---------------------------------------------------------------- sums
# Two lists: terms added, with a flag for a hole, and subtracted.


@kernel
def total(table: IntArray, a: IntArray, how: int, one: int, other: int) -> int:
    """A sum in normal form: one + other, one - other, or -one."""
    plus = pushed(a)
    minus = pushed(a)
    _terms(a, plus, 2 * one + int(how == _NEGATED))
    if how <= _LESS:
        _terms(a, plus, 2 * other + int(how == _LESS))
    if a[plus] + a[minus] > 1:
        _merge(table, a, plus)
    some, hole = a[plus] > 0, a[plus + 1] > 0
    if hole and a[minus] == 0:
        append(a, plus, HOLE)
    tree = HOLE
    if a[plus] > 0:
        tree = chain(a, _ADD, plus)
    if a[minus] > 0:
        subtracted = chain(a, _ADD, minus)  # sorts them too
        if not some and not hole:
            tree = node1(a, _NEG, subtracted)
        else:
            for k in range(a[minus]):
                tree = node2(a, _SUB, tree, a[minus + 2 + k])
            if some and hole:
                tree = node2(a, _ADD, tree, HOLE)
    a[1] = plus
    return tree


@kernel
def _terms(a: IntArray, p: int, item: int) -> None:
    """The terms of a tree, put into the lists; what is subtracted and has no slope of its own goes below.
    `item` is twice the tree, plus one if it is subtracted."""
    waiting = pushed(a)
    append(a, waiting, item)
    while a[waiting] > 0:
        tree, minus = popped(a, waiting)
        code = root(a, tree)
        if code == CONSTANT:
            a[p + 1] = 1
        elif code == NEG:
            append(a, waiting, 2 * (tree - 1) + 1 - minus)
        elif code == ADD or code == SUB:
            cut = first_of(a, last(tree) - 1)
            append(a, waiting, 2 * tree_of(first(tree), cut) + minus)
            append(a, waiting, 2 * tree_of(cut, last(tree) - 1) + (minus ^ int(code == SUB)))
        else:
            append(a, p + (LIST if minus > 0 and not scaled(a, tree) else 0), tree)
    a[1] = waiting


@kernel
def _merge(table: IntArray, a: IntArray, p: int) -> None:
    """Terms of one kind become one with a hole."""
    n, m = a[p], a[p + LIST]
    bases, terms, signs = pushed(a), pushed(a), pushed(a)
    for i in range(n + m):
        tree = a[p + 2 + i] if i < n else a[p + LIST + 2 + i - n]
        base = tree
        if scaled(a, tree):
            base = call_integer(table[PRODUCT], (a, _UNSCALED, tree, tree))
        k = place_of(a, bases, base)
        if k == a[bases]:
            append(a, bases, base)
            append(a, terms, tree)
            append(a, signs, int(i >= n))
        else:
            a[terms + 2 + k] = call_integer(table[PRODUCT], (a, _TIMES, base, HOLE))
            a[signs + 2 + k] = 0
    a[p] = a[p + LIST] = 0
    for k in range(a[terms]):
        append(a, p + LIST * a[signs + 2 + k], a[terms + 2 + k])
    a[1] = bases


# ---------------------------------------------------------------- operators


@kernel
def form(table: IntArray, a: IntArray, code: int, one: int, other: int) -> int:
    """An operator of one or two operands on trees, in normal form; a function takes the first."""
    unary = _ARITY[code] == 1
    if root(a, one) == CONSTANT and (unary or root(a, other) == CONSTANT):
        return HOLE
    if code == MUL or code == DIV or code == INV:
        how = _TIMES if code == MUL else _OVER if code == DIV else _INVERTED
        return call_integer(table[PRODUCT], (a, how, one, other))
    if code == ADD or code == SUB or code == NEG:
        how = _PLUS if code == ADD else _LESS if code == SUB else _NEGATED
        return call_integer(table[SUM], (table, a, how, one, other))
    if code == MIN or code == MAX:
        trees = pushed(a)
        _gather(a, code, 2 * one, trees)
        _gather(a, code, 2 * other, trees)
        a[1] = trees
        return chain(a, code, trees)
    if not unary:
        return node2(a, code, one, other)
    slope = _PULLED[code] and scaled(a, one)
    if slope:
        one = call_integer(table[PRODUCT], (a, _UNSCALED, one, one))
    tree = node1(a, code, one)
    return call_integer(table[PRODUCT], (a, _TIMES, tree, HOLE)) if slope else tree


@kernel
def _gather(a: IntArray, code: int, item: int, trees: int) -> None:
    """The operands of a chain of minima or maxima, each once; `item` is twice the chain."""
    waiting = pushed(a)
    append(a, waiting, item)
    while a[waiting] > 0:
        tree, _ = popped(a, waiting)
        if root(a, tree) == code:
            cut = first_of(a, last(tree) - 1)
            append(a, waiting, 2 * tree_of(first(tree), cut))
            append(a, waiting, 2 * tree_of(cut, last(tree) - 1))
        elif place_of(a, trees, tree) == a[trees]:
            append(a, trees, tree)
    a[1] = waiting


@kernel
def plain(table: IntArray, a: IntArray, tree: int) -> int:
    """A tree without slope and intercept."""
    while True:
        code, end = root(a, tree), last(tree)
        cut = first_of(a, end - 1)
        if code == NEG:
            tree -= 1
        elif code == ADD and code_at(a, end - 2) == CONSTANT:
            tree -= 2
        elif code == SUB and code_at(a, cut - 1) == CONSTANT:
            tree = tree_of(cut, end - 1)
        elif code != CONSTANT and scaled(a, tree):
            tree = call_integer(table[PRODUCT], (a, _UNSCALED, tree, tree))
        else:
            return tree
