"""Runs that were kept, whatever was looked for."""

import json
from pathlib import Path

from eqdisc.findings import Discovery, Folder
from eqdisc.findings import load as load_law
from eqdisc.report.folder import RESULT
from eqdisc.surface_finding import SurfaceDiscovery, load_surface
from eqdisc.surfaces.record import FORMAT


def load(folder: Folder) -> Discovery | SurfaceDiscovery:
    """The result that a run folder, or its `result.json`, holds; with the table where the folder has it.

    DataError where there is none, where it is damaged, or from a newer version.
    """
    return load_surface(folder) if _holds_surface(Path(folder)) else load_law(folder)


def _holds_surface(path: Path) -> bool:
    """Whether the result is that of a surface; what cannot be read is left to the reader of laws."""
    path = path / RESULT if path.is_dir() else path
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(record, dict) and record.get("format") == FORMAT
