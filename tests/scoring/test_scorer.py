import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import DEFAULT_OPERATORS, OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.problem import Problem
from eqdisc.scoring.scorer import Scorer


def problem_of(x, y, weights=None):
    data = Dataset.of(x[:, None], y, names=["x"], weights=weights)
    return Problem.of(data, OperatorSet.parse(DEFAULT_OPERATORS), max_size=20, seed=0)


@pytest.mark.parametrize("weighted", [False, True])
def test_losses_are_those_of_the_reference_evaluator(weighted):
    x = np.linspace(0.5, 3.0, 80)
    problem = problem_of(x, x**2, np.linspace(1.0, 2.0, 80) if weighted else None)
    law = parse("2*x - 0.5", ["x"])
    found = Scorer(problem).score(law, "hand")
    for part, loss in [(problem.train, found.loss), (problem.heldout, found.heldout_loss)]:
        squares = (part.target - evaluate(law, part.features)) ** 2
        assert loss == pytest.approx(np.average(squares, weights=part.weights), rel=1e-13)
    assert found.complexity == law.size
    assert found.found_by == "hand"


def test_a_small_table_holds_nothing_out():
    x = np.linspace(0.5, 3.0, 20)
    problem = problem_of(x, x**2)
    assert problem.heldout is None
    assert Scorer(problem).score(parse("x", ["x"]), "hand").heldout_loss is None


def test_a_law_that_breaks_on_any_row_is_refused():
    x = np.linspace(0.5, 3.0, 80)
    problem = problem_of(x, x**2)
    edge = float(problem.heldout.features.min())
    only_heldout = parse(f"log(abs(x - {edge!r}))", ["x"])
    assert np.isfinite(evaluate(only_heldout, problem.train.features)).all()
    assert Scorer(problem).score(only_heldout, "hand") is None
    assert Scorer(problem).score(parse("sqrt(x - 1)", ["x"]), "hand") is None
    assert Scorer(problem).score(parse("exp(exp(10*x))", ["x"]), "hand") is None
    assert Scorer(problem).score(parse("1e200*x", ["x"]), "hand") is None  # finite, its square is not


def test_the_residual_is_over_all_rows():
    x = np.linspace(0.5, 3.0, 80)
    problem = problem_of(x, x**2, np.linspace(1.0, 2.0, 80))
    law = parse("x", ["x"])
    assert Scorer(problem).residual(law) == pytest.approx(np.sqrt(np.mean((x**2 - x) ** 2)))
