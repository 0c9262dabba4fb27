"""One function of one input, stretched and shifted in both directions: a * u(k*x + p) + b, as it is or after
a simple transform of the target."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import operator
from eqdisc.proposers.closed_form.builder import ONE
from eqdisc.proposers.closed_form.sums import PLAIN, TRANSFORMS, Transform
from eqdisc.proposers.closed_form.table import Table
from eqdisc.search.optimum import Optimum, optimum
from eqdisc.search.sample import sample

MAX_VARIABLES = 2
MOST_TRANSFORMS = 6
PERIODS = np.concatenate([[0.25], np.arange(0.5, 20.1, 0.5)])  # of a wave over the range of the input
#: From exponentials that are lines but for the last digits to those over a hundred decades.
_OCTAVES = 2.0 ** np.concatenate([np.arange(-12.0, -2.0), np.arange(-2.0, 8.1, 0.5)])
RATES = np.concatenate([-_OCTAVES[::-1], _OCTAVES])  # of exp and tanh, over the range
OFFSETS = np.array(
    [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]
)  # of a pole or branch point from the data, in ranges


REFINED, FINER = 2, 6  # how often the grid is made finer around its best point, and how much
WIDE = 1e3  # times the smallest value of a target: relative errors count as well
STEP = 1e-6  # relative, of derivatives
POWERS = (0, 1, -1, 2, -2, 3, -3)  # of the only input, that its target may be divided by beforehand
CLOSE = 0.3  # share of the variance that a shape of the grid may leave to be fitted
FITTED, FITTED_ROWS = 2, 100  # of the shapes after each transform, the closest; on so many rows
MOST_PROPOSED = 8


def shapes(table: Table) -> Iterator[Expression]:
    """The best wave, exponential, logarithm ... of each input: stretch and shift from a grid, then fitted."""
    weighings = [np.ones(table.target.size)]
    size = np.abs(table.target)
    if np.min(size) > 0.0 and np.max(size) > WIDE * np.min(size):  # else exp(x) - 1 is exp(x)
        weighings.append((np.min(size) / size) ** 2)
    for weights in weighings:
        rows = replace(table.rows, weights=weights)
        for variable in table.variables[:MAX_VARIABLES]:
            for shape in _shapes(table, variable, table.target, weights):
                yield optimum(shape, rows).expression


def transformed_shapes(table: Table) -> Iterator[Expression]:
    """The same for the inverse, the logarithm, the square ... of the target, which may be divided by a power
    of the input: x**3/(exp(k*x) - 1). Of tables of one or two inputs, as reductions leave them."""
    if table.features.shape[1] > MAX_VARIABLES:
        return
    spread = float(np.var(table.target))
    rows = sample(table.rows, FITTED_ROWS)
    fitted: list[Optimum] = []
    for transform, power in product((PLAIN, *TRANSFORMS[:MOST_TRANSFORMS]), POWERS):
        # The closest of each kind: before it is fitted the law may be behind others.
        found: dict[Expression, float] = {}
        for variable in table.variables:
            for law in _transformed(table, variable, power, transform):
                with np.errstate(all="ignore"):
                    left = float(np.var(table.target - evaluate(law, table.features)))
                if left < CLOSE * spread:
                    found[law] = left
        closest = sorted(found, key=lambda law: (found[law], law.size))[:FITTED]
        fitted += [optimum(law, rows) for law in closest]
    fitted.sort(key=lambda fit: (fit.mean_square, fit.expression.size))
    yield from (fit.expression for fit in fitted[:MOST_PROPOSED])


def _transformed(
    table: Table, variable: Expression, power: int, transform: Transform
) -> Iterator[Expression]:
    """x**power * undo(shape of x), not fitted yet."""
    factor = table.builder.power(variable, Fraction(power))
    with np.errstate(all="ignore"):
        divisor = table.features[:, int(variable.payload[0])] ** float(power)
        aim = transform.apply(table.target / divisor)
        # What errors of the aim mean for the target: else the largest of 1/y = exp(x) - 1 would decide alone.
        moved = transform.apply(table.target * (1.0 + STEP) / divisor)
        weights = (STEP * table.target / (moved - aim)) ** 2
        weights = weights / np.max(weights)
    if factor is None or not np.isfinite([*aim, *weights]).all() or np.ptp(aim) == 0.0:
        return
    for shape in _shapes(table, variable, aim, weights):
        inner = transform.undo(table.builder, shape)
        whole = inner if power == 0 else table.builder.apply("mul", factor, inner)
        if whole is not None:
            yield whole


def _shapes(table: Table, variable: Expression, aim: FloatArray, weights: FloatArray) -> Iterator[Expression]:
    x = table.features[:, int(variable.payload[0])]
    for name, rates, shifts in _grid(x):
        if table.builder.has(name) or (name == "inv" and table.builder.has("div")):
            shape = _best(table, variable, aim, weights, name, rates, shifts)
            if shape is not None:
                yield shape


def _grid(x: FloatArray) -> Iterator[tuple[str, FloatArray, FloatArray]]:
    """Functions with the stretches k and shifts p to try, paired."""
    low, span = float(np.min(x)), float(np.ptp(x))
    if span == 0.0:
        return
    waves = 2.0 * np.pi * PERIODS / span
    yield "sin", waves, np.zeros(waves.size)
    yield "exp", RATES / span, np.zeros(RATES.size)
    centres = np.array([0.0, *np.quantile(x, (0.25, 0.5, 0.75))])
    slopes = np.abs(RATES[RATES > 0.0]) / span
    yield "tanh", np.repeat(slopes, centres.size), -np.outer(slopes, centres).ravel()
    starts = np.array([0.0, *(OFFSETS * span - low)])
    ends = OFFSETS * span + low + span
    for name in ("log", "sqrt", "inv"):
        yield name, np.ones(starts.size), starts
        yield name, -np.ones(ends.size), ends


def _best(
    table: Table,
    variable: Expression,
    aim: FloatArray,
    weights: FloatArray,
    name: str,
    rates: FloatArray,
    shifts: FloatArray,
) -> Expression | None:
    """a * u(k*x + p) + b with the stretch and shift that explain most; the phase of a wave is free."""
    x = table.features[:, int(variable.payload[0])]
    for _ in range(REFINED):
        columns, slopes, shares = _tried(x, aim, weights, name, rates, shifts)
        if not np.isfinite(shares).any():
            return None
        best = int(np.nanargmin(shares))
        rates, shifts = _between(rates, best), _between(shifts, best)
    columns, slopes, shares = _tried(x, aim, weights, name, rates, shifts)
    if not np.isfinite(shares).any():
        return None
    best = int(np.nanargmin(shares))
    slope, shift = float(slopes[0][best]), float(shifts[best])
    explained = sum(column[:, best] * slope[best] for column, slope in zip(columns, slopes, strict=True))
    intercept = float(np.average(aim - explained, weights=weights))
    if name == "sin":
        first, second = float(slopes[0][best]), float(slopes[1][best])
        slope, shift = float(np.hypot(first, second)), float(np.arctan2(second, first))
    if not np.isfinite([slope, shift, intercept]).all():
        return None
    argument = _argument(table, variable, float(rates[best]), shift)
    shape = table.builder.inverse(argument) if name == "inv" else table.builder.apply(name, argument)
    if shape is None:
        return None
    spread = float(np.sqrt(np.average((aim - np.average(aim, weights=weights)) ** 2, weights=weights)))
    return table.combination([slope], [shape], intercept, spread)


def _tried(
    x: FloatArray, aim: FloatArray, weights: FloatArray, name: str, rates: FloatArray, shifts: FloatArray
) -> tuple[list[FloatArray], list[FloatArray], FloatArray]:
    """The columns of each point of the grid, their slopes and the shares of variance left."""
    inner = np.outer(x, rates) + shifts
    with np.errstate(all="ignore"):
        columns = [np.asarray(operator(name).evaluate(inner))]
        if name == "sin":
            columns.append(np.cos(inner))
        # Of size 1: exp(k*x) is as small as 1e-300 on some grid points, and its square nothing.
        sizes = [np.max(np.abs(column), axis=0) for column in columns]
        slopes, shares = _regressed([c / size for c, size in zip(columns, sizes, strict=True)], aim, weights)
        slopes = [slope / size for slope, size in zip(slopes, sizes, strict=True)]
        shares = np.where(np.all(np.isfinite(slopes), axis=0), shares, np.nan)
    return columns, slopes, shares


def _between(grid: FloatArray, best: int) -> FloatArray:
    """A finer grid from the point before the best to the one after it; it holds the best."""
    before, after = max(best - 1, 0), min(best + 1, grid.size - 1)
    steps = np.linspace(0.0, 1.0, FINER)
    return np.concatenate(
        [
            grid[before] + steps[:-1] * (grid[best] - grid[before]),
            grid[best] + steps * (grid[after] - grid[best]),
        ]
    )


def _regressed(
    columns: Sequence[FloatArray], aim: FloatArray, weights: FloatArray
) -> tuple[list[FloatArray], FloatArray]:
    """Slopes and shares left of the weighted regressions of an aim on one column, or two, and a constant, at
    each of m grid points.

    columns : one or two of shape (n, m); NaN where a value is not finite
    """
    root = np.sqrt(weights)
    y = root * (aim - np.average(aim, weights=weights))
    total = float(y @ y)
    # As np.average does, which takes as long as all the rest here.
    whole = np.sum(weights)
    means = [np.sum(column * weights[:, None], axis=0) / whole for column in columns]
    centred = [root[:, None] * (column - mean) for column, mean in zip(columns, means, strict=True)]
    xy = [y @ column for column in centred]
    if len(centred) == 1:
        slope = xy[0] / np.sum(centred[0] ** 2, axis=0)
        return [slope], np.maximum(1.0 - slope * xy[0] / total, 0.0)
    first, second = centred
    aa, bb, ab = np.sum(first**2, axis=0), np.sum(second**2, axis=0), np.sum(first * second, axis=0)
    determinant = aa * bb - ab**2
    slopes = [(bb * xy[0] - ab * xy[1]) / determinant, (aa * xy[1] - ab * xy[0]) / determinant]
    return slopes, np.maximum(1.0 - (slopes[0] * xy[0] + slopes[1] * xy[1]) / total, 0.0)


def _argument(table: Table, variable: Expression, rate: float, shift: float) -> Expression | None:
    if shift == 0.0:
        return table.builder.scaled(rate, variable)
    if rate == -1.0:
        return table.builder.apply("sub", Expression.constant(shift), variable)
    return table.builder.combination([rate, shift], [variable, ONE])
