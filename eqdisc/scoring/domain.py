"""Where a table has data, and where a law is asked beyond them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from eqdisc._typing import BoolArray
from eqdisc.errors import DataError

ROUNDING = 8 * 2.0**-53  # relative; a limit that went through a change of units and back is the same limit


def outside(ranges: Sequence[tuple[float, float]], features: ArrayLike) -> BoolArray:
    """(n, k) which features of which rows lie outside the range that a law was found from.

    ranges   : smallest and largest value of each of the k features
    features : (n, k)
    The limits belong to the range, and so do numbers that differ from them by rounding only. A missing value
    (NaN) lies nowhere and is not marked. DataError for another number of columns.

    >>> outside([(0.0, 1.0), (5.0, 9.0)], [[0.5, 10.0], [1.0, 5.0]])
    array([[False,  True],
           [False, False]])
    """
    table = np.asarray(features, dtype=np.float64)
    limits = np.asarray(ranges, dtype=np.float64).reshape(-1, 2)
    if table.ndim != 2 or table.shape[1] != limits.shape[0]:
        raise DataError(f"got an array of shape {table.shape}; wanted (rows, {limits.shape[0]})")
    slack = ROUNDING * np.max(np.abs(limits), axis=1)
    beyond: BoolArray = (table < limits[:, 0] - slack) | (table > limits[:, 1] + slack)
    return beyond
