"""The residual that a law leaves only because numbers are rounded: the mark of exactness.

A table gives its numbers to so many digits and arithmetic rounds; the exact law therefore misses the target
by a known, small amount, and an approximation by more. Here that amount is estimated, row by row, from three
sources: the digits of the target, the digits of the features carried through the law, and the rounding of
each operation.
"""

from collections.abc import Iterator

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.sensitivity import Sensitivity, sensitivity, squared_errors
from eqdisc.expr.expression import Expression
from eqdisc.scoring.triangle import triangle

BLOCK_ROWS = 8192  # bounds the memory of a sweep: two arrays a node
FIRST_LOOK = 1024  # rows that many an approximation is refuted by
CANCELLATION_LIMIT = 1e-6  # of the target's spread; what an expression may blame on its own cancellations
RMS_FACTOR = 2.0
WORST_FACTOR = 10.0
BITS_PER_NODE = 8.0  # twice what a node says: the formula was picked from very many


def sweeps(expression: Expression, dataset: Dataset) -> Iterator[tuple[slice, Sensitivity]]:
    """The sweep over a table block by block of `BLOCK_ROWS` rows, so that its memory is bounded."""
    for start in range(0, dataset.n_rows, BLOCK_ROWS):
        rows = slice(start, min(start + BLOCK_ROWS, dataset.n_rows))
        yield rows, sensitivity(expression, dataset.features[rows])


def row_floors(expression: Expression, dataset: Dataset) -> FloatArray:
    """Standard deviation of the residual of each row, were the expression the exact law of the table.

    (n,), in units of the target; NaN where a derivative is not finite, for there nothing can be said.
    """
    spread, floors = float(np.std(dataset.target)), np.empty(dataset.n_rows)
    for rows, found in sweeps(expression, dataset):
        floors[rows] = row_floors_of(found, dataset, rows, spread)
    return floors


def rounding_floor(expression: Expression, dataset: Dataset) -> float:
    """Root mean square residual to be expected if the expression were the exact law of the table.

    In units of the target. Rows where the estimate is not finite are left out; if none is left, the
    resolution of the target alone is returned.

    >>> import numpy as np
    >>> from eqdisc.expr.parse import parse
    >>> x = np.array([[1.25], [2.5], [4.75], [8.5]])
    >>> table = Dataset.of(x, np.round(x[:, 0] / 3, 2))          # two decimals: half a unit is 0.005
    >>> 0.002 < rounding_floor(parse("x/3", ["x"]), table) < 0.004
    True
    """
    return mean_floor(row_floors(expression, dataset), dataset)


def mean_floor(floors: FloatArray, dataset: Dataset) -> float:
    """Root mean square of the floors of the rows, as `rounding_floor` returns it."""
    known = floors[np.isfinite(floors)]
    if known.size == 0:
        known = dataset.target_resolution / np.sqrt(3.0)
    return float(np.sqrt(np.mean(known**2)))


def is_exact(expression: Expression, dataset: Dataset) -> bool:
    """Whether what the expression misses of the table is explained by rounding alone.

    Three things are asked. The root mean square residual, corrected for the constants fitted, is at most
    twice the rounding floor. The agreement says more than the expression costs to write, so that a formula
    with as many constants as rows proves nothing. And no single residual is far above the floor of its own
    row, with room for the rounding that the fitted constants inherit from all rows: a small term that only
    matters where the target is small is missed by the first test and found by this one. Weights do not
    matter: a law holds on every row. False where a value is not finite.

    >>> import numpy as np
    >>> from eqdisc.expr.parse import parse
    >>> x = np.linspace(1, 2, 20)[:, None]
    >>> table = Dataset.of(x, np.sqrt(x[:, 0]))
    >>> is_exact(parse("sqrt(x)", ["x"]), table), is_exact(parse("sqrt(x) + 1e-9", ["x"]), table)
    (True, False)
    """
    n_free = dataset.n_rows - len(expression.constants)
    spread = float(np.std(dataset.target))
    if dataset.n_rows > BLOCK_ROWS and _misses(expression, dataset, slice(FIRST_LOOK), spread):
        return False  # a look at some rows spares that at many
    residual, floors = np.empty(dataset.n_rows), np.empty(dataset.n_rows)
    for rows, found in sweeps(expression, dataset):
        residual[rows] = dataset.target[rows] - found.value
        floors[rows] = row_floors_of(found, dataset, rows, spread)
        if not np.isfinite(residual[rows]).all():
            return False
    known = np.isfinite(floors)
    if n_free < 1 or not known.any():
        return False
    floor, rms = mean_floor(floors, dataset), float(np.sqrt(np.sum(residual**2) / n_free))
    least = np.finfo(float).tiny
    bits_per_row = np.log2(max(spread, least) / max(rms, floor, least))
    if rms > RMS_FACTOR * floor or n_free * bits_per_row < BITS_PER_NODE * expression.size:
        return False
    if np.all(np.abs(residual[known]) <= WORST_FACTOR * floors[known]):
        return True
    expected = np.hypot(floors, _inherited(expression, dataset, floors))
    return bool(np.all(np.abs(residual[known]) <= WORST_FACTOR * expected[known]))


