"""Inputs without influence: which columns of a table are dummies, and how sure that is.

A polynomial of all inputs, in logarithms of their sizes and signs apart, is laid through ranks and logarithms
of the target; the terms that read an input are tested together (Wald's test, as an F statistic turned into a
normal deviate). A dummy is independent of all else, so that its statistic is that of chance whatever the true
law is; as the errors of a polynomial are no normal noise, evidence that is not overwhelming is also held
against that of the same column shuffled. Strong inputs hide weak ones: what a smooth function of the inputs
found leaves of the target is looked at again until nothing more is found. The answer names the share of the
target's variance that a column could still account for without having been noticed.
"""

from collections.abc import Sequence
from itertools import combinations_with_replacement
from math import sqrt

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.data.dataset import Dataset
from eqdisc.prior import Irrelevance
from eqdisc.search.sample import sample
from eqdisc.search.surrogate import Surrogate, lay, scaled
from eqdisc.search.view import evener_in_logarithms, is_angle

ROWS = 1600
FEWEST = 60
ROWS_PER_COLUMN = 5
MOST_COLUMNS = 240
BEYOND_CHANCE = 4.5  # normal deviates: about one dummy in 300 000 is taken for an input
BEYOND_CHANCE_OF_WAVES = 8.0  # many are looked at, and strangers follow each other for a while
LOOKS = 6
DOUBTFUL = 40.0  # deviates below are held against those of the same column shuffled
SHUFFLES = 3
MARGIN = 4.0  # deviates that an input has to be ahead of its shuffled self
LOW_DEGREE = 3
MOST_WAVES = 36  # angles and pairs that are looked at: all of eight angles; of more, the first columns
SPREAD = 4.0  # inputs of one sign that span this factor are looked at in logarithms


def irrelevance(table: Dataset, most: int = ROWS) -> Irrelevance:
    """Which inputs show an influence on the target.

    >>> x = np.exp(np.random.default_rng(0).normal(size=(300, 4)))
    >>> irrelevance(Dataset.of(x, x[:, 1] * np.sqrt(x[:, 1] + x[:, 2]))).dummies
    (0, 3)
    """
    rows = sample(table, most)
    k = rows.n_features
    if rows.n_rows < FEWEST:
        return Irrelevance((0.0,) * k, (), 1.0, 1.0)
    columns, owner = _columns(rows.features)
    aims = _aims(rows.target)
    deviates = np.max([_tested(columns, owner, aim, k) for aim in aims], axis=0)
    random = np.random.default_rng(rows.n_rows)
    for j in np.flatnonzero((deviates > BEYOND_CHANCE) & (deviates < DOUBTFUL)):
        shuffled = columns.copy()
        for _ in range(SHUFFLES):
            shuffled[:, owner == j] = random.permutation(columns[:, owner == j])
            chance = max(_tested(shuffled, owner, aim, k)[j] for aim in aims)
            deviates[j] = min(deviates[j], BEYOND_CHANCE + deviates[j] - chance - MARGIN)
    found = np.flatnonzero(deviates > BEYOND_CHANCE)
    share = 1.0
    for _ in range(LOOKS):
        if found.size in (0, k):
            break
        best = min((_laid(columns, owner, found, aim) for aim in aims), key=lambda laid: laid[0].share)
        share = best[0].share
        rest = best[1] - best[0].values
        looks = _aims(rest)
        beside = columns[:, np.isin(owner, found)]
        again = np.zeros(k)
        for j in np.setdiff1d(np.arange(k), found):
            mine = columns[:, owner == j]
            again[j] = max(_beside(mine, beside, look) for look in looks)
            if again[j] > BEYOND_CHANCE:
                shuffled = random.permutation(mine)
                chance = max(_beside(shuffled, beside, look) for look in looks)
                again[j] = min(again[j], BEYOND_CHANCE + again[j] - chance - MARGIN)
        if not np.any(again > BEYOND_CHANCE):
            again = _interfering(rows.features, found, beside, looks, random)
        deviates = np.maximum(deviates, again)
        more = np.flatnonzero(deviates > BEYOND_CHANCE)
        if more.size == found.size:
            break
        found = more
    hidden = share * (BEYOND_CHANCE + sqrt(2.0)) ** 2 / rows.n_rows
    return Irrelevance(tuple(deviates.tolist()), tuple(found.tolist()), share, min(1.0, hidden))


def _aims(target: FloatArray) -> list[FloatArray]:
    """What is tested: ranks of the target and of its size, the logarithm of its size."""
    aims = [_ranks(target)]
    if np.min(target) < 0.0 < np.max(target):
        aims.append(_ranks(np.abs(target)))
    elif np.all(target != 0.0):
        aims.append(np.log(np.abs(target)))
    return [(aim - np.mean(aim)) / np.std(aim) for aim in aims if np.std(aim) > 1e-12]


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks between -1 and 1; equal values share theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: FloatArray = ((2.0 * last - counts) / values.size - 1.0)[place.ravel()]
    return ranks


def _columns(features: FloatArray) -> tuple[FloatArray, IntArray]:
    """(n, m) coordinates within [-1, 1] and (m,) the input that each belongs to: the input or the logarithm
    of its size, and its sign where that changes. An exact multiple of an input before adds nothing."""
    made: list[FloatArray] = []
    owner: list[int] = []
    for j, x in enumerate(features.T):
        size = np.abs(x)
        with np.errstate(all="ignore"):
            wide = bool(np.min(size) > 0.0 and np.max(size) > SPREAD * np.min(size))
        wide = wide and evener_in_logarithms(size)
        if np.ptp(x) == 0.0:
            continue
        candidates = [np.log(size) if wide else x]
        if wide and np.min(x) < 0.0 < np.max(x):
            candidates.append(np.sign(x))
        for values in candidates:
            column = scaled(values[:, None])[:, 0]
            if not any(np.allclose(np.abs(column), np.abs(other), atol=1e-12) for other in made):
                made.append(column)
                owner.append(j)
    return np.column_stack(made) if made else np.zeros((features.shape[0], 0)), np.array(owner, dtype=int)


