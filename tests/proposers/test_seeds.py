import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.errors import InputError, OptionError, ParseError
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.problem import Problem
from eqdisc.proposers.seeds import Seeds

OPERATORS = OperatorSet.parse("+ - * / exp sqrt")


@pytest.fixture
def problem():
    x = np.linspace(0.5, 3.0, 30)
    data = Dataset.of(x[:, None], 2.5 * np.exp(0.7 * x) - 1.25, names=["depth"])
    return Problem.of(data, OPERATORS, 12, seed=0)


def propose(problem, *expressions):
    return Seeds(expressions).start(problem, np.random.SeedSequence(0), 1).propose()


def losses(problem, proposals):
    data = problem.dataset
    return [np.mean((evaluate(e, data.features) - data.target) ** 2) for e in proposals.expressions]


def test_constants_slope_and_intercept_are_fitted(problem):
    proposals = propose(problem, "exp(0.5*depth)")
    assert proposals.exhausted
    assert proposals.evaluations == 2
    as_given, scaled = losses(problem, proposals)
    assert scaled < 1e-18 < as_given


def test_texts_and_trees_are_the_same(problem):
    x = Expression.variable(0)
    tree = Expression.apply("exp", Expression.constant(0.5) * x)
    assert propose(problem, tree) == propose(problem, "exp(0.5*depth)")


def test_a_suggestion_is_made_once(problem):
    session = Seeds(("depth",)).start(problem, np.random.SeedSequence(0), 1)
    assert session.propose().expressions
    assert session.propose().expressions == ()


def test_a_scaled_suggestion_that_is_too_large_is_left_out(problem):
    nine = "depth + depth*depth + depth*depth"
    assert len(propose(problem, nine).expressions) == 1


@pytest.mark.parametrize(
    ("suggestion", "error", "message"),
    [
        ("exp(dept)", ParseError, "depth"),
        (Expression.variable(3), OptionError, "reads column 3"),
        (" + ".join(["depth"] * 7), OptionError, "13 nodes, the limit is 12"),
    ],
)
def test_what_the_problem_does_not_admit(problem, suggestion, error, message):
    with pytest.raises(error, match=message):
        Seeds((suggestion,)).start(problem, np.random.SeedSequence(0), 1)


def test_other_names_are_free_parameters(problem):
    """From no start values at all, and with slope and intercept as any suggestion."""
    proposals = propose(problem, "a*exp(k*depth) + c")
    assert losses(problem, proposals)[0] < 1e-18
    named, scaled = losses(problem, propose(problem, "exp(k*depth)"))
    assert scaled < 1e-18 < named


def test_a_parameter_may_stand_in_an_exponent():
    radius = np.linspace(0.5, 20.0, 30)
    data = Dataset.of(radius[:, None], 4e7 / radius**2.5, names=["r"])
    problem = Problem.of(data, OPERATORS, 12, seed=0)
    assert losses(problem, propose(problem, "k/r**n"))[0] < 1e-12


def test_the_left_side_may_be_written(problem):
    assert propose(problem, "y = k*depth") == propose(problem, "k*depth")


def test_a_suggestion_that_is_nowhere_finite_is_an_error(problem):
    with pytest.raises(InputError, match="no finite value"):
        propose(problem, "k*log(-depth)")


def test_what_was_proposed_stays_proposed_after_a_restart(problem):
    proposer = Seeds(("k*depth",))
    session = proposer.start(problem, np.random.SeedSequence(0), 1)
    session.propose()
    again = proposer.start(problem, np.random.SeedSequence(0), 1)
    again.restore(session.state())
    assert again.propose().expressions == ()
