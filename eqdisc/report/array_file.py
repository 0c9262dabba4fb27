"""Arrays and facts about them in one file, NumPy's format without pickles: the tables that runs keep."""

import io
import json
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from eqdisc.errors import DataError

T = TypeVar("T")
Arrays = Mapping[str, Any]  # NumPy's
_LARGE = 10_000_000  # bytes; packing more takes long and measured numbers hardly shrink
_DAMAGE = (ValueError, LookupError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, zlib.error)


class Kind(NamedTuple):
    """What stands in a file, and the newest form of it that this version reads."""

    format: str
    version: int


def array_bytes(kind: Kind, facts: Mapping[str, Any], arrays: Arrays) -> memoryview:
    """The content of a file; facts are whatever JSON can hold."""
    # As bytes of JSON: an array of text would drop zeros at the ends of names.
    text = json.dumps({"format": kind.format, "version": kind.version, **facts}).encode("utf-8")
    content = io.BytesIO()
    large = sum(array.nbytes for array in arrays.values()) > _LARGE
    save = np.savez if large else np.savez_compressed
    save(content, about=np.frombuffer(text, dtype=np.uint8), **arrays)
    return content.getbuffer()


def read_arrays(path: Path, kind: Kind, make: Callable[[dict[str, Any], dict[str, Any]], T]) -> T:
    """What `make` makes of the arrays and the facts of a file; it may raise on what cannot be.

    DataError for a file that is missing, damaged or newer.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        facts = json.loads(arrays.pop("about").tobytes())
        if facts["format"] != kind.format:
            raise ValueError(f"its format is {facts['format']!r}")
        if facts["version"] > kind.version:
            raise DataError(
                f"{path} was made by a newer eqdisc (format {facts['version']}, this one reads "
                f"{kind.version}); upgrade"
            )
        return make(arrays, facts)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except DataError:
        raise
    except _DAMAGE as error:
        raise DataError(f"{path} is no table that eqdisc wrote, or it is damaged: {error}") from error
