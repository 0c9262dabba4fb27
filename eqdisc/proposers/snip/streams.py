"""Random streams of a run beside its own, for its placebos: they share no numbers with it."""

import numpy as np

MISLED, RANDOM_WEIGHTS = 0, 1


def stream(seed: np.random.SeedSequence, which: int) -> np.random.SeedSequence:
    """The stream of that number below a seed, which stays as it is: the same whenever it is asked for.

    >>> seed = np.random.SeedSequence(3, spawn_key=(1,))
    >>> stream(seed, MISLED).spawn_key, seed.n_children_spawned
    ((1, 0), 0)
    """
    return np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, which))
