"""Laws and boundaries put together: min, max, abs where they do, where() otherwise."""

from collections.abc import Iterator, Sequence
from functools import partial, reduce

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.expr import algebra
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.simplify import simplify
from eqdisc.proposers.regimes.boundary import Boundary, boundary

MISSED = 0.005  # of the rows that may disagree where the table is noisy
SAME = 1e-9  # relative; coefficients of terms that two laws share


def folded(
    laws: Sequence[Expression], features: FloatArray, meets: BoolArray, operators: OperatorSet
) -> Iterator[Expression]:
    """The smallest or the largest of all laws, and with two laws their mean and half distance.

    meets : (n, m) whether a row follows a law. Only where nearly every row follows the smallest (largest).
    """
    with np.errstate(all="ignore"):
        values = np.stack([evaluate(law, features) for law in laws], axis=1)
    places = np.arange(len(values))
    for name, chosen in (("max", np.argmax(values, axis=1)), ("min", np.argmin(values, axis=1))):
        if np.mean(meets[places, chosen]) < 1.0 - MISSED:
            continue
        if name in operators:
            yield common(reduce(partial(Expression.apply, name), laws), laws)
        if len(laws) == 2 and "abs" in operators:
            sign = 1.0 if name == "max" else -1.0
            half = _halved(laws[0], laws[1], -1.0)
            yield simplify(_halved(laws[0], laws[1], 1.0) + sign * Expression.apply("abs", half))


def nested(
    laws: Sequence[Expression], features: FloatArray, meets: BoolArray, operators: OperatorSet, tolerated: int
) -> Expression | None:
    """where(condition, law, where(...)): the law with the simplest boundary first; None where one has none.

    meets : (n, m) whether a row follows a law; rows that follow several or none say nothing of a boundary.
    """
    if len(laws) == 1:
        return laws[0]
    chosen: tuple[Boundary, int] | None = None
    told = np.sum(meets, axis=1) == 1
    for place in range(len(laws)):
        found = boundary(features[told], meets[told, place], operators, tolerated)
        if found is not None and (chosen is None or found.cost < chosen[0].cost):
            chosen = found, place
    if chosen is None:
        return None
    around, place = chosen
    others = [j for j in range(len(laws)) if j != place]
    rest = told & ~meets[:, place]
    outside = nested([laws[j] for j in others], features[rest], meets[rest][:, others], operators, tolerated)
    if outside is None:
        return None
    if len(laws) == 2:
        return common(around.choose(laws[place], outside), [laws[place], outside])
    return simplify(around.choose(laws[place], outside))


def common(whole: Expression, laws: Sequence[Expression]) -> Expression:
    """The expression with the terms that two laws in it share taken out of it, where that is shorter.

    >>> from eqdisc.expr.parse import parse
    >>> a, b = parse("sin(x)*x + y", ["x", "y"]), parse("sin(x)*x - y", ["x", "y"])
    >>> str(common(Expression.apply("where", Expression.variable(0), a, b), [a, b]))
    'where(x0, x1, -x1) + x0*sin(x0)'
    """
    if len(laws) != 2 or laws[0] == laws[1] or whole.arity_root < 2:
        return simplify(whole)
    try:
        sums = [algebra.sum_of(law, distribute=True) for law in laws]
        shared = {
            term: found
            for term, found in sums[0].terms.items()
            if term in sums[1].terms and _alike(found, sums[1].terms[term])
        }
        if not shared:
            return simplify(whole)
        outer = algebra.written_sum(algebra.Sum(0.0, shared))
        inner = [
            algebra.written_sum(
                algebra.Sum(each.constant, {t: f for t, f in each.terms.items() if t not in shared})
            )
            for each in sums
        ]
    except algebra.NotRepresentable:
        return simplify(whole)
    replaced = dict(zip(laws, inner, strict=True))
    sides = [replaced.get(child, child) for child in whole.children]
    made = simplify(Expression.apply(whole.root, *sides) + outer)
    plain = simplify(whole)
    return made if made.size < plain.size else plain


def _halved(a: Expression, b: Expression, sign: float) -> Expression:
    """(a + sign*b)/2 with like terms added up."""
    half = 0.5 * a + (0.5 * sign) * b
    try:
        return algebra.written_sum(algebra.sum_of(half, distribute=True))
    except algebra.NotRepresentable:
        return simplify(half)


def _alike(found: list[tuple[float, algebra.Product]], others: list[tuple[float, algebra.Product]]) -> bool:
    ours, theirs = (sum(coefficient for coefficient, _ in each) for each in (found, others))
    return abs(ours - theirs) <= SAME * abs(ours)
