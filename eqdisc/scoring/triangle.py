"""The triangular factor of a tall table, from blocks of its rows (Demmel et al. 2012, communication-avoiding
QR)."""

import numpy as np

from eqdisc._typing import FloatArray

CHUNK_ROWS = 256


def triangle(upper: FloatArray, block: FloatArray) -> FloatArray:
    """R of the QR decomposition of two tables, one upon the other: begin with `np.zeros((0, p))`, go on with
    R.

    upper : (m, p); block : (n, p), finite. The answer has as many rows as the rank can be, p at most; its
    rows may differ in sign from those of another way to compute it.

    A block is cut into chunks of rows that are factored in one call: three times faster than in one piece
    for 8192 rows of 6 columns, and too little work for the linear algebra library to share it among threads,
    which on a busy machine wait for each other (13 ms instead of 0.5 ms).

    >>> table = np.arange(2000.0).reshape(-1, 2) ** 0.5
    >>> factor = triangle(triangle(np.zeros((0, 2)), table[:700]), table[700:])
    >>> factor.shape, np.allclose(factor.T @ factor, table.T @ table)
    ((2, 2), True)
    """
    whole = block.shape[0] // CHUNK_ROWS
    parts = [upper, block[whole * CHUNK_ROWS :]]
    if whole > 1 and block.shape[1] < CHUNK_ROWS:
        chunks = block[: whole * CHUNK_ROWS].reshape(whole, CHUNK_ROWS, block.shape[1])
        parts.append(np.asarray(np.linalg.qr(chunks, mode="r")).reshape(-1, block.shape[1]))
    else:
        parts.append(block[: whole * CHUNK_ROWS])
    return np.asarray(np.linalg.qr(np.concatenate(parts), mode="r"))
