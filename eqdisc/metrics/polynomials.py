"""Formulas that are polynomials: their distinct factors, and whether one is a multiple of another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.metrics.formulas import Formula
from eqdisc.metrics.worker import Failed, ask

MOST_UNKNOWNS = 300  # of a quotient
_MOST_ROWS = 4000

Exponents = tuple[int, ...]


@dataclass(frozen=True)
class Polynomial:
    """Exponents of each variable -> coefficient; none is zero."""

    terms: Mapping[Exponents, float]

    @property
    def degree(self) -> int:
        """The largest sum of exponents."""
        return max((sum(powers) for powers in self.terms), default=0)

    def __mul__(self, other: "Polynomial") -> "Polynomial":
        found: dict[Exponents, float] = {}
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                powers = tuple(i + j for i, j in zip(left, right, strict=True))
                found[powers] = found.get(powers, 0.0) + a * b
        return Polynomial(found)

    def expression(self) -> Expression:
        """The sum of its terms."""
        terms = sorted(self.terms.items())
        return reduce(lambda a, b: a + b, (_term(powers, number) for powers, number in terms))


def _term(powers: Exponents, number: float) -> Expression:
    term = Expression.constant(number)
    for feature, power in enumerate(powers):
        if power:
            variable = Expression.variable(feature)
            term = term * (variable if power == 1 else Expression.apply("pow", variable, float(power)))
    return term


class Factors(NamedTuple):
    """Factors of a polynomial up to scale, and how often each occurs.

    irreducible : whether they are known to be; else the polynomial itself is the only one
    """

    parts: tuple[tuple[Polynomial, int], ...]
    irreducible: bool


def polynomial_factors(formula: Formula, time_limit: float) -> Factors | None:
    """The irreducible factors of a polynomial over the rationals; None for another formula.

    Where SymPy does not find them in time, the polynomial itself.

    >>> from eqdisc.metrics.formulas import read_formula
    >>> found = polynomial_factors(read_formula("2*x*(x - y)**2", ["x", "y"]), 9.0)
    >>> [(dict(factor.terms), times) for factor, times in found.parts]
    [({(1, 0): 1.0}, 1), ({(1, 0): 1.0, (0, 1): -1.0}, 2)]
    """
    for factored in (True, False):
        try:
            found = ask(
                "polynomial_factors",
                time_limit,
                text=formula.sympy_text,
                symbols=formula.symbols,
                factored=factored,
            )
        except Failed:
            continue
        if found is None:
            return None
        parts = tuple(
            (Polynomial({tuple(powers): number for powers, number in terms if number != 0.0}), times)
            for times, terms in found
        )
        return Factors(parts, irreducible=factored)
    return None


def misfit(multiple: Polynomial, divisor: Polynomial, scales: FloatArray) -> tuple[float, int] | None:
    """How far a polynomial is from Q times another, for the best Q, and the degree of Q.

    scales : (d,) size of each variable; a term counts by what it is at most in a box of that size, and the
    misfit is the largest term left over the largest of the polynomial. None where the degree is too low, or
    Q so large that it is not looked for.

    >>> circle = Polynomial({(2, 0): 1.0, (0, 2): 1.0, (0, 0): -1.0})
    >>> misfit(Polynomial({(3, 0): 2.0, (1, 2): 2.0, (1, 0): -2.0}), circle, np.ones(2))[1]
    1
    """
    degree = multiple.degree - divisor.degree
    dimension = len(scales)
    if degree < 0:
        return None
    quotient = list(_exponents(dimension, degree))
    if len(quotient) > MOST_UNKNOWNS:
        return None
    columns = [(divisor * Polynomial({powers: 1.0})).terms for powers in quotient]
    rows = {
        powers: i
        for i, powers in enumerate(dict.fromkeys([*multiple.terms, *(p for c in columns for p in c)]))
    }
    if len(rows) > _MOST_ROWS:
        return None
    matrix, wanted = np.zeros((len(rows), len(columns))), np.zeros(len(rows))
    for j, terms in enumerate(columns):
        for powers, number in terms.items():
            matrix[rows[powers], j] = number * _size(powers, scales)
    for powers, number in multiple.terms.items():
        wanted[rows[powers]] = number * _size(powers, scales)
    largest = float(np.abs(wanted).max())
    lengths = np.linalg.norm(matrix, axis=0)
    solution = np.linalg.lstsq(matrix / lengths, wanted / largest, rcond=None)[0]
    return float(np.abs(matrix / lengths @ solution - wanted / largest).max()), degree


def _size(powers: Exponents, scales: FloatArray) -> float:
    return float(np.prod(scales ** np.array(powers, dtype=float)))


def _exponents(dimension: int, degree: int) -> Iterator[Exponents]:
    for total in range(degree + 1):
        for chosen in combinations_with_replacement(range(dimension), total):
            yield tuple(chosen.count(j) for j in range(dimension))


def product(factors: Sequence[Polynomial]) -> Polynomial:
    """The product of one polynomial or more."""
    return reduce(lambda a, b: a * b, factors)


__all__ = ["Factors", "Polynomial", "misfit", "polynomial_factors", "product"]
