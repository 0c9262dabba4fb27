"""A batch of tables seen in several ways: scaled, standardised, ranked, as logarithms and squares."""

from dataclasses import dataclass

import numpy as np

from eqdisc._typing import AnyArray, BoolArray, FloatArray

#: Values below this share of their column's size are as good as 0 to the logarithm.
SMALLEST = 1e-8
#: A column whose standard deviation is below this share of its size does not vary: it is rounding.
FLAT = 1e-12


@dataclass(frozen=True, slots=True)
class Views:
    """B tables of N rows with C columns, the target last; rows that are not there are 0.

    rows      : (B, 1, 1) how many rows are there
    mask      : (B, C, N) which cells are there
    value     : (B, C, N) the values over their root mean square
    logarithm : (B, C, N) log10 of the absolute value over the root mean square, at least -8
    standard, rank, log, square : (B, C, N) with mean 0 and deviation 1: the value, its rank (ties share
        theirs), its logarithm, the square of `standard`; all 0 where there is no variation
    order     : (B, C, N) the rows in ascending order of each column, absent rows last
    size      : (B, C) log10 of the root mean square
    mean, deviation : (B, C) of `value`
    distinct  : (B, C) share of values that differ from all others before them
    whole     : (B, C) share of the values that are integers
    """

    rows: FloatArray
    mask: BoolArray
    value: AnyArray
    logarithm: AnyArray
    standard: AnyArray
    rank: AnyArray
    log: AnyArray
    square: AnyArray
    order: AnyArray
    size: FloatArray
    mean: FloatArray
    deviation: FloatArray
    distinct: FloatArray
    whole: FloatArray


def views_of(features: FloatArray, target: FloatArray, present: BoolArray, there: BoolArray) -> Views:
    """Views of (B, N, C-1) features and (B, N) targets; `present` rows (B, N), `there` columns (B, C-1)."""
    rows = present.sum(1, dtype=np.float64)[:, None, None]
    table = np.concatenate([features, target[:, :, None]], axis=2).swapaxes(1, 2)
    is_there = np.concatenate([there, np.ones_like(there[:, :1])], axis=1)
    mask = is_there[:, :, None] & present[:, None, :]
    table = np.where(mask, table, 0.0)
    whole = ((table == np.rint(table)) & mask).sum(2) / rows[:, :, 0]
    value, size = _scaled(table, rows)
    mean = value.sum(2, keepdims=True) / rows
    centred = (value - mean) * mask
    deviation = np.sqrt((centred * centred).sum(2, keepdims=True) / rows)
    varies = deviation > FLAT
    standard = np.where(varies, centred / np.where(varies, deviation, 1.0), 0.0).astype(np.float32)
    with np.errstate(divide="ignore"):
        logarithm = np.log10(np.maximum(np.abs(value), SMALLEST)).astype(np.float32) * mask
    order, rank, distinct = _ranked(value, present, rows)
    return Views(
        rows=rows,
        mask=mask,
        value=value.astype(np.float32),
        logarithm=logarithm,
        standard=standard,
        rank=_standardised(rank * mask, mask, rows),
        log=_standardised(logarithm, mask, rows),
        square=_standardised(standard * standard, mask, rows),
        order=order,
        size=size,
        mean=mean[:, :, 0],
        deviation=deviation[:, :, 0],
        distinct=distinct,
        whole=whole,
    )


def _scaled(table: FloatArray, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Values over their root mean square, and its log10; by way of the largest: no square overflows."""
    largest = np.abs(table).max(2, keepdims=True)
    unit = np.where(largest > 0.0, largest, 1.0)
    value = table / unit
    root = np.sqrt((value * value).sum(2, keepdims=True) / rows)
    root = np.where(root > 0.0, root, 1.0)
    return value / root, (np.log10(unit) + np.log10(root))[:, :, 0]


def _standardised(values: AnyArray, mask: BoolArray, rows: FloatArray) -> AnyArray:
    """float32 values with mean 0 and deviation 1; 0 where they do not vary but by rounding."""
    centred = (values - (values.sum(2, keepdims=True) / rows).astype(np.float32)) * mask
    deviation = np.sqrt((centred * centred).sum(2, keepdims=True) / rows)
    varies = deviation > 1e-5
    scale = np.where(varies, 1.0 / np.where(varies, deviation, 1.0), 0.0).astype(np.float32)
    found: AnyArray = centred * scale
    return found


def _ranked(value: FloatArray, present: BoolArray, rows: FloatArray) -> tuple[AnyArray, AnyArray, FloatArray]:
    """Ascending order of each column, ranks (equal values have the mean of theirs), share of distinct."""
    n = value.shape[2]
    order = np.argsort(np.where(present[:, None, :], value, np.inf), axis=2)
    ascending = np.take_along_axis(value, order, 2)
    starts = np.ones(value.shape, np.bool_)
    np.not_equal(ascending[:, :, 1:], ascending[:, :, :-1], out=starts[:, :, 1:])
    place = np.arange(n, dtype=np.float32)
    first = np.maximum.accumulate(np.where(starts, place, 0.0), axis=2)
    ends = np.ones(value.shape, np.bool_)
    ends[:, :, :-1] = starts[:, :, 1:]
    last = np.minimum.accumulate(np.where(ends, place, np.float32(n))[:, :, ::-1], axis=2)[:, :, ::-1]
    # Absent rows come last in the order; a value equal to their 0 must not share its place with them.
    np.minimum(last, rows.astype(np.float32) - 1.0, out=last)
    rank = np.empty_like(first)
    np.put_along_axis(rank, order, 0.5 * (first + last), 2)
    counted = starts & (place < rows)
    return order, rank, counted.sum(2) / rows[:, :, 0]
