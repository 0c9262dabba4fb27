"""Dummies are found, inputs are not lost."""

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.search.irrelevant import irrelevance
from eqdisc.search.relevance import feature_weights, influences

LAWS = {
    "a product": lambda a, b, c: a * b**2 / np.sqrt(c),
    "a sum over decades": lambda a, b, c: a * b + c,
    "a wave": lambda a, b, c: a * np.cos(2.0 * b) + 0.01 * c,
    "a weak input": lambda a, b, c: a * np.exp(b) * (1.0 + 1e-4 * c),
}


def table_of(law, noise=0.0, n_rows=1500, seed=0):
    """Inputs 1, 2 and 4; columns 0, 3, 5 are dummies: over decades, with signs, whole numbers."""
    random = np.random.default_rng(seed)
    features = 10.0 ** random.uniform(-0.5, 0.5, (n_rows, 6))
    features[:, 0] *= 1e-20
    features[:, 3] *= random.choice([-1.0, 1.0], n_rows)
    features[:, 5] = random.integers(1, 50, n_rows)
    target = LAWS[law](*features[:, [1, 2, 4]].T)
    return Dataset.of(features, target * (1.0 + noise * random.normal(size=n_rows)))


@pytest.mark.parametrize("law", LAWS)
def test_dummies_are_told_from_inputs(law):
    known = irrelevance(table_of(law))
    assert known.relevant == (1, 2, 4)
    assert known.dummies == (0, 3, 5)
    assert known.hidden < 0.01


def test_noise_hides_only_what_is_weak():
    known = irrelevance(table_of("a weak input", noise=0.01))
    assert set(known.relevant) == {1, 2}
    assert known.hidden > 1e-8  # the share of the input that is not seen


def test_nothing_is_named_where_nothing_shows():
    random = np.random.default_rng(2)
    known = irrelevance(Dataset.of(random.normal(size=(400, 4)), random.normal(size=400)))
    assert known.dummies == ()


def test_few_rows_say_nothing():
    assert irrelevance(table_of("a product", n_rows=30)).dummies == ()


def test_multiples_of_a_column_count_once():
    table = table_of("a product")
    twice = Dataset.of(
        np.column_stack([table.features[:, [1, 2, 4]], -3e5 * table.features[:, 1]]), table.target
    )
    assert irrelevance(twice).relevant == (0, 1, 2)


def test_a_few_features_with_dummies_are_weighed():
    table = table_of("a sum over decades")
    weights = np.array(feature_weights(table, influences(table), seed=0))
    assert weights.sum() == pytest.approx(1.0)
    assert weights[[1, 2, 4]].min() > 10 * weights[[0, 3, 5]].max() > 0.0


def test_inputs_that_only_interfere_are_seen():
    random = np.random.default_rng(0)
    sides, angles = 10.0 ** random.uniform(-1.0, 1.0, (200, 2)), random.uniform(0.0, 6.28, (200, 3))
    a, b, p, q = *sides.T, angles[:, 0], angles[:, 2]
    third = np.sqrt(a**2 + b**2 - 2.0 * a * b * np.cos(p - q))
    assert irrelevance(Dataset.of(np.column_stack([sides, angles]), third)).dummies == (3,)


def test_an_input_that_acts_as_an_angle_is_seen_among_many_that_might_be_angles():
    """Two turns of sin(g)**2 are no polynomial, and all of the seven inputs span a radian."""
    x = np.random.default_rng(0).uniform(1.0, 5.0, (1500, 7))
    a, b, c, d, e, f, g = x.T
    g *= 1.3
    factor, ratio = a**2 * b**2 / (c**2 * d**2) * (e / f) ** 2, e / f + f / e
    assert irrelevance(Dataset.of(x, factor * (ratio - np.sin(g) ** 2))).dummies == ()
    assert irrelevance(Dataset.of(x, factor * ratio)).dummies == (6,)
