import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eqdisc.data.missing import complete_rows
from eqdisc.errors import DataError

CELLS = st.sampled_from([1.0, 2.0, np.nan, np.inf, -np.inf])


@given(arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 4)), elements=CELLS))
def test_exactly_the_finite_rows_are_kept_and_the_others_counted(table: np.ndarray) -> None:
    names = [f"c{j}" for j in range(table.shape[1])]
    rows, notes = complete_rows("it", names, list(table.T), "c0", max_missing=1.0)
    assert np.array_equal(rows, np.isfinite(table).all(axis=1))
    counted = sum(int(note.split()[0]) for note in notes)
    assert counted == np.count_nonzero(~rows)
    assert len(notes) <= 2


def test_limit_counts_missing_values_and_no_infinities() -> None:
    y, x = np.arange(4.0), np.array([np.inf, np.inf, np.inf, 1.0])
    assert complete_rows("it", ["x", "y"], [x, y], "y", 0.5)[1] == (
        "3 of 4 rows left out: an infinity in 'x' (3)",
    )
    x = np.array([np.nan, np.nan, 2.0, 1.0])
    assert complete_rows("it", ["x", "y"], [x, y], "y", 0.5)[0].sum() == 2
    with pytest.raises(
        DataError, match=r"it: 2 of 4 rows lack a value, more than the allowed 49%: 'x' \(2\)"
    ):
        complete_rows("it", ["x", "y"], [x, y], "y", 0.49)


def test_long_lists_are_cut() -> None:
    columns = [np.array([np.nan, 1.0])] * 20
    _, notes = complete_rows("it", [f"c{j}" for j in range(20)], columns, "c0", 1.0)
    assert notes[0].endswith("'c7' (1) and 12 more columns")
