"""Which inputs matter: a guess from the table alone, made before the search and never held against an input.

A law of five inputs drowns among two hundred where all are tried alike. Two families of statistics tell them
apart. Each input is cut into bins and the means of the target over the bins are compared (the correlation
ratio of Pearson, 1905); means over the bins of two inputs show what only the two together say, as in
`cos(a - b)` over whole turns. Both look at the target and at its distance from the middle and from zero: of a
product of inputs around zero the mean says nothing, the size all. What a polynomial of the inputs found does
not explain is looked at once more, so that strong inputs do not hide weak ones.

On fifteen laws of 5 inputs among 200 (1000 rows) the five best guesses hold this share of the inputs: linear
correlation 52 %, the rank correlation of Chatterjee (2021) 49 %, bins of one input and the target alone 47 %,
bins of one input and all three targets 77 %, with those of two inputs 91 %, with the second look 99 %.

Building blocks and operators are not guessed yet. In a first trial without a committed record the true blocks
of twelve laws, settled on every island of the genetic programming at its start, brought 14 runs of 36 to the
law for 13 without them, which is no difference; the true operators of nine laws, four times as likely,
brought 19 runs of 27 for 14. So operators may be worth a guess; which function makes the target smoother is
a poor one (it named a true operator mostly where structure has solved the law already).
"""

from itertools import combinations_with_replacement
from math import log, sqrt

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.data.dataset import Dataset
from eqdisc.problem import Irrelevance
from eqdisc.search.irrelevant import irrelevance

FEW = 8  # features that are all tried alike
ROWS = 2000  # looked at
BINS, PAIR_BINS = 8, 4
LEVELS = 1000.0  # of the target, where pairs are looked at: sums stay below 2**24
MOST_PAIRED = 250  # features whose pairs are looked at, so that the work is bounded
MOST_EXPLAINED = 7  # features that the polynomial of the second look is made of
DEGREE = 3
NORMAL_RANK = 1e-10  # of the largest singular value: its normal equations are exact enough for a look
FEWEST_ROWS = 200  # for a few features to be told apart
SURE = 5.0  # deviates of an input found that earn half of the largest weight
UNIFORM_SHARE = 0.1  # of all draws; any feature may matter
HALF = 1.0  # standard deviations beyond chance that earn half of the largest weight


def influences(dataset: Dataset) -> Irrelevance | None:
    """Which of a few features show an influence; None where there are many or where rows are too few."""
    few = 1 < dataset.n_features <= FEW and dataset.n_rows >= FEWEST_ROWS
    return irrelevance(dataset) if few else None


def feature_weights(dataset: Dataset, known: Irrelevance | None, seed: int) -> tuple[float, ...] | None:
    """The `relevance` of the features of a table of many, and of few where some show no influence at all;
    None where all are to be tried alike.

    known : the `influences` of the features

    >>> table = Dataset.of(np.arange(20.0).reshape(5, 4), np.arange(5.0) ** 2)
    >>> feature_weights(table, influences(table), seed=0) is None
    True
    """
    if dataset.n_features > FEW:
        return tuple(relevance(dataset, seed).tolist())
    return None if known is None or not known.dummies else _few(known)


def _few(known: Irrelevance) -> tuple[float, ...]:
    """Small weights for the inputs that show no influence."""
    evidence = np.array(known.deviates)
    weights = np.where(np.isin(np.arange(evidence.size), known.relevant), evidence / (evidence + SURE), 0.0)
    shares = UNIFORM_SHARE / evidence.size + (1.0 - UNIFORM_SHARE) * weights / np.sum(weights)
    return tuple((shares / np.sum(shares)).tolist())


def relevance(dataset: Dataset, seed: int) -> FloatArray:
    """How often each feature is worth trying: (k,), positive, sum one, none below a tenth of 1/k.

    Drawn from `ROWS` rows; the unit and the origin of a feature do not matter, nor does any monotone function
    of it. All alike where nothing stands out from chance.

    >>> x = np.random.default_rng(0).normal(size=(500, 20))
    >>> weights = relevance(Dataset.of(x, x[:, 3] * x[:, 7]), seed=0)
    >>> sorted(np.argsort(weights)[-2:].tolist()), bool(weights[3] > 0.3)
    ([3, 7], True)
    """
    rows = np.arange(dataset.n_rows)
    if rows.size > ROWS:
        stream = np.random.default_rng(np.random.SeedSequence([seed, rows.size]))
        rows = np.sort(stream.choice(rows, ROWS, replace=False))
    ranks = _ranks(dataset.features[rows])
    target = _ranks(dataset.target[rows, None])[:, 0]
    raw = dataset.target[rows]
    aims = [target, _ranks(np.abs(raw - np.median(raw))[:, None])[:, 0]]
    if np.min(raw) < 0.0 < np.max(raw):
        aims.append(_ranks(np.abs(raw)[:, None])[:, 0])
    evidence = _evidence(ranks, aims)
    rest = _unexplained(ranks, raw, target, evidence)
    if rest is not None:
        aims = [_ranks(rest[:, None])[:, 0], _ranks(np.abs(rest)[:, None])[:, 0]]
        evidence = np.maximum(evidence, _evidence(ranks, aims))
    weights = evidence / (evidence + HALF)
    k = weights.size
    total = float(np.sum(weights))
    shares = np.full(k, 1.0 / k) if total == 0.0 else weights / total
    mixed: FloatArray = UNIFORM_SHARE / k + (1.0 - UNIFORM_SHARE) * shares
    return mixed / np.sum(mixed)


