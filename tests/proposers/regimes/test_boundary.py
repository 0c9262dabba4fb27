"""Boundaries: every row on its side, numbers as simple as the rows allow."""

import numpy as np
import pytest

from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import OperatorSet
from eqdisc.proposers.regimes.boundary import boundary
from eqdisc.proposers.regimes.breaks import breaks
from eqdisc.proposers.regimes.numbers import simplest

OPERATORS = OperatorSet.parse("+ - * sin cos abs min max mod floor where")
PLANE = np.random.default_rng(1).uniform(-4.0, 4.0, (900, 2))
GRID = np.random.default_rng(2).integers(-9, 10, (500, 2)).astype(float)
SIDES = {
    "a threshold": (PLANE, lambda x, y: x > 1.5),
    "a diagonal": (PLANE, lambda x, y: x > y),
    "a band": (PLANE, lambda x, y: np.abs(x - y) < 1.0),
    "quadrants": (PLANE, lambda x, y: x * y > 0.0),
    "a disc": (PLANE, lambda x, y: x**2 + y**2 < 4.0),
    "a disc elsewhere": (PLANE, lambda x, y: (x - 1.0) ** 2 + (y + 0.5) ** 2 < 4.0),
    "a slanted line": (PLANE, lambda x, y: 2.0 * x + 3.0 * y > 1.2),
    "a parabola": (PLANE, lambda x, y: y > 0.5 * x**2 - 1.0),
    "a wave": (PLANE, lambda x, y: y > 2.0 * np.sin(x)),
    "whole numbers up to one": (GRID, lambda i, j: i >= 3),
    "parity": (GRID, lambda i, j: np.mod(i + j, 2) == 0),
}


@pytest.mark.parametrize("name", SIDES)
def test_every_row_is_on_its_side_and_so_are_fresh_ones(name):
    rows, rule = SIDES[name]
    found = boundary(rows, rule(*rows.T), OPERATORS)
    assert found is not None
    assert found.errors == 0
    if rows is GRID:
        fresh = np.stack(np.meshgrid(np.arange(-9.0, 10.0), np.arange(-9.0, 10.0)), axis=2).reshape(-1, 2)
    else:
        fresh = np.random.default_rng(3).uniform(-4.0, 4.0, (4000, 2))
    told = (evaluate(found.expression, fresh) > 0.0) == found.above
    assert np.mean(told == rule(*fresh.T)) > 0.995


def test_numbers_are_those_of_the_rule():
    rule = SIDES["a disc elsewhere"][1]
    found = boundary(PLANE, rule(*PLANE.T), OperatorSet.parse("+ - * where"))
    assert found is not None
    points = np.random.default_rng(4).uniform(-4.0, 4.0, (20, 2))
    exact = (points[:, 0] - 1.0) ** 2 + (points[:, 1] + 0.5) ** 2 - 4.0
    ratio = evaluate(found.expression, points) / exact
    np.testing.assert_allclose(ratio, ratio[0], rtol=0.02)


def test_a_few_rows_on_the_wrong_side_are_tolerated_when_asked():
    inside = PLANE[:, 0] > 1.5
    inside[np.argmin(PLANE[:, 0])] = True
    assert boundary(PLANE, inside, OperatorSet.parse("+ - where")) is None
    found = boundary(PLANE, inside, OperatorSet.parse("+ - where"), tolerated=2)
    assert found is not None
    assert found.errors == 1


def test_what_has_no_boundary_has_none():
    mixed = np.random.default_rng(5).random(900) > 0.5
    assert boundary(PLANE, mixed, OPERATORS) is None
    assert boundary(PLANE, np.ones(900, dtype=bool), OPERATORS) is None


@pytest.mark.parametrize("seed", range(5))
def test_the_simplest_number_is_within_and_turns_its_sign(seed):
    low, high = np.sort(np.random.default_rng(seed).normal(size=2))
    value, _ = simplest(low, high)
    assert low <= value <= high
    assert simplest(-high, -low)[0] == pytest.approx(-value, abs=high - low)
    with pytest.raises(ValueError, match="empty"):
        simplest(high, low)


def test_breaks_are_jumps_and_kinks_and_neither_noise_nor_bends():
    random = np.random.default_rng(0)
    x = random.uniform(-3.0, 3.0, (1000, 2))
    a, b = x.T
    smooth = np.sin(2.0 * a) * b + np.exp(a)
    assert not breaks(x, smooth).broken
    assert not breaks(x, random.normal(size=1000)).broken
    assert breaks(x, smooth + np.where(a > b, 3.0, 0.0)).broken
    assert breaks(x, smooth + 5.0 * np.abs(a + b)).broken


def test_pieces_do_not_cross_a_jump():
    x = np.random.default_rng(6).uniform(-3.0, 3.0, (1200, 2))
    inside = x[:, 0] ** 2 + x[:, 1] ** 2 < 4.0
    found = breaks(x, np.where(inside, 10.0 + x[:, 0], np.sin(x[:, 1])))
    assert len(found.pieces) >= 2
    for piece in found.pieces:
        assert np.mean(inside[piece]) in (0.0, 1.0)
