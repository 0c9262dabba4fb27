"""Constants at their optimum."""

import numpy as np

from eqdisc.data.dataset import Dataset
from eqdisc.expr.parse import parse
from eqdisc.search.optimum import optimum


def test_a_constant_below_the_rounding_of_the_target_stays():
    x = np.linspace(0.0, 1.0, 200)
    table = Dataset.of(x[:, None], np.expm1(80.0 * x), names=["x"])
    found = optimum(parse("exp(79.99999*x) - 1", ["x"]), table).expression
    np.testing.assert_allclose(found.constants, [80.0, 1.0], rtol=1e-12)


def test_a_constant_that_only_starts_small_does_not():
    x = np.linspace(0.0, 1.0, 200)
    table = Dataset.of(x[:, None], 3.0 * x + 2.0, names=["x"])
    found = optimum(parse("3*x + 1e-20", ["x"]), table).expression
    np.testing.assert_allclose(found.constants, [3.0, 2.0], rtol=1e-12)
