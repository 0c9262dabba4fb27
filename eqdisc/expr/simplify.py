"""Simplification by rules that never change a value."""

import math
from functools import lru_cache

import numpy as np

from eqdisc.expr import algebra
from eqdisc.expr.canonical import chained, operands_of_chain, order_key
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import (
    ABS,
    ADD,
    CBRT,
    CONSTANT,
    COS,
    COSH,
    CUBE,
    DIV,
    EXP,
    INV,
    MAX,
    MIN,
    MUL,
    NEG,
    POW,
    SIN,
    SQRT,
    SQUARE,
    SUB,
    VARIABLE,
    WHERE,
    row_of,
)
from eqdisc.expr.parse import parse

# Each rule holds for all real numbers, infinities and NaN included; a, b, c stand for any expression. What is
# missing here is missing on purpose: x/x is not 1 at 0, sqrt(x)**2 and exp(log(x)) are NaN below 0,
# log(exp(x)) overflows.
_RULES_AS_TEXT = """
    -(-a)               a
    abs(-a)             abs(a)
    abs(abs(a))         abs(a)
    abs(a**2)           a**2
    abs(sqrt(a))        sqrt(a)
    abs(exp(a))         exp(a)
    abs(cosh(a))        cosh(a)
    abs(acos(a))        acos(a)
    abs(a)**2           a**2
    (-a)**2             a**2
    (-a)**3             -a**3
    inv(-a)             -inv(a)
    inv(inv(a))         a
    cbrt(-a)            -cbrt(a)
    cbrt(a**3)          a
    cbrt(a)**3          a
    sqrt(a**2)          abs(a)
    sin(-a)             -sin(a)
    tan(-a)             -tan(a)
    asin(-a)            -asin(a)
    atan(-a)            -atan(a)
    sinh(-a)            -sinh(a)
    tanh(-a)            -tanh(a)
    cos(-a)             cos(a)
    cosh(-a)            cosh(a)
    cos(abs(a))         cos(a)
    cosh(abs(a))        cosh(a)
    sign(-a)            -sign(a)
    sign(sign(a))       sign(a)
    sign(a**3)          sign(a)
    sign(cbrt(a))       sign(a)
    sign(sinh(a))       sign(a)
    sign(tanh(a))       sign(a)
    sign(atan(a))       sign(a)
    floor(floor(a))     floor(a)
    floor(sign(a))      sign(a)
    pow(a, 0)           1
    pow(a, 1)           a
    pow(1, a)           1
    pow(a, -1)          inv(a)
    pow(a, 2)           a**2
    pow(a, 3)           a**3
    min(-a, -b)         -max(a, b)
    max(-a, -b)         -min(a, b)
    where(a, b, b)      b
"""
_HOLES = ("a", "b", "c")


def _read_rules() -> dict[int, list[tuple[Expression, Expression]]]:
    by_root: dict[int, list[tuple[Expression, Expression]]] = {}
    for line in _RULES_AS_TEXT.strip().splitlines():
        pattern, replacement = (parse(part, _HOLES) for part in line.strip().split("  ", 1))
        by_root.setdefault(pattern.root, []).append((pattern, replacement))
    return by_root


#: Pattern and replacement, by the operator at the pattern's root.
RULES = _read_rules()
_ARITHMETIC = (ADD, SUB, MUL, DIV, NEG, INV, SQUARE, CUBE, POW)
_MOST_ROUNDS = 20
_QUARTER_TURN = math.pi / 2.0
_MOST_TURNS = 64.5  # beyond these the rounding of the angle counts
_ROUNDING = 4e-16


def simplify(expression: Expression) -> Expression:
    """An equal expression with no more nodes, usually fewer.

    Values agree up to rounding for all finite features; where the expression is NaN or infinite it stays so
    (overflow and the sign of zero are not looked at). Operations on numbers are carried out, sums and
    products merged (2*(3*x) becomes 6*x), operands brought into one order.

    >>> simplify(parse("2*(3*x) + x*x - (1 - 4)", ["x"]))
    <Expression x0**2 + 6*x0 + 3>
    """
    for _ in range(_MOST_ROUNDS):
        simpler = _bottom_up(expression)
        if simpler == expression:
            break
        expression = simpler
    return expression


@lru_cache(maxsize=8192)
def _bottom_up(expression: Expression) -> Expression:
    if not expression.arity_root:
        return expression
    node = Expression.apply(expression.root, *(_bottom_up(child) for child in expression.children))
    for rule in (_folded, _matched, _merged, _even, _shifted, _rooted, _pulled, _chained, _chosen):
        simpler = rule(node)
        if simpler is not None and simpler != node and simpler.size <= node.size:
            node = simpler
            if not node.arity_root:
                break
    return node


