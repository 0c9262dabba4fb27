"""Error bars of fitted constants and intervals of what a law predicts.

To first order in the constants (the delta method): Seber and Wild (1989), Nonlinear Regression, chapters 2
and 5. The Jacobian is factored and never squared, block by block of rows, so that a million need no more
memory than a few thousand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite, sqrt
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit

from eqdisc._typing import BoolArray, FloatArray, IntArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.sensitivity import UNIT_ROUNDOFF, sensitivity
from eqdisc.errors import DataError, OptionError
from eqdisc.expr.expression import Expression
from eqdisc.scoring.description import fixed_constants
from eqdisc.scoring.rounding import BLOCK_ROWS, row_floors_of, sweeps
from eqdisc.scoring.triangle import triangle

RANK_TOLERANCE = 1e-13  # of the largest singular value of the Jacobian with columns of unit length
NO_PART = 1e-8  # of a direction of unit length: what rounding leaves of a constant that is not in it
NO_EFFECT = 1e-6  # of what the constants of a direction do one by one: they cancel


@dataclass(frozen=True, eq=False)
class ErrorBars:
    """How well a table determines the constants of a law, these in postfix order.

    free               : (c,) which constants were fitted; the others are exact
    factor             : (c, r) the covariance is its product with its own transpose
    undetermined       : (c, m) directions in which the constants may move unseen by the table
    scatter            : standard deviation of a measurement of average weight, in units of the target
    degrees_of_freedom : rows of positive weight minus constants fitted
    known              : whether the scatter was known beforehand (from sigma or from the digits of the table)
                         instead of estimated from the residuals
    reduced_chi_square : mean square of the residuals in units of sigma; near 1 where law and sigma are right.
                         None where the table has no sigma or no degrees of freedom

    >>> from eqdisc.expr.parse import parse
    >>> x = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    >>> table = Dataset.of(x[:, None], [2.1, 3.9, 6.2, 8.1, 9.8], names=["x"])
    >>> bars = error_bars(parse("1.9927272727*x", ["x"]), table)
    >>> bars.standard_errors.round(4), bars.degrees_of_freedom
    (array([0.0225]), 4)
    """

    free: BoolArray
    factor: FloatArray
    scatter: float
    degrees_of_freedom: int
    undetermined: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    known: bool = False
    reduced_chi_square: float | None = None

    def __post_init__(self) -> None:
        if self.undetermined.size == 0:
            object.__setattr__(self, "undetermined", np.zeros((self.free.size, 0)))

    @property
    def covariance(self) -> FloatArray:
        """(c, c) covariance; zero for exact constants, infinite on the diagonal where undetermined."""
        covariance: FloatArray = self.factor @ self.factor.T
        loose = np.any(self.undetermined != 0.0, axis=1)
        covariance[loose, loose] = inf
        return covariance

    @property
    def standard_errors(self) -> FloatArray:
        """(c,) standard errors; 0.0 for exact constants, infinite for those the table does not determine."""
        errors: FloatArray = np.sqrt(np.sum(self.factor**2, axis=1))
        errors[np.any(self.undetermined != 0.0, axis=1)] = inf
        return errors

    @property
    def correlation(self) -> FloatArray:
        """(c, c) correlation of the constants; NaN for those exact or undetermined."""
        errors = self.standard_errors
        with np.errstate(all="ignore"):
            unit = np.where(np.isfinite(errors) & (errors > 0.0), 1.0 / errors, np.nan)[:, None] * self.factor
        correlation: FloatArray = np.clip(unit @ unit.T, -1.0, 1.0)
        return correlation

    def interval(self, level: float = 0.95) -> FloatArray:
        """(c,) half-widths of the intervals that hold the true constants with a probability of `level`.

        By Student's t for the degrees of freedom; by the normal distribution where the scatter is known.
        OptionError unless 0 < level < 1.
        """
        return self.quantile(level) * self.standard_errors

    def quantile(self, level: float) -> float:
        """Standard errors that an interval of this probability reaches to either side."""
        if not 0.0 < level < 1.0:
            raise OptionError(f"the level is {level!r}; wanted a probability between 0 and 1, such as 0.95")
        if self.known or self.degrees_of_freedom < 1:
            return float(ndtri(0.5 + 0.5 * level))
        return float(stdtrit(self.degrees_of_freedom, 0.5 + 0.5 * level))

    def record(self) -> dict[str, Any]:
        """As plain data, ready for JSON; what is infinite becomes None.

        Standard errors and covariance are there for the reader; `of_record` works them out again.
        """
        return {
            "free": [bool(flag) for flag in self.free],
            "standard_errors": _plain(self.standard_errors),
            "covariance": [_plain(row) for row in self.covariance],
            "factor": [_plain(row) for row in self.factor],
            "undetermined": [_plain(row) for row in self.undetermined],
            "scatter": self.scatter if isfinite(self.scatter) else None,
            "degrees_of_freedom": self.degrees_of_freedom,
            "known": self.known,
            "reduced_chi_square": self.reduced_chi_square,
        }

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self:
        """From what `record` gave, to the last bit."""
        free = np.array(record["free"], dtype=np.bool_)
        scatter = record["scatter"]
        return cls(
            free=free,
            factor=_matrix(record["factor"], free.size),
            scatter=inf if scatter is None else float(scatter),
            degrees_of_freedom=int(record["degrees_of_freedom"]),
            undetermined=_matrix(record["undetermined"], free.size),
            known=bool(record["known"]),
            reduced_chi_square=record["reduced_chi_square"],
        )


def error_bars(
    expression: Expression,
    dataset: Dataset,
    free: ArrayLike | None = None,
    tied: Sequence[int] | None = None,
) -> ErrorBars:
    """Error bars of the constants of a law at its optimum on a table: the rows that they were fitted to.

    free : (c,) which constants were fitted; by default all but short numbers (2, 1/3, pi), which are exact
    tied : (c,) constants with the same number here are one parameter, as a letter that a form uses twice

    Where the table has sigma its values are taken at their word. Otherwise the scatter is that of the
    residuals, rows of larger weight scattering less; only ratios of weights matter. Neither is believed below
    what the digits of the table support, so that an exact law has the error bars of rounding. Without degrees
    of freedom, and without sigma, nothing is determined. Rows where the law or its slope is not finite say
    nothing. ValueError for a `free` or `tied` of another length.

    >>> from eqdisc.expr.parse import parse
    >>> x = np.linspace(1, 2, 50)[:, None]
    >>> table = Dataset.of(x, np.round(0.7512345 * x[:, 0], 3), names=["x"])
    >>> bool(1e-5 < error_bars(parse("0.7512345*x", ["x"]), table).standard_errors[0] < 1e-4)
    True
    """
    moving = ~fixed_constants(expression) if free is None else np.asarray(free, dtype=np.bool_)
    parameters = _parameters(expression, moving, tied)
    sums = _reduced(expression, dataset, moving, parameters)
    count = parameters.shape[1]
    dof = sums.n_rows - count
    deviation, known, chi_square = _deviation(dataset, sums, dof)
    scatter = deviation / sqrt(sums.weight / sums.n_rows) if sums.n_rows else inf
    if not isfinite(scatter):
        nothing = np.zeros((moving.size, 0))
        return ErrorBars(moving, nothing, inf, dof, parameters, known, chi_square)
    spread, loose = _inverse(sums.factor[:, :count])
    # However many rows there are, a constant is held to the digits of a float64.
    held = UNIT_ROUNDOFF * np.diag(np.abs(expression.constants))[:, moving]
    factor = np.hstack([deviation * (parameters @ spread), held])
    return ErrorBars(moving, factor, scatter, dof, parameters @ loose, known, chi_square)


def confidence_band(
    expression: Expression, bars: ErrorBars, features: ArrayLike, level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Low and high (n,) between which the law itself lies, row by row, with a probability of `level`.

    features : (n, k) in the order of the table
    NaN where the law has no finite value, infinite where the table says nothing about it. OptionError unless
    0 < level < 1.
    """
    value, variance = _propagated(expression, bars, features)
    return _around(value, bars.quantile(level) * np.sqrt(variance))


