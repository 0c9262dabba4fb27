"""The scale of an F and its round coefficients: the null vector (0.7, 1.4, -0.7) is x + 2y - 1."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.scoring.description import nice_numbers

REAL_BITS = 55.0
LEAST_WINDOW = 1e-9  # relative
ERROR_BARS = 4.0
INVERSE_BITS = 2.0
RATIONAL_WINDOW = 1e-8  # relative; within it ratios of whole numbers up to the product below are no accident
LARGEST_RATIO, LARGEST_DENOMINATOR = 500_000, 1000
MOST_SCALES = 12


@dataclass(frozen=True)
class Snapped:
    """Coefficients at the scale that makes them shortest to write.

    values : (m,); round : (m,) which of them are round numbers; bits : to write all
    """

    values: FloatArray
    round: BoolArray
    bits: float


def snapped(vector: FloatArray, errors: FloatArray, window: float = LEAST_WINDOW) -> Snapped:
    """Scale a combination so that as many coefficients as possible are round, and round them.

    vector, errors : (m,) coefficients, none zero, and how far off they may be at that scale
    window         : relative, how far off they may be at least
    The first coefficient becomes positive.

    >>> snapped(np.array([0.7, 1.4, -0.7]), np.zeros(3)).values.tolist()
    [1.0, 2.0, -1.0]
    """
    return min(scalings(vector, errors, window), key=lambda one: one.bits)


def scalings(vector: FloatArray, errors: FloatArray, window: float = LEAST_WINDOW) -> list[Snapped]:
    """As `snapped`, at every scale that makes one of the coefficients one."""
    scales: list[float] = []
    for size in sorted(np.abs(vector).tolist()):
        if all(abs(size - known) > 1e-6 * known for known in scales):
            scales.append(size)
    sign = 1.0 if vector[0] > 0.0 else -1.0
    return [
        _at_scale(sign * vector / scale, errors / scale, window)
        for scale in dict.fromkeys([*scales[: MOST_SCALES - 1], scales[-1]])
    ]


def _at_scale(values: FloatArray, errors: FloatArray, window: float) -> Snapped:
    found, rounded, bits = values.copy(), np.zeros(values.size, dtype=bool), 0.0
    for i, (value, error) in enumerate(zip(values.tolist(), errors.tolist(), strict=True)):
        near = round_number(value, ERROR_BARS * error + window * abs(value))
        if near is None:
            bits += REAL_BITS
        else:
            found[i], rounded[i] = near[0], True
            bits += near[1]
    return Snapped(found, rounded, bits)


def round_number(value: float, window: float) -> tuple[float, float] | None:
    """The shortest round number, or inverse of one, within a window of a value, and its bits."""
    own = [(nice.value, nice.bits) for nice in nice_numbers(value, window)[:1] if nice.value != 0.0]
    with np.errstate(all="ignore"):
        spread = window / (value * value)
    if np.isfinite(spread) and window < 0.5 * abs(value):
        below = nice_numbers(1.0 / value, spread)[:1]
        own += [(1.0 / nice.value, nice.bits + INVERSE_BITS) for nice in below if nice.value != 0.0]
    if not own and window <= RATIONAL_WINDOW * abs(value):
        ratio = Fraction(value).limit_denominator(LARGEST_DENOMINATOR)
        p, q = abs(ratio.numerator), ratio.denominator
        if p and p * q <= LARGEST_RATIO and abs(float(ratio) - value) <= window:
            own.append((float(ratio), 2.0 * np.log2(p * q) + 2.0))
    return min(own, key=lambda pair: pair[1], default=None)