def _folded(node: Expression) -> Expression | None:
    """An operator on numbers is a number, if a finite one."""
    if VARIABLE in node.codes or node.size != 1 + node.arity_root:
        return None
    with np.errstate(all="ignore"):
        value = float(row_of(node.root).evaluate(*(np.float64(v) for v in node.payload[:-1])))
    return Expression.constant(value) if math.isfinite(value) else None


def _matched(node: Expression) -> Expression | None:
    """The first rule of the table that fits."""
    for pattern, replacement in RULES.get(node.root, ()):
        bound: dict[int, Expression] = {}
        if _match(pattern, node, bound):
            return _substitute(replacement, bound)
    return None


def _match(pattern: Expression, node: Expression, bound: dict[int, Expression]) -> bool:
    if pattern.root == VARIABLE:
        return bound.setdefault(int(pattern.payload[0]), node) == node
    if pattern.root != node.root or (pattern.root == CONSTANT and pattern != node):
        return False
    return all(_match(p, n, bound) for p, n in zip(pattern.children, node.children, strict=True))


def _substitute(pattern: Expression, bound: dict[int, Expression]) -> Expression:
    if pattern.root == VARIABLE:
        return bound[int(pattern.payload[0])]
    if not pattern.arity_root:
        return pattern
    return Expression.apply(pattern.root, *(_substitute(child, bound) for child in pattern.children))


def _merged(node: Expression) -> Expression | None:
    """Sums and products in normal form, whichever way of writing them is shortest."""
    if node.root not in _ARITHMETIC:
        return None
    forms: list[Expression] = []
    for distribute in (False, True):
        try:
            total = algebra.sum_of(node, distribute)
            forms.append(algebra.written_sum(total))
        except algebra.NotRepresentable:
            continue
        if not total.distributable:
            break
    return min(forms, key=len, default=None)


def _even(node: Expression) -> Expression | None:
    """cos(-2*x) is cos(2*x)."""
    if node.root not in (ABS, COS, COSH) or node.codes[-2] != MUL:
        return None
    factors = operands_of_chain(node.children[0])
    number = factors[0].payload[0] if factors[0].codes == (CONSTANT,) else 0.0
    if number >= 0.0:
        return None
    return Expression.apply(node.root, chained(MUL, [Expression.constant(-number), *factors[1:]]))


def _shifted(node: Expression) -> Expression | None:
    """cos(x - pi/2) is sin(x)."""
    if node.root not in (SIN, COS) or node.codes[-2] not in (ADD, SUB):
        return None
    try:
        total = algebra.sum_of(node.children[0], False)
        turns = total.constant / _QUARTER_TURN
        if turns == 0.0 or abs(turns) > _MOST_TURNS or abs(turns - round(turns)) > _ROUNDING * abs(turns):
            return None
        total.constant = 0.0
        rest = algebra.written_sum(total)
    except algebra.NotRepresentable:
        return None
    # Counted from the sine, which is the cosine a quarter turn before.
    quarter = (round(turns) + (node.root == COS)) % 4
    shifted = Expression.apply(COS if quarter % 2 else SIN, rest)
    return -shifted if quarter >= 2 else shifted


def _rooted(node: Expression) -> Expression | None:
    """sqrt(exp(2*x)) is exp(x)."""
    exponent = {SQRT: 0.5, CBRT: 1.0 / 3.0}.get(node.root)
    if node.root == POW and node.codes[-2] == CONSTANT:
        exponent = node.payload[-2]
    if not exponent or node.children[0].root != EXP:
        return None
    return Expression.apply(EXP, _bottom_up(exponent * node.children[0].children[0]))


def _pulled(node: Expression) -> Expression | None:
    """sqrt(4*x) is 2*sqrt(x)."""
    if node.root not in (SQRT, CBRT):
        return None
    try:
        product = algebra.product_of(node)
    except algebra.NotRepresentable:
        return None
    return algebra.scaled(product.coefficient, algebra.unscaled(product), product)


def _chained(node: Expression) -> Expression | None:
    """min(a, min(b, a)) has two operands; those of one operator stand in one order."""
    if node.root not in (MIN, MAX):
        return None
    operands = sorted(set(operands_of_chain(node)), key=order_key)
    numbers = [operand.payload[0] for operand in operands if operand.codes == (CONSTANT,)]
    others = [operand for operand in operands if operand.codes != (CONSTANT,)]
    if numbers:
        others.append(Expression.constant(min(numbers) if node.root == MIN else max(numbers)))
    return chained(node.root, others)


def _chosen(node: Expression) -> Expression | None:
    """A `where` whose condition is a number."""
    if node.root != WHERE or node.children[0].codes != (CONSTANT,):
        return None
    condition, positive, other = node.children
    return positive if condition.payload[0] > 0.0 else other
