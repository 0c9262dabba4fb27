"""Functions of one of two inputs that the target is linear in: their curves, their names, what is left."""

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.problem import Problem
from eqdisc.proposers.closed_form import ClosedForm
from eqdisc.proposers.structure import Structure
from eqdisc.proposers.structure.bilinear import curve_of, projected
from eqdisc.proposers.structure.curving import curved_inputs
from eqdisc.proposers.structure.hypotheses import hypotheses
from eqdisc.proposers.structure.polynomial import polynomial_inputs
from eqdisc.scoring.rounding import is_exact
from eqdisc.search.surrogate import lay
from eqdisc.search.view import View


def problem_of(law, operators=None, k=2, noise=0.0, n_rows=900, low=0.0):
    random = np.random.default_rng(4)
    x = random.uniform(low, 5.0, (n_rows, k))
    target = law(*x.T)
    table = Dataset.of(x, target + noise * np.std(target) * random.normal(size=n_rows))
    return Problem.of(table, operators or OperatorSet.default(), 60, seed=0)


def curved(problem):
    rows = View.rows_of(problem.train)
    return curved_inputs(View.on(rows, problem.train), rows, problem)


def hard(x):
    """No polynomial of a degree of 14 follows it."""
    return np.log(1.0 + (x - 1.0) ** 2)


def test_the_share_of_left_out_rows_is_that_of_leaving_out_each():
    random = np.random.default_rng(0)
    x, y = random.uniform(-1.0, 1.0, (2, 40))
    basis, aim = np.column_stack([np.ones(40), x]), np.exp(x) * np.sin(y) + x**2
    found = projected(basis, aim, np.sin(y), np.empty((40, 0)))
    design = np.hstack([basis * np.sin(y)[:, None], basis])
    missed = []
    for row in range(40):
        rest = np.arange(40) != row
        fitted = np.linalg.lstsq(design[rest], aim[rest], rcond=None)[0]
        missed.append(aim[row] - design[row] @ fitted)
    assert found.share == pytest.approx(np.mean(np.square(missed)) / np.var(aim), rel=1e-9)
    assert found.step.size == 0


def test_columns_that_depend_on_each_other_are_refused():
    x = np.linspace(-1.0, 1.0, 40)
    basis = np.column_stack([np.ones(40), x])
    assert projected(basis, x**3, np.ones(40), np.empty((40, 0))) is None


@pytest.mark.parametrize("j", [0, 1])
def test_the_curve_is_the_function_up_to_a_factor_and_a_constant(j):
    points = np.random.default_rng(0).uniform(-1.0, 1.0, (900, 2))
    y, x = points[:, j], points[:, 1 - j]
    target = hard(2.5 * x + 2.5) * np.sin(3.0 * y) + np.sqrt(0.5 + x**2)
    whole = lay(points, target)
    curve = curve_of(points, target, whole, j)
    assert curve.share < 1e-6 * whole.share
    assert abs(np.corrcoef(curve.values, np.sin(3.0 * y))[0, 1]) > 1.0 - 1e-12
    assert curve_of(points, target, whole, 1 - j).share > 1e-4


LAWS = {
    "sin(1.3*x1)": (lambda x, y: hard(x) * np.sin(1.3 * y) + np.exp(0.3 * x), ["log(1 + (z - 1)**2)"]),
    "tanh(x1)": (lambda x, y: np.sqrt(x + 0.1) * np.tanh(y) - hard(x), ["sqrt(z + 0.1)"]),
    "exp(-0.4*x1)": (lambda x, y: np.cos(x) * np.exp(-0.4 * y) + hard(x), ["cos(z)"]),
    "log(x1**2 + 3)": (lambda x, y: hard(x) * np.log(y**2 + 3.0) + x, ["log(1 + (z - 1)**2)"]),
}


