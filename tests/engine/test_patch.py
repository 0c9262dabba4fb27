"""Parametric surfaces: against distances that are known."""

import numpy as np
import pytest

from eqdisc.engine.patch import Patch
from eqdisc.errors import OptionError
from eqdisc.expr.parse import parse

TURN = 2.0 * np.pi


def patch(texts, lower, upper, names=("u", "v")):
    return Patch([parse(text, names[: len(lower)]) for text in texts], (lower, upper))


TORUS = patch(["(2 + cos(v))*cos(u)", "(2 + cos(v))*sin(u)", "sin(v)"], [0, 0], [TURN, TURN])
CAP = patch(["cos(u)*sin(v)", "sin(u)*sin(v)", "cos(v)"], [0, 0], [TURN, TURN / 4])


def test_distances_from_a_torus():
    points = np.random.default_rng(0).uniform(-3.0, 3.0, (300, 3))
    expected = np.abs(np.hypot(np.hypot(points[:, 0], points[:, 1]) - 2.0, points[:, 2]) - 1.0)
    np.testing.assert_allclose(TORUS.distances(points), expected, atol=1e-9)


def test_an_edge_is_the_nearest_where_the_surface_ends():
    points = np.random.default_rng(1).uniform(-2.0, 2.0, (300, 3))
    radius, around = np.linalg.norm(points, axis=1), np.hypot(points[:, 0], points[:, 1])
    edge = np.hypot(around - 1.0, points[:, 2])
    expected = np.where(points[:, 2] >= 0.0, np.abs(radius - 1.0), edge)
    np.testing.assert_allclose(CAP.distances(points), expected, atol=1e-9)


def test_points_at_the_seam_are_on_the_surface():
    near = np.array([[u, v] for u in (1e-5, TURN - 1e-5) for v in (1e-5, TURN - 1e-5, 1.0)])
    np.testing.assert_allclose(TORUS.distances(TORUS.points(near)), 0.0, atol=1e-12)


def test_samples_are_even_by_area():
    sample = CAP.sample(4000, np.random.default_rng(0))
    np.testing.assert_array_equal(sample, CAP.sample(4000, np.random.default_rng(0)))
    heights = np.histogram(sample[:, 2], bins=5, range=(0.0, 1.0))[0] / 4000
    np.testing.assert_allclose(heights, 0.2, atol=0.03)
    np.testing.assert_allclose(CAP.distances(sample), 0.0, atol=1e-12)


def test_a_curve_in_the_plane():
    arc = patch(["cos(u)", "sin(u)"], [0.0], [TURN / 2])
    found = arc.project(np.array([[0.0, 2.0], [3.0, -1.0], [np.nan, 0.0]]))
    np.testing.assert_allclose(found, [[0.0, 1.0], [1.0, 0.0], [np.nan, np.nan]], atol=1e-9)
    assert arc.distances(np.array([[np.nan, 0.0]])).tolist() == [np.inf]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["u + v", "u + v", "2*(u + v)"], "a curve or a point"),
        (["u", "2*u", "1"], "a curve or a point"),
        (["log(-1 - u**2)", "v", "u"], "no finite point"),
    ],
)
def test_what_is_no_surface(texts, words):
    assert words in patch(texts, [0, 0], [1, 1]).flaw


def test_formulas_that_do_not_fit_their_parameters():
    with pytest.raises(OptionError, match="read 2 parameters"):
        Patch([parse(text, ["u", "v"]) for text in ("u", "v")], ([0], [1]))
    with pytest.raises(OptionError, match="no fewer than parameters"):
        patch(["u"], [0, 0], [1, 1])
    with pytest.raises(ValueError, match="3 coordinates"):
        CAP.distances(np.zeros((2, 2)))
