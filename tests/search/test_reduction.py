"""Reductions: smaller problems that are true to the larger one, and laws that come back equal."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.expr.units import Dimension, UnitRules
from eqdisc.problem import Problem
from eqdisc.search.reduction import ChangeOfVariables, Split, monomial, recombined, substituted

NAMES = ("a", "b", "c")


def problem_of(operators="+ - * / square sqrt exp log", n_rows=100, **settings):
    x = np.random.default_rng(0).uniform(1.0, 3.0, (n_rows, 3))
    table = Dataset.of(x, x[:, 0] * np.exp(x[:, 1] / x[:, 2]), names=NAMES)
    problem = Problem.of(table, OperatorSet.parse(operators), 30, seed=0)
    return replace(problem, **settings)


def change(coordinates, target, undo):
    return ChangeOfVariables(
        tuple(parse(text, NAMES) for text in coordinates),
        parse(target, (*NAMES, "y")),
        parse(undo, (*NAMES, "g")),
    )


RATIO = change(("b/c",), "y/a", "a*g")


def test_the_smaller_problem_holds_the_new_columns_on_the_same_rows():
    problem = problem_of()
    (smaller,) = RATIO.problems(problem)
    for mine, its in ((problem.dataset, smaller.dataset), (problem.train, smaller.train)):
        a, b, c = mine.features.T
        np.testing.assert_allclose(its.features[:, 0], b / c, rtol=1e-15)
        np.testing.assert_allclose(its.target, mine.target / a, rtol=1e-15)
    assert smaller.heldout.n_rows == problem.heldout.n_rows


def test_the_law_put_together_has_the_value_of_its_part():
    problem = problem_of()
    law = RATIO.combine(problem, [parse("exp(z)", ["z"])])
    np.testing.assert_allclose(evaluate(law, problem.train.features), problem.train.target, rtol=1e-14)
    (fit,) = recombined(RATIO, problem, [[parse("1.01*exp(0.98*z)", ["z"])]])
    assert fit.mean_square < 1e-20


def test_what_the_operators_cannot_write_is_not_written():
    problem = problem_of("+ *")
    assert change(("b",), "y/a", "a*g").combine(problem, [Expression.variable(0)]) is not None
    assert RATIO.combine(problem, [Expression.variable(0)]) is None


def test_digits_are_carried_along():
    problem = problem_of()
    rough = replace(problem.train, feature_resolution=np.full((3, problem.train.n_rows), 0.01))
    (smaller,) = RATIO.problems(replace(problem, train=rough, dataset=rough))
    b, c = rough.features[:, 1:].T
    np.testing.assert_allclose(smaller.train.feature_resolution[0], 0.01 / c + 0.01 * b / c**2, rtol=1e-9)


def test_units_are_carried_along_or_the_reduction_refused():
    metre, second = Dimension.of(m=1), Dimension.of(s=1)
    (smaller,) = RATIO.problems(problem_of(units=UnitRules((second, metre, metre), second * metre)))
    assert smaller.units.features == (Dimension(),)
    assert smaller.units.target == metre
    difference = change(("b - c",), "y", "g")
    assert difference.problems(problem_of(units=UnitRules((second, metre, second), metre))) == ()


def test_no_problem_where_a_value_is_not_finite_or_the_target_constant():
    assert change(("log(b - 2)",), "y", "g").problems(problem_of()) == ()
    assert change(("b",), "y - y", "g").problems(problem_of()) == ()


def test_parts_of_a_sum_are_put_together():
    problem = problem_of()
    rows = problem.train
    split = Split(
        ((0,), (1, 2)), (rows.features[:, 0], rows.features[:, 1]), rows, 1e-3, Expression.variable(3)
    )
    first, second = split.problems(problem)
    assert first.train.n_features == 1
    assert second.train.feature_names == ("b", "c")
    law = split.combine(problem, [Expression.variable(0), parse("p*q", ["p", "q"])])
    assert str(law) in ("x0 + x1*x2", "x1*x2 + x0")


def test_factors_are_put_together_and_are_known_as_well_relative_to_their_size():
    problem = problem_of()
    rows = problem.train
    values = tuple(rows.features[:, :2].T)
    split = Split(((0,), (1, 2)), values, rows, 1e-3, Expression.variable(3), factors=True)
    for part, value in zip(split.problems(problem), values, strict=True):
        np.testing.assert_allclose(
            part.train.target_resolution, np.sqrt(3.0) * 1e-3 * np.abs(value), rtol=1e-9
        )
    law = split.combine(problem, [parse("x + 1", ["x"]), parse("p*q", ["p", "q"])])
    wanted = (rows.features[:, 0] + 1.0) * rows.features[:, 1] * rows.features[:, 2]
    np.testing.assert_allclose(evaluate(law, rows.features), wanted, rtol=1e-14)


@pytest.mark.parametrize("exponent", ["1", "2", "3", "1/2", "3/2", "1/3", "5", "-1", "-2", "-1/2"])
def test_monomials_have_their_value(exponent):
    x = np.array([[0.5, 2.0], [3.0, 7.0]])
    made = monomial([(Expression.variable(0), Fraction(1)), (Expression.variable(1), Fraction(exponent))])
    np.testing.assert_allclose(evaluate(made, x), x[:, 0] * x[:, 1] ** float(Fraction(exponent)), rtol=1e-14)


def test_substitution_is_simultaneous():
    x, y = Expression.variable(0), Expression.variable(1)
    assert substituted(x - y, [y, x]) == y - x
