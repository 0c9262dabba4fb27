"""What the contestants share, and the floors."""

import numpy as np
import pytest

from eqdisc.benchmark.method import Budget
from eqdisc.benchmark.methods.common import law_answer, shortest_good, split, working_units
from eqdisc.benchmark.methods.floors import Boosting, Linear, Mean, PolynomialLasso
from eqdisc.data.dataset import Dataset
from eqdisc.expr.parse import parse

BUDGET = Budget(5.0, 1)


def table(law, n_rows=200, seed=0, **options):
    features = np.random.default_rng(seed).uniform(-1.0, 2.0, (n_rows, 3))
    return Dataset.of(features, law(*features.T), **options)


def test_rows_are_held_out_unless_they_are_given_or_few():
    data = table(lambda a, b, c: a * b)
    fitted, judged = split(data, None, 0)
    assert (fitted.n_rows, judged.n_rows) == (150, 50)
    rows = {tuple(row) for part in (fitted, judged) for row in part.features}
    assert rows == {tuple(row) for row in data.features}
    assert split(data, fitted, 0)[1] is fitted
    few = data.take(np.arange(20))
    assert split(few, None, 0)[1] is few
    assert sorted(split(few, None, 0)[0].target) == sorted(few.target)


def test_the_shortest_of_equally_good_laws_is_chosen():
    data = table(lambda a, b, c: a * b + 1.0)
    names = data.feature_names
    laws = [parse(text, names) for text in ("x0*x1 + 1 + 1e-9*x2", "x0*x1 + 1", "x0", "log(x0 - 5)")]
    assert shortest_good(laws, data, 1e-12) == laws[1]
    assert shortest_good([laws[3]], data, 1e-12) is None
    assert shortest_good(laws, data, 2.0) == laws[2]


def test_an_answer_speaks_of_the_columns_by_their_symbols():
    data = table(lambda a, b, c: a, names=["lambda", "a b", "E"])
    answer = law_answer(parse("2*`a b` + E", data.feature_names), data, {"why": "test"})
    assert answer.expression == "2*a_b + E_"
    assert answer.details == {"complexity": 5, "why": "test"}


def test_working_units_are_left_again_exactly():
    data = table(lambda a, b, c: 1e-25 * a * b)
    scaled, scaling = working_units(data)
    assert 0.1 < np.std(scaled.target) < 10.0
    np.testing.assert_array_equal(scaled.target / scaling.target, data.target)


def test_the_mean_and_a_line_are_what_they_should_be():
    data = table(lambda a, b, c: 3.0 * a - 2.0 * c + 0.25)
    assert Mean().solve(data, BUDGET, 0, None).predict(data.features[:1]) == pytest.approx(data.target.mean())
    fitted = Linear().solve(data, BUDGET, 0, None)
    np.testing.assert_allclose(fitted.predict(data.features), data.target, atol=1e-12)


def test_a_polynomial_is_found_by_the_lasso_and_useless_terms_dropped():
    data = table(lambda a, b, c: a * a * b - 2.0 * c, n_rows=400)
    answer = PolynomialLasso().solve(data, BUDGET, 0, None)
    assert answer.details["degree"] == 3
    assert np.var(data.target - answer.predict(data.features)) < 1e-20 * np.var(data.target)
    assert answer.details["terms"] == 2
    wide = Dataset.of(np.random.default_rng(0).normal(size=(50, 30)), np.arange(50.0))
    assert PolynomialLasso().solve(wide, BUDGET, 0, None).details["degree"] == 1


def test_constant_columns_get_no_slope():
    features = np.full((50, 2), 0.1)
    features[:, 1] = np.linspace(0.0, 1.0, 50)
    data = Dataset.of(features, 2.0 * features[:, 1])
    assert "x0" not in Linear().solve(data, BUDGET, 0, None).expression
    only = Dataset.of(np.full((10, 1), 3.0), np.arange(10.0))
    assert Linear().solve(only, BUDGET, 0, None).expression == "4.5"


def test_boosting_has_no_formula():
    data = table(lambda a, b, c: np.sin(a) * b, n_rows=500)
    answer = Boosting().solve(data, BUDGET, 0, None)
    assert answer.expression is None
    assert np.var(data.target - answer.predict(data.features)) < 0.1 * np.var(data.target)
