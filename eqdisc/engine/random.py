"""Random numbers inside kernels: xorshift64* streams, one per island or structure (Vigna 2016)."""

import numpy as np

from eqdisc._typing import AnyArray, FloatArray
from eqdisc.engine.compile import inlined, kernel


def stream(seed: np.random.SeedSequence) -> AnyArray:
    """State of a fresh stream: one non-zero 64-bit word."""
    state = seed.generate_state(1, np.uint64)
    return state | np.uint64(1)


@inlined
def word(state: AnyArray) -> np.uint64:
    """Next 53 random bits."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return (x * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(11)


@kernel
def uniform(state: AnyArray) -> float:
    """Uniform on [0, 1)."""
    return np.float64(word(state)) * (1.0 / 9007199254740992.0)


@kernel
def below(state: AnyArray, n: int) -> int:
    """Uniform integer in [0, n)."""
    return int(uniform(state) * n)


@kernel
def normal(state: AnyArray) -> float:
    """Standard normal (Box & Muller 1958)."""
    radius = np.sqrt(-2.0 * np.log(1.0 - uniform(state)))
    return radius * np.cos(2.0 * np.pi * uniform(state))


@kernel
def pick(state: AnyArray, cumulative: FloatArray) -> int:
    """Index drawn with the given cumulative weights."""
    u = uniform(state) * cumulative[-1]
    i = 0
    while cumulative[i] <= u:
        i += 1
    return i
