"""Small libraries of terms that a law near one row is looked for in."""

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import combinations_with_replacement

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet

ONE = Expression.constant(1.0)
MOST_TERMS = 30
NEGLIGIBLE = 4.0  # error bars; a coefficient below is none
DROWNED = 1e-12  # of the size of the target; a contribution below may be rounding
ROUNDED = 1e-9  # relative; a coefficient of an exact law this near to a short number is that number


def monomials(k: int, degree: int) -> list[Expression]:
    """All products of up to `degree` of k features, the constant first.

    >>> [str(term) for term in monomials(2, 2)]
    ['1', 'x0', 'x1', 'x0*x0', 'x0*x1', 'x1*x1']
    """
    features = [Expression.variable(j) for j in range(k)]
    made = [ONE]
    for total in range(1, degree + 1):
        for chosen in combinations_with_replacement(features, total):
            made.append(reduce(lambda a, b: a * b, chosen))
    return made


def waves(k: int, operators: OperatorSet) -> list[Expression]:
    """Sines, cosines and exponentials of one feature, alone and times a feature, as far as allowed."""
    names = [name for name in ("sin", "cos", "exp") if name in operators]
    features = [Expression.variable(j) for j in range(k)]
    alone = [Expression.apply(name, x) for name in names for x in features]
    if "exp" in names:
        alone += [Expression.apply("exp", Expression.constant(-1.0) * x) for x in features]
    return [*alone, *(x * wave for x in features for wave in alone[: 2 * k])]


def libraries(k: int, operators: OperatorSet) -> Iterator[list[Expression]]:
    """Libraries of growing size: planes, polynomials of degree 2 and 3, and with waves."""
    polynomials = [monomials(k, degree) for degree in (1, 2, 3)]
    yield from (terms for terms in polynomials if len(terms) <= MOST_TERMS)
    for terms in (polynomials[0], polynomials[1]):
        wide = [*terms, *waves(k, operators)]
        if len(terms) < len(wide) <= MOST_TERMS:
            yield wide


def tabulated(terms: Sequence[Expression], features: FloatArray) -> FloatArray:
    """(n, number of terms), columns of root mean square 1 where they can be; zeros where not finite."""
    with np.errstate(all="ignore"):
        columns = np.stack([evaluate(term, features) * np.ones(features.shape[0]) for term in terms], axis=1)
        norms = np.sqrt(np.mean(columns**2, axis=0))
    good = np.isfinite(norms) & (norms > 0.0)
    scaled: FloatArray = np.where(good, columns / np.where(good, norms, 1.0), 0.0)
    return scaled


def sparse_law(terms: Sequence[Expression], features: FloatArray, target: FloatArray) -> Expression | None:
    """The least-squares combination, a plain sum, without terms that the rows do not need; None for none.

    Terms go one by one, the one first whose coefficient is the fewest error bars from zero.
    """
    with np.errstate(all="ignore"):
        columns = np.stack([evaluate(term, features) * np.ones(features.shape[0]) for term in terms], axis=1)
    if not np.isfinite(columns).all():
        return None
    norms = np.sqrt(np.mean(columns**2, axis=0))
    norms = np.where(norms > 0.0, norms, 1.0)
    active = list(range(len(terms)))
    size = float(np.sqrt(np.mean(target**2)))
    if size == 0.0:
        return Expression.constant(0.0)
    while active:
        design = columns[:, active] / norms[active]
        found, _, rank, _ = np.linalg.lstsq(design, target, rcond=1e-12)
        free = target.size - len(active)
        if rank < len(active) or free < 1:
            active.pop()
            continue
        error = np.sqrt(np.sum((target - design @ found) ** 2) / free)
        inverse = np.linalg.pinv(design.T @ design)
        bars = NEGLIGIBLE * error * np.sqrt(np.maximum(np.diag(inverse), 0.0))
        weak = np.abs(found) / np.maximum(bars, DROWNED * size)
        worst = int(np.argmin(weak))
        if weak[worst] >= 1.0:
            scaled = found / norms[active]
            return _combination([terms[j] for j in active], scaled, exact=error <= 1e-11 * size)
        active.pop(worst)
    return None


def _combination(terms: Sequence[Expression], coefficients: FloatArray, exact: bool) -> Expression:
    parts = []
    for term, value in zip(terms, coefficients.tolist(), strict=True):
        near = float(f"{value:.6g}")
        number = near if exact and abs(near - value) <= ROUNDED * abs(value) else value
        parts.append(Expression.constant(number) if term == ONE else Expression.constant(number) * term)
    return reduce(lambda a, b: a + b, parts)
