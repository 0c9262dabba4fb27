"""One process at a time in a folder."""

from pathlib import Path
from typing import TYPE_CHECKING

from eqdisc.errors import OptionError

if TYPE_CHECKING:
    from filelock import FileLock


def locked(path: Path, lock: str) -> "FileLock":
    """The lock of a folder, a file in it, held against other processes.

    OptionError where another process holds it or the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    held = FileLock(path / lock, timeout=0)
    try:
        held.acquire()
    except Timeout:
        raise OptionError(
            f"another eqdisc process works in {path}; wait until it has ended, or name another folder"
        ) from None
    except OSError as error:
        raise OptionError(f"the folder {path} cannot be written: {error.strerror or error}") from error
    return held
