"""A curve that a function of two inputs is linear in: a(x) g(y) + c(x), with g only known by its values.

A polynomial in both inputs is bounded in its total degree, and a, c or g may be harder than that:
log(1 + x**2) has poles near the axis. With polynomials of one input each the number of columns grows with the
degree and not with its square, so degrees may be four times as high. The coefficients of g enter as a product
with those of a: variable projection (Golub and Pereyra, 1973), its Jacobian simplified as by Kaufman (1975).
It starts from the leading singular vector of the coefficients of the polynomial in both, a matrix of rank one
where the form holds and no degree is cut off.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.search.surrogate import ROWS_PER_COLUMN, Surrogate, terms_of

DEGREES = (8, 14, 21, 31, 45, 60)
GAIN = 0.5  # the share missed has to fall to this with every rung of these, or they end
STEPS = 6  # of variable projection a rung
SETTLED = 0.7  # a step that leaves more of the share missed is the last
DEGENERATE = 1e-12
ROUNDING = 1e-26  # of the variance


@dataclass(frozen=True, eq=False)
class Curve:
    """A function of one input.

    values : (n,) at the rows, up to a factor and a constant
    degree : of the polynomials of the other input that a and c are
    share  : of the target's variance that left-out rows are missed by
    """

    values: FloatArray
    degree: int
    share: float


@dataclass(frozen=True, eq=False)
class Projection:
    """Least squares of a(x) g + c(x) for a given g, and the step of g's parameters that the residual wants.

    step  : (p,)
    share : of the variance that left-out rows are missed by after that step, to first order
    """

    step: FloatArray
    share: float


def projected(basis: FloatArray, aim: FloatArray, curve: FloatArray, slopes: FloatArray) -> Projection | None:
    """One step of variable projection; None where columns depend on each other.

    basis  : (n, m) functions that a and c are sums of
    curve  : (n,) values of g; slopes : (n, p) with respect to its parameters, maybe none

    >>> x, y = np.random.default_rng(0).uniform(-1.0, 1.0, (2, 90))
    >>> basis, target = np.column_stack([np.ones(90), x]), (1.0 + x) * y**2 - x
    >>> step = projected(basis, target, y**2 + 0.1 * y, y[:, None])  # g is y**2 + b*y, b is 0.1 too large
    >>> round(float(step.step[0]), 1)
    -0.1
    """
    flat, triangle = np.linalg.qr(np.hstack([basis * curve[:, None], basis]))
    if _is_degenerate(triangle):
        return None
    inner = flat.T @ aim
    left = aim - flat @ inner
    factor = basis @ np.linalg.solve(triangle, inner)[: basis.shape[1]]
    moved = slopes * factor[:, None]
    bent, corner = np.linalg.qr(moved - flat @ (flat.T @ moved))
    if _is_degenerate(corner):
        return None
    turn = bent.T @ left
    leverage = np.minimum(np.sum(flat**2, axis=1) + np.sum(bent**2, axis=1), 1.0 - 1e-6)
    missed = (left - bent @ turn) / (1.0 - leverage)
    return Projection(np.linalg.solve(corner, turn), float(np.mean(missed**2) / np.var(aim)))


def curve_of(coordinates: FloatArray, aim: FloatArray, whole: Surrogate, j: int) -> Curve | None:
    """The curve of input j; None where nothing can be laid through the rows.

    coordinates : (n, 2) within [-1, 1]; aim : (n,)
    whole       : the polynomial in both that was laid through it
    Only its share says whether the form holds.
    """
    weights = _start(whole, j)
    best: Curve | None = None
    for of_other, of_input in _rungs(coordinates, j):
        other, own = terms_of(coordinates[:, [1 - j]], of_other), terms_of(coordinates[:, [j]], of_input)
        padded = np.zeros(own.shape[1])
        kept = min(own.shape[1], weights.size)
        padded[:kept] = weights[:kept]
        if not np.any(padded[1:]):
            return best
        weights, share = _settled(other, own, aim, padded)
        if best is not None and not share < best.share:
            return best
        goes_on = best is None or share < GAIN * best.share
        if np.isfinite(share):
            best = Curve(own @ weights, of_other, share)
        if not goes_on or share < ROUNDING:
            return best
    return best


def _rungs(coordinates: FloatArray, j: int) -> Iterator[tuple[int, int]]:
    """Rising degrees of the other input and of this, as far as rows and different values go."""
    n = coordinates.shape[0]
    most = [np.unique(column).size - 1 for column in coordinates.T]
    before = (0, 0)
    for degree in DEGREES:
        rung = min(degree, most[1 - j]), min(degree, most[j])
        if 2 * rung[0] + rung[1] + 3 > n // ROWS_PER_COLUMN or rung == before:
            return
        yield rung
        before = rung


def _start(whole: Surrogate, j: int) -> FloatArray:
    """(m,) coefficients of the curve by degree, without a constant, from those of the polynomial in both."""
    matrix = np.zeros([int(most) + 1 for most in np.max(whole.degrees, axis=0)])
    matrix[tuple(whole.degrees.T)] = whole.coefficients
    by_other = matrix if j == 1 else matrix.T
    weights = np.zeros(max(by_other.shape[1], 1))
    if weights.size > 1:
        weights[1:] = np.linalg.svd(by_other[:, 1:])[2][0]
    return weights


def _settled(
    other: FloatArray, own: FloatArray, aim: FloatArray, weights: FloatArray
) -> tuple[FloatArray, float]:
    """Coefficients of the curve where steps end, and the share missed; inf where they cannot begin.

    The largest coefficient is held and the constant left out: a and c take up any factor and constant.
    """
    weights = weights / np.max(np.abs(weights))
    free: IntArray = np.flatnonzero(np.arange(weights.size) != np.argmax(np.abs(weights)))[1:]
    share = np.inf
    for _ in range(STEPS):
        found = projected(other, aim, own @ weights, own[:, free])
        if found is None or not found.share < share:
            break
        done = found.share > SETTLED * share
        share = found.share
        weights = weights.copy()
        weights[free] += found.step
        if done or share < ROUNDING:
            break
    return weights, share


def _is_degenerate(triangle: FloatArray) -> bool:
    size = np.abs(np.diag(triangle))
    return bool(size.size and not np.min(size) > DEGENERATE * np.max(size))
