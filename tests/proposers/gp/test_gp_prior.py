"""What breeding makes of likely operators and of building blocks."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.data.dataset import Dataset
from eqdisc.engine.programs import unpack
from eqdisc.engine.random import stream
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet, code_of
from eqdisc.expr.parse import parse
from eqdisc.expr.units import Dimension, UnitRules
from eqdisc.prior import Prior
from eqdisc.problem import Problem
from eqdisc.proposers.gp import GeneticProgramming
from eqdisc.proposers.gp.creation import random_tree
from eqdisc.proposers.gp.genome import LARGEST_BLOCK, genome, primitives
from eqdisc.proposers.gp.monomials import dimensions
from eqdisc.proposers.gp.typed import typed_tree
from eqdisc.scoring.rounding import is_exact

WORDS = OperatorSet.parse("+ - * / exp sin sqrt")
ROOM = 200
METRE, SECOND = Dimension.of(m=1), Dimension.of(s=1)


def tree_of(g):
    return unpack(g.ops, g.args, g.values, 0, int(g.size[0]))


def contains(tree, block):
    return any(tree.subtree(k) == block for k in range(tree.size))


@given(st.integers(0, 2**32 - 1), st.integers(1, 20))
def test_trees_with_building_blocks_are_valid_and_within_size(seed, size):
    blocks = (parse("x0 - 2*x1", ["x0", "x1"]), parse("exp(x2/x0)", ["x0", "x1", "x2"]))
    g, p = genome(ROOM), primitives(WORDS, 3, Prior(forms=blocks))
    random_tree(g, p, stream(np.random.SeedSequence(seed)), size, STACK)
    assert 1 <= tree_of(g).size <= size


STACK = np.zeros(ROOM, np.int64)


def test_building_blocks_come_whole_and_large_ones_not_at_all():
    block, large = parse("x0 - 2*x1", ["x0", "x1"]), parse("*".join(9 * ["x0"]), ["x0"])
    assert large.size > LARGEST_BLOCK >= block.size
    p, rng = primitives(WORDS, 3, Prior(forms=(block, large))), stream(np.random.SeedSequence(0))
    held = 0
    for _ in range(300):
        g = genome(ROOM)
        random_tree(g, p, rng, 15, STACK)
        held += contains(tree_of(g), block)
        assert not contains(tree_of(g), large)
    assert held > 60


def test_likely_operators_are_drawn_more_often():
    def share(prior):
        p, rng, codes = primitives(WORDS, 3, prior), stream(np.random.SeedSequence(0)), []
        for _ in range(300):
            g = genome(ROOM)
            random_tree(g, p, rng, 15, STACK)
            codes += [code for code in tree_of(g).codes if code > 1]
        return codes.count(code_of("sin")) / len(codes)

    assert 1.8 * share(Prior()) < share(Prior(operators=("sin",)))


def test_with_units_blocks_stand_where_their_dimension_is_wanted():
    names = ["x0", "x1", "x2"]
    fits, breaks = parse("x0 - 2*x1", names), parse("x0 + x2", names)
    rules = UnitRules((METRE, METRE, SECOND), METRE / SECOND, "dimensionless")
    prior = Prior(forms=(fits, breaks))
    d, p = dimensions(rules, WORDS, 3, False, prior).with_room(ROOM), primitives(WORDS, 3, prior)
    rng, held = stream(np.random.SeedSequence(1)), 0
    for _ in range(400):
        g = genome(ROOM)
        if typed_tree(g, p, d, rng, 11, d.target):
            tree = tree_of(g)
            held += contains(tree, fits) and rules.admit(tree)
            assert not contains(tree, breaks)
    assert held > 3  # it has a constant, chance would not make it


@pytest.mark.parametrize("units", [False, True])
def test_a_block_brings_a_law_within_reach(units):
    """The law is out of reach of so little work without its block."""
    random = np.random.default_rng(0)
    x = random.uniform(1.0, 2.0, (200, 4))
    block = parse("(x0 - x1)*(x2 + x3)", ["x0", "x1", "x2", "x3"])
    target = np.exp((x[:, 0] - x[:, 1]) * (x[:, 2] + x[:, 3])) * x[:, 0]
    rules = UnitRules((METRE, METRE, METRE**-1, METRE**-1), METRE) if units else None
    problem = Problem.of(Dataset.of(x, target), WORDS, 20, seed=0)

    def solved(prior):
        settings = GeneticProgramming(population=60, epoch_work=20_000_000)
        told = replace(problem, prior=prior, units=rules)
        session = settings.start(told, np.random.SeedSequence(0), 1)
        session.prepare()
        return any(is_exact(law, problem.train) for _ in range(3) for law in session.propose().expressions)

    assert solved(Prior(forms=(block,)))
    assert not solved(Prior())


def test_blocks_are_what_the_seed_and_the_prior_say():
    x = np.random.default_rng(0).uniform(1.0, 2.0, (100, 2))
    problem = Problem.of(Dataset.of(x, np.sin(x[:, 0] - x[:, 1])), WORDS, 20, seed=0)
    told = replace(problem, prior=Prior(forms=(Expression.variable(0) - Expression.variable(1),)))

    def proposed(threads):
        settings = GeneticProgramming(population=60, epoch_work=1_000_000)
        session = settings.start(told, np.random.SeedSequence(0), threads)
        session.prepare()
        return [session.propose() for _ in range(2)]

    assert proposed(1) == proposed(2)
