# mypy: warn_return_any=False
"""Compiled scores of value vectors: how near they come to an aim, alone or beside a polynomial."""

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.engine.compile import kernel, summation
from eqdisc.proposers.enumeration.kernels import WIDTH

#: Share of the square of a vector that polynomials have to leave of it.
LEFT = 1e-9


@summation
def _sums(row: FloatArray, mean: float, aim: FloatArray, inverse: FloatArray) -> tuple[float, float, float]:
    along = total = squares = 0.0
    for i in range(WIDTH):
        along += (row[i] - mean) * aim[i]
        q = row[i] * inverse[i]
        total += q
        squares += q * q
    return along, total, squares


@summation
def _centred(row: FloatArray) -> tuple[float, float]:
    total = 0.0
    for i in range(WIDTH):
        total += row[i]
    mean = total / WIDTH
    squares = 0.0
    for i in range(WIDTH):
        squares += (row[i] - mean) * (row[i] - mean)
    return mean, squares


@kernel
def judge(values: FloatArray, aims: FloatArray, inverses: FloatArray, scores: FloatArray) -> None:
    """scores[n, k] = 1 - r**2 of vector n with aim k (centred, of length one); scores[n, K + k] = the share
    of the square of v/t that is not its mean, where inverses[k] = 1/t: zero for v proportional to t."""
    count = aims.shape[0]
    for n in range(values.shape[0]):
        mean, squares = _centred(values[n])
        for k in range(count):
            along, total, square = _sums(values[n], mean, aims[k], inverses[k])
            scores[n, k] = 1.0 - along * along / squares
            scores[n, count + k] = 1.0 - total * total / (WIDTH * square)


@summation
def _along(a: FloatArray, b: FloatArray) -> float:
    total = 0.0
    for i in range(WIDTH):
        total += a[i] * b[i]
    return total


@kernel
def judge_beyond(values: FloatArray, basis: FloatArray, aims: FloatArray, scores: FloatArray) -> None:
    """scores[n, k] = 1 - r**2 of what `basis` (orthonormal rows) leaves of vector n with aim k (orthogonal to
    them, of length one); infinite where it leaves next to nothing."""
    for n in range(values.shape[0]):
        square = _along(values[n], values[n])
        rest = square
        for k in range(basis.shape[0]):
            along = _along(values[n], basis[k])
            rest -= along * along
        for k in range(aims.shape[0]):
            along = _along(values[n], aims[k])
            scores[n, k] = 1.0 - along * along / rest if rest > LEFT * square else np.inf
