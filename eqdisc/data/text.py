"""Tables of text."""

from collections.abc import Iterator, Sequence
from itertools import islice

from eqdisc.data.cells import Column, Gatherer
from eqdisc.data.layout import Lines, layout_of, open_text, records
from eqdisc.data.quick import read_quickly
from eqdisc.data.source import Source
from eqdisc.errors import DataError

_PORTION = 4096  # rows


class TextTable:
    """A table of text, read from its source whenever columns or rows are asked for.

    Memory: 8 bytes for each number of the columns asked for.
    """

    def __init__(self, source: Source) -> None:
        self.where = source.where
        self._source = source
        self._layout = layout_of(source)
        self.header = self._layout.header
        self.hint = ""
        self.notes: list[str] = []
        if not self._layout.named:
            self.hint = f"; its first line holds numbers, so the columns are called {_span(self.header)}"
            self.notes.append(f"the table does not name its columns; they are called {_span(self.header)}")
        if self._layout.titles:
            self.notes.append(f"{_counted(self._layout.titles)} above the names of the columns left out")
        if self._layout.encoding == "latin-1":
            self.notes.append("the text is not in UTF-8; it was read as Latin-1")

    def columns(self, positions: Sequence[int]) -> list[Column]:
        """The columns at the given positions. DataError where rows have too many or too few cells."""
        columns, comments = read_quickly(self._source, self._layout, positions) or self._read(positions)
        if not columns[0].values.size:
            raise DataError(f"{self.where} has a first line with names but no rows of numbers")
        if comments:
            self.notes.append(f"{_counted(comments)} of comment between the rows left out")
        self._check_decimal_sign(columns, positions)
        return columns

    def place(self, row: int) -> str:
        """How messages call a row, counted from 0: its number and its line."""
        with open_text(self._source, self._layout.encoding) as text:
            lines = Lines(text)
            next(islice(self._rows(lines), row, None))
            return f"row {row + 1} (line {lines.number})"

    def rows(self) -> Iterator[list[str]]:
        """The cells of every row as they are written."""
        with open_text(self._source, self._layout.encoding) as text:
            for row, cells in enumerate(self._rows(Lines(text))):
                yield self._checked(cells, row)

    def _rows(self, lines: Lines) -> Iterator[list[str]]:
        """Records below the names; `lines` begins at the first line of the text."""
        lines.skip(self._layout.skipped)
        return records(lines, self._layout.delimiter)

    def _read(self, positions: Sequence[int]) -> tuple[list[Column], int]:
        """The columns and how many comments were between the rows."""
        gatherers = [Gatherer() for _ in positions]
        width = len(self.header)
        with open_text(self._source, self._layout.encoding) as text:
            lines = Lines(text)
            rows = self._rows(lines)
            first = 0
            while portion := list(islice(rows, _PORTION)):
                if any(len(cells) != width for cells in portion):
                    portion = [self._checked(cells, first + i) for i, cells in enumerate(portion)]
                columns = list(zip(*portion, strict=True))
                for gatherer, position in zip(gatherers, positions, strict=True):
                    gatherer.extend(columns[position])
                first += len(portion)
            return [gatherer.column() for gatherer in gatherers], len(lines.comments)

    def _checked(self, cells: list[str], row: int) -> list[str]:
        """The cells of a row, as many as there are columns; more are accepted where they are empty."""
        width = len(self.header)
        if len(cells) == width:
            return cells
        if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
            return cells[:width]
        raise DataError(
            f"{self.where}: {self.place(row)} has {len(cells)} cells, the first line names {width} columns"
        )

    def _check_decimal_sign(self, columns: Sequence[Column], positions: Sequence[int]) -> None:
        """Note a decimal comma; DataError where it may be something else."""
        used = [
            (column, self.header[j])
            for column, j in zip(columns, positions, strict=True)
            if column.kind in ("numbers", "broken")
        ]
        commas = [(column.comma, name) for column, name in used if column.comma is not None]
        if not commas:
            return
        (row, cell), name = commas[0]
        points = [other for column, other in used if column.points]
        found = f"{self.where}: {self.place(row)}, column {name!r} holds {cell!r}"
        if points:
            raise DataError(
                f"{found}, but column {points[0]!r} holds numbers with a decimal point; "
                "write all numbers with the same decimal sign and without thousands separators"
            )
        if self._layout.delimiter == "," and all(column.all_groups for column, _ in used):
            raise DataError(
                f"{found}: a comma between thousands or a decimal comma? Write the numbers without thousands "
                "separators and with a decimal point"
            )
        self.notes.append(f"numbers have a decimal comma: {cell!r} is read as {cell.replace(',', '.')}")


def _span(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{names[0]}, {names[1]} ... {names[-1]}"


def _counted(lines: int) -> str:
    return "1 line" if lines == 1 else f"{lines} lines"
