import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.data.inspect import column_notes, proportional_columns

RNG = np.random.default_rng(3)
X = RNG.normal(size=(1000, 3))
Y = RNG.normal(size=1000)


def notes(**columns: np.ndarray) -> tuple[str, ...]:
    return column_notes(list(columns), np.column_stack(list(columns.values())), "y", Y)


def test_ordinary_columns_give_no_notes() -> None:
    assert notes(a=X[:, 0], b=X[:, 1], c=X[:, 0] + 1e-9 * X[:, 1], d=X[:, 0] ** 2, e=X[:, 0] + 1) == ()


def test_constant_duplicate_proportional_and_whole_columns_are_said() -> None:
    assert notes(
        a=X[:, 0], b=np.full(1000, 0.3), c=X[:, 0], d=-0.001 * X[:, 0], e=np.arange(1000.0), f=Y
    ) == (
        "the feature 'b' is 0.3 in every row",
        "the feature 'f' holds the same numbers as the target 'y'",
        "the feature 'c' holds the same numbers as 'a'",
        "the feature 'd' is 'a' times -0.001",
        "whole numbers, taken as exact counts: 'e'",
    )


def test_flags_and_constants_are_no_counts() -> None:
    flags = (X[:, 0] > 0).astype(float)
    assert notes(flag=flags, three=np.full(1000, 3.0)) == ("the feature 'three' is 3 in every row",)


@given(st.floats(1e-150, 1e150), st.sampled_from([1.0, -1.0]), st.sampled_from([1e-140, 1.0, 1e140]))
def test_any_factor_is_found(factor: float, sign: float, size: float) -> None:
    column = size * X[:50, 0]
    found = proportional_columns(np.column_stack([X[:50, 1], column, sign * factor * column]))
    assert [pair[:2] for pair in found] == [(2, 1)]
    assert found[0][2] == pytest.approx(sign * factor, rel=1e-14)


def test_a_single_row_that_differs_is_seen() -> None:
    n = 100_000
    column = RNG.normal(size=n)
    other = 2.0 * column
    other[77_777] *= 1.0 + 1e-9
    constant = np.ones(n)
    constant[77_777] = 2.0
    whole = np.arange(float(n))
    whole[77_777] += 0.5
    table = np.column_stack([column, other, constant, whole])
    assert column_notes(list("abcd"), table, "y", RNG.normal(size=n)) == (
        "whole numbers, taken as exact counts: 'c'",
    )


def test_columns_that_are_zero_nearly_everywhere() -> None:
    n = 10_000
    spike, half = np.zeros(n), np.zeros(n)
    spike[4321] = 4.0
    half[4321] = 2.0
    other = np.zeros(n)
    other[1234] = 1.0
    assert proportional_columns(np.column_stack([spike, other, half])) == [(2, 0, 0.5)]


def test_only_constant_columns() -> None:
    assert proportional_columns(np.ones((5, 3))) == []
    assert len(column_notes(["a", "b"], np.zeros((5, 2)), "y", np.arange(5.0))) == 2
