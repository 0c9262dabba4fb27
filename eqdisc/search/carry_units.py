"""A law whose units do not hold because no number in it carries them: `sqrt(a**3)` as `1*sqrt(a**3)`."""

from math import exp, isfinite

from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import ADD, CONSTANT, EXP, SUB
from eqdisc.expr.units import UnitRules


def carrying_units(expression: Expression, rules: UnitRules | None) -> Expression | None:
    """A law of the same values whose units hold; itself where they do, None where no factor makes them.

    Where constants may have units a factor of 1 carries that of the whole, and the constant in an exponential
    of a sum moves before it, where it can.

    >>> from eqdisc.expr.parse import parse
    >>> from eqdisc.expr.units import Dimension
    >>> rules = UnitRules((Dimension.of(K=1),), Dimension.of(kg=1))
    >>> for text in ("2*T", "sqrt(T)", "exp(3 - 500/T)", "T + T**2"):
    ...     print(carrying_units(parse(text, ["T"]), rules))
    2*x0
    1*sqrt(x0)
    20.085536923187668*exp(-(500/x0))
    None
    """
    if rules is None or rules.admit(expression):
        return expression
    if rules.constants != "free":
        return None
    times_one = Expression.apply("mul", Expression.constant(1.0), expression)
    longer = (_before_exponential(expression), times_one)
    return next((law for law in longer if law is not None and rules.admit(law)), None)


def _before_exponential(expression: Expression) -> Expression | None:
    """exp(c + f) as C*exp(f); None for anything else."""
    if expression.root != EXP or expression.children[0].root not in (ADD, SUB):
        return None
    inside = expression.children[0]
    left, right = inside.children
    is_sum = inside.root == ADD
    if left.root == CONSTANT:
        power, rest = float(left.payload[0]), right if is_sum else Expression.apply("neg", right)
    elif right.root == CONSTANT:
        value = float(right.payload[0])
        power, rest = value if is_sum else -value, left
    else:
        return None
    try:
        factor = exp(power)
    except OverflowError:
        return None
    if not isfinite(factor) or factor == 0.0:
        return None
    return Expression.apply("mul", Expression.constant(factor), Expression.apply(EXP, rest))
