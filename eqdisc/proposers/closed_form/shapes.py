"""One function of one input, stretched and shifted in both directions: a * u(k*x + p) + b."""

from collections.abc import Iterator

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import operator
from eqdisc.proposers.closed_form.builder import ONE
from eqdisc.proposers.closed_form.selection import solve
from eqdisc.proposers.closed_form.table import Table
from eqdisc.search.optimum import optimum

MAX_VARIABLES = 2
PERIODS = np.concatenate([[0.25], np.arange(0.5, 20.1, 0.5)])  # of a wave over the range of the input
RATES = np.array(
    [-16.0, -8.0, -4.0, -2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0]
)  # of exp and tanh, over the range
OFFSETS = np.array(
    [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]
)  # of a pole or branch point from the data, in ranges


def shapes(table: Table) -> Iterator[Expression]:
    """The best wave, exponential, logarithm ... of each input: stretch and shift from a grid, then fitted."""
    for variable in table.variables[:MAX_VARIABLES]:
        x = table.features[:, int(variable.payload[0])]
        for name, rates, shifts in _grid(x):
            if table.builder.has(name) or (name == "inv" and table.builder.has("div")):
                law = _best(table, variable, name, rates, shifts)
                if law is not None:
                    yield optimum(law, table.rows).expression


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
    table: Table, variable: Expression, name: str, rates: FloatArray, shifts: FloatArray
) -> Expression | None:
    """a * u(k*x + p) + b with the stretch and shift that explain most; the phase of a wave is free."""
    inner = np.outer(table.features[:, int(variable.payload[0])], rates) + shifts
    with np.errstate(all="ignore"):
        columns = np.stack([np.asarray(operator(name).evaluate(inner))], axis=-1)
    if name == "sin":
        columns = np.stack([columns[..., 0], np.cos(inner)], axis=-1)
    usable = [place for place in range(rates.size) if np.isfinite(columns[:, place]).all()]
    if not usable:
        return None
    fits = [solve(columns[:, place], table.target, tuple(range(columns.shape[2]))) for place in usable]
    best, fit = min(zip(usable, fits, strict=True), key=lambda pair: pair[1].share)
    slope, shift = float(fit.coefficients[0]), float(shifts[best])
    if name == "sin":
        slope, shift = float(np.hypot(*fit.coefficients)), float(np.arctan2(*fit.coefficients[::-1]))
    argument = _argument(table, variable, float(rates[best]), shift)
    shape = table.builder.inverse(argument) if name == "inv" else table.builder.apply(name, argument)
    if shape is None:
        return None
    return table.combination([slope], [shape], fit.intercept, float(np.std(table.target)))


def _argument(table: Table, variable: Expression, rate: float, shift: float) -> Expression | None:
    if shift == 0.0:
        return table.builder.scaled(rate, variable)
    if rate == -1.0:
        return table.builder.apply("sub", Expression.constant(shift), variable)
    return table.builder.combination([rate, shift], [variable, ONE])
