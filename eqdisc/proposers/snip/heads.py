"""What the network tells of a table, as the other strategies can use it."""

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.prior import Prior
from eqdisc.proposers.snip.bank import Bank
from eqdisc.proposers.snip.look import Look

LEAST, MOST = 0.1, 10.0  # times as often as usual


def prior_of(look: Look, bank: Bank, features: FloatArray) -> Prior:
    """How many times as often as usual each operator and each column is to be drawn.

    features : (n, k); a column that does not vary, such as a constant of nature, cannot be judged

    An operator is held against how common it is among the laws of the bank, a column against the mean of all.
    """
    common = bank.containing()
    chances = {
        name: float(np.clip(chance / common[name], LEAST, MOST))
        for name, chance in look.operators.items()
        if common.get(name, 0.0) > 0.0
    }
    relevance = column_chances(look)
    mean = float(np.mean(relevance))
    factors = np.clip(relevance / mean, LEAST, MOST) if mean > 0.0 else np.ones_like(relevance)
    factors[np.ptp(features, axis=0) == 0.0] = 1.0
    return Prior(chances=chances, influence=tuple(factors.tolist()))


def column_chances(look: Look) -> FloatArray:
    """(k,) chances of the columns to matter, 0 for those that were not looked at."""
    return np.nan_to_num(np.asarray(look.relevance, np.float64), nan=0.0)
