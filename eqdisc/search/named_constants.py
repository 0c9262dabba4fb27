"""Fitted constants recognised as constants of nature: 4.7992e-11 s K is h/k_B."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, product
from math import gcd, log, log2, pi

import numpy as np

from eqdisc._typing import IntArray
from eqdisc.data.physical_constants import PhysicalConstant
from eqdisc.expr.units import Dimension

LARGEST_POWER = 4
MOST_CONSTANTS = 3
SAME = 1e-8  # of logarithms; measured constants keep identities among them to about so much
EXACT = 1e-9  # relative; values that agree so far are taken to be the same
CHANCE = 0.01  # of agreeing by accident with as simple a product; larger ones are not believed
WHOLE = (1, 2, 3, 4, 5, 6, 8, 16)
POWERS_OF_PI = (0, 1, -1, 2, -2)
LEAST_SPAN = log(10.0)  # of the logarithms over which accidental values scatter
POWER_BITS, PI_BITS = 2.0, 3.0


@dataclass(frozen=True)
class _Product:
    """A product of powers of constants; cost in bits."""

    powers: tuple[tuple[str, int], ...]
    log_value: float
    cost: float


def named_constant(
    value: float, tolerance: float, dimension: Dimension, constants: Sequence[PhysicalConstant]
) -> str | None:
    """The product of powers of these constants, a rational number and a power of pi that a value is.

    value     : in coherent SI units, of the given dimension
    tolerance : how far off it may be; raised to `EXACT` relative
    The simplest that fits; None where there is none, or where one as simple is likely to fit by accident.

    >>> from eqdisc.data.physical_constants import physical_constants
    >>> known, dimension = physical_constants("c,h,k_B"), Dimension.of(s=1, K=1)
    >>> named_constant(4.7992e-11, 1e-15, dimension, known)
    'h/k_B'
    >>> named_constant(4.6e-11, 1e-15, dimension, known) is None
    True
    """
    if value == 0.0 or not constants:
        return None
    near = max(tolerance / abs(value), EXACT)
    size = log(abs(value))
    tried: list[tuple[float, float, _Product, Fraction, int]] = []
    for found in _products(tuple(constants), dimension):
        for factor, turns, bits in _factors():
            logarithm = found.log_value + log(factor) + turns * log(pi)
            tried.append((found.cost + bits, logarithm, found, factor, turns))
    fitting = [each for each in tried if abs(each[1] - size) <= near]
    if not fitting:
        return None
    best = min(fitting, key=lambda each: (each[0], abs(each[1] - size)))
    as_simple = [each[1] for each in tried if each[0] <= best[0]]
    span = max(max(as_simple) - min(as_simple), LEAST_SPAN)
    if len(as_simple) * 2.0 * near / span > CHANCE:
        return None
    return _written(best[2].powers, best[3], best[4], negative=value < 0.0)


@lru_cache(maxsize=1)
def _factors() -> tuple[tuple[Fraction, int, float], ...]:
    """Rational numbers, powers of pi, and the bits to say which."""
    rationals = [Fraction(p, q) for p in WHOLE for q in WHOLE if gcd(p, q) == 1]
    return tuple(
        (r, turns, log2(r.numerator * r.denominator) + PI_BITS * abs(turns))
        for r in rationals
        for turns in POWERS_OF_PI
    )


@lru_cache(maxsize=64)
def _products(constants: tuple[PhysicalConstant, ...], dimension: Dimension) -> tuple[_Product, ...]:
    """Products of powers of up to three constants that have a dimension."""
    exponents = np.array([[float(k) for k in each.dimension.exponents] for each in constants])
    wanted = np.array([float(k) for k in dimension.exponents])
    powers = [k for k in range(-LARGEST_POWER, LARGEST_POWER + 1) if k]
    found = []
    for count in range(1, min(MOST_CONSTANTS, len(constants)) + 1):
        members = np.array(list(combinations(range(len(constants)), count)))
        chosen = np.array(list(product(powers, repeat=count)))
        for group in members:
            fitting = np.all(chosen @ exponents[group] == wanted, axis=1)
            found += [_product([constants[i] for i in group], row, len(constants)) for row in chosen[fitting]]
    if not any(dimension.exponents):  # hbar/h and mu_0*epsilon_0*c**2 are mere numbers
        found = [each for each in found if not _is_mere_number(each.log_value)]
    return tuple(found)


def _is_mere_number(log_value: float) -> bool:
    rationals = (log(r) for r, turns, _ in _factors() if turns == 0)
    turned = range(-LARGEST_POWER, LARGEST_POWER + 1)
    return any(abs(log_value + r + turns * log(pi)) < SAME for r in rationals for turns in turned)


def _product(members: Sequence[PhysicalConstant], powers: IntArray, offered: int) -> _Product:
    pairs = tuple((member.name, int(k)) for member, k in zip(members, powers, strict=True))
    size = sum(k * log(member.value) for member, (_, k) in zip(members, pairs, strict=True))
    cost = POWER_BITS * sum(abs(k) for _, k in pairs) + len(pairs) * log2(offered + 1)
    return _Product(pairs, size, cost)


def _written(powers: tuple[tuple[str, int], ...], factor: Fraction, turns: int, negative: bool) -> str:
    pairs = (("pi", turns), *powers)
    above = [_powered(name, k) for name, k in pairs if k > 0]
    below = [_powered(name, -k) for name, k in pairs if k < 0]
    if factor.numerator != 1 or not above:
        above.insert(0, str(factor.numerator))
    if factor.denominator != 1:
        below.insert(0, str(factor.denominator))
    text = "*".join(above)
    if below:
        text += f"/{below[0]}" if len(below) == 1 else f"/({'*'.join(below)})"
    return f"-{text}" if negative else text


def _powered(name: str, power: int) -> str:
    return name if power == 1 else f"{name}**{power}"
