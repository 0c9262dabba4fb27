"""Other ways to write an expression: with the operators that are allowed, with rounder constants."""

import math
from collections.abc import Iterator, Sequence

from eqdisc.expr.algebra import NotRepresentable, Product, Sum, sum_of, unscaled, written_sum
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import (
    ADD,
    CONSTANT,
    DIV,
    EXP,
    LOG,
    MUL,
    NEG,
    POW,
    SQRT,
    SUB,
    VARIABLE,
    OperatorSet,
    row_of,
)
from eqdisc.expr.parse import parse

# Left an operator on a and b, right another way to write it, the shortest first; equal for all real values.
_WAYS_AS_TEXT = """
    neg     -1*a
    neg     0 - a
    neg     a/(-1)
    inv     1/a
    inv     a**(-1.0)
    square  a*a
    square  pow(a, 2)
    cube    a*square(a)
    cube    a*(a*a)
    cube    pow(a, 3)
    sqrt    pow(a, 0.5)
    sub     a + neg(b)
    add     a - neg(b)
    div     a*inv(b)
    mul     a/inv(b)
    abs     max(a, neg(a))
    abs     sqrt(square(a))
    min     neg(max(neg(a), neg(b)))
    max     neg(min(neg(a), neg(b)))
"""
_LARGEST_POWER = 8
_LARGEST_EXPONENT = 64.0
_SMALLEST_DIVISOR = 1e-290  # the inverse of a smaller one may be infinite
_DEEPEST = 4  # ways within ways: neg within sub, square within cube within a power


def _read_ways() -> dict[str, list[Expression]]:
    ways: dict[str, list[Expression]] = {}
    for line in _WAYS_AS_TEXT.strip().splitlines():
        name, text = line.split(maxsplit=1)
        ways.setdefault(name, []).append(parse(text, ("a", "b")))
    return ways


_WAYS = _read_ways()


def allowed_codes(operators: OperatorSet) -> frozenset[int]:
    """Node codes that laws over these operators may have: leaves, the operators, what macros are made of.

    Who may write a - b may write -b.

    >>> NEG in allowed_codes(OperatorSet.of("sub")), NEG in allowed_codes(OperatorSet.of("add"))
    (True, False)
    """
    minus = (NEG,) if SUB in operators else ()
    within = (code for macro in operators.macros for code in macro.body.codes)
    return frozenset((VARIABLE, CONSTANT, *operators.codes, *minus, *within))


def respell(expression: Expression, allowed: frozenset[int]) -> Expression | None:
    """An equal expression with no operator outside `allowed` (node codes); None where no way is known.

    Equal for all real values, up to the rounding of its constants; the expression itself where it is allowed.

    >>> from eqdisc.expr.operators import ADD, MUL
    >>> str(respell(parse("x**2 - y", ["x", "y"]), frozenset({ADD, MUL})))
    'x0*x0 + (-1*x1)'
    """
    return expression if allowed.issuperset(expression.codes) else _respell(expression, allowed, _DEEPEST)


def _respell(expression: Expression, allowed: frozenset[int], depth: int) -> Expression | None:
    if not expression.arity_root:
        return expression
    operands: list[Expression] = []
    for child in expression.children:
        operand = _respell(child, allowed, depth)
        if operand is None:
            return None
        operands.append(operand)
    if expression.root in allowed:
        return Expression.apply(expression.root, *operands)
    if depth == 0:
        return None
    for way in _ways(expression.root, operands):
        spelled = _respell(way, allowed, depth - 1)
        if spelled is not None:
            return spelled
    return None


def _ways(code: int, operands: Sequence[Expression]) -> list[Expression]:
    if code == POW:
        return _ways_to_power(*operands)
    merged = _merged_with_number(code, *operands)
    ways = [_substituted(way, operands) for way in _WAYS.get(row_of(code).name, [])]
    return ways if merged is None else [merged, *ways]


def _merged_with_number(
    code: int, left: Expression, right: Expression | None = None, *_: Expression
) -> Expression | None:
    """a + (-2)*b for a - 2*b and 0.5*a for a/2: another number instead of another operator."""
    if code == NEG:
        return _multiplied(-1.0, left)
    if right is None:
        return None
    if code in (ADD, SUB):
        negative = _multiplied(-1.0, right)
        return None if negative is None else Expression.apply(SUB if code == ADD else ADD, left, negative)
    if code == DIV and right.root == CONSTANT and abs(right.payload[0]) > _SMALLEST_DIVISOR:
        factor = 1.0 / right.payload[0]
        return _multiplied(factor, left) or factor * left
    return None


def _multiplied(factor: float, expression: Expression) -> Expression | None:
    """factor * expression with no node more, taken into a number that is there; None where there is none."""
    if expression.root == CONSTANT:
        product = factor * expression.payload[0]
        return Expression.constant(product) if math.isfinite(product) else None
    if expression.root not in (ADD, SUB, MUL, DIV):
        return None
    left, right = expression.children
    within = _multiplied(factor, left)
    if expression.root in (ADD, SUB):
        other = _multiplied(factor, right)
        return None if within is None or other is None else Expression.apply(expression.root, within, other)
    if within is not None:
        return Expression.apply(expression.root, within, right)
    within = _multiplied(factor, right) if expression.root == MUL else None
    return None if within is None else Expression.apply(MUL, left, within)


