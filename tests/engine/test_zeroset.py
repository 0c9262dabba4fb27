"""Zero sets: against surfaces whose distances are known, and what is no surface."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from eqdisc.engine.reference import evaluate
from eqdisc.engine.zeroset import ZeroSet
from eqdisc.errors import OptionError
from eqdisc.expr.parse import parse

NAMES = ["x", "y", "z", "w"]
SPHERE = "x**2 + y**2 + z**2 - 1"


def zero_set(text, half=2.0, dimension=3):
    return ZeroSet(parse(text, NAMES[:dimension]), ([-half] * dimension, [half] * dimension))


def cloud(half=2.0, dimension=3, count=300, seed=0):
    return np.random.default_rng(seed).uniform(-half, half, (count, dimension))


def to_torus(p):
    return np.abs(np.hypot(np.hypot(p[:, 0], p[:, 1]) - 1.0, p[:, 2]) - 0.3)


def to_cylinder(p):
    return np.abs(np.hypot(p[:, 0], p[:, 1]) - 1.0)


@pytest.mark.parametrize(
    ("text", "dimension", "distance"),
    [
        (SPHERE, 3, lambda p: np.abs(np.linalg.norm(p, axis=1) - 1.0)),
        ("x**2 + y**2 + z**2 + w**2 - 1", 4, lambda p: np.abs(np.linalg.norm(p, axis=1) - 1.0)),
        ("x**2 + y**2 - 1", 3, to_cylinder),
        ("x + 2*y - 2", 2, lambda p: np.abs(p @ [1.0, 2.0] - 2.0) / 5.0**0.5),
        ("(sqrt(x**2 + y**2) - 1)**2 + z**2 - 0.09", 3, to_torus),
        ("x*(y - 1)", 2, lambda p: np.minimum(np.abs(p[:, 0]), np.abs(p[:, 1] - 1.0))),
    ],
)
def test_distances(text, dimension, distance):
    found, points = zero_set(text, dimension=dimension), cloud(dimension=dimension)
    inside = points if dimension != 2 else 0.5 * points  # the foot of a point at the edge would be outside
    np.testing.assert_allclose(found.distances(inside), distance(inside), atol=1e-9)
    feet = found.project(inside)
    np.testing.assert_allclose(evaluate(found.expression, feet), 0.0, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(feet - inside, axis=1), found.distances(inside), rtol=1e-12)


def test_distances_from_an_ellipse_are_those_of_brute_force():
    turn = np.linspace(0.0, 2.0 * np.pi, 400_001)
    brute = cKDTree(np.column_stack([1.8 * np.cos(turn), 0.4 * np.sin(turn)]))
    points = cloud(dimension=2)
    found = zero_set("x**2/3.24 + y**2/0.16 - 1", dimension=2).distances(points)
    np.testing.assert_allclose(found, brute.query(points)[0], atol=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        f"-1e100*({SPHERE})",
        f"({SPHERE})**2",
        f"abs({SPHERE})",
        f"({SPHERE})*({SPHERE})/(2 + sin(x))",
        "log(x**2 + y**2 + z**2)",
        "min(x**2 + y**2 + z**2 - 1, 7)",
    ],
)
def test_the_set_has_no_scale_sign_or_power(text):
    found = zero_set(text)
    assert found.flaw == ""
    sample = found.sample(200, np.random.default_rng(0))
    assert sample.shape == (200, 3)
    np.testing.assert_allclose(np.linalg.norm(sample, axis=1), 1.0, atol=1e-9)
    points = cloud(count=50)
    np.testing.assert_allclose(
        found.distances(points), np.abs(np.linalg.norm(points, axis=1) - 1.0), atol=1e-9
    )


def test_samples_are_even_by_area_and_depend_on_the_seed_alone():
    """Archimedes: equal heights of a sphere have equal areas; a cylinder's lids are not part of it."""
    found = zero_set(f"({SPHERE})*(z - 1.5)")
    sample = found.sample(3000, np.random.default_rng(3))
    np.testing.assert_array_equal(sample, found.sample(3000, np.random.default_rng(3)))
    on_plane = sample[:, 2] > 1.2
    expected = 16.0 / (16.0 + 4.0 * np.pi)
    assert abs(on_plane.mean() - expected) < 5.0 * np.sqrt(expected * (1.0 - expected) / 3000)
    heights = np.histogram(sample[~on_plane, 2], bins=8, range=(-1.0, 1.0))[0] / np.sum(~on_plane)
    np.testing.assert_allclose(heights, 1.0 / 8.0, atol=0.04)


def test_a_small_surface_is_looked_at_where_it_is():
    found = zero_set("x**2 + y**2 + z**2 - 0.0009")
    sample = found.sample(500, np.random.default_rng(0))
    assert len(sample) == 500
    np.testing.assert_allclose(np.linalg.norm(sample, axis=1), 0.03, rtol=1e-9)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x - x", "in 100% of the box"),
        ("1e9*(sin(x)**2 + cos(x)**2 - 1)", "in 100% of the box"),
        ("max(0, x**2 + y**2 - 1)", "cannot be told from 0"),
        ("floor(x)", "cannot be told from 0"),
        ("3", "constant"),
        ("x**2 + y**2 + 1", "nowhere 0"),
        ("x**2 + y**2 + z**2", "nowhere 0"),
        ("1/(x + y)", "nowhere 0"),
        ("sqrt(-1 - x**2)", "no finite value"),
    ],
)
def test_what_is_no_surface(text, words):
    found = zero_set(text)
    assert words in found.flaw


def test_an_empty_set_is_infinitely_far():
    empty = zero_set("1/(x + y)", dimension=2)
    assert np.isinf(empty.distances(cloud(dimension=2, count=5))).all()
    assert np.isnan(empty.project(cloud(dimension=2, count=5))).all()
    assert empty.sample(10, np.random.default_rng(0)).shape == (0, 2)


def test_a_factor_is_zero_only_where_the_others_have_a_value():
    half_line = zero_set("x*sqrt(y)", dimension=2).sample(400, np.random.default_rng(0))
    assert (half_line[:, 1] >= -1e-12).all()
    assert (np.abs(half_line).min(axis=1) < 1e-12).all()


def test_points_that_are_not_finite_and_shapes():
    sphere = zero_set(SPHERE)
    points = np.array([[0.0, np.nan, 0.0], [0.0, 0.0, 3.0], [np.inf, 0.0, 0.0]])
    np.testing.assert_allclose(sphere.distances(points), [np.inf, 2.0, np.inf])
    with pytest.raises(ValueError, match="3 variables"):
        sphere.distances(np.zeros((4, 2)))
    for box in (([0], [1]), ([0, 0], [1, 1])):
        with pytest.raises(OptionError, match="range for each variable"):
            ZeroSet(parse(SPHERE, NAMES), box)


def test_gradients_are_exact():
    points = cloud()
    np.testing.assert_allclose(zero_set(SPHERE).gradients(points), 2.0 * points, rtol=1e-14)
