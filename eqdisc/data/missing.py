"""Rows that cannot be used: a missing value or an infinity in one of their cells."""

from collections.abc import Sequence

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.errors import DataError


def complete_rows(
    where: str, names: Sequence[str], columns: Sequence[FloatArray], target: str, max_missing: float
) -> tuple[BoolArray, tuple[str, ...]]:
    """Which rows have a finite number in every column, and what to say of the others.

    names, columns : of the columns in use; NaN is a missing value
    max_missing    : DataError where a larger share of the target, or of the rows, is missing

    >>> rows, notes = complete_rows("it", ["p", "y"], [np.array([1, np.nan]), np.array([1, 2.0])], "y", 0.5)
    >>> rows.tolist(), notes
    ([True, False], ("1 of 2 rows left out: a missing value in 'p' (1)",))
    """
    missing = [np.isnan(column) for column in columns]
    infinite = [np.isinf(column) for column in columns]
    gaps, poles = np.logical_or.reduce(missing), np.logical_or.reduce(infinite)
    n_rows = gaps.size
    absent = int(np.count_nonzero(missing[list(names).index(target)]))
    if absent > max_missing * n_rows:
        raise DataError(
            f"{where}: the target {target!r} is missing in {absent} of {n_rows} rows, "
            f"more than the allowed {max_missing:.0%}; choose another target, or fill the gaps"
        )
    unusable = int(np.count_nonzero(gaps))
    if unusable > max_missing * n_rows:
        raise DataError(
            f"{where}: {unusable} of {n_rows} rows lack a value, more than the allowed {max_missing:.0%}: "
            f"{_counts(names, missing)}; choose features with fewer gaps"
        )
    notes = []
    if unusable:
        notes.append(f"{unusable} of {n_rows} rows left out: a missing value in {_counts(names, missing)}")
    only_infinite = int(np.count_nonzero(poles & ~gaps))
    if only_infinite:
        kinds = [column & ~gaps for column in infinite]
        notes.append(f"{only_infinite} of {n_rows} rows left out: an infinity in {_counts(names, kinds)}")
    return ~(gaps | poles), tuple(notes)


def _counts(names: Sequence[str], marked: Sequence[BoolArray], most: int = 8) -> str:
    """The columns with marked cells and how many, the worst first."""
    counts = [(int(np.count_nonzero(column)), name) for name, column in zip(names, marked, strict=True)]
    worst = sorted((pair for pair in counts if pair[0]), key=lambda pair: -pair[0])
    more = f" and {len(worst) - most} more columns" if len(worst) > most else ""
    return ", ".join(f"{name!r} ({count})" for count, name in worst[:most]) + more
