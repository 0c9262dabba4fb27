"""A text table (CSV or TSV) as a Dataset, with errors that name row and column."""

import csv
import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.errors import DataError

DELIMITERS = (",", "\t", ";", "|")


def read_table(path: str | Path, target: str, features: Sequence[str] | None = None) -> Dataset:
    """Read a CSV or TSV file whose first line names the columns.

    path     : UTF-8 text; the delimiter (comma, tab, semicolon or bar) is the commonest of the first line
    target   : name of the column to explain
    features : names of the columns to explain it by; every other column where None

    Every cell that is used must hold a finite number: the error for one that does not names its row, its line
    and its column. DataError too for whatever else makes a table unusable, see the tests of this module.
    Memory: 8 bytes per number; the file is read once, line by line.

    >>> from eqdisc.data.tables import example_path
    >>> read_table(example_path("kepler"), target="period").feature_names
    ('semi_major_axis',)
    """
    path = Path(path)
    if path.is_dir():
        raise DataError(f"{path} is a folder; wanted a CSV or TSV file")
    if not path.exists():
        raise DataError(f"there is no file {path}; wanted a CSV or TSV file")
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            records = _records(lines, _delimiter(path))
            header = _header(path, records)
            chosen = _chosen_columns(path, header, target, features)
            columns = _read_columns(path, records, header, chosen)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is not a text table in UTF-8 ({error}); wanted a CSV or TSV file") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    return Dataset.of(columns[:, :-1], columns[:, -1], [header[j] for j in chosen[:-1]], target)


def _delimiter(path: Path) -> str:
    """The commonest candidate in the first line with text; a comma where there is none."""
    with path.open("rb") as file:
        if b"\0" in file.read(4096):
            raise DataError(f"{path} is a binary file; wanted a CSV or TSV file, which is text")
    with path.open(encoding="utf-8-sig") as lines:
        first = next((line for line in lines if line.strip()), "")
    return max(DELIMITERS, key=first.count)


def _records(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The number of its (last) line and the cells of every record that is not blank."""
    reader = csv.reader(lines, delimiter=delimiter)
    return ((reader.line_num, cells) for cells in reader if len(cells) > 1 or (cells and cells[0].strip()))


def _header(path: Path, records: Iterator[tuple[int, list[str]]]) -> list[str]:
    header = [name.strip() for name in next(records, (0, []))[1]]
    if not header:
        raise DataError(
            f"{path} is empty; wanted a first line with the names of the columns, then rows of numbers"
        )
    for j, name in enumerate(header):
        if not name:
            raise DataError(f"{path}: column {j + 1} has no name in the first line")
        if header.count(name) > 1:
            raise DataError(f"{path}: the column name {name!r} stands more than once in the first line")
    return header


def _chosen_columns(path: Path, header: list[str], target: str, features: Sequence[str] | None) -> list[int]:
    """Positions of the features in the order asked for, then of the target."""
    if features is None:
        features = [name for name in header if name != target]
    wanted = [("feature", name) for name in features] + [("target", target)]
    for role, name in reversed(wanted):  # a wrong target is the first thing to know
        if name not in header:
            raise DataError(f"{path} has no column {name!r} for the {role}; {_existing(name, header)}")
    if target in features:
        raise DataError(f"the target {target!r} is also among the features; leave it out of one of the two")
    if not features:
        raise DataError(
            f"{path} has no column besides the target {target!r}; a law needs at least one feature"
        )
    return [header.index(name) for _, name in wanted]


def _existing(name: str, header: list[str]) -> str:
    folded = {column.casefold(): column for column in header}
    nearest = get_close_matches(name.casefold(), folded, n=1)
    columns = ", ".join(header)
    return f"did you mean {folded[nearest[0]]!r}? It has {columns}" if nearest else f"it has {columns}"


def _read_columns(
    path: Path, records: Iterator[tuple[int, list[str]]], header: list[str], chosen: list[int]
) -> FloatArray:
    """(n, len(chosen)) the numbers of the chosen columns."""
    numbers = array("d")
    row = 0
    for row, (line, cells) in enumerate(records, start=1):
        if len(cells) != len(header):
            raise DataError(
                f"{path}: row {row} (line {line}) has {len(cells)} cells, "
                f"the first line names {len(header)} columns"
            )
        for j in chosen:
            try:
                number = float(cells[j])
            except ValueError:
                number = math.nan
            if not math.isfinite(number):
                raise DataError(
                    f"{path}: row {row} (line {line}), column {header[j]!r} {_complaint(cells[j])}"
                )
            numbers.append(number)
    if row == 0:
        raise DataError(f"{path} has a first line with names but no rows of numbers")
    return np.frombuffer(numbers).reshape(row, len(chosen))


def _complaint(cell: str) -> str:
    text = cell.strip()
    if text.casefold() in ("", "nan", "na", "n/a", "null", "none"):
        return f"is missing ({text!r}); fill it in, leave out the row, or choose other features"
    return f"holds {text!r}, which is not a finite number; mend it or choose other features"
