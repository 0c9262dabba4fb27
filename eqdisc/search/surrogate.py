"""A smooth stand-in for an unknown function of scattered points: a polynomial judged by leaving out one row.

Structure is a statement about derivatives (an input without influence has none, a product of powers has
constant ones in logarithms), and scattered rows have none until something smooth is laid through them.
Legendre polynomials of bounded total degree in coordinates scaled to [-1, 1] are well conditioned on inputs
drawn evenly, in logarithms where they span decades; the error of a row predicted from all others comes from
the leverages (Allen, 1974: PRESS) and tells how far the stand-in is to be trusted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb

import numpy as np

from eqdisc._typing import FloatArray, IntArray

MOST_COLUMNS = 200
ROWS_PER_COLUMN = 4
HIGHEST = 14  # degree
HIGHEST_ALONE = 48  # of polynomials in one input each
GROWING = (2, 4, 6, 9, 14, 21, 32)  # degrees tried on the way there


@dataclass(frozen=True, eq=False)
class Surrogate:
    """A polynomial laid through n points.

    degrees      : (m, d) of each input in each term
    coefficients : (m,) in units of the target
    values       : (n,) at the points
    share        : of the target's variance that the error of a left-out row makes up; 1.0 for no better than
                   the mean
    """

    degrees: IntArray
    coefficients: FloatArray
    values: FloatArray
    share: float

    def at(self, coordinates: FloatArray) -> FloatArray:
        """(n,) values at any points."""
        values: FloatArray = _columns(coordinates, self.degrees) @ self.coefficients
        return values

    def gradient(self, coordinates: FloatArray) -> FloatArray:
        """(n, d) derivatives with respect to the coordinates at any points."""
        tables, slopes = _legendre(coordinates, int(self.degrees.max(initial=0)))
        d = coordinates.shape[1]
        columns = np.empty((coordinates.shape[0], d))
        for j in range(d):
            term = slopes[:, j, self.degrees[:, j]]
            for i in range(d):
                if i != j:
                    term = term * tables[:, i, self.degrees[:, i]]
            columns[:, j] = term @ self.coefficients
        return columns

    @property
    def constant(self) -> float:
        """The term that reads no input."""
        return float(np.sum(self.coefficients[~np.any(self.degrees > 0, axis=1)]))

    def part(self, coordinates: FloatArray, inputs: Sequence[int]) -> FloatArray:
        """(n,) the sum of the terms that read no input but these; the constant left out."""
        others = [j for j in range(self.degrees.shape[1]) if j not in inputs]
        within = np.all(self.degrees[:, others] == 0, axis=1) & np.any(self.degrees > 0, axis=1)
        total: FloatArray = _columns(coordinates, self.degrees[within]) @ self.coefficients[within]
        return total

    def joint(self) -> FloatArray:
        """(d, d) share of the sum of squared coefficients in terms that read both inputs; alone: diagonal."""
        squares = self.coefficients**2 * np.any(self.degrees > 0, axis=1)
        reads = (self.degrees > 0).astype(float)
        total = float(np.sum(squares)) or 1.0
        shares: FloatArray = (reads.T * squares) @ reads / total
        return shares


def lay(
    coordinates: FloatArray,
    target: FloatArray,
    groups: Sequence[Sequence[int]] | None = None,
    highest: int = HIGHEST,
) -> Surrogate:
    """The polynomial of the degree that predicts left-out rows best.

    coordinates : (n, d), each within [-1, 1]; target : (n,), finite
    groups      : inputs that may meet in one term; all where None

    >>> x = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    >>> laid = lay(x, x[:, 0] ** 2 * x[:, 1])
    >>> laid.share < 1e-20, bool(np.allclose(laid.gradient(x)[:, 1], x[:, 0] ** 2))
    (True, True)
    """
    n, d = coordinates.shape
    spread = float(np.std(target))
    constant = Surrogate(
        np.zeros((1, d), dtype=np.int64),
        np.array([float(np.mean(target))]),
        np.full(n, float(np.mean(target))),
        1.0,
    )
    if spread == 0.0:
        return constant
    best, parts = constant, tuple(tuple(group) for group in groups or (range(d),))
    allowed = min(MOST_COLUMNS, n // ROWS_PER_COLUMN)
    worse = 0
    for degree in _ladder(d, parts, allowed, highest):
        found = _laid(coordinates, target, _terms(d, degree, parts), spread)
        if found.share < best.share:
            best, worse = found, 0
        else:
            worse += 1
        # Waves are followed at no low degree: all of the few high ones are tried.
        if best.share < 1e-22 or (worse > 1 and highest <= HIGHEST):
            break
    return best


def terms_of(coordinates: FloatArray, degree: int) -> FloatArray:
    """(n, m) all products of Legendre polynomials of total degree up to `degree`, the constant first."""
    d = coordinates.shape[1]
    return _columns(coordinates, _terms(d, degree, (tuple(range(d)),)))


def scaled(columns: FloatArray) -> FloatArray:
    """(n, d) each column stretched and shifted to [-1, 1]; 0.0 where it is constant."""
    low, high = np.min(columns, axis=0), np.max(columns, axis=0)
    half = 0.5 * (high - low)
    middle: FloatArray = (columns - (low + half)) / np.where(half > 0.0, half, 1.0)
    return np.clip(middle, -1.0, 1.0)


def _ladder(d: int, parts: tuple[tuple[int, ...], ...], allowed: int, highest: int) -> list[int]:
    """Degrees to try, rising: all small ones, then every other up to what the rows allow; steps grow with the
    degree where high ones are allowed."""

    def columns(degree: int) -> int:
        return 1 + sum(comb(len(part) + degree, degree) - 1 for part in parts)

    fitting = [degree for degree in range(1, highest + 1) if columns(degree) <= allowed]
    if len(fitting) <= 3:
        return fitting
    if highest > HIGHEST:
        return sorted({*(degree for degree in GROWING if degree < fitting[-1]), fitting[-1]})
    return sorted({*fitting[1::2], fitting[-1]})


@lru_cache(maxsize=256)
def _terms(d: int, degree: int, parts: tuple[tuple[int, ...], ...]) -> IntArray:
    """(m, d) exponents of total degree up to `degree` whose inputs lie within one part."""
    terms = {(0,) * d}
    for part in parts:
        grown = [((0,) * d, 0)]
        for j in part:
            grown = [
                ((*exponents[:j], k, *exponents[j + 1 :]), total + k)
                for exponents, total in grown
                for k in range(degree - total + 1)
            ]
        terms.update(exponents for exponents, _ in grown)
    return np.array(sorted(terms), dtype=np.int64)


def _laid(coordinates: FloatArray, target: FloatArray, degrees: IntArray, spread: float) -> Surrogate:
    design = _columns(coordinates, degrees)
    basis, triangle = np.linalg.qr(design)
    size = np.abs(np.diag(triangle))
    if np.min(size) < 1e-9 * np.max(size):
        return Surrogate(degrees, np.zeros(degrees.shape[0]), np.zeros(target.size), np.inf)
    inner = basis.T @ target
    values = basis @ inner
    leverage = np.minimum(np.sum(basis**2, axis=1), 1.0 - 1e-6)
    missed = (target - values) / (1.0 - leverage) / spread
    return Surrogate(degrees, np.linalg.solve(triangle, inner), values, float(np.mean(missed**2)))


def _columns(coordinates: FloatArray, degrees: IntArray) -> FloatArray:
    tables, _ = _legendre(coordinates, int(degrees.max(initial=0)))
    columns = np.ones((coordinates.shape[0], degrees.shape[0]))
    for j in range(coordinates.shape[1]):
        columns *= tables[:, j, degrees[:, j]]
    return columns


def _legendre(x: FloatArray, highest: int) -> tuple[FloatArray, FloatArray]:
    """(n, d, highest + 1) Legendre polynomials, of mean square one on [-1, 1], and their slopes."""
    values, slopes = np.empty((*x.shape, highest + 1)), np.empty((*x.shape, highest + 1))
    values[..., 0], slopes[..., 0] = 1.0, 0.0
    if highest > 0:
        values[..., 1], slopes[..., 1] = x, 1.0
    for k in range(1, highest):
        values[..., k + 1] = ((2 * k + 1) * x * values[..., k] - k * values[..., k - 1]) / (k + 1)
        slopes[..., k + 1] = (2 * k + 1) * values[..., k] + slopes[..., k - 1]
    norms = np.sqrt(2.0 * np.arange(highest + 1) + 1.0)
    return values * norms, slopes * norms
