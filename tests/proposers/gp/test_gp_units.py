"""Breeding with units: the compiled rule is the reference's, what is bred and proposed keeps to it."""

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eqdisc.engine.programs import Programs, unpack
from eqdisc.engine.random import stream
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OPERATORS, OperatorSet
from eqdisc.expr.units import Dimension, UnitError, UnitRules, propagate
from eqdisc.proposers.gp.dimensions import dimensions_of, fits, number_of
from eqdisc.proposers.gp.genome import genome, primitives
from eqdisc.proposers.gp.monomials import LARGEST, dimensions, monomials
from eqdisc.proposers.gp.tidy import tidy
from eqdisc.proposers.gp.typed import typed_tree
from eqdisc.proposers.gp.typed_mutation import typed_crossover, typed_mutate
from tests.strategies import ALL_NAMES, N_FEATURES, expressions

ROOM = 400
METRE, SECOND, KILOGRAM = Dimension.of(m=1), Dimension.of(s=1), Dimension.of(kg=1)
NUMBER = Dimension()
EVERY = OperatorSet.of(*ALL_NAMES)
some_dimensions = st.sampled_from([None, NUMBER, METRE, SECOND, METRE / SECOND, METRE**2, KILOGRAM])
generic = st.floats(0.3, 3.0) | st.floats(-3.0, -0.3) | st.sampled_from([2.0, 0.5, -1.0, 1 / 3, 3.0])
seeds = st.integers(0, 2**32 - 1)


def genome_of(e):
    p, g = Programs.pack([e]), genome(ROOM)
    g.ops[: e.size], g.args[: e.size], g.values[: e.size] = p.ops, p.args, p.values
    g.size[0] = e.size
    return g


def tree_of(g):
    return unpack(g.ops, g.args, g.values, 0, int(g.size[0]))


def bare_rules(features, constants):
    """Without monomials, which take a while to list."""
    return dimensions(
        UnitRules(tuple(features), None, constants), OperatorSet.of("add"), len(features), False
    )


@settings(max_examples=1500)
@given(
    expressions(constants=generic, max_leaves=10),
    st.tuples(*[some_dimensions] * N_FEATURES),
    st.sampled_from(["free", "dimensionless"]),
)
def test_the_compiled_rule_is_the_reference(e, features, constants):
    """Over tidy trees, which breeding makes: constants are folded."""
    g = genome(ROOM)
    assume(tidy(genome_of(e), g, np.zeros(ROOM, np.int64)))
    found = np.zeros(ROOM)
    rules = bare_rules(features, constants)
    good = dimensions_of(g, rules, found, np.zeros(ROOM, np.int64))
    tree = tree_of(g)
    try:
        expected = propagate(tree, features, constants)
    except UnitError:
        assert not good, str(tree)
        return
    assert good, str(tree)
    assert np.isnan(found[tree.size - 1]) == (expected is None), str(tree)
    if expected is not None:
        assert fits(found[tree.size - 1], number_of(expected)), str(tree)


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda o: o.name)
@pytest.mark.parametrize("constants", ["free", "dimensionless"])
def test_the_compiled_rule_is_the_reference_for_every_operator(operator, constants):
    """All choices of dimensions for its operands, numbers among them."""
    features = (NUMBER, METRE, SECOND, None)
    leaves = [*(Expression.variable(j) for j in range(4)), Expression.constant(1.5)]
    rules = bare_rules(features, constants)
    for children in product(leaves, repeat=operator.arity):
        if not any(child.features for child in children):
            continue
        tree, found = Expression.apply(operator.name, *children), np.zeros(9)
        good = dimensions_of(genome_of(tree), rules, found, np.zeros(9, np.int64))
        try:
            expected = propagate(tree, features, constants)
        except UnitError:
            assert not good, str(tree)
            continue
        assert good, str(tree)
        assert np.isnan(found[tree.size - 1]) == (expected is None), str(tree)
        assert expected is None or fits(found[tree.size - 1], number_of(expected))


def test_monomials_are_what_they_say():
    features = (METRE, SECOND, None, METRE)
    operators = OperatorSet.parse("+ - * / square sqrt inv")
    found = monomials(operators, [True, True, False, True])
    table = np.random.default_rng(0).uniform(0.5, 2.0, (20, 4))
    for powers, tree in list(found.items())[::7]:
        assert tree.size <= LARGEST
        assert set(tree.codes) <= {*operators.codes, 0}
        expected = np.prod(table ** np.array([float(p) for p in powers]), axis=1)
        np.testing.assert_allclose(evaluate(tree, table), expected, rtol=1e-12)
    d = dimensions(UnitRules(features, METRE), operators, 4, False)
    assert (np.diff(d.monomials) >= 0.0).all()
    for k in range(0, len(d.monomials), 11):
        start, stop = d.offsets[k], d.offsets[k + 1]
        tree = unpack(d.ops, d.args, np.ones(len(d.ops)), start, stop)
        assert fits(d.monomials[k], number_of(propagate(tree, features)))


PHYSICS = (KILOGRAM, METRE, METRE, SECOND, METRE / SECOND, NUMBER)
FORCE = KILOGRAM * METRE / SECOND**2
WORDS = OperatorSet.parse("+ - * / square sqrt exp log sin where atan2 abs min")


@pytest.mark.parametrize("constants", ["free", "dimensionless"])
@pytest.mark.parametrize("target", [FORCE, NUMBER, METRE, None], ids=str)
def test_created_trees_have_the_dimension_needed(target, constants):
    rules = UnitRules(PHYSICS, target, constants)
    d, p = dimensions(rules, WORDS, 6, False).with_room(ROOM), primitives(WORDS, 6)
    rng, made, held = stream(np.random.SeedSequence(1)), 0, 0
    for k in range(400):
        g = genome(ROOM)
        if typed_tree(g, p, d, rng, 1 + k % 15, number_of(target)):
            made += 1
            held += rules.admit(tree_of(g))
    assert made > 300
    assert held > 0.9 * made


@pytest.fixture(scope="module")
def bred():
    """The units that children keep to; their monomials take a while to list."""
    rules = UnitRules(PHYSICS, FORCE, "dimensionless")
    return rules, dimensions(rules, WORDS, 6, False).with_room(ROOM), primitives(WORDS, 6)


@settings(max_examples=100, deadline=None)
@given(seeds, st.integers(0, 6))
def test_children_mostly_keep_to_the_units(bred, seed, kind):
    rules, d, p = bred
    rng = stream(np.random.SeedSequence(seed))
    stack = np.zeros(ROOM, np.int64)
    held = tried = 0
    for _ in range(10):
        mother, father, child = genome(ROOM), genome(ROOM), genome(ROOM)
        if not (
            typed_tree(mother, p, d, rng, 9, d.target)
            and typed_tree(father, p, d, rng, 9, d.target)
            and dimensions_of(mother, d, d.found, stack)
            and dimensions_of(father, d, d.others, stack)
        ):
            continue
        weights = np.cumsum(np.eye(7)[kind])
        if typed_mutate(mother, child, p, d, rng, weights, 40, stack):
            tried += 1
            held += rules.admit(tree_of(child))
            assert set(tree_of(child).codes) <= {*WORDS.codes, 0, 1}
        child = genome(ROOM)
        if typed_crossover(mother, father, child, rng, d):
            assert rules.admit(tree_of(child))
    assert held >= (0.0 if kind == 5 else 0.8) * tried
