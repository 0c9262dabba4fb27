"""Sums and products in normal form: the arithmetic behind `simplify`.

A product is a coefficient times bases with integer exponents, a sum is a constant plus terms with
coefficients. Taking apart and putting together keep all values, infinite and undefined ones included, up to
rounding: powers of one base are merged only within numerator or denominator (x/x is NaN at 0, 1 is not),
and terms of opposite sign only where the term cannot be infinite (inf - inf is NaN).
"""

import math
from dataclasses import dataclass, field

from eqdisc.expr.canonical import chained, operands_of_chain, order_key
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import (
    ABS,
    ACOS,
    ADD,
    ASIN,
    ATAN,
    ATAN2,
    CBRT,
    CONSTANT,
    COS,
    CUBE,
    DIV,
    EXP,
    FLOOR,
    INV,
    MAX,
    MIN,
    MUL,
    NEG,
    POW,
    SIGN,
    SIN,
    SINH,
    SQRT,
    SQUARE,
    SUB,
    TAN,
    TANH,
    VARIABLE,
    WHERE,
    row_of,
)

_LARGEST_EXPONENT = 64
_SMALLEST = 1e-290
_ROUNDING = 4e-16


class NotRepresentable(Exception):  # noqa: N818  (a signal inside this package, not an error)
    """A merged coefficient overflows or underflows."""


# ---------------------------------------------------------------- what values an expression can take

_SUMLIKE = (ADD, SUB, MUL, NEG, SQUARE, CUBE)
_SELECTING = (ABS, MIN, MAX, FLOOR, SIGN, CBRT)
_BOUNDED = (SIN, COS)
_SATURATING = (TANH, ATAN, ATAN2)
_SCALED = (MUL, DIV, NEG)  # what may have a number in front
_ODD = (SIN, TAN, ASIN, ATAN, SINH, TANH, CBRT)


def finiteness(expression: Expression) -> tuple[bool, bool]:
    """Whether it is never infinite and whether it is never NaN, for finite features and short of overflow."""
    stack: list[tuple[bool, bool]] = []
    for code in expression.codes:
        if code in (VARIABLE, CONSTANT):
            stack.append((True, True))
            continue
        arity = row_of(code).arity
        operands = stack[-arity:]
        del stack[-arity:]
        stack.append(_finiteness(code, operands))
    return stack[0]


def _finiteness(code: int, operands: list[tuple[bool, bool]]) -> tuple[bool, bool]:
    never_infinite = all(finite for finite, _ in operands)
    never_nan = all(number for _, number in operands)
    if code in _SUMLIKE:
        return never_infinite, never_infinite and never_nan
    if code in _SELECTING:
        return never_infinite, never_nan
    if code in _BOUNDED:
        return True, never_infinite and never_nan
    if code in _SATURATING:
        return True, never_nan
    if code in (ASIN, ACOS):
        return True, False
    if code == SQRT:
        return never_infinite, False
    if code == WHERE:
        return all(finite for finite, _ in operands[1:]), all(number for _, number in operands[1:])
    return False, False


# ---------------------------------------------------------------- products


@dataclass
class Product:
    """coefficient * product of above[base]**exponent / product of below[base]**exponent, exponents from 1."""

    coefficient: float = 1.0
    above: dict[Expression, int] = field(default_factory=dict)
    below: dict[Expression, int] = field(default_factory=dict)

    def scale(self, value: float, exponent: int, inverse: bool) -> None:
        for _ in range(exponent):
            self.coefficient = self.coefficient / value if inverse else self.coefficient * value
            _check(self.coefficient, vanishes=value == 0.0)

    def multiply(self, base: Expression, exponent: int, inverse: bool) -> None:
        side = self.below if inverse else self.above
        side[base] = side.get(base, 0) + exponent
        if side[base] > _LARGEST_EXPONENT:
            raise NotRepresentable


def _check(value: float, vanishes: bool = False) -> None:
    """Refuse what overflowed, and what is almost zero without a factor of zero."""
    if not math.isfinite(value) or (abs(value) < _SMALLEST and not (vanishes and value == 0.0)):
        raise NotRepresentable


def _cancelled(total: float, added: float) -> float:
    """A remainder of two cancelled numbers is rounding: zero."""
    return 0.0 if abs(total) <= _ROUNDING * abs(added) else total


