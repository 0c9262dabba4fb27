"""Tables with several laws in them come back as one law; tables with one cost a look."""

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import OperatorSet
from eqdisc.problem import Problem
from eqdisc.proposers.closed_form import ClosedForm
from eqdisc.proposers.regimes import Regimes
from eqdisc.scoring.rounding import is_exact
from eqdisc.search.proposer import INTERPRETED

OPERATORS = OperatorSet.parse("+ - * / sin cos exp abs min max floor mod where")
STRATEGY = Regimes((ClosedForm(max_rows=150),), max_rows=700, seeds=8)


def problem_of(law, n_rows=800, noise=0.0, k=2, operators=OPERATORS, whole=False):
    random = np.random.default_rng(5)
    features = random.uniform(-5.0, 5.0, (n_rows, k))
    if whole:
        features = np.round(3.0 * features)
    target = law(*features.T)
    target = target + noise * np.std(target) * random.normal(size=n_rows)
    return Problem.of(Dataset.of(features, target), operators, 60, seed=0)


def found_in(problem, strategy=STRATEGY, epochs=4):
    session = strategy.start(problem, np.random.SeedSequence(0), 1)
    for _ in range(epochs):
        proposals = session.propose()
        yield proposals
        if proposals.exhausted:
            return


def first_exact(problem, strategy=STRATEGY):
    for proposals in found_in(problem, strategy):
        exact = [law for law in proposals.expressions if is_exact(law, problem.train)]
        if exact:
            return min(exact, key=len)
    return None


WORKED = {
    "two half-planes": lambda x, y: np.where(x > y, x**2 + y, 3.0 - x * y),
    "a disc in another law": lambda x, y: np.where(x**2 + y**2 < 9.0, 9.0 - x * x - y * y, 0.5 * x + 1.0),
    "three strips": lambda x, y: np.where(x < -1.5, y**2, np.where(x < 2.0, x * y, 3.0 - 2.0 * x)),
    "quadrants": lambda x, y: np.where(x * y > 0.0, x + y**2, x - y),
    "a roof": lambda x, y: np.minimum(x + 2.0 * y + 3.0, 4.0 - x),
    "stairs": lambda x, y: np.floor(0.5 * x + y),
}


@pytest.mark.parametrize("name", WORKED)
def test_worked_examples_come_back_exactly_on_rows_that_were_held_out(name):
    problem = problem_of(WORKED[name])
    law = first_exact(problem)
    assert law is not None
    assert problem.admits(law)
    assert is_exact(law, problem.train)
    heldout = problem.heldout
    # A row between the last rows known on either side of a boundary may be told wrongly, hardly more.
    right = np.abs(evaluate(law, heldout.features) - heldout.target) < 1e-9
    assert np.mean(right) > 0.99


def test_an_integer_law_by_parity_comes_back_exactly():
    problem = problem_of(lambda i, j: np.where(np.mod(i + j, 2) == 1, i * j, i + 2 * j), whole=True)
    law = first_exact(problem)
    assert law is not None
    np.testing.assert_allclose(
        evaluate(law, problem.heldout.features), problem.heldout.target, rtol=1e-9, atol=1e-9
    )


def test_a_jump_in_one_input_is_found_and_not_smoothed():
    problem = problem_of(lambda x: np.where(x > 1.25, 4.0 - x, x**2), n_rows=400, k=1)
    law = first_exact(problem)
    assert law is not None
    below, above = evaluate(law, np.array([[1.2], [1.3]]))
    assert (below, above) == pytest.approx((1.44, 2.7))


def test_under_noise_the_boundary_and_the_laws_are_near():
    problem = problem_of(WORKED["two half-planes"], n_rows=1200, noise=0.01)
    clean = WORKED["two half-planes"](*problem.heldout.features.T)
    sigma = 0.01 * np.std(clean)
    misses = [
        float(np.sqrt(np.median((evaluate(law, problem.heldout.features) - clean) ** 2)))
        for proposals in found_in(problem)
        for law in proposals.expressions
        if np.mean(np.abs(evaluate(law, problem.heldout.features) - clean) < 3.0 * sigma) > 0.98
    ]
    assert min(misses) < 0.5 * sigma


@pytest.mark.parametrize(
    "law",
    [lambda x, y: np.sin(x) * y + 0.1 * x**2, lambda x, y: np.exp(0.3 * x) * np.cos(y)],
    ids=["wave", "growth"],
)
def test_a_smooth_law_that_the_rows_resolve_costs_a_look_and_is_left_to_others(law):
    problem = problem_of(law)
    (only,) = found_in(problem)
    assert only.exhausted
    assert only.expressions == ()
    assert only.node_evaluations <= 100 * INTERPRETED * problem.train.n_rows


def test_without_operators_to_write_pieces_nothing_is_done():
    problem = problem_of(WORKED["a roof"], operators=OperatorSet.parse("+ - * / sin"))
    (only,) = found_in(problem)
    assert (only.exhausted, only.expressions, only.node_evaluations) == (True, (), 0)


def test_without_where_kinks_are_found():
    problem = problem_of(WORKED["a roof"], operators=OperatorSet.parse("+ - * abs floor"))
    law = first_exact(problem)
    assert law is not None
    assert str(law).count("abs") == 1


def test_a_session_goes_on_from_its_state_whatever_the_threads():
    problem = problem_of(WORKED["quadrants"], n_rows=300)
    session = STRATEGY.start(problem, np.random.SeedSequence(3), 1)
    session.propose()
    session.propose()
    twin = STRATEGY.start(problem, np.random.SeedSequence(3), 2)
    twin.restore(session.state())
    assert twin.propose() == session.propose()
