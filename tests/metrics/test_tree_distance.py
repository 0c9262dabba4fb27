"""The tree edit distance agrees with two other implementations and is a metric."""

import numpy as np
import pytest

from eqdisc.metrics.tree_distance import Nested, Tree, tree_distance

LABELS = ("Add", "Mul", "Const", "x0")


def random_tree(rng: np.random.Generator, largest: int) -> Nested:
    """A random ordered tree: each node hangs below a random earlier one."""
    count = int(rng.integers(1, largest + 1))
    children: list[list[int]] = [[] for _ in range(count)]
    for node in range(1, count):
        children[int(rng.integers(node))].append(node)
    labels = [LABELS[rng.integers(len(LABELS))] for _ in range(count)]

    def nested(node: int) -> Nested:
        return labels[node], [nested(child) for child in children[node]]

    return nested(0)


def as_zss(tree: Nested):  # type: ignore[no-untyped-def]
    from zss import Node

    node = Node(tree[0])
    for child in tree[1]:
        node.addkid(as_zss(child))
    return node


def as_apted(tree: Nested) -> str:
    return "{" + tree[0] + "".join(map(as_apted, tree[1])) + "}"


def test_agrees_with_zss_on_random_trees() -> None:
    import zss

    rng = np.random.default_rng(0)
    for _ in range(1500):
        a, b = random_tree(rng, 12), random_tree(rng, 12)
        # The distance of labels is given: without it zss takes whatever package for strings is installed.
        theirs = zss.simple_distance(as_zss(a), as_zss(b), label_dist=lambda one, two: int(one != two))
        assert tree_distance(Tree.of(a), Tree.of(b)) == theirs


def test_agrees_with_apted_on_random_trees() -> None:
    from apted import APTED
    from apted.helpers import Tree as AptedTree

    rng = np.random.default_rng(1)
    for _ in range(1500):
        a, b = random_tree(rng, 14), random_tree(rng, 14)
        theirs = APTED(AptedTree.from_text(as_apted(a)), AptedTree.from_text(as_apted(b)))
        assert tree_distance(Tree.of(a), Tree.of(b)) == theirs.compute_edit_distance()


def test_is_a_metric() -> None:
    rng = np.random.default_rng(2)
    for _ in range(200):
        a, b, c = (Tree.of(random_tree(rng, 9)) for _ in range(3))
        assert tree_distance(a, a) == 0
        assert tree_distance(a, b) == tree_distance(b, a)
        assert (tree_distance(a, b) == 0) == (a == b)
        assert tree_distance(a, c) <= tree_distance(a, b) + tree_distance(b, c)
        assert abs(len(a) - len(b)) <= tree_distance(a, b) <= len(a) + len(b)


@pytest.mark.parametrize("size", [40, 120])
def test_large_trees_agree_too(size: int) -> None:
    from apted import APTED
    from apted.helpers import Tree as AptedTree

    rng = np.random.default_rng(size)
    a, b = random_tree(rng, size), random_tree(rng, size)
    theirs = APTED(AptedTree.from_text(as_apted(a)), AptedTree.from_text(as_apted(b)))
    assert tree_distance(Tree.of(a), Tree.of(b)) == theirs.compute_edit_distance()
