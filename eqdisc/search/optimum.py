"""The last digits of fitted constants, and their error bars."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.sensitivity import Forward, Sensitivity, forward, sensitivity
from eqdisc.expr.expression import Expression

MAX_STEPS = 8
HALVINGS = 6
DROWNED = 1e-14  # of the size of the target: a contribution below is lost in its rounding
ROUNDING = 1e-12  # of the size of the target: a residual below may be rounding
NEGLIGIBLE = 1e-9  # relative fall of the loss
RANK_TOLERANCE = 1e-13  # of the largest singular value of the Jacobian with columns of unit length


@dataclass(frozen=True)
class Optimum:
    """An expression at the optimum of its free constants.

    mean_square : weighted mean squared residual, infinite where the expression is not finite on some row
    residual    : (n,) target minus value, times the square root of the weight
    jacobian    : (n, number of constants) of the value, times the square root of the weight
    found       : the sweep over the table that this comes from, without weights
    """

    expression: Expression
    mean_square: float
    residual: FloatArray
    jacobian: FloatArray
    found: Sensitivity


def optimum(
    expression: Expression,
    dataset: Dataset,
    free: BoolArray | None = None,
    max_steps: int = MAX_STEPS,
    negligible: float = NEGLIGIBLE,
) -> Optimum:
    """Move the free constants to their least-squares optimum by Gauss-Newton steps with halving.

    free       : (number of constants,) which constants may move; all by default
    negligible : the relative fall of the loss that is not worth a step

    Meant for constants that are near already. The Jacobian is factored and not squared, so that the constants
    come out to the last digits the table supports (Bjorck 1996, chapter 9); a direction that the table says
    nothing about is left alone.

    >>> from eqdisc.expr.parse import parse
    >>> x = np.linspace(0, 1, 9)[:, None]
    >>> found = optimum(parse("exp(0.4*x)", ["x"]), Dataset.of(x, np.exp(x[:, 0] / 2)))
    >>> bool(abs(found.expression.constants[0] - 0.5) < 1e-15)
    True
    """
    root = root_weights(dataset)
    start = _linearise(expression, dataset, root)
    size = float(np.sqrt(np.mean((root * dataset.target) ** 2)))
    drowned = _is_drowned(start, size)
    if drowned.any():
        # Moved with the others they would be moved by the rounding of the largest rows.
        others = ~drowned if free is None else free & ~drowned
        found = _descended(start, dataset, root, others, max_steps, negligible)
        if found.mean_square <= (ROUNDING * size) ** 2:
            return found
    return _descended(start, dataset, root, free, max_steps, negligible)


def _descended(
    best: Optimum,
    dataset: Dataset,
    root: FloatArray,
    free: BoolArray | None,
    max_steps: int,
    negligible: float,
) -> Optimum:
    for _ in range(max_steps):
        moving = _determined(best.jacobian, free)
        if not (moving.any() and np.isfinite(best.mean_square)):
            break
        step = np.zeros(moving.size)
        step[moving] = _least_squares(best.jacobian[:, moving], best.residual)
        promise = float(np.mean((best.jacobian[:, moving] @ step[moving]) ** 2))
        if promise <= negligible * best.mean_square:
            break
        better = _search_along(best, step, dataset, root)
        if better is None:
            break
        gain = best.mean_square - better.mean_square
        best = better
        if gain <= negligible * best.mean_square:
            break
    return best


def constant_errors(found: Optimum, noise: float, n_rows: int, free: BoolArray | None = None) -> FloatArray:
    """Standard errors of the constants at an optimum; infinite where the table does not determine a constant.

    noise  : mean square of the errors of the target
    n_rows : rows that the errors count for (more than in the optimum, if that was found on a sample)
    free   : which constants were fitted; the answer for the others is 0.0
    Returns (number of constants,). 0.0 also where the slope is not finite (the exponent of a negative base).
    """
    n_constants = found.jacobian.shape[1]
    errors = np.zeros(n_constants)
    moving = _determined(found.jacobian, free)
    if not moving.any():
        return errors
    jacobian = found.jacobian[:, moving]
    norms = _column_norms(jacobian)
    _, singular, right = np.linalg.svd(jacobian / norms, full_matrices=jacobian.shape[0] < jacobian.shape[1])
    known = np.zeros(right.shape[0], dtype=bool)
    known[: singular.size] = singular > RANK_TOLERANCE * singular[0]
    inverse = right[known] / singular[known[: singular.size], None]
    undetermined = np.sum(right[~known] ** 2, axis=0)
    scale = sqrt(noise * found.jacobian.shape[0] / n_rows)
    spread = scale * np.sqrt(np.sum(inverse**2, axis=0)) / norms
    errors[moving] = np.where(undetermined > 1e-6, np.inf, spread)
    return errors


def root_weights(dataset: Dataset) -> FloatArray:
    """(n,) square roots of the weights, whose mean square is 1: residuals times these are fitted plainly."""
    if dataset.weights is None:
        return np.ones(dataset.n_rows)
    return np.sqrt(dataset.weights / np.mean(dataset.weights))


def orthonormal_basis(jacobian: FloatArray) -> FloatArray:
    """(n, rank) orthonormal columns that span what small changes of the constants can do."""
    jacobian = jacobian[:, _determined(jacobian, None)]
    if jacobian.shape[1] == 0:
        return jacobian
    left, singular, _ = np.linalg.svd(jacobian / _column_norms(jacobian), full_matrices=False)
    basis: FloatArray = left[:, singular > RANK_TOLERANCE * singular[0]]
    return basis


def _linearise(
    expression: Expression, dataset: Dataset, root: FloatArray, evaluated: Forward | None = None
) -> Optimum:
    found = sensitivity(expression, dataset.features, evaluated)
    residual = root * (dataset.target - found.value)
    return Optimum(expression, _mean_square(residual), residual, root[:, None] * found.constants, found)


def _mean_square(residual: FloatArray) -> float:
    with np.errstate(all="ignore"):
        mean_square = float(np.mean(residual**2))
    return mean_square if np.isfinite(mean_square) else float("inf")


def _determined(jacobian: FloatArray, free: BoolArray | None) -> BoolArray:
    """(number of constants,) which are free and have a finite slope on every row."""
    finite: BoolArray = np.all(np.isfinite(jacobian), axis=0)
    return finite if free is None else np.logical_and(finite, free)


def _is_drowned(found: Optimum, size: float) -> BoolArray:
    """(number of constants,) whose whole contribution is below the rounding of the target: the -1 in
    exp(k*x) - 1 over forty decades."""
    n = max(1, found.residual.size)
    with np.errstate(all="ignore"):
        effect = np.abs(found.expression.constants) * _column_norms(found.jacobian) / np.sqrt(n)
    drowned: BoolArray = effect < DROWNED * size
    return drowned


def _least_squares(jacobian: FloatArray, residual: FloatArray) -> FloatArray:
    norms = _column_norms(jacobian)
    solution: FloatArray = np.linalg.lstsq(jacobian / norms, residual, rcond=RANK_TOLERANCE)[0] / norms
    return solution


def _column_norms(jacobian: FloatArray) -> FloatArray:
    with np.errstate(over="ignore"):
        norms = np.sqrt(np.sum(jacobian**2, axis=0))
    return np.where((norms > 0.0) & np.isfinite(norms), norms, 1.0)


def _search_along(start: Optimum, step: FloatArray, dataset: Dataset, root: FloatArray) -> Optimum | None:
    """The first of step, step/2, step/4, ... that lowers the loss; None where none does."""
    constants = np.asarray(start.expression.constants)
    for halving in range(HALVINGS):
        values = constants + step / 2**halving
        if not np.isfinite(values).all() or np.array_equal(values, constants):
            return None
        moved = start.expression.with_constants(values)
        # Derivatives only where the step is taken: half of the trials come to nothing.
        evaluated = forward(moved, dataset.features)
        if _mean_square(root * (dataset.target - evaluated.values[-1])) < start.mean_square:
            return _linearise(moved, dataset, root, evaluated)
    return None
