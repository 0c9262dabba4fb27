"""Each test of structure finds what is there and keeps quiet where it is not."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.expr.units import Dimension, UnitRules
from eqdisc.problem import Problem
from eqdisc.proposers.structure import shifting
from eqdisc.proposers.structure.dimensional import symmetries, unit_scalings
from eqdisc.proposers.structure.exchanging import exchanges
from eqdisc.proposers.structure.hypotheses import hypotheses
from eqdisc.proposers.structure.joining import joinings
from eqdisc.proposers.structure.periodic import periodic_inputs
from eqdisc.proposers.structure.polynomial import PLAUSIBLE, polynomial_inputs
from eqdisc.proposers.structure.scaling import Symmetry, scaling_reduction, scalings
from eqdisc.proposers.structure.separating import separations
from eqdisc.proposers.structure.shifting import shifts
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


@pytest.mark.parametrize(
    ("law", "undo"),
    [
        (lambda a, b, c: np.log(1.0 + a * b) * a + c, "x3 + x2"),
        (lambda a, b, c: np.log(1.0 + a * b) * a - 0.5 * c**2, "x3 - 0.5*x2**2"),
        (lambda a, b, c: 1e-9 * (np.sqrt(a) / (1.0 + b)) + 7e-9 / c, "x3 + 7e-09*(1/x2)"),
    ],
)
def test_an_input_that_is_only_added_is_taken_from_the_target(law, undo):
    view, rows = view_of(law)
    (found,) = [h for h in shifts(view) if "x2" in str(h.reduction.undo)]
    change = found.reduction
    assert [str(e) for e in change.coordinates] == ["x0", "x1"]
    whole = np.column_stack([rows.features, rows.target])
    told, wanted = (evaluate(e, whole) for e in (change.undo, parse(undo, ["x0", "x1", "x2", "x3"])))
    np.testing.assert_allclose(told, wanted, rtol=1e-4)
    problem = Problem.of(rows, OperatorSet.default(), 60, seed=0)
    (smaller,) = change.problems(problem)
    size = float(np.std(rows.target))
    back = change.combine(problem, [size * parse("x0*x1", ["x0", "x1"])])
    left = rows.target - smaller.dataset.target + size * rows.features[:, 0] * rows.features[:, 1]
    np.testing.assert_allclose(evaluate(back, rows.features), left, rtol=1e-12)


def test_nothing_is_taken_from_the_target_where_inputs_count_together():
    view, _ = view_of(lambda a, b, c: np.sqrt(a * b + c))
    assert shifts(view) == []
    view, _ = view_of(lambda a, b, c: a * b + np.sin(c))
    assert shifts(view) == []
    view, _ = view_of(lambda a, b, c: 2.0 * c + 0.0 * a)  # a law of one input, not a rest of the others
    assert shifts(view) == []


def test_a_factor_that_is_not_simple_is_not_made_so():
    view, _ = view_of(lambda a, b, c: 1000.0 * a * np.log(b) + 1.02 * c)
    (found,) = [h for h in shifts(view) if "x2" in str(h.reduction.undo)]
    (factor,) = found.reduction.undo.constants
    assert factor == pytest.approx(1.02, rel=1e-6)


def test_a_number_is_told_only_where_the_rest_is_known_well(monkeypatch):
    """Of 1.37*c beside exp(a*b), which a polynomial misses by three times as much."""
    view, _ = view_of(lambda a, b, c: 1e-20 * (np.exp(a * b) + 1.37 * c), n=3, low=-0.5, high=0.5)
    assert shifts(view) == []
    monkeypatch.setattr(shifting, "UNSURE", np.inf)
    assert shifts(view) != []


def test_all_that_is_added_is_taken_away_at_once_and_alone():
    view, _ = view_of(lambda a, b, c: np.exp(a) * np.log(a + 1.0) + 2.0 * b - c, low=-0.3, high=0.3)
    assert [str(h.reduction.undo) for h in shifts(view)] == ["x3 + 2*x1 - x2", "x3 - x2", "x3 + 2*x1"]
    assert [len(h.reduction.coordinates) for h in shifts(view)] == [1, 2, 2]


def test_a_square_is_taken_of_numbers_that_may_be_zero_and_a_root_is_not_where_signs_change():
    random = np.random.default_rng(0)
    x = np.column_stack([random.uniform(0.5, 3.0, (1200, 2)), random.integers(0, 10, 1200)])
    table = Dataset.of(x, x[:, 0] * np.log(1.0 + x[:, 0] * x[:, 1]) + 4.5 * x[:, 2] ** 2)
    assert [str(h.reduction.undo) for h in shifts(View.on(table))] == ["x3 + 4.5*x2**2"]
    x[:, 2] = random.uniform(0.3, 3.0, 1200) * random.choice([-1.0, 1.0], 1200)
    table = Dataset.of(x, x[:, 0] * np.log(x[:, 1]) + np.sqrt(np.abs(x[:, 2])))
    rows = View.rows_of(table)  # in which it does not change its sign
    assert [str(h.reduction.undo) for h in shifts(View.on(rows))] == ["x3 + sqrt(x2)"]
    assert shifts(View.on(rows, table)) == []


def test_a_plane_through_few_rows_says_nothing_of_what_is_added():
    x = np.random.default_rng(0).uniform(1.0, 2.0, (100, 6))
    a, b, c, d, e, f = x.T
    view = View.on(Dataset.of(x, a * b + c * d + f * np.sqrt(e)))
    assert shifts(view) == []


def test_sums_of_parts_are_found_under_a_function():
    view, rows = view_of(lambda a, b, c: 1.0 / (a * b + np.sqrt(c)))
    assert any(h.reduction.parts == ((0, 1), (2,)) for h in separations(view, rows) if "inverse" in h.kind)


def test_the_parts_of_a_sum_add_up_to_the_whole():
    view, rows = view_of(lambda a, b, c: 1.0 / (a * b + np.sqrt(c)))
    (found,) = [h for h in separations(view, rows) if h.kind == "separation, inverse"]
    np.testing.assert_allclose(sum(found.reduction.values), 1.0 / rows.target, rtol=1e-3)


def test_the_parts_of_a_product_multiply_to_the_whole_and_teach_no_exponential():
    view, rows = view_of(lambda a, b, c: (1.0 + a * b) * np.exp(b) / np.sqrt(3.0 + c**2))
    (found,) = [h for h in separations(view, rows) if h.kind == "separation, log"]
    assert found.reduction.parts == ((0, 1), (2,))
    np.testing.assert_allclose(np.prod(found.reduction.values, axis=0), rows.target, rtol=1e-3)
    assert str(found.reduction.undo) == "x3"
    problem = Problem.of(rows, OperatorSet.default(), 60, seed=0)
    whole = found.reduction.combine(problem, [parse("p + q", ["p", "q"]), parse("p", ["p"])])
    a, b, c = rows.features.T
    np.testing.assert_allclose(evaluate(whole, rows.features), (a + b) * c, rtol=1e-14)


def test_angles_are_replaced_by_their_cosine():
    random = np.random.default_rng(0)
    x = np.column_stack([random.uniform(0.0, 12.0, 1200), random.uniform(1.0, 3.0, 1200)])
    rows = Dataset.of(x, x[:, 1] * np.exp(np.cos(x[:, 0])))
    (best, *_) = periodic_inputs(View.on(rows), frozenset({"cos", "sin"}))
    assert str(best.reduction.coordinates[0]) == "cos(x0)"
    assert periodic_inputs(View.on(rows), frozenset()) == []


def test_two_angles_are_replaced_by_the_cosine_of_their_difference():
    random = np.random.default_rng(0)
    x = np.column_stack([random.uniform(0.5, 4.0, (200, 2)), random.uniform(0.0, 6.0, (200, 2))])
    rows = Dataset.of(
        x, np.sqrt(x[:, 0] ** 2 + x[:, 1] ** 2 - 2.0 * x[:, 0] * x[:, 1] * np.cos(x[:, 2] - x[:, 3]))
    )
    (best, *_) = hypotheses(Problem.of(rows, OperatorSet.default(), 60, seed=0))
    assert best.kind == "cos of two"
    assert [str(e) for e in best.reduction.coordinates] == ["cos(x2 - x3)", "x0", "x1"]
    rows = Dataset.of(x, x[:, 0] + np.sqrt(x[:, 1] * x[:, 2]) / x[:, 3])
    assert not any(
        "of two" in h.kind for h in hypotheses(Problem.of(rows, OperatorSet.default(), 60, seed=0))
    )


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


def two_inputs(law, low=0.1, high=2.0):
    x = np.random.default_rng(0).uniform(low, high, (1200, 2))
    return x, Dataset.of(x, law(*x.T))


def put_together(reduction, rows, laws):
    """The values of the law that the laws of the parts make."""
    problem = Problem.of(rows, OperatorSet.default(), 60, seed=0)
    assert [part.train.n_features for part in reduction.problems(problem)] == [1] * len(laws)
    whole = reduction.combine(problem, [parse(law, ["z"]) for law in laws])
    return evaluate(whole, rows.features)


def test_an_input_that_a_function_of_the_target_is_linear_in():
    x, rows = two_inputs(lambda v, t: np.sqrt(1.0 - v**2) / (1.0 + v * t), high=0.6)
    found = [h for h in polynomial_inputs(View.on(rows), rows) if h.kind == "linear, inverse"]
    (line,) = [h.reduction for h in found if h.reduction.input == 1]
    intercept, slope = (part.values for part in line.above)
    np.testing.assert_allclose(intercept, 1.0 / np.sqrt(1.0 - x[:, 0] ** 2), rtol=1e-6)
    np.testing.assert_allclose(slope, x[:, 0] / np.sqrt(1.0 - x[:, 0] ** 2), rtol=1e-4)
    values = put_together(line, rows, ["1/sqrt(1 - z*z)", "z/sqrt(1 - z*z)"])
    np.testing.assert_allclose(values, rows.target, rtol=1e-12)


def test_an_input_that_the_target_is_quadratic_in_and_a_coefficient_that_is_a_number():
    _, rows = two_inputs(lambda a, t: np.sin(a) + 3.0 * t + np.exp(-a) * t**2)
    (best, *_) = polynomial_inputs(View.on(rows), rows)
    assert best.kind == "quadratic, plain"
    assert best.reduction.input == 1
    assert best.reduction.above[1].number == pytest.approx(3.0)
    values = put_together(best.reduction, rows, ["sin(z)", "exp(-z)"])
    np.testing.assert_allclose(values, rows.target, rtol=1e-9)


def test_an_input_that_the_target_is_a_fraction_of():
    x, rows = two_inputs(lambda a, s: (np.sin(a) + 2.0 * s) / (1.0 + np.exp(a) * s))
    (best, *_) = polynomial_inputs(View.on(rows), rows)
    assert best.kind == "rational, plain"
    assert best.reduction.input == 1
    (below,) = best.reduction.below
    np.testing.assert_allclose(below.values, np.exp(x[:, 0]), rtol=1e-6)
    values = put_together(best.reduction, rows, ["sin(z)", "exp(z)"])
    np.testing.assert_allclose(values, rows.target, rtol=1e-9)


@pytest.mark.parametrize("low", [0.3, 1.0])
def test_errors_of_coefficients_are_those_of_the_noise(low):
    random = np.random.default_rng(0)
    a, t = random.uniform(0.1, 2.0, 1200), random.uniform(low, low + 2.7, 1200)
    truths = np.sin(a), 2.0 + 0.0 * a, np.exp(a)
    target = (truths[0] + truths[1] * t) / (1.0 + truths[2] * t)
    noise = 1e-4 * np.std(target)
    rows = Dataset.of(np.column_stack([a, t]), target + noise * random.normal(size=1200))
    found = [h for h in polynomial_inputs(View.on(rows), rows) if h.kind == "rational, plain"]
    (fraction,) = [h.reduction for h in found if h.reduction.input == 1]
    for part, truth in zip((*fraction.above, *fraction.below), truths, strict=True):
        deviates = PLAUSIBLE * (part.values - truth) / part.errors
        assert 0.3 < np.sqrt(np.mean(deviates**2)) < 3.0


def test_a_sum_of_coefficients_that_all_are_numbers_is_no_reduction():
    x, rows = two_inputs(lambda a, t: 2.0 + 3.0 * t + 0.0 * a)
    assert polynomial_inputs(View.on(rows), rows) == []
    half = Dataset.of(x * [1.0, 1e-200], rows.target)
    assert polynomial_inputs(View.on(half), half) == []


def test_no_polynomial_where_there_is_none():
    _, rows = two_inputs(lambda a, b: np.exp(-a * b) + np.sin(b) * np.sqrt(a))
    assert polynomial_inputs(View.on(rows), rows) == []


def test_inputs_that_may_change_places():
    _, rows = two_inputs(lambda a, b: (a + b) * np.log(1.0 + a * b))
    (found,) = exchanges(View.on(rows))
    assert [str(e) for e in found.reduction.coordinates] == ["x0 + x1", "x0*x1"]
    _, rows = two_inputs(lambda a, b: (a + 1.01 * b) * np.log(1.0 + a * b))
    assert exchanges(View.on(rows)) == []


@pytest.mark.parametrize(
    ("law", "kind", "joint"),
    [
        (lambda a, b, c: c * np.tanh(a + 0.5 * b), "joining, plain, weighted", "x0 + 0.5*x1"),
        (lambda a, b, c: np.exp(-c) * np.sqrt(1.0 + a + b**2), "joining, plain and squared", "x0 + x1**2"),
        (lambda a, b, c: c * np.tanh(0.5 * a - 0.5 * b), "joining, plain", "x0 - x1"),
    ],
)
def test_sums_of_like_and_of_unlike_powers(law, kind, joint):
    view, _ = view_of(law)
    (best, *_) = joinings(view)
    assert best.kind == kind
    assert str(best.reduction.coordinates[0]) == joint


@pytest.mark.parametrize("weight", [3.7, 1.02, -2.3, 0.013])
def test_sums_with_a_number(weight):
    view, _ = view_of(lambda a, b, c: c * np.sqrt(30.0 + a + weight * b))
    (best, *_) = joinings(view)
    assert best.kind == "joining, plain, weighted"
    law = best.reduction.coordinates[0]
    values = evaluate(law, np.array([[0.0, 1.0, 0.0]])) / evaluate(law, np.array([[1.0, 0.0, 0.0]]))
    assert float(values[0]) == pytest.approx(weight, rel=1e-5)


def test_inputs_of_unlike_units_are_not_joined():
    _, rows = view_of(lambda a, b, c: c * np.sqrt(1.0 + a + b))
    problem = Problem.of(rows, OperatorSet.default(), 60, seed=0)
    assert any("joining" in h.kind for h in hypotheses(problem))
    units = UnitRules((Dimension.of(m=1), Dimension.of(s=1), Dimension.of(kg=1)), None, "dimensionless")
    assert not any("joining" in h.kind for h in hypotheses(replace(problem, units=units)))


def test_a_norm_is_offered_as_the_root_of_its_square():
    _, rows = view_of(lambda z: np.sin(np.sqrt(z)) / np.sqrt(z), n=1)
    problem = Problem.of(rows, OperatorSet.default(), 60, seed=0)
    turned = [str(h.reduction.coordinates[0]) for h in hypotheses(problem)]
    assert turned == ["1/x0", "sqrt(x0)"]


def test_what_the_digits_of_an_estimate_leave_open_is_no_misfit():
    x = np.random.default_rng(0).uniform(0.1, 2.0, (1200, 2))
    rows = Dataset.of(x, np.sin(x[:, 0]) + np.exp(-x[:, 1]) + 1e-3 * x[:, 0] * x[:, 1])
    assert not any(h.kind == "separation, plain" for h in separations(View.on(rows), rows))
    estimate = replace(rows, target_resolution=np.full(1200, 5e-3))
    assert any(h.kind == "separation, plain" for h in separations(View.on(estimate), estimate))


def test_where_the_surrogate_says_nothing_nothing_is_reduced():
    x = np.random.default_rng(0).uniform(-3.0, 3.0, (1200, 4))
    noise = np.random.default_rng(1).normal(size=1200)
    rows = View.rows_of(Dataset.of(x, noise))
    assert scalings(View.on(rows)) == []
    assert joinings(View.on(rows)) == []
