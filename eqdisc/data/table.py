"""The door for tables: whatever holds one as a Dataset, with errors that name row and column."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.data.cells import Column, complaint
from eqdisc.data.dataset import MIN_ROWS, Dataset
from eqdisc.data.header import Header, check_distinct
from eqdisc.data.inspect import column_notes
from eqdisc.data.missing import complete_rows
from eqdisc.data.raw import RawTable, TableLike, open_table, reading
from eqdisc.errors import DataError, OptionError

_WORDS = {"text": "text", "dates": "dates or times", "empty": "no value at all"}


@dataclass(frozen=True)
class Columns:
    """Some columns of a table with all its rows: what a law is to be evaluated on.

    features : (n, k) float64 in the order asked for; NaN where a cell is missing
    names    : of the columns, as asked for
    units    : as they were written, None where there is none
    header   : names of all the columns of the table, units included
    notes    : what the reader should know of the table
    """

    features: FloatArray
    names: tuple[str, ...]
    units: tuple[str | None, ...]
    header: tuple[str, ...]
    notes: tuple[str, ...]
    _table: RawTable = field(repr=False)

    @property
    def where(self) -> str:
        """What messages call the table."""
        return self._table.where

    def place(self, row: int) -> str:
        """How messages call a row, counted from 0."""
        return self._table.place(row)

    def rows(self) -> Iterator[list[str]]:
        """The n rows of the table, all its cells as text, to be written out again beside predictions."""
        with reading(self._table.where):
            yield from self._table.rows()


@dataclass(frozen=True)
class _Roles:
    """Positions of columns by what they are for."""

    target: int
    features: tuple[int, ...]
    sigma: int | None
    weights: int | None

    @property
    def positions(self) -> list[int]:
        others = [j for j in (self.sigma, self.weights) if j is not None]
        return [*self.features, self.target, *others]


def read_table(
    source: TableLike,
    target: str,
    features: Sequence[str] | None = None,
    *,
    sigma: str | None = None,
    weights: str | None = None,
    units: bool = True,
    sheet: str | None = None,
    max_missing: float = 0.5,
) -> Dataset:
    """Read a table whose first line names the columns.

    source      : path of a text table (CSV, TSV, separated by semicolons, bars or spaces; gzip too), or of a
                  Parquet, Excel (.xlsx) or NPZ file; "-" for standard input, or an open stream; a data frame,
                  named arrays, a structured array
    target      : name of the column to explain, with or without its unit
    features    : names of the columns to explain it by; every other column of numbers where None
    sigma       : name of the column with the standard deviations of the target
    weights     : name of the column with the weights of the rows
    units       : whether `v [m/s]` is a column `v` with the unit m/s
    sheet       : name of the sheet of an Excel workbook; the first one where None
    max_missing : share of the target, and of the rows, that may be missing

    Encoding, delimiter and decimal sign of a text are told from the text; lines that begin with #, % or //
    are comments. Rows with a missing value (an empty cell, NA, NaN, null, - or ?) or an infinity are left
    out, and so are columns of text and dates unless asked for; true and false are 1 and 0. `Dataset.notes`
    says all that, and which columns are constant, alike, proportional or whole.

    DataError for whatever makes a table unusable: it names row, line and column. OptionError for an
    impossible setting. Memory: 8 bytes per number, twice for a moment.

    >>> from eqdisc.data.tables import example_path
    >>> read_table(example_path("kepler"), target="period").feature_names
    ('semi_major_axis',)
    >>> table = read_table({"v [m/s]": [1, 2, 3, None, 5], "E [J]": [1.1, 3.9, 9.2, 15.8, 25.1]}, target="E")
    >>> table.feature_names, table.feature_units, table.notes[0]
    (('v',), ('m/s',), "1 of 5 rows left out: a missing value in 'v' (1)")
    """
    if not 0.0 <= max_missing <= 1.0:
        raise OptionError(f"max_missing is {max_missing!r}; wanted a share from 0 to 1")
    if sigma is not None and weights is not None:
        raise OptionError(
            "got a column of sigma and one of weights; sigma makes weights of 1/sigma**2: give one of the two"
        )
    table, header = _opened(source, units, sheet)
    roles = _roles(table, header, target, features, sigma, weights)
    with reading(table.where):
        columns = dict(zip(roles.positions, table.columns(roles.positions), strict=True))
    chosen = _usable(table, header, roles, columns, asked=features is not None)
    return _dataset(table, header, roles, chosen, columns, max_missing)


def read_columns(
    source: TableLike, names: Sequence[str], *, units: bool = True, sheet: str | None = None
) -> Columns:
    """Read the named columns of a table, all rows of it: a table to predict for, without the target.

    source, units, sheet : as for `read_table`
    A missing cell becomes NaN. DataError for a column that is not there, which names the nearest one, and for
    one that is no column of numbers.

    >>> found = read_columns({"a": [1, 2], "b [m]": [None, 3], "who": ["x", "y"]}, ["b"])
    >>> found.features.tolist(), list(found.rows())
    ([[nan], [3.0]], [['1', '', 'x'], ['2', '3', 'y']])
    """
    table, header = _opened(source, units, sheet)
    positions = [_position(table, header, name, "") for name in names]
    with reading(table.where):
        # A law may be a constant: a table's rows are counted by any column.
        columns = table.columns(positions or [0])
    for position, column in zip(positions, columns, strict=False):
        if column.kind in ("broken", "text", "dates"):
            raise DataError(_about_cell(table, header, position, column))
    matrix = np.empty((columns[0].values.size, len(positions)))
    for j in range(len(positions)):
        matrix[:, j] = columns[j].values
    gaps = int(np.count_nonzero(np.isnan(matrix).any(axis=1)))
    notes = [f"{gaps} of {len(matrix)} rows lack a value"] if gaps else []
    return Columns(
        matrix,
        tuple(names),
        tuple(header.units[j] for j in positions),
        table.header,
        (*table.notes, *notes),
        table,
    )


def _opened(source: TableLike, units: bool, sheet: str | None) -> tuple[RawTable, Header]:
    table = open_table(source, sheet)
    check_distinct(table.where, table.header)
    return table, Header.of(table.header, units)


def _roles(
    table: RawTable,
    header: Header,
    target: str,
    features: Sequence[str] | None,
    sigma: str | None,
    weights: str | None,
) -> _Roles:
    goal = _position(table, header, target, " for the target")
    extras = {
        role: None if name is None else _position(table, header, name, f" for {role}")
        for role, name in (("sigma", sigma), ("weights", weights))
    }
    taken = {goal, *extras.values()}
    if features is None:
        chosen = [j for j in range(len(header.full)) if j not in taken]
    else:
        chosen = [_position(table, header, name, " for the feature") for name in features]
    for role, j in [("target", goal), *extras.items()]:
        if j in chosen:
            raise DataError(
                f"the {role} {header.names[j]!r} is also among the features; leave it out of one of the two"
            )
    for role, j in extras.items():
        if j == goal:
            raise DataError(f"the target {target!r} cannot be its own {role}")
    for j in chosen:
        if chosen.count(j) > 1:
            raise DataError(f"the name {header.names[j]!r} is given to more than one feature")
    if not chosen:
        raise DataError(
            f"{table.where} has no column besides the target {header.names[goal]!r}; "
            "a law needs at least one feature"
        )
    return _Roles(goal, tuple(chosen), extras["sigma"], extras["weights"])


def _position(table: RawTable, header: Header, name: str, purpose: str) -> int:
    position = header.position(name) if name else None
    if position is None:
        raise DataError(f"{table.where} has no column {name!r}{purpose}; {header.nearest(name)}{table.hint}")
    return position


def _usable(
    table: RawTable, header: Header, roles: _Roles, columns: Mapping[int, Column], asked: bool
) -> list[int]:
    """Positions of the features to use; those nobody asked for are left out where they hold no numbers."""
    numeric = {j for j, column in columns.items() if column.kind in ("numbers", "booleans")}
    if not numeric and not any(column.kind == "broken" for column in columns.values()):
        kinds = ", ".join(f"{header.names[j]!r} ({_WORDS[column.kind]})" for j, column in columns.items())
        raise DataError(f"{table.where} has no numeric column: {kinds}")
    chosen, left_out = [], []
    for j in [j for j in roles.positions if j not in roles.features] + list(roles.features):
        column = columns[j]
        wanted = asked or j not in roles.features
        if not header.full[j] and not wanted:
            left_out += _unnamed(table, j, column)
        elif column.kind == "broken" or (wanted and column.kind in ("text", "dates")):
            raise DataError(_about_cell(table, header, j, column))
        elif wanted and column.kind == "empty":
            raise DataError(f"{table.where}: column {header.names[j]!r} has no value: every cell is missing")
        elif j in numeric:
            chosen += [j] if j in roles.features else []
        else:
            left_out.append(f"{header.names[j]!r} ({_WORDS[column.kind]})")
    if left_out:
        table.notes.append(f"columns left out: {', '.join(left_out)}")
    if not chosen:
        raise DataError(
            f"{table.where} has no numeric column besides the target {header.names[roles.target]!r}; "
            f"{table.notes[-1]}"
        )
    booleans = [header.names[j] for j in roles.positions if columns[j].kind == "booleans"]
    if booleans:
        table.notes.append(f"true and false read as 1 and 0: {', '.join(map(repr, booleans))}")
    return chosen


def _unnamed(table: RawTable, position: int, column: Column) -> list[str]:
    """What is left out of a column without a name: labels of rows. DataError for numbers elsewhere."""
    if column.kind == "empty":
        return []
    if position:
        raise DataError(f"{table.where}: column {position + 1} has no name in the first line; give it one")
    return ["the first (it has no name)"]


def _about_cell(table: RawTable, header: Header, position: int, column: Column) -> str:
    row, cell = column.odd or (0, "")
    return f"{table.where}: {table.place(row)}, column {header.names[position]!r} {complaint(cell)}"


def _dataset(
    table: RawTable,
    header: Header,
    roles: _Roles,
    chosen: Sequence[int],
    columns: dict[int, Column],
    max_missing: float,
) -> Dataset:
    used = [j for j in roles.positions if j in chosen or j not in roles.features]
    names = [header.names[j] for j in used]
    target_name = header.names[roles.target]
    values = {j: columns.pop(j).values for j in used}
    columns.clear()
    rows, gaps = complete_rows(table.where, names, list(values.values()), target_name, max_missing)
    kept = int(np.count_nonzero(rows))
    if kept < MIN_ROWS and gaps:
        raise DataError(
            f"{table.where}: a law needs at least {MIN_ROWS} rows of data, got n_samples={kept}; "
            + "; ".join(gaps)
        )
    _check_spread(table, header, roles, values, rows)

    def taken(position: int) -> FloatArray:
        column = values.pop(position)
        return column if kept == rows.size else column[rows]

    matrix = np.empty((kept, len(chosen)))
    for i, j in enumerate(chosen):
        matrix[:, i] = taken(j)
    target = taken(roles.target)
    feature_names = [header.names[j] for j in chosen]
    dataset = Dataset.of(
        matrix,
        target,
        feature_names,
        target_name,
        None if roles.weights is None else taken(roles.weights),
        sigma=None if roles.sigma is None else taken(roles.sigma),
        feature_units=[header.units[j] for j in chosen],
        target_unit=header.units[roles.target],
        notes=(*table.notes, *gaps, *column_notes(feature_names, matrix, target_name, target)),
    )
    others = {*header.names} - {*feature_names, target_name, ""}
    return replace(dataset, other_names=tuple(name for name in header.names if name in others))


def _check_spread(
    table: RawTable, header: Header, roles: _Roles, values: Mapping[int, FloatArray], rows: BoolArray
) -> None:
    """DataError for a standard deviation that is not above zero or a weight below zero."""
    for j, limit, wanted in (
        (roles.sigma, np.nextafter(0.0, 1.0), "a standard deviation is above zero"),
        (roles.weights, 0.0, "a weight is not below zero"),
    ):
        if j is None:
            continue
        bad = np.flatnonzero(rows & (values[j] < limit))
        if bad.size:
            raise DataError(
                f"{table.where}: {table.place(int(bad[0]))}, column {header.names[j]!r} holds "
                f"{values[j][bad[0]]:g}; {wanted}"
            )