def _misses(expression: Expression, dataset: Dataset, rows: slice, spread: float) -> bool:
    """Whether some of the rows are missed by more than fitted constants and rounding can explain."""
    found = sensitivity(expression, dataset.features[rows])
    floors = row_floors_of(found, dataset, rows, spread)
    # Fitted to many rows, constants inherit less error than a row has.
    return bool(np.any(np.abs(dataset.target[rows] - found.value) > 2.0 * WORST_FACTOR * floors))


def row_floors_of(
    found: Sensitivity, dataset: Dataset, rows: slice = slice(None), spread: float | None = None
) -> FloatArray:
    """As `row_floors`, from a sweep already made over the given rows.

    spread : standard deviation of the target over all rows, for those who know it
    """
    limit = CANCELLATION_LIMIT * (float(np.std(dataset.target)) if spread is None else spread)
    # A digit is cut at a uniformly distributed place: the variance of +-h is h^2/3.
    variance = dataset.target_resolution[rows] ** 2 / 3.0 + np.minimum(found.evaluation, limit) ** 2
    for slope, feature in zip(found.features.T, found.read, strict=True):
        variance += squared_errors(slope, dataset.feature_resolution[feature, rows]) / 3.0
    return np.where(np.isfinite(variance), np.sqrt(variance), np.nan)


def _inherited(expression: Expression, dataset: Dataset, floors: FloatArray) -> FloatArray:
    """Standard deviation (n,) of the prediction that comes from rounding in the rows its constants were
    fitted to.

    The sandwich J C J' with C the covariance of a least-squares fit whose rows err by `floors`. J is swept
    over three times rather than held: once for its triangular factor, which makes its columns orthonormal,
    then for the middle of the sandwich, then for its ends.
    """
    inherited = np.zeros(dataset.n_rows)
    root = _root_weights(dataset)
    factor = np.zeros((0, len(expression.constants)))
    for rows, found in sweeps(expression, dataset):
        if factor.shape[1] == 0 or not np.isfinite(found.constants).all():
            return inherited
        factor = triangle(factor, root[rows, None] * found.constants)
    norms = _norms(factor)
    _, singular, right = np.linalg.svd(factor / norms, full_matrices=False)
    known = singular > 1e-12 * singular[0]
    to_basis = right[known].T / (singular[known] * norms[:, None])
    errors = root * np.nan_to_num(floors)
    middle = np.zeros((to_basis.shape[1], to_basis.shape[1]))
    for rows, found in sweeps(expression, dataset):
        erring = errors[rows, None] * (root[rows, None] * found.constants) @ to_basis
        middle += erring.T @ erring
    for rows, found in sweeps(expression, dataset):
        basis = found.constants @ to_basis
        spread = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", basis, middle, basis), 0.0))
        inherited[rows] = np.where(root[rows] > 0.0, spread, 0.0)
    return inherited


def _root_weights(dataset: Dataset) -> FloatArray:
    if dataset.weights is None:
        return np.ones(dataset.n_rows)
    return np.sqrt(dataset.weights / np.mean(dataset.weights))


def _norms(jacobian: FloatArray) -> FloatArray:
    with np.errstate(over="ignore"):
        norms = np.sqrt(np.sum(jacobian**2, axis=0))
    return np.where(norms > 0.0, norms, 1.0)
