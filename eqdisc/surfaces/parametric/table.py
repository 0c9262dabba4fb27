"""Parameters and outputs as a fit sees them, and laws tried for one output."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.data.surfaces import JointDataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.scoring.description import describe
from eqdisc.scoring.rounding import is_exact

DEPENDENT = 1e-5  # of its spread: what a smooth function of one parameter may leave of another
DEGREE = 12
JUDGED_ROWS = 4000


@dataclass(frozen=True)
class Choice:
    """A law tried for one output: root mean square residual, description length, where it is from."""

    expression: Expression
    rms: float
    bits: float
    exact: bool
    origin: str


@dataclass(frozen=True, eq=False)
class Table:
    """Parameters and outputs, checked.

    data   : as given
    active : numbers of the parameters that vary and are no functions of others before them
    """

    data: JointDataset
    active: tuple[int, ...]
    warnings: tuple[str, ...] = ()
    constant: tuple[bool, ...] = field(default=())

    @classmethod
    def of(
        cls, parameters: ArrayLike, outputs: ArrayLike, names: Sequence[str], targets: Sequence[str]
    ) -> "Table":
        """DataError for what is no table: shapes, cells without a number, names; see `JointDataset.of`."""
        data = JointDataset.of(parameters, outputs, names, targets)
        active, warnings = _independent(data)
        constant = tuple(bool(np.all(column == column[0])) for column in data.targets.T)
        return cls(data, active, warnings, constant)

    @cached_property
    def datasets(self) -> tuple[Dataset | None, ...]:
        """The table of each output; None for one that is constant, which needs no law."""
        data = self.data
        return tuple(
            None
            if constant
            else Dataset.of(data.features, data.targets[:, j], data.feature_names, data.target_names[j])
            for j, constant in enumerate(self.constant)
        )

    @cached_property
    def spread(self) -> FloatArray:
        """(m,) standard deviations of the outputs."""
        found: FloatArray = np.std(self.data.targets, axis=0)
        return found

    @property
    def varying(self) -> tuple[int, ...]:
        """Numbers of the outputs that are not constant."""
        return tuple(j for j, constant in enumerate(self.constant) if not constant)

    def choice(self, output: int, expression: Expression, origin: str) -> Choice | None:
        """The law judged on all rows of an output; None where it is not finite on some row."""
        dataset = self.datasets[output]
        values = evaluate(expression, self.data.features)
        if not np.isfinite(values).all():
            return None
        rms = float(np.sqrt(np.mean((self.data.targets[:, output] - values) ** 2)))
        if dataset is None:
            return Choice(expression, rms, float(expression.size), rms == 0.0, origin)
        some = np.linspace(0, dataset.n_rows - 1, min(dataset.n_rows, JUDGED_ROWS)).astype(np.int64)
        bits = describe(expression, dataset.take(some), dataset.n_rows).bits
        return Choice(expression, rms, bits, is_exact(expression, dataset), origin)

    def constant_law(self, output: int) -> Choice:
        """The mean of an output."""
        mean = Expression.constant(float(np.mean(self.data.targets[:, output])))
        if self.constant[output]:
            mean = Expression.constant(float(self.data.targets[0, output]))
        found = self.choice(output, mean, "constant")
        assert found is not None  # a constant is finite
        return found


def _independent(data: JointDataset) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Parameters that vary and are no smooth functions of one before, and what is to be said of others.

    A sum of several others stays: a law may be shorter in it, but is not determined by these rows.
    """
    active: list[int] = []
    free: list[int] = []  # of these those that are no sums of others before
    warnings: list[str] = []
    for j, name in enumerate(data.feature_names):
        column = data.features[:, j]
        if np.ptp(column) == 0.0:
            warnings.append(f"the parameter {name!r} is {column[0]:.6g} in all rows and can explain nothing")
            continue
        other = next((i for i in active if _is_function(column, data.features[:, i])), None)
        if other is None:
            active.append(j)
            parts = _parts(column, data.features[:, free])
            if not parts:
                free.append(j)
                continue
            names = " and ".join(repr(data.feature_names[free[i]]) for i in parts)
            warnings.append(
                f"the parameters are not independent: {name!r} is a linear function of {names} on these "
                "rows, so laws cannot tell it from that function; sample them independently, or leave one out"
            )
        else:
            before = data.feature_names[other]
            warnings.append(
                f"the parameters are not independent: {name!r} is a function of {before!r} on these rows, so "
                "the points are a curve and laws cannot tell the two apart; sample them independently"
            )
    return tuple(active), tuple(warnings)


def _parts(column: FloatArray, others: FloatArray) -> list[int]:
    """Numbers of the others (n, k) that a column is a linear function of, to rounding; none where it is not.

    >>> u, v, w = np.random.default_rng(0).normal(size=(3, 50))
    >>> _parts(u + 2.0 * w, np.column_stack([u, v, w])), _parts(u * w, np.column_stack([u, v, w]))
    ([0, 2], [])
    """
    if len(column) < 3 * (others.shape[1] + 1):  # anything would be one of so many
        return []
    spread = np.std(others, axis=0)
    scaled = (others - others.mean(axis=0)) / spread
    wanted = (column - column.mean()) / np.std(column)
    shares = np.linalg.lstsq(scaled, wanted, rcond=None)[0]
    if float(np.std(wanted - scaled @ shares)) > DEPENDENT:
        return []
    return [i for i, share in enumerate(shares) if abs(share) > DEPENDENT]


def _is_function(column: FloatArray, other: FloatArray) -> bool:
    if np.unique(other).size < 2 * DEGREE or other.size < 3 * DEGREE:
        return abs(float(np.corrcoef(column, other)[0, 1])) > 1.0 - DEPENDENT**2
    scaled = 2.0 * (other - other.min()) / np.ptp(other) - 1.0
    powers = np.polynomial.legendre.legvander(scaled, DEGREE)
    left = column - powers @ np.linalg.lstsq(powers, column, rcond=None)[0]
    return float(np.std(left)) < DEPENDENT * float(np.std(column))
