"""Points of a domain at which formulas are held against each other."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.errors import InputError

Domain = Mapping[str, tuple[float, float]]

_WIDE = 100.0  # ratio of the limits from which an interval is drawn from by orders of magnitude
_NEAR_ZERO = 1e-3  # of the largest magnitude: how far towards zero an interval around it is looked at
_PLAIN = 0.7  # without a domain inputs are between 10**-0.7 and 10**0.7, like those of SRBench
_EXTREME = 3.0  # orders of magnitude of a constant from which inputs are looked for that it suits


def checked_domain(domain: Domain | None, names: Sequence[str]) -> dict[str, tuple[float, float]]:
    """The domain with floats; InputError for a name that is none of `names`, or no interval.

    >>> checked_domain({"x": (1, 5)}, ["x", "y"])
    {'x': (1.0, 5.0)}
    """
    checked: dict[str, tuple[float, float]] = {}
    for name, limits in (domain or {}).items():
        if name not in names:
            raise InputError(f"the domain names '{name}', which is none of {', '.join(names) or 'no names'}")
        low, high = (float(limit) for limit in limits)
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            raise InputError(
                f"the domain of '{name}' is {low:g} to {high:g}; wanted two finite numbers, "
                "the smaller one first"
            )
        checked[name] = (low, high)
    return checked


def draw_points(
    names: Sequence[str],
    domain: Domain,
    constants: Sequence[float],
    rng: np.random.Generator,
    signed: bool = False,
) -> Iterator[tuple[float, ...]]:
    """Points without end, one number for each name.

    Names without an interval are positive and of order 1, and, where a formula has extreme constants, every
    other time of any order of magnitude that these have. `signed` gives such names a random sign.
    """
    orders = [abs(math.log10(abs(value))) for value in constants if value]
    extreme = max(orders, default=0.0)
    widest = extreme if extreme > _EXTREME else 1.0
    plain = True
    while True:
        spread = _PLAIN if plain else widest
        yield tuple(
            _within(*domain[name], rng) if name in domain else _unbounded(spread, signed, rng)
            for name in names
        )
        plain = not plain


def _unbounded(spread: float, signed: bool, rng: np.random.Generator) -> float:
    magnitude = float(10.0 ** rng.uniform(-spread, spread))
    return -magnitude if signed and rng.integers(2) else magnitude


def _within(low: float, high: float, rng: np.random.Generator) -> float:
    largest = max(abs(low), abs(high))
    if low < 0.0 < high:
        if rng.integers(2):
            return float(rng.uniform(low, high))
        side = high if rng.integers(2) else low
        return math.copysign(_by_magnitude(abs(side) * _NEAR_ZERO, abs(side), rng), side)
    smallest = min(abs(low), abs(high))
    if smallest == 0.0 and largest > 0.0 and rng.integers(2):
        smallest = largest * _NEAR_ZERO
    elif smallest == 0.0 or largest / smallest < _WIDE:
        return float(rng.uniform(low, high))
    return math.copysign(_by_magnitude(smallest, largest, rng), low or high)


def _by_magnitude(smallest: float, largest: float, rng: np.random.Generator) -> float:
    return float(math.exp(rng.uniform(math.log(smallest), math.log(largest))))


def rows_of(data: FloatArray, count: int, rng: np.random.Generator) -> list[tuple[float, ...]]:
    """Some rows of a table, at most `count`, drawn without replacement."""
    chosen = rng.permutation(len(data))[:count]
    return [tuple(row) for row in np.asarray(data, dtype=np.float64)[chosen].tolist()]
