"""Losses over decades: which islands get which, what they measure, and laws that only they can see."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.expr.units import Dimension, UnitRules
from eqdisc.problem import Problem
from eqdisc.proposers.gp.losses import View, _ranks, decades, in_proportion, linked, power_of
from eqdisc.proposers.gp.session import island_losses
from eqdisc.proposers.gp.settings import GeneticProgramming
from eqdisc.scoring.rounding import is_exact

WORDS = OperatorSet.parse("+ - * / square sqrt exp log")
X0 = Expression.variable(0)
SMALL = GeneticProgramming(population=200, epoch_work=40_000_000)


@given(st.floats(-200.0, 200.0), st.floats(0.1, 8.0))
def test_decades_do_not_depend_on_the_unit(exponent, spread):
    target = 10.0 ** np.linspace(-spread / 2.0, spread / 2.0, 201)
    assert decades(target * 10.0**exponent) == pytest.approx(decades(target), abs=1e-5)
    assert decades(target) == pytest.approx(0.9 * spread, abs=1e-5)


def test_only_wide_targets_change_the_losses():
    near, wide = np.linspace(-3.0, 40.0, 100), 10.0 ** np.linspace(-4.0, 4.0, 100)
    assert set(island_losses(SMALL, near, True)) == {"absolute"}
    assert set(island_losses(SMALL, wide, True)) == {"absolute", "relative", "magnitude", "rank"}
    assert set(island_losses(SMALL, wide, False)) == {"absolute", "relative"}


def test_views_measure_what_they_say():
    random = np.random.default_rng(0)
    features = random.uniform(1.0, 2.0, (100, 2))
    target = 10.0 ** random.uniform(-6.0, 6.0, 100) * random.choice([-1.0, 1.0], 100)
    target[7] = 0.0
    relative = View.of("relative", features, target, None, 30, True)
    weights = relative.blocks.weights[0, :100]
    rows = np.abs(target) > 1e-5
    assert np.ptp(np.log(weights[rows] * target[rows] ** 2)) < 1e-9
    assert weights[7] == weights.max()
    magnitude = View.of("magnitude", features, target, None, 30, False)
    assert magnitude.blocks.n_rows == 99
    expected = np.log(np.abs(np.delete(target, 7)))
    np.testing.assert_allclose(
        magnitude.blocks.target[0, :99] + magnitude.blocks.center, expected, rtol=1e-12
    )
    for view in (relative, magnitude):
        assert view.variances[0] > view.variances[1] > 0.0
        assert view.screen.n_rows == 30


def test_relative_weights_stay_finite_over_all_doubles():
    weights = in_proportion(np.array([1e-300, 1e-200, 1.0, 1e300, 0.0]))
    assert np.isfinite(weights).all()
    assert weights.max() == 1.0


@given(st.sampled_from([1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0]), st.floats(-0.04, 0.04))
def test_a_fitted_power_is_told(exponent, error):
    x = Expression.variable(0)
    table = np.array([[0.5], [2.0], [3.0]])
    found = evaluate(power_of(x, exponent + error, WORDS), table)
    np.testing.assert_allclose(found, table[:, 0] ** exponent, rtol=1e-12)


def wide_problem(law, operators=WORDS, n=300, units=None):
    random = np.random.default_rng(2)
    features = 10.0 ** random.uniform(-2.0, 2.0, (n, 3))
    tree = parse(law, ("a", "b", "c"))
    dataset = Dataset.of(features, evaluate(tree, features), ["a", "b", "c"])
    return Problem(dataset, dataset, None, operators, 30, units=units)


def errors(problem, epochs, settings=SMALL, threads=1):
    session = settings.start(problem, np.random.SeedSequence(0), threads)
    session.prepare()
    train, least, laws = problem.train, np.inf, []
    for _ in range(epochs):
        for law in session.propose().expressions:
            laws.append(law)
            value = evaluate(law, train.features)
            error = np.abs(value / train.target - 1.0)
            least = min(least, float(np.max(np.where(np.isfinite(error), error, np.inf))))
        if least < 1e-9:
            break
    return least, laws


@pytest.mark.parametrize("law", ["a**2*b/(1 + b/c)", "a*b**2*sqrt(c)/(a + b)"])
def test_laws_over_decades_are_exact_on_the_smallest_rows_too(law):
    more = GeneticProgramming(population=300, epoch_work=200_000_000)
    assert errors(wide_problem(law), 12, more)[0] < 1e-9


def test_wide_problems_repeat_for_any_number_of_threads():
    problem = wide_problem("a**2*b/(1 + b/c) - c")
    assert errors(problem, 2)[1] == errors(problem, 2, threads=2)[1]


@pytest.mark.parametrize("constants", ["free", "dimensionless"])
@pytest.mark.parametrize("law", ["a/b + 0.5*c", "2*a**2*b**2/(a**2 + 3*b**2*c**2)"])
def test_what_is_proposed_keeps_to_the_units(constants, law):
    """a is a length, b a time, c a speed; the first law is a speed, the second the square of a time."""
    metre, second = Dimension.of(m=1), Dimension.of(s=1)
    rules = UnitRules((metre, second, metre / second), metre / second, constants)
    if "a**2" in law:
        rules = UnitRules((metre, second, metre / second), second**2, constants)
    problem = wide_problem(law, units=rules)
    least, laws = errors(problem, 20)
    assert laws
    assert all(problem.admits(e) for e in laws)
    assert least < 1e-9


@given(st.floats(0.2, 3.0), st.sampled_from(["exp", "log", "sqrt", "square"]))
def test_ranks_do_not_depend_on_what_stands_outside(power, outer):
    random = np.random.default_rng(0)
    features = random.uniform(1.5, 4.0, (100, 2))
    inside = features[:, 0] * features[:, 1] ** power
    plain = View.of("rank", features, inside, None, 30, False)
    outside = evaluate(Expression.apply(outer, X0), inside[:, None])
    through = View.of("rank", features, outside, None, 30, False)
    np.testing.assert_array_equal(plain.blocks.target, through.blocks.target)
    assert np.ptp(plain.blocks.target[0, :100]) < 2.0


@pytest.mark.parametrize(
    "text", ["exp(3*x0 - 1)", "log(2*x0 + 1)", "sqrt(x0 + 0.5)", "(0.3*x0 + 2)**2", "5*x0 - 7"]
)
def test_the_function_around_a_tree_is_found_with_its_line(text):
    x = np.linspace(0.1, 2.0, 40)[:, None]
    target = evaluate(parse(text, ["x0"]), x)
    law = linked(X0, x, target, WORDS)
    np.testing.assert_allclose(evaluate(law, x), target, rtol=1e-9)


def test_no_function_stands_around_a_tree_where_none_is_allowed():
    x = np.linspace(0.1, 2.0, 40)[:, None]
    assert linked(X0, x, np.exp(x[:, 0]), OperatorSet.parse("exp")) is None
    law = linked(X0, x, np.exp(9.0 * x[:, 0]), OperatorSet.parse("+ *"))
    assert set(law.codes) <= {0, 1, *OperatorSet.parse("+ *").codes}
    assert linked(parse("log(x0 - 1)", ["x0"]), x, x[:, 0], WORDS) is None


def exponential(losses):
    """A problem that an island of ranks sees through, and a session of two islands."""
    features = np.random.default_rng(1).uniform(-3.0, 3.0, (300, 2))
    target = np.exp(features[:, 0] * features[:, 1])
    problem = Problem.of(Dataset.of(features, target), OperatorSet.parse("+ * exp"), 20, seed=0)
    settings = GeneticProgramming(island_sizes=(9,), population=100, epoch_work=3_000_000, wide_losses=losses)
    session = settings.start(problem, np.random.SeedSequence(0), 1)
    session.prepare()
    return problem, session


def test_an_island_of_ranks_hands_laws_on_to_the_others():
    """Nobody but the island of ranks breeds; the other fits what it is given."""
    problem, session = exponential(("rank", "relative"))
    breed = session._evolve
    session._evolve = lambda index, budget: breed(index, budget if index == 0 else 0)
    laws = [law for _ in range(6) for law in session.propose().expressions]
    assert any(is_exact(law, problem.train) for law in laws)


def test_equal_values_have_equal_ranks():
    target = np.array([3.0, 1.0, 1.0, 2.0, 3.0, 3.0, 0.5, 1.0])
    view = View.of("rank", np.arange(8.0)[:, None], target, None, 8, False)
    ranks = view.blocks.target[0, :8]
    for value in np.unique(target):
        assert np.ptp(ranks[target == value]) == 0.0
    assert abs(np.mean(ranks)) < 1e-15  # centred
    assert (np.diff(ranks[np.argsort(target, kind="stable")]) >= 0.0).all()


@pytest.mark.parametrize("operators", ["+ * /", "+ * inv"])
def test_inverse_links_are_written_as_the_operators_allow(operators):
    x = np.linspace(0.1, 2.0, 40)[:, None]
    allowed = OperatorSet.parse(operators)
    law = linked(X0, x, 1.0 / (2.0 * x[:, 0] + 1.0), allowed)
    np.testing.assert_allclose(evaluate(law, x), 1.0 / (2.0 * x[:, 0] + 1.0), rtol=1e-9)
    assert set(law.codes) <= {0, 1, *allowed.codes}


def test_links_of_negative_targets_have_a_sign_of_their_own():
    x = np.linspace(0.1, 2.0, 40)[:, None]
    law = linked(X0, x, -np.exp(3.0 * x[:, 0]), WORDS)
    np.testing.assert_allclose(evaluate(law, x), -np.exp(3.0 * x[:, 0]), rtol=1e-9)


def test_what_follows_ranks_is_not_proposed_as_a_law():
    _, session = exponential(("rank", "rank"))
    assert [session.propose().expressions for _ in range(3)] == [(), (), ()]


@pytest.mark.parametrize("values", [[3.0], [2.0, 2.0, 2.0], [1.0, -4.0, 1.0, 7.0, 0.0, 7.0, 7.0]])
def test_ranks_are_those_of_scipy(values):
    wanted = rankdata(values) * (2.0 / len(values)) - 1.0
    np.testing.assert_array_equal(_ranks(np.array(values)), wanted)
