"""Files of named arrays, whatever is wrong with them told as one kind of error."""

import io
import zipfile
import zlib

import numpy as np

from eqdisc._typing import AnyArray

_UNREADABLE = (OSError, EOFError, ValueError, LookupError, MemoryError, zipfile.BadZipFile, zlib.error)


def named_arrays(content: bytes) -> dict[str, AnyArray]:
    """The arrays in the content of an NPZ file, by name.

    ValueError, with the reason, for any other content, one array alone (NPY) among it, and for part of a
    file.

    >>> stream = io.BytesIO()
    >>> np.savez(stream, a=np.arange(3))
    >>> named_arrays(stream.getvalue())["a"].tolist()
    [0, 1, 2]
    """
    try:
        found = np.load(io.BytesIO(content), allow_pickle=False)
        if isinstance(found, np.ndarray):
            raise ValueError(f"it holds one array of shape {found.shape} (NPY), wanted an archive (NPZ)")
        with found:
            return {name: found[name] for name in found.files}
    except _UNREADABLE as error:
        raise ValueError(str(error) or "it is empty") from error
