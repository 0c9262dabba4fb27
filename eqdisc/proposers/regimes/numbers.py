"""The simplest number between two bounds."""

from math import ceil, floor, pi, sqrt

DENOMINATORS = (1, 2, 10, 4, 3, 100, 8, 6, 1000)
IRRATIONAL = (pi, pi / 2.0, pi / 4.0, 2.0 * pi, sqrt(2.0), sqrt(3.0), pi / 3.0)
PLAIN = 4  # denominators that are tried before irrational numbers


def simplest(low: float, high: float) -> tuple[float, float]:
    """The simplest number of a closed interval and its price in nodes and digits.

    Whole numbers come first, then halves, tenths, quarters, then multiples of pi and roots; of equally simple
    ones the smallest whole number, otherwise the one nearest to the middle. ValueError for an empty interval.

    >>> simplest(0.93, 1.4)[0], simplest(-0.2, 0.1)[0], simplest(0.4, 0.6)[0]
    (1.0, 0.0, 0.5)
    >>> round(simplest(3.1410, 3.1425)[0], 5)
    3.14159
    """
    if not low <= high:
        raise ValueError(f"the interval from {low} to {high} is empty")
    if low <= 0.0 <= high:
        return 0.0, 0.0
    for place, q in enumerate(DENOMINATORS):
        if place == PLAIN:
            for value in (sign * number for number in IRRATIONAL for sign in (1.0, -1.0)):
                if low <= value <= high:
                    return value, float(place)
        first, last = ceil(low * q), floor(high * q)
        if first <= last:
            middle = 0.5 * (low + high) * q
            whole = (first if first > 0 else last) if q == 1 else min(max(round(middle), first), last)
            if low <= whole / q <= high:
                return whole / q, float(place)
    return 0.5 * (low + high), float(len(DENOMINATORS))