def product_of(expression: Expression) -> Product:
    """Take a product, quotient or integer power apart; anything else is a base of its own."""
    product = Product()
    _collect_factors(expression, 1, False, product)
    _merge_exponentials(product)
    _pull_roots(product)
    _pull_sums(product)
    return product


def _pull_roots(product: Product) -> None:
    """Numbers out of roots: 3*sqrt(2*x) has one then, sqrt(4*x) a shorter one; sqrt(2*x) stays as it is."""
    pulled = [
        (side, root, inner)
        for side in (product.above, product.below)
        for root in side
        if root.root in (SQRT, CBRT) and root.codes[-2] in _SCALED
        for inner in (product_of(root.children[0]),)
        if inner.coefficient not in (0.0, 1.0) and (inner.above or inner.below)
        if inner.coefficient > 0.0 or (root.root == CBRT and inner.coefficient != -1.0)
    ]
    merges = product.coefficient not in (1.0, -1.0) or len(pulled) > 1
    for side, root, inner in pulled:
        factor = float(row_of(root.root).evaluate(inner.coefficient))
        if merges or len(repr(factor)) <= len(repr(inner.coefficient)):
            exponent = side.pop(root)
            product.scale(factor, exponent, side is product.below)
            plain = Expression.apply(root.root, unscaled(inner))
            product.multiply(plain, exponent, side is product.below)


def _pull_sums(product: Product) -> None:
    """Numbers out of sums that have one before every term: 2*(3*x + 4*y) is 6*(x + 4/3*y)."""
    pulled = [
        (side, base, coefficient, rest)
        for side in (product.above, product.below)
        for base in side
        if base.root in (ADD, SUB)
        for coefficient, rest in _leading(base)
    ]
    if len(pulled) + (product.coefficient not in (1.0, -1.0)) < 2:
        return
    for side, base, coefficient, rest in pulled:
        exponent = side.pop(base)
        product.scale(coefficient, exponent, side is product.below)
        product.multiply(rest, exponent, side is product.below)


def _leading(base: Expression) -> list[tuple[float, Expression]]:
    """The coefficient of the first term of a sum and the sum without it; empty where a term has none."""
    total = sum_of(base, False)
    terms = [(c, plain, product) for plain, found in total.terms.items() for c, product in found]
    if len(terms) < 2 or total.constant != 0.0 or any(c in (0.0, 1.0, -1.0) for c, _, _ in terms):
        return []
    first = abs(terms[0][0])
    if any(abs(c) != first for c, _, _ in terms):
        rest = Sum()
        for c, _, product in terms:
            _check(c / first)
            rest.add(c / first, product)
        return [(first, written_sum(rest))]
    return []


def _merge_exponentials(product: Product) -> None:
    """exp(a)*exp(b)/exp(c) is exp(a + b - c), and 1/exp(2*a) is exp(-2*a)."""
    above = [(base, k) for base, k in product.above.items() if base.root == EXP]
    below = [(base, k) for base, k in product.below.items() if base.root == EXP]
    if not below and len(above) < 2:
        return
    exponent = Sum()
    for side, sign in ((above, 1.0), (below, -1.0)):
        for base, k in side:
            _collect_terms(base.children[0], sign * k, False, exponent)
    merged = Expression.apply(EXP, written_sum(exponent))
    if not above and merged.size > below[0][0].size:
        return  # a/exp(b) is shorter than a*exp(-b)
    product.above = {base: k for base, k in product.above.items() if base.root != EXP}
    product.below = {base: k for base, k in product.below.items() if base.root != EXP}
    product.above[merged] = 1


def _collect_factors(expression: Expression, exponent: int, inverse: bool, product: Product) -> None:
    root = expression.root
    if root == CONSTANT and not (inverse and expression.payload[0] == 0.0):
        product.scale(expression.payload[0], exponent, inverse)
    elif root in (MUL, DIV):
        left, right = expression.children
        _collect_factors(left, exponent, inverse, product)
        _collect_factors(right, exponent, inverse != (root == DIV), product)
    elif root in (NEG, INV, SQUARE, CUBE):
        if root == NEG and exponent % 2:
            product.coefficient = -product.coefficient
        times = {SQUARE: 2, CUBE: 3}.get(root, 1)
        _collect_factors(expression.children[0], exponent * times, inverse != (root == INV), product)
    elif root == POW and _integer_exponent(expression):
        power = _integer_exponent(expression)
        _collect_factors(expression.children[0], exponent * abs(power), inverse != (power < 0), product)
    else:
        positive = _odd(expression) if exponent % 2 else None
        if positive is not None:
            product.coefficient = -product.coefficient
        product.multiply(positive or expression, exponent, inverse)


