from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.data.resolution import DOUBLE, SINGLE, is_evenly_spaced, resolution

RNG = np.random.default_rng(7)
READINGS = RNG.uniform(1.0, 100.0, 200)


@pytest.mark.parametrize("decimals", range(1, 9))
def test_common_decimals(decimals: int) -> None:
    assert np.allclose(resolution(np.round(READINGS, decimals)), 0.5 * 10.0**-decimals, rtol=1e-12)


@pytest.mark.parametrize("digits", range(2, 8))
def test_common_significant_digits_over_many_decades(digits: int) -> None:
    values = 10.0 ** RNG.uniform(-9, 9, 200)
    printed = np.array([float(f"{value:.{digits - 1}e}") for value in values])
    leading = np.floor(np.log10(printed))
    assert np.allclose(resolution(printed), 0.5 * 10.0 ** (leading - digits + 1), rtol=1e-9)


def test_doubles_and_singles() -> None:
    assert np.array_equal(resolution(READINGS), READINGS * DOUBLE)
    singles = READINGS.astype(np.float32)
    assert np.array_equal(resolution(singles.astype(float)), singles.astype(float) * SINGLE)
    printed = np.array([float(str(value)) for value in singles])
    assert np.array_equal(resolution(printed), printed * SINGLE)


@pytest.mark.parametrize("column", [[3.0, 4.0, 5.0, 9.0], [170.0, -290.0, 0.0, 70.0], [0.0, 0.0, 0.0, 0.0]])
def test_whole_numbers_are_exact_counts(column: list[float]) -> None:
    assert np.array_equal(resolution(np.array(column)), np.abs(column) * DOUBLE)


def test_grid_of_doubles_with_some_short_values_is_still_doubles() -> None:
    grid = np.arange(11) / 10 * 3.0  # 0.3 * 3 shows 16 digits, others show one
    assert np.array_equal(resolution(grid), grid * DOUBLE)


def test_one_value_without_its_zeros_does_not_set_the_tone() -> None:
    period = np.array([0.2408, 0.6152, 1.0, 1.8808, 11.8626, 29.447, 84.017, 164.79])
    half_units = resolution(period)
    assert np.isclose(half_units[-1], 0.005)
    assert np.isclose(half_units[4], 0.00005)
    assert half_units[2] <= 0.0005  # the earth's 1.0 is not a number with one digit


def test_every_value_of_a_mixed_column_has_the_digits_it_shows() -> None:
    decimals = np.array([0, 1, 4, 7])[RNG.integers(0, 4, 500)]
    readings = zip(RNG.uniform(0, 100, 500).tolist(), decimals.tolist(), strict=True)
    values = np.array([round(value, digits) for value, digits in readings])
    # Powers of ten beyond 22 are no float64 numbers.
    tiny = np.array([float(f"{value!r}e-25") for value in values[:100].tolist()])
    for column in (values, -values, tiny):
        shown = [max(0, -Decimal(repr(value)).normalize().as_tuple()[2]) for value in column.tolist()]
        half_units = resolution(column)
        assert np.all(half_units <= 0.5 * 10.0 ** -np.array(shown, dtype=float) * (1 + 1e-9))
        assert np.mean(half_units == 0.5 * 10.0 ** -np.array(shown, dtype=float)) > 0.2


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_every_column_has_a_resolution(column: list[float]) -> None:
    values = np.array(column)
    half_units = resolution(values)
    assert half_units.shape == values.shape
    assert np.all(half_units >= 0.0)
    assert np.all(half_units >= np.abs(values) * DOUBLE)
    assert np.array_equal(resolution(-values), half_units)


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=50), st.integers(1, 6))
def test_never_coarser_than_the_digits_of_the_value_itself(numerators: list[int], decimals: int) -> None:
    """In doubt the finer guess: a floor guessed too high would pass an approximation off as exact."""
    values = np.array(numerators) / 10**decimals
    for value, half_unit in zip(values, resolution(values), strict=True):
        shown = len(np.format_float_positional(value, trim="-").partition(".")[2])
        if shown:  # 6250 may be given to the ten, 6250.5 may not
            assert half_unit <= 0.5 * 10.0**-shown * (1 + 1e-9)


def test_evenly_spaced() -> None:
    assert is_evenly_spaced(273.15 + 5.0 * np.arange(21))
    assert is_evenly_spaced(np.repeat(np.linspace(-1, 1, 20), 3))
    assert not is_evenly_spaced(READINGS)
    assert not is_evenly_spaced(np.array([1.0, 2.0, 3.0, 3.0]))


def test_readings_of_one_instrument_share_their_decimals():
    np.testing.assert_allclose(resolution(np.array([1.0, 1.6, 2.0, 2.5, 4.0])), 0.05)