def _ways_to_power(base: Expression, exponent: Expression) -> list[Expression]:
    """Whole powers as products, half ones with a root; the base is written out, once for each factor."""
    if exponent.root != CONSTANT:
        return []
    value = float(exponent.constants[0])
    if value < 0.0:
        return [Expression.apply("inv", Expression.apply(POW, base, -value))]
    if value == 0.5:
        return [Expression.apply("sqrt", base)]
    if value == 1.5:
        return [base * Expression.apply("sqrt", base)]
    if not value.is_integer() or not 2.0 <= value <= _LARGEST_POWER:
        return []
    power = int(value)
    half = Expression.apply("square", _whole_power(base, power // 2))
    return [half if power % 2 == 0 else base * half]


def _whole_power(base: Expression, power: int) -> Expression:
    return base if power == 1 else Expression.apply(POW, base, float(power))


def _substituted(template: Expression, operands: Sequence[Expression]) -> Expression:
    """The template with its features replaced by the operands."""
    for node in range(template.size - 1, -1, -1):
        if template.codes[node] == VARIABLE:
            template = template.replace_subtree(node, operands[int(template.payload[node])])
    return template


def other_ways(node: Expression) -> Iterator[Expression]:
    """A sum, product, quotient or exponential whose constants come out otherwise, with equal values.

    k*(u + v) as k*u + k*v, k*u + c as k*(u + c/k), k/u + c as c*(u + k/c)/u, exp(u + c) as exp(c)*exp(u),
    log(u) + c as log(exp(c)*u) and k*sqrt(u) as sqrt(k**2*u).

    >>> [str(way) for way in other_ways(parse("1.4*(x - 0.5)", ["x"]))]
    ['1.4*x0 - 0.7']
    """
    if node.root not in (ADD, SUB, MUL, EXP):
        return
    left, right = node.children[0], node.children[-1]
    try:
        if node.root == EXP:
            yield from _split_exponential(node)
        elif node.root == MUL:
            if left.root == CONSTANT and right.root in (ADD, SUB):
                yield written_sum(sum_of(node, distribute=True))
            if left.root == CONSTANT and right.root == SQRT and left.payload[0] > 0.0:
                inside = left.payload[0] ** 2 * right.children[0]
                yield Expression.apply(SQRT, written_sum(sum_of(inside, distribute=False)))
        elif CONSTANT in (left.root, right.root):
            yield from _over_one_denominator(node)
            yield from _factored(node)
            yield from _joined_logarithm(node)
    except (NotRepresentable, OverflowError, ZeroDivisionError, ValueError):  # no number to write
        return


def _over_one_denominator(node: Expression) -> Iterator[Expression]:
    """k/u + c as c*(u + k/c)/u."""
    quotients = [child for child in node.children if child.root == DIV and child.children[0].root == CONSTANT]
    total = sum_of(node, distribute=False)
    terms = [coefficient for found in total.terms.values() for coefficient, _ in found]
    if len(quotients) == 1 and len(terms) == 1 and total.constant != 0.0:
        below = quotients[0].children[1]
        yield total.constant * (below + terms[0] / total.constant) / below


def _factored(node: Expression) -> Iterator[Expression]:
    """k*u + c as k*(u + c/k)."""
    total = sum_of(node, distribute=False)
    terms = [term for found in total.terms.values() for term in found]
    if total.constant != 0.0 and len(terms) == 1 and terms[0][0] not in (0.0, 1.0, -1.0):
        coefficient, product = terms[0]
        inner = Sum(total.constant / coefficient, {unscaled(product): [(1.0, product)]})
        yield coefficient * written_sum(inner)


def _split_exponential(node: Expression) -> Iterator[Expression]:
    """exp(u + c) as exp(c)*exp(u)."""
    total = sum_of(node.children[0], distribute=True)
    if 0.0 < abs(total.constant) <= _LARGEST_EXPONENT:
        factor, total.constant = math.exp(total.constant), 0.0
        yield factor * Expression.apply(EXP, written_sum(total))


def _joined_logarithm(node: Expression) -> Iterator[Expression]:
    """k*log(u) + v + c as k*log(exp(c/k)*u) + v."""
    total = sum_of(node, distribute=False)
    for term, found in total.terms.items():
        if term.root == LOG and len(found) == 1 and total.constant != 0.0:
            coefficient = found[0][0]
            inside = math.exp(total.constant / coefficient) * term.children[0]
            logarithm = Expression.apply(LOG, written_sum(sum_of(inside, distribute=True)))
            others = {other: kept for other, kept in total.terms.items() if other != term}
            yield written_sum(Sum(0.0, {logarithm: [(coefficient, Product(1.0, {logarithm: 1}))], **others}))
