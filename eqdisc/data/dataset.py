"""Numbers with names: what every room above works on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
    sigma              : (n,) standard deviations of the target, in its units, positive; None where not known
    feature_units      : the unit of each feature as it was written, None where none was
    target_unit        : the same of the target
    notes              : what the reader of the table should know of it: rows left out, constant columns ...
    other_names        : columns that the table read has besides and that play no part
    """

    features: FloatArray
    target: FloatArray
    feature_names: tuple[str, ...]
    target_name: str
    weights: FloatArray | None
    feature_resolution: FloatArray
    target_resolution: FloatArray
    sigma: FloatArray | None = None
    feature_units: tuple[str | None, ...] = ()
    target_unit: str | None = None
    notes: tuple[str, ...] = ()
    other_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.feature_units:
            object.__setattr__(self, "feature_units", (None,) * len(self.feature_names))

    @classmethod
    def of(
        cls,
        features: ArrayLike,
        target: ArrayLike,
        names: Sequence[str] | None = None,
        target_name: str = "y",
        weights: ArrayLike | None = None,
        *,
        sigma: ArrayLike | None = None,
        feature_units: Sequence[str | None] | None = None,
        target_unit: str | None = None,
        notes: Sequence[str] = (),
    ) -> "Dataset":
        """Check arrays and guess how finely their numbers are given (`eqdisc.data.resolution`).

        features : (n, k), n at least 4, k at least 1; target : (n,); weights : (n,) or None
        names    : k names; `x0`, `x1`, ... where None
        sigma    : (n,) standard deviations of the target; the weights are then 1/sigma**2
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
        if sigma is not None and weights is not None:
            raise DataError(
                "got both sigma and weights; sigma makes weights of 1/sigma**2, so give one of the two"
            )
        errors = None if sigma is None else _checked_sigma(sigma, values.size)
        target_resolution = resolution(values)
        return cls(
            matrix,
            values,
            feature_names,
            target_name,
            _weights(weights, errors, values.size),
            _feature_resolution(matrix, computed_precision(values, target_resolution)),
            target_resolution,
            errors,
            _checked_units(feature_units, matrix.shape[1]),
            target_unit,
            tuple(notes),
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
        return replace(
            self,
            features=np.ascontiguousarray(self.features[rows]),
            target=self.target[rows],
            weights=None if self.weights is None else self.weights[rows],
            feature_resolution=self.feature_resolution[:, rows],
            target_resolution=self.target_resolution[rows],
            sigma=None if self.sigma is None else self.sigma[rows],
        )

    def select(self, names: Sequence[str]) -> "Dataset":
        """The table with only the named features, in that order; DataError for a name it does not have.

        >>> table = Dataset.of([[1.0, 0], [2, 0], [3, 1], [4, 5]], [1.0, 2, 3, 5], names=["a", "b"])
        >>> table.select(["b"]).features.ravel().tolist()
        [0.0, 0.0, 1.0, 5.0]
        """
        for name in names:
            if name not in self.feature_names:
                raise DataError(f"the table has no feature {name!r}; it has {', '.join(self.feature_names)}")
        columns = [self.feature_names.index(name) for name in names]
        if not columns:
            raise DataError("no feature is left to explain the target by")
        return replace(
            self,
            features=np.ascontiguousarray(self.features[:, columns]),
            feature_names=tuple(names),
            feature_resolution=self.feature_resolution[columns],
            feature_units=tuple(self.feature_units[j] for j in columns),
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


def _checked_units(units: Sequence[str | None] | None, n_features: int) -> tuple[str | None, ...]:
    chosen = (None,) * n_features if units is None else tuple(units)
    if len(chosen) != n_features:
        raise DataError(f"got {len(chosen)} units for {n_features} features")
    return chosen


def _checked_sigma(sigma: ArrayLike, n_rows: int) -> FloatArray:
    array = _floats("the standard deviations", sigma)
    if array.shape != (n_rows,):
        raise DataError(
            f"sigma is an array of shape {array.shape}; wanted one value for each of the {n_rows} rows"
        )
    bad = np.flatnonzero(~(np.isfinite(array) & (array > 0.0)))
    if bad.size:
        raise DataError(f"row {bad[0] + 1} has sigma {array[bad[0]]:g}; wanted finite values above zero")
    return array


def _weights(weights: ArrayLike | None, sigma: FloatArray | None, n_rows: int) -> FloatArray | None:
    if weights is not None:
        return _checked_weights(weights, n_rows)
    if sigma is None or np.all(sigma == sigma[0]):
        return None
    return np.square(np.min(sigma) / sigma)


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
    given = np.empty(features.shape[::-1])
    for row, column in zip(given, features.T, strict=True):
        if precision == DOUBLE or is_evenly_spaced(column):
            np.multiply(np.abs(column), DOUBLE, out=row)
        elif precision is None:
            row[:] = resolution(column)
        else:
            np.minimum(resolution(column), np.abs(column) * precision, out=row)
    return given
