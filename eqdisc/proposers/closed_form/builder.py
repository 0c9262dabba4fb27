"""Write powers, products and sums with the operators that a problem allows, in as few nodes as possible."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache

from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet

Factor = tuple[Expression, Fraction]  # a base and its exponent
MAX_POWER = 6

ONE = Expression.constant(1.0)


class Builder:
    """Builds expressions out of the operators of a set; None where they do not suffice.

    >>> x = Expression.variable(0)
    >>> str(Builder(OperatorSet.of("mul", "sqrt")).power(x, Fraction(3, 2)))
    'x0*sqrt(x0)'
    """

    def __init__(self, operators: OperatorSet) -> None:
        self._names = frozenset(operators.names)
        # A cache of its own for every builder, gone with it.
        self.power = lru_cache(maxsize=None)(self._power)

    def has(self, *names: str) -> bool:
        """Whether the set contains all these operators."""
        return self._names.issuperset(names)

    def apply(self, name: str, *operands: Expression | None) -> Expression | None:
        """The operator on the operands; None where it is not allowed or an operand is None."""
        known = [operand for operand in operands if operand is not None]
        if name not in self._names or len(known) < len(operands):
            return None
        return Expression.apply(name, *known)

    def _power(self, base: Expression, exponent: Fraction) -> Expression | None:
        """base**exponent for a positive base (any base where the exponent is a whole number)."""
        if exponent == 0:
            return ONE
        if exponent == 1:
            return base
        return _smallest(self._ways_to_power(base, exponent))

    def _ways_to_power(self, base: Expression, exponent: Fraction) -> Iterable[Expression | None]:
        yield self.apply("pow", base, Expression.constant(float(exponent)))
        if exponent < 0:
            yield self.inverse(self.power(base, -exponent))
            return
        if exponent > MAX_POWER:
            return
        if exponent.denominator == 2:
            yield self.apply("sqrt", self.power(base, 2 * exponent))
        if exponent.denominator == 3:
            yield self.apply("cbrt", self.power(base, 3 * exponent))
        if exponent.denominator == 1 and exponent.numerator % 2 == 0:
            yield self.apply("square", self.power(base, exponent / 2))
        if exponent.denominator == 1 and exponent.numerator % 3 == 0:
            yield self.apply("cube", self.power(base, exponent / 3))
        if exponent > 1:
            yield self.apply("mul", base, self.power(base, exponent - 1))

    def real_power(self, base: Expression, exponent: float) -> Expression | None:
        """base**exponent for a positive base and any exponent."""
        logarithm = self.apply("log", base)
        return _smallest(
            [
                self.apply("pow", base, Expression.constant(exponent)),
                self.apply("exp", self.scaled(exponent, logarithm)),
            ]
        )

    def inverse(self, of: Expression | None) -> Expression | None:
        """1 / of."""
        return _smallest(
            [
                self.apply("inv", of),
                self.apply("div", ONE, of),
                self.apply("pow", of, Expression.constant(-1.0)),
            ]
        )

    def quotient(self, numerator: Expression | None, denominator: Expression | None) -> Expression | None:
        """numerator / denominator."""
        direct = self.apply("div", numerator, denominator)
        return direct if direct is not None else self.apply("mul", numerator, self.inverse(denominator))

    def product(self, factors: Sequence[Factor]) -> Expression | None:
        """The product of powers; 1 where there is none."""
        present = [(base, exponent) for base, exponent in factors if exponent != 0]
        if present and self.has("sqrt") and all(exponent.denominator == 2 for _, exponent in present):
            return self.apply("sqrt", self.product([(base, 2 * exponent) for base, exponent in present]))
        above = self._chain([self.power(base, exponent) for base, exponent in present if exponent > 0])
        below = self._chain([self.power(base, -exponent) for base, exponent in present if exponent < 0])
        if below == ONE:
            return above
        return self.inverse(below) if above == ONE else self.quotient(above, below)

    def _chain(self, factors: Sequence[Expression | None]) -> Expression | None:
        if not factors:
            return ONE
        product = factors[0]
        for factor in factors[1:]:
            product = self.apply("mul", product, factor)
        return product

    def scaled(self, coefficient: float, term: Expression | None) -> Expression | None:
        """coefficient * term."""
        if coefficient == 1.0:
            return term
        if term == ONE:
            return Expression.constant(coefficient)
        product = self.apply("mul", Expression.constant(coefficient), term)
        if product is not None or coefficient == 0.0:
            return product
        return self.apply("div", term, Expression.constant(1.0 / coefficient))

    def combination(self, coefficients: Sequence[float], terms: Sequence[Expression]) -> Expression | None:
        """The sum of coefficient * term; the term 1 makes an intercept and comes last."""
        pairs = sorted(zip(coefficients, terms, strict=True), key=lambda pair: pair[1] == ONE)
        if not pairs:
            return Expression.constant(0.0)
        total = self.scaled(*pairs[0])
        for coefficient, term in pairs[1:]:
            added = self.apply("add", total, self.scaled(coefficient, term))
            total = added if added is not None else self.apply("sub", total, self.scaled(-coefficient, term))
        return total


def _smallest(expressions: Iterable[Expression | None]) -> Expression | None:
    return min((e for e in expressions if e is not None), key=lambda e: e.size, default=None)
