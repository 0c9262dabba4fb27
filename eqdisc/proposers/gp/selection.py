"""Tournament selection with adaptive parsimony."""

import numpy as np

from eqdisc._typing import AnyArray, FloatArray, IntArray
from eqdisc.engine.compile import kernel
from eqdisc.proposers.gp.random import below


@kernel
def tournament(
    losses: FloatArray,
    sizes: IntArray,
    filled: int,
    counts: IntArray,
    parsimony: float,
    crowding: float,
    contestants: int,
    rng: AnyArray,
) -> int:
    """Index of the best of a few random individuals.

    The score is log(loss) + parsimony * size + crowding * (share of the population that has this size): sizes that crowd the
    population lose favour, so that short and long trees stay alive together (adaptive parsimony: Cranmer 2023, section 2).
    """
    best = -1
    least = np.inf
    for _ in range(contestants):
        i = below(rng, filled)
        score = np.log(losses[i] + 1e-32) + parsimony * sizes[i] + crowding * counts[sizes[i]] / filled
        if score < least or best < 0:
            best, least = i, score
    return best
