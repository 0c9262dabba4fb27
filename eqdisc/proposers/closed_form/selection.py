"""Which few columns of a library add up to a target.

Forward selection by orthogonal least squares (Chen, Billings and Luo 1989), started from the best pairs so
that two columns which only help together are found, with replacement (Miller 2002), and backward elimination.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from eqdisc._typing import FloatArray

EXACT_SHARE = 1e-24  # of the target's variance: what is left is rounding
PAIR_COLLINEARITY = 1e-9
CANDIDATE_PAIRS = 100


@dataclass(frozen=True)
class Subset:
    """Chosen columns, rising, with their least-squares coefficients; `share` of the variance is left over."""

    members: tuple[int, ...]
    coefficients: FloatArray
    intercept: float
    share: float


class Design:
    """Columns to choose from, (n, m) and finite, with what every choice needs of them."""

    def __init__(self, columns: FloatArray) -> None:
        self.columns = columns

    @cached_property
    def units(self) -> FloatArray:
        """(n, m) columns of mean zero and length one."""
        centred = self.columns - np.mean(self.columns, axis=0)
        norms = np.sqrt(np.sum(centred**2, axis=0))
        units: FloatArray = centred / np.where(norms > 0.0, norms, 1.0)
        return units

    @cached_property
    def gram(self) -> FloatArray:
        """(m, m) correlations."""
        return self.units.T @ self.units


def forward(design: Design, target: FloatArray, max_terms: int, starts: int) -> Iterator[Subset]:
    """Good subsets of growing size, the intercept always included; ends early at one that is exact.

    target : (n,), finite. The best single column, then from each of the best `starts` pairs one more at a
    time.
    """
    columns, units = design.columns, design.units
    most = min(max_terms, columns.shape[1], target.size - 2)
    if most < 1 or np.ptp(target) == 0.0:
        return
    centred = _unit(target - np.mean(target))
    single = int(np.argmax(np.abs(units.T @ centred)))
    subset = solve(columns, target, (single,))
    yield subset
    if most < 2 or subset.share < EXACT_SHARE:
        return
    for pair in _best_pairs(design, centred, starts):
        members: tuple[int, ...] = pair
        while True:
            subset = solve(columns, target, members)
            yield subset
            if subset.share < EXACT_SHARE:
                return
            if len(members) >= most:
                break
            grown = _add_best(units, centred, members)
            if grown == members:
                break
            members = _replaced(units, centred, grown) if len(grown) > 2 else grown


def around(design: Design, target: FloatArray, members: tuple[int, ...], extra: int) -> Iterator[Subset]:
    """Good subsets near a given one: grown by up to `extra` columns, and cut down again after each."""
    columns, units, centred = design.columns, design.units, _unit(target - np.mean(target))
    for _ in range(extra):
        if len(members) >= min(columns.shape[1], target.size - 2):
            return
        grown = _add_best(units, centred, members)
        if grown == members:
            return
        members = grown
        yield from eliminate(columns, target, members)


def eliminate(
    columns: FloatArray, target: FloatArray, members: tuple[int, ...] | None = None
) -> Iterator[Subset]:
    """From the members (all columns) down to one; each time the one that explains least is dropped."""
    members = tuple(range(columns.shape[1])) if members is None else members
    while members:
        subset = solve(columns, target, members)
        yield subset
        if len(members) == 1:
            return
        significance = _significance(columns, subset.members, subset.coefficients)
        members = tuple(m for place, m in enumerate(subset.members) if place != int(np.argmin(significance)))


def solve(columns: FloatArray, target: FloatArray, members: tuple[int, ...]) -> Subset:
    """Least-squares coefficients of the given columns and an intercept."""
    chosen = np.sort(np.array(members, dtype=np.int64))
    table = np.column_stack([columns[:, chosen], np.ones(target.size)])
    largest = np.abs(table).max(axis=0)
    largest[largest == 0.0] = 1.0
    norms = largest * np.sqrt(np.mean((table / largest) ** 2, axis=0))  # squares of 1e200 overflow
    norms[norms == 0.0] = 1.0
    solution = np.linalg.lstsq(table / norms, target, rcond=1e-14)[0] / norms
    left = float(np.mean((target - table @ solution) ** 2)) / max(float(np.var(target)), np.finfo(float).tiny)
    return Subset(tuple(chosen.tolist()), solution[:-1], float(solution[-1]), left)


def _unit(vector: FloatArray) -> FloatArray:
    norm = float(np.sqrt(np.sum(vector**2)))
    return vector / norm if norm > 0.0 else vector


def _best_pairs(design: Design, target: FloatArray, count: int) -> list[tuple[int, int]]:
    """Pairs by the share they explain together; one pair for each first member, so that starts differ."""
    gram, along = design.gram, design.units.T @ target
    with np.errstate(all="ignore"):
        explained = (along[:, None] ** 2 + along**2 - 2.0 * gram * np.outer(along, along)) / (1.0 - gram**2)
    explained[~(1.0 - gram**2 > PAIR_COLLINEARITY)] = -1.0
    pairs: list[tuple[int, int]] = []
    ranked = explained.ravel()
    top = np.argpartition(-ranked, min(CANDIDATE_PAIRS, ranked.size - 1))[:CANDIDATE_PAIRS]
    for flat in top[np.lexsort((top, -ranked[top]))]:
        i, j = divmod(int(flat), explained.shape[1])
        if i < j and all(i not in pair or j not in pair for pair in pairs):
            pairs.append((i, j))
        if len(pairs) >= count:
            break
    return pairs


def _add_best(units: FloatArray, target: FloatArray, members: tuple[int, ...]) -> tuple[int, ...]:
    """The members and the column that, made orthogonal to them, explains most of what they leave.

    The members alone where every other column depends on them.
    """
    basis = np.linalg.qr(units[:, list(members)])[0]
    rest = units - basis @ (basis.T @ units)
    left = target - basis @ (basis.T @ target)
    norms = np.sum(rest**2, axis=0)
    with np.errstate(all="ignore"):
        gains = np.where(norms > PAIR_COLLINEARITY, (rest.T @ left) ** 2 / norms, -1.0)
    gains[list(members)] = -1.0
    best = int(np.argmax(gains))
    return members if gains[best] < 0.0 else (*members, best)


def _replaced(units: FloatArray, target: FloatArray, members: tuple[int, ...]) -> tuple[int, ...]:
    """Each member in turn taken out and the best column put in its place."""
    for member in members[:-1]:
        changed = _add_best(units, target, tuple(m for m in members if m != member))
        members = changed if len(changed) == len(members) else members
    return members


def _significance(columns: FloatArray, members: tuple[int, ...], coefficients: FloatArray) -> FloatArray:
    """Size of what each member explains and the others cannot: |coefficient| times its norm beside them."""
    units = columns[:, list(members)]
    centred = units - np.mean(units, axis=0)
    norms = np.sqrt(np.sum(centred**2, axis=0))
    norms[norms == 0.0] = 1.0
    inverse = np.linalg.pinv(np.linalg.qr(centred / norms)[1], rcond=1e-14)
    alone: FloatArray = np.abs(coefficients) * norms / np.sqrt(np.sum(inverse**2, axis=1))
    return alone
