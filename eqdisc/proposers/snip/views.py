"""A batch of tables seen in several ways: scaled, standardised, ranked, as logarithms and squares."""

from dataclasses import dataclass

import numpy as np

from eqdisc._typing import AnyArray, BoolArray, FloatArray, IntArray

#: Values below this share of their column's size are as good as 0 to the logarithm.
SMALLEST = 1e-8
#: A column whose standard deviation is below this share of its size does not vary: it is rounding.
FLAT = 1e-12
#: Places of the kinds of views in `Views.kinds`.
SQUARE, STANDARD, LOG, RANK = range(4)


@dataclass(frozen=True, slots=True)
class Views:
    """B tables of N rows with C columns, the target last; whatever is not there is 0.

    rows      : (B, 1) how many rows are there
    there     : (B, C) which columns are there
    value     : (B, C, N) the values over their root mean square
    sign      : (B, C, N) -1, 0 or 1
    logarithm : (B, C, N) log10 of the absolute value over the root mean square, at least -8
    kinds     : (B, 4, C, N) with mean 0 and deviation 1: the square of `standard`, the value, its logarithm,
        its rank (ties share theirs); all 0 where there is no variation
    order     : (B, C, N) the rows in ascending order of each column, absent rows last
    size      : (B, C) log10 of the root mean square
    mean, deviation, least, most : (B, C) of `value`
    distinct  : (B, C) share of values that differ from all others before them
    whole     : (B, C) share of the values that are integers
    """

    rows: FloatArray
    there: BoolArray
    value: AnyArray
    sign: AnyArray
    logarithm: AnyArray
    kinds: AnyArray
    order: IntArray
    size: FloatArray
    mean: FloatArray
    deviation: FloatArray
    least: FloatArray
    most: FloatArray
    distinct: FloatArray
    whole: FloatArray

    @property
    def standard(self) -> AnyArray:
        """(B, C, N) the standardised values."""
        return self.kinds[:, STANDARD]

    @property
    def log(self) -> AnyArray:
        """(B, C, N) the standardised logarithms."""
        return self.kinds[:, LOG]

    @property
    def rank(self) -> AnyArray:
        """(B, C, N) the standardised ranks."""
        return self.kinds[:, RANK]


def views_of(features: FloatArray, target: FloatArray, present: BoolArray, there: BoolArray) -> Views:
    """Views of (B, N, C-1) features and (B, N) targets; `present` rows (B, N), `there` columns (B, C-1)."""
    rows = present.sum(1, dtype=np.float64)[:, None]
    there = np.concatenate([there, np.ones((len(there), 1), np.bool_)], axis=1)
    absent = None if present.all() else ~present[:, None, :]
    table = _table(features, target, there, absent)
    surplus = table.shape[2] - rows  # rows that are not there are 0, an integer
    whole = ((table == np.rint(table)).sum(2) - surplus) / rows
    value, size = _scaled(table, rows)
    order, rank, distinct, least, most = _ranked(value, absent, rows)
    small = value.astype(np.float32)
    kinds = np.empty((len(table), 4, *table.shape[1:]), np.float32)
    mean = value.sum(2) / rows
    centred = _cleared(value - mean[:, :, None], absent)
    deviation = np.sqrt(dots(centred, centred) / rows)
    centred *= np.where(deviation > FLAT, 1.0 / np.maximum(deviation, FLAT), 0.0)[:, :, None]
    kinds[:, STANDARD] = centred
    # NumPy's log10 takes nearly twice as long as its log.
    logarithm = (np.log(np.maximum(np.abs(value), SMALLEST)) / np.log(10.0)).astype(np.float32)
    logarithm *= there[:, :, None]
    _standardise(_cleared(logarithm, absent), rows, absent, kinds[:, LOG])
    _standardise(rank, rows, absent, kinds[:, RANK])
    _standardise(kinds[:, STANDARD] * kinds[:, STANDARD], rows, absent, kinds[:, SQUARE])
    return Views(
        rows=rows,
        there=there,
        value=small,
        sign=np.sign(small),
        logarithm=logarithm,
        kinds=kinds,
        order=order,
        size=size,
        mean=mean,
        deviation=deviation,
        least=least,
        most=most,
        distinct=distinct,
        whole=whole,
    )


