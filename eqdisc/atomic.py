"""Files that appear whole or not at all."""

import os
from pathlib import Path

from eqdisc.errors import DataError

PARTIAL = ".partial"  # ends the temporary name of a file that is being written


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Write a file under a temporary name in the same folder, onto the disk, and rename it.

    Whoever reads `path`, at any time and after any crash, finds the old content or the new one. A link stays
    one, and what is no file, such as a device or a pipe, is written to. DataError where that cannot be done
    (a folder, no such folder, not allowed, disk full); nothing is left behind then.
    """
    named, path = path, path.resolve()
    if path.is_dir():
        raise DataError(f"{named} is a folder; name a file to write")
    partial = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as stream:
                stream.write(content)
            return
        try:
            with partial.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        _sync(path.parent)
    except OSError as error:
        raise DataError(f"{named} cannot be written: {error.strerror or error}") from error


def remove_partials(folder: Path) -> None:
    """Remove what writers that were killed left behind; only for whoever has locked the folder."""
    for partial in folder.rglob(f".*{PARTIAL}"):
        partial.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Put the renaming itself onto the disk, where the system can do that."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