def prediction_interval(
    expression: Expression,
    bars: ErrorBars,
    features: ArrayLike,
    level: float = 0.95,
    sigma: ArrayLike | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Low and high (n,) between which a new measurement falls, row by row, with a probability of `level`.

    features : (n, k) in the order of the table
    sigma    : standard deviation of the new measurements, one or (n,); by default the scatter of the table
    NaN where the law has no finite value, infinite where the table says nothing about it. OptionError unless
    0 < level < 1; DataError for a sigma that is negative or of another length.

    >>> from eqdisc.expr.parse import parse
    >>> x = np.arange(1.0, 6.0)
    >>> law = parse("1.9927272727*x", ["x"])
    >>> table = Dataset.of(x[:, None], [2.1, 3.9, 6.2, 8.1, 9.8], names=["x"])
    >>> low, high = prediction_interval(law, error_bars(law, table), [[6.0]])
    >>> low.round(1), high.round(1)
    (array([11.4]), array([12.6]))
    """
    value, variance = _propagated(expression, bars, features)
    spread = np.asarray(bars.scatter if sigma is None else sigma, dtype=np.float64)
    if spread.shape not in ((), value.shape) or not np.all(spread >= 0.0):
        raise DataError(
            f"sigma is an array of shape {spread.shape}; wanted one number, or one for each of the "
            f"{value.size} rows, none below zero"
        )
    return _around(value, bars.quantile(level) * np.sqrt(variance + spread**2))


@dataclass(frozen=True)
class _Reduced:
    """What is left of a table that has been swept over.

    factor         : triangular factor of [Jacobian, residual], both times the root of the weight
    n_rows, weight : rows that say something, and the sum of their weights
    floor          : standard deviation that rounding alone gives to a row of weight one
    """

    factor: FloatArray
    n_rows: int
    weight: float
    floor: float


def _parameters(expression: Expression, free: BoolArray, tied: Sequence[int] | None) -> FloatArray:
    """(c, p) 1.0 where a constant is the parameter."""
    labels: IntArray = np.arange(free.size) if tied is None else np.asarray(tied, dtype=np.int64)
    count = len(expression.constants)
    if free.shape != (count,) or labels.shape != (count,):
        raise ValueError(
            f"the law has {count} constants; got `free` of shape {free.shape} and `tied` of {labels.shape}"
        )
    wanted = np.unique(labels[free])
    return np.where(free[:, None], labels[:, None] == wanted, False).astype(np.float64)


def _reduced(expression: Expression, dataset: Dataset, free: BoolArray, parameters: FloatArray) -> _Reduced:
    weights, spread = _row_weights(dataset), float(np.std(dataset.target))
    factor = np.zeros((0, parameters.shape[1] + 1))
    n_rows, total, rounded, rounding = 0, 0.0, 0, 0.0
    for rows, found in sweeps(expression, dataset):
        with np.errstate(all="ignore"):
            slopes = found.constants[:, free] @ parameters[free]
            block = np.column_stack([slopes, dataset.target[rows] - found.value])
        telling = np.isfinite(block).all(axis=1) & (weights[rows] > 0.0)
        here = weights[rows][telling]
        factor = triangle(factor, np.sqrt(here)[:, None] * block[telling])
        n_rows += here.size
        total += float(here.sum())
        floors = here * row_floors_of(found, dataset, rows, spread)[telling] ** 2
        known = np.isfinite(floors)
        rounded += int(known.sum())
        rounding += float(floors[known].sum())
    return _Reduced(factor, n_rows, total, sqrt(rounding / rounded) if rounded else 0.0)


def _row_weights(dataset: Dataset) -> FloatArray:
    """(n,) weights of the squared residuals; those of sigma are relative to its smallest."""
    if dataset.sigma is not None:
        counted = 1.0 if dataset.weights is None else dataset.weights > 0.0
        return np.square(np.min(dataset.sigma) / dataset.sigma) * counted
    return np.ones(dataset.n_rows) if dataset.weights is None else dataset.weights


def _deviation(dataset: Dataset, sums: _Reduced, dof: int) -> tuple[float, bool, float | None]:
    """Standard deviation of a row of weight one, whether it was known, and the reduced chi-square."""
    estimated = float(np.linalg.norm(sums.factor[:, -1])) / sqrt(dof) if dof > 0 else inf
    if dataset.sigma is None:
        return max(estimated, sums.floor), sums.floor >= estimated, None
    sigma = float(np.min(dataset.sigma))
    return max(sigma, sums.floor), True, (estimated / sigma) ** 2 if dof > 0 else None


def _inverse(upper: FloatArray) -> tuple[FloatArray, FloatArray]:
    """F with F F' the inverse of R'R as far as there is one, and the directions where there is none."""
    count = upper.shape[1]
    if count == 0:
        return np.zeros((0, 0)), np.zeros((0, 0))
    largest = np.max(np.abs(upper), axis=0, initial=0.0)
    largest[largest == 0.0] = 1.0
    norms = largest * np.sqrt(np.sum((upper / largest) ** 2, axis=0))
    norms[norms == 0.0] = 1.0
    _, found, right = np.linalg.svd(upper / norms)
    singular = np.zeros(count)
    singular[: found.size] = found
    known = singular > RANK_TOLERANCE * singular[0]
    loose = np.where(np.abs(right[~known].T) < NO_PART, 0.0, right[~known].T)
    return right[known].T / singular[known] / norms[:, None], loose / norms[:, None]


def _propagated(
    expression: Expression, bars: ErrorBars, features: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """(n,) values of the law, and (n,) variances that they inherit from its constants."""
    table = np.asarray(features, dtype=np.float64)
    value, variance = np.empty(table.shape[0]), np.empty(table.shape[0])
    for start in range(0, table.shape[0], BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        found = sensitivity(expression, table[rows])
        slopes = np.where(bars.free, found.constants, 0.0)
        with np.errstate(all="ignore"):
            spread = np.sum((slopes @ bars.factor) ** 2, axis=1)
            drift = np.abs(slopes @ bars.undetermined)
            share = np.abs(slopes) @ np.abs(bars.undetermined)
        vague = np.any(drift > NO_EFFECT * share, axis=1) | ~np.isfinite(slopes).all(axis=1)
        value[rows] = found.value
        variance[rows] = np.where(vague | np.isnan(spread), inf, spread)
    return value, variance


def _around(value: FloatArray, width: FloatArray) -> tuple[FloatArray, FloatArray]:
    middle = np.where(np.isfinite(value), value, np.nan)
    return middle - width, middle + width


def _plain(values: FloatArray) -> list[float | None]:
    return [float(value) if isfinite(value) else None for value in values]


def _matrix(rows: Sequence[Sequence[float | None]], n_rows: int) -> FloatArray:
    values = [[inf if value is None else value for value in row] for row in rows]
    return np.array(values, dtype=np.float64).reshape(n_rows, -1) if n_rows else np.zeros((0, 0))
