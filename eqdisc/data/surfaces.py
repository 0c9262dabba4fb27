"""Tables of surfaces: clouds of points, and several outputs over the same parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import MIN_ROWS
from eqdisc.data.raw import TableLike
from eqdisc.data.table import Columns, read_columns
from eqdisc.errors import DataError


class Cloud(NamedTuple):
    """Points of a surface. Made by `Cloud.of` or `read_cloud`, which check them.

    points : (n, d) float64, finite
    names  : d distinct names of the coordinates
    """

    points: FloatArray
    names: tuple[str, ...]

    @classmethod
    def of(cls, points: ArrayLike, names: Sequence[str] | None = None) -> "Cloud":
        """Check points; the coordinates are x, y, z or x0, x1, ... where no names are given.

        points : (n, d), d at least 2, n at least 4
        DataError for another shape, a NaN or an infinity (row and column named), names that are not distinct.

        >>> cloud = Cloud.of([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
        >>> cloud.points.shape, cloud.names
        ((4, 2), ('x', 'y'))
        """
        matrix = _matrix("the points", points)
        if matrix.shape[1] < 2:
            raise DataError(f"the points have {_count(matrix.shape[1])}; a surface needs at least two")
        chosen = _names("coordinate", names, "xyz" if matrix.shape[1] <= 3 else "x", matrix.shape[1])
        _check_rows(matrix.shape[0])
        _check_cells(matrix, chosen)
        return cls(matrix, chosen)


@dataclass(frozen=True, eq=False)
class JointDataset:
    """Several outputs over the same parameters. Made by `JointDataset.of` or `read_joint`, which check it.

    features      : (n, k) float64, finite
    targets       : (n, m) float64, finite
    feature_names : k distinct names
    target_names  : m other names
    """

    features: FloatArray
    targets: FloatArray
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]

    @classmethod
    def of(
        cls,
        features: ArrayLike,
        targets: ArrayLike,
        names: Sequence[str] | None = None,
        target_names: Sequence[str] | None = None,
    ) -> "JointDataset":
        """Check arrays; parameters are u0, u1, ... and outputs y0, y1, ... where no names are given.

        features : (n, k), n at least 4; targets : (n, m)
        DataError for other shapes, a NaN or an infinity (row and column named), names that are not distinct.

        >>> turn = np.linspace(0.0, 6.0, 50)
        >>> circle = JointDataset.of(turn[:, None], np.column_stack([np.cos(turn), np.sin(turn)]), ["t"])
        >>> circle.feature_names, circle.target_names, circle.n_rows
        (('t',), ('y0', 'y1'), 50)
        """
        inputs, outputs = _matrix("the features", features), _matrix("the targets", targets)
        if len(inputs) != len(outputs):
            raise DataError(
                f"the features have {len(inputs)} rows and the targets {len(outputs)}; "
                "wanted one row of targets for each row of features"
            )
        feature_names = _names("feature", names, "u", inputs.shape[1])
        chosen = _names("target", target_names, "y", outputs.shape[1])
        for name in chosen:
            if name in feature_names:
                raise DataError(
                    f"the target {name!r} is also among the features; leave it out of one of the two"
                )
        _check_rows(len(inputs))
        _check_cells(inputs, feature_names)
        _check_cells(outputs, chosen)
        return cls(inputs, outputs, feature_names, chosen)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.features)


def read_cloud(
    source: TableLike, names: Sequence[str], *, units: bool = True, sheet: str | None = None
) -> Cloud:
    """The points of a surface from a table that has their coordinates in the named columns.

    source, units, sheet : as for `eqdisc.data.table.read_table`
    DataError for a column that is not there and for a cell that is missing or infinite: row and column named.

    >>> points, names = read_cloud({"x": [1, 0, -1, 0], "y": [0, 1, 0, -1], "who": list("abcd")}, ["x", "y"])
    >>> points.shape, names
    ((4, 2), ('x', 'y'))
    """
    names = _names("coordinate", names, "x", len(names))
    table = read_columns(source, names, units=units, sheet=sheet)
    _check_cells(table.features, names, table)
    return Cloud.of(table.features, names)


def read_joint(
    source: TableLike,
    features: Sequence[str],
    targets: Sequence[str],
    *,
    units: bool = True,
    sheet: str | None = None,
) -> JointDataset:
    """Several outputs over the same parameters, from a table that has them in the named columns.

    source, units, sheet : as for `eqdisc.data.table.read_table`
    DataError for a column that is not there and for a cell that is missing or infinite: row and column named.

    >>> table = {"t": [0, 1, 2, 3], "x": [1, 2, 3, 4], "y": [0, 1, 4, 9]}
    >>> read_joint(table, ["t"], ["x", "y"]).targets.shape
    (4, 2)
    """
    inputs = _names("feature", features, "u", len(features))
    outputs = _names("target", targets, "y", len(targets))
    for name in outputs:
        if name in inputs:
            raise DataError(f"the target {name!r} is also among the features; leave it out of one of the two")
    table = read_columns(source, [*inputs, *outputs], units=units, sheet=sheet)
    _check_cells(table.features, [*inputs, *outputs], table)
    split = len(inputs)
    return JointDataset.of(table.features[:, :split], table.features[:, split:], inputs, outputs)


def _matrix(what: str, values: ArrayLike) -> FloatArray:
    try:
        raw = np.asarray(values)
        if raw.dtype.kind == "c":
            raise DataError(f"{what} are complex numbers; wanted real ones")
        matrix = np.ascontiguousarray(raw, dtype=np.float64)
    except (TypeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{what} cannot be read as an array of numbers: {error}") from error
    if matrix.ndim != 2 or not matrix.shape[1]:
        raise DataError(f"{what} are an array of shape {matrix.shape}; wanted (rows, columns)")
    return matrix


def _names(what: str, names: Sequence[str] | None, letters: str, count: int) -> tuple[str, ...]:
    """The names, or letters (one of which is numbered) where none are given."""
    if names is None:
        return tuple(letters[:count]) if len(letters) > 1 else tuple(f"{letters}{j}" for j in range(count))
    chosen = tuple(str(name) for name in names)
    if len(chosen) != count:
        raise DataError(f"got {len(chosen)} names for {count} {what}s: {', '.join(chosen)}")
    if not chosen:
        raise DataError(f"no {what} is named; name the columns, separated by commas")
    for name in chosen:
        if not name:
            raise DataError(f"a {what} has an empty name; every column needs one")
        if chosen.count(name) > 1:
            raise DataError(f"the name {name!r} is given to more than one {what}; names must be distinct")
    return chosen


def _check_rows(count: int) -> None:
    if count < MIN_ROWS:
        raise DataError(f"a law needs at least {MIN_ROWS} rows of data, got n_samples={count}")


def _check_cells(matrix: FloatArray, names: Sequence[str], table: Columns | None = None) -> None:
    """DataError for the first cell that is missing or infinite."""
    bad = np.argwhere(~np.isfinite(matrix))
    if not len(bad):
        return
    row, column = int(bad[0, 0]), int(bad[0, 1])
    place = f"row {row + 1}" if table is None else f"{table.where}: {table.place(row)}"
    missing = bool(np.isnan(matrix[row, column]))
    rows = len(np.unique(bad[:, 0]))
    more = f" ({rows} of {len(matrix)} rows have such cells)" if rows > 1 else ""
    raise DataError(
        f"{place}, column {names[column]!r} {'has no value' if missing else 'is infinite'}{more}; "
        "every point needs all its numbers: fill the gaps or leave such rows out"
    )


def _count(columns: int) -> str:
    return f"{columns} coordinate{'' if columns == 1 else 's'}"
