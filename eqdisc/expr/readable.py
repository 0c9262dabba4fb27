"""The same formula with fewer signs: for reading."""

from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import ADD, CONSTANT, DIV, MUL, NEG, SUB


def readable(expression: Expression) -> Expression:
    """The expression with `a - b` for `a + (-b)` and so on; its values are the same to the last bit.

    >>> from eqdisc.expr.parse import parse
    >>> print(readable(parse("x + (-2)*y - (-3)", ["x", "y"])), "|", readable(parse("-(0.7*x)", ["x"])))
    x0 - 2*x1 + 3 | -0.7*x0
    """
    if not expression.children:
        return expression
    children = [readable(child) for child in expression.children]
    root = expression.root
    if root == NEG:
        flipped = _flipped(children[0])
        return Expression.apply(NEG, children[0]) if flipped is None else flipped
    if root in (ADD, SUB):
        left, right = children
        positive = _positive(right)
        if positive is not None:
            return Expression.apply(SUB if root == ADD else ADD, left, positive)
        positive = _positive(left)
        if root == ADD and positive is not None:
            return Expression.apply(SUB, right, positive)
    return Expression.apply(root, *children)


def _positive(expression: Expression) -> Expression | None:
    """The negative of a product that begins with a negative number; None for anything else."""
    number = _leading(expression)
    return _flipped(expression) if number is not None and number < 0.0 else None


def _leading(expression: Expression) -> float | None:
    """The first factor of a product, where it is a number."""
    while expression.root in (MUL, DIV):
        expression = expression.children[0]
    return float(expression.payload[0]) if expression.root == CONSTANT else None


def _flipped(expression: Expression) -> Expression | None:
    """The negative of a product whose first factor is a number; None for anything else."""
    if expression.root == CONSTANT:
        return Expression.constant(-float(expression.payload[0]))
    if expression.root not in (MUL, DIV):
        return None
    first = _flipped(expression.children[0])
    return None if first is None else Expression.apply(expression.root, first, expression.children[1])
