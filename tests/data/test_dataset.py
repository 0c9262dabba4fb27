from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.data.dataset import Dataset
from eqdisc.data.resolution import DOUBLE, SINGLE
from eqdisc.errors import DataError

X = np.array([[1.0, 5.0], [2.0, 3.0], [4.0, 4.0], [8.0, 2.0], [16.0, 1.0]])
Y = np.array([1.5, 2.25, 7.75, 3.5, 0.25])


def test_defaults() -> None:
    data = Dataset.of(X, Y)
    assert (data.n_rows, data.n_features) == (5, 2)
    assert data.feature_names == ("x0", "x1")
    assert data.target_name == "y"
    assert data.weights is None
    assert data.feature_resolution.shape == (2, 5)
    assert data.target_resolution.shape == (5,)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8, bool, object])
def test_any_real_numbers_become_contiguous_float64(dtype: type) -> None:
    data = Dataset.of(np.asfortranarray(X.astype(dtype)), Y.astype(np.float32))
    assert data.features.dtype == data.target.dtype == np.float64
    assert data.features.flags.c_contiguous
    assert np.array_equal(data.features, X.astype(dtype).astype(float))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": X[:, 0]}, r"shape \(5,\).*reshape\(-1, 1\)"),
        ({"features": X[:, :0]}, "at least one feature"),
        ({"target": Y[:4]}, r"shape \(4,\).*each of the 5 rows"),
        ({"features": X[:3], "target": Y[:3]}, "at least 4 rows of data, got n_samples=3"),
        ({"features": np.where(X == 4.0, np.nan, X)}, "row 3, column 'x0' holds a missing value"),
        ({"target": np.where(Y == 3.5, -np.inf, Y)}, "row 4, column 'y' holds -inf"),
        ({"target": np.full(5, 3.5)}, "target 'y' is 3.5 in all 5 rows: it is constant"),
        ({"names": ["a"]}, "got 1 names for 2 features"),
        ({"names": ["a", "a"]}, "'a' is given to more than one feature"),
        ({"names": ["a", ""]}, "empty name"),
        ({"names": ["a", "y"]}, "target 'y' is also among the features"),
        ({"weights": [1.0, 2.0]}, "weights.*each of the 5 rows"),
        ({"weights": [1.0, 2.0, -1.0, 0.0, 0.0]}, "none below zero"),
        ({"weights": np.zeros(5)}, "not all zero"),
        ({"features": X * 1j}, "complex"),
        ({"features": [["a"], ["b"]]}, "cannot be read as an array of numbers"),
        ({"features": [[1.0], [2.0, 3.0]]}, "cannot be read as an array of numbers"),
    ],
)
def test_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Dataset.of(**{"features": X, "target": Y, **changes})


@given(st.permutations(range(5)), st.integers(0, 5))
def test_take_keeps_rows_together(order: list[int], count: int) -> None:
    rows = np.array(order[:count], dtype=np.int64)
    data = Dataset.of(X, Y, weights=np.arange(5.0))
    taken = data.take(rows)
    assert taken.weights is not None
    assert np.array_equal(taken.features, X[rows])
    assert np.array_equal(taken.target, Y[rows])
    assert np.array_equal(taken.weights, rows)
    assert np.array_equal(taken.feature_resolution, data.feature_resolution[:, rows])
    assert np.array_equal(taken.target_resolution, data.target_resolution[rows])
    assert taken.features.flags.c_contiguous


def test_features_of_a_computed_target_are_exact() -> None:
    """x on a coarse grid looks like a reading with one decimal, but y was computed from these numbers."""
    x = np.array([0.1, 0.2, 0.4, 0.8, 1.6])
    computed = Dataset.of(x[:, None], np.sin(x))
    assert np.array_equal(computed.feature_resolution[0], x * DOUBLE)
    single = Dataset.of(x[:, None], np.sin(x).astype(np.float32))
    assert np.array_equal(single.feature_resolution[0], x * SINGLE)
    measured = Dataset.of(x[:, None], np.round(np.sin(x), 3))
    assert np.allclose(measured.feature_resolution[0], 0.05)


def test_evenly_spaced_features_are_settings() -> None:
    temperature = 273.15 + 5.0 * np.arange(8)
    data = Dataset.of(temperature[:, None], np.round(np.log(temperature), 4))
    assert np.array_equal(data.feature_resolution[0], temperature * DOUBLE)
