"""Coordinates with a kink or a step that make a table simple once they are columns of their own."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.proposers.regimes.coordinates import remainders
from eqdisc.proposers.regimes.libraries import monomials, tabulated, waves
from eqdisc.search.reduction import ChangeOfVariables

MOST_COLUMNS = 60  # of the library for one coordinate
HELPS = 0.02  # share of what the plain library misses that may be left
ROWS_PER_COLUMN = 3


def bent(k: int, operators: OperatorSet) -> Iterator[Expression]:
    """Coordinates of k features that are not smooth, as far as operators allow them."""
    x = [Expression.variable(j) for j in range(k)]
    pairs = [each for a, b in combinations(x, 2) for each in (a - b, a + b, a * b)]
    for name in ("abs", "floor", "sign"):
        if name in operators:
            yield from (Expression.apply(name, u) for u in [*x, *pairs])
    if "floor" in operators:
        yield from (Expression.apply("floor", c * u) for u in x for c in (0.5, 2.0))
    for name in ("max", "min"):
        if name in operators:
            yield from (Expression.apply(name, u, 0.0) for u in x)
            yield from (Expression.apply(name, a, b) for a, b in combinations(x, 2))
    if "abs" in operators:
        waved = [Expression.apply(name, u) for name in ("sin", "cos") if name in operators for u in x]
        yield from (Expression.apply("abs", u) for u in waved)


def helpful(features: FloatArray, target: FloatArray, operators: OperatorSet, most: int) -> list[Expression]:
    """The coordinates that help a linear library most, those first that leave least; none that hardly do.

    features : (n, k); target : (n,)

    >>> x = np.random.default_rng(0).uniform(-1.0, 1.0, (300, 2))
    >>> found = helpful(x, x[:, 1] * np.abs(x[:, 0]) + x[:, 0], OperatorSet.parse("+ * abs max"), 2)
    >>> str(found[0])
    'abs(x0)'
    """
    k = features.shape[1]
    base = [*monomials(k, 2 if k <= 3 else 1), *waves(k, operators)][: MOST_COLUMNS // 2]
    columns = tabulated(base, features)
    if ROWS_PER_COLUMN * 2 * columns.shape[1] > target.size:
        return []
    plain = _missed(columns, target)
    made = list(bent(k, operators))
    if "mod" in operators:
        made += remainders(features, operators)
    found: list[tuple[float, int, Expression]] = []
    for place, u in enumerate(dict.fromkeys(made)):
        values = evaluate(u, features)
        if np.isfinite(values).all() and np.ptp(values) > 0.0:
            left = _missed(np.hstack([columns, columns * values[:, None]]), target)
            if left < HELPS * plain:
                found.append((max(left, 1e-20), place, u))
    return [u for _, _, u in sorted(found, key=lambda each: (each[0], each[2].size, each[1]))[:most]]


def with_column(u: Expression, k: int) -> ChangeOfVariables:
    """The k features and the coordinate; the target stays."""
    target = Expression.variable(k)
    return ChangeOfVariables((*(Expression.variable(j) for j in range(k)), u), target, target)


def _missed(columns: FloatArray, target: FloatArray) -> float:
    """Share of the target's mean square that is left."""
    fit, *_ = np.linalg.lstsq(columns, target, rcond=1e-10)
    rest = target - columns @ fit
    return float(np.mean(rest**2) / max(float(np.var(target)), 1e-300))
