"""A table as a file of its own arrays, read back exactly; NumPy's format, without pickles."""

import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from eqdisc.atomic import write_bytes
from eqdisc.data.dataset import Dataset
from eqdisc.errors import DataError

FORMAT = "eqdisc-dataset"
VERSION = 1
_ARRAYS = ("features", "target", "feature_resolution", "target_resolution")
_OPTIONAL = ("weights", "sigma")
_LARGE = 10_000_000  # bytes; packing a larger table takes long and measured numbers hardly shrink
_DAMAGE = (ValueError, LookupError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, zlib.error)


def write_dataset(dataset: Dataset, path: str | Path) -> None:
    """Write a table with its names, units, uncertainties and notes; whole or not at all."""
    about = {
        "format": FORMAT,
        "version": VERSION,
        "feature_names": dataset.feature_names,
        "target_name": dataset.target_name,
        "feature_units": dataset.feature_units,
        "target_unit": dataset.target_unit,
        "notes": dataset.notes,
    }
    arrays = {name: getattr(dataset, name) for name in _ARRAYS}
    arrays |= {name: getattr(dataset, name) for name in _OPTIONAL if getattr(dataset, name) is not None}
    # Names as bytes of JSON: an array of text would drop zeros at their ends.
    text = np.frombuffer(json.dumps(about).encode("utf-8"), dtype=np.uint8)
    content = io.BytesIO()
    save = np.savez if dataset.features.nbytes > _LARGE else np.savez_compressed
    save(content, about=text, **arrays)
    write_bytes(Path(path), content.getbuffer())


def read_dataset(path: str | Path) -> Dataset:
    """The table that `write_dataset` wrote. DataError for a file that is missing, damaged or newer."""
    path = Path(path)
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        about = json.loads(arrays.pop("about").tobytes())
        if about["format"] != FORMAT:
            raise ValueError(f"its format is {about['format']!r}")
        if about["version"] > VERSION:
            raise DataError(
                f"{path} was made by a newer eqdisc (format {about['version']}, this one reads {VERSION}); "
                "upgrade"
            )
        return _dataset(arrays, about)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except DataError:
        raise
    except _DAMAGE as error:
        raise DataError(f"{path} is no table that eqdisc wrote, or it is damaged: {error}") from error


def _dataset(arrays: dict[str, Any], about: dict[str, Any]) -> Dataset:
    shape = arrays["features"].shape
    wanted = {
        "features": (shape[0], len(about["feature_names"])),
        "feature_resolution": shape[::-1],
        **dict.fromkeys(("target", "target_resolution", *_OPTIONAL), shape[:1]),
    }
    for name, array in arrays.items():
        if array.shape != wanted[name] or array.dtype != np.float64:
            raise ValueError(f"{name} is an array of shape {array.shape}; wanted {wanted[name]}")
    return Dataset(
        features=arrays["features"],
        target=arrays["target"],
        weights=arrays.get("weights"),
        feature_resolution=arrays["feature_resolution"],
        target_resolution=arrays["target_resolution"],
        sigma=arrays.get("sigma"),
        feature_names=tuple(about["feature_names"]),
        target_name=about["target_name"],
        feature_units=tuple(about["feature_units"]),
        target_unit=about["target_unit"],
        notes=tuple(about["notes"]),
    )
