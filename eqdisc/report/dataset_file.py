"""A table as a file of its own arrays, read back exactly; NumPy's format, without pickles."""

from pathlib import Path
from typing import Any

import numpy as np

from eqdisc.atomic import write_bytes
from eqdisc.data.dataset import Dataset
from eqdisc.report.array_file import Kind, array_bytes, read_arrays

KIND = Kind("eqdisc-dataset", 1)
_ARRAYS = ("features", "target", "feature_resolution", "target_resolution")
_OPTIONAL = ("weights", "sigma")


def write_dataset(dataset: Dataset, path: str | Path) -> None:
    """Write a table with its names, units, uncertainties and notes; whole or not at all."""
    facts = {
        "feature_names": dataset.feature_names,
        "target_name": dataset.target_name,
        "feature_units": dataset.feature_units,
        "target_unit": dataset.target_unit,
        "notes": dataset.notes,
    }
    arrays = {name: getattr(dataset, name) for name in _ARRAYS}
    arrays |= {name: getattr(dataset, name) for name in _OPTIONAL if getattr(dataset, name) is not None}
    write_bytes(Path(path), array_bytes(KIND, facts, arrays))


def read_dataset(path: str | Path) -> Dataset:
    """The table that `write_dataset` wrote. DataError for a file that is missing, damaged or newer."""
    return read_arrays(Path(path), KIND, _dataset)


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
