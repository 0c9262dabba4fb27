"""From points to F = 0 through the public door."""

from types import SimpleNamespace

import numpy as np
import pytest

from eqdisc.engine.reference import evaluate, feature_jacobian
from eqdisc.errors import DataError, NoSurfaceError, OptionError
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.surfaces.implicit import fit_implicit
from eqdisc.surfaces.implicit.finder import Finder, Found
from eqdisc.surfaces.implicit.writing import joined_powers
from tests.surfaces.implicit.shapes import circle, graph, helix, sphere, torus


def found(points, **settings):
    names = ["x", "y", "z", "u", "v"][: points.shape[1]]
    front = fit_implicit(points, names, solve=lambda *_, **__: [], **{"time_limit": 300.0, **settings})
    return front.laws[front.best]


def same_zero_set(law, truth, points):
    """Whether the gradients are parallel on the points, and F vanishes there."""
    names = ["x", "y", "z", "u", "v"][: points.shape[1]]
    value, slope = feature_jacobian(law.expressions[0], points)
    other = feature_jacobian(parse(truth, names), points)[1]
    sizes = np.linalg.norm(slope, axis=1), np.linalg.norm(other, axis=1)
    parallel = np.abs(np.sum(slope * other, axis=1)) / (sizes[0] * sizes[1])
    return np.abs(value).max() < 1e-9 * sizes[0].max() and parallel.min() > 1 - 1e-9


@pytest.mark.parametrize(
    ("points", "truth", "most"),
    [
        (circle(centre=(1.0, -2.5), radius=1.5), "(x - 1)**2 + (y + 2.5)**2 - 2.25", 11),
        (sphere(dimension=5), "x**2 + y**2 + z**2 + u**2 + v**2 - 1", 16),
        (sphere() * [1.3, 0.7, 2.0], "x**2/1.69 + y**2/0.49 + z**2/4 - 1", 16),
        (torus(), "(x**2 + y**2 + z**2 + 3.75)**2 - 16*(x**2 + y**2)", 18),
        (sphere() * [1e6, 1.0, 1.0], "x**2/1e12 + y**2 + z**2 - 1", 14),
        (graph(lambda x, y: x * y), "z - x*y", 5),
    ],
)
def test_clean_polynomials_are_exact_and_short(points, truth, most):
    law = found(points)
    assert law.exact
    assert law.form == "implicit"
    assert law.complexity <= most
    assert same_zero_set(law, truth, points)


def test_sums_of_waves_with_a_frequency_that_is_not_known():
    x, y = np.random.default_rng(0).uniform(-2, 2, (2, 500))
    cosine = -(np.cos(1.7 * x) + np.cos(1.7 * y))
    here = np.abs(cosine) < 1
    points = np.stack([x, y, np.arccos(np.clip(cosine, -1, 1)) / 1.7], axis=1)[here]
    law = found(points)
    assert law.exact
    assert same_zero_set(law, "cos(1.7*x) + cos(1.7*y) + cos(1.7*z)", points)


@pytest.mark.parametrize(("noise", "most"), [(0.01, 0.01), (0.05, 0.05)])
def test_under_noise_the_circle_is_nearer_than_the_noise(noise, most):
    law = found(circle(count=500, noise=noise, seed=3))
    assert not law.exact
    angle = np.linspace(0, 2 * np.pi, 200)
    truth = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    value, slope = feature_jacobian(law.expressions[0], truth)
    assert np.median(np.abs(value) / np.linalg.norm(slope, axis=1)) < 0.3 * most
    assert law.complexity <= 11


def test_rows_in_another_order_and_given_twice_are_the_same_surface():
    points = sphere(300)
    one, other = found(points), found(np.concatenate([points[::-1], points]))
    assert one == other


def test_the_front_is_one():
    front = fit_implicit(
        circle(count=300, noise=0.02), ["x", "y"], time_limit=300.0, solve=lambda *_, **__: []
    )
    sizes = [law.complexity for law in front.laws]
    assert sizes == sorted(sizes)
    assert 0 <= front.best < len(front.laws)
    assert front.laws[front.best].distance == pytest.approx(0.02 / np.sqrt(8), rel=0.15)


def test_planes_that_cross():
    rng = np.random.default_rng(0)
    s, t = rng.uniform(-2, 2, (2, 400))
    points = np.concatenate([np.stack([s, s, t], axis=1)[:200], np.stack([s, 1 - s, t], axis=1)[200:]])
    law = found(points)
    assert law.exact
    assert np.abs(evaluate(law.expressions[0], points)).max() < 1e-12
    assert same_zero_set(law, "(x - y)*(x + y - 1)", points)


@pytest.mark.parametrize("noise", [0.003, 0.01, 0.03])
def test_curves_with_noise_are_refused(noise):
    with pytest.raises(NoSurfaceError, match="on a curve"):
        found(helix(noise=noise), time_limit=1.0)


@pytest.mark.parametrize(
    ("points", "says"),
    [
        (np.stack([np.cos(t := np.linspace(0, 6, 400)), np.sin(t), 0.3 * t], axis=1), "on a curve"),
        (np.random.default_rng(0).uniform(size=(1200, 3)), "fill 3 dimensions"),
        (circle(4), "4 distinct points"),
    ],
)
def test_what_is_no_surface_is_refused_with_a_reason(points, says):
    with pytest.raises(NoSurfaceError, match=says):
        found(points, time_limit=300.0)


def test_bad_input_is_named():
    with pytest.raises(DataError, match="shape"):
        fit_implicit(np.zeros(5), ["x"])
    with pytest.raises(OptionError, match="time_limit"):
        fit_implicit(circle(), ["x", "y"], time_limit=0.0)
    with pytest.raises(OptionError):
        fit_implicit(circle(), ["x", "y"], operators="+ - nonsense")


def test_the_law_may_be_kept_to_some_operators():
    law = found(circle(), operators="+ - *")
    assert law.exact
    assert str(law.expressions[0]) == "x0**2 + x1**2 - 1"


def test_powers_of_powers_are_told_as_one_where_powers_may_be():
    cloud = SimpleNamespace(names=("x", "y"))
    written = parse("y - (x**2)**2 + (y**2)**3", ["x", "y"])
    for words, text in (("+ * -", "x0**4"), ("+ - square cube", "(x0**2)**2")):
        finder = Finder(cloud, np.inf, 60, OperatorSet.parse(words))
        law = finder._law(Found(written, SimpleNamespace(rms=0.0, exact=True), "me", 0.0))
        assert text in str(law.expressions[0])
        assert law.complexity == law.expressions[0].size == written.size


def test_joined_powers_are_of_one_base_and_as_long():
    for text, wanted in (
        ("((x**2)**3)**2", "x**12"), ("(x**4)**3", "x**12"), ("(x**2)**0.5", "(x**2)**0.5"),
        ("sin((x**2)**2)**3", "sin(x**4)**3"), ("(x**2)**y", "(x**2)**y"), ("(x**-2)**2", "(x**-2)**2"),
    ):  # fmt: skip
        before = parse(text, ["x", "y"])
        after = joined_powers(before)
        assert after == parse(wanted, ["x", "y"])
        assert after.size <= before.size


def test_a_coordinate_in_large_units_is_no_constant():
    voltage = np.random.default_rng(0).uniform(1.0, 100.0, 300)
    front = fit_implicit(np.column_stack([voltage, 1e-12 / (1.0 + voltage)]), ["V", "C"], time_limit=5.0)
    law = front.laws[front.best]
    assert law.exact
    assert law.expressions[0].features == (0, 1)