def _tested(columns: FloatArray, owner: IntArray, aim: FloatArray, k: int) -> FloatArray:
    """(k,) normal deviates of all terms of each input together, in a polynomial of all."""
    n, m = columns.shape
    allowed = min(MOST_COLUMNS, n // ROWS_PER_COLUMN)
    terms: list[tuple[int, ...]] = []
    for degree in range(1, LOW_DEGREE + 1):
        grown = [*terms, *combinations_with_replacement(range(m), degree)]
        if len(grown) + 1 > allowed and degree > 1:
            break
        terms = grown
    design = np.column_stack([np.ones(n), *(np.prod(columns[:, list(term)], axis=1) for term in terms)])
    solved = _solved(design, aim)
    if solved is None:
        return np.zeros(k)
    coefficients, inverse, kept = solved
    reads = [set(owner[list(terms[place - 1])]) if place else set() for place in kept]
    deviates = np.zeros(k)
    for j in range(k):
        members = [place for place, inputs in enumerate(reads) if j in inputs]
        deviates[j] = _wald(coefficients, inverse, members)
    return deviates


def _interfering(
    features: FloatArray,
    found: IntArray,
    beside: FloatArray,
    looks: list[FloatArray],
    random: np.random.Generator,
) -> FloatArray:
    """(k,) deviates of inputs that act as angles, alone or with one another: of interference a polynomial of
    low degree says nothing. Held against the same waves with one of the two angles shuffled."""
    k = features.shape[1]
    again = np.zeros(k)
    angles = [j for j in range(k) if is_angle(features[:, j])]

    def evidence(first: FloatArray, second: FloatArray) -> float:
        waves = (wave(first + second)[:, None] for wave in (np.cos, np.sin))
        return max(_beside(wave, beside, look) for wave in waves for look in looks)

    pairs = [(i, j) for i, j in combinations_with_replacement(angles, 2) if not {i, j} <= set(found.tolist())]
    for i, j in sorted(pairs, key=lambda pair: pair[0] != pair[1])[:MOST_WAVES]:
        for sign in (1.0, -1.0) if i != j else (0.0,):
            first, second = features[:, i], sign * features[:, j]
            seen = evidence(first, second)
            if seen > BEYOND_CHANCE_OF_WAVES:
                chance = evidence(random.permutation(first), second)
                if i != j:
                    chance = max(chance, evidence(first, random.permutation(second)))
                again[[i, j]] = np.maximum(again[[i, j]], BEYOND_CHANCE + seen - chance - MARGIN)
    return again


def _beside(mine: FloatArray, beside: FloatArray, rest: FloatArray) -> float:
    """Normal deviates of (n, m) columns of an input, alone and in products with (n, p) columns of those
    found, in what these leave."""
    if mine.shape[1] == 0:
        return 0.0
    powers = np.column_stack([mine[:, 0], mine[:, 0] ** 2, *mine.T[1:]])
    allowed = max(2, rest.size // ROWS_PER_COLUMN // (powers.shape[1] + 1) - 1)
    beside = np.column_stack([np.ones(rest.size), beside[:, :allowed]])
    products = (powers[:, :, None] * beside[:, None, :]).reshape(rest.size, -1)
    solved = _solved(np.column_stack([beside, products]), rest)
    if solved is None:
        return 0.0
    coefficients, inverse, kept = solved
    return _wald(coefficients, inverse, [p for p, place in enumerate(kept) if place >= beside.shape[1]])


def _solved(design: FloatArray, aim: FloatArray) -> tuple[FloatArray, FloatArray, IntArray] | None:
    """Coefficients in units of the standard deviation of what is left, the root of their covariance and the
    columns kept: those that do not depend on columns before."""
    norms = np.sqrt(np.mean(design**2, axis=0))
    kept = np.flatnonzero(norms > 0.0)
    basis, triangle = np.linalg.qr(design[:, kept] / norms[kept])
    size = np.abs(np.diag(triangle))
    if np.min(size) < 1e-8 * np.max(size):
        kept = kept[size >= 1e-8 * np.max(size)]
        basis, triangle = np.linalg.qr(design[:, kept] / norms[kept])
    freedom = aim.size - kept.size
    if freedom < kept.size:
        return None
    inner = basis.T @ aim
    left = float(np.sum((aim - basis @ inner) ** 2)) / freedom
    scale = sqrt(max(left, 1e-26 * float(np.mean(aim**2)), np.finfo(float).tiny))
    inverse = np.linalg.inv(triangle)
    return inverse @ inner / scale, inverse, kept


def _wald(coefficients: FloatArray, inverse: FloatArray, members: Sequence[int]) -> float:
    """Normal deviate of the hypothesis that all members are zero (Wilson and Hilferty, 1931)."""
    if not members:
        return 0.0
    chosen = list(members)
    covariance = inverse[chosen] @ inverse[chosen].T
    squares = float(coefficients[chosen] @ np.linalg.solve(covariance, coefficients[chosen]))
    spread = 2.0 / (9.0 * len(chosen))
    return float((np.cbrt(squares / len(chosen)) - 1.0 + spread) / sqrt(spread))


def _laid(
    columns: FloatArray, owner: IntArray, found: IntArray, aim: FloatArray
) -> tuple[Surrogate, FloatArray]:
    """A smooth function of the inputs found; the one of signs and sizes alike."""
    return lay(columns[:, np.isin(owner, found)], aim), aim
