"""Large tables of text by compiled code; whatever is out of the ordinary is left to `eqdisc.data.text`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.cells import MISSING_WORDS, Column, Gatherer
from eqdisc.data.layout import SPACES, Layout, is_comment
from eqdisc.data.source import Source

LARGE = 4_000_000  # bytes; below, loading the compiled code takes longer than it saves

_BLOCK = 1 << 20  # bytes parsed at a time
_ENCODINGS = ("utf-8", "utf-8-sig", "latin-1")  # where a line end is one and the same byte
_COMMENT = r"^\s*(#|%|//)"
_SPELLINGS = (str, str.upper, str.capitalize)
_MISSING = sorted({spelt(word) for word in MISSING_WORDS for spelt in _SPELLINGS} | {"NaN", "NaT"})


def read_quickly(source: Source, layout: Layout, positions: Sequence[int]) -> tuple[list[Column], int] | None:
    """Columns, and the number of comments between the rows, as `TextTable` reads them; None where it must.

    It must for a small table, for one separated by spaces, and for one that has anywhere a row without a
    number, rows of unequal length, or, in a column of numbers, a cell that is neither a plain number nor a
    plain word for a missing one.
    """
    if source.size < LARGE or layout.delimiter == SPACES or layout.encoding not in _ENCODINGS:
        return None
    if b"\n" not in source.head() or any(len(cells) != len(layout.header) for cells in layout.sample):
        return None
    sample = _sample(layout)
    commas = [column.comma for column in sample if column.comma and column.kind in ("numbers", "broken")]
    if layout.delimiter == "," and commas:
        return None
    numeric = [column.kind in ("numbers", "empty") for column in sample]
    included = sorted({0, *positions})  # a comment shows in the first column
    found = _parsed(source, layout, included, numeric, "," if commas else ".")
    if found is None:
        return None
    columns, comments = found
    chosen = [columns[included.index(j)] for j in positions]
    if any(column.comma and column.kind != "text" for column in chosen):
        return None
    numbers = [column.values for column, j in zip(chosen, positions, strict=True) if numeric[j]]
    if not numbers or np.any(np.logical_and.reduce([np.isnan(values) for values in numbers])):
        return None
    return [
        Column(column.values, comma=sample[j].comma, all_groups=False) if numeric[j] else column
        for column, j in zip(chosen, positions, strict=True)
    ], comments


def _numbers(column: Any) -> FloatArray:
    """A copy of a column of Arrow numbers, so that Arrow can use its memory again; NaN where one is missing.

    Done by hand since Arrow's own way loads pandas.
    """
    rows = slice(column.offset, column.offset + len(column))
    valid, numbers = column.buffers()
    values = np.frombuffer(numbers)[rows].copy()
    if column.null_count:
        values[np.unpackbits(np.frombuffer(valid, dtype=np.uint8), bitorder="little")[rows] == 0] = np.nan
    return values


def _sample(layout: Layout) -> list[Column]:
    columns = []
    for cells in zip(*layout.sample, strict=True):
        gatherer = Gatherer()
        gatherer.extend(cells)
        columns.append(gatherer.column())
    return columns


def _parsed(
    source: Source, layout: Layout, included: Sequence[int], numeric: Sequence[bool], decimal: str
) -> tuple[list[Column], int] | None:
    """The included columns and the number of comments; None where a cell or a row is not as expected."""
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.compute as pc  # type: ignore[import-untyped]
    import pyarrow.csv as csv  # type: ignore[import-untyped]

    comments = []

    def judge(row: csv.InvalidRow) -> str:
        if not row.text.strip():
            return "skip"
        if not is_comment(row.text):
            return "error"
        comments.append(row.text)
        return "skip"

    numbers: dict[int, list[FloatArray]] = {j: [] for j in included if numeric[j]}
    others = {j: Gatherer() for j in included if not numeric[j]}
    with source.open() as stream:
        for _ in range(layout.skipped):
            stream.readline()
        try:
            with csv.open_csv(
                stream,
                csv.ReadOptions(
                    column_names=[str(j) for j in range(len(layout.header))],
                    block_size=_BLOCK,
                    encoding="latin-1" if layout.encoding == "latin-1" else "utf8",
                ),
                csv.ParseOptions(
                    delimiter=layout.delimiter, newlines_in_values=True, invalid_row_handler=judge
                ),
                csv.ConvertOptions(
                    column_types={str(j): pa.float64() if numeric[j] else pa.string() for j in included},
                    include_columns=[str(j) for j in included],
                    null_values=_MISSING,
                    decimal_point=decimal,
                ),
            ) as batches:
                for batch in batches:
                    if not numeric[0] and pc.any(pc.match_substring_regex(batch["0"], _COMMENT)).as_py():
                        return None
                    for j, portions in numbers.items():
                        portions.append(_numbers(batch[str(j)]))
                    for j, gatherer in others.items():
                        gatherer.extend(batch[str(j)].to_pylist())
        except pa.ArrowInvalid:
            return None
    columns = []
    for j in included:
        if numeric[j]:
            columns.append(Column(np.concatenate(numbers.pop(j))))
        else:
            columns.append(others[j].column())
    return columns, len(comments)
