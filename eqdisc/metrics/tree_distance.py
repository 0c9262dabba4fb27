"""Edit distance of ordered, labelled trees."""

from collections.abc import Sequence
from dataclasses import dataclass

Nested = tuple[str, Sequence["Nested"]]


@dataclass(frozen=True)
class Tree:
    """An ordered tree in postorder: children before their parent, subtrees are slices.

    labels : of the nodes; sizes : how many nodes the subtree of each has, itself included
    """

    labels: tuple[str, ...]
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, nested: Nested) -> "Tree":
        """From a label and its children, each written the same way.

        >>> Tree.of(("add", [("x", []), ("y", [])]))
        Tree(labels=('x', 'y', 'add'), sizes=(1, 1, 3))
        """
        labels: list[str] = []
        sizes: list[int] = []
        starts: list[int] = []
        stack: list[tuple[Nested, bool]] = [(nested, False)]
        while stack:
            (label, children), opened = stack.pop()
            if opened:
                labels.append(label)
                sizes.append(len(labels) - starts.pop())
            else:
                starts.append(len(labels))
                stack.append(((label, children), True))
                stack.extend((child, False) for child in reversed(children))
        return cls(tuple(labels), tuple(sizes))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def leftmost(self) -> list[int]:
        """First leaf of the subtree of each node."""
        return [node - size + 1 for node, size in enumerate(self.sizes)]

    @property
    def keyroots(self) -> list[int]:
        """The root and every node with a sibling to its left, in postorder."""
        return sorted({first: node for node, first in enumerate(self.leftmost)}.values())


def tree_distance(a: Tree, b: Tree) -> int:
    """Fewest insertions, deletions and relabellings of nodes, each of cost 1, that make `b` of `a`.

    K. Zhang and D. Shasha, Simple fast algorithms for the editing distance between trees and related
    problems, SIAM J. Comput. 18 (1989) 1245. A symmetric metric; no optional package changes its value.

    >>> x_plus_y = Tree.of(("add", [("x", []), ("y", [])]))
    >>> tree_distance(x_plus_y, Tree.of(("add", [("x", []), ("sin", [("y", [])])])))
    1
    """
    between = [[0] * len(b) for _ in range(len(a))]
    first_a, first_b = a.leftmost, b.leftmost
    for i in a.keyroots:
        for j in b.keyroots:
            _forests(a.labels, b.labels, first_a, first_b, i, j, between)
    return between[-1][-1]


def _forests(
    labels_a: Sequence[str],
    labels_b: Sequence[str],
    first_a: Sequence[int],
    first_b: Sequence[int],
    i: int,
    j: int,
    between: list[list[int]],
) -> None:
    """Distances between the forests left in the subtrees of i and j; whole subtrees go into `between`."""
    start_a, start_b = first_a[i], first_b[j]
    width = j - start_b + 2
    rows = [list(range(width))]
    for x in range(start_a, i + 1):
        above = rows[-1]
        row = [above[0] + 1]
        whole_a, label = first_a[x] == start_a, labels_a[x]
        known, kept_row = between[x], rows[first_a[x] - start_a]
        for y in range(start_b, j + 1):
            at = y - start_b
            cost = min(above[at + 1], row[at]) + 1
            if whole_a and first_b[y] == start_b:
                cost = min(cost, above[at] + (label != labels_b[y]))
                known[y] = cost
            else:
                cost = min(cost, kept_row[first_b[y] - start_b] + known[y])
            row.append(cost)
        rows.append(row)
