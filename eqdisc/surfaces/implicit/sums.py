"""Sums of a few terms of a large library that are constant on the points: the general F, clean or noisy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import ADD, CONSTANT, MUL, NEG, SUB
from eqdisc.proposers.closed_form.library import tabulate
from eqdisc.surfaces.implicit.cloud import Cloud
from eqdisc.surfaces.implicit.dependency import ONE, Dependency, written
from eqdisc.surfaces.implicit.finder import Finder
from eqdisc.surfaces.implicit.library import Terms
from eqdisc.surfaces.implicit.mixed import functions
from eqdisc.surfaces.implicit.noisy import add_noisy
from eqdisc.surfaces.implicit.taubin import Design, refined, significance
from eqdisc.surfaces.implicit.writing import power_of

ROWS = 600
MOST_TERMS = 420
PAIRS = 2  # of partners, followed for each term
ALIKE = 0.99999  # correlation of terms that say the same
TRIALS = 4  # written, of each number of terms
ROUNDING = 1e-8  # of what is left anywhere: nothing is left
CLEAR = 0.3  # of what is left anywhere in the box, squared root: more is no law
SCALES = (1.0, 2.0)
LARGEST = 1e60  # of values and slopes that one can compute with
SIGNIFICANT = 15.0  # by how much squared distances over the noise rise without a term: 11 bits


@dataclass(frozen=True)
class Sum:
    """Members of a library, their coefficients, and what is left on the points over that elsewhere."""

    members: tuple[int, ...]
    coefficients: FloatArray
    share: float


def sums(finder: Finder) -> None:
    """Find the sums of up to four terms and a constant that vanish on the points and not elsewhere."""
    cloud = finder.cloud
    for scale in SCALES:
        if finder.exact or finder.seconds_left < 1.5:
            return
        rows = np.random.default_rng(2).permutation(cloud.train)[:ROWS]
        away = cloud.in_box(ROWS, seed=2)
        both = np.concatenate([cloud.points[rows], away])
        table = tabulate(candidates(cloud, scale), both, MOST_TERMS)
        terms = Terms(table.terms)
        best: dict[int, list[Sum]] = {}
        for found in searched(table.columns[: rows.size], table.columns[rows.size :]):
            best.setdefault(len(found.members), []).append(found)
        for count in sorted(best):
            for found in _distinct(best[count], terms)[:TRIALS]:
                if found.share > CLEAR or finder.seconds_left < 1.0:
                    break
                add_sum(finder, [terms.expressions[i] for i in found.members], found.coefficients)
            if finder.exact:
                return


def candidates(cloud: Cloud, scale: float) -> list[Expression]:
    """Functions of one coordinate, products of two, functions of sums and products of coordinates."""
    d = cloud.dimension
    single = [functions(j, cloud, scale) for j in range(d)]
    found = [f for own in single for f in own]
    found += [a * b for i, j in combinations(range(d), 2) for a in single[i] for b in single[j]]
    found += [a * b for own in single for a, b in combinations(own, 2)]
    for i, j in combinations(range(d), 2):
        x, y = Expression.variable(i), Expression.variable(j)
        squares = power_of(x, 2) + power_of(y, 2)
        for inner in (x + y, x - y, x * y, squares):
            found += [Expression.apply(name, inner) for name in ("sin", "cos", "exp", "sqrt", "log")]
        found += [Expression.apply("exp", -squares), x / y, y / x]
    if d == 3:
        x, y, z = (Expression.variable(j) for j in range(3))
        found += [x * y * z, Expression.apply("exp", -(power_of(x, 2) + power_of(y, 2) + power_of(z, 2)))]
    return found


def searched(values: FloatArray, away: FloatArray) -> Iterator[Sum]:
    """Each term in turn as the target of regressions on one, on two and on three others.

    values : (n, m) on the points; away : (n, m) anywhere in the box. All pairs of partners are looked at, by
    the table of correlations alone; a third joins the best pairs by orthogonal matching (Pati et al. 1993).
    """
    means, deviations = values.mean(axis=0), values.std(axis=0)
    deviations = np.where(deviations > 0.0, deviations, 1.0)
    units = (values - means) / deviations
    correlations = units.T @ units / len(units)
    alike = np.abs(correlations) > ALIKE
    below = np.where(alike, 1.0, 1.0 - correlations**2)
    for aim, own in enumerate(correlations):
        single = np.where(np.arange(own.size) == aim, 0.0, np.abs(own))
        yield _sum(aim, (int(np.argmax(single)),), units, means, deviations, away)
        explained = (own[:, None] ** 2 + own**2 - 2.0 * np.outer(own, own) * correlations) / below
        explained[alike] = 0.0
        explained[aim], explained[:, aim] = 0.0, 0.0
        explained[np.tril_indices(own.size)] = 0.0
        for place in np.argpartition(explained, -PAIRS, axis=None)[-PAIRS:]:
            pair = tuple(map(int, np.unravel_index(place, explained.shape)))
            yield _sum(aim, pair, units, means, deviations, away)
            third = _next(aim, list(pair), correlations)
            yield _sum(aim, (*pair, third), units, means, deviations, away)


def _next(aim: int, members: list[int], correlations: FloatArray) -> int:
    """The term that explains most of what the members leave of the aim."""
    inner = correlations[np.ix_(members, members)] + 1e-13 * np.eye(len(members))
    weights = np.linalg.solve(inner, correlations[aim, members])
    left = correlations[aim] - weights @ correlations[members]
    projected = np.linalg.solve(inner, correlations[members])
    free = 1.0 - np.einsum("ij,ij->j", correlations[members], projected)
    gain = np.where(free > 1e-9, left**2 / np.maximum(free, 1e-9), 0.0)
    gain[[aim, *members]] = 0.0
    return int(np.argmax(gain))


def _sum(
    aim: int,
    members: tuple[int, ...],
    units: FloatArray,
    means: FloatArray,
    deviations: FloatArray,
    away: FloatArray,
) -> Sum:
    chosen = list(members)
    weights = np.linalg.lstsq(units[:, chosen], units[:, aim], rcond=1e-12)[0]
    left = units[:, aim] - units[:, chosen] @ weights
    outside = (away[:, [aim, *chosen]] - means[[aim, *chosen]]) / deviations[[aim, *chosen]]
    beside = outside[:, 0] - outside[:, 1:] @ weights
    share = float(np.sqrt(np.mean(left**2) / max(float(np.mean(beside**2)), 1e-300)))
    order = np.argsort([aim, *chosen])
    together = np.array([aim, *chosen])[order]
    coefficients = (np.array([1.0, *(-weights)]) / deviations[[aim, *chosen]])[order]
    return Sum(tuple(map(int, together)), coefficients, share)


def _distinct(found: list[Sum], terms: Terms) -> list[Sum]:
    """The best of each set of members, best first; of those that leave nothing, the one with short terms."""
    best: dict[tuple[int, ...], Sum] = {}
    for one in sorted(found, key=lambda one: one.share):
        best.setdefault(one.members, one)

    def rank(one: Sum) -> tuple[float, int]:
        return max(one.share, ROUNDING), sum(len(terms.expressions[i]) for i in one.members)

    return sorted(best.values(), key=rank)


def summands(law: Expression) -> dict[Expression, float]:
    """The terms of a sum and their coefficients, without the constant.

    >>> x, y = Expression.variable(0), Expression.variable(1)
    >>> {str(term): factor for term, factor in summands(3.0 * x - (y * -2.0 + 1.0)).items()}
    {'x0': 3.0, 'x1': 2.0}
    """
    found: dict[Expression, float] = {}

    def walk(e: Expression, factor: float) -> None:
        parts = e.children
        if e.root in (ADD, SUB):
            walk(parts[0], factor)
            walk(parts[1], -factor if e.root == SUB else factor)
        elif e.root == NEG:
            walk(parts[0], -factor)
        elif e.root == MUL and CONSTANT in (parts[0].root, parts[1].root):
            number, other = parts if parts[0].root == CONSTANT else parts[::-1]
            walk(other, factor * number.payload[0])
        elif e.features:
            found[e] = found.get(e, 0.0) + factor

    walk(law, 1.0)
    return {term: factor for term, factor in found.items() if factor != 0.0}


def add_sum(
    finder: Finder,
    members: Sequence[Expression],
    coefficients: FloatArray,
    origin: str = "sum of a few terms",
) -> None:
    """Keep a sum of terms, and of a constant, at the coefficients of least distance near those given.

    coefficients : of the terms; of the constant too, or it is what makes the sum zero on average
    """
    cloud = finder.cloud
    library = Terms((*members, ONE))
    with np.errstate(all="ignore"):
        columns = library.values(cloud.points)
        design = Design.of(library, cloud.points, cloud)
    if not max(np.abs(columns).max(), np.abs(design.slopes).max()) < LARGEST:
        return
    start = coefficients
    if len(start) == len(members):
        start = np.append(start, -float(np.mean(columns[:, :-1] @ start)))
    vector = refined(design, start)
    shares = np.abs(vector) * np.sqrt(np.mean(columns**2, axis=0))
    kept = np.flatnonzero((shares > 1e-9 * shares.max()) & (significance(design, vector) > SIGNIFICANT))
    if kept.size >= 2:
        vector = refined(design.take(kept), vector[kept])
        add_noisy(finder, written(Dependency(library.take(kept), vector), cloud), origin)
