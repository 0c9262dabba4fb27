"""Closed forms: laws that linear algebra finds, within the operators and the size allowed."""

import time
from dataclasses import replace

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.prior import Prior
from eqdisc.problem import Problem
from eqdisc.proposers.closed_form import ClosedForm
from eqdisc.proposers.closed_form.builder import Builder
from eqdisc.proposers.closed_form.library import tabulate
from eqdisc.proposers.closed_form.selection import Design, around, eliminate, forward, solve
from eqdisc.proposers.closed_form.table import Table
from eqdisc.proposers.closed_form.waves import plane_waves
from eqdisc.scoring.rounding import is_exact
from eqdisc.search.optimum import optimum

NAMES = ("a", "b", "c", "d")

LAWS = {
    "Boyle": ("1403.2/a", 10, 50),
    "ideal gas": ("8.314*a*b/c", 1, 5),
    "inverse square": ("6.67*a*b/c**2", 1, 3),
    "pendulum": ("2*pi*sqrt(a/9.81)", 0.1, 2),
    "free exponent": ("4.2*a**0.37", 0.5, 9),
    "negative inputs": ("-3*a**3/b", -2, 2),
    "polynomial": ("2*a**3 - a + 0.5", -2, 2),
    "polynomial of two": ("a**2 - 3*a*b + b - 2", -2, 2),
    "decay": ("3*exp(-0.7*a)", 0, 4),
    "decay to a level": ("2*exp(-a/2) + 0.7", 0, 5),
    "wave": ("3*sin(2*a + 0.4) + 1", 0, 6),
    "sum of unlike terms": ("sin(a) + a**2", -3, 3),
    "lens": ("1/(1/a + 1/b)", 1, 5),
    "hypotenuse": ("sqrt(a**2 + b**2)", 1, 5),
    "saturation": ("2*a/(3 + a)", 0, 10),
    "rational": ("(a + 1)/(a**2 + 2)", -3, 3),
    "damped product": ("a*exp(-b)/c", 0.5, 3),
    "projection": ("2.5*a*cos(b)", -3, 3),
    "difference times": ("a*(b - c)/d**2", 1, 5),
    "logistic": ("1/(1 + exp(-2*a))", -2, 2),
    "quanta": ("2.2/(exp(0.159*a) - 1)", 0.1, 17),
    "spectrum": ("a**3/(exp(0.7*a) - 1)", 0.1, 9),
    "other clock": ("1.3/sqrt(1 - 0.04*a**2)", 0.5, 4),
    "growth of logarithms": ("a*log(1 + 0.2*a)", 0.1, 5),
}


def problem_of(text, low, high, operators=None, n_rows=200, max_size=60, noise=0.0, names=NAMES):
    law, random = parse(text, names), np.random.default_rng(11)
    features = random.uniform(low, high, (n_rows, max(law.features) + 1))
    values = evaluate(law, features)
    target = values + noise * np.std(values) * random.normal(size=n_rows)
    allowed = OperatorSet.default() if operators is None else OperatorSet.parse(operators)
    return Problem.of(Dataset.of(features, target), allowed, max_size, seed=0)


def proposed(problem, settings=None):
    session = (settings or ClosedForm()).start(problem, np.random.SeedSequence(0), 1)
    return session.propose()


@pytest.mark.parametrize("name", LAWS)
def test_law_is_found_exactly(name):
    problem = problem_of(*LAWS[name])
    proposals = proposed(problem)
    assert any(is_exact(law, problem.dataset) for law in proposals.expressions)
    assert proposals.evaluations > 0
    assert proposals.node_evaluations > 0


@pytest.mark.parametrize("name", ["ideal gas", "polynomial", "decay", "wave", "projection", "saturation"])
def test_noise_moves_the_law_by_less_than_itself(name):
    text, low, high = LAWS[name]
    problem = problem_of(text, low, high, noise=0.05)
    truth = evaluate(parse(text, NAMES), problem.dataset.features)
    errors = [
        np.std(evaluate(law, problem.dataset.features) - truth) / np.std(truth)
        for law in proposed(problem).expressions
        if law.size <= parse(text, NAMES).size + 4
    ]
    assert min(errors) < 0.02


@pytest.mark.parametrize(
    ("operators", "text", "low", "high"),
    [
        ("+ *", "2*a*a*a - a + 0.5", -2, 2),
        ("- /", "3/a", 1, 5),
        ("+ - * / sqrt", "a*sqrt(a)/b", 1, 5),
        ("mul inv cube", "2*cube(a)*inv(b)", 1, 3),
        ("+ * pow", "3*pow(a, 1.7)", 1, 3),
        ("sub mul square", "square(a) - 2*b", -2, 2),
        ("+ * exp neg", "2*exp(neg(a))", 0, 2),
    ],
)
def test_only_allowed_operators(operators, text, low, high):
    problem = problem_of(text, low, high, operators)
    laws = proposed(problem).expressions
    assert all(set(law.codes) - {0, 1} <= set(problem.operators.codes) for law in laws)
    assert any(is_exact(law, problem.dataset) for law in laws)


