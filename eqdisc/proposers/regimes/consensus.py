"""The law that most rows agree on: grown from a neighbourhood to all rows that follow it.

Random sample consensus (Fischler and Bolles 1981) with neighbourhoods for samples: rows near each other
mostly follow the same law. A fit takes in the rows it predicts, as far as it can be trusted to predict.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.spatial import KDTree

from eqdisc._typing import BoolArray, FloatArray, IntArray
from eqdisc.expr.expression import Expression
from eqdisc.proposers.regimes.libraries import tabulated

ROUNDS = 16
DEVIATIONS = 4.0  # from a fit; a row beyond does not follow it
MOST_LEVERAGE = 4.0  # variance of a prediction, in units of the noise; beyond, a fit knows nothing
ROUNDING = 4e-15  # of the largest value
SPARE = 6  # rows of a neighbourhood beyond the terms
TERM_BITS = 10.0
MOST_BITS = 36.0  # a row: agreement to eleven digits is agreement
DEPENDENT = 1e-9


@dataclass(frozen=True, eq=False)
class Consensus:
    """Rows (n,) that one combination of the terms meets, and the bits this says beyond its coefficients."""

    rows: BoolArray
    terms: tuple[Expression, ...]
    spread: float
    bits: float


def largest_consensus(
    libraries: Sequence[Sequence[Expression]],
    features: FloatArray,
    target: FloatArray,
    free: BoolArray,
    starts: Sequence[IntArray],
    seeds: IntArray,
) -> Consensus | None:
    """The consensus that says most about the free rows; None where no fit says anything.

    features : (n, k); target : (n,); free : (n,) rows that no law is known for yet
    starts   : row numbers to begin from besides neighbourhoods, such as pieces of the table
    seeds    : row numbers whose neighbours among the free rows are begun from
    """
    rows = np.flatnonzero(free)
    scale = np.std(features, axis=0)
    places = features / np.where(scale > 0.0, scale, 1.0)
    tree = KDTree(places[rows])
    spread = float(np.std(target))
    best: Consensus | None = None
    for terms in libraries:
        count = 2 * len(terms) + SPARE
        if rows.size < count:
            continue
        columns = tabulated(terms, features)
        nearby = [rows[tree.query(places[seed], count)[1]] for seed in seeds]
        for start in [*nearby, *(start[free[start]] for start in starts)]:
            grown = grow(columns, target, free, start) if start.size >= count else None
            if grown is None:
                continue
            inside, error = grown
            told = min(MOST_BITS, max(0.0, np.log2(max(spread, 1e-300) / max(error, 1e-300))))
            bits = float(np.sum(inside)) * told - TERM_BITS * len(terms)
            if bits > (0.0 if best is None else best.bits):
                best = Consensus(inside, tuple(terms), error, bits)
    return best


def grow(
    columns: FloatArray, target: FloatArray, free: BoolArray, start: IntArray
) -> tuple[BoolArray, float] | None:
    """Rows (n,) that a fit begun from some rows ends up with, and its standard deviation there.

    columns : (n, m) terms. None where the rows do not determine the coefficients or the fit loses its rows.
    """
    m = columns.shape[1]
    inside = np.zeros(target.size, dtype=bool)
    inside[start] = True
    smallest = ROUNDING * float(np.max(np.abs(target)))
    error = smallest
    for _ in range(ROUNDS):
        count = int(np.sum(inside))
        if count < m + SPARE:
            return None
        basis, factor = np.linalg.qr(columns[inside])
        sizes = np.abs(np.diag(factor))
        if not sizes.min() > DEPENDENT * sizes.max():
            return None
        found = solve_triangular(factor, basis.T @ target[inside])
        rest = target - columns @ found
        error = max(float(np.sqrt(np.sum(rest[inside] ** 2) / (count - m))), smallest)
        leverage = np.sum(solve_triangular(factor, columns.T, trans="T") ** 2, axis=0)
        near = np.abs(rest) <= DEVIATIONS * error * np.sqrt(1.0 + leverage)
        now: BoolArray = near & (leverage <= MOST_LEVERAGE) & free
        if np.array_equal(now, inside):
            break
        inside = now
    return inside, error
