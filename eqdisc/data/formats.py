"""Tables that are no text: Parquet, Excel, NPZ, and arrays that are in memory already."""

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

import numpy as np

from eqdisc._typing import AnyArray
from eqdisc.data.cells import Column, as_text, column_of
from eqdisc.data.source import Source
from eqdisc.errors import DataError

_PANDAS_INDEX = re.compile(r"__index_level_\d+__")


class ArrayTable:
    """Named one-dimensional arrays, each fetched when it is asked for.

    >>> table = ArrayTable("it", ["a", "b"], [np.array([1, 2]), np.array(["x", None])].__getitem__)
    >>> list(table.rows())
    [['1', 'x'], ['2', '']]
    """

    def __init__(
        self,
        where: str,
        header: Sequence[str],
        fetch: Callable[[int], AnyArray],
        places: Sequence[str] | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self.where = where
        self.header = tuple(header)
        self.hint = ""
        self.notes = list(notes)
        self._fetch = fetch
        self._places = places

    def columns(self, positions: Sequence[int]) -> list[Column]:
        """The columns at the given positions. DataError where there is not a single row."""
        found = [column_of(self._fetch(j)) for j in positions]
        if found and not found[0].values.size:
            raise DataError(f"{self.where} has names but no rows of numbers")
        return found

    def place(self, row: int) -> str:
        """How messages call a row, counted from 0."""
        return f"row {row + 1}" + (f" ({self._places[row]})" if self._places else "")

    def rows(self) -> Iterator[list[str]]:
        """The cells of every row as text."""
        for cells in zip(*(self._fetch(j).tolist() for j in range(len(self.header))), strict=True):
            yield [as_text(cell) for cell in cells]


def parquet_table(source: Source) -> ArrayTable:
    """A Parquet file. DataError where it is broken."""
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as parquet  # type: ignore[import-untyped]

    with _sound(source.where, "Parquet file"), source.open() as stream:
        file = parquet.ParquetFile(stream)
        metadata = file.metadata
        names = [name for name in file.schema_arrow.names if not _PANDAS_INDEX.fullmatch(name)]

    def fetch(j: int) -> AnyArray:
        with _sound(source.where, "Parquet file"), source.open() as stream:
            column = parquet.ParquetFile(stream, metadata=metadata).read(columns=[names[j]]).column(0)
            if pa.types.is_dictionary(column.type):
                column = column.cast(column.type.value_type)
            return np.asarray(column.to_numpy())

    return ArrayTable(source.where, names, fetch)


def excel_table(source: Source, sheet: str | None) -> ArrayTable:
    """A sheet of an Excel workbook, the first one if `sheet` is None. DataError if it is not there."""
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    with _sound(source.where, "Excel workbook"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of extensions that openpyxl leaves out; values are not among them
        with source.open() as stream:
            book = load_workbook(stream, read_only=True, data_only=True)
            names = [page.title for page in book.worksheets]
            if not names or (sheet is not None and sheet not in names):
                listed = ", ".join(map(repr, names))
                raise DataError(f"{source.where} has no sheet {sheet!r}; it has {listed or 'none'}")
            page = book[names[0] if sheet is None else sheet]
            page.reset_dimensions()  # some programs write wrong ones
            rows = [
                (number, list(cells))
                for number, cells in enumerate(page.iter_rows(values_only=True), start=1)
                if any(map(as_text, cells))
            ]
    notes = []
    if sheet is None and len(names) > 1:
        others = ", ".join(map(repr, names[1:]))
        notes.append(f"the first of {len(names)} sheets was read: {names[0]!r}; the others are {others}")
    if not rows:
        raise DataError(f"{source.where}: the sheet {page.title!r} is empty; there are {', '.join(names)}")
    return _sheet(source.where, rows, notes)


def _sheet(where: str, rows: list[tuple[int, list[Any]]], notes: list[str]) -> ArrayTable:
    """The rows of a sheet, each with its number; titles above the names are left out."""
    filled = [sum(bool(as_text(cell)) for cell in cells) for _, cells in rows]
    usual = Counter(filled).most_common(1)[0][0]
    titles = len(list(takewhile(lambda count: usual > 1 and count == 1, filled)))
    if titles:
        rows = rows[titles:]
        notes.append(f"{titles} row{'s' * (titles > 1)} above the names of the columns left out")
    width = max(len(cells) for _, cells in rows)
    columns = list(zip(*(cells + [None] * (width - len(cells)) for _, cells in rows), strict=True))
    columns = [column for column in columns if any(map(as_text, column))]
    first = 1
    header = [" ".join(as_text(column[0]).split()) for column in columns]
    hint = ""
    if not any(isinstance(column[0], str) for column in columns):
        first = 0
        header = [f"x{j}" for j in range(len(columns))]
        notes.append(f"the table does not name its columns; they are called {', '.join(header)}")
        hint = f"; its first row holds no names, so the columns are called {', '.join(header)}"
    arrays = [_objects(column[first:]) for column in columns]
    places = [f"row {number} of the sheet" for number, _ in rows[first:]]
    table = ArrayTable(where, header, arrays.__getitem__, places, notes)
    table.hint = hint
    return table


def npz_table(source: Source) -> ArrayTable:
    """The arrays of an NPZ file. DataError where it is broken or holds Python objects."""
    with (
        _sound(source.where, "NPZ file"),
        source.open() as stream,
        np.load(stream, allow_pickle=False) as file,
    ):
        arrays = {name: file[name] for name in file.files}
    return array_table(source.where, arrays, strict=False)


def npy_table(source: Source) -> ArrayTable:
    """The array of an NPY file. DataError where it is broken or holds Python objects."""
    with _sound(source.where, "NPY file"), source.open() as stream:
        array = np.load(stream, allow_pickle=False)
    return array_table(source.where, {"X": array})


def array_table(where: str, arrays: Mapping[str, Any], strict: bool = True) -> ArrayTable:
    """Named arrays: one-dimensional ones are columns, fields and columns of others are taken one by one.

    strict : whether an array of another length is an error; else it is left out and noted

    >>> array_table("it", {"X": np.eye(3), "y": [1, 2, 3]}).header
    ('x0', 'x1', 'x2', 'y')
    """
    columns: dict[str, AnyArray] = {}
    left_out = []
    for name, array in arrays.items():
        parts = _parts(where, str(name), array)
        if not parts and strict:
            raise DataError(
                f"{where}: {str(name)!r} is an array of shape {np.shape(array)}; "
                "wanted one value for each row"
            )
        left_out += [] if parts else [f"{name!r} (shape {np.shape(array)})"]
        for part, column in parts.items():
            if part in columns:
                raise DataError(f"{where}: there is more than one column {part!r}; rename one of them")
            columns[part] = column
    if not columns:
        raise DataError(f"{where} has no columns; wanted named arrays with one value for each row")
    usual = Counter(column.size for column in columns.values()).most_common(1)[0][0]
    others = {name: column.size for name, column in columns.items() if column.size != usual}
    if others and strict:
        sizes = ", ".join(f"{name!r} {column.size}" for name, column in columns.items())
        raise DataError(f"{where}: the columns are of different lengths: {sizes}")
    left_out += [f"{name!r} ({size} values)" for name, size in others.items()]
    notes = [f"arrays without one value for each of the {usual} rows left out: {', '.join(left_out)}"]
    kept = {name: column for name, column in columns.items() if name not in others}
    return ArrayTable(where, list(kept), list(kept.values()).__getitem__, notes=notes if left_out else ())


def frame_table(frame: Any) -> ArrayTable:
    """A data frame of pandas, or one with the same `columns` and `to_numpy` of columns."""
    names = list(frame.columns)
    header = [
        " ".join(str(part) for part in name if str(part)) if isinstance(name, tuple) else str(name)
        for name in names
    ]

    def fetch(j: int) -> AnyArray:
        series = frame.iloc[:, j] if hasattr(frame, "iloc") else frame[names[j]]
        if getattr(series.dtype, "kind", "") in ("i", "u", "f"):
            return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan))
        return np.asarray(series.to_numpy())

    return ArrayTable("the data frame", header, fetch)


