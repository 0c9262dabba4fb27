"""Dimensions as single whole numbers: products add them, powers multiply them, modulo a prime.

Every base unit is a number drawn at random below the prime 2**31 - 1 and a dimension the sum of exponent
times number, fractions being inverses modulo the prime. Equal dimensions have equal codes; different ones
have equal codes by chance, once in two thousand million, and then `Problem.admits` still decides.
"""

from fractions import Fraction

import numpy as np

from eqdisc._typing import IntArray
from eqdisc.expr.units import MaybeDimension
from eqdisc.proposers.enumeration.kernels import PRIME, WILD

_BASES = [int(k) for k in np.random.default_rng(7).integers(1, PRIME, 7)]
#: What a code that does not fit is.
REFUSED = -2


def code_of_dimension(dimension: MaybeDimension) -> int:
    """The code; that of None, which may be anything, is `WILD`.

    >>> from eqdisc.expr.units import DIMENSIONLESS
    >>> code_of_dimension(DIMENSIONLESS), code_of_dimension(None)
    (0, -1)
    """
    if dimension is None:
        return WILD
    total = 0
    for exponent, base in zip(dimension.exponents, _BASES, strict=True):
        total += exponent.numerator * pow(exponent.denominator, -1, PRIME) * base
    return total % PRIME


def raised(codes: IntArray, power: Fraction) -> IntArray:
    """Codes of the powers of what has these codes."""
    factor = power.numerator * pow(power.denominator, -1, PRIME) % PRIME
    return np.where(codes < 0, codes, codes * factor % PRIME)


def required_dimensionless(codes: IntArray) -> IntArray:
    """Codes of a function of plain numbers: dimensionless, or refused."""
    return np.where((codes == 0) | (codes == WILD), 0, REFUSED)


def common(left: IntArray, right: IntArray) -> IntArray:
    """Codes of what joins two of the same dimension."""
    agree = (left == right) | (left == WILD) | (right == WILD)
    return np.where(agree, np.maximum(left, right), REFUSED)
