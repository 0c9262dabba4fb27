"""Laws that are zero where no points are: told, put behind, or freed of a factor."""

import numpy as np
import pytest

from eqdisc.engine.reference import evaluate
from eqdisc.engine.zeroset import ZeroSet
from eqdisc.expr.parse import parse
from eqdisc.surfaces.implicit.covering import MOST_STRAY, choose, parts, stray_share, strays
from eqdisc.surfaces.implicit.finder import Finder
from eqdisc.surfaces.implicit.fit import _warnings
from tests.surfaces.implicit.shapes import circle, cloud_of, graph, sphere, torus

NAMES = ["x", "y", "z"]
SCHERK = "exp(z)*cos(y) - cos(x)"


def on(text, count=600, half=1.5, noise=0.0):
    rng = np.random.default_rng(0)
    points = ZeroSet(parse(text, NAMES), ([-half] * 3, [half] * 3)).sample(count, rng)
    return points + noise * rng.normal(size=points.shape)


def law_of(text):
    return parse(text, NAMES)


def finder_with(points, *texts, max_size=60):
    finder = Finder(cloud_of(points), np.inf, max_size)
    for text in texts:
        assert finder.add(law_of(text), "test") is not None
    return finder


@pytest.mark.parametrize(
    ("points", "text", "missed"),
    [
        (circle(60), "x**2 + y**2 - 1", 0.0),
        (sphere(100), "x**2 + y**2 + z**2 - 1", 0.0),
        (sphere(300, noise=0.05), "x**2 + y**2 + z**2 - 1", 0.014),
        (torus(300), "(x**2 + y**2 + z**2 + 3.75)**2 - 16*(x**2 + y**2)", 0.0),
        (graph(lambda x, y: np.exp(x) * np.sin(y), 300), "z - exp(x)*sin(y)", 0.0),
        (on(SCHERK), SCHERK, 0.0),
        (on("y*z + x - 0.2"), "(x + y*z - 0.2)**3", 0.0),
        (sphere(300) * [1e6, 1.0, 1.0], "x**2/1e12 + y**2 + z**2 - 1", 0.0),
    ],
)
def test_a_surface_is_where_its_points_are(points, text, missed):
    assert stray_share(law_of(text), cloud_of(points), missed) < 0.3 * MOST_STRAY


@pytest.mark.parametrize(
    ("points", "text"),
    [
        (on(SCHERK), "2*cos(x)*sin(y) - sin(2*y)*exp(z)"),
        (circle(300), "sin(40*x)"),
        (sphere(300), "(x**2 + y**2 + z**2 - 1)*x*y*z"),
        (
            graph(lambda x, y: 0.3 * np.sin(3.0 * x) / (1.0 + y**2), 500, reach=1.5),
            "y*z - 0.1646*(y*z)**3 - 1.00009*sin(y*z)",
        ),
    ],
)
def test_what_is_zero_elsewhere_strays(points, text):
    points = points + 0.002 * np.random.default_rng(1).normal(size=points.shape)
    assert stray_share(law_of(text), cloud_of(points), 0.002) > MOST_STRAY


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("2*cos(x)*sin(y) - sin(2*y)*exp(z)", 2),
        ("0.5*x**3*y - 3*x**2*z + x**2/y", 2),
        ("sin(3.4*x)*y**2 - y*sin(1.7*x)*2.5", 3),
        ("x*(y - z)/(z + 3)", 2),
        ("(x**2 + y**2 - 1)**3", 1),
        ("x*y + x + 1", 0),
        ("(0*x)**2*y + y*sin(0*z)", 0),
        ("(1e200*x)**2*y + y", 0),
        ("sin(2*x) + cos(x) + y", 0),
    ],
)
def test_parts_are_zero_where_the_law_is(text, count):
    law, cloud = law_of(text), cloud_of(sphere(50))
    found = parts(law, cloud)
    assert len(found) == count
    points = np.random.default_rng(0).normal(size=(50, 3))
    if count == 2 and "/(" not in text:
        product = np.prod([evaluate(part, points) for part in found], axis=0)
        squared = 1 if "x**2/y" not in text else points[:, 0]
        ratio = evaluate(law, points) / (product * squared)
        assert ratio == pytest.approx(np.full(50, ratio[0]))


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_a_common_factor_is_left_out(noise):
    finder = finder_with(on(SCHERK, noise=noise), "2*cos(x)*sin(y) - sin(2*y)*exp(z)")
    choose(finder)
    assert set(parts(finder.best.expression, finder.cloud)) == set()
    assert len(finder.best.expression) == len(law_of(SCHERK))
    assert not strays(finder)
    assert finder.best.fit.exact == (noise == 0.0)


def test_a_product_that_is_the_surface_stays_whole():
    planes = on("(x - y)*(x + y - 1)")
    finder = finder_with(planes, "(x - y)*(x + y - 1)")
    choose(finder)
    assert [str(law) for law in finder.found] == ["(x0 - x1)*(x0 + x1 - 1)"]


COVERING = "x**3 + x*y**2 - x + 3*y**2*x**2 + 3*y**4 - 3*y**2 - 0.2*x**2 - 0.2*y**2 + 0.2"


def test_a_law_that_strays_goes_behind_one_that_does_not():
    points = circle(400, noise=0.01)
    finder = finder_with(points, COVERING, "x**2 + y**2 - 1.02")
    assert len(finder.best.expression) > 20
    choose(finder)
    assert finder.best.expression == law_of("x**2 + y**2 - 1.02")
    assert not _warnings(finder)
    front = finder.front((), ())
    assert str(front.laws[front.best].expressions[0]) == "x0**2 + x1**2 - 1.02"


def test_a_law_that_strays_stays_where_there_is_none_as_near():
    finder = finder_with(circle(400, noise=0.01), COVERING, "x**2 + y**2 - 1.2")
    choose(finder)
    assert len(finder.best.expression) > 20
    assert any("far from all of them" in warning for warning in _warnings(finder))


def test_laws_of_the_size_asked_for_are_preferred_unless_exact():
    texts = "(x**2 + y**2 - 1)*(x + 9)", "x**2 + y**2 - 1.05"
    noisy = finder_with(circle(400, noise=0.01), *texts, max_size=10)
    assert noisy.best.expression == law_of(texts[1])
    only = finder_with(circle(400, noise=0.01), texts[0], max_size=10)
    assert ["nothing shorter" in warning for warning in _warnings(only)] == [False]
    clean = finder_with(circle(400), *texts, max_size=10)
    assert clean.best.expression == law_of(texts[0])
    assert ["nothing shorter" in warning for warning in _warnings(clean)] == [True]
