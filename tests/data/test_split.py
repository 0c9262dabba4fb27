import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.data.split import cross_validation_folds, heldout_split
from eqdisc.errors import OptionError


@given(st.integers(4, 3000), st.integers(0, 2**32))
def test_every_row_once(n_rows: int, seed: int) -> None:
    train, heldout = heldout_split(n_rows, seed)
    assert np.array_equal(np.sort(np.concatenate([train, heldout])), np.arange(n_rows))
    assert np.all(np.diff(train) > 0)
    assert np.all(np.diff(heldout) > 0)
    assert abs(heldout.size - n_rows / 4) <= 0.5 if n_rows >= 60 else heldout.size == 0


def test_drawn_from_the_seed() -> None:
    first, again, other = heldout_split(200, 0)[1], heldout_split(200, 0)[1], heldout_split(200, 1)[1]
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.ptp(first) > 100  # not a block: a table is often sorted


@given(st.integers(4, 300), st.integers(2, 10), st.integers(0, 2**32))
def test_folds_judge_every_row_once(n_rows: int, k: int, seed: int) -> None:
    k = min(k, n_rows)
    folds = cross_validation_folds(n_rows, k, seed)
    assert len(folds) == k
    assert np.array_equal(np.sort(np.concatenate([judge for _, judge in folds])), np.arange(n_rows))
    for train, judge in folds:
        assert np.array_equal(np.sort(np.concatenate([train, judge])), np.arange(n_rows))
        assert judge.size in (n_rows // k, n_rows // k + 1)


@pytest.mark.parametrize("k", [1, 0, -3, 11])
def test_impossible_folds(k: int) -> None:
    with pytest.raises(OptionError, match=f"{k} folds of 10 rows are impossible; wanted from 2 to 10"):
        cross_validation_folds(10, k, seed=0)
