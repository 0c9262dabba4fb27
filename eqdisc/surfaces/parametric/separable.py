"""Which functions of each single parameter the outputs are built of, before any formula is known.

Outputs over two parameters are fitted by products of Legendre polynomials; the coefficients, a table with a
row for each polynomial in u and a column for each in v and each output, have the rank of the sum of products
f(u)*g(v) that the outputs are (the singular value decomposition of a function: Schmidt 1907; Beylkin and
Mohlenkamp 2005). The singular vectors span the f's. With one parameter the outputs span them themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre

from eqdisc._typing import FloatArray, IntArray
from eqdisc.surfaces.parametric.clock import Late, never

CURVE_DEGREES = (5, 10, 20, 40, 60)
NORMAL_MEDIAN = 0.6745  # of the size of normal noise of standard deviation 1
ROUNDING = 1e-9  # of the spread; no noise is taken to be smaller
DEGREES = (5, 9, 14, 20, 27)
MOST_ROWS = 5000
ROWS_PER_UNKNOWN = 2.5
ENOUGH_ROWS = 3.5  # for an unknown, where there is no noise
HELD_OUT = 5  # every fifth row judges the degree
TRUNCATION = 8.0  # how much more than on average a truncated series misses somewhere
CLEAR = 200.0  # times that: from where on a function is no artefact of truncation
GOOD = 1e-11  # of the spread of an output; nothing is gained by higher degrees
LITTLE = 0.8  # of the residual; a higher degree has to do better
STEEP_DEGREE = 60
NODES = 160
CURVE_NODES = 400
HIGHEST_RANK = 14
LOOSE = 0.2  # of its length; no function further outside is a member, whatever the noise
SIGMAS = 3.0
CLEAN = 1e-8


@dataclass(frozen=True, eq=False)
class Axis:
    """What the outputs are as functions of one parameter.

    nodes     : (g,) values of the parameter
    root      : (g,) square roots of quadrature weights: columns times these are orthonormal as functions
    basis     : (g, r) functions that the outputs are made of, times `root`, orthonormal, the surest first
    errors    : (r,) how long a part of each may lie outside because of noise
    """

    nodes: FloatArray
    root: FloatArray
    basis: FloatArray
    errors: FloatArray

    @property
    def rank(self) -> int:
        """Number of functions."""
        return int(self.basis.shape[1])

    def outside(self, values: FloatArray) -> FloatArray:
        """What of the columns of values (g, c) lies outside the span."""
        found: FloatArray = values - self.basis @ (self.basis.T @ values)
        return found

    def tolerances(self, values: FloatArray) -> FloatArray:
        """(c,) how much of columns of unit length may lie outside because of noise."""
        found: FloatArray = np.linalg.norm(self.errors[:, None] * (self.basis.T @ values), axis=0)
        return np.minimum(LOOSE, SIGMAS * found + CLEAN)


@dataclass(frozen=True, eq=False)
class Separation:
    """Outputs over two parameters as sums of products of functions of one.

    axes   : one for each parameter
    misses : (m,) root mean square of what the smooth fit leaves of held-out rows, over each output's spread
    noise  : (m,) the same where it is noise: 0 where a finer fit would still have left less
    """

    axes: tuple[Axis, ...]
    misses: FloatArray
    noise: FloatArray


def separate(parameters: FloatArray, outputs: FloatArray, late: Late = never) -> Separation | None:
    """The functions of each parameter that the outputs are sums of products of.

    parameters : (n, k), k 1 or 2; outputs : (n, m), each of mean square about 1. None where there are too few
    rows, the rank is beyond use, or it is `late` before a fit was found.
    """
    if parameters.shape[1] == 1:
        return _of_curve(parameters[:, 0], outputs)
    rows = _spread_rows(len(parameters))
    box = np.stack([parameters.min(axis=0), parameters.max(axis=0)])
    scaled = 2.0 * (parameters[rows] - box[0]) / (box[1] - box[0]) - 1.0
    fitted = _fitted(scaled, outputs[rows], late)
    if fitted is None:
        return None
    coefficients, misses, noise_of = fitted
    surest = coefficients / np.maximum(misses, GOOD)
    axes = []
    for axis in range(2):
        table = np.moveaxis(surest, axis, 0).reshape(coefficients.shape[axis], -1)
        noise = max(0.0 if noise_of.any() else TRUNCATION, _chance(table, rows.size))
        found = _axis(table, noise, box[:, axis])
        if found is None:
            return None
        axes.append(found)
    return Separation(tuple(axes), misses, noise_of)


def along(
    parameters: FloatArray, outputs: FloatArray, axis: int, beside: FloatArray
) -> tuple[Axis, FloatArray] | None:
    """What outputs are as functions of one parameter, where those of the others are known.

    beside : (n, b) known functions of the other parameters; what the outputs are is their sum, each times a
    function of the parameter, which may bend much more than `separate` can follow. The second part of the
    answer is as `Separation.noise`. None where there are too few rows.
    """
    rows = _spread_rows(len(parameters))
    t = parameters[rows, axis]
    box = np.array([t.min(), t.max()])
    degree = min(STEEP_DEGREE, int(len(rows) / (ROWS_PER_UNKNOWN * beside.shape[1])) - 1)
    if degree < DEGREES[0]:
        return None
    lengths = np.sqrt(np.mean(beside**2, axis=0))
    judging = np.arange(len(rows)) % HELD_OUT == 0
    seen = []
    for trial in (degree // 2, degree):
        table = _legendre(2.0 * (t - box[0]) / (box[1] - box[0]) - 1.0, trial)
        products = ((beside[rows] / lengths)[:, :, None] * table[:, None, :]).reshape(len(rows), -1)
        solution = np.linalg.lstsq(products[~judging], outputs[rows][~judging], rcond=1e-13)[0]
        left = outputs[rows][judging] - products[judging] @ solution
        seen.append(_typical(left))
    misses = np.maximum(np.sqrt(np.mean(left**2, axis=0)), 1e-16)
    surest = solution.reshape(beside.shape[1], degree + 1, -1) / np.maximum(misses, GOOD)
    joined = np.moveaxis(surest, 1, 0).reshape(degree + 1, -1)
    left_over = _noise(seen)
    noise = max(0.0 if left_over.any() else TRUNCATION, _chance(joined, len(rows)))
    found = _axis(joined, noise, box)
    return None if found is None else (found, left_over)


def _spread_rows(n_rows: int) -> IntArray:
    """Rows to look at, in an order in which the first ones are spread over the table too."""
    order = np.random.default_rng(n_rows).permutation(n_rows)
    return order[:MOST_ROWS].astype(np.int64)


def _chance(table: FloatArray, n_rows: int) -> float:
    """Largest singular value of coefficients that are noise of size 1 in so many rows."""
    return float((np.sqrt(table.shape[0]) + np.sqrt(table.shape[1])) / np.sqrt(n_rows))


def _of_curve(t: FloatArray, outputs: FloatArray) -> Separation | None:
    order = np.argsort(t, kind="stable")
    picked = order[np.linspace(0, t.size - 1, min(t.size, CURVE_NODES)).astype(np.int64)]
    left, noise = _roughness(t[order], outputs[order])
    misses = np.maximum(left, GOOD)
    functions = outputs[picked] / (misses * np.sqrt(picked.size))
    basis, sizes, _ = np.linalg.svd(functions, full_matrices=False)
    known = sizes > max(2.0, 1e-11 * sizes[0])
    root = np.full(picked.size, picked.size**-0.5)
    return Separation((Axis(t[picked], root, basis[:, known], 1.0 / sizes[known]),), misses, noise)


def _roughness(t: FloatArray, outputs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What the best smooth fit of a curve leaves, and the same where it is noise."""
    scaled = 2.0 * (t - t[0]) / (t[-1] - t[0]) - 1.0
    judging = np.arange(t.size) % HELD_OUT == HELD_OUT // 2
    found: list[FloatArray] = []
    typical: list[FloatArray] = []
    for degree in CURVE_DEGREES:
        if (degree + 1) * ROWS_PER_UNKNOWN > t.size:
            break
        table = _legendre(scaled, degree)
        solution = np.linalg.lstsq(table[~judging], outputs[~judging], rcond=1e-12)[0]
        left = outputs[judging] - table[judging] @ solution
        found.append(np.sqrt(np.mean(left**2, axis=0)))
        typical.append(_typical(left))
    if not found:
        return np.ones(outputs.shape[1]), np.zeros(outputs.shape[1])
    return np.min(found, axis=0), _noise(typical)


