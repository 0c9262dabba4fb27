"""What is measured of curves, and the laws it is measured with."""

import numpy as np
import pytest

from benchmarks.snip import distinct as drawing
from benchmarks.snip.distinct import distinct
from benchmarks.snip.properties import curve, not_convex, rising, turns
from eqdisc.engine.reference import evaluate
from eqdisc.errors import OptionError
from eqdisc.proposers.snip.generator import Generator, GeneratorSettings
from eqdisc.proposers.snip.vocabulary import encode, keys_of, padded


@pytest.fixture(params=range(4))
def random(request):
    return np.random.default_rng(request.param)


@pytest.fixture(params=["even", "by magnitude", "far from zero"])
def places(request, random):
    drawn = {
        "even": random.uniform(-2.0, 3.0, 128),
        "by magnitude": np.exp(random.uniform(-5.0, 7.0, 128)),
        "far from zero": random.uniform(1e3, 1.01e3, 128),
    }
    return np.sort(drawn[request.param])


def test_a_line_is_convex_and_so_is_minus_it(places, random):
    for slope, intercept in random.normal(0.0, 1.0, (20, 2)):
        line = slope * places + 10.0 * intercept
        assert not_convex(places, line) == not_convex(places, -line) == 0.0
        assert not_convex(places, (3.0 * line - intercept) / 7.0) == 0.0


def test_a_parabola_bends_one_way(places):
    parabola = places**2
    assert not_convex(places, parabola) == 0.0
    # Points too near to each other tell nothing, and there are few.
    assert not_convex(places, -parabola) > 0.9


def test_convexity_of_known_curves():
    x = np.linspace(-3.0, 3.0, 201)
    assert not_convex(x, x**3) == pytest.approx(0.5, abs=0.01)
    assert not_convex(x, np.exp(x)) == 0.0
    assert not_convex(x, -np.exp(x)) == 1.0
    assert not_convex(x, np.abs(x)) == 0.0
    assert not_convex(x, -np.abs(x)) == pytest.approx(1 / 199)
    assert not_convex(x[:2], x[:2]) == 0.0


def test_a_curve_is_read_in_order_of_its_input(random):
    x = random.integers(-9, 9, 128).astype(float)
    there, values = curve(x, x**2 + x)
    assert np.all(np.diff(there) > 0.0)
    np.testing.assert_array_equal(values, there**2 + there)
    assert not_convex(there, values) == 0.0


def test_level_stretches_neither_rise_nor_turn():
    x = np.linspace(-3.0, 2.99, 101)
    steps = np.floor(x)
    assert rising(x, steps) == 1.0
    assert rising(x, -steps) == 0.0
    assert turns(x, steps) == 0.0
    assert rising(x, np.abs(steps + 0.5)) == pytest.approx(0.5)
    assert turns(x, np.abs(steps + 0.5)) == np.log1p(1)
    assert rising(x, 0.0 * x) == 0.0


def test_laws_are_of_different_skeletons_and_their_tables_their_own():
    few = GeneratorSettings(inputs=(1.0,), functions={"sin": 1.0}, tokens=8, noisy=0.0, dummies=0.0)
    batch, laws = distinct(Generator(3, few), 24, 16)
    assert len(laws) == len(batch) == len(set(batch.keys.tolist())) == 24
    np.testing.assert_array_equal(keys_of(padded([encode(law) for law in laws])), batch.keys)
    for law, x, y in zip(laws, batch.features, batch.target, strict=True):
        np.testing.assert_allclose(evaluate(law, x), y)


def test_more_laws_than_there_are_is_an_error(monkeypatch):
    monkeypatch.setattr(drawing, "MOST_DRAWS", 3)
    few = GeneratorSettings(inputs=(1.0,), functions={"sin": 1.0}, joints={"mul": 1.0}, tokens=5, dummies=0.0)
    with pytest.raises(OptionError, match="ask for less"):
        distinct(Generator(3, few), 60, 16)
