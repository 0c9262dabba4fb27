"""The guess which inputs matter: finds those that do, excludes none."""

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.search.relevance import FEW, UNIFORM_SHARE, feature_weights, influences, relevance

LAWS = {
    "a sum": (-1.0, 1.0, lambda a, b, c, d, e: a + 2 * b - c + 0.5 * d + 3 * e),
    "a product around zero": (-1.0, 1.0, lambda a, b, c, d, e: a * b * c * d * e),
    "products around zero": (-1.0, 1.0, lambda a, b, c, d, e: a * b * c + d * e),
    "a ratio": (1.0, 5.0, lambda a, b, c, d, e: a * b / (c * d**2) + e),
    "whole turns": (0.0, 2 * np.pi, lambda a, b, c, d, e: np.cos(a - b) + np.cos(c + d) / 2 + np.sin(e)),
    "turns in a product": (0.0, 2 * np.pi, lambda a, b, c, d, e: e * np.cos(a - b) * np.cos(c + d)),
    "weak beside strong": (-3.0, 3.0, lambda a, b, c, d, e: np.sin(a * b) + c**2 + d * e),
    "a distance": (-5.0, 5.0, lambda a, b, c, d, e: e / np.sqrt((a - b) ** 2 + (c - d) ** 2 + 0.1)),
}


def table_of(law, n_rows, n_features=200, noise=0.0, seed=1):
    low, high, function = LAWS[law]
    random = np.random.default_rng([seed, n_rows])
    features = random.uniform(low, high, (n_rows, n_features))
    relevant = random.permutation(n_features)[:5]
    target = function(*features[:, relevant].T)
    return Dataset.of(features, target + noise * np.std(target) * random.normal(size=n_rows)), relevant


@pytest.mark.parametrize("noise", [0.0, 0.05])
@pytest.mark.parametrize("law", LAWS)
def test_five_inputs_among_two_hundred_are_found(law, noise):
    table, relevant = table_of(law, 1500, noise=noise)
    weights = relevance(table, seed=0)
    assert set(np.argsort(weights)[-5:]) == set(relevant)
    assert weights[relevant].sum() > 0.7
    assert weights[relevant].min() > 3 / 200


@pytest.mark.parametrize("n_rows", [10, 60, 5000])
def test_weights_sum_to_one_and_exclude_nothing(n_rows):
    table, _ = table_of("a ratio", n_rows, n_features=30)
    weights = relevance(table, seed=3)
    assert weights.shape == (30,)
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert weights.min() >= UNIFORM_SHARE / 30 * (1 - 1e-12)


def test_same_seed_same_weights_whatever_the_rows_not_drawn():
    table, _ = table_of("a sum", 5000, n_features=20)
    np.testing.assert_array_equal(relevance(table, seed=1), relevance(table, seed=1))
    assert not np.array_equal(relevance(table, seed=1), relevance(table, seed=2))


def test_monotone_functions_of_a_feature_do_not_matter():
    table, _ = table_of("a ratio", 400, n_features=20)
    other = Dataset.of(1e-9 * np.log(table.features) + 7.0, table.target)
    np.testing.assert_array_equal(relevance(table, seed=0), relevance(other, seed=0))


def test_pure_noise_prefers_hardly_anything():
    random = np.random.default_rng(5)
    weights = [
        relevance(Dataset.of(random.normal(size=(500, 50)), random.normal(size=500)), seed=0)
        for _ in range(10)
    ]
    assert np.median([w.max() for w in weights]) == pytest.approx(1 / 50)


def test_constant_and_whole_numbered_columns_are_no_trouble():
    random = np.random.default_rng(6)
    features = random.normal(size=(800, 12))
    features[:, 4] = 3.0
    features[:, 7] = random.integers(0, 2, 800)
    weights = relevance(Dataset.of(features, features[:, 7] * features[:, 2]), seed=0)
    assert set(np.argsort(weights)[-2:]) == {2, 7}
    assert weights[4] == weights.min()


def test_few_features_are_all_tried_alike():
    table, _ = table_of("a sum", 100, n_features=FEW)
    assert feature_weights(table, influences(table), seed=0) is None
    table, _ = table_of("a sum", 100, n_features=FEW + 1)
    assert feature_weights(table, influences(table), seed=0) == tuple(relevance(table, seed=0))