def _noise(misses: Sequence[FloatArray]) -> FloatArray:
    """(m,) what is left at the highest two degrees alike; 0 where the last one left much less still."""
    if len(misses) < 2:
        return np.zeros(misses[0].size)
    best = np.minimum(misses[-1], misses[-2])
    return np.where((misses[-1] > LITTLE * misses[-2]) & (best > ROUNDING), best, 0.0)


def _fitted(
    scaled: FloatArray, outputs: FloatArray, late: Late
) -> tuple[FloatArray, FloatArray, FloatArray] | None:
    """Coefficients (d+1, d+1, m) of the degree that does best on held-out rows, what it misses, noise."""
    best: tuple[FloatArray, FloatArray, FloatArray] | None = None
    seen: list[FloatArray] = []
    for degree in DEGREES:
        unknowns = (degree + 1) ** 2
        if unknowns * ROWS_PER_UNKNOWN > len(scaled):
            break
        if late():
            return None
        n_rows = min(len(scaled), max(800, int(ENOUGH_ROWS * unknowns)))
        trial = _of_degree(degree, scaled[:n_rows], outputs[:n_rows])
        if float(np.max(trial[1])) > CLEAN and n_rows < len(scaled):
            trial = _of_degree(degree, scaled, outputs)
        seen.append(trial[2])
        if best is not None and np.mean(np.log(trial[1] / best[1])) > np.log(LITTLE):
            break
        best = trial
        if float(np.max(best[1])) < GOOD:
            break
    return None if best is None else (best[0], best[1], _noise(seen))