def _odd(expression: Expression) -> Expression | None:
    """sin(2*x) for sin(-2*x), which is -sin(2*x); None for anything else."""
    if expression.root not in _ODD or expression.codes[-2] != MUL:
        return None
    factors = operands_of_chain(expression.children[0])
    number = factors[0].payload[0] if factors[0].codes == (CONSTANT,) else 0.0
    if number >= 0.0:
        return None
    argument = chained(MUL, [Expression.constant(-number), *factors[1:]])
    return Expression.apply(expression.root, argument)


def _integer_exponent(expression: Expression) -> int:
    """The exponent of x**k for a whole number k with 2 <= |k| <= 64, else 0."""
    exponent = expression.payload[-2] if expression.codes[-2] == CONSTANT else 0.5
    whole = exponent.is_integer() and 1 <= abs(exponent) <= _LARGEST_EXPONENT
    return int(exponent) if whole else 0


def unscaled(product: Product) -> Expression:
    """The product without its coefficient, written as short as it goes."""
    exponents = sorted({*product.above.values(), *product.below.values()})
    numerator: list[Expression] = []
    denominator: list[Expression] = []
    for exponent in exponents:
        above = [base for base, k in product.above.items() if k == exponent]
        below = [base for base, k in product.below.items() if k == exponent]
        if exponent == 1:
            numerator += above
            denominator += below
        elif above:  # x**2/y**2 is (x/y)**2
            quotient = _joined(above) / _joined(below) if below else _joined(above)
            numerator.append(power(quotient, exponent))
        else:
            denominator.append(power(_joined(below), exponent))
    if not denominator:
        return _joined(numerator)
    if not numerator:
        return Expression.apply(INV, _joined(denominator))
    return _joined(numerator) / _joined(denominator)


def _joined(factors: list[Expression]) -> Expression:
    if not factors:
        return Expression.constant(1.0)
    return chained(MUL, sorted(factors, key=order_key))


def power(base: Expression, exponent: int) -> Expression:
    """base**exponent as nested squares and cubes where that is as short as a power, which adds a constant."""
    written, rest = base, exponent
    for factor, code in ((2, SQUARE), (3, CUBE)):
        while rest % factor == 0:
            written, rest = Expression.apply(code, written), rest // factor
    as_power = Expression.apply(POW, base, float(exponent))
    return written if rest == 1 and written.size <= as_power.size else as_power


def scaled(coefficient: float, plain: Expression, product: Product) -> Expression:
    """coefficient * product, without the coefficient of the product itself; `plain` is the product
    unscaled."""
    if coefficient == 1.0:
        return plain
    if plain.codes == (CONSTANT,):
        return Expression.constant(coefficient * plain.payload[0])
    if coefficient == -1.0:
        return Expression.apply(NEG, plain)
    if not product.above:  # c/x rather than c*(1/x)
        return coefficient / plain.children[0]
    inverse = 1.0 / coefficient if coefficient else 0.5
    if inverse.is_integer() and len(repr(inverse)) < len(repr(coefficient)):
        return plain / inverse  # x/3 rather than 0.333...*x
    if plain.root == DIV:
        numerator, denominator = plain.children
        if coefficient < 0.0 and denominator.root == SUB:  # 2*x/(y - 1) rather than -2*x/(1 - y)
            minuend, subtrahend = denominator.children
            return _with_number(-coefficient, numerator) / (subtrahend - minuend)
        return _with_number(coefficient, numerator) / denominator
    return _with_number(coefficient, plain)


def _with_number(number: float, factors: Expression) -> Expression:
    """number * factors, grouped from the left like the factors themselves."""
    chain = operands_of_chain(factors) if factors.root == MUL else [factors]
    return chained(MUL, [Expression.constant(number), *chain])


# ---------------------------------------------------------------- sums