def _evidence(ranks: FloatArray, aims: list[FloatArray]) -> FloatArray:
    """(k,) standard deviations beyond what the luckiest of so many looks would show by chance; 0.0 below."""
    k = ranks.shape[1]
    aims = [_standardised(aim) for aim in aims if np.ptp(aim) > 0.0]
    if not aims:
        return np.zeros(k)
    alone = np.max([_alone(_bins(ranks, BINS), aim) for aim in aims], axis=0)
    evidence: FloatArray = np.maximum(alone - _luckiest(len(aims) * k), 0.0)
    paired = np.sort(np.argsort(-alone, kind="stable")[:MOST_PAIRED])
    together = np.max(_together(_bins(ranks[:, paired], PAIR_BINS), aims), axis=0)
    luckiest = _luckiest(len(aims) * paired.size**2 / 2)
    evidence[paired] = np.maximum(evidence[paired], together - luckiest)
    return evidence


def _alone(bins: IntArray, aim: FloatArray) -> FloatArray:
    """(k,) normal deviates of how much the mean of the aim differs between the bins of each feature."""
    explained = []
    for column in bins.T:
        counts = np.bincount(column, minlength=BINS)
        sums = np.bincount(column, aim, minlength=BINS)
        explained.append(np.sum(sums**2 / np.maximum(counts, 1)))
    return _deviates(np.array(explained), BINS - 1)


def _together(bins: IntArray, aims: list[FloatArray]) -> list[FloatArray]:
    """For each aim (k,) the normal deviates of the best pair of each feature: what its cells explain beyond
    the bins of both."""
    n, k = bins.shape
    members = np.zeros((n, k * PAIR_BINS), dtype=np.float32)
    members[np.arange(n)[:, None], bins + PAIR_BINS * np.arange(k)] = 1.0
    counts = np.maximum(members.T @ members, 1.0)
    best = []
    for aim in aims:
        # Sums of whole numbers are exact in float32, whatever their order and on however many threads.
        whole = np.rint(aim * (LEVELS / np.max(np.abs(aim)))).astype(np.float32)
        sums = (members * whole[:, None]).T @ members
        explained = np.square(sums, dtype=np.float64) / (counts * np.mean(whole.astype(np.float64) ** 2))
        cells = np.sum(explained.reshape(k, PAIR_BINS, k, PAIR_BINS), axis=(1, 3))
        alone = np.diag(cells).copy()
        beyond = np.maximum(cells - alone[:, None] - alone, 0.0)
        np.fill_diagonal(beyond, 0.0)
        best.append(_deviates(np.max(beyond, axis=1), (PAIR_BINS - 1) ** 2))
    return best


def _unexplained(
    ranks: FloatArray, raw: FloatArray, target: FloatArray, evidence: FloatArray
) -> FloatArray | None:
    """(n,) what a polynomial of the features found leaves of the target or of its ranks, whichever it
    explains better; None where no feature was found."""
    found = np.argsort(-evidence, kind="stable")[:MOST_EXPLAINED]
    found = found[evidence[found] > 0.0]
    if found.size == 0:
        return None
    columns = [np.ones(raw.size)]
    for degree in range(1, DEGREE + 1):
        for members in combinations_with_replacement(found, degree):
            columns.append(np.prod(ranks[:, members], axis=1))
    if 2 * len(columns) > raw.size:
        columns = columns[: 1 + found.size]
    basis = np.stack(columns, axis=1)
    aims = np.stack([_standardised(raw), _standardised(target)], axis=1)
    coefficients = np.linalg.lstsq(basis.T @ basis, basis.T @ aims, rcond=NORMAL_RANK)[0]
    rest: FloatArray = aims - basis @ coefficients
    return rest[:, np.argmin(np.sum(rest**2, axis=0))]


def _ranks(columns: FloatArray) -> FloatArray:
    """(n, k) ranks of each column between -1 and 1; equal values share theirs."""
    ranks = np.empty(columns.shape)
    for j, column in enumerate(columns.T):
        _, place, counts = np.unique(column, return_inverse=True, return_counts=True)
        last = np.cumsum(counts)
        ranks[:, j] = ((2.0 * last - counts) / column.size - 1.0)[place.ravel()]
    return ranks


def _bins(ranks: FloatArray, count: int) -> IntArray:
    """(n, k) number of the bin, from 0: as equally filled as equal values allow."""
    return np.clip(((ranks + 1.0) * (0.5 * count)).astype(np.int64), 0, count - 1)


def _standardised(values: FloatArray) -> FloatArray:
    """Mean zero and, unless all are equal, mean square one."""
    scaled = values / (float(np.max(np.abs(values))) or 1.0)
    centred = scaled - np.mean(scaled)
    return centred / (float(np.sqrt(np.mean(centred**2))) or 1.0)


def _deviates(squares: FloatArray, freedom: int) -> FloatArray:
    """Chi-squared as normal deviates (Wilson and Hilferty, 1931)."""
    spread = 2.0 / (9.0 * freedom)
    deviates: FloatArray = (np.cbrt(squares / freedom) - 1.0 + spread) / sqrt(spread)
    return deviates


def _luckiest(looks: float) -> float:
    """What the largest of so many normal deviates hardly exceeds."""
    return sqrt(2.0 * log(max(looks, 2.0)))
