"""Which rows train and which only judge, drawn from a seed."""

import numpy as np

from eqdisc._typing import IntArray
from eqdisc.errors import OptionError

HELDOUT_SHARE = 0.25
MIN_ROWS = 60  # below, a quarter is too few to judge by: cross-validation judges instead


def heldout_split(n_rows: int, seed: int) -> tuple[IntArray, IntArray]:
    """Row numbers to train on and row numbers held out, both rising; together every row once.

    A quarter of the rows is held out; none of a table below 60 rows, whose judge is cross-validation.

    >>> train, heldout = heldout_split(100, seed=0)
    >>> train.size, heldout.size
    (75, 25)
    """
    count = round(HELDOUT_SHARE * n_rows) if n_rows >= MIN_ROWS else 0
    order = np.random.default_rng(np.random.SeedSequence([seed, n_rows])).permutation(n_rows)
    return np.sort(order[count:]), np.sort(order[:count])


def cross_validation_folds(n_rows: int, k: int, seed: int) -> tuple[tuple[IntArray, IntArray], ...]:
    """`k` pairs (rows to train on, rows to judge by), rising; every row judges once.

    The sizes of the folds differ by at most one. OptionError unless 2 <= k <= n_rows.

    >>> [judge.size for _, judge in cross_validation_folds(8, k=3, seed=0)]
    [3, 3, 2]
    """
    if not 2 <= k <= n_rows:
        raise OptionError(f"{k} folds of {n_rows} rows are impossible; wanted from 2 to {n_rows}")
    order = np.random.default_rng(np.random.SeedSequence([seed, n_rows, k])).permutation(n_rows)
    parts = np.array_split(order, k)
    return tuple(
        (np.sort(np.concatenate(parts[:i] + parts[i + 1 :])), np.sort(part)) for i, part in enumerate(parts)
    )