@pytest.mark.parametrize("operators", ["sin", "max min", "exp log", "where"])
def test_operators_that_write_no_closed_form(operators):
    for law in proposed(problem_of("a + b", 1, 2, operators)).expressions:
        assert set(law.codes) - {0, 1} <= set(OperatorSet.parse(operators).codes)


@pytest.mark.parametrize("max_size", [1, 3, 7, 12])
def test_no_law_beyond_the_size(max_size):
    laws = proposed(problem_of("a**2 - 3*a*b + b - 2", -2, 2, max_size=max_size)).expressions
    assert all(law.size <= max_size for law in laws)


def test_one_epoch_deterministic_and_diverse():
    problem = problem_of("a*log(b + 2) + sin(a*b)", 0.5, 3, noise=0.01)
    session = ClosedForm().start(problem, np.random.SeedSequence(0), 1)
    assert session.prepare() == 0.0
    first, second = session.propose(), session.propose()
    assert first.exhausted
    assert second.exhausted
    assert second.expressions == ()
    assert first.expressions == proposed(problem).expressions
    sizes = [law.size for law in first.expressions]
    assert len(sizes) == len(set(sizes)) > 3
    assert len(sizes) <= ClosedForm().max_proposals


def test_constants_are_at_the_optimum_of_the_target_itself():
    # Selected for the logarithm, where small values count most; fitted where they do not.
    problem = problem_of("3*exp(-0.7*a)", 0, 6, noise=0.05)
    for law in proposed(problem).expressions:
        loss = np.mean((problem.train.target - evaluate(law, problem.train.features)) ** 2)
        assert optimum(law, problem.train).mean_square >= loss * (1 - 1e-4)


@pytest.mark.parametrize(
    ("features", "target"),
    [
        (np.ones((30, 2)), np.arange(30.0)),
        (np.zeros((30, 1)), np.arange(30.0)),
        (np.arange(30.0)[:, None], np.where(np.arange(30) == 7, 1.0, 0.0)),
        (np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([1.0, 3.0, 2.0, 5.0])),
        (1e-30 * np.arange(1.0, 31.0)[:, None], 1e25 * np.arange(1.0, 31.0) ** 2),
        (np.random.default_rng(0).normal(size=(20, 40)), np.random.default_rng(1).normal(size=20)),
    ],
    ids=["constant features", "zero feature", "one spike", "four rows", "extreme units", "many columns"],
)
def test_ugly_tables_bring_finite_laws(features, target):
    problem = Problem.of(Dataset.of(features, target), OperatorSet.default(), 60, seed=0)
    for law in proposed(problem).expressions:
        assert np.isfinite(evaluate(law, problem.train.features)).all()


def test_the_inputs_that_matter_are_found_among_many():
    random = np.random.default_rng(3)
    features = random.uniform(1, 3, (300, 30))
    problem = Problem.of(
        Dataset.of(features, 2 * features[:, 17] ** 2 / features[:, 4]), OperatorSet.default(), 60, seed=0
    )
    exact = [law for law in proposed(problem).expressions if is_exact(law, problem.dataset)]
    assert exact
    assert min(exact, key=len).features == (4, 17)


@pytest.mark.parametrize(
    "text",
    [
        "sin(2*x + y) + 0.7*cos(x - 3*y)",
        "sin(1.7*x)*sin(2.3*y) + 0.3*x",
        "2*cos(0.9*x + 4*y + 0.3) - 0.5*sin(5*x) + cos(2*y) - 3",
    ],
)
def test_sums_of_plane_waves_are_found(text):
    features = np.random.default_rng(0).uniform(-5, 5, (1500, 2))
    target = evaluate(parse(text, ["x", "y"]), features)
    data = Dataset.of(features, target, names=["x", "y"], target_name="z")
    problem = Problem.of(data, OperatorSet.default(), 60, seed=0)
    laws = proposed(problem).expressions
    assert any(is_exact(law, problem.dataset) for law in laws)
    # Nothing is proposed where noise is all there is.
    noise = Dataset.of(features, np.random.default_rng(1).normal(size=1500))
    table = Table.of(Problem.of(noise, OperatorSet.default(), 60, seed=0), 400, 5, 300)
    assert list(plane_waves(table)) == []


@pytest.mark.parametrize("text", ["sin(0.6*x + 1.3*y)", "sin(0.5*x + 0.5*y)", "sin(0.4*x)*cos(0.6*y)"])
def test_waves_on_a_grid_are_the_slow_ones(text):
    steps = np.arange(12.0)
    features = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    target = evaluate(parse(text, ["x", "y"]), features)
    data = Dataset.of(features, target, names=["x", "y"], target_name="z")
    laws = list(plane_waves(Table.of(Problem.of(data, OperatorSet.default(), 60, seed=0), 400, 5, 300)))
    between = features + 0.5  # where an alias is another function
    true = evaluate(parse(text, ["x", "y"]), between)
    np.testing.assert_allclose(evaluate(laws[-1], between), true, atol=1e-6)


