"""Waves within waves are not bred, unless they are asked for."""

import numpy as np
import pytest
from hypothesis import given, settings

from eqdisc.data.dataset import Dataset
from eqdisc.engine.programs import Programs
from eqdisc.expr.operators import OperatorSet, row_of
from eqdisc.expr.parse import parse
from eqdisc.problem import Problem
from eqdisc.proposers.gp import GeneticProgramming
from eqdisc.proposers.gp.genome import genome
from eqdisc.proposers.gp.nesting import nests_waves
from tests.strategies import expressions

WAVES = ("sin", "cos", "tan", "tanh")
ROOM = 400


def is_nested(e, within=False):
    wave = bool(e.arity_root) and row_of(e.root).name in WAVES
    return (wave and within) or any(is_nested(child, within or wave) for child in e.children)


@settings(max_examples=500)
@given(expressions(max_leaves=10))
def test_the_compiled_rule_is_the_reference(e):
    p, g = Programs.pack([e]), genome(ROOM)
    g.ops[: e.size], g.args[: e.size], g.values[: e.size] = p.ops, p.args, p.values
    g.size[0] = e.size
    assert bool(nests_waves(g, np.zeros(ROOM, np.int64))) == is_nested(e)


@pytest.mark.parametrize("nesting", [False, True])
def test_what_is_proposed_nests_only_where_it_may(nesting):
    x = np.linspace(0.3, 3.0, 80)[:, None]
    problem = Problem.of(
        Dataset.of(x, np.sin(np.cos(2.0 * x[:, 0]))), OperatorSet.parse("+ * sin cos"), 20, 0
    )
    strategy = GeneticProgramming(population=100, epoch_work=10_000_000, nesting=nesting)
    session = strategy.start(problem, np.random.SeedSequence(0), 1)
    session.prepare()
    found = {e for _ in range(3) for e in session.propose().expressions}
    assert any(is_nested(e) for e in found) == nesting
    assert not is_nested(parse("sin(x)*cos(x)", ["x"]))
    assert is_nested(parse("sin(1 + tanh(x))", ["x"]))
