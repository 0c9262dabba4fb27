"""Which terms of a noisy law are there: symmetries first, then backward elimination.

Judged by the Bayesian information criterion (Schwarz 1978) on squared first-order distances: n log(mean
square) + terms * log(n). A symmetry cuts a library many times over, and what is left is better determined.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb, log

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.surfaces.implicit.taubin import Design, refined, significance, taubin

QUICK_STEPS = 4
BATCH = 0.25  # of the insignificant terms that one step drops
ABANDON = 60.0  # of the criterion above the best: elimination has gone too far


@dataclass(frozen=True)
class Selected:
    """A combination of functions: (m,) coefficients, zero where a function is left out.

    criterion : the Bayesian information criterion; only differences on the same points mean something
    count     : number of free coefficients
    """

    vector: FloatArray
    criterion: float
    count: int


def eliminate(design: Design, mixing: FloatArray) -> list[Selected]:
    """The best combination by the criterion, and the shorter ones on the way, best first.

    mixing : (m, k) which combinations of the m functions may be used
    """
    active = np.arange(mixing.shape[1])
    mixed = design.mixed(mixing)
    vector = refined(mixed, taubin(mixed))
    found = [_selected(mixed, vector, active, mixing)]
    while active.size > 2:
        part = mixed.take(active)
        worth = significance(part, vector)
        limit = log(design.values.shape[0])
        idle = np.flatnonzero(worth < limit)
        count = max(1, int(BATCH * idle.size))
        dropped = np.argsort(worth)[:count]
        active, vector = np.delete(active, dropped), np.delete(vector, dropped)
        part = mixed.take(active)
        vector = refined(part, vector, QUICK_STEPS)
        found.append(_selected(part, vector, active, mixing))
        if found[-1].criterion > min(one.criterion for one in found) + ABANDON:
            break
    return sorted(found, key=lambda one: one.criterion)


def symmetric_mixing(design: Design, powers: IntArray) -> FloatArray:
    """(m, k) the monomials, joined where the points look symmetric: even in a coordinate, equal under a swap,
    round about an axis.

    powers : (m, d) of the monomials, all coordinates in one unit
    """
    mixing = np.eye(powers.shape[0])
    best = _criterion(design.mixed(mixing))
    while True:
        trials = [trial for trial in _symmetries(mixing, powers) if 2 <= trial.shape[1] < mixing.shape[1]]
        judged = [(_criterion(design.mixed(trial)), i) for i, trial in enumerate(trials)]
        if not judged or min(judged)[0] >= best:
            return mixing
        best, place = min(judged)
        mixing = trials[place]


def _symmetries(mixing: FloatArray, powers: IntArray) -> Iterator[FloatArray]:
    dimension = powers.shape[1]
    for j in range(dimension):
        yield _within(mixing, powers[:, j] % 2 == 0)
    yield _within(mixing, powers.sum(axis=1) % 2 == powers.sum(axis=1).max() % 2)
    places = {tuple(row): i for i, row in enumerate(powers.tolist())}
    for i, j in combinations(range(dimension), 2):
        swapped = powers.copy()
        swapped[:, [i, j]] = powers[:, [j, i]]
        order = np.array([places[tuple(row)] for row in swapped.tolist()])
        yield _distinct(mixing + mixing[order])
    for count in range(dimension, 1, -1):
        for members in combinations(range(dimension), count):
            yield _round_about(powers, members, mixing)


def _within(mixing: FloatArray, allowed: np.ndarray) -> FloatArray:
    """The combinations of allowed monomials only."""
    fine = ~(mixing[~allowed] != 0.0).any(axis=0)
    found: FloatArray = mixing[:, fine]
    return found


def _distinct(mixing: FloatArray) -> FloatArray:
    """Each combination once, whatever its scale."""
    sizes = np.abs(mixing).max(axis=0)
    scaled = mixing[:, sizes > 0.0] / sizes[sizes > 0.0]
    unique: FloatArray = np.unique(scaled.round(12), axis=1)
    return unique


def _round_about(powers: IntArray, members: tuple[int, ...], mixing: FloatArray) -> FloatArray:
    """Polynomials in the sum of squares of some coordinates and in the others."""
    others = [j for j in range(powers.shape[1]) if j not in members]
    present = (mixing != 0.0).any(axis=1)
    groups: dict[tuple[int, ...], FloatArray] = {}
    for i, row in enumerate(powers.tolist()):
        own = [row[j] for j in members]
        if any(p % 2 for p in own) or not present[i]:
            continue
        half, weight = sum(own) // 2, 1
        left = half
        for p in own:
            weight *= comb(left, p // 2)
            left -= p // 2
        key = (half, *(row[j] for j in others))
        groups.setdefault(key, np.zeros(powers.shape[0]))[i] = weight
    return np.stack(list(groups.values()), axis=1) if groups else np.zeros((powers.shape[0], 0))


def _criterion(design: Design) -> float:
    vector = refined(design, taubin(design), QUICK_STEPS)
    n, count = design.values.shape
    square = max(float(np.mean(design.distances(vector) ** 2)), 1e-300)
    return float(n * log(square) + count * log(n))


def _selected(part: Design, vector: FloatArray, active: IntArray, mixing: FloatArray) -> Selected:
    n = part.values.shape[0]
    square = max(float(np.mean(part.distances(vector) ** 2)), 1e-300)
    return Selected(mixing[:, active] @ vector, n * log(square) + active.size * log(n), active.size)
