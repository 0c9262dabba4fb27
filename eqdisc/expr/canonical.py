"""What two expressions have in common: order of operands, structural hash, skeleton."""

import struct
from collections.abc import Iterable
from functools import reduce
from hashlib import blake2b

from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import ADD, CONSTANT, MAX, MIN, MUL, VARIABLE

#: Operators whose operands may change place and be grouped anew.
ASSOCIATIVE = (ADD, MUL, MIN, MAX)

OrderKey = tuple[bool, int, tuple[int, ...], tuple[float, ...], tuple[float, ...]]


def order_key(expression: Expression) -> OrderKey:
    """Sort key of operands: numbers last, then by size, operators, features and last values of constants."""
    features = tuple(
        value if code == VARIABLE else 0.0
        for code, value in zip(expression.codes, expression.payload, strict=True)
    )
    number = expression.codes == (CONSTANT,)
    return number, expression.size, expression.codes, features, expression.payload


def operands_of_chain(expression: Expression) -> list[Expression]:
    """The operands of a + (b + (c + d)) and the like: those of all nested equal associative operators."""
    found: list[Expression] = []
    waiting = list(reversed(expression.children))
    while waiting:
        operand = waiting.pop()
        if operand.root == expression.root:
            waiting.extend(reversed(operand.children))
        else:
            found.append(operand)
    return found


def chained(code: int, operands: Iterable[Expression]) -> Expression:
    """operand, operand, ... joined from the left by a binary operator."""
    return reduce(lambda a, b: Expression.apply(code, a, b), operands)


def canonical(expression: Expression) -> Expression:
    """The same formula with the operands of + * min max in one fixed order and grouped from the left.

    Values change by rounding at most.

    >>> x, y = Expression.variable(0), Expression.variable(1)
    >>> canonical(y * (2.0 * x)) == canonical((x * 2.0) * y)
    True
    """
    if not expression.arity_root:
        return expression
    if expression.root in ASSOCIATIVE:
        operands = [canonical(operand) for operand in operands_of_chain(expression)]
        return chained(expression.root, sorted(operands, key=order_key))
    return Expression.apply(expression.root, *(canonical(child) for child in expression.children))


def skeleton(expression: Expression) -> Expression:
    """The canonical form with every constant replaced by 1: equal for formulas that differ in constants only.

    >>> x = Expression.variable(0)
    >>> skeleton(3.0 * x) == skeleton(x * -0.5)
    True
    """
    return canonical(expression.with_constants([1.0] * expression.codes.count(CONSTANT)))


def structural_hash(expression: Expression, with_constants: bool = True) -> int:
    """Unsigned 64-bit hash of the canonical form (or of the skeleton), the same in every process.

    >>> x, y = Expression.variable(0), Expression.variable(1)
    >>> structural_hash(x + y) == structural_hash(y + x)
    True
    """
    form = canonical(expression) if with_constants else skeleton(expression)
    packed = struct.pack(f"<{form.size}i{form.size}d", *form.codes, *form.payload)
    return int.from_bytes(blake2b(packed, digest_size=8).digest(), "little")
