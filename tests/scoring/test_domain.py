"""The range of a table, and what lies outside it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.errors import DataError
from eqdisc.scoring.domain import outside

finite = st.floats(-1e9, 1e9)


@given(
    st.lists(st.tuples(finite, finite), min_size=1, max_size=20), st.sampled_from([1.0, 1e-3, 1e6, 0.3048])
)
def test_no_row_of_the_table_is_outside_even_in_another_unit_and_back(rows, unit):
    table = np.array(rows)
    ranges = list(zip(table.min(axis=0), table.max(axis=0), strict=True))
    assert not outside(ranges, table).any()
    assert not outside(ranges, table * unit / unit).any()


@given(finite, st.floats(1e-6, 1e3), st.floats(1e-6, 1e3))
def test_what_is_beyond_a_limit_is_marked(low, width, step):
    ranges = [(low, low + width), (0.0, 1.0)]
    marks = outside(ranges, [[low - step, 0.5], [low + width + step, 2.0], [low + 0.5 * width, -0.1]])
    np.testing.assert_array_equal(marks, [[True, False], [True, True], [False, True]])


def test_infinity_is_outside_and_a_missing_value_is_not_known_to_be():
    assert outside([(0.0, 1.0)], [[np.inf], [-np.inf], [np.nan]]).ravel().tolist() == [True, True, False]


def test_as_many_columns_as_ranges():
    with pytest.raises(DataError, match="wanted"):
        outside([(0.0, 1.0)], np.zeros((3, 2)))
