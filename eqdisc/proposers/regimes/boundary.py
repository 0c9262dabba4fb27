"""The boundary between two sets of rows, as the simplest expression that is positive on one side only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy.optimize import linprog

from eqdisc._typing import BoolArray, FloatArray, IntArray
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import VARIABLE, OperatorSet
from eqdisc.expr.simplify import simplify
from eqdisc.proposers.regimes.coordinates import coordinates
from eqdisc.proposers.regimes.libraries import ONE, monomials, tabulated
from eqdisc.proposers.regimes.numbers import simplest
from eqdisc.proposers.regimes.polytope import Inequalities

ERROR_COST = 2.0  # of a row on the wrong side, in nodes
SOFT_ROWS = 0.01  # of the rows that a boundary learned from noisy labels may leave on the wrong side
LP_ROWS = 300  # of each side to begin with
ROUNDS = 6
ADDED = 200  # rows nearest to the boundary that join them in a round
SIMPLE_ENOUGH = 9.0  # nodes and digits; with such a threshold no linear program is asked
PIVOTS = 3  # terms whose coefficient may be the one that is 1


@dataclass(frozen=True)
class Boundary:
    """A condition.

    expression : positive on one side
    above      : whether that side is the one asked for
    errors     : rows on the wrong side
    cost       : nodes, digits, errors
    """

    expression: Expression
    above: bool
    errors: int
    cost: float

    def choose(self, inside: Expression, outside: Expression) -> Expression:
        """`where(condition, law of the side asked for, law of the other)`."""
        sides = (inside, outside) if self.above else (outside, inside)
        return Expression.apply("where", self.expression, *sides)


def boundary(
    features: FloatArray, inside: BoolArray, operators: OperatorSet, tolerated: int = 0
) -> Boundary | None:
    """The simplest boundary around the rows told to be inside; None where none is known.

    features : (n, k) ; inside : (n,) ; tolerated : rows that may lie on the wrong side

    Thresholds and bands of simple coordinates are tried first, then polynomials up to the second degree and
    waves, found by linear programs (Mangasarian 1965), their coefficients as simple as the rows allow.

    >>> x = np.random.default_rng(0).uniform(-3.0, 3.0, (300, 2))
    >>> found = boundary(x, x[:, 0] ** 2 + x[:, 1] ** 2 < 4.0, OperatorSet.parse("+ - * where"))
    >>> str(found.expression), found.above
    ('4 - x0**2 - x1**2', True)
    """
    if not inside.any() or inside.all():
        return None
    found = [
        *_thresholds(features, inside, operators, tolerated),
        *_corners(features, inside, operators, tolerated),
    ]
    best = min(found, key=lambda each: each.cost, default=None)
    if best is None or best.cost > SIMPLE_ENOUGH:
        found += _polynomials(features, inside, operators, tolerated)
    return min(found, key=lambda each: each.cost, default=None)


def _thresholds(
    features: FloatArray, inside: BoolArray, operators: OperatorSet, tolerated: int
) -> Iterator[Boundary]:
    for u in coordinates(features, operators):
        with np.errstate(all="ignore"):
            values = evaluate(u, features)
        if not np.isfinite(values).all():
            continue
        for expression, above in _cuts(u, values, inside, operators):
            made = _judged(expression, above, features, inside, tolerated)
            if made is not None:
                yield made


def _cuts(
    u: Expression, values: FloatArray, inside: BoolArray, operators: OperatorSet
) -> Iterator[tuple[Expression, bool]]:
    """Thresholds and bands of a coordinate, with the side on which the rows are inside."""
    order = np.argsort(values, kind="stable")
    sorted_values, sorted_inside = values[order], inside[order]
    steps = np.flatnonzero(np.diff(sorted_values) > 0.0)
    if steps.size == 0:
        return
    below = np.cumsum(sorted_inside)[steps]
    total, n = int(np.sum(inside)), values.size
    # Rows below the cut that are inside, and rows above it that are not.
    wrong = below + (n - 1 - steps) - (total - below)
    for above, errors in ((True, wrong), (False, n - wrong)):
        best = np.flatnonzero(errors == errors.min())
        widths = sorted_values[steps[best] + 1] - sorted_values[steps[best]]
        place = int(steps[best[int(np.argmax(widths))]])
        yield from _cut(u, float(sorted_values[place]), float(sorted_values[place + 1]), above)
    if "abs" in operators and total >= 2:
        yield from _bands(u, sorted_values, sorted_inside)


def _cut(u: Expression, low: float, high: float, above: bool) -> Iterator[tuple[Expression, bool]]:
    """u above or below the simplest number between two values; at the upper end itself the sides are named
    the other way round, for a condition is strict."""
    number, _ = simplest(low, high)
    if number < high:
        yield _minus(u, number), above
    else:
        yield simplify(Expression.constant(number) - u), not above


def _bands(u: Expression, values: FloatArray, inside: BoolArray) -> Iterator[tuple[Expression, bool]]:
    """|u - middle| below a width, where one side lies between two rows of the other."""
    for member in (inside, ~inside):
        places = np.flatnonzero(member)
        first, last = int(places[0]), int(places[-1])
        if first == 0 or last == values.size - 1 or np.mean(member[first : last + 1]) < 1.0 - SOFT_ROWS:
            continue
        start, _ = simplest(float(values[first - 1]), float(values[first]))
        end, _ = simplest(float(values[last]), float(values[last + 1]))
        shifted = Expression.apply("abs", _minus(u, 0.5 * (start + end)))
        side = bool(member is inside)
        yield _minus(shifted, 0.5 * (end - start)), not side
        yield simplify(Expression.constant(0.5 * (end - start)) - shifted), side


def _corners(
    features: FloatArray, inside: BoolArray, operators: OperatorSet, tolerated: int
) -> Iterator[Boundary]:
    """Boxes, open on some sides: the smallest of the distances to the sides is positive inside."""
    if "min" not in operators:
        return
    for member in (inside, ~inside):
        # A side is a feature times 1 or -1, from its least value in the box upwards.
        columns = np.hstack([features, -features])
        least = np.min(columns[member], axis=0)
        sides = list(range(columns.shape[1]))
        beyond = columns[~member] < least
        if np.sum(~beyond.any(axis=1)) > tolerated:
            continue
        for side in sorted(sides, key=lambda side: int(np.sum(beyond[:, side]))):
            fewer = [other for other in sides if other != side]
            if np.sum(~beyond[:, fewer].any(axis=1)) <= tolerated:
                sides = fewer
        if len(sides) < 2:
            continue
        distances = []
        for side in sides:
            others = [other for other in sides if other != side]
            only = columns[~member][~beyond[:, others].any(axis=1), side]
            number, _ = simplest(float(np.max(only[only < least[side]])), float(least[side]))
            feature = Expression.variable(side % features.shape[1])
            negative = side >= features.shape[1]
            distances.append(
                simplify(Expression.constant(-number) - feature) if negative else _minus(feature, number)
            )
        box = reduce(lambda a, b: Expression.apply("min", a, b), distances)
        made = _judged(box, member is inside, features, inside, tolerated)
        if made is not None:
            yield made


def _minus(u: Expression, number: float) -> Expression:
    return u if number == 0.0 else u - Expression.constant(number) if number > 0.0 else u + (-number)


def _judged(
    expression: Expression,
    above: bool,
    features: FloatArray,
    inside: BoolArray,
    tolerated: int,
    price: float = 0.0,
) -> Boundary | None:
    with np.errstate(all="ignore"):
        positive = evaluate(expression, features) > 0.0
    errors = int(np.sum((positive == above) != inside))
    if errors > tolerated:
        return None
    digits = sum(0.5 * len(f"{value:.6g}".strip("-0.")) for value in expression.constants)
    return Boundary(expression, above, errors, expression.size + digits + price + ERROR_COST * errors)


# ---------------------------------------------------------------- polynomials


def _polynomials(
    features: FloatArray, inside: BoolArray, operators: OperatorSet, tolerated: int
) -> Iterator[Boundary]:
    k = features.shape[1]
    waves = [
        Expression.apply(name, Expression.variable(j))
        for name in ("sin", "cos")
        if name in operators
        for j in range(k)
    ]
    libraries = [monomials(k, 1)]
    libraries += [monomials(k, 2)] if "mul" in operators else []
    libraries += [[*monomials(k, 1), *waves]] if waves else []
    for terms in libraries:
        if 1 < len(terms) <= 21:
            made = separation(terms, features, inside, tolerated)
            if made is not None:
                yield made
                return


def separation(
    terms: Sequence[Expression], features: FloatArray, inside: BoolArray, tolerated: int
) -> Boundary | None:
    """A linear combination of the terms that is positive on the rows inside and not on the others."""
    columns = tabulated(terms, features)
    with np.errstate(all="ignore"):
        raw = np.stack([evaluate(term, features) * np.ones(inside.size) for term in terms], axis=1)
    if not np.isfinite(raw).all():
        return None
    whole = Inequalities(np.where(inside, 1.0, -1.0)[:, None] * columns, np.zeros(inside.size))
    rows, side = _spread(inside), inside
    if tolerated and whole.take(rows).inner(np.ones(len(terms), dtype=bool), 1.0) is None:
        kept = whole.rows @ _least_errors(whole.take(rows)) > 0.0
        if inside.size - int(np.sum(kept)) > max(tolerated, SOFT_ROWS * inside.size):
            return None
        whole, raw, side = whole.take(np.flatnonzero(kept)), raw[kept], inside[kept]
        rows = _spread(side)
    found = _separated(whole, rows)
    if found is None:
        return None
    coefficients, rows = found
    critical = whole.take(rows)
    active = np.ones(len(terms), dtype=bool)
    for place in np.argsort(np.abs(coefficients), kind="stable").tolist():
        if int(np.sum(active)) == 1:
            break
        active[place] = False
        fewer = critical.inner(active, 1.0)
        active[place] = fewer is None
        coefficients = coefficients if fewer is None else fewer[0]
    again = _separated(whole, rows, active)
    if again is None:
        return None
    coefficients, rows = again
    signed = Inequalities(np.where(side, 1.0, -1.0)[rows, None] * raw[rows], np.zeros(rows.size))
    norms = np.sqrt(np.mean(raw**2, axis=0))
    coefficients = coefficients / np.where(norms > 0.0, norms, 1.0)
    return _written(terms, signed, coefficients, features, inside, tolerated)


def _separated(
    whole: Inequalities, rows: IntArray, active: BoolArray | None = None
) -> tuple[FloatArray, IntArray] | None:
    """Coefficients that keep all inequalities, found from few of them, and these: those that are broken or
    nearly so join them until none is broken (Dantzig, Fulkerson and Johnson 1954)."""
    active = np.ones(whole.rows.shape[1], dtype=bool) if active is None else active
    for _ in range(ROUNDS):
        found = whole.take(rows).inner(active, 1.0)
        if found is None:
            return None
        slack = whole.rows @ found[0] - whole.bounds
        more = np.argsort(slack, kind="stable")[:ADDED]
        joined = np.union1d(rows, more)
        if slack.min() >= 0.0:
            return found[0], joined
        rows = joined
    return None


def _written(
    terms: Sequence[Expression],
    signed: Inequalities,
    coefficients: FloatArray,
    features: FloatArray,
    inside: BoolArray,
    tolerated: int,
) -> Boundary | None:
    """The combination with simple coefficients, the leading one 1 or -1."""
    degrees = [sum(code == VARIABLE for code in term.codes) for term in terms]
    leading = [j for j in np.flatnonzero(coefficients).tolist() if terms[j] != ONE]
    leading.sort(key=lambda j: (-degrees[j], -abs(coefficients[j])))
    best: Boundary | None = None
    for pivot in leading[:PIVOTS]:
        scale = abs(coefficients[pivot])
        start = np.where(coefficients == 0.0, 0.0, np.nan)
        start[pivot] = np.sign(coefficients[pivot])
        rounded = signed.near(coefficients / scale).rounded(start)
        if rounded is None:
            continue
        values, price = rounded
        for sign in (1.0, -1.0):
            expression = combination(terms, sign * values)
            made = _judged(expression, sign > 0.0, features, inside, tolerated, price)
            if made is not None and (best is None or made.cost < best.cost):
                best = made
    return best


def combination(terms: Sequence[Expression], values: FloatArray) -> Expression:
    """The sum of the terms times their values, positive ones first; constants of 1 are not written."""
    parts = [(term, float(v)) for term, v in zip(terms, values, strict=True) if v != 0.0]
    parts.sort(key=lambda part: part[1] < 0.0)
    return simplify(
        reduce(
            lambda a, b: a + b,
            [Expression.constant(v) * term if term != ONE else Expression.constant(v) for term, v in parts],
        )
    )


def _spread(inside: BoolArray) -> IntArray:
    """At most `LP_ROWS` rows of each side, evenly."""
    chosen = []
    for side in (inside, ~inside):
        places = np.flatnonzero(side)
        chosen.append(places[:: max(1, -(-places.size // LP_ROWS))])
    return np.sort(np.concatenate(chosen))


def _least_errors(inequalities: Inequalities) -> FloatArray:
    """Coefficients that miss the inequalities by least in all (Bennett and Mangasarian 1992)."""
    m, p = inequalities.rows.shape
    design = np.hstack([-inequalities.rows, -np.eye(m)])
    found = linprog(
        np.concatenate([np.zeros(p), np.ones(m)]),
        A_ub=design,
        b_ub=-np.ones(m),
        bounds=[(None, None)] * p + [(0.0, None)] * m,
        method="highs",
    )
    weights: FloatArray = np.zeros(p) if found.x is None else found.x[:p]
    return weights
