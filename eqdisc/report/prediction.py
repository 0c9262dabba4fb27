"""Predictions beside the table they were made for."""

import csv
import io
from collections.abc import Sequence

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.data.table import Columns
from eqdisc.errors import DataError, OptionError
from eqdisc.report.words import with_unit
from eqdisc.result import Law, Result
from eqdisc.scoring.domain import outside


def prediction_table(result: Result, law: Law, columns: Columns, level: float = 0.95) -> str:
    """The table with the values of a law, their intervals and a note for every row, as CSV text.

    columns : the columns that the law reads, `Law.used_features` in their order
    level   : probability with which a new measurement lies in the interval, between 0 and 1

    The notes say which columns lie outside the range that the law was found on, where a cell is missing and
    where the law has no finite value; such cells are left empty.
    """
    if not 0.0 < level < 1.0:
        raise OptionError(f"the level is {level}; wanted a probability between 0 and 1, such as 0.95")
    _check_units(result, columns)
    features = np.full((len(columns.features), len(law.feature_names)), np.nan)
    features[:, law.tree.features] = columns.features
    values = law.predict(features)
    low, high = law.predict_interval(features, level)
    beyond = outside(result.ranges, features)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    name = with_unit(f"{result.target_name} predicted", result.target_unit)
    percent = f"{100.0 * level:g} %"
    table.writerow([*columns.header, name, f"lower {percent}", f"upper {percent}", "note"])
    for i, row in enumerate(columns.rows()):
        note = _note(law.feature_names, features[i], values[i], beyond[i], law.tree.features)
        table.writerow([*row, _cell(values[i]), _cell(low[i]), _cell(high[i]), note])
    return text.getvalue()


def _check_units(result: Result, columns: Columns) -> None:
    known = dict(zip(result.feature_names, result.feature_units, strict=True))
    for name, unit in zip(columns.names, columns.units, strict=True):
        wanted = known.get(name)
        if unit is not None and wanted is not None and unit != wanted:
            raise DataError(
                f"the column {name!r} is in {unit}, the law was found with it in {wanted}; convert it, or "
                "leave out the unit in the header"
            )


def _note(names: Sequence[str], row: FloatArray, value: float, beyond: BoolArray, used: Sequence[int]) -> str:
    missing = [names[j] for j in used if np.isnan(row[j])]
    if missing:
        return f"missing {', '.join(missing)}"
    words = []
    if not np.isfinite(value):
        words.append("the law has no finite value here")
    if beyond[list(used)].any():
        words.append(f"outside the range of the data in {', '.join(names[j] for j in used if beyond[j])}")
    return "; ".join(words)


def _cell(value: float) -> str:
    return repr(float(value)) if np.isfinite(value) else ""
