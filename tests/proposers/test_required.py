"""Breeding under required variables: whatever is proposed reads them all."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import VARIABLE, OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.problem import Problem
from eqdisc.proposers.gp.required import has_required, put_in_required
from eqdisc.proposers.gp.settings import GeneticProgramming
from tests.proposers.test_gp import genome_of, random_stream, tree_of
from tests.strategies import N_FEATURES, expressions

required_sets = st.sets(st.integers(0, N_FEATURES - 1)).map(lambda s: np.array(sorted(s), np.int64))


@given(expressions(), required_sets)
def test_a_tree_has_what_its_features_say(e, required):
    assert has_required(genome_of(e), required) == (set(required.tolist()) <= set(e.features))


@given(expressions(), required_sets, st.integers(0, 999))
def test_leaves_are_lent_to_what_is_required_and_nothing_else_changes(e, required, seed):
    g = genome_of(e)
    put_in_required(g, required, random_stream(seed))
    changed = tree_of(g)
    assert changed.codes == e.codes
    np.testing.assert_array_equal(changed.constants, e.constants)
    assert has_required(g, required) == (e.codes.count(VARIABLE) >= len(required))
    asked = set(required.tolist())
    assert asked & set(e.features) <= set(changed.features), "a required variable is never taken away"
    if asked <= set(e.features):
        assert changed == e


def test_every_spare_leaf_has_its_turn():
    found = Counter()
    for seed in range(300):
        g = genome_of(parse("x*x + y*x", ("x", "y", "z")))
        put_in_required(g, np.array([1, 2]), random_stream(seed))
        found[str(tree_of(g))] += 1
    assert len(found) == 3
    assert min(found.values()) > 60


@pytest.mark.parametrize("required", [(4,), (0, 17, 39)])
def test_proposals_have_the_required_variables_among_many(required):
    features = np.random.default_rng(3).uniform(0.5, 3.0, (150, 40))
    target = features[:, 0] * features[:, 1] + 0.1 * np.random.default_rng(4).normal(size=150)
    data = Dataset.of(features, target)
    problem = Problem.of(data, OperatorSet.parse("+ - * /"), 30, 0, required=required)
    settings = GeneticProgramming(population=100, epoch_work=4_000_000)
    session = settings.start(problem, np.random.SeedSequence(0), 1)
    session.prepare()
    proposals = [session.propose() for _ in range(24)]
    laws = [law for found in proposals for law in found.expressions]
    assert len(laws) > 5
    assert all(set(required) <= set(law.features) for law in laws)
    best = min(np.mean((evaluate(law, features) - target) ** 2) for law in laws)
    assert best < 0.1 * np.var(target)
