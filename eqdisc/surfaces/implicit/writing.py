"""Sums of terms written as people would: no factor of one, minus signs, roots of numbers below the bar."""

from collections.abc import Sequence
from functools import reduce

from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, CUBE, POW, SQUARE
from eqdisc.scoring.description import LAST_DIGITS, nice_numbers

Term = tuple[float, Sequence[Expression]]


def power_of(base: Expression, power: int) -> Expression:
    """A whole power of an expression.

    >>> str(power_of(Expression.variable(0), 4))
    'x0**4'
    """
    if power == 1:
        return base
    name = {2: "square", 3: "cube"}.get(power)
    return Expression.apply("pow", base, float(power)) if name is None else Expression.apply(name, base)


def joined_powers(expression: Expression) -> Expression:
    """Powers of powers as one: x**4 for (x**2)**2, which has as many nodes, and fewer signs for the eye.

    >>> from eqdisc.expr.parse import parse
    >>> str(joined_powers(parse("(x**2)**2 + cos((y**2)**3)*(x**2)", ["x", "y"])))
    'x0**4 + cos(x1**6)*x0**2'
    """
    if not expression.arity_root:
        return expression
    base, power = base_of(expression)
    if power > 1:
        return power_of(joined_powers(base), power)
    return Expression.apply(expression.root, *(joined_powers(child) for child in expression.children))


def base_of(expression: Expression) -> tuple[Expression, int]:
    """What is raised to a whole power above 1, through all powers of powers; 1 where it is none."""
    children = expression.children
    power = {SQUARE: 2, CUBE: 3}.get(expression.root, 1)
    if expression.root == POW and children[1].root == CONSTANT:
        exponent = float(children[1].payload[0])
        power = int(exponent) if exponent.is_integer() and exponent > 1.0 else 1
    if power == 1:
        return expression, 1
    base, inner = base_of(children[0])
    return base, power * inner


def written_sum(terms: Sequence[Term]) -> Expression:
    """The sum of coefficients times products; terms of the same coefficient share it where that is shorter.

    >>> x, y = Expression.variable(0), Expression.variable(1)
    >>> str(written_sum([(-4.0, [x]), (-4.0, [y]), (1.0, [])]))
    '1 - 4*(x0 + x1)'
    """
    pieces: list[tuple[bool, Expression]] = []
    for size in dict.fromkeys(abs(value) for value, _ in terms):
        alike = [(value, factors) for value, factors in terms if abs(value) == size]
        members = [(value < 0.0, _product(factors)) for value, factors in alike]
        if size != 1.0 and len(members) > 1 and all(inner is not None for _, inner in members):
            negative = all(sign for sign, _ in members)
            group = signed_sum([(sign != negative, inner) for sign, inner in members if inner is not None])
            pieces.append((negative, _scaled(size, group)))
            continue
        for sign, inner in members:
            pieces.append((sign, Expression.constant(size) if inner is None else _scaled(size, inner)))
    return signed_sum(pieces) if pieces else Expression.constant(0.0)


def _product(factors: Sequence[Expression]) -> Expression | None:
    return reduce(lambda a, b: a * b, factors) if factors else None


def _scaled(size: float, inner: Expression) -> Expression:
    if size == 1.0:
        return inner
    below = 1.0 / size
    own, other = (nice_numbers(value, LAST_DIGITS * value) for value in (size, below))
    if other and (not own or other[0].bits < own[0].bits):
        return inner / other[0].value
    return own[0].value * inner if own else size * inner


def signed_sum(pieces: Sequence[tuple[bool, Expression]]) -> Expression:
    """A sum; a positive piece goes first where there is one."""
    ordered = sorted(pieces, key=lambda piece: piece[0]) if pieces[0][0] else list(pieces)
    negative, total = ordered[0]
    total = -total if negative else total
    for negative, piece in ordered[1:]:
        total = total - piece if negative else total + piece
    return total
