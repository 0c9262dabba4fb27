"""Helical surfaces: pitch and curve from points alone."""

import numpy as np
import pytest

from eqdisc._typing import FloatArray
from eqdisc.engine.patch import Patch
from eqdisc.surfaces.hidden.motion import Motion
from eqdisc.surfaces.hidden.sections import swept

ACROSS = np.eye(3)[:2]


def screwed(radius: FloatArray, height: FloatArray, angle: FloatArray, pitch: float) -> FloatArray:
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle), height + pitch * angle])


def about_the_third_axis(pitch: float, point: FloatArray | None = None) -> Motion:
    return Motion("helix", np.eye(3)[2], np.zeros(3) if point is None else point, pitch, 0.0)


def distances(points: FloatArray, motion: Motion) -> FloatArray:
    found = swept(points, motion, ACROSS)
    assert found is not None
    low, high = np.array(found.ranges).T
    return Patch(found.expressions, (low, high)).distances(points)


@pytest.mark.parametrize("pitch", [0.25, -0.25, 0.31830988])
@pytest.mark.parametrize("guess", [1.0, 1.01, 0.98])
def test_a_tube_is_found_with_its_pitch(pitch: float, guess: float) -> None:
    rng = np.random.default_rng(0)
    u, v = rng.uniform(0.0, 18.0, 800), rng.uniform(0.0, 2.0 * np.pi, 800)
    points = screwed(2.0 + 0.4 * np.cos(v), 0.3 * np.sin(v) - 1.0, u, pitch)
    assert distances(points, about_the_third_axis(guess * pitch)).max() < 1e-9


def test_a_screwed_line_is_found() -> None:
    rng = np.random.default_rng(1)
    u, radius = rng.uniform(0.0, 12.0, 600), rng.uniform(0.5, 2.0, 600)
    points = screwed(radius, 0.5 + 0.7 * radius, u, 0.9)
    assert distances(points, about_the_third_axis(0.897)).max() < 1e-9


def test_an_axis_beside_the_origin_is_part_of_the_law() -> None:
    rng = np.random.default_rng(2)
    u, v = rng.uniform(0.0, 18.0, 800), rng.uniform(0.0, 2.0 * np.pi, 800)
    place = np.array([1.0, -2.0, 0.0])
    points = screwed(2.0 + 0.4 * np.cos(v), 0.4 * np.sin(v), u, 0.25) + place
    assert distances(points, about_the_third_axis(0.25, place)).max() < 1e-9


def test_noise_moves_the_law_by_less_than_itself() -> None:
    rng = np.random.default_rng(3)
    u, v = rng.uniform(0.0, 18.0, 2000), rng.uniform(0.0, 2.0 * np.pi, 2000)
    clean = screwed(2.0 + 0.4 * np.cos(v), 0.4 * np.sin(v), u, 0.5)
    noisy = clean + 0.004 * rng.normal(size=clean.shape)
    found = swept(noisy, about_the_third_axis(0.5), ACROSS)
    assert found is not None
    low, high = np.array(found.ranges).T
    assert np.median(Patch(found.expressions, (low, high)).distances(clean)) < 0.002


def test_other_curves_and_windings_that_meet_are_none() -> None:
    rng = np.random.default_rng(4)
    u, v = rng.uniform(0.0, 18.0, 800), rng.uniform(0.0, 2.0 * np.pi, 800)
    lobed = screwed(2.0 + 0.4 * np.cos(v), 0.4 * np.sin(v) + 0.2 * np.cos(3.0 * v), u, 0.5)
    assert swept(lobed, about_the_third_axis(0.5), ACROSS) is None
    meeting = screwed(2.0 + np.cos(v), np.sin(v), u, 0.3)
    assert swept(meeting, about_the_third_axis(0.3), ACROSS) is None


@pytest.mark.parametrize("far", [3.0, 20.0, 100.0])
def test_round_numbers_are_as_near_as_the_curve_is_small(far: float) -> None:
    rng = np.random.default_rng(5)
    u, v = rng.uniform(0.0, 6.0, 2000), rng.uniform(0.0, 2.0 * np.pi, 2000)
    clean = screwed(far + 1.04 * np.cos(v), 1.04 * np.sin(v), u, 2.0)
    found = swept(clean + 0.01 * rng.normal(size=clean.shape), about_the_third_axis(2.0), ACROSS)
    assert found is not None
    low, high = np.array(found.ranges).T
    assert np.median(Patch(found.expressions, (low, high)).distances(clean)) < 0.002
