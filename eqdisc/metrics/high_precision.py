"""Values of an expression with many digits, and how much its constants matter to them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, MAX, MIN, POW, VARIABLE, WHERE, row_of

DIGITS = 200
MORE_DIGITS = 1000  # where so many cancel that 200 are too few
_LARGEST = 2**42  # binary exponent; what is larger, or smaller than its inverse, is not worked with
_LARGEST_EXPONENTIAL = 2.0**40
_LARGEST_ANGLE = 2000  # binary exponent of an angle whose sine can be told
_STEP = 1e-30  # relative, of a difference quotient

Number = Any  # mpmath.mpf


class HighPrecision:
    """Arithmetic of real numbers with many digits: mpmath, restricted to what is real and of finite size.

    What has no real value is NaN, what is too large or too small to be worked with is infinite, and both
    stay so.
    """

    def __init__(self, digits: int = DIGITS) -> None:
        from mpmath import mp

        self.context = mp.clone()
        self.context.dps = self.digits = digits
        self.nan, self.inf = self.context.nan, self.context.inf
        self._functions: dict[int, Callable[..., Number]] = {}

    def number(self, value: float) -> Number:
        """The number that a double holds, exactly."""
        return self.context.mpf(value)

    def evaluate(
        self,
        expression: Expression,
        point: Sequence[Number],
        constants: Sequence[Number],
        sensitive: bool = False,
    ) -> tuple[Number, Number]:
        """Value at a point, and a bound on how far it moves if each constant c moves by c itself.

        point     : value of each feature; constants : the expression's, in postfix order
        sensitive : whether the bound is wanted; 0 if not. To first order, moving every constant by a relative
                    amount r moves the value by at most r times the bound.
        """
        zero = self.number(0.0)
        values: list[Number] = []
        bounds: list[Number] = []
        movable = iter(movable_constants(expression))
        remaining = iter(constants)
        for code, payload in zip(expression.codes, expression.payload, strict=True):
            if code == VARIABLE:
                values.append(point[int(payload)])
                bounds.append(zero)
            elif code == CONSTANT:
                value = next(remaining)
                values.append(value)
                bounds.append(abs(value) if next(movable) and sensitive else zero)
            else:
                arity = row_of(code).arity
                arguments, inner = values[-arity:], bounds[-arity:]
                del values[-arity:], bounds[-arity:]
                value = self.apply(code, arguments)
                values.append(value)
                bounds.append(self._bound(code, arguments, inner, value) if sensitive else zero)
        return values[0], bounds[0]

    def rounding_error(
        self, expression: Expression, point: Sequence[Number], constants: Sequence[Number], value: Number
    ) -> Number:
        """How far a value may be off: the same again with fewer digits tells how many are lost.

        A zero may be what is left when all digits have cancelled, so that it is asked for with more.
        """
        if not value:
            with self.context.workdps(5 * self.digits):
                return abs(self.evaluate(expression, point, constants)[0])
        fewer = self.digits // 2
        with self.context.workdps(fewer):
            rough, _ = self.evaluate(expression, point, constants)
        if not self.context.isfinite(rough) or abs(rough - value) > 1e-3 * abs(value):
            return self.inf  # all the fewer digits are lost, so that it cannot be told how many of the others
        return abs(rough - value) * self.context.mpf(10) ** (fewer - self.digits)

    def apply(self, code: int, arguments: Sequence[Number]) -> Number:
        """One operator of the language; NaN and infinite operands come through, except past a `where`."""
        if code == WHERE:
            condition, first, second = arguments
            return first if condition > 0 else second
        for argument in arguments:
            if not self.context.isfinite(argument):
                return argument
        function = self._functions.get(code)
        if function is None:
            function = self._functions[code] = getattr(self, f"_{row_of(code).name}")
        value = function(*arguments)
        if self.context.isfinite(value) and value and abs(self.context.mag(value)) >= _LARGEST:
            return self.inf
        return value

    def _bound(self, code: int, arguments: list[Number], inner: list[Number], value: Number) -> Number:
        """First-order propagation: sum of |partial derivative| times the bound of each operand."""
        total = self.number(0.0)
        if not any(inner) or not self.context.isfinite(value):
            return total
        if code in (MIN, MAX):  # at a tie the one or the other may follow
            return max(inner)
        for position, (argument, bound) in enumerate(zip(arguments, inner, strict=True)):
            if bound:
                step = (abs(argument) or 1) * _STEP
                moved = [*arguments]
                moved[position] = argument + step
                other = self.apply(code, moved)
                if not self.context.isfinite(other):  # at the edge of the domain: look inwards
                    moved[position] = argument - step
                    other = self.apply(code, moved)
                total += abs((other - value) / step) * bound if self.context.isfinite(other) else self.inf
        return total

    # ------------------------------------------------------------ operators

    def _add(self, a: Number, b: Number) -> Number:
        return a + b

    def _sub(self, a: Number, b: Number) -> Number:
        return a - b

    def _mul(self, a: Number, b: Number) -> Number:
        return a * b

    def _div(self, a: Number, b: Number) -> Number:
        return a / b if b else self.nan

    def _neg(self, a: Number) -> Number:
        return -a

    def _inv(self, a: Number) -> Number:
        return 1 / a if a else self.nan

    def _square(self, a: Number) -> Number:
        return a * a

    def _cube(self, a: Number) -> Number:
        return a * a * a

    def _sqrt(self, a: Number) -> Number:
        return self.context.sqrt(a) if a >= 0 else self.nan

    def _cbrt(self, a: Number) -> Number:
        return self.context.cbrt(a) if a >= 0 else -self.context.cbrt(-a)

    def _pow(self, a: Number, b: Number) -> Number:
        if not a:
            return self.nan if b < 0 else self.number(float(not b))
        whole = self.context.isint(b)
        if a < 0 and not whole:
            return self.nan
        size = b * self.context.log(abs(a))
        if abs(size) > _LARGEST_EXPONENTIAL:
            return self.inf
        return a ** int(b) if whole else a**b

    def _exp(self, a: Number) -> Number:
        return self.context.exp(a) if abs(a) <= _LARGEST_EXPONENTIAL else self.inf

    def _log(self, a: Number) -> Number:
        return self.context.log(a) if a > 0 else self.nan

    def _log10(self, a: Number) -> Number:
        return self.context.log10(a) if a > 0 else self.nan

    def _periodic(self, function: Callable[[Number], Number], a: Number) -> Number:
        return function(a) if not a or self.context.mag(a) < _LARGEST_ANGLE else self.inf

    def _sin(self, a: Number) -> Number:
        return self._periodic(self.context.sin, a)

    def _cos(self, a: Number) -> Number:
        return self._periodic(self.context.cos, a)

    def _tan(self, a: Number) -> Number:
        return self._periodic(self.context.tan, a)

    def _asin(self, a: Number) -> Number:
        return self.context.asin(a) if abs(a) <= 1 else self.nan

    def _acos(self, a: Number) -> Number:
        return self.context.acos(a) if abs(a) <= 1 else self.nan

    def _atan(self, a: Number) -> Number:
        return self.context.atan(a)

    def _atan2(self, a: Number, b: Number) -> Number:
        return self.context.atan2(a, b)

    def _sinh(self, a: Number) -> Number:
        return self.context.sinh(a) if abs(a) <= _LARGEST_EXPONENTIAL else self.inf

    def _cosh(self, a: Number) -> Number:
        return self.context.cosh(a) if abs(a) <= _LARGEST_EXPONENTIAL else self.inf

    def _tanh(self, a: Number) -> Number:
        return self.context.tanh(a) if abs(a) <= _LARGEST_EXPONENTIAL else self.context.sign(a)

    def _abs(self, a: Number) -> Number:
        return abs(a)

    def _sign(self, a: Number) -> Number:
        return self.context.sign(a)

    def _min(self, a: Number, b: Number) -> Number:
        return min(a, b)

    def _max(self, a: Number, b: Number) -> Number:
        return max(a, b)

    def _floor(self, a: Number) -> Number:
        return self.context.floor(a)

    def _mod(self, a: Number, b: Number) -> Number:
        if not b:
            return self.nan
        ratio = a / b
        small = not ratio or self.context.mag(ratio) < _LARGEST_ANGLE
        return a - b * self.context.floor(ratio) if small else self.inf


def with_whole_exponents(expression: Expression) -> Expression:
    """With exponents such as 1.2 + 2.8, which are whole in double precision, replaced by that number.

    Their digits beyond a double would make powers of negative numbers undefined.

    >>> from eqdisc.expr.parse import parse
    >>> with_whole_exponents(parse("x**(1.2 + 2.8)", ["x"]))
    <Expression x0**4>
    """
    nodes = [node for node, code in enumerate(expression.codes) if code == POW]
    for node in reversed(nodes):
        exponent = expression.subtree(node - 1)
        if exponent.size > 1 and not exponent.features:
            value = float(evaluate(exponent, np.empty((1, 0)))[0])
            if value.is_integer():
                expression = expression.replace_subtree(node - 1, Expression.constant(value))
    return expression


def movable_constants(expression: Expression) -> tuple[bool, ...]:
    """For each constant whether it may be a fitted number: zeros and whole exponents are not.

    >>> from eqdisc.expr.parse import parse
    >>> movable_constants(parse("2*x**4 + 0*x**1.5", ["x"]))
    (True, False, False, True)
    """
    found = []
    codes = expression.codes
    for node, (code, value) in enumerate(zip(codes, expression.payload, strict=True)):
        if code == CONSTANT:
            exponent = node + 1 < len(codes) and codes[node + 1] == POW and value.is_integer()
            found.append(value != 0.0 and not exponent)
    return tuple(found)
