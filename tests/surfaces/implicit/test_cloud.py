"""Clouds: what is taken, how an F is judged, and what is no law although it is small."""

import numpy as np
import pytest

from eqdisc.errors import DataError, NoSurfaceError
from eqdisc.expr.parse import parse
from eqdisc.surfaces.implicit.cloud import Cloud, fit_of
from tests.surfaces.implicit.shapes import circle, cloud_of, sphere


def judged(text, points):
    return fit_of(parse(text, ["x", "y", "z"][: points.shape[1]]), cloud_of(points))


def test_the_truth_is_exact_and_a_neighbour_is_not():
    points = circle()
    assert judged("x**2 + y**2 - 1", points).exact
    near = judged("x**2 + y**2 - 1.0001", points)
    assert not near.exact
    assert near.rms == pytest.approx(5e-5 / np.sqrt(8.0), rel=0.02)


@pytest.mark.parametrize("scale", ["1e-9", "1e9"])
def test_the_scale_of_f_does_not_matter(scale):
    points = circle(noise=0.01)
    one, other = judged("x**2 + y**2 - 1", points), judged(f"{scale}*(x**2 + y**2 - 1)", points)
    assert other.rms == pytest.approx(one.rms, rel=1e-9)
    assert other.off == pytest.approx(one.off, rel=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        "x - x",  # nothing everywhere
        "sin(x)**2 + cos(x)**2 - 1",  # an identity
        "(x**2 + y**2 - 1)**2",  # a square has no slope on its zeros
        "(x**2 + y**2 - 1)**2 - 0.0004",  # two shells in the noise
        "x**2 + y**2 - 1 + 1e6*(x - x)",
    ],
)
def test_what_is_small_but_no_law(text):
    fit = judged(text, circle(count=600, noise=0.01))
    assert fit.is_margin_wide == (text == "x**2 + y**2 - 1 + 1e6*(x - x)")


@pytest.mark.parametrize("noise", [0.0, 0.005])
def test_sheets_of_a_thin_body_that_are_neighbours_are_a_surface(noise):
    points = sphere(300) * [1.0, 1.0, 0.06]
    points += noise * np.random.default_rng(1).normal(size=points.shape)
    law = "(x**2 + y**2 + z**2/0.0036 - 1)"
    assert judged(law, points).is_margin_wide
    assert judged(law, points).exact == (noise == 0.0)
    assert not judged(f"{law}**2", points).is_margin_wide


@pytest.mark.parametrize("gap", ["1e-6", "1e-7", "3e-7"])
def test_two_shells_within_the_last_digit_are_no_law(gap):
    points = np.round(sphere(600), 3)
    assert judged("x**2 + y**2 + z**2 - 1", points).is_margin_wide
    assert not judged(f"(x**2 + y**2 + z**2 - 1)**2 - {gap}", points).is_margin_wide


def test_being_flat_near_its_zeros_wins_nothing():
    points = circle(count=300, noise=0.02)
    plain, flat = judged("x**2 + y**2 - 1", points), judged("(x**2 + y**2 - 1)**3", points)
    assert flat.rms > 0.8 * plain.rms
    assert plain.rms == pytest.approx(0.02 / np.sqrt(8), rel=0.15)


def test_duplicates_count_once():
    points = sphere(50)
    assert cloud_of(np.concatenate([points, points])).points.shape == (50, 3)


def test_axes_of_very_different_scale_are_measured_in_their_own_units():
    points = sphere(200) * np.array([1e6, 1.0, 1.0])
    assert cloud_of(points).scale[0] == pytest.approx(1e6, rel=0.1)
    assert cloud_of(sphere(200)).scale.tolist() == [1.0, 1.0, 1.0]


def test_a_missing_value_is_named():
    points = circle()
    points[7, 1] = np.nan
    with pytest.raises(DataError, match=r"row 8 .* 'y'"):
        Cloud.of(points, ("x", "y"), 0)


@pytest.mark.parametrize(
    ("points", "says"),
    [(np.zeros((30, 3)), "1 distinct points"), (circle(4), "4 distinct points")],
)
def test_too_little_is_refused(points, says):
    with pytest.raises(NoSurfaceError, match=says):
        cloud_of(points)


def test_names_must_fit():
    with pytest.raises(DataError, match="3 names for 2 coordinates"):
        Cloud.of(circle(), ("x", "y", "z"), 0)
