"""The folder of a run that looked for a surface: written and read back."""

import csv
import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from eqdisc.data.surfaces import Cloud, JointDataset
from eqdisc.errors import DataError
from eqdisc.report.folder import FRONT, PICTURES, PLOTS, REPORT, RESULT, TABLE, RunFolder
from eqdisc.report.surface_plot import pictures
from eqdisc.surfaces.record import R, surface_json, surface_of_json
from eqdisc.surfaces.result import SurfaceResult

FORMAT = "eqdisc-surface-table"
VERSION = 1
PICTURE = "surface"  # its name among the plots
_DAMAGE = (ValueError, LookupError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, zlib.error)


def write_surface(folder: RunFolder, result: SurfaceResult) -> None:
    """Write everything a run leaves when it ends; the result first, all else can be made from it."""
    from eqdisc.surfaces.page import scene_of, surface_page

    folder.write(RESULT, surface_json(result))
    if result.data is not None:
        folder.write(TABLE, _table_bytes(result.data))
    folder.write(FRONT, surface_csv(result))
    scene = scene_of(result)
    drawings = {} if scene is None else pictures(scene, PICTURES)
    for kind, content in drawings.items():
        (folder.path / PLOTS).mkdir(exist_ok=True)
        folder.write(f"{PLOTS}/{PICTURE}.{kind}", content)
    folder.write(REPORT, surface_page(result, scene, drawings.get("png")))


def read_surface(path: str | Path, kind: type[R]) -> R:
    """The surface of a run, from its folder or the file `result.json` itself.

    DataError where there is none, or where it is damaged or from a newer version.
    """
    path = Path(path)
    path = path / RESULT if path.is_dir() else path
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    return surface_of_json(content, str(path), kind)


def read_surface_table(path: str | Path) -> Cloud | JointDataset | None:
    """The table kept beside a surface, by its folder or its `result.json`; None where there is none.

    DataError for a file that is damaged or from a newer version.
    """
    path = Path(path)
    table = (path if path.is_dir() else path.parent) / TABLE
    if not table.exists():
        return None
    try:
        with np.load(table, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        about = json.loads(arrays.pop("about").tobytes())
        if about["format"] != FORMAT:
            raise ValueError(f"its format is {about['format']!r}")
        if about["version"] > VERSION:
            raise DataError(
                f"{table} was made by a newer eqdisc (format {about['version']}, this one reads {VERSION}); "
                "upgrade"
            )
        return _data(arrays, about)
    except OSError as error:
        raise DataError(f"{table} cannot be read: {error.strerror or error}") from error
    except DataError:
        raise
    except _DAMAGE as error:
        raise DataError(f"{table} is no table that eqdisc wrote, or it is damaged: {error}") from error


def surface_csv(result: SurfaceResult) -> str:
    """The front as a CSV file, all digits; a law of several equations has a row for each."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(
        ["number", "chosen", "form", "complexity", "distance", "exact", "found_by", "target", "expression"]
    )
    for number, law in enumerate(result.laws, start=1):
        chosen = "yes" if law is result.best else ""
        facts = [number, chosen, law.form, law.complexity, repr(law.distance), "yes" if law.exact else ""]
        for target, expression in (law.equations or {"": law.expression}).items():
            table.writerow([*facts, law.origin, target, expression])
    return text.getvalue()


def _table_bytes(data: Cloud | JointDataset) -> bytes:
    arrays: dict[str, Any]
    if isinstance(data, Cloud):
        names, arrays = {"names": data.names}, {"points": data.points}
    else:
        names = {"feature_names": data.feature_names, "target_names": data.target_names}
        arrays = {"features": data.features, "targets": data.targets}
    about = {"format": FORMAT, "version": VERSION, **names}
    # Names as bytes of JSON: an array of text would drop zeros at their ends.
    text = np.frombuffer(json.dumps(about).encode("utf-8"), dtype=np.uint8)
    content = io.BytesIO()
    np.savez_compressed(content, about=text, **arrays)
    return content.getvalue()


def _data(arrays: dict[str, Any], about: dict[str, Any]) -> Cloud | JointDataset:
    if "points" in arrays:
        return Cloud.of(arrays["points"], about["names"])
    return JointDataset.of(
        arrays["features"], arrays["targets"], about["feature_names"], about["target_names"]
    )
