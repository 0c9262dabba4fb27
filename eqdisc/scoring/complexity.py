"""How complex an expression is."""

from eqdisc.expr.expression import Expression


def complexity(expression: Expression) -> int:
    """Number of nodes: every operator, variable and constant counts one.

    >>> from eqdisc.expr.parse import parse
    >>> complexity(parse("2*x + sin(x)", ["x"]))
    6
    """
    return expression.size
