"""What tests of structure look at."""

import numpy as np

from eqdisc.data.dataset import Dataset
from eqdisc.search.view import View


def table(signed=False, n_rows=2000):
    random = np.random.default_rng(0)
    x = 10.0 ** random.uniform(-1.0, 1.0, (n_rows, 2))
    if signed:
        x[:, 0] *= random.choice([-1.0, 1.0], n_rows)
    return Dataset.of(x, x[:, 0] ** 2 / x[:, 1])


def test_rows_are_of_one_orthant():
    view = View.of(table(signed=True))
    assert np.ptp(np.sign(view.features[:, 0])) == 0.0
    assert view.changing.tolist() == [True, False]
    assert view.logarithmic.all()


def test_slopes_of_a_power_law_are_its_exponents():
    view = View.of(table())
    assert view.in_logarithms
    np.testing.assert_allclose(view.slopes * view.features, [[2.0, -1.0]] * view.target.size, atol=1e-9)


def test_inputs_spread_evenly_are_looked_at_as_they_are():
    random = np.random.default_rng(1)
    x = random.uniform(0.001, 2.0, (500, 1))
    view = View.of(Dataset.of(x, np.cos(3.0 * x[:, 0])))
    assert not view.logarithmic.any()
    assert not view.in_logarithms
    expected = -3.0 * np.sin(3.0 * x[:, 0]) / np.std(view.target)
    np.testing.assert_allclose(view.slopes[:, 0], expected, atol=1e-5)


def test_few_rows_are_not_enough():
    assert not View.of(table(n_rows=20)).is_enough
