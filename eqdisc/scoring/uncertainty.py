"""Error bars of fitted constants and intervals of what a law predicts."""

from dataclasses import dataclass

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.expr.expression import Expression
from eqdisc.scoring.description import fixed_constants
from eqdisc.scoring.rounding import sensitivity


@dataclass(frozen=True, eq=False)
class ErrorBars:
    """How well the table determines the constants of a law.

    free               : (c,) which constants were fitted; the others are short numbers and taken as exact
    covariance         : (c, c) of the constants in postfix order; rows and columns of exact ones are zero,
                         infinite on the diagonal for a constant that the table does not determine
    scatter            : standard deviation of a residual of weight one, in units of the target
    degrees_of_freedom : rows of positive weight minus fitted constants
    """

    free: BoolArray
    covariance: FloatArray
    scatter: float
    degrees_of_freedom: int

    @property
    def standard_errors(self) -> FloatArray:
        """(c,) standard errors; 0.0 for exact constants."""
        return np.sqrt(np.diag(self.covariance))


def error_bars(expression: Expression, dataset: Dataset) -> ErrorBars:
    """Error bars of the constants of a law at its optimum on a table."""
    free = ~fixed_constants(expression)
    found = sensitivity(expression, dataset.features)
    jacobian = found.constants[:, free]
    dof = dataset.n_rows - int(free.sum())
    scatter = float(np.sqrt(np.sum((dataset.target - found.value) ** 2) / max(dof, 1)))
    covariance = np.zeros((free.size, free.size))
    covariance[np.ix_(free, free)] = scatter**2 * np.linalg.pinv(jacobian.T @ jacobian)
    return ErrorBars(free, covariance, scatter, dof)
