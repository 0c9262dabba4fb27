"""Tournament selection that compares trees with the front at their own size."""

import numpy as np

from eqdisc._typing import AnyArray, FloatArray, IntArray
from eqdisc.engine.compile import kernel
from eqdisc.engine.random import below

#: Losses below this count as equal: the rounding floor.
FLOOR = 1e-30


@kernel
def tournament(
    losses: FloatArray,
    sizes: IntArray,
    filled: int,
    front: FloatArray,
    counts: IntArray,
    parsimony: float,
    crowding: float,
    stratification: float,
    contestants: int,
    rng: AnyArray,
) -> int:
    """Index of the best of a few random individuals.

    The score is log(loss / front[size]) + parsimony * size + crowding * (share of the population that has
    this size): how far a tree is from the best known of at most its size. Comparing bare losses lets long
    approximations, whose losses are smaller by ten orders of magnitude, push out the short trees that laws
    grow from; sizes that crowd the population lose favour besides (adaptive parsimony: Cranmer 2023).
    """
    best = -1
    least = np.inf
    for _ in range(contestants):
        i = below(rng, filled)
        n = sizes[i]
        score = np.log(losses[i] + FLOOR) - stratification * np.log(front[n] + FLOOR)
        score += parsimony * n + crowding * counts[n] / filled
        if score < least or best < 0:
            best, least = i, score
    return best
