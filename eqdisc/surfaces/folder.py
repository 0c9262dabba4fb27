"""The folder of a run that looked for a surface: written and read back."""

import csv
import io
from pathlib import Path
from typing import Any

from eqdisc.data.surfaces import Cloud, JointDataset
from eqdisc.errors import DataError
from eqdisc.report.array_file import Arrays, Kind, array_bytes, read_arrays
from eqdisc.report.folder import FRONT, PICTURES, PLOTS, REPORT, RESULT, TABLE, RunFolder
from eqdisc.report.surface_plot import pictures
from eqdisc.surfaces.record import R, surface_json, surface_of_json
from eqdisc.surfaces.result import SurfaceResult

KIND = Kind("eqdisc-surface-table", 1)
PICTURE = "surface"  # its name among the plots


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
    return read_arrays(table, KIND, _data) if table.exists() else None


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


def _table_bytes(data: Cloud | JointDataset) -> memoryview:
    arrays: Arrays
    if isinstance(data, Cloud):
        names, arrays = {"names": data.names}, {"points": data.points}
    else:
        names = {"feature_names": data.feature_names, "target_names": data.target_names}
        arrays = {"features": data.features, "targets": data.targets}
    return array_bytes(KIND, names, arrays)


def _data(arrays: dict[str, Any], about: dict[str, Any]) -> Cloud | JointDataset:
    if "points" in arrays:
        return Cloud.of(arrays["points"], about["names"])
    return JointDataset.of(
        arrays["features"], arrays["targets"], about["feature_names"], about["target_names"]
    )