def _parts(where: str, name: str, array: Any) -> dict[str, AnyArray]:
    """The columns an array is made of; none where it is no table."""
    try:
        values = array if isinstance(array, np.ndarray) else np.asarray(array)
    except ValueError as error:
        raise DataError(f"{where}: {name!r} is no array with one value for each row: {error}") from error
    if values.dtype.names is not None and values.ndim == 1:
        fields = {field: values[field] for field in values.dtype.names}
        return {field: column for field, column in fields.items() if column.ndim == 1}
    if values.ndim == 1:
        return {name: values}
    if values.ndim == 2:
        stem = "x" if name in ("X", "arr_0") else name
        return {f"{stem}{j}": values[:, j] for j in range(values.shape[1])}
    return {}


def _objects(cells: Sequence[Any]) -> AnyArray:
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    return array


@contextmanager
def _sound(where: str, what: str) -> Iterator[None]:
    """Whatever a reader of a foreign format stumbles over becomes a DataError."""
    try:
        yield
    except (DataError, MemoryError, ImportError):
        raise
    except Exception as error:
        if "allow_pickle" in str(error):
            raise DataError(
                f"{where} holds Python objects, which are not opened: they can run code; "
                "save the columns as arrays of numbers"
            ) from error
        words = str(error).strip().split("\n")[0]
        raise DataError(f"{where} is a broken {what} ({words or type(error).__name__})") from error
