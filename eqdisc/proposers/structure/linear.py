"""A function of the target that is linear in one input: `u(y) = a(rest) + b(rest) * x`.

Polynomial dependence of the lowest degree on one input, as in 1/y = (1 + v cos(t)) / sqrt(1 - v**2), linear
in the cosine. The statistic is the error of left-out rows of a polynomial of first degree in that
input, against one of any degree: where the law is linear, fewer terms reach higher degrees in the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.data.resolution import DOUBLE
from eqdisc.expr.expression import Expression
from eqdisc.expr.units import UnitRules
from eqdisc.problem import Problem
from eqdisc.proposers.structure.hypothesis import FLOOR, MOST_LOST, Hypothesis
from eqdisc.proposers.structure.separating import OUTER, Outer
from eqdisc.search.reduction import substituted, written
from eqdisc.search.surrogate import Surrogate, lay, scaled
from eqdisc.search.view import View

KIND = "linear"
CLEAR = 1e-5  # share missed above which slope and intercept are known too badly to be laws of their own
BEYOND_ERROR = 8.0  # times its error; a part that varies less is a number
MOST_OUTER = 4


@dataclass(frozen=True, eq=False)
class Linear:
    """A target that is `undo` of intercept + slope * input, both functions of the other inputs.

    input            : its number
    intercept, slope : (n,) estimates on the rows
    rows             : the table these belong to
    errors           : standard deviations of the two estimates
    undo             : the target, in terms of the k inputs and the sum as variable k
    """

    input: int
    intercept: FloatArray
    slope: FloatArray
    rows: Dataset
    errors: tuple[float, float]
    undo: Expression

    def problems(self, problem: Problem) -> tuple[Problem, ...]:
        """One for the intercept and one for the slope, without those that are numbers."""
        others = [j for j in range(self.rows.n_features) if j != self.input]
        table = self.rows.select([self.rows.feature_names[j] for j in others])
        units = problem.units
        if units is not None:
            units = UnitRules(tuple(units.features[j] for j in others), None, units.constants)
        made: list[Problem] = []
        for values, error in self._parts():
            if not np.isfinite(values).all():
                return ()
            if self._number(values, error) is not None:
                continue
            part = replace(
                table,
                target=values,
                # As for the parts of a sum: an error spread evenly has this half-unit.
                target_resolution=np.full(values.size, sqrt(3.0) * error) + np.abs(values) * DOUBLE,
                sigma=None,
                target_unit=None,
            )
            made.append(Problem(part, part, None, problem.operators, problem.max_size, units=units))
        return tuple(made)

    def combine(self, problem: Problem, laws: Sequence[Expression]) -> Expression | None:
        """The line, undone."""
        k = self.rows.n_features
        others = [Expression.variable(j) for j in range(k) if j != self.input]
        found = iter(substituted(law, others) for law in laws)
        numbers = [self._number(values, error) for values, error in self._parts()]
        intercept, slope = (next(found) if n is None else Expression.constant(n) for n in numbers)
        line = slope * Expression.variable(self.input)
        line = line if numbers[0] == 0.0 else intercept + line
        return written(substituted(self.undo, [*(Expression.variable(j) for j in range(k)), line]), problem)

    def _number(self, values: FloatArray, error: float) -> float | None:
        """The number that a part is, as far as its error tells; None for one that varies."""
        largest = float(np.max(np.abs(values), initial=0.0))
        if largest <= BEYOND_ERROR * error:
            return 0.0
        return float(np.mean(values)) if np.ptp(values) <= BEYOND_ERROR * error else None

    def _parts(self) -> tuple[tuple[FloatArray, float], tuple[FloatArray, float]]:
        return (self.intercept, self.errors[0]), (self.slope, self.errors[1])


def linear_inputs(view: View, rows: Dataset) -> list[Hypothesis]:
    """Inputs that a function of the target is linear in, those that predict left-out rows best first.

    rows : the rows of the view
    """
    k = view.features.shape[1]
    if k < 2:
        return []
    found: list[Hypothesis] = []
    for outer in OUTER[:MOST_OUTER]:
        with np.errstate(all="ignore"):
            aim = outer.apply(view.target)
            size = float(np.std(aim))
        if not np.isfinite(aim).all() or not np.isfinite(size) or size == 0.0:
            continue
        for j in range(k):
            coordinates = view.coordinates.copy()
            coordinates[:, j] = scaled(view.features[:, [j]])[:, 0]
            whole = lay(coordinates, aim / size)
            if whole.share > CLEAR:
                continue
            line = lay(coordinates, aim / size, linear=j)
            if line.share <= MOST_LOST * whole.share + FLOOR**2:
                found.append(_hypothesis(view, rows, outer, j, line, size, coordinates))
    return sorted(found, key=lambda h: h.share)


def _hypothesis(
    view: View, rows: Dataset, outer: Outer, j: int, laid: Surrogate, size: float, coordinates: FloatArray
) -> Hypothesis:
    column = view.features[:, j]
    low, high = float(np.min(column)), float(np.max(column))
    half, middle = 0.5 * (high - low), 0.5 * (high + low)
    level, rise = (size * part for part in laid.line(coordinates, j))
    slope = rise / half
    error = size * sqrt(laid.share) + 1e-15 * size
    errors = (error * (1.0 + abs(middle) / half), error / half)
    reduction = Linear(
        j, level - slope * middle, slope, rows, errors, outer.undo(Expression.variable(rows.n_features))
    )
    return Hypothesis(reduction, f"{KIND}, {outer.name}", laid.share, laid.share)
