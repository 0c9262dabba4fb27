# mypy: warn_return_any=False
"""Compiled search for partners: two vectors of the table that make an aim together."""

from typing import NamedTuple

import numpy as np

from eqdisc._typing import FloatArray, Int32Array, IntArray
from eqdisc.engine.compile import inlined, kernel, summation
from eqdisc.proposers.enumeration.kernels import WIDTH, key_of, mismatches, spread

#: Residuals are relative to the value of their row, and no less than this share of the mean value.
LEAST = 1e-4
#: Share of the square of a column beyond the others, below which it is one of them.
DEPENDENT = 1e-16


class Index(NamedTuple):
    """Keys in rising order, whose they are, and where each leading bit pattern begins; `shift` the rest."""

    keys: IntArray
    order: Int32Array
    starts: Int32Array
    shift: int


@kernel
def shape_keys(values: FloatArray, keys: IntArray) -> None:
    """Keys of the vectors divided by their first value."""
    row = np.empty(WIDTH)
    for n in range(values.shape[0]):
        scale = 1.0 / values[n, 0]
        for i in range(WIDTH):
            row[i] = values[n, i] * scale
        keys[n] = key_of(row)


@inlined
def _partner(kind: int, t: float, v: float) -> float:
    """What has to be in the table for t and v to make a pair; see `matching.PAIRS`."""
    if kind == 0:
        return t - v
    if kind == 1:
        return t + v
    if kind == 2:
        return t / v
    if kind == 3:
        return t * v
    if kind == 4:
        return t / (v * v)
    if kind == 5:
        return t * (v * v)
    if kind == 6:
        return t / np.sqrt(abs(v))
    if kind == 7:
        return t * np.sqrt(abs(v))
    if kind == 8:
        return t / (v * v * v)
    return t * (v * v * v)


@kernel
def match(
    values: FloatArray,
    count: int,
    index: Index,
    target: FloatArray,
    kind: int,
    shape: bool,
    first: int,
    last: int,
    tolerance: float,
    slack: int,
    hits: IntArray,
) -> int:
    """Pairs (v, w) of vectors first..last and any that make the target: w = +-partner(target, v), or a
    multiple of it where `shape`. hits[j] = (v, w); their number, at most as many as fit."""
    row = np.empty(WIDTH)
    found = 0
    half = np.int64(index.starts.shape[0] - 1) >> np.int64(1)
    for n in range(first, last):
        for i in range(WIDTH):
            row[i] = _partner(kind, target[i], values[n, i])
        scale = 1.0
        if shape:
            scale = 1.0 / row[0]
            for i in range(WIDTH):
                row[i] = row[i] * scale
        size, _, zero = spread(row)
        if not (zero == 0.0 and size > 0.0):
            continue
        low = key_of(row) - slack
        place = index.starts[(low >> np.int64(index.shift)) + half]
        while place < count:
            ahead = index.keys[place] - low
            if ahead > 2 * slack:
                break
            if ahead >= 0:
                other = values[index.order[place]]
                factor = 1.0 / other[0] if shape else 1.0
                good = mismatches(row, other, factor, tolerance) == 0
                if not shape and not good:
                    good = mismatches(row, other, -1.0, tolerance) == 0
                if good:
                    hits[found, 0] = n
                    hits[found, 1] = index.order[place]
                    found += 1
                    if found == hits.shape[0]:
                        return found
            place += 1
    return found


@summation
def _near_zero(
    c0: float, c1: float, c2: float, x0: FloatArray, x1: FloatArray, x2: FloatArray, tolerance: float
) -> int:
    near = 0
    for n in range(x0.shape[0]):
        p0 = c0 * x0[n]
        p1 = c1 * x1[n]
        p2 = c2 * x2[n]
        near += 1 if abs(p0 + p1 + p2) <= tolerance * (abs(p0) + abs(p1) + abs(p2)) else 0
    return near