def test_many_rows_cost_little_more():
    problem = problem_of("8.314*a*b/c", 1, 5, n_rows=50_000)
    start = time.process_time()
    laws = proposed(problem).expressions
    assert time.process_time() - start < 6.0
    assert any(is_exact(law, problem.dataset) for law in laws)


def test_forward_selection_finds_two_columns_that_only_help_together():
    random = np.random.default_rng(0)
    common, small, other, another = random.normal(size=(4, 200))
    columns = np.column_stack([common, common + 0.01 * small, other, other + 0.5 * another])
    target = columns[:, 1] - columns[:, 0]
    subsets = list(forward(Design(columns), target, max_terms=2, starts=1))
    assert subsets[-1].members == (0, 1)
    assert subsets[-1].share < 1e-20


def test_selection_ends_where_all_other_columns_depend_on_the_chosen():
    rng = np.random.default_rng(2)
    design = Design(rng.normal(size=(30, 2)) @ rng.normal(size=(2, 7)))
    target = rng.normal(size=30)
    subsets = [*forward(design, target, max_terms=4, starts=3), *around(design, target, (0,), extra=3)]
    assert subsets
    assert all(len(set(s.members)) == len(s.members) <= 2 for s in subsets)


def test_elimination_ends_at_the_true_columns():
    random = np.random.default_rng(0)
    columns = random.normal(size=(100, 10))
    target = 2 * columns[:, 3] - columns[:, 8] + 5 + 0.01 * random.normal(size=100)
    by_size = {len(subset.members): subset for subset in eliminate(columns, target)}
    assert by_size[2].members == (3, 8)
    np.testing.assert_allclose([*by_size[2].coefficients, by_size[2].intercept], [2, -1, 5], atol=0.01)
    assert solve(columns, target, (8, 3)).members == (3, 8)


def test_library_holds_no_two_proportional_columns():
    x = Expression.variable(0)
    builder = Builder(OperatorSet.default())
    terms = [x, 2.0 * x, x * x, builder.power(x, 2), Expression.constant(3.0), parse("log(a - 9)", NAMES)]
    library = tabulate(terms, np.linspace(1, 2, 40)[:, None], 10)
    assert library.terms == (x, builder.power(x, 2))


def test_known_relevance_chooses_the_variables():
    features = np.random.default_rng(0).uniform(1, 5, (200, 12))
    data = Dataset.of(features, features[:, 3] * features[:, 8] + features[:, 1])
    weights = np.full(12, 0.01)
    weights[[8, 1, 3]] = 0.4, 0.3, 0.2
    problem = Problem.of(data, OperatorSet.of("add", "mul"), 20, 0)
    chosen = Table.of(replace(problem, prior=Prior(tuple(weights))), 100, 3, 50)
    assert [variable.features[0] for variable in chosen.variables] == [8, 1, 3]
    assert sorted(chosen.ranking) == list(range(12))
    assert sorted(variable.features[0] for variable in Table.of(problem, 100, 3, 50).variables) == [1, 3, 8]


def test_a_shift_that_the_largest_rows_drown_is_found():
    """Of exp(80*x) - 1 the least squares see the largest rows, where the -1 is below their rounding."""
    x = 10.0 ** np.random.default_rng(0).uniform(-3.0, 0.0, 300)
    problem = Problem.of(Dataset.of(x[:, None], np.expm1(80.0 * x)), OperatorSet.default(), 20, seed=0)
    found = [evaluate(law, np.array([[1e-3]]))[0] for law in proposed(problem).expressions]
    assert any(value == pytest.approx(np.expm1(0.08), rel=1e-9) for value in found)


def test_a_series_is_not_taken_for_the_law_it_approaches():
    x = np.random.default_rng(0).uniform(0.0, 0.03, (300, 1))
    error = 1e-11
    table = Dataset.of(x, 1.0 / np.sqrt(1.0 - x[:, 0] ** 2))
    table = replace(table, target_resolution=np.full(300, error))
    laws = proposed(Problem.of(table, OperatorSet.default(), 40, seed=0)).expressions
    assert any(len(law.constants) < 3 and is_exact(law, table) for law in laws)


@pytest.mark.parametrize("low", [1.5, 20.0, 293.0])
def test_inputs_far_from_zero_are_no_trouble(low):
    """exp(-k*x) of a temperature in kelvin is as small as a number can be, on the grid of rates."""
    x = np.random.default_rng(0).uniform(low, low + 1.0, 100)
    table = Dataset.of(x[:, None], 3.0 + 2.0 * np.exp(-0.7 * (x - low)))
    laws = proposed(Problem.of(table, OperatorSet.default(), 30, seed=0)).expressions
    assert any(is_exact(law, table) for law in laws)
