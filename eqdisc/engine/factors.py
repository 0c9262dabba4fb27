"""The factors of an expression, each of which makes it zero where it is zero itself."""

from dataclasses import dataclass

from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import (
    ABS,
    ASIN,
    ATAN,
    CBRT,
    CONSTANT,
    CUBE,
    DIV,
    INV,
    MUL,
    NEG,
    POW,
    SINH,
    SQRT,
    SQUARE,
    TANH,
)

# Functions of one argument that are zero where that is, and nowhere else.
_EVERYWHERE = (NEG, SQUARE, CUBE, CBRT, ABS, SINH, TANH, ATAN)
_SOMEWHERE = (SQRT, ASIN)  # not defined for every argument


@dataclass(frozen=True)
class Factor:
    """A factor of an expression.

    zero   : what is zero where this makes the expression zero
    others : factors and divisors that have to be finite there
    """

    zero: Expression
    others: tuple[Expression, ...] = ()


def factors(expression: Expression) -> tuple[Factor, ...]:
    """What makes an expression zero: its distinct factors without their powers, divisors left out.

    One that is the expression itself where it is no product.

    >>> from eqdisc.expr.parse import parse
    >>> [factor.zero for factor in factors(parse("3*(x - 1)**2*sqrt(y)/x", ["x", "y"]))]
    [<Expression x0 - 1>, <Expression x1>]
    """
    pairs = _split(expression)
    zeros = dict.fromkeys(zero for zero, _ in pairs if zero is not None and zero.features)
    found = []
    for zero in zeros:
        others = dict.fromkeys(whole for other, whole in pairs if other != zero and whole.features)
        found.append(Factor(zero, tuple(others)))
    return tuple(found) or (Factor(expression),)


def _split(expression: Expression) -> list[tuple[Expression | None, Expression]]:
    """Factors: what is zero where each of them is (None for a divisor), and the factor as it stands."""
    root, children = expression.root, expression.children
    if root == MUL:
        return [*_split(children[0]), *_split(children[1])]
    if root == DIV:
        return [*_split(children[0]), (None, children[1])]
    if root == INV:
        return [(None, children[0])]
    if root in _EVERYWHERE:
        return _split(children[0])
    if root == POW and children[1].codes == (CONSTANT,):
        exponent = children[1].payload[0]
        if exponent > 0.0 and exponent.is_integer():
            return _split(children[0])
        return [(children[0] if exponent > 0.0 else None, expression)]
    return [(children[0] if root in _SOMEWHERE else expression, expression)]


__all__ = ["Factor", "factors"]
