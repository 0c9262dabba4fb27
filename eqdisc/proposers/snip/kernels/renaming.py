"""Skeletons whose inputs are given other numbers, in normal form again; compiled."""

import numpy as np

from eqdisc._typing import AnyArray, IntArray
from eqdisc.engine.compile import call_integer, kernel
from eqdisc.expr.operators import ADD, ARITY, VARIABLE, WHERE
from eqdisc.proposers.snip.kernels.arena import HOLE, append, clear, copy, last, pushed, put, since
from eqdisc.proposers.snip.kernels.forms import FORM
from eqdisc.proposers.snip.kernels.reading import prefix

_ARITY = np.array(ARITY, np.int64)


@kernel
def rename_all(
    table: IntArray, vocabulary: IntArray, a: IntArray, numbers: IntArray, tokens: AnyArray, renamed: AnyArray
) -> None:
    """Tokens of each skeleton with other numbers of its inputs.

    vocabulary : as in `read_all`
    numbers    : (n, inputs) the new number of each input
    """
    for row in range(tokens.shape[0]):
        clear(a)
        tree = _tree(table, vocabulary, a, numbers[row], tokens[row])
        prefix(vocabulary, a, last(tree), renamed[row])


@kernel
def _tree(table: IntArray, vocabulary: IntArray, a: IntArray, numbers: IntArray, tokens: AnyArray) -> int:
    """The tree of tokens, brought into normal form from the leaves up: from the last token to the first."""
    trees = pushed(a)
    place = 1
    while tokens[place] != vocabulary[1]:
        place += 1
    while place > 1:
        place -= 1
        token = tokens[place]
        if token == vocabulary[2]:
            append(a, trees, HOLE)
            continue
        code = token - vocabulary[4]
        at = a[0]
        if code < ADD:
            put(a, VARIABLE, numbers[token - vocabulary[3]])
            append(a, trees, since(a, at))
            continue
        operands = _ARITY[code]
        first = trees + 1 + a[trees]
        a[trees] -= operands
        if code == WHERE:
            for k in range(operands):
                copy(a, a[first - k])
            put(a, code, 0)
            append(a, trees, since(a, at))
        else:
            other = a[first - operands + 1]
            append(a, trees, call_integer(table[FORM], (table, a, code, a[first], other)))
    a[1] = trees
    return a[trees + 2]