def _table(
    features: FloatArray, target: FloatArray, there: BoolArray, absent: BoolArray | None
) -> FloatArray:
    """(B, C, N) columns, the target last, 0 where there is nothing."""
    table = np.empty((len(target), features.shape[2] + 1, target.shape[1]))
    table[:, :-1] = features.swapaxes(1, 2)
    table[:, -1] = target
    table[~there] = 0.0
    return _cleared(table, absent)


def _cleared(values: AnyArray, absent: BoolArray | None) -> AnyArray:
    """The values, in place, with 0 in the rows that are absent; None is none, as most often."""
    if absent is not None:
        np.copyto(values, 0.0, where=absent)
    return values


def _scaled(table: FloatArray, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Values over their root mean square, in place, and its log10; by the largest first: no overflow."""
    largest = np.maximum(table.max(2), -table.min(2))
    unit = np.where(largest > 0.0, largest, 1.0)
    table /= unit[:, :, None]
    root = np.sqrt(dots(table, table) / rows)
    root = np.where(root > 0.0, root, 1.0)
    table /= root[:, :, None]
    return table, np.log10(unit) + np.log10(root)


def dots(a: AnyArray, b: AnyArray) -> AnyArray:
    """(B, C) sums of products of (B, C, N) arrays along their rows."""
    found: AnyArray = np.einsum("bcn,bcn->bc", a, b)
    return found


def _standardise(values: AnyArray, rows: FloatArray, absent: BoolArray | None, out: AnyArray) -> None:
    """float32 values with mean 0 and deviation 1; 0 where they do not vary but by rounding."""
    mean = (values.sum(2) / rows).astype(np.float32)
    np.subtract(values, mean[:, :, None], out=out)
    _cleared(out, absent)
    deviation = np.sqrt(dots(out, out) / rows)
    scale = np.where(deviation > 1e-5, 1.0 / np.maximum(deviation, 1e-5), 0.0)
    out *= scale.astype(np.float32)[:, :, None]


def _ranked(
    value: FloatArray, absent: BoolArray | None, rows: FloatArray
) -> tuple[IntArray, AnyArray, FloatArray, FloatArray, FloatArray]:
    """Of each column: ascending order, ranks (ties share the mean), share of distinct, least, most."""
    b, columns, n = value.shape
    keys = value if absent is None else np.where(absent, np.inf, value)
    order = np.argsort(keys, axis=2)
    flat = order + n * np.arange(b * columns).reshape(b, columns, 1)
    ascending = keys.reshape(-1).take(flat, mode="clip")
    starts = np.ones(value.shape, np.bool_)
    np.not_equal(ascending[:, :, 1:], ascending[:, :, :-1], out=starts[:, :, 1:])
    different = starts.sum(2)
    place = np.empty(value.shape, np.float32)
    place[:] = np.arange(n, dtype=np.float32)
    tied = different < n
    if tied.any():
        place[tied] = _shared(starts[tied])
    rank = np.empty(value.shape, np.float32)
    rank.reshape(-1)[flat] = place
    most = np.take_along_axis(ascending, rows[:, :, None].astype(np.intp) - 1, 2)[:, :, 0]
    return order, _cleared(rank, absent), (different - (rows < n)) / rows, ascending[:, :, 0], most


def _shared(starts: BoolArray) -> AnyArray:
    """(m, n) mean place of the run of equal values that each belongs to; (m, n) `starts` of the runs."""
    first = np.flatnonzero(starts)
    length = np.diff(first, append=starts.size)
    middle = (first % starts.shape[1] + 0.5 * (length - 1)).astype(np.float32)
    return np.repeat(middle, length).reshape(starts.shape)
