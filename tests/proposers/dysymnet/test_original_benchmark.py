"""The training that ours is measured against is the one it is said to be."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "dysymnet" / "original.py"


@pytest.fixture(scope="module")
def original():
    spec = importlib.util.spec_from_file_location("original_benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def structure(original):
    return original.Structure((("id", "sin", "cos", "square", "add", "sub", "mul"), ("cos", "mul")), 2)


def table(original, structure, rows=30):
    random = np.random.default_rng(0)
    x = random.uniform(-1.0, 1.0, (rows, structure.inputs))
    return x, np.sin(x[:, 0]), [w.astype(float) for w in original.start_weights(structure, random)]


def test_gradients_are_those_of_finite_differences(original, structure):
    x, y, weights = table(original, structure)
    for w in weights:
        w += 0.1 * np.sign(w)  # off the kink of the penalty, where differences tell nothing

    def loss(changed):
        return original.NumpyTraining(structure, x, y, [w.copy() for w in changed]).step(0.0, 1.0)[0]

    training = original.NumpyTraining(structure, x, y, weights)
    values, sums = training._forward()
    gradients = training._backward(values, sums, (values[-1] @ weights[-1])[:, 0] - y)
    for k, gradient in enumerate(gradients):
        for place in np.ndindex(gradient.shape):
            moved = [[w.copy() for w in weights] for _ in range(2)]
            moved[0][k][place] += 1e-6
            moved[1][k][place] -= 1e-6
            difference = (loss(moved[0]) - loss(moved[1])) / 2e-6
            assert gradient[place] == pytest.approx(difference, rel=1e-5, abs=1e-7)


def test_the_penalty_is_a_root_made_smooth_around_zero(original):
    w = np.array([-0.3, 0.05, 0.3])
    np.testing.assert_allclose(original.half_norm(w), np.sqrt(np.abs(w)))
    assert original.half_norm(np.zeros(1))[0] == pytest.approx(np.sqrt(3 * 0.05 / 8))
    assert original.half_norm_slope(np.zeros(1))[0] == 0.0


def test_steps_are_clipped_to_a_tenth_of_recent_gradients(original, monkeypatch):
    monkeypatch.setattr(original, "STEPS", 120)
    clips, rates = [], []

    class Recorder:
        def step(self, rate, clip):
            rates.append(rate)
            clips.append(clip)
            return 0.0, 2.0

        def predicted(self):
            return np.zeros(1)

    assert original.trained(Recorder)[1] == 120
    assert clips == pytest.approx([1.0] * 50 + [0.2] * 70)
    assert {*rates} == {1e-2}


def test_a_training_that_diverges_is_started_afresh_five_times(original):
    begun = []

    class Diverging:
        def __init__(self):
            begun.append(self)

        def step(self, rate, clip):
            return float("nan"), 1.0

    assert original.trained(Diverging) == (None, 6)
    assert len(begun) == 6


def test_rates_fall_as_in_the_original(original):
    assert [rate for _, rate in original.RATES] == [1e-2, 1e-3, 1e-4]
    assert original.RATES[-1][0] == 22_002


def test_both_fit_the_same_networks(original):
    """A law that the structure holds without offsets: ours is exact, so many weights and no more."""
    structure = original.Structure((("id", "sin"), ("id", "mul")), 2)
    x, _, _ = table(original, structure, 60)
    y = 2.0 * np.sin(x[:, 0]) * x[:, 1]
    ours = original.Ours(original.Dataset.of(x, y))
    assert ours.r2(structure, 10, np.random.default_rng(0)).max() == pytest.approx(1.0)
    assert structure.weights == 2 * 2 + 2 * 3 + 2
    constant = original.Ours(original.Dataset.of(x, np.exp(-(x[:, 0] ** 2)) + 3.0))
    linear = original.Structure((("id", "add"), ("id", "sub")), 2)
    assert constant.r2(linear, 3, np.random.default_rng(0)).max() < 0.0  # no offsets


def test_structures_are_drawn_that_the_rows_bear(original):
    random = np.random.default_rng(3)
    drawn = [original.drawn(1, 100, random) for _ in range(200)]
    assert max(each.weights for each in drawn) <= 75
    assert {len(each.layers) for each in drawn} >= {2, 3, 4}
