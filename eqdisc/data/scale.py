"""Working units for columns of extreme size, and the exact way back."""

import math
from dataclasses import dataclass, replace

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.expr.expression import Expression

COMFORTABLE = 10  # powers of two; a column whose root mean square is no further from 1 is left alone
#: Powers of two between columns that are treated alike: the sum of two masses of 1e24 and 1e22 stays a sum,
#: without constants.
ALIKE = 7


@dataclass(frozen=True)
class Scaling:
    """Powers of two that columns are multiplied by: exact in binary, and products of columns stay products.

    Columns are never shifted: that would turn a product into a sum of products.

    features : a factor for each feature; target : the factor of the target
    """

    features: tuple[float, ...]
    target: float

    @classmethod
    def of(cls, dataset: Dataset) -> "Scaling":
        """Factors that bring the root mean square of extreme columns to about 1, one for those of like size.

        >>> table = Dataset.of([[1.0], [2.0], [3.0], [4.0]], [1e-30, 2e-30, 3e-30, 4e-30])
        >>> Scaling.of(table).features
        (1.0,)
        >>> bool(0.7 < np.sqrt(np.mean(Scaling.of(table).apply(table).target ** 2)) < 1.5)
        True
        """
        exponents = [_exponent(column) for column in (*dataset.features.T, dataset.target)]
        factors = [_factor(exponent) for exponent in _shared(exponents)]
        return cls(tuple(factors[:-1]), factors[-1])

    @property
    def is_identity(self) -> bool:
        """Whether every column is left alone."""
        return self.target == 1.0 and all(factor == 1.0 for factor in self.features)

    def apply(self, dataset: Dataset) -> Dataset:
        """The table in working units."""
        if self.is_identity:
            return dataset
        factors = np.array(self.features)
        return replace(
            dataset,
            features=dataset.features * factors,
            target=dataset.target * self.target,
            feature_resolution=dataset.feature_resolution * factors[:, np.newaxis],
            target_resolution=dataset.target_resolution * self.target,
            sigma=None if dataset.sigma is None else dataset.sigma * self.target,
        )

    def restore(self, expression: Expression) -> Expression:
        """A law in working units as a law in the table's own units, with exactly the values it should have.

        Each leaf of a scaled feature becomes factor * feature and the root is divided by the target's factor;
        `simplify` merges these constants with their neighbours.
        """
        restored = expression
        # From the last leaf to the first, so that the positions still to come stay what they are.
        for position in reversed(range(expression.size)):
            leaf = expression.subtree(position)
            if leaf.size == 1 and leaf.features:
                factor = self.features[leaf.features[0]]
                if factor != 1.0:
                    restored = restored.replace_subtree(position, _times(factor, leaf))
        return restored if self.target == 1.0 else _times(1.0 / self.target, restored)


def _times(factor: float, expression: Expression) -> Expression:
    return Expression.apply("mul", Expression.constant(factor), expression)


def _exponent(column: FloatArray) -> int | None:
    """That of the root mean square as a power of two; None for a column of zeros."""
    largest = float(np.max(np.abs(column)))
    if largest == 0.0:
        return None
    # Divided by a power of two near the largest value first: the square of 1e200 overflows.
    exponent = math.frexp(largest)[1]
    size = math.sqrt(float(np.mean(np.square(np.ldexp(column, -exponent)))))
    return exponent + round(math.log2(size))


def _shared(exponents: list[int | None]) -> list[int | None]:
    """The exponents of columns to scale, those of like size replaced by one in their middle; None for those
    left alone: of comfortable size, or like one that is.

    >>> _shared([80, None, 6, 74, 12, -20])
    [77, None, None, 77, None, -20]
    """
    known = sorted((exponent, place) for place, exponent in enumerate(exponents) if exponent is not None)
    fine = [exponent for exponent, _ in known if abs(exponent) <= COMFORTABLE]
    left = [
        (exponent, place)
        for exponent, place in known
        if abs(exponent) > COMFORTABLE and all(abs(exponent - other) > ALIKE for other in fine)
    ]
    shared: list[int | None] = [None] * len(exponents)
    while left:
        alike = [(exponent, place) for exponent, place in left if exponent - left[0][0] <= ALIKE]
        for _, place in alike:
            shared[place] = (alike[0][0] + alike[-1][0]) // 2
        left = left[len(alike) :]
    return shared


def _factor(exponent: int | None) -> float:
    # Both the factor and its inverse are ordinary numbers for every column of ordinary numbers.
    return 1.0 if exponent is None else math.ldexp(1.0, max(-1022, min(1022, -exponent)))
