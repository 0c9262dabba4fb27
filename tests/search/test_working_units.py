from dataclasses import replace

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.data.scale import Scaling
from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import DEFAULT_OPERATORS, OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.problem import Problem
from eqdisc.scoring.loss import mean_squared_error
from eqdisc.scoring.scorer import Scorer
from eqdisc.search.proposer import Proposals
from eqdisc.search.spelling import allowed_codes
from eqdisc.search.working_units import InWorkingUnits


class Spy:
    """Proposes the plain product of its two features and remembers what it was shown."""

    name = "spy"

    def start(self, problem, seed, threads):
        self.problem = problem
        return self

    def prepare(self):
        return 1.5

    def observe(self, candidates, elites=()):
        self.seen = candidates

    def propose(self):
        return Proposals((parse("a*b", ["a", "b"]),), 1, 5)


@pytest.fixture
def problem():
    random = np.random.default_rng(0)
    mass, speed = random.uniform(1e-30, 5e-30, 80), random.uniform(1e7, 1e8, 80)
    data = Dataset.of(np.column_stack([mass, speed]), 0.5 * mass * speed**2, names=["a", "b"])
    return Problem.of(data, OperatorSet.parse(DEFAULT_OPERATORS), 30, seed=0)


@pytest.fixture
def scaling(problem):
    return Scaling.of(problem.dataset)


def test_the_strategy_inside_sees_ordinary_numbers(problem, scaling):
    spy = Spy()
    InWorkingUnits(spy, scaling).start(problem, np.random.SeedSequence(0), 1)
    for part in (spy.problem.dataset, spy.problem.train, spy.problem.heldout):
        sizes = np.sqrt(np.mean(np.column_stack([part.features, part.target]) ** 2, axis=0))
        assert ((sizes > 1e-3) & (sizes < 1e3)).all()
    assert spy.problem.max_size == problem.max_size


def test_proposals_come_back_in_the_units_of_the_table(problem, scaling):
    spy = Spy()
    session = InWorkingUnits(spy, scaling).start(problem, np.random.SeedSequence(0), 1)
    (proposed,) = session.propose().expressions
    inside = spy.problem.dataset
    expected = evaluate(parse("a*b", ["a", "b"]), inside.features) / scaling.target
    np.testing.assert_allclose(evaluate(proposed, problem.dataset.features), expected, rtol=1e-14)
    assert session.prepare() == 1.5


def test_candidates_are_shown_in_working_units(problem, scaling):
    spy = Spy()
    session = InWorkingUnits(spy, scaling).start(problem, np.random.SeedSequence(0), 1)
    candidate = Scorer(problem).score(parse("0.4*a*b*b + 1e-16", ["a", "b"]), "hand")
    session.observe([candidate])
    (seen,) = spy.seen
    train = spy.problem.train
    assert seen.found_by == "hand"
    assert seen.complexity == seen.expression.size
    recomputed = mean_squared_error(train.target, evaluate(seen.expression, train.features))
    assert seen.loss == pytest.approx(recomputed, rel=1e-9)
    assert 1e-6 < seen.loss < 1e6


def test_the_name_is_that_of_the_strategy_inside(scaling):
    assert InWorkingUnits(Spy(), scaling).name == "spy"


def test_no_operator_comes_in_that_is_not_allowed(problem, scaling):
    class Sums(Spy):
        def propose(self):
            return Proposals(tuple(parse(t, ["a", "b"]) for t in ("a*a*b + 3*b + 1", "a*(a + b)*(a + -0.3)")))

    allowed = OperatorSet.of("add", "mul")
    session = InWorkingUnits(Sums(), scaling).start(replace(problem, operators=allowed), None, 1)
    for proposed, given in zip(session.propose().expressions, Sums().propose().expressions, strict=True):
        assert set(proposed.codes) <= allowed_codes(allowed)
        numbers_added = 2 * (len(proposed.constants) - len(given.constants))
        assert proposed.size <= given.size + numbers_added
