"""How finely the numbers of a table are given, guessed from the numbers alone."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from eqdisc._typing import FloatArray, IntArray

DOUBLE = 2.0**-53  # relative rounding error of float64 and of float32
SINGLE = 2.0**-24
SAMPLE = 2000  # values looked at to recognise the format of a column; it is then applied to all of them
# A column is said to share a number of decimals, or of significant digits, when its values end on average in
# less than this many zeros that shortest printing has dropped; one value in ten does so by chance.
COMMON = 0.5
DECADES_APART = 100.0
MOST_DECIMALS = 22  # whose power of ten is a float64 number


class Shown(NamedTuple):
    """Digits of a number in its shortest form: 0.0120 is shown as 12e-3, decimals 3, significant 2."""

    decimals: int
    significant: int


def resolution(column: FloatArray) -> FloatArray:
    """Absolute half-unit of the last digit given, for every value of a column.

    column : (n,) finite values; the answer is (n,) in units of the column. 0.0 for a zero, except in a column
    with a common number of decimals.

    Recognised, in this order: counts (exact: 2**-53 relative), float64 results (2**-53
    relative), float32 results (2**-24 relative), a common number of decimals, a common number of significant
    digits; of any other column each value has the digits it shows, and as many decimals as any other where
    the values are within two decades. In doubt the finer guess is taken: a floor guessed too low only goes
    unreached, one guessed too high would pass an approximation off as exact.

    >>> resolution(np.array([1.25, 0.5, 2.31, 7.08]))
    array([0.005, 0.005, 0.005, 0.005])
    """
    relative: FloatArray = np.abs(column) * DOUBLE
    magnitude = np.abs(column[column != 0.0])
    if is_count(column):
        return relative
    sample = magnitude[np.linspace(0, magnitude.size - 1, min(magnitude.size, SAMPLE)).astype(np.int64)]
    shown = [_shown(value) for value in sample.tolist()]
    decimals = max(digits.decimals for digits in shown)
    significant = max(digits.significant for digits in shown)
    if (significant > 9 and _is_single(magnitude)) or (significant in (8, 9) and _is_printed_single(sample)):
        return np.abs(column) * SINGLE
    if significant > 15:
        return relative
    dropped_decimals = float(np.mean([decimals - digits.decimals for digits in shown]))
    dropped_significant = float(np.mean([significant - digits.significant for digits in shown]))
    if dropped_decimals <= min(COMMON, dropped_significant):
        digits_given = np.full(column.shape, 0.5 * 10.0**-decimals)
    elif dropped_significant <= COMMON:
        digits_given = _half_unit(column, significant)
    else:
        digits_given = _as_shown(column, shown)
        if np.max(magnitude) < DECADES_APART * np.min(magnitude):  # readings of one instrument share decimals
            digits_given = np.minimum(digits_given, 0.5 * 10.0**-decimals)
    half_units: FloatArray = np.maximum(digits_given, relative)
    return half_units


def is_count(column: FloatArray) -> bool:
    """Whether a column holds counts: whole numbers, but not millions that are all multiples of a thousand.

    >>> is_count(np.array([3.0, 1000.0])), is_count(np.array([5.791e10, 1.0821e11]))
    (True, False)
    """
    if not bool(np.all((column == np.rint(column)) & (np.abs(column) < 2.0**53))):
        return False
    return not (bool(np.all(column % 1000.0 == 0.0)) and float(np.max(np.abs(column))) >= 1e6)


def computed_precision(column: FloatArray, half_units: FloatArray) -> float | None:
    """Relative precision of a column that looks computed: float64 or float32 results; None for any other.

    Whole numbers are no sign of a computation: counts are whole too.
    """
    if np.all(column == np.rint(column)):
        return None
    return next((unit for unit in (DOUBLE, SINGLE) if np.all(half_units <= np.abs(column) * unit)), None)


def is_evenly_spaced(column: FloatArray) -> bool:
    """Whether the distinct values, at least four, are evenly spaced: settings rather than readings."""
    values = np.unique(column)
    if values.size < 4:
        return False
    steps = np.diff(values)
    return bool(np.ptp(steps) <= 64.0 * DOUBLE * np.max(np.abs(values)))


def _shown(value: float) -> Shown:
    digits, exponent = Decimal(repr(value)).normalize().as_tuple()[1:]
    assert isinstance(exponent, int)  # a letter only for NaN and infinity
    return Shown(-exponent, len(digits))


def _half_unit(column: FloatArray, significant: int) -> FloatArray:
    """Half a unit of the given significant digit."""
    with np.errstate(divide="ignore"):
        leading = np.floor(np.log10(np.abs(column)))
    half_units: FloatArray = np.where(column == 0.0, 0.0, 0.5 * 10.0 ** (leading - significant + 1))
    return half_units


def _as_shown(column: FloatArray, sample: Sequence[Shown]) -> FloatArray:
    """Half a unit of the last digit each value shows.

    A value with far fewer digits than its fellows (the 1.0 of the earth among the planets) has dropped zeros:
    it is given the median of their significant digits at least.
    """
    least = int(np.quantile([digits.significant for digits in sample], 0.5, method="higher"))
    own = 0.5 * 10.0 ** -_decimals_shown(column).astype(np.float64)
    return np.minimum(own, _half_unit(column, least))


def _decimals_shown(column: FloatArray) -> IntArray:
    """Decimals of each value in its shortest form, 0 for whole numbers."""
    decimals = np.full(column.shape, -1, dtype=np.int64)
    left = np.arange(column.size)
    for count in range(MOST_DECIMALS + 1):
        values, power = column[left], 10.0**count
        # Both numbers are exact where the digits are 15 at most, so that the quotient is the decimal itself.
        with np.errstate(over="ignore", invalid="ignore"):
            found = np.rint(values * power) / power == values
        decimals[left[found]] = count
        left = left[~found]
        if left.size == 0:
            return decimals
    decimals[left] = [max(0, _shown(value).decimals) for value in column[left].tolist()]
    return decimals


def _is_single(values: FloatArray) -> bool:
    """Whether every value is a float32 number."""
    with np.errstate(over="ignore"):
        return bool(np.all(values.astype(np.float32).astype(np.float64) == values))


def _is_printed_single(values: FloatArray) -> bool:
    """Whether every value is the shortest print of a float32 number."""
    with np.errstate(over="ignore"):
        return all(
            float(str(single)) == value
            for single, value in zip(values.astype(np.float32), values, strict=True)
        )
