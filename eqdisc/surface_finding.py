"""A surface that was found, with the doors to files, pages and code."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
from numpy.typing import ArrayLike

from eqdisc._typing import FloatArray
from eqdisc.atomic import write_bytes
from eqdisc.data.header import Header
from eqdisc.errors import DataError, OptionError
from eqdisc.findings import Folder
from eqdisc.report.folder import RunFolder
from eqdisc.report.plots import Format
from eqdisc.surfaces.folder import read_surface, read_surface_table, write_surface
from eqdisc.surfaces.law import SurfaceLaw
from eqdisc.surfaces.record import surface_json
from eqdisc.surfaces.result import SurfaceResult
from eqdisc.surfaces.shape import shape_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

PICTURE_FORMATS: tuple[Format, ...] = get_args(Format)


class SurfaceDiscovery(SurfaceResult):
    """A `SurfaceResult` with the doors to files, pages and code; what `discover_surface` returns."""

    def latex(self, digits: int = 6) -> str:
        """The best law as LaTeX, constants to so many digits."""
        return self.best.latex(digits)

    def export(self, language: str, law: SurfaceLaw | None = None) -> str:
        """The best law, or the one given, as one function in a language; see `SurfaceLaw.source`."""
        return (law or self.best).source(language)

    def predict(self, X: "ArrayLike | pd.DataFrame") -> FloatArray:
        """What the best law gives: outputs (n, m) at parameters, or values (n,) of F at points.

        X : (n, k) in the order of `best.variables`, or a data frame that has these columns
        A row where the law has no finite value gets NaN or infinity. DataError for another shape.
        """
        return self.best.values(_matrix(X, self.best.variables))

    def distances(self, points: ArrayLike) -> FloatArray:
        """(n,) distances of points (n, d), in their units, from the surface near the box of the table."""
        return shape_of(self).distances(np.ascontiguousarray(points, dtype=np.float64))

    def sample(self, count: int, seed: int = 0) -> FloatArray:
        """(m, d) points of the surface, even by area, at most `count`.

        Of F = 0 those in the box of the table, widened a little; else those of the parameters' ranges there.
        """
        return shape_of(self).sample(count, np.random.default_rng(seed))

    def to_json(self) -> str:
        """All of it as JSON, from which it can be read back."""
        return surface_json(self)

    def to_html(self, path: Folder) -> Path:
        """Write the report: one page that works offline."""
        from eqdisc.surfaces.page import surface_page

        write_bytes(Path(path), surface_page(self).encode())
        return Path(path)

    def to_picture(self, path: Folder, law: SurfaceLaw | None = None) -> Path:
        """Draw the best law, or the one given, and the points into a PNG, PDF or SVG file, by its ending.

        OptionError for another ending, DataError for a law of which there is nothing to be drawn.
        """
        from eqdisc.surfaces.page import picture_of

        ending = Path(path).suffix.lower().removeprefix(".")
        kind = next((kind for kind in PICTURE_FORMATS if kind == ending), None)
        if kind is None:
            raise OptionError(f"{path} ends in {ending!r}; a picture is a {', '.join(PICTURE_FORMATS)} file")
        write_bytes(Path(path), picture_of(self, kind, law))
        return Path(path)

    def save(self, folder: Folder, *, overwrite: bool = False) -> Path:
        """Write a run folder: result.json, front.csv, report.html, pictures and the table itself.

        OptionError for a folder that holds another run, unless `overwrite`, or that cannot be written.
        """
        with RunFolder.create(Path(folder), overwrite) as run:
            self.write(run)
        return Path(folder)

    def write(self, folder: RunFolder) -> None:
        """Write everything a run leaves when it ends."""
        write_surface(folder, self)


def load_surface(folder: Folder) -> SurfaceDiscovery:
    """The surface that a run folder, or its `result.json`, holds; with the table where the folder has it.

    DataError where there is none, where it is damaged, or from a newer version.
    """
    found = read_surface(Path(folder), SurfaceDiscovery)
    return replace(found, data=read_surface_table(Path(folder)))


def _matrix(X: "ArrayLike | pd.DataFrame", variables: "Sequence[str]") -> FloatArray:
    columns = getattr(X, "columns", None)
    if columns is None:
        return np.ascontiguousarray(X, dtype=np.float64)
    header = Header.of([str(name) for name in columns])
    places = [header.position(name) for name in variables]
    for name, place in zip(variables, places, strict=True):
        if place is None:
            raise DataError(f"the data frame has no column {name!r}; the law reads {', '.join(variables)}")
    return np.column_stack([np.asarray(X[columns[place]], dtype=np.float64) for place in places])  # type: ignore[index]
