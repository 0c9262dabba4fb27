"""Whatever holds a table, opened: names of columns first, columns when asked for."""

import csv
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from typing import IO, Any, Protocol

import numpy as np

from eqdisc._typing import AnyArray
from eqdisc.data.cells import Column
from eqdisc.data.formats import array_table, excel_table, frame_table, npy_table, npz_table, parquet_table
from eqdisc.data.source import WANTED, format_of, source_of
from eqdisc.data.text import TextTable
from eqdisc.errors import DataError

#: A path, "-" for standard input, an open stream, a data frame, named arrays or a structured array.
TableLike = str | PathLike[str] | IO[str] | IO[bytes] | Mapping[str, Any] | AnyArray | Any


class RawTable(Protocol):
    """A table as it was handed in: names of columns, and columns when asked for."""

    where: str  # what messages call it
    header: tuple[str, ...]  # "" for a column without a name
    hint: str  # to be said where a column is not found
    notes: list[str]  # what was noticed so far

    def columns(self, positions: Sequence[int]) -> list[Column]:
        """The columns at the given positions, all of the same length."""

    def place(self, row: int) -> str:
        """How messages call a row, counted from 0."""

    def rows(self) -> Iterator[list[str]]:
        """The cells of every row as text."""


def open_table(source: TableLike, sheet: str | None) -> RawTable:
    """Open a table. DataError for what is none; `sheet` is for Excel workbooks only."""
    if isinstance(source, (str, PathLike)) or hasattr(source, "read"):
        where = str(source) if isinstance(source, (str, PathLike)) else "the stream"
        with reading(where):
            content = source_of(source)
            kind = format_of(content)
            if kind == "excel":
                return excel_table(content, sheet)
            _check_no_sheet(content.where, sheet)
            if kind == "text":
                return TextTable(content)
            return {"parquet": parquet_table, "npz": npz_table, "npy": npy_table}[kind](content)
    _check_no_sheet("the table", sheet)
    if isinstance(source, Mapping):
        return array_table("the table", source)
    if isinstance(source, np.ndarray):
        return array_table("the array", {"X": source})
    if hasattr(source, "columns") and hasattr(source, "to_numpy"):
        return frame_table(source)
    raise DataError(f"a {type(source).__name__} is no table; {WANTED}, a data frame or named arrays")


def _check_no_sheet(where: str, sheet: str | None) -> None:
    if sheet is not None:
        raise DataError(f"the sheet {sheet!r} is asked for, but {where} is no Excel workbook")


@contextmanager
def reading(where: str) -> Iterator[None]:
    """What can go wrong while bytes are read and cut into cells becomes a DataError."""
    try:
        yield
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{where} is not a text table that can be read ({error}); {WANTED}") from error
    except (EOFError, zlib.error) as error:
        raise DataError(f"{where} is a broken gzip file ({error})") from error
    except OSError as error:
        raise DataError(f"{where} cannot be read: {error.strerror or error}") from error
