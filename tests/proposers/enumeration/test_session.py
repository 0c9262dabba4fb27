"""Whole runs: small laws come back at once, larger ones by pairs, noise gives no exact claims."""

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.expr.units import Dimension, UnitRules
from eqdisc.prior import Prior
from eqdisc.problem import Problem
from eqdisc.proposers.enumeration import Enumeration
from eqdisc.proposers.enumeration.dimensions import code_of_dimension
from eqdisc.proposers.enumeration.session import usable_forms
from eqdisc.proposers.enumeration.skeletons import one_constant, two_constants
from eqdisc.scoring.rounding import is_exact

SMALL = Enumeration(memory=2**26, max_cost=6)
NAMES = ("a", "b", "c", "d")
OPERATORS = OperatorSet.parse("+ - * / square sqrt exp log sin cos")


def table_of(text, k=3, n=200, noise=0.0):
    random = np.random.default_rng(11)
    features = random.uniform(0.5, 3.0, (n, k))
    target = evaluate(parse(text, NAMES[:k]), features)
    return Dataset.of(features, target + noise * np.std(target) * random.normal(size=n), NAMES[:k])


def problem_of(data, max_size=30, **more):
    from dataclasses import replace

    return replace(Problem.of(data, OPERATORS, max_size, seed=0), **more)


def laws(problem, epochs, settings=SMALL, threads=1, seed=0):
    session = settings.start(problem, np.random.SeedSequence(seed), threads)
    found = []
    for _ in range(epochs):
        proposals = session.propose()
        found += proposals.expressions
        if proposals.exhausted:
            break
    return found


FIRST = (
    "a*b/(a + b)",
    "3.7*a/(b + 1) - 0.2",
    "sqrt(a**2 + b**2) - a",
    "exp(-a)*b",
    "1/(0.3*a + 0.2*b*c + 1)",
)


@pytest.mark.parametrize("text", FIRST)
def test_small_laws_come_back_in_the_first_epochs(text):
    data = table_of(text)
    assert any(is_exact(law, data) for law in laws(problem_of(data), 3))


LATER = ("a*exp(-b/c)*sqrt(d)", "a*b + 1.5*c*d + 0.3", "a*sin(1.3*b)", "a/(exp(b/c) - 1)")


@pytest.mark.parametrize("text", LATER)
def test_larger_laws_come_back_by_pairs_and_fits(text):
    data = table_of(text, k=4)
    assert any(is_exact(law, data) for law in laws(problem_of(data), 40))


def test_nothing_exact_is_claimed_of_noise():
    data = table_of("a*b", noise=0.3)
    found = laws(problem_of(data), 60)
    assert found
    assert not any(is_exact(law, data) for law in found)


def test_units_are_respected():
    metre, second = Dimension.of(m=1), Dimension.of(s=1)
    data = table_of("sqrt(a**2 + b**2)/c")
    rules = UnitRules((metre, metre, second), metre / second, "dimensionless")
    problem = problem_of(data, units=rules)
    found = laws(problem, 10)
    assert all(problem.admits(law) for law in found)
    assert any(is_exact(law, data) for law in found)


def test_required_variables_and_size_are_respected():
    data = table_of("a*b + 0.01*c")
    problem = problem_of(data, max_size=7, required=(2,))
    found = laws(problem, 6)
    assert found
    assert all(problem.admits(law) for law in found)


def test_runs_repeat_with_any_number_of_threads_and_after_a_restore():
    problem = problem_of(table_of("a*sin(b) + 0.3*c", noise=0.1))
    one, two = (SMALL.start(problem, np.random.SeedSequence(2), threads) for threads in (1, 2))
    before = [one.propose() for _ in range(3)]
    assert [two.propose() for _ in range(3)] == before
    resumed = SMALL.start(problem, np.random.SeedSequence(2), 1)
    resumed.restore(one.state())
    assert [resumed.propose() for _ in range(2)] == [one.propose() for _ in range(2)]


def test_it_ends_when_all_is_listed():
    settings = Enumeration(memory=2**25, max_cost=3, literals=())
    problem = problem_of(table_of("a", k=1, noise=0.5))
    session = settings.start(problem, np.random.SeedSequence(0), 1)
    for _ in range(200):
        last = session.propose()
        if last.exhausted:
            break
    assert last.exhausted
    assert session.propose().expressions == ()


def test_skeletons_have_as_many_constants_as_they_say():
    session = SMALL.start(problem_of(table_of("a*b")), np.random.SeedSequence(0), 1)
    session.propose()
    table, names = session._table, frozenset({"exp", "sin", "inv", "log"})
    for law in one_constant(table, names, 4, 2):
        assert len([c for c in law.constants if not c.is_integer()]) >= 1
    assert next(two_constants(table, names)) is not None


def test_a_law_of_a_building_block_is_found_where_it_would_be_too_large():
    law = "sin((a - b)*(a + c)*(b + 2*c))*c"
    problem = problem_of(table_of(law))
    block = parse("(a - b)*(a + c)*(b + 2*c)", NAMES)
    short = Enumeration(memory=2**26, max_cost=4)
    told = problem_of(table_of(law), prior=Prior(forms=(block,)))
    assert any(is_exact(found, problem.train) for found in laws(told, 99, short))
    assert not any(is_exact(found, problem.train) for found in laws(problem, 99, short))


def test_building_blocks_that_break_the_rows_or_the_units_are_left_out():
    metre, second = Dimension.of(m=1), Dimension.of(s=1)
    forms = tuple(parse(text, NAMES) for text in ("a - b", "a - c", "log(a - b)", "a/c"))
    problem = problem_of(table_of("a"), prior=Prior(forms=forms))
    features = problem.train.features
    assert usable_forms(problem, features)[0] == [forms[0], forms[1], forms[3]]
    problem = problem_of(
        table_of("a"), prior=Prior(forms=forms), units=UnitRules((metre, metre, second), metre)
    )
    kept, codes = usable_forms(problem, features)
    assert kept == [forms[0], forms[3]]
    assert codes == [code_of_dimension(metre), code_of_dimension(metre / second)]
