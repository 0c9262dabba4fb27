"""What was handed in as a table of bytes, and what kind of file the bytes are."""

import gzip
import io
import os
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from eqdisc.errors import DataError

STANDARD_INPUT = "-"
WANTED = "wanted a CSV or TSV file, or Parquet, Excel (.xlsx) or NPZ"

Format = Literal["text", "parquet", "excel", "npz", "npy"]

_HEAD = 8192  # bytes looked at to tell what a file is
_COMPRESSION = 4  # a guess of how much larger a gzip file gets when it is unpacked
# How files begin that are no tables of ours, and what people call them.
_OTHERS = (
    (b"\xd0\xcf\x11\xe0", "an old Excel file or one with a password; save it as .xlsx without one"),
    (b"PK", "a zip archive; unpack it first"),
    (b"\x89HDF", "an HDF5 file; save the columns as NPZ, Parquet or CSV"),
    (b"SQLite format 3", "an SQLite database; save the table as CSV"),
    (b"ARROW1", "an Arrow or Feather file; save it as Parquet"),
    (b"Obj\x01", "an Avro file; save it as Parquet or CSV"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive; unpack it first"),
    (b"\xfd7zXZ", "an xz archive; unpack it first"),
    (b"BZh", "a bzip2 archive; unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"%PDF", "a PDF document; copy the table into a spreadsheet and save it as CSV"),
    (b"{\\rtf", "a rich text document; save the table as CSV"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"\x7fELF", "a program"),
    (b"MATLAB 5.0", "a MATLAB file; save the table with writetable as CSV"),
    (b"CDF", "a NetCDF file; save the columns as NPZ, Parquet or CSV"),
    (b"\x80\x04", "a Python pickle, which is not opened: it can run code; save it as NPZ, Parquet or CSV"),
    (b"\x80\x05", "a Python pickle, which is not opened: it can run code; save it as NPZ, Parquet or CSV"),
)


@dataclass(frozen=True)
class Source:
    """Bytes that can be read as often as need be.

    where : what messages call it: the path, or "standard input"
    open  : a stream that starts at the first byte
    size  : about how many bytes there are
    """

    where: str
    open: Callable[[], BinaryIO]
    size: int

    def head(self) -> bytes:
        """The first few thousand bytes."""
        with self.open() as stream:
            return stream.read(_HEAD)


class _Unpacked(gzip.GzipFile):
    """Closes the packed stream below when it is closed itself, as the standard one does not."""

    def __init__(self, packed: BinaryIO) -> None:
        super().__init__(fileobj=packed)
        self._packed = packed

    def close(self) -> None:
        super().close()
        self._packed.close()


def source_of(origin: Any) -> Source:
    """A path, "-" for standard input, or an open stream of text or bytes; gzip is unpacked on the way.

    A file is read where it lies, a stream is read to its end and kept. DataError for a path that is no file.

    >>> source_of(io.StringIO("a,b")).head()
    b'a,b'
    """
    if origin is sys.stdin or (isinstance(origin, str) and origin == STANDARD_INPUT):
        packed = _kept("standard input", getattr(sys.stdin, "buffer", sys.stdin))
    elif hasattr(origin, "read"):
        name = getattr(origin, "name", None)
        packed = _kept(os.fspath(name) if isinstance(name, (str, os.PathLike)) else "the stream", origin)
    else:
        packed = _file(Path(origin))
    if not packed.head().startswith(b"\x1f\x8b"):
        return packed
    return Source(packed.where, lambda: cast(BinaryIO, _Unpacked(packed.open())), _COMPRESSION * packed.size)


def format_of(source: Source) -> Format:
    """What kind of table the bytes are, told by how they begin; DataError for another kind of file."""
    head = source.head()
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if head.startswith(b"PK\x03\x04"):
        return _format_of_archive(source)
    for start, words in _OTHERS:
        if head.startswith(start):
            raise DataError(f"{source.where} is a binary file: it looks like {words}; {WANTED}")
    if not has_byte_order_mark(head) and _is_binary(head):
        zeros = max(head[::2].count(0), head[1::2].count(0)) / (len(head) / 2)
        looks = " (perhaps text in UTF-16 without a byte order mark; save it as UTF-8)" if zeros > 0.4 else ""
        raise DataError(f"{source.where} is a binary file{looks}; {WANTED}")
    return "text"


def has_byte_order_mark(head: bytes) -> bool:
    """Whether the bytes begin with the mark of UTF-8, UTF-16 or UTF-32."""
    return head.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff"))


def _file(path: Path) -> Source:
    if path.is_dir():
        raise DataError(f"{path} is a folder; {WANTED}")
    if not path.exists():
        raise DataError(f"there is no file {path}; {WANTED}")
    if not path.is_file():  # a pipe can be read only once
        with path.open("rb") as stream:
            return _kept(str(path), stream)
    return Source(str(path), lambda: path.open("rb"), path.stat().st_size)


def _kept(where: str, stream: Any) -> Source:
    content = stream.read()
    if not isinstance(content, (str, bytes)):
        raise DataError(f"{where} gives a {type(content).__name__} when it is read; wanted text or bytes")
    kept = content.encode() if isinstance(content, str) else content
    return Source(where, lambda: io.BytesIO(kept), len(kept))


def _format_of_archive(source: Source) -> Format:
    try:
        with source.open() as stream, zipfile.ZipFile(stream) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile as error:
        raise DataError(
            f"{source.where} is a binary file: it looks like a zip archive, or a broken Excel or NPZ file "
            f"({error}); {WANTED}"
        ) from error
    if "xl/workbook.xml" in names:
        return "excel"
    if names and all(name.endswith(".npy") for name in names):
        return "npz"
    looks = "a zip archive; unpack it first"
    if "mimetype" in names:
        looks = "an OpenDocument file; save it as .xlsx or CSV"
    raise DataError(f"{source.where} is a binary file: it looks like {looks}; {WANTED}")


def _is_binary(head: bytes) -> bool:
    """Whether there is a zero byte, or more control characters than text would have."""
    control = sum(head.count(code) for code in range(32) if code not in b"\t\n\r\f\x1a\x1b")
    return b"\0" in head or control > len(head) / 20
