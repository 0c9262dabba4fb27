"""Zeros along lines: those that there are, and no poles, jumps or stretches."""

import numpy as np
import pytest

from eqdisc.engine.box import Box
from eqdisc.engine.crossings import crossings
from eqdisc.errors import OptionError


def roots(function, low=-1.0, high=1.1):
    """Zeros of a function of one number along one line."""
    start, end = np.array([[low, 0.0]]), np.array([[high, 0.0]])
    return crossings(lambda points: function(points[:, 0]), start, end)[0][:, 0]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda t: t - 0.3, [0.3]),
        (lambda t: 1e-300 * (t - 0.3), [0.3]),
        (lambda t: np.sin(20.0 * t), np.pi / 20.0 * np.arange(-6, 8)),
        (lambda t: np.cbrt(t - 0.1), [0.1]),
        (lambda t: np.sqrt(t) - 0.1, [0.01]),
        (lambda t: np.mod(t, 0.5) - 0.25, [-0.75, -0.25, 0.25, 0.75]),
        (lambda t: np.abs(t - 0.123), [0.123]),
        (lambda t: (t - 0.3) ** 2 * np.exp(t), [0.3]),
        (lambda t: (t - 0.3) * (t + 0.4) / t, [-0.4, 0.3]),
    ],
)
def test_zeros(function, expected):
    np.testing.assert_allclose(roots(function), expected, atol=1e-14)


def test_a_square_that_was_multiplied_out_is_zero_to_half_the_digits():
    np.testing.assert_allclose(roots(lambda t: t * t - 0.6 * t + 0.09), [0.3], atol=1e-7)


@pytest.mark.parametrize(
    "function",
    [
        lambda t: 1.0 / t,
        lambda t: np.tan(t - 0.3 + np.pi / 2.0),
        lambda t: 1.0 / t**2,
        np.sign,
        lambda t: np.where(t > 0.3, 1.0, -1e-2),
        lambda t: t * t + 1e-9,
        lambda t: 0.0 * t,
        lambda t: np.maximum(t, 0.0),
        lambda t: np.full_like(t, np.nan),
        lambda t: np.log(-2.0 - t),
    ],
)
def test_no_zeros(function):
    assert roots(function, high=1.0).size == 0


def test_lines_are_told_apart():
    starts, ends = np.array([[-2.0, 0.0], [-2.0, 5.0], [-2.0, 0.5]]), np.array([[2.0, 0], [2, 5], [2, 0.5]])
    points, lines = crossings(lambda x: np.sum(x**2, axis=1) - 1.0, starts, ends)
    assert lines.tolist() == [0, 0, 2, 2]
    np.testing.assert_allclose(points[:, 0], [-1.0, 1.0, -(0.75**0.5), 0.75**0.5], atol=1e-14)


@pytest.mark.parametrize("dimension", [2, 3, 4])
def test_chords_meet_a_sphere_as_often_as_its_area_says(dimension):
    """Cauchy and Crofton: twice the ratio of the areas of the sphere and of the convex box around it."""
    count = 4000
    box = Box([-1.5] + [-1.0] * (dimension - 1), [2.5] + [1.0] * (dimension - 1))
    starts, ends = box.chords(count, np.random.default_rng(1))
    for corners in (starts, ends):
        assert box.holds(corners).all()
        assert np.allclose(np.min(np.minimum(corners - box.lower, box.upper - corners), axis=1), 0.0)
    met, _ = crossings(lambda x: np.sum(x**2, axis=1) - 0.64, starts, ends, cells=32)
    sphere = {2: 2.0 * np.pi, 3: 4.0 * np.pi, 4: 2.0 * np.pi**2}[dimension] * 0.8 ** (dimension - 1)
    volume = np.prod(box.extent)
    area = 2.0 * np.sum(volume / box.extent)
    expected = 2.0 * count * sphere / area
    assert abs(len(met) - expected) < 5.0 * np.sqrt(2.0 * expected) + 0.03 * expected  # grazed within a cell


def test_boxes_that_are_none():
    for lower, upper in (([0, 0], [1, 0]), ([0], [1, 2]), ([0, np.nan], [1, 2]), ([], []), ([0], [np.inf])):
        with pytest.raises(OptionError, match="wanted"):
            Box(lower, upper)
    with pytest.raises(ValueError, match="one dimension"):
        Box([0], [1]).chords(1, np.random.default_rng(0))
