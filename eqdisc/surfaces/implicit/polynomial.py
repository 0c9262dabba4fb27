"""Polynomials as tables of coefficients: moved to another origin, rewritten in radii, factored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.scoring.description import nice_numbers
from eqdisc.surfaces.implicit.snapping import scalings
from eqdisc.surfaces.implicit.writing import power_of, written_sum

Powers = tuple[int, ...]
Coefficients = Mapping[Powers, float]

NOTHING = 1e-12  # of the largest coefficient: what cancellation leaves
LARGEST_DENOMINATOR = 1000
LAST_DIGITS = 1e-12  # relative, that moving a polynomial about costs
MOST_TERMS_TO_FACTOR = 60
LARGEST_TO_FACTOR = 10**7


@dataclass(frozen=True)
class Polynomial:
    """A polynomial over atoms: coordinates, moved coordinates, sums of squares of coordinates.

    >>> x, y = Expression.variable(0), Expression.variable(1)
    >>> str(Polynomial({(2, 0): 1.0, (0, 2): 1.0, (0, 0): -4.0}, (x, y)).plain())
    'x0**2 + x1**2 - 4'
    """

    coefficients: Coefficients
    atoms: tuple[Expression, ...]

    @property
    def degree(self) -> int:
        """Total degree in the atoms."""
        return max((sum(powers) for powers in self.coefficients), default=0)

    def plain(self) -> Expression:
        """Written term by term."""
        ordered = sorted(self.coefficients.items(), key=lambda item: (-sum(item[0]), [-p for p in item[0]]))
        return written_sum(
            [
                (
                    value,
                    [power_of(atom, power) for atom, power in zip(self.atoms, powers, strict=True) if power],
                )
                for powers, value in ordered
            ]
        )

    def cost(self) -> int:
        """Nodes when written term by term."""
        return self.plain().size

    def moved(self, place: int, by: float) -> "Polynomial":
        """The same values over the atom minus `by` in place of the atom."""
        found: dict[Powers, float] = {}
        for powers, value in self.coefficients.items():
            p = powers[place]
            for k in range(p + 1):
                key = (*powers[:place], k, *powers[place + 1 :])
                found[key] = found.get(key, 0.0) + value * comb(p, k) * by ** (p - k)
        atom = self.atoms[place]
        shifted = atom - by if by > 0.0 else atom + (-by)
        return Polynomial(_cleaned(found), (*self.atoms[:place], shifted, *self.atoms[place + 1 :]))

    def rescaled(self) -> "Polynomial":
        """At the scale that makes it shortest, of these the one with the roundest coefficients."""
        ordered = sorted(self.coefficients.items(), key=lambda item: (-sum(item[0]), [-p for p in item[0]]))
        values = np.array([value for _, value in ordered])
        trials = []
        for scaled in scalings(values, np.zeros(values.size), LAST_DIGITS):
            table = dict(zip((powers for powers, _ in ordered), scaled.values.tolist(), strict=True))
            trials.append((Polynomial(table, self.atoms), scaled.bits))
        return min(trials, key=lambda trial: (trial[0].cost(), trial[1]))[0]

    def centred(self) -> "Polynomial":
        """Each atom moved so that the power below its highest has no pure term, where that shortens."""
        best = self
        for place in range(len(self.atoms)):
            by = best.vertex(place)
            if by is not None:
                other = best.moved(place, by)
                if other.cost() < best.cost():
                    best = other
        return best

    def vertex(self, place: int) -> float | None:
        """By how much an atom is to be moved to lose the power below its highest pure one."""
        pure = {
            powers[place]: value
            for powers, value in self.coefficients.items()
            if sum(powers) == powers[place] and powers[place]
        }
        top = max(pure, default=0)
        if top < 2 or top - 1 not in pure:
            return None
        by = -pure[top - 1] / (top * pure[top])
        near = nice_numbers(by, 1e-12 * abs(by))
        return near[0].value if near else by

    def radial(self, members: Sequence[int], weights: Sequence[float], lost: int) -> "Polynomial":
        """With the weighted sum of squares of some atoms as an atom of its own, in place of squares of one.

        lost : position among the members whose even powers are replaced
        """
        rest = [
            (place, weight)
            for i, (place, weight) in enumerate(zip(members, weights, strict=True))
            if i != lost
        ]
        out, scale = members[lost], weights[lost]
        found: dict[Powers, float] = {}
        for powers, value in self.coefficients.items():
            half, odd = divmod(powers[out], 2)
            base = [*powers, 0]
            base[out] = odd
            for parts, number in _multinomials(half, len(rest) + 1):
                key, factor = list(base), value * number / scale**half
                key[-1] = parts[0]
                for (place, weight), part in zip(rest, parts[1:], strict=True):
                    key[place] += 2 * part
                    factor *= (-weight) ** part
                found[tuple(key)] = found.get(tuple(key), 0.0) + factor
        squares = [
            (weight, [power_of(self.atoms[place], 2)]) for place, weight in zip(members, weights, strict=True)
        ]
        return Polynomial(_cleaned(found), (*self.atoms, written_sum(squares)))

    def peeled(self, members: Sequence[int], weights: Sequence[float], along: int) -> "Polynomial":
        """A polynomial in the weighted sum of squares that is the same along one axis, and the rest as it is.

        (x^2 + y^2 + z^2 + 1)^2 - 4*(x^2 + y^2) comes apart like this along z.
        """
        place, weight = members[along], weights[along]
        found: dict[Powers, float] = {(*powers, 0): value for powers, value in self.coefficients.items()}
        for powers, value in self.coefficients.items():
            if sum(powers) != powers[place] or powers[place] % 2 or not powers[place]:
                continue
            half = powers[place] // 2
            share = value / weight**half
            for parts, number in _multinomials(half, len(members)):
                key, factor = [0] * (len(powers) + 1), share * number
                for j, w, part in zip(members, weights, parts, strict=True):
                    key[j] += 2 * part
                    factor *= w**part
                found[tuple(key)] = found.get(tuple(key), 0.0) - factor
            own = (*(0 for _ in powers), half)
            found[own] = found.get(own, 0.0) + share
        squares = [(w, [power_of(self.atoms[j], 2)]) for j, w in zip(members, weights, strict=True)]
        return Polynomial(_cleaned(found), (*self.atoms, written_sum(squares)))

    def in_radii(self) -> "Polynomial":
        """With sums of squares as atoms, as long as that makes it shorter."""
        best = self.centred()
        for _ in range(2):
            trials = [other.centred() for other in best.radials()]
            shortest = min(trials, key=Polynomial.cost, default=best)
            if shortest.cost() >= best.cost():
                return best
            best = shortest
        return best

    def radials(self) -> Iterator["Polynomial"]:
        """The ways to bring in a sum of squares of two or more coordinates."""
        used = [j for j in range(len(self.atoms)) if any(powers[j] > 1 for powers in self.coefficients)]
        for count in range(len(used), 1, -1):
            for members in combinations(used, count):
                for weights in self.weights_of(members):
                    yield from (self.radial(members, weights, lost) for lost in range(count))
                    yield from (self.peeled(members, weights, along) for along in range(count))

    def weights_of(self, members: Sequence[int]) -> list[tuple[float, ...]]:
        """Weights of squares that the polynomial itself suggests, and equal ones."""
        found = [(1.0,) * len(members)]
        for power in range(2, self.degree + 1, 2):
            pure = [
                self.coefficients.get(tuple(power if k == j else 0 for k in range(len(self.atoms))), 0.0)
                for j in members
            ]
            if all(value != 0.0 for value in pure) and len({value > 0.0 for value in pure}) == 1:
                ratios = tuple(float(f"{(value / pure[0]) ** (2.0 / power):.13g}") for value in pure)
                if ratios not in found and max(ratios) < 1e4:
                    found.append(ratios)
        return found

    def factors(self) -> "list[Polynomial]":
        """Its irreducible factors over the rationals, each once; none where it is one, or is not rational."""
        fractions = {powers: _fraction(value) for powers, value in self.coefficients.items()}
        if len(fractions) > MOST_TERMS_TO_FACTOR or any(value is None for value in fractions.values()):
            return []
        import sympy

        symbols = sympy.symbols(f"a:{len(self.atoms)}")
        exact = {
            powers: sympy.Rational(value.numerator, value.denominator)
            for powers, value in fractions.items()
            if value
        }
        if not exact or max(abs(value.p * value.q) for value in exact.values()) > LARGEST_TO_FACTOR:
            return []
        _, parts = sympy.Poly(exact, *symbols).factor_list()
        if len(parts) == 1 and parts[0][1] == 1:
            return []
        return [
            Polynomial({powers: float(value) for powers, value in part.as_dict().items()}, self.atoms)
            for part, _ in parts
        ]


def unit_shifted(coefficients: Coefficients, by: FloatArray) -> dict[Powers, float]:
    """Coefficients over t - by, from those over t."""
    degree = max(max(powers) for powers in coefficients)
    dense = np.zeros((degree + 1,) * by.size)
    for powers, value in coefficients.items():
        dense[powers] = value
    for axis, step in enumerate(by):
        matrix = np.array(
            [
                [comb(p, k) * step ** (p - k) if k <= p else 0.0 for p in range(degree + 1)]
                for k in range(degree + 1)
            ]
        )
        dense = np.moveaxis(np.tensordot(matrix, dense, axes=(1, axis)), 0, axis)
    return {tuple(map(int, place)): float(dense[tuple(place)]) for place in np.argwhere(dense != 0.0)}


def symmetric_centre(coefficients: Coefficients, near: FloatArray) -> tuple[FloatArray, float]:
    """The origin about which the terms one degree below the highest vanish, as nearly as they can.

    coefficients : over unit coordinates
    near         : (d,) kept in directions that do not matter
    Returns the origin (d,) and what is left of those terms, over the highest ones.
    """
    degree = max(sum(powers) for powers in coefficients)
    top = {powers: value for powers, value in coefficients.items() if sum(powers) == degree}
    rows = sorted(
        {
            tuple(p - (k == j) for k, p in enumerate(powers))
            for powers in top
            for j in range(near.size)
            if powers[j]
        }
        | {powers for powers in coefficients if sum(powers) == degree - 1}
    )
    place = {powers: i for i, powers in enumerate(rows)}
    matrix, aim = np.zeros((len(rows), near.size)), np.zeros(len(rows))
    for powers, value in top.items():
        for j, p in enumerate(powers):
            if p:
                matrix[place[tuple(q - (k == j) for k, q in enumerate(powers))], j] += p * value
    for powers, value in coefficients.items():
        if sum(powers) == degree - 1:
            aim[place[powers]] = value
    step = np.linalg.lstsq(matrix, -aim - matrix @ near, rcond=1e-7)[0]
    left = aim + matrix @ (near + step)
    return near + step, float(np.linalg.norm(left) / np.linalg.norm(list(top.values())))


def _multinomials(power: int, count: int) -> Iterator[tuple[tuple[int, ...], int]]:
    if count == 1:
        yield (power,), 1
        return
    for first in range(power + 1):
        for rest, number in _multinomials(power - first, count - 1):
            yield (first, *rest), comb(power, first) * number


def _cleaned(coefficients: Coefficients) -> dict[Powers, float]:
    least = NOTHING * max((abs(value) for value in coefficients.values()), default=0.0)
    kept = {powers: value for powers, value in coefficients.items() if abs(value) > least}
    # Sums of short decimals carry noise in their last digits: 0.30000000000000004 is 0.3.
    return {powers: float(f"{value:.14g}") for powers, value in kept.items()}


def _fraction(value: float) -> Fraction | None:
    near = Fraction(value).limit_denominator(LARGEST_DENOMINATOR)
    return near if abs(float(near) - value) <= 1e-13 * abs(value) else None
