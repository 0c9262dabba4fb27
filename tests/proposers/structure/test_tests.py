"""Each test of structure finds what is there and keeps quiet where it is not."""

from fractions import Fraction

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.expr.units import Dimension, UnitRules
from eqdisc.problem import Problem
from eqdisc.proposers.structure.dimensional import symmetries, unit_scalings
from eqdisc.proposers.structure.joining import joinings
from eqdisc.proposers.structure.linear import linear_inputs
from eqdisc.proposers.structure.periodic import periodic_inputs
from eqdisc.proposers.structure.scaling import Symmetry, scaling_reduction, scalings
from eqdisc.proposers.structure.separating import separations
from eqdisc.search.view import View


def view_of(law, n=3, low=-0.7, high=0.7, signed=False, seed=0):
    random = np.random.default_rng(seed)
    x = 10.0 ** random.uniform(low, high, (1200, n))
    if signed:
        x *= random.choice([-1.0, 1.0], x.shape)
    rows = View.rows_of(Dataset.of(x, law(*x.T)))
    return View.on(rows), rows


def texts(hypotheses):
    return {(tuple(map(str, h.reduction.coordinates)), str(h.reduction.undo)) for h in hypotheses}


@pytest.mark.parametrize("signed", [False, True])
def test_power_laws_and_groups_are_found_as_scalings(signed):
    view, _ = view_of(lambda a, b, c: a**2 * np.exp(-np.abs(b / c)), signed=signed)
    found = texts(scalings(view))
    assert (("x1", "x2"), "x3*x0**2") in found
    assert any("x0" in coordinates and len(coordinates) == 2 for coordinates, _ in found)


def test_no_scaling_where_there_is_none():
    view, _ = view_of(lambda a, b, c: np.exp(-a) + np.sin(b) * np.log(1.0 + c) + a * b)
    assert scalings(view) == []


@pytest.mark.parametrize(
    ("law", "coordinate"),
    [
        (lambda a, b, c: c * np.exp(-0.1 * (a - b) ** 2), "x0 - x1"),
        (lambda a, b, c: np.log(a + b) + c, "x0 + x1"),
        (lambda a, b, c: c + np.sqrt(1.0 + a**2 + b**2), "x0**2 + x1**2"),
    ],
)
def test_inputs_that_count_together_are_joined(law, coordinate):
    view, _ = view_of(law)
    assert any(coordinate == str(h.reduction.coordinates[0]) for h in joinings(view))


def test_nothing_is_joined_where_inputs_count_apart():
    view, _ = view_of(lambda a, b, c: np.exp(-a) * b + c * np.sqrt(a))
    assert joinings(view) == []


def test_sums_of_parts_are_found_under_a_function():
    view, rows = view_of(lambda a, b, c: 1.0 / (a * b + np.sqrt(c)))
    assert any(h.reduction.parts == ((0, 1), (2,)) for h in separations(view, rows) if "inverse" in h.kind)


def test_angles_are_replaced_by_their_cosine():
    random = np.random.default_rng(0)
    x = np.column_stack([random.uniform(0.0, 12.0, 1200), random.uniform(1.0, 3.0, 1200)])
    rows = Dataset.of(x, x[:, 1] * np.exp(np.cos(x[:, 0])))
    (best, *_) = periodic_inputs(View.on(rows), frozenset({"cos", "sin"}))
    assert str(best.reduction.coordinates[0]) == "cos(x0)"
    assert periodic_inputs(View.on(rows), frozenset()) == []


def test_units_tell_symmetries_and_the_data_confirm_them():
    metre, second = Dimension.of(m=1), Dimension.of(s=1)
    rules = UnitRules((metre, second, metre / second), metre)
    assert symmetries(rules)[0] == Symmetry((0, 2), (Fraction(1), Fraction(1)), Fraction(1))
    view, _ = view_of(lambda a, t, v: a * np.exp(-v * t / a))
    assert len(unit_scalings(view, rules)) == 2
    hidden, _ = view_of(lambda a, t, v: np.log(1.0 + a + 0.1 * t * v**2))
    assert unit_scalings(hidden, rules) == []


def test_a_square_root_is_not_taken_of_an_input_that_changes_sign():
    features = np.array([[1.0, 2.0], [-1.0, 3.0], [2.0, -4.0]])
    symmetry = Symmetry((0,), (Fraction(1),), Fraction(1, 2))
    assert scaling_reduction(features, np.array([True, True]), symmetry) is None
    assert scaling_reduction(np.abs(features), np.array([False, False]), symmetry) is not None


def test_an_input_that_a_function_of_the_target_is_linear_in():
    law = lambda v, t: np.sqrt(1.0 - v**2) / (1.0 + v * t)  # noqa: E731
    x = np.random.default_rng(0).uniform(0.1, 0.6, (1200, 2))
    rows = Dataset.of(x, law(*x.T))
    found = [h for h in linear_inputs(View.on(rows), rows) if h.kind == "linear, inverse"]
    (line,) = [h.reduction for h in found if h.reduction.input == 1]
    np.testing.assert_allclose(line.intercept, 1.0 / np.sqrt(1.0 - x[:, 0] ** 2), rtol=1e-6)
    np.testing.assert_allclose(line.slope, x[:, 0] / np.sqrt(1.0 - x[:, 0] ** 2), rtol=1e-4)
    laws = [parse("1/sqrt(1 - x0*x0)", ["x0"]), parse("x0/sqrt(1 - x0*x0)", ["x0"])]
    problem = Problem.of(rows, OperatorSet.default(), 60, seed=0)
    assert [part.train.n_features for part in line.problems(problem)] == [1, 1]
    np.testing.assert_allclose(evaluate(line.combine(problem, laws), x), rows.target, rtol=1e-12)


def test_no_line_where_there_is_none():
    x = np.random.default_rng(0).uniform(0.1, 2.0, (1200, 2))
    rows = Dataset.of(x, np.exp(-x[:, 0] * x[:, 1]) + np.sin(x[:, 1]) * np.sqrt(x[:, 0]))
    assert linear_inputs(View.on(rows), rows) == []


def test_where_the_surrogate_says_nothing_nothing_is_reduced():
    x = np.random.default_rng(0).uniform(-3.0, 3.0, (1200, 4))
    noise = np.random.default_rng(1).normal(size=1200)
    rows = View.rows_of(Dataset.of(x, noise))
    assert scalings(View.on(rows)) == []
    assert joinings(View.on(rows)) == []
