"""Files that appear whole or not at all."""

import os
from pathlib import Path

from eqdisc.errors import DataError

PARTIAL = ".partial"  # ends the temporary name of a file that is being written


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Write a file under a temporary name in the same folder, onto the disk, and rename it.

    Whoever reads `path`, at any time and after any crash, finds the old content or the new one. DataError
    where that cannot be done (no such folder, not allowed, disk full); nothing is left behind then.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    try:
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
        raise DataError(f"{path} cannot be written: {error.strerror or error}") from error


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
