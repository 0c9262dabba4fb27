"""What a surface says of the rows of another table."""

import csv
import io

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.data.table import Columns
from eqdisc.scoring.domain import outside
from eqdisc.surfaces.law import SurfaceLaw
from eqdisc.surfaces.result import SurfaceResult


def surface_predictions(result: SurfaceResult, law: SurfaceLaw, columns: Columns) -> str:
    """The table with the values of a law and a note for every row, as CSV text.

    columns : those of `law.variables`, in their order

    Of F = 0 the value is F. The notes say which columns lie outside the range that the law was found on,
    where a cell is missing and where the law has no finite value; such cells are left empty.
    """
    values = law.values(columns.features).reshape(len(columns.features), -1)
    beyond = outside(result.ranges_of(law), columns.features)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    predicted = [f"{target} predicted" for target in law.targets] or ["F"]
    table.writerow([*columns.header, *predicted, "note"])
    for i, row in enumerate(columns.rows()):
        cells = [repr(float(value)) if np.isfinite(value) else "" for value in values[i]]
        table.writerow([*row, *cells, _note(law.variables, columns.features[i], values[i], beyond[i])])
    return text.getvalue()


def _note(names: tuple[str, ...], row: FloatArray, values: FloatArray, beyond: BoolArray) -> str:
    missing = [name for name, cell in zip(names, row, strict=True) if np.isnan(cell)]
    if missing:
        return f"missing {', '.join(missing)}"
    words = []
    if not np.isfinite(values).all():
        words.append("the law has no finite value here")
    if beyond.any():
        outer = [name for name, far in zip(names, beyond, strict=True) if far]
        words.append(f"outside the range of the data in {', '.join(outer)}")
    return "; ".join(words)
