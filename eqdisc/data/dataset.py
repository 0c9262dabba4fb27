"""Numbers with names: what every room above works on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from eqdisc._typing import FloatArray, IntArray
from eqdisc.data.resolution import DOUBLE, computed_precision, is_evenly_spaced, resolution
from eqdisc.errors import DataError

MIN_ROWS = 4  # below, any law of two constants fits and nothing is left to judge it by


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table: features to explain a target by. Made by `Dataset.of`, which checks it.

    features           : (n, k) float64, C-contiguous, finite
    target             : (n,) float64, finite, not constant
    feature_names      : k distinct names; any text
    target_name        : another name
    weights            : (n,) not negative, only their ratios matter; None for equal weights
    feature_resolution : (k, n) half-unit of the last digit given of each feature, in its units
    target_resolution  : (n,) the same of the target
    """

    features: FloatArray
    target: FloatArray
    feature_names: tuple[str, ...]
    target_name: str
    weights: FloatArray | None
    feature_resolution: FloatArray
    target_resolution: FloatArray

    @classmethod
    def of(
        cls,
        features: ArrayLike,
        target: ArrayLike,
        names: Sequence[str] | None = None,
        target_name: str = "y",
        weights: ArrayLike | None = None,
    ) -> "Dataset":
        """Check arrays and guess how finely their numbers are given (`eqdisc.data.resolution`).

        features : (n, k), n at least 4, k at least 1; target : (n,); weights : (n,) or None
        names    : k names; `x0`, `x1`, ... where None
        DataError for another shape, a NaN or an infinity (row and column named), fewer than 4 rows, a
        constant target, names that are not distinct, negative weights.

        A feature that is evenly spaced is taken as set exactly, and so is every feature beside a float64
        target: such a target was computed from the very numbers given. Beside a float32 target features are
        taken to be given to float32 precision or better.

        >>> table = Dataset.of([[1.0], [2.0], [3.0], [4.0]], [1.1, 3.9, 9.2, 15.8], names=["side"])
        >>> table.n_rows, table.n_features, table.feature_names, table.target_name
        (4, 1, ('side',), 'y')
        """
        matrix, values = _floats("the features", features), _floats("the target", target)
        if matrix.ndim != 2 or matrix.shape[1] == 0:
            raise DataError(
                f"the features are an array of shape {matrix.shape}; wanted (rows, features) with at least "
                "one feature: a single feature is given as x.reshape(-1, 1)"
            )
        if values.shape != (matrix.shape[0],):
            raise DataError(
                f"the target is an array of shape {values.shape}; wanted one value for each of the "
                f"{matrix.shape[0]} rows of the features, shape ({matrix.shape[0]},)"
            )
        feature_names = _checked_names(names, matrix.shape[1], target_name)
        if values.size < MIN_ROWS:
            raise DataError(f"a law needs at least {MIN_ROWS} rows of data, got n_samples={values.size}")
        for name, column in [*zip(feature_names, matrix.T, strict=True), (target_name, values)]:
            _check_finite(name, column)
        if np.all(values == values[0]):
            raise DataError(
                f"the target {target_name!r} is {values[0]:.17g} in all {values.size} rows: it is constant, "
                "there is nothing to explain; choose another target"
            )
        target_resolution = resolution(values)
        return cls(
            matrix,
            values,
            feature_names,
            target_name,
            None if weights is None else _checked_weights(weights, values.size),
            _feature_resolution(matrix, computed_precision(values, target_resolution)),
            target_resolution,
        )

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.target.size

    @property
    def n_features(self) -> int:
        """Number of features."""
        return int(self.features.shape[1])

    def take(self, rows: IntArray) -> "Dataset":
        """The given rows, in the given order; what was learned of the whole table (resolution) is kept.

        >>> table = Dataset.of([[1.0], [2.0], [3.0], [4.0]], [1.1, 3.9, 9.2, 15.8])
        >>> table.take(np.array([3, 0])).target
        array([15.8,  1.1])
        """
        return Dataset(
            np.ascontiguousarray(self.features[rows]),
            self.target[rows],
            self.feature_names,
            self.target_name,
            None if self.weights is None else self.weights[rows],
            self.feature_resolution[:, rows],
            self.target_resolution[rows],
        )


def _floats(what: str, values: ArrayLike) -> FloatArray:
    try:
        array = np.asarray(values)
        if array.dtype.kind == "c":
            raise DataError(
                f"{what} are complex numbers; wanted real ones: give real and imaginary part as columns"
            )
        return np.ascontiguousarray(array, dtype=np.float64)
    except (TypeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{what} cannot be read as an array of numbers: {error}") from error


def _checked_names(names: Sequence[str] | None, n_features: int, target_name: str) -> tuple[str, ...]:
    chosen = (
        tuple(f"x{j}" for j in range(n_features)) if names is None else tuple(str(name) for name in names)
    )
    if len(chosen) != n_features:
        raise DataError(f"got {len(chosen)} names for {n_features} features: {', '.join(chosen)}")
    if target_name in chosen:
        raise DataError(
            f"the target {target_name!r} is also among the features; leave it out of one of the two"
        )
    for name in chosen:
        if not name:
            raise DataError("a feature has an empty name; every column needs one")
        if chosen.count(name) > 1:
            raise DataError(f"the name {name!r} is given to more than one feature; names must be distinct")
    return chosen


def _check_finite(name: str, column: FloatArray) -> None:
    bad = np.flatnonzero(~np.isfinite(column))
    if bad.size:
        value = float(column[bad[0]])
        kind = "a missing value (NaN)" if np.isnan(value) else f"{value}, infinity"
        raise DataError(f"row {bad[0] + 1}, column {name!r} holds {kind}; leave out such rows")


def _checked_weights(weights: ArrayLike, n_rows: int) -> FloatArray:
    array = _floats("the weights", weights)
    if array.shape != (n_rows,):
        raise DataError(
            f"the weights are an array of shape {array.shape}; wanted one for each of the {n_rows} rows"
        )
    if not np.all(np.isfinite(array)) or np.any(array < 0.0) or not np.any(array > 0.0):
        raise DataError("weights must be finite, none below zero and not all zero")
    return array


def _feature_resolution(features: FloatArray, precision: float | None) -> FloatArray:
    """(k, n); `precision` of a target that looks computed: then the features are known as precisely."""
    rows = []
    for column in features.T:
        exact = np.abs(column) * DOUBLE
        if precision == DOUBLE or is_evenly_spaced(column):
            rows.append(exact)
        elif precision is None:
            rows.append(resolution(column))
        else:
            rows.append(np.minimum(resolution(column), np.abs(column) * precision))
    return np.stack(rows)