@inlined
def _column(kind: int, f: FloatArray, g: FloatArray, i: int) -> float:
    if kind == 3:
        return f[i] * g[i]
    if kind == 4:
        return f[i] / g[i]
    return g[i]


@kernel
def _fits(kind: int, u: FloatArray, f: FloatArray, g: FloatArray, tolerance: float, work: FloatArray) -> bool:
    """Whether u is a combination of g (f*g, f/g) and 1, of f and g, or of f, g and 1, on every row.

    By Gram-Schmidt on rows divided by the size of u (not less than a little of its mean), twice for each
    column.
    """
    columns = 3 if kind == 2 else 2
    mean = 0.0
    for i in range(WIDTH):
        mean += abs(u[i]) / WIDTH
    for i in range(WIDTH):
        weight = 1.0 / (abs(u[i]) + LEAST * mean)
        work[3, i] = u[i] * weight
        work[0, i] = (f[i] if kind == 1 or kind == 2 else 1.0) * weight
        work[1, i] = _column(kind, f, g, i) * weight
        work[2, i] = weight
    for c in range(4):
        if c >= columns and c < 3:
            continue
        before = 0.0
        for i in range(WIDTH):
            before += work[c, i] * work[c, i]
        for _ in range(2):
            for b in range(min(c, columns)):
                along = 0.0
                for i in range(WIDTH):
                    along += work[b, i] * work[c, i]
                for i in range(WIDTH):
                    work[c, i] -= along * work[b, i]
        if c < 3:
            square = 0.0
            for i in range(WIDTH):
                square += work[c, i] * work[c, i]
            if not 1e-280 < DEPENDENT * before < square < 1e280:
                return False
            for i in range(WIDTH):
                work[c, i] /= np.sqrt(square)
    good = True
    for i in range(WIDTH):
        good = good and abs(work[3, i]) <= tolerance
    return good


@kernel
def scan(
    kind: int,
    lines: FloatArray,
    aims: FloatArray,
    firsts: FloatArray,
    columns: FloatArray,
    values: FloatArray,
    start: int,
    stop: int,
    tolerance: float,
    hits: IntArray,
) -> int:
    """Pairs (m, n) with lines[m] . columns[:, n] = 0 that fit on all rows; hits[j] = (m, n), their number.

    lines (M, 3), columns (3, N), aims (M, WIDTH) what is to be fitted, firsts (M, WIDTH) the first partners,
    n in start..stop. Three products a pair: what three rows refute is never looked at again.
    """
    work = np.empty((4, WIDTH))
    found = 0
    tile = 1024
    for begin in range(start, stop, tile):
        end = min(begin + tile, stop)
        # Rows of their own: an index that may be negative keeps a loop from being vectorised.
        x0, x1, x2 = columns[0, begin:end], columns[1, begin:end], columns[2, begin:end]
        for m in range(lines.shape[0]):
            c0, c1, c2 = lines[m, 0], lines[m, 1], lines[m, 2]
            if _near_zero(c0, c1, c2, x0, x1, x2, tolerance) == 0:
                continue
            # Multiples of the first part meet the condition too: what is near has to be found quickly.
            for block in range(0, end - begin, 64):
                some = slice(block, min(block + 64, end - begin))
                if _near_zero(c0, c1, c2, x0[some], x1[some], x2[some], tolerance) == 0:
                    continue
                for k in range(block, min(block + 64, end - begin)):
                    p0, p1, p2 = c0 * x0[k], c1 * x1[k], c2 * x2[k]
                    if not abs(p0 + p1 + p2) <= tolerance * (abs(p0) + abs(p1) + abs(p2)):
                        continue
                    n = begin + k
                    if _fits(kind, aims[m], firsts[m], values[n], 100.0 * tolerance, work):
                        hits[found, 0] = m
                        hits[found, 1] = n
                        found += 1
                        if found == hits.shape[0]:
                            return found
    return found
    return found
