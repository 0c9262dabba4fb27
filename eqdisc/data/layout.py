"""How a table of text is written, told from its first lines: encoding, delimiter, names."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, takewhile

from eqdisc.data.cells import MISSING_WORDS, is_number
from eqdisc.data.source import WANTED, Source
from eqdisc.errors import DataError

SPACES = " "  # as a delimiter: any number of spaces and tabs
DELIMITERS = ("\t", ";", "|", ",", SPACES)  # the earlier ones are taken where several cut the lines as well

_SAMPLE_LINES = 1000
_SAMPLE_CELLS = 1000
_CHUNK = 1 << 20
# A line that begins so is a comment, but for what spreadsheets write into cells: #N/A, #DIV/0! ...
_COMMENT = re.compile(r"\s*(#(?!N/A|NA\b|DIV/0!|VALUE!|REF!|NUM!|NAME\?|NULL!)|%|//)")
_EMPTY = ' \t\r\n,;|"'  # a line of nothing else has only empty cells
_COMMENT_SIGNS = "#%/ \t"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like the mark of UTF-16, so it is looked for first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Layout:
    """How a table of text is written.

    encoding  : of the characters
    delimiter : between cells
    header    : names of the columns; "" for one without
    named     : whether these stand in the table; else they were made up
    skipped   : number of lines above the first row of numbers
    titles    : how many of them are neither names nor comment nor blank
    sample    : cells of the first rows
    """

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    named: bool
    skipped: int
    titles: int
    sample: tuple[list[str], ...]


class Lines:
    """The lines of a text without its comments; counts them as they pass."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.number = 0  # of the last line that passed, from 1
        self.comments: list[str] = []

    def skip(self, count: int) -> None:
        """Pass over so many lines, comments or not."""
        self.number += sum(1 for _ in islice(self._lines, count))

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.number += 1
            if is_comment(line):
                self.comments.append(line)
            else:
                yield line


def is_comment(line: str) -> bool:
    """Whether a line is a comment: its first sign is #, % or //.

    >>> [is_comment(line) for line in ("# by hand", "  // so", "1,2", "#N/A,2")]
    [True, True, False, False]
    """
    return _COMMENT.match(line) is not None


def records(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    """The cells of each record; those without any text are left out.

    >>> list(records(["a  b", "", ' 1\\t"2 3" '], SPACES))
    [['a', 'b'], ['1', '2 3']]
    """
    if delimiter == SPACES:
        lines = (line.strip().replace("\t", " ") for line in lines)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    return (cells for cells in reader if any(cells))


def open_text(source: Source, encoding: str) -> io.TextIOWrapper:
    """The source as text; line ends are left as they are."""
    return io.TextIOWrapper(source.open(), encoding=encoding, newline="")


def layout_of(source: Source) -> Layout:
    """Look at the first lines of a text. DataError where it is empty or no table."""
    encoding = _encoding(source)
    head = _first_lines(source, encoding)
    content = [line for line in head if line.strip(_EMPTY) and not is_comment(line)]
    if not content:
        raise DataError(
            f"{source.where} is empty; "
            "wanted a first line with the names of the columns, then rows of numbers"
        )
    _check_table(source.where, content[0].strip())
    delimiter = _delimiter(content)
    found = _numbered(head, delimiter)
    width = Counter(len(cells) for _, cells, _ in found).most_common(1)[0][0]
    titles = len(list(takewhile(lambda record: width > 1 and len(record[1]) == 1, found)))
    if titles == len(found) or _are_numbers(found[titles][1]):
        titles = 0  # a title stands above names
    line, names, comments = found[titles]
    named = True
    rows = [cells for _, cells, _ in found[titles + 1 :]]
    if _are_numbers(names):
        rows = [names, *rows]
        skipped = line - 1
        names, named = _names_without_line(comments, delimiter, len(names))
    else:
        skipped = line
        names = _completed(names, rows, width)
    if len(head) == _SAMPLE_LINES:
        rows = rows[:-1]  # the last record may go on below the last line
    header = tuple(" ".join(name.split()) for name in names)
    return Layout(encoding, delimiter, header, named, skipped, titles, tuple(rows))


def _encoding(source: Source) -> str:
    """That of the mark at the beginning; else UTF-8 where all bytes are UTF-8; else Latin-1."""
    head = source.head()
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    decoder = codecs.getincrementaldecoder("utf-8")()
    with source.open() as stream:
        try:
            while chunk := stream.read(_CHUNK):
                if not chunk.isascii() or decoder.getstate()[0]:
                    decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "latin-1"
    return "utf-8"


def _first_lines(source: Source, encoding: str) -> list[str]:
    with open_text(source, encoding) as text:
        return list(islice(text, _SAMPLE_LINES))


def _check_table(where: str, first: str) -> None:
    if first.startswith(("{", "[{", "[[")):
        raise DataError(f"{where} looks like JSON; {WANTED}")
    if first.startswith("<"):
        raise DataError(f"{where} looks like a web page or XML; {WANTED}")


def _delimiter(lines: Sequence[str]) -> str:
    """The one that cuts the lines evenly, the first of them too, and cuts numbers out of them."""
    best, best_score = ",", (-1.0, 0.0, 0.0)
    for delimiter in DELIMITERS:
        cut = list(records(lines, delimiter))
        width = Counter(map(len, cut[1:] or cut)).most_common(1)[0][0]  # names may have blanks in them
        count = sum(len(cells) == width for cells in cut)
        if width == 1 or (delimiter == "," and len(cut[0]) == 1 and _are_numbers(cut[1])):  # y, then 1,5
            continue
        cells = list(islice(chain.from_iterable(cut[1:]), _SAMPLE_CELLS))
        numbers = sum(map(is_number, cells)) / max(1, len(cells))
        score = (float(len(cut[0]) == width), count / len(cut), numbers)
        if score > best_score:
            best, best_score = delimiter, score
    if best_score[0] < 0.0 and any("," in line for line in lines):
        return ";"  # a single column of numbers with a decimal comma
    return best


def _numbered(lines: Sequence[str], delimiter: str) -> list[tuple[int, list[str], list[str]]]:
    """For each record the number of its last line, its cells, and the comments above it."""
    passing = Lines(lines)
    return [(passing.number, cells, list(passing.comments[-1:])) for cells in records(passing, delimiter)]


def _are_numbers(cells: Sequence[str]) -> bool:
    numbers = [is_number(cell) for cell in cells]
    others = [cell.strip().casefold() for cell, number in zip(cells, numbers, strict=True) if not number]
    return any(numbers) and MISSING_WORDS.issuperset(others)


def _names_without_line(comments: Sequence[str], delimiter: str, width: int) -> tuple[list[str], bool]:
    """Names for a table that begins with numbers: from the comment above them, or x0, x1, ..."""
    for comment in comments:
        names = next(records([comment.strip().lstrip(_COMMENT_SIGNS)], delimiter), [])
        if len(names) == width and not any(map(is_number, names)):
            return names, True
    return [f"x{j}" for j in range(width)], False


def _completed(names: list[str], rows: Sequence[list[str]], width: int) -> list[str]:
    """A nameless column more where all rows have one cell more than the header has names.

    It is the last one where rows end with a delimiter, the first one where the rows are labelled.
    """
    cells = [row for row in rows if len(row) == width]
    if width != len(names) + 1 or not cells:
        return names
    if not any(row[-1].strip() for row in cells):
        return [*names, ""]
    labels = [row[0] for row in cells]
    counted = any(labels == [str(i + start) for i in range(len(labels))] for start in (0, 1))
    return ["", *names] if counted or not any(map(is_number, labels)) else names
