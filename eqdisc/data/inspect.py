"""What columns are, seen from their numbers alone: constant, alike, proportional, whole."""

from collections.abc import Sequence

import numpy as np

from eqdisc._typing import AnyArray, FloatArray
from eqdisc.data.resolution import is_count

_SAMPLE = 256  # rows looked at first; most columns need no more
_ALIKE = 1e-12  # 1 - cosine of columns that are worth a comparison of all rows
_ROUNDING = 8 * 2.0**-53  # relative error of c*x where c is a ratio of two values
_MOST = 12  # names listed


def column_notes(
    names: Sequence[str], features: FloatArray, target_name: str, target: FloatArray
) -> tuple[str, ...]:
    """What a reader should know of the columns; they are left as they are.

    features : (n, k) finite; target : (n,) finite

    >>> x = np.array([1.5, 2.25, 4.0])
    >>> column_notes(["x", "twice", "one"], np.column_stack([x, 2 * x, x**0]), "y", x**2)
    ("the feature 'one' is 1 in every row", "the feature 'twice' is 'x' times 2")
    """
    sample = features[_spread(features.shape[0])]
    constant = [_is_constant(sample[:, j], features[:, j]) for j in range(len(names))]
    notes = []
    for j, name in enumerate(names):
        if constant[j]:
            notes.append(f"the feature {name!r} is {features[0, j]:.6g} in every row")
        elif features[0, j] == target[0] and np.array_equal(features[:, j], target):
            notes.append(f"the feature {name!r} holds the same numbers as the target {target_name!r}")
    for copy, original, factor in proportional_columns(features):
        same = f"holds the same numbers as {names[original]!r}"
        relation = same if factor == 1.0 else f"is {names[original]!r} times {factor:.6g}"
        notes.append(f"the feature {names[copy]!r} {relation}")
    varying = [j for j in range(len(names)) if not constant[j]]
    whole = [names[j] for j in varying if _is_whole(sample[:, j], features[:, j])]
    if whole:
        listed = ", ".join(map(repr, whole[:_MOST])) + (", ..." if len(whole) > _MOST else "")
        notes.append(f"whole numbers, taken as exact counts: {listed}")
    return tuple(notes)


def proportional_columns(columns: FloatArray) -> list[tuple[int, int, float]]:
    """Columns that are another one times a factor, to rounding: (which, of which earlier one, factor).

    columns : (n, k) finite; constant ones are left out
    Columns that agree in a sample of rows are compared in all rows.

    >>> proportional_columns(np.array([[1.0, 3.0, 2.0], [2.0, 1.0, 4.0], [7.0, 2.0, 14.0]]))
    [(2, 0, 2.0)]
    """
    rows = _spread(columns.shape[0])
    sample = columns[rows]
    varying = [j for j, column in enumerate(columns.T) if not _is_constant(sample[:, j], column)]
    sample = sample[:, varying]
    for i in np.flatnonzero(~sample.any(axis=0)).tolist():  # zero but in a few rows: compare by the largest
        rows = np.append(rows, np.argmax(np.abs(columns[:, varying[i]])))
    sample = columns[rows][:, varying]
    peaks = rows[np.argmax(np.abs(sample), axis=0)]
    sample /= np.max(np.abs(sample), axis=0)  # before squares, which would overflow
    sample /= np.sqrt(np.sum(np.square(sample), axis=0))
    alike = np.abs(sample.T @ sample) > 1.0 - _ALIKE
    found: dict[int, tuple[int, int, float]] = {}
    for later, earlier in np.argwhere(np.tril(alike, -1)).tolist():
        if later in found or earlier in found:
            continue
        copy, original = varying[later], varying[earlier]
        factor = _factor(columns[:, copy], columns[:, original], int(peaks[earlier]))
        if factor is not None:
            found[later] = (copy, original, factor)
    return list(found.values())


def _spread(n_rows: int) -> AnyArray:
    """Rows to look at first: all of a small table, evenly spaced ones of a large one."""
    return np.unique(np.linspace(0, n_rows - 1, _SAMPLE).astype(np.int64))


def _is_constant(sample: FloatArray, column: FloatArray) -> bool:
    return bool(np.all(sample == column[0]) and np.all(column == column[0]))


def _factor(column: FloatArray, original: FloatArray, row: int) -> float | None:
    """The number that `original` times is `column`, to rounding; None where there is none."""
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        factor = float(column[row] / original[row])
        rounded = float(f"{factor:.15g}")  # 0.001 rather than 0.0010000000000000002
        for candidate in (rounded, factor):
            if np.all(np.abs(column - candidate * original) <= _ROUNDING * np.abs(column)):
                return candidate
    return None


def _is_whole(sample: FloatArray, column: FloatArray) -> bool:
    """Whether all are counts, and not just 0 and 1."""
    return bool(is_count(sample) and is_count(column) and np.any((column != 0.0) & (column != 1.0)))
