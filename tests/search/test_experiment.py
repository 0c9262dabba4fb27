"""The point that tells two laws apart."""

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.parse import parse
from eqdisc.search.experiment import most_telling_point


def test_no_row_of_a_fine_grid_tells_more():
    random = np.random.default_rng(0)
    features = random.uniform([0.0, 2.0], [4.0, 9.0], (50, 2))
    table = Dataset.of(features, features[:, 0], ["x", "z"])
    a, b = parse("exp(-x)*z", ["x", "z"]), parse("z/(1 + x + 0.5*x**2)", ["x", "z"])
    point = most_telling_point(a, b, table)
    low, high = features.min(axis=0), features.max(axis=0)
    assert np.all((low <= point) & (point <= high))
    axes = [np.linspace(start, stop, 80) for start, stop in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    best = np.max(np.abs(evaluate(a, grid) - evaluate(b, grid)))
    assert abs(evaluate(a, point[None]) - evaluate(b, point[None]))[0] >= best * (1.0 - 1e-4)
    np.testing.assert_array_equal(point, most_telling_point(a, b, table))


def test_whole_numbers_stay_whole_and_what_does_not_matter_is_ordinary():
    random = np.random.default_rng(0)
    features = np.column_stack([random.integers(1, 9, 40), random.normal(size=40)]).astype(float)
    table = Dataset.of(features, features[:, 0] ** 2, ["n", "z"])
    point = most_telling_point(parse("n*n", ["n", "z"]), parse("9*n - 9", ["n", "z"]), table)
    assert point[0] in (1.0, 4.0, 5.0, 8.0)
    assert point[1] == np.median(features[:, 1])


@pytest.mark.parametrize("law", ["log(x - 1)", "1/(x - 1.5)"])
def test_a_point_where_a_law_has_no_value_is_not_asked_for(law):
    x = np.linspace(1.2, 4.0, 20)[:, None]
    table = Dataset.of(x, x[:, 0], ["x"])
    point = most_telling_point(parse(law, ["x"]), parse("x", ["x"]), table)
    assert np.isfinite(evaluate(parse(law, ["x"]), point[None])).all()