@dataclass
class Sum:
    """constant + sum of coefficient * term; the coefficients of a term are kept by sign.

    distributable : whether a number * (sum) was met and left as it is
    """

    constant: float = 0.0
    terms: dict[Expression, list[tuple[float, Product]]] = field(default_factory=dict)
    distributable: bool = False

    def add_constant(self, value: float) -> None:
        self.constant = _cancelled(self.constant + value, value)
        if not math.isfinite(self.constant):
            raise NotRepresentable

    def add(self, coefficient: float, product: Product) -> None:
        plain = unscaled(product)
        found = self.terms.setdefault(plain, [])
        finite = bool(found) and finiteness(plain)[0]
        for position, (other, _) in enumerate(found):
            if finite or (other > 0.0) == (coefficient > 0.0):
                merged = _cancelled(other + coefficient, coefficient)
                _check(merged, vanishes=True)
                found[position] = (merged, product)
                return
        found.append((coefficient, product))


def sum_of(expression: Expression, distribute: bool) -> Sum:
    """Take a sum apart; with `distribute` also number * (sum)."""
    total = Sum()
    _collect_terms(expression, 1.0, distribute, total)
    return total


def _collect_terms(expression: Expression, scale: float, distribute: bool, total: Sum) -> None:
    root = expression.root
    if root in (ADD, SUB):
        left, right = expression.children
        _collect_terms(left, scale, distribute, total)
        _collect_terms(right, -scale if root == SUB else scale, distribute, total)
    elif root == NEG:
        _collect_terms(expression.children[0], -scale, distribute, total)
    elif root == CONSTANT:
        _check(scale * expression.payload[0], vanishes=expression.payload[0] == 0.0 or scale == 0.0)
        total.add_constant(scale * expression.payload[0])
    else:
        product = product_of(expression)
        coefficient = scale * product.coefficient
        _check(coefficient, vanishes=product.coefficient == 0.0 or scale == 0.0)
        only = next(iter(product.above)) if [*product.above.values()] == [1] and not product.below else None
        is_sum = only is not None and only.root in (ADD, SUB)
        if only is not None and is_sum and (distribute or abs(coefficient) == 1.0):
            _collect_terms(only, coefficient, distribute, total)
        elif not product.above and not product.below:
            total.add_constant(coefficient)
        else:
            total.distributable |= is_sum
            total.add(coefficient, product)


Term = tuple[float, Expression, Product]  # coefficient, the product without it, the product


def _common_factors(kept: list[Term], constant: float) -> tuple[list[Term], float]:
    """2*a - 2*b + 2 as 2*(a - b + 1): terms whose coefficients are equal up to sign share one."""
    by_size: dict[float, list[Term]] = {}
    for item in kept:
        by_size.setdefault(abs(item[0]), []).append(item)
    grouped: list[Term] = []
    for size, members in by_size.items():
        with_constant = abs(constant) == size
        if size in (0.0, 1.0) or len(members) + with_constant < 2 or any(not m[2].above for m in members):
            grouped += members
            continue
        negative = all(coefficient < 0.0 for coefficient, _, _ in members)
        factor = -size if negative else size
        inner = Sum(constant / factor if with_constant else 0.0)
        for coefficient, plain, product in members:
            inner.terms.setdefault(plain, []).append((coefficient / factor, product))
        constant = 0.0 if with_constant else constant
        written = written_sum(inner)
        grouped.append((factor, written, Product(1.0, {written: 1})))
    return grouped, constant


def written_sum(total: Sum) -> Expression:
    """A sum as an expression: positive terms first, larger terms before smaller, the constant last."""
    kept = [
        (coefficient, plain, product)
        for plain, found in total.terms.items()
        for coefficient, product in found
        if coefficient != 0.0 or not all(finiteness(plain))
    ]
    if not kept:
        return Expression.constant(total.constant)
    kept, constant = _common_factors(kept, total.constant)
    kept.sort(key=lambda item: (-item[1].size, order_key(item[1])))
    positive = [scaled(*term) for term in kept if term[0] >= 0.0]
    negative = [(-coefficient, plain, product) for coefficient, plain, product in kept if coefficient < 0.0]
    if positive:
        result = chained(ADD, positive)
    elif constant != 0.0:
        result, constant = Expression.constant(constant), 0.0
    else:  # a term with a number before it takes the minus sign for free
        first = next((place for place, item in enumerate(negative) if item[0] != 1.0), 0)
        coefficient, plain, product = negative.pop(first)
        result = scaled(-coefficient, plain, product)
    for coefficient, plain, product in negative:
        result = result - scaled(coefficient, plain, product)
    if constant != 0.0:
        result = result + constant if constant > 0.0 else result - -constant
    return result
