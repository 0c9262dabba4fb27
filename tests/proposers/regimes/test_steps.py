"""Laws of whole numbers: remainders of any step and of moduli up to the limit."""

import numpy as np
import pytest

from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import OperatorSet
from eqdisc.proposers.regimes.steps import LARGEST_MODULUS, remainder_laws

OPERATORS = OperatorSet.parse("+ - * mod")
GRID = np.random.default_rng(0).integers(-40, 40, (600, 2)).astype(float)
X, Y = GRID.T


@pytest.mark.parametrize(
    "target",
    [
        np.mod(X + 2.0 * Y, 7.0),
        np.mod(X + 2.0 * Y, 17.0),
        np.mod(3.0 * X + Y + 4.0, float(LARGEST_MODULUS)),
        np.mod(X * X + Y, 23.0),
        np.mod(X * Y + 5.0 * X + 2.0 * Y + 1.0, 31.0),
        0.5 * np.mod(X + Y, 4.0),
        0.1 * np.mod(X + 3.0 * Y, 29.0),
        np.mod(6.0 * X + 12.0 * Y, 90.0),  # a modulus of 15, in steps of 6
    ],
)
def test_a_remainder_comes_back(target):
    law = next(remainder_laws(GRID, target, OPERATORS))
    np.testing.assert_allclose(evaluate(law, GRID), target, rtol=0.0, atol=1e-9)
    elsewhere = GRID + np.array([160.0, 7.0])
    again = next(remainder_laws(elsewhere, evaluate(law, elsewhere), OPERATORS))
    assert np.allclose(evaluate(again, GRID), target)


@pytest.mark.parametrize(
    "target",
    [
        np.mod(X + Y, LARGEST_MODULUS + 1.0),
        np.mod(np.floor(np.abs(X) ** 1.5) + Y, 11.0),
        np.mod(X + Y, 5.0) + 0.3,
        np.mod(X + Y, 5.0) - 2.0,
    ],
    ids=["modulus", "no polynomial", "offset", "below zero"],
)
def test_what_is_no_such_remainder_is_left_to_others(target):
    assert list(remainder_laws(GRID, target, OPERATORS)) == []