def _of_degree(
    degree: int, scaled: FloatArray, outputs: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Coefficients (d+1, d+1, m) of a fit, and what it misses of held-out rows: on average, and typically."""
    judging = np.arange(len(scaled)) % HELD_OUT == 0
    left, right = (_legendre(column, degree) for column in scaled.T)
    table = (left[:, :, None] * right[:, None, :]).reshape(len(scaled), -1)
    solution = _solved(table[~judging], outputs[~judging])
    left = outputs[judging] - table[judging] @ solution
    misses = np.maximum(np.sqrt(np.mean(left**2, axis=0)), 1e-16)
    return solution.reshape(degree + 1, degree + 1, -1), misses, _typical(left)


def _typical(left: FloatArray) -> FloatArray:
    """(m,) standard deviation of noise that leaves residuals (n, m).

    A function that is steep at some rows and not followed there leaves much on these alone.
    """
    found: FloatArray = np.median(np.abs(left), axis=0) / NORMAL_MEDIAN
    return found


def _solved(table: FloatArray, outputs: FloatArray) -> FloatArray:
    """Least squares; by the normal equations, which are nearly diagonal where rows are spread evenly."""
    gram = table.T @ table
    gram[np.diag_indices_from(gram)] *= 1.0 + 1e-14
    try:
        factor = np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(table, outputs, rcond=1e-10)[0])
    solution = np.zeros((table.shape[1], outputs.shape[1]))
    for _ in range(2):  # once more for what rounding left
        right = table.T @ (outputs - table @ solution)
        solution += np.linalg.solve(factor.T, np.linalg.solve(factor, right))
    return solution


def _axis(table: FloatArray, noise: float, box: FloatArray) -> Axis | None:
    """The functions of one parameter: left singular vectors of its coefficients, those above the noise."""
    vectors, sizes, _ = np.linalg.svd(table, full_matrices=False)
    # A truncated series leaves traces that look like functions; noise does not.
    above = CLEAR if noise >= TRUNCATION else SIGMAS
    known = sizes > max(above * noise, 1e-11 * sizes[0])
    if not known.any() or np.count_nonzero(known) > HIGHEST_RANK:
        return None
    nodes, weights = legendre.leggauss(NODES)
    root = np.sqrt(weights / 2.0)
    basis = root[:, None] * (_legendre(nodes, table.shape[0] - 1) @ vectors[:, known])
    middle, half = 0.5 * (box[1] + box[0]), 0.5 * (box[1] - box[0])
    return Axis(middle + half * nodes, root, basis, noise / sizes[known])


def _legendre(x: FloatArray, degree: int) -> FloatArray:
    """(n, degree + 1) Legendre polynomials of mean square 1 over [-1, 1]."""
    found: FloatArray = legendre.legvander(x, degree) * np.sqrt(2.0 * np.arange(degree + 1) + 1.0)
    return found
