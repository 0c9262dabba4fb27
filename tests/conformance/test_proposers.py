"""What every strategy must do, whatever its idea."""

import pickle
from importlib.util import find_spec

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.data.scale import Scaling
from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import ADD, ARITY, MUL, NEG, SUB, OperatorSet
from eqdisc.portfolio import PROPOSERS, named_proposer
from eqdisc.problem import Problem
from eqdisc.proposers.seeds import Seeds
from eqdisc.proposers.template import Template
from eqdisc.scoring.scorer import Scorer
from eqdisc.search.checkpoint import SearchState, StrategyState, read_checkpoint, write_checkpoint
from eqdisc.search.working_units import InWorkingUnits
from tests.proposers.snip.small import small_snip
from tests.quick import quick_epochs

OPERATORS = OperatorSet.parse("+ - * / sqrt exp")
# A slope and an intercept belong to every law, whatever operators were asked for.
ALLOWED = {*OPERATORS.codes, ADD, MUL, SUB, NEG}
EPOCHS = 3


def table(scale=1.0, n_rows=80):
    random = np.random.default_rng(7)
    a, b = random.uniform(1.0, 3.0, (2, n_rows))
    return Dataset.of(np.column_stack([scale * a, b]), np.sqrt(scale * a) / b + 0.1 * b, names=["a", "b"])


def problem_of(data, max_size=15):
    return Problem.of(data, OPERATORS, max_size, seed=0)


# Named strategies as they are tested: no weights need be there, and an epoch takes little work.
with quick_epochs():
    NAMED = {name: small_snip() if name == "snip" else named_proposer(name) for name in PROPOSERS}


def broken_table():
    """Two planes, for the strategy that has nothing to say of one law."""
    random = np.random.default_rng(8)
    a, b = random.uniform(1.0, 3.0, (2, 320))
    target = np.where(a > b, 4.0 + a, 2.0 * b) + 0.01 * random.normal(size=320)
    return Dataset.of(np.column_stack([a, b]), target, names=["a", "b"])


def telling(proposer):
    """A table that the strategy has something to say of."""
    return broken_table() if proposer.name == "regimes" else table()


def told(proposer, data=None):
    operators = OperatorSet.parse("+ - * / where") if proposer.name == "regimes" else OPERATORS
    return Problem.of(telling(proposer) if data is None else data, operators, 15, seed=0)


STRATEGIES = {
    "seeds": Seeds(("a/b", "sqrt(a)/b + 0.3*b")),
    "in_working_units": InWorkingUnits(Seeds(("a/b",)), Scaling.of(table(scale=1e-20))),
    "template": Template("f(a)/b*k + g(b)", batch=400),
    **NAMED,
}


@pytest.fixture(params=STRATEGIES, scope="module")
def proposer(request):
    return STRATEGIES[request.param]


def run(proposer, problem, seed=0, threads=1, epochs=EPOCHS):
    """The proposals of some epochs, the session being shown what it has found as a search would."""
    session = proposer.start(problem, np.random.SeedSequence(seed), threads)
    assert session.prepare() >= 0.0
    found, scorer = [], Scorer(problem)
    for _ in range(epochs):
        proposals = session.propose()
        found.append(proposals)
        if proposals.exhausted:
            break
        scored = [scorer.score(expression, proposer.name) for expression in proposals.expressions]
        session.observe(sorted((c for c in scored if c is not None), key=lambda c: (c.complexity, c.loss)))
    return found


@pytest.fixture(scope="module")
def found(proposer):
    return run(proposer, told(proposer))


def test_something_is_proposed_and_counted(found):
    assert any(proposals.expressions for proposals in found)
    for proposals in found:
        assert proposals.evaluations >= 0
        assert proposals.node_evaluations >= proposals.evaluations


def test_limits_and_operators_are_respected(proposer, found):
    allowed = {*ALLOWED, *told(proposer).operators.codes}
    for proposals in found:
        for expression in proposals.expressions:
            assert {code for code in expression.codes if ARITY[code]} <= allowed
            assert set(expression.features) <= {0, 1}


@pytest.mark.parametrize("name", NAMED)  # suggestions beyond the limit are refused with an error instead
def test_sizes_are_respected(name):
    for proposals in run(NAMED[name], problem_of(table(), max_size=5)):
        assert all(expression.size <= 5 for expression in proposals.expressions)


def test_constants_are_at_their_optimum(proposer, found):
    """No proposal can be bettered by another slope and intercept."""
    problem = told(proposer)
    target = problem.train.target
    best = min(
        (expression for proposals in found for expression in proposals.expressions),
        key=lambda expression: np.mean((evaluate(expression, problem.train.features) - target) ** 2),
    )
    value = evaluate(best, problem.train.features)
    slope, intercept = np.polyfit(value, target, 1)
    scaled = np.mean((slope * value + intercept - target) ** 2)
    plain = np.mean((value - target) ** 2)
    assert scaled >= plain * (1.0 - 1e-3) - 1e-24


def test_the_same_seed_gives_the_same_proposals_for_any_number_of_threads(proposer, found):
    assert run(proposer, told(proposer), threads=2) == found


def test_settings_survive_a_pickle_and_are_hashable(proposer, found):
    copy = pickle.loads(pickle.dumps(proposer))
    assert copy == proposer
    assert hash(copy) == hash(proposer)
    assert copy.name == proposer.name
    assert run(copy, told(proposer)) == found


def front_of(problem, *proposals):
    """What a search would show the strategy."""
    scorer = Scorer(problem)
    scored = [scorer.score(expression, "me") for found in proposals for expression in found.expressions]
    return sorted((c for c in scored if c is not None), key=lambda c: (c.complexity, c.loss))


def through_a_checkpoint(state, folder):
    kept = StrategyState("me", False, (), state)
    whole = SearchState({}, (), (), (), 1, 0, 0, False, None, 0, 0, 0.0, 0.0, (kept,))
    write_checkpoint(folder / "checkpoint.npz", whole)
    return read_checkpoint(folder / "checkpoint.npz").strategies[0].session


@pytest.mark.parametrize("epochs", [0, 2])
def test_a_session_goes_on_from_its_state_in_a_checkpoint(proposer, epochs, tmp_path):
    problem = told(proposer)
    session = proposer.start(problem, np.random.SeedSequence(4), 2)
    session.prepare()
    before = []
    for _ in range(epochs):
        before.append(session.propose())
        session.observe(front_of(problem, *before))
    state = through_a_checkpoint(session.state(), tmp_path)
    twin = proposer.start(problem, np.random.SeedSequence(4), 1)
    twin.prepare()
    twin.restore(state)
    for _ in range(2):
        mine, its = session.propose(), twin.propose()
        assert mine == its
        for one in (session, twin):
            one.observe(front_of(problem, *before, mine))


def test_the_data_are_left_alone(proposer):
    problem = problem_of(table())
    before = pickle.dumps(problem.dataset)
    run(proposer, problem, epochs=1)
    assert pickle.dumps(problem.dataset) == before


@pytest.mark.parametrize("n_rows", [4, 5, 61])
def test_few_rows_are_no_trouble(proposer, n_rows):
    run(proposer, problem_of(table(n_rows=n_rows)), epochs=1)


def test_weights_are_used(proposer):
    data = telling(proposer)
    weights = np.where(data.features[:, 0] > 2.0, 1.0, 1e-6)
    weighted = Dataset.of(data.features, data.target, data.feature_names, "y", weights)
    assert run(proposer, told(proposer, weighted)) != run(proposer, told(proposer, data))


def test_every_named_strategy_is_there():
    for entry in PROPOSERS.values():
        assert find_spec(entry.module) is not None
