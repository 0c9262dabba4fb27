"""The constants of any F at the least mean square distance from the points, then round where they may be."""

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.engine.sensitivity import sensitivity
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import ADD, NEG, SUB
from eqdisc.expr.simplify import simplify
from eqdisc.scoring.description import fixed_constants
from eqdisc.surfaces.implicit.cloud import Cloud, fit_of
from eqdisc.surfaces.implicit.snapping import round_number
from eqdisc.surfaces.implicit.writing import signed_sum

STEPS, HALVINGS = 10, 6
NEGLIGIBLE = 1e-6
RANK = 1e-10
ERROR_BARS = 4.0
WORTHWHILE = 40.0  # bits of a round number that is worth its place
JUNK = 1e-10  # of the largest term on the points
LEAST_SLOPE = 1e-3  # of the mean slope


def polished(expression: Expression, cloud: Cloud, free: BoolArray | None = None) -> Expression:
    """Constants moved by Gauss-Newton on |F| / |grad F|, the slope held in each step.

    free : (number of constants,) which may move; all by default. An F has no scale, so that one direction is
    always idle; the pseudo-inverse leaves it alone.
    """
    moving = np.ones(expression.constants.size, dtype=bool) if free is None else free
    found = _residual(expression, cloud)
    if found is None or not moving.any():
        return expression
    residual, jacobian, loss = found
    for _ in range(STEPS):
        columns = jacobian[:, moving]
        sizes = np.linalg.norm(columns, axis=0)
        if not np.isfinite(columns).all() or not sizes.all():
            return expression
        step = np.zeros(moving.size)
        step[moving] = np.linalg.lstsq(columns / sizes, residual, rcond=RANK)[0] / sizes
        before = loss
        for halving in range(HALVINGS):
            trial = expression.constants - step * 0.5**halving
            if not np.isfinite(trial).all():
                break
            moved = expression.with_constants(trial)
            other = _residual(moved, cloud)
            if other is not None and other[2] < loss:
                expression, (residual, jacobian, loss) = moved, other
                break
        if loss >= before * (1.0 - NEGLIGIBLE):
            break
    return expression


def trimmed(expression: Expression, cloud: Cloud) -> Expression:
    """A sum without the terms that add nothing on the points beside the largest.

    >>> from eqdisc.expr.parse import parse
    >>> cloud = Cloud.of(np.random.default_rng(0).normal(size=(40, 2)), ("x", "y"), seed=0)
    >>> str(trimmed(parse("4e-18*x - (y - 3e-17*x*y) + x**2 - 1", ["x", "y"]), cloud))
    'x0**2 - x1 - 1'
    """
    pieces = _pieces(expression, is_negative=False)
    with np.errstate(all="ignore"):
        sizes = np.array([np.sqrt(np.mean(evaluate(piece, cloud.points) ** 2)) for _, piece in pieces])
    kept = [pair for pair, size in zip(pieces, sizes, strict=True) if not size < JUNK * np.nanmax(sizes)]
    return expression if len(kept) in (0, len(pieces)) else signed_sum(kept)


def _pieces(expression: Expression, is_negative: bool) -> list[tuple[bool, Expression]]:
    """The terms of a sum, and whether each is taken away."""
    parts = expression.children
    if expression.root == NEG:
        return _pieces(parts[0], not is_negative)
    if expression.root not in (ADD, SUB):
        return [(is_negative, expression)]
    other = is_negative if expression.root == ADD else not is_negative
    return [*_pieces(parts[0], is_negative), *_pieces(parts[1], other)]


def rounded(expression: Expression, cloud: Cloud) -> Expression:
    """Constants made round one after the other, the others refitted, as long as the points allow it.

    Allowed is what raises the sum of squared distances by no more than a few times their mean: as much as the
    true constants would.
    """
    fixed = fixed_constants(expression)
    allowed = _allowed(expression, cloud)
    for i in np.argsort(fixed, kind="stable"):
        if fixed[i]:
            continue
        near = _round_values(expression, cloud, int(i), ~fixed)
        for value in near:
            values = expression.constants
            values[i] = value
            trial_fixed = fixed.copy()
            trial_fixed[i] = True
            trial = polished(expression.with_constants(values), cloud, ~trial_fixed)
            if fit_of(trial, cloud).rms <= allowed:
                expression, fixed = trial, trial_fixed
                break
    shorter = simplify(expression)
    if shorter.size < expression.size and fit_of(shorter, cloud).rms <= allowed:
        return shorter
    return expression


def _allowed(expression: Expression, cloud: Cloud) -> float:
    """The largest root mean square distance that still is the same fit."""
    fit = fit_of(expression, cloud)
    raised = fit.rms * np.sqrt(1.0 + 6.0 / cloud.points.shape[0])
    return max(raised, 1e-11) if fit.exact and cloud.is_computed else float(raised)


def _round_values(expression: Expression, cloud: Cloud, i: int, free: BoolArray) -> list[float]:
    found = _residual(expression, cloud)
    if found is None:
        return []
    _, jacobian, loss = found
    columns = jacobian[:, free]
    inner = np.linalg.pinv(columns.T @ columns, rcond=RANK**2, hermitian=True)
    place = int(np.flatnonzero(np.flatnonzero(free) == i)[0])
    value = float(expression.constants[i])
    error = float(np.sqrt(max(inner[place, place], 0.0) * loss))
    windows = (1e-9 * abs(value) + ERROR_BARS * error, 0.2 * ERROR_BARS * error + 1e-9 * abs(value))
    near = [round_number(value, window) for window in windows]
    return list(dict.fromkeys(pair[0] for pair in near if pair is not None and pair[1] < WORTHWHILE))


def _residual(expression: Expression, cloud: Cloud) -> tuple[FloatArray, FloatArray, float] | None:
    """First-order distances (n,), derivatives (n, c) by the constants at held slopes, the mean square."""
    found = sensitivity(expression, cloud.points)
    with np.errstate(all="ignore"):
        gradient = found.features * cloud.scale[list(found.read)] * cloud.diagonal
        size = np.linalg.norm(gradient, axis=1)
        mean = float(np.sqrt(np.mean(size**2)))
        size = np.sqrt(size**2 + (LEAST_SLOPE * mean) ** 2)
        residual, jacobian = found.value / size, found.constants / size[:, None]
    if not np.isfinite(residual).all() or mean == 0.0:
        return None
    return residual, jacobian, float(np.mean(residual**2))
