"""Functions that an F may be a linear combination of: their values and slopes, and how they are written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

import numpy as np
from numpy.polynomial import legendre

from eqdisc._typing import FloatArray, IntArray
from eqdisc.engine.reference import evaluate, feature_jacobian
from eqdisc.expr.expression import Expression

LARGEST = 1e100


class Library(Protocol):
    """m functions of d coordinates."""

    def __len__(self) -> int: ...

    def values(self, points: FloatArray) -> FloatArray:
        """(n, m) values on points (n, d)."""
        ...

    def gradients(self, points: FloatArray) -> FloatArray:
        """(d, n, m) slopes on points (n, d)."""
        ...


def exponents(dimension: int, degree: int) -> IntArray:
    """(m, d) exponents of all monomials up to a degree, rising in degree.

    >>> exponents(2, 1).tolist()
    [[0, 0], [0, 1], [1, 0]]
    """

    def of_total(total: int, places: int) -> Iterator[tuple[int, ...]]:
        if places == 1:
            yield (total,)
            return
        for first in range(total + 1):
            for rest in of_total(total - first, places - 1):
                yield (first, *rest)

    rows = [row for total in range(degree + 1) for row in of_total(total, dimension)]
    return np.array(rows, dtype=np.int64)


@dataclass(frozen=True)
class Monomials:
    """Products of powers of (x - origin) / unit.

    powers : (m, d); origin, unit : (d,)
    """

    powers: IntArray
    origin: FloatArray
    unit: FloatArray

    def __len__(self) -> int:
        return int(self.powers.shape[0])

    def values(self, points: FloatArray) -> FloatArray:
        """As `Library.values`."""
        return _products(self._tables(points), self.powers)

    def gradients(self, points: FloatArray) -> FloatArray:
        """As `Library.gradients`."""
        tables = self._tables(points)
        slopes = []
        for j in range(points.shape[1]):
            lowered = self.powers.copy()
            lowered[:, j] = np.maximum(lowered[:, j] - 1, 0)
            slopes.append(_products(tables, lowered) * (self.powers[:, j] / self.unit[j]))
        return np.stack(slopes)

    def take(self, members: Sequence[int] | IntArray) -> "Monomials":
        """Some of them."""
        return Monomials(self.powers[members], self.origin, self.unit)

    def _tables(self, points: FloatArray) -> list[FloatArray]:
        moved = (points - self.origin) / self.unit
        return [np.vander(column, int(self.powers.max()) + 1, increasing=True) for column in moved.T]


@dataclass(frozen=True)
class Legendre:
    """Products of Legendre polynomials, orthonormal over a box: the polynomials without their bad condition.

    powers : (m, d) degrees; centre, half : (d,) the box
    """

    powers: IntArray
    centre: FloatArray
    half: FloatArray

    def __len__(self) -> int:
        return int(self.powers.shape[0])

    def values(self, points: FloatArray) -> FloatArray:
        """As `Library.values`."""
        return _products(self._tables(points), self.powers)

    def gradients(self, points: FloatArray) -> FloatArray:
        """As `Library.gradients`."""
        tables, degree = self._tables(points), int(self.powers.max())
        inner = (points - self.centre) / self.half
        norms = np.sqrt(2.0 * np.arange(degree + 1) + 1.0)
        slopes = []
        for j in range(points.shape[1]):
            derivatives = [legendre.legder(row) for row in np.eye(degree + 1)]
            columns = [legendre.legval(inner[:, j], row) for row in derivatives]
            own = np.stack(columns, axis=1) * norms / self.half[j]
            slopes.append(_products([*tables[:j], own, *tables[j + 1 :]], self.powers))
        return np.stack(slopes)

    def monomial_coefficients(self, vector: FloatArray) -> dict[tuple[int, ...], float]:
        """The coefficients of the monomials in unit coordinates."""
        degree = int(self.powers.max())
        rows = [legendre.leg2poly(row) * np.sqrt(2.0 * k + 1.0) for k, row in enumerate(np.eye(degree + 1))]
        dense = np.zeros((degree + 1,) * self.powers.shape[1])
        for power, weight in zip(self.powers, vector, strict=True):
            factors = [np.pad(rows[k], (0, degree + 1 - rows[k].size)) for k in power]
            dense += weight * reduce(np.multiply.outer, factors)
        return {tuple(map(int, place)): float(dense[tuple(place)]) for place in np.argwhere(dense != 0.0)}

    def _tables(self, points: FloatArray) -> list[FloatArray]:
        degree = int(self.powers.max())
        inner = (points - self.centre) / self.half
        norms = np.sqrt(2.0 * np.arange(degree + 1) + 1.0)
        return [legendre.legvander(column, degree) * norms for column in inner.T]


@dataclass(frozen=True)
class Terms:
    """Any functions, as expressions over the coordinates."""

    expressions: tuple[Expression, ...]

    def __len__(self) -> int:
        return len(self.expressions)

    def values(self, points: FloatArray) -> FloatArray:
        """As `Library.values`."""
        return np.stack([evaluate(term, points) for term in self.expressions], axis=1)

    def gradients(self, points: FloatArray) -> FloatArray:
        """As `Library.gradients`."""
        slopes = [feature_jacobian(term, points)[1] for term in self.expressions]
        return np.stack(slopes, axis=2).transpose(1, 0, 2)

    def take(self, members: Sequence[int] | IntArray) -> "Terms":
        """Some of them."""
        return Terms(tuple(self.expressions[i] for i in members))

    def usable(self, points: FloatArray) -> "Terms":
        """Those that are finite on all points and no larger than numbers one can compute with."""
        values = self.values(points)
        with np.errstate(all="ignore"):
            fine = np.isfinite(values).all(axis=0) & (np.max(np.abs(values), axis=0) < LARGEST)
        return self.take(np.flatnonzero(fine))


def _products(tables: Sequence[FloatArray], powers: IntArray) -> FloatArray:
    return reduce(np.multiply, (table[:, powers[:, j]] for j, table in enumerate(tables)))
