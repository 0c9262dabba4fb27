"""Sums of products written as people write them: (R + r*cos(v))*cos(u), not R*cos(u) + r*cos(u)*cos(v)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from eqdisc.expr.canonical import order_key
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT

SAME = 1e-9  # relative difference of coefficients that are one
BREADTH = 3  # factors that are tried to be pulled out of a sum first
MOST_SEARCHED = 8  # terms of a sum in which more than one is tried


@dataclass(frozen=True)
class Term:
    """A number times functions; a power is the same function several times."""

    weight: float
    factors: tuple[Expression, ...]

    def expression(self) -> Expression:
        """With the number always in front, 1 as well."""
        found = Expression.constant(self.weight)
        for factor in self.factors:
            found = found * factor
        return found


def plain_sum(terms: Sequence[Term]) -> Expression:
    """The sum as it stands, with a constant in front of every term in their order; 0 for no term."""
    if not terms:
        return Expression.constant(0.0)
    found = terms[0].expression()
    for term in terms[1:]:
        found = found + term.expression()
    return found


def reread(terms: Sequence[Term], expression: Expression) -> tuple[Term, ...]:
    """The terms with the constants of what `plain_sum` made of them, since fitted."""
    constants = iter(expression.constants.tolist())
    found = []
    for term in terms:
        weight = next(constants)
        factors = [
            factor.with_constants([next(constants) for _ in range(factor.codes.count(CONSTANT))])
            for factor in term.factors
        ]
        found.append(Term(weight, tuple(factors)))
    return tuple(found)


def factored(terms: Sequence[Term]) -> Expression:
    """The sum with common factors pulled out, the shortest way that a greedy search finds.

    >>> from eqdisc.expr.parse import parse
    >>> u, v = (parse(f"cos({name})", ["u", "v"]) for name in "uv")
    >>> print(factored([Term(2.0, (u,)), Term(0.5, (u, v))]))
    (2 + 0.5*cos(x1))*cos(x0)
    >>> print(factored([Term(6.0, ()), Term(3.0, (v,)), Term(4.0, (u,)), Term(2.0, (u, v))]))
    (3 + 2*cos(x0))*(2 + cos(x1))
    """
    merged: dict[tuple[Expression, ...], float] = {}
    for term in terms:
        key = tuple(sorted(term.factors, key=_order))
        merged[key] = merged.get(key, 0.0) + term.weight
    kept = [Term(weight, key) for key, weight in merged.items() if weight != 0.0]
    return _sum(sorted(kept, key=lambda term: (len(term.factors), [_order(f) for f in term.factors])))


def _order(expression: Expression) -> tuple[object, ...]:
    return (order_key(expression),)


def _sum(terms: Sequence[Term]) -> Expression:
    if not terms:
        return Expression.constant(0.0)
    common = _common([Counter(term.factors) for term in terms])
    number = _common_number(terms)
    if common or number != 1.0:
        rest = [Term(term.weight / number, _without(term.factors, common)) for term in terms]
        return _product(number, tuple(common.elements()), [rest])
    counts = Counter(factor for term in terms for factor in set(term.factors))
    often = [factor for factor, count in counts.items() if count > 1]
    often.sort(key=lambda factor: (-counts[factor] * factor.size, _order(factor)))
    ways = [_pulled(terms, factor) for factor in often[: BREADTH if len(terms) <= MOST_SEARCHED else 1]]
    return min(ways, key=len) if ways else _added(terms)


def _pulled(terms: Sequence[Term], factor: Expression) -> Expression:
    """The sum with one factor pulled out of all terms that have it."""
    inside = [Term(t.weight, _without(t.factors, Counter([factor]))) for t in terms if factor in t.factors]
    outside = [term for term in terms if factor not in term.factors]
    ratio = _ratio(inside, outside)
    if ratio is not None:
        return _two_sums([Term(1.0, ()), Term(ratio, (factor,))], outside)
    pulled = _product(1.0, (factor,), [inside])
    return _plus(_sum(outside), pulled) if outside else pulled


def _two_sums(first: Sequence[Term], second: Sequence[Term]) -> Expression:
    """The product of two sums, numbers moved to where both are short: (3 + 2*a)*(2 + b)."""

    def length(number: float) -> int:
        weights = [term.weight * number for term in first] + [term.weight / number for term in second]
        return sum(len(f"{weight:.12g}") for weight in weights)

    numbers = [1.0, *(term.weight for term in second), 2.0, 3.0, 4.0]
    number = min(numbers, key=lambda number: (length(number), number))
    return _product(
        1.0,
        (),
        [
            [Term(term.weight * number, term.factors) for term in first],
            [Term(term.weight / number, term.factors) for term in second],
        ],
    )


def _ratio(inside: Sequence[Term], outside: Sequence[Term]) -> float | None:
    """The number that the outer sum times it is the inner one; None where they are not proportional."""
    inner = {tuple(sorted(t.factors, key=_order)): t.weight for t in inside}
    outer = {tuple(sorted(t.factors, key=_order)): t.weight for t in outside}
    if inner.keys() != outer.keys() or not outer:
        return None
    ratios = [inner[key] / outer[key] for key in outer]
    return ratios[0] if max(ratios) - min(ratios) <= SAME * abs(ratios[0]) else None


def _product(number: float, factors: tuple[Expression, ...], sums: Sequence[Sequence[Term]]) -> Expression:
    parts: list[Expression] = []
    for terms in sums:
        if len(terms) == 1:
            number *= terms[0].weight
            factors = (*factors, *terms[0].factors)
        else:
            inner = _sum(terms)
            parts.append(inner)
    parts += [_power(factor, count) for factor, count in Counter(factors).items()]
    if not parts:
        return Expression.constant(number)
    found = parts[0]
    for part in parts[1:]:
        found = found * part
    if number == 1.0:
        return found
    return -found if number == -1.0 else number * found


def _power(factor: Expression, count: int) -> Expression:
    if count == 1:
        return factor
    if count in (2, 3):
        return Expression.apply("square" if count == 2 else "cube", factor)
    return Expression.apply("pow", factor, float(count))


def _added(terms: Sequence[Term]) -> Expression:
    found: Expression | None = None
    # A sum begins with a positive term where it has one.
    for term in sorted(terms, key=lambda term: term.weight < 0.0):
        if found is None:
            found = _product(term.weight, term.factors, [])
        elif term.weight < 0.0:
            found = found - _product(-term.weight, term.factors, [])
        else:
            found = found + _product(term.weight, term.factors, [])
    return Expression.constant(0.0) if found is None else found


def _plus(left: Expression, right: Expression) -> Expression:
    return left + right


def _common(counts: Sequence[Counter[Expression]]) -> Counter[Expression]:
    found = counts[0]
    for count in counts[1:]:
        found = found & count
    return found if len(counts) > 1 else Counter()


def _common_number(terms: Sequence[Term]) -> float:
    """The size that all coefficients have, or -1 where all are negative; 1 where there is none."""
    weights = [term.weight for term in terms]
    if len(weights) < 2:
        return 1.0
    sign = -1.0 if all(weight < 0.0 for weight in weights) else 1.0
    size = abs(weights[0])
    if all(abs(abs(weight) - size) <= SAME * size for weight in weights):
        return sign * size
    return sign


def _without(factors: tuple[Expression, ...], taken: Counter[Expression]) -> tuple[Expression, ...]:
    left = Counter(factors)
    left.subtract(taken)
    return tuple(factor for factor in left.elements())
