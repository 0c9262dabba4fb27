"""Skeletons read: their tokens, and what they are without slope and intercept; compiled."""

import numpy as np

from eqdisc._typing import AnyArray, IntArray
from eqdisc.engine.compile import call_integer, kernel
from eqdisc.expr.operators import ARITY, CONSTANT, VARIABLE
from eqdisc.proposers.snip.kernels.arena import (
    append,
    clear,
    code_at,
    first,
    first_of,
    last,
    popped,
    pushed,
    since,
    size,
)
from eqdisc.proposers.snip.kernels.forms import PLAIN

_ARITY = np.array(ARITY, np.int64)


@kernel
def read_all(
    table: IntArray,
    vocabulary: IntArray,
    a: IntArray,
    nodes: IntArray,
    sizes: IntArray,
    tokens: AnyArray,
    bare: IntArray,
    bare_sizes: IntArray,
) -> None:
    """Tokens of each skeleton, and its nodes without slope and intercept.

    vocabulary : tokens of the begin, the end, a hole and the first input, and what is added to an operator
    """
    for row in range(sizes.shape[0]):
        clear(a)
        at = a[0]
        for i in range(sizes[row]):
            a[at + i] = nodes[row, i]
        a[0] = at + sizes[row]
        tree = since(a, at)
        prefix(vocabulary, a, last(tree), tokens[row])
        tree = call_integer(table[PLAIN], (table, a, tree))
        bare_sizes[row] = size(tree)
        for i in range(size(tree)):
            bare[row, i] = a[first(tree) + i]


@kernel
def prefix(vocabulary: IntArray, a: IntArray, end: int, tokens: AnyArray) -> None:
    """Tokens of the tree that ends before a node: operators before their operands."""
    waiting = pushed(a)
    append(a, waiting, 2 * end)
    tokens[0] = vocabulary[0]
    count = 1
    while a[waiting] > 0:
        end, _ = popped(a, waiting)
        code = code_at(a, end - 1)
        if code == VARIABLE:
            tokens[count] = vocabulary[3] + (a[end - 1] & 31)
        elif code == CONSTANT:
            tokens[count] = vocabulary[2]
        else:
            tokens[count] = code + vocabulary[4]
        count += 1
        operand = end - 1
        for _ in range(_ARITY[code]):
            append(a, waiting, 2 * operand)
            operand = first_of(a, operand)
    tokens[count] = vocabulary[1]
    a[1] = waiting
