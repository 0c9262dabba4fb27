"""Features that matter more are drawn more often; without weights all are drawn alike."""

import numpy as np
import pytest

from eqdisc.engine.random import stream
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.prior import Prior
from eqdisc.proposers.gp.creation import random_leaf, random_tree
from eqdisc.proposers.gp.genome import Genome, genome, primitives
from eqdisc.proposers.gp.mutation import mutate

OPERATORS = OperatorSet.parse("+ - * / sqrt exp")
VARIABLE = Expression.variable(0).root


def read_by(g: Genome) -> list[int]:
    size = int(g.size[0])
    return [int(arg) for op, arg in zip(g.ops[:size], g.args[:size], strict=True) if op == VARIABLE]


def test_leaves_are_drawn_in_proportion() -> None:
    weights = np.array([0.5, 0.0, 0.2, 0.3])
    p, rng, drawn = (
        primitives(OPERATORS, 4, Prior(tuple(7.0 * weights))),
        stream(np.random.SeedSequence(0)),
        np.zeros(4),
    )
    for _ in range(4000):
        g = genome(4)
        random_leaf(g, p, rng)
        drawn[read_by(g)] += 1
    assert drawn / drawn.sum() == pytest.approx(weights, abs=0.04)
    assert drawn[1] == 0


def test_mutations_draw_in_proportion_too() -> None:
    p, rng = primitives(OPERATORS, 3, Prior((0.0, 1.0, 0.0))), stream(np.random.SeedSequence(1))
    point = np.cumsum([0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    parent, seen = genome(10), set()
    parent.ops[0], parent.size[0] = VARIABLE, 1
    for _ in range(100):
        child = genome(10)
        mutate(parent, child, p, rng, point, 10, np.zeros(50, np.int64))
        seen.update(read_by(child))
    assert seen == {1}


@pytest.mark.parametrize("n_features", [1, 3, 17, 200])
def test_no_weights_are_equal_weights_to_the_bit(n_features: int) -> None:
    trees = []
    for prior in (None, Prior((1.0,) * n_features)):
        g = genome(200)
        p = primitives(OPERATORS, n_features, prior)
        random_tree(g, p, stream(np.random.SeedSequence(3)), 120, np.zeros(300, np.int64))
        trees.append((g.ops.tolist(), g.args.tolist(), g.values.tolist()))
    assert trees[0] == trees[1]
    assert set(trees[0][1]) <= set(range(n_features))
