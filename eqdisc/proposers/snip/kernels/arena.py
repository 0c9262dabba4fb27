"""Trees in an arena: what normal forms of skeletons are made of, compiled.

An arena is one array of integers. It holds nodes, each an operator and an input, and a tree is a stretch of
them in postfix order, told by one number: where it begins and where it ends. Trees are only ever appended;
the arena is cleared between skeletons. Above the nodes is a stack of lists of trees, of which products and
sums are made.

Three things make the kernels on top of this quick to compile and safe to keep (21 seconds of the processor,
it was 262): functions take one array and integers; constants are handed on as NumPy's, for which no function
is compiled anew as it is for Python's; kernels call each other by address. And none calls itself: such a
kernel crashes when it is loaded from the cache.
"""

from typing import Any

import numpy as np

from eqdisc._typing import IntArray
from eqdisc.engine.compile import inlined, kernel
from eqdisc.expr.operators import ARITY, CONSTANT

#: Where the stack of lists begins: after the nodes, of which a skeleton takes a few hundred.
STACK = 1 << 15
#: Trees of a list, at most: more than any skeleton has parts that is not given up for its length.
PARTS = 126
#: Numbers of a list: how many trees, a flag, the trees.
LIST = PARTS + 2
ROOM = STACK + 64 * LIST
_ARITY = np.array(ARITY, np.int64)


def words(*numbers: int) -> Any:
    """Constants to be handed on to kernels: NumPy's integers."""
    return tuple(map(np.int64, numbers))


#: The hole that every arena begins with.
(HOLE,) = words((2 << 20) | 3)


# ---------------------------------------------------------------- nodes and trees


def arena() -> IntArray:
    """An arena with nothing in it but the hole."""
    a = np.zeros(ROOM, np.int64)
    a[2] = CONSTANT << 5
    a[0], a[1] = 3, STACK
    return a


@inlined
def clear(a: IntArray) -> None:
    """Forget all trees but the hole."""
    a[0] = 3
    a[1] = STACK


@inlined
def tree_of(begin: int, end: int) -> int:
    """The tree of the nodes from `begin` to the one before `end`."""
    return (begin << 20) | end


@inlined
def first(tree: int) -> int:
    """Where a tree begins."""
    return tree >> 20


@inlined
def last(tree: int) -> int:
    """Where it ends: the node after its last."""
    return tree & 0xFFFFF


@inlined
def size(tree: int) -> int:
    """Nodes of a tree."""
    return (tree & 0xFFFFF) - (tree >> 20)


@inlined
def code_at(a: IntArray, i: int) -> int:
    """Operator of a node."""
    return a[i] >> 5


@inlined
def root(a: IntArray, tree: int) -> int:
    """Outermost operator of a tree."""
    return a[(tree & 0xFFFFF) - 1] >> 5


@inlined
def since(a: IntArray, at: int) -> int:
    """The tree of all nodes from one on."""
    return (at << 20) | a[0]


@kernel
def copy(a: IntArray, tree: int) -> None:
    """The nodes of a tree once more; as many as there is room for."""
    at = a[0]
    n = min(size(tree), STACK - 1 - at)
    for i in range(n):
        a[at + i] = a[first(tree) + i]
    a[0] = at + n


@inlined
def put(a: IntArray, code: int, feature: int) -> None:
    """One more node."""
    a[a[0]] = (code << 5) | feature
    a[0] = min(a[0] + 1, STACK - 1)


@kernel
def first_of(a: IntArray, end: int) -> int:
    """Where the tree begins that ends before a node."""
    i, wanted = end, 1
    while wanted > 0 and i > 2:
        i -= 1
        wanted += _ARITY[code_at(a, i)] - 1
    return i


@kernel
def order(a: IntArray, one: int, other: int) -> int:
    """Below, equal to or above 0 as one tree comes before, is, or comes after another (`Node.key`)."""
    holes = int(root(a, one) == CONSTANT) - int(root(a, other) == CONSTANT)
    if holes != 0:
        return holes
    if size(one) != size(other):
        return size(one) - size(other)
    unlike = 0
    for i in range(size(one)):
        x, y = a[first(one) + i], a[first(other) + i]
        if x >> 5 != y >> 5:
            return (x >> 5) - (y >> 5)
        if unlike == 0:
            unlike = x - y
    return unlike


@kernel
def node1(a: IntArray, code: int, tree: int) -> int:
    """A function of a tree, as it is."""
    at = a[0]
    copy(a, tree)
    put(a, code, 0)
    return since(a, at)


@kernel
def node2(a: IntArray, code: int, one: int, other: int) -> int:
    """An operator between two trees, as they are."""
    at = a[0]
    copy(a, one)
    copy(a, other)
    put(a, code, 0)
    return since(a, at)


# ---------------------------------------------------------------- lists of trees


@kernel
def pushed(a: IntArray) -> int:
    """A fresh list on the stack."""
    at = a[1]
    a[1] = min(at + LIST, ROOM - LIST)
    a[at] = a[at + 1] = 0
    return at


@inlined
def append(a: IntArray, trees: int, tree: int) -> None:
    """One more tree for a list; where it is full, none."""
    n = a[trees]
    if n < PARTS:
        a[trees + 2 + n] = tree
        a[trees] = n + 1


@inlined
def popped(a: IntArray, trees: int) -> tuple[int, int]:
    """The last of a list, taken off: a tree, and the bit below it."""
    n = a[trees] - 1
    a[trees] = n
    return a[trees + 2 + n] >> 1, a[trees + 2 + n] & 1


@kernel
def place_of(a: IntArray, trees: int, tree: int) -> int:
    """Where an equal tree stands in a list; its length if nowhere."""
    i = 0
    while i < a[trees] and order(a, a[trees + 2 + i], tree) != 0:
        i += 1
    return i


@kernel
def chain(a: IntArray, code: int, trees: int) -> int:
    """All trees of a list, in order, joined by one operator; sorts the list."""
    n, items = a[trees], trees + 2
    for i in range(1, n):
        tree = a[items + i]
        j = i
        while j > 0 and order(a, tree, a[items + j - 1]) < 0:
            a[items + j] = a[items + j - 1]
            j -= 1
        a[items + j] = tree
    if n == 1:
        return a[items]
    at = a[0]
    for i in range(n):
        copy(a, a[items + i])
        if i > 0:
            put(a, code, 0)
    return since(a, at)