@pytest.mark.parametrize("name", LAWS)
def test_functions_get_their_names(name):
    law, (factor,) = LAWS[name]
    problem = problem_of(law)
    (found,) = curved(problem)
    at = np.column_stack([np.ones(50), np.linspace(0.0, 5.0, 50)])
    named, true = evaluate(found.reduction.of, at), evaluate(parse(name, ["x0", "x1"]), at)
    assert abs(np.corrcoef(named, true)[0, 1]) > 1.0 - 1e-12
    assert len(found.reduction.of.codes) <= len(parse(name, ["x0", "x1"]).codes) + 2
    assert found.reduction.input == 1
    parts = found.reduction.problems(problem)
    assert [part.train.n_features for part in parts] == [1, 1]
    truth = evaluate(parse(factor, ["z"]), parts[1].train.features)
    assert np.std(np.abs(parts[1].train.target / truth)) < 1e-6


def test_what_is_put_together_is_the_law():
    problem = problem_of(LAWS["tanh(x1)"][0])
    (found,) = curved(problem)
    sign = np.sign(evaluate(found.reduction.of, np.ones((1, 2)))[0])
    laws = ["-log(1 + square(z - 1))", f"{sign}*sqrt(z + 0.1)"]
    whole = found.reduction.combine(problem, [parse(law, ["z"]) for law in laws])
    values = evaluate(whole, problem.train.features)
    np.testing.assert_allclose(values, problem.train.target, rtol=0.0, atol=1e-9)


@pytest.mark.parametrize(
    "law",
    [
        lambda x, y: np.exp(-x * y / 5.0) + np.sin(x),
        lambda x, y: np.log(1.0 + x + y**2),
        lambda x, y: hard(x) * np.sin(y) + 0.01 * x * y,
        lambda x, y: hard(x) + np.sin(3.0 * y),  # a sum of parts: a test of its own
    ],
)
@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_nothing_is_seen_where_nothing_is(law, noise):
    assert curved(problem_of(law, noise=noise)) == []


def test_noise_is_no_structure():
    problem = problem_of(lambda x, y: np.random.default_rng(1).normal(size=x.size))
    assert curved(problem) == []


def test_under_noise_the_parameter_is_found_within_it():
    problem = problem_of(lambda x, y: np.exp(0.3 * x) * np.sin(1.3 * y) + np.log(1.0 + x**2), noise=1e-3)
    (found,) = curved(problem)
    assert found.share == pytest.approx(1e-6, rel=0.5)
    (rate,) = found.reduction.of.constants
    assert abs(rate) == pytest.approx(1.3, abs=2e-3)


def test_only_functions_that_the_operators_can_write():
    law = LAWS["sin(1.3*x1)"][0]
    assert curved(problem_of(law, OperatorSet.of("add", "mul", "exp", "log"))) == []
    only_products = OperatorSet.of("add", "mul", "log", "exp")
    (found,) = curved(problem_of(LAWS["exp(-0.4*x1)"][0], only_products))
    assert set(OperatorSet.of("mul", "exp").codes).issuperset(
        code for code in found.reduction.of.codes if code in OperatorSet.default().codes
    )


def test_two_inputs_only():
    assert curved(problem_of(lambda x, y, z: hard(x) * np.sin(y) + z, k=3)) == []


def test_a_line_with_a_slope_that_is_hard_for_polynomials():
    problem = problem_of(lambda x, y: hard(x) * y + np.exp(-x))
    rows = View.rows_of(problem.train)
    (best, *_) = polynomial_inputs(View.on(rows, problem.train), rows)
    assert best.kind == "linear, plain"
    assert best.share < 1e-20
    assert hypotheses(problem)[0].kind == "linear, plain"


def test_a_law_of_a_wave_and_a_logarithm_is_found():
    problem = problem_of(lambda x, y: np.exp(0.3 * x) * np.sin(y) + np.log(1.0 + x**2), n_rows=3000, low=-5.0)
    session = Structure((ClosedForm(),)).start(problem, np.random.SeedSequence(0), 1)
    proposals = session.propose()
    exact = [law for law in proposals.expressions if is_exact(law, problem.train)]
    assert exact
    assert dict(zip(proposals.expressions, proposals.origins, strict=True))[exact[0]] == (
        "structure (linear in a function, plain)"
    )
