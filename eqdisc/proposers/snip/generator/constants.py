"""Numbers for the holes of a skeleton, fitting the ranges of the inputs.

Interval arithmetic says what each part of a law can be; constants are drawn so that arguments of functions
stay where the functions do something, and the terms of a sum are of like size. Elsewhere tails are heavy.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import NamedTuple

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
    COSH,
    CUBE,
    DIV,
    EXP,
    FLOOR,
    INV,
    LOG,
    LOG10,
    MAX,
    MIN,
    MOD,
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
)
from eqdisc.proposers.snip.skeleton import Node, scaled

_LARGEST = 1e60
_USUAL = (2.0, 0.5, 3.0, 4.0, 0.25, 5.0, 1.5, 10.0, math.pi, 2.0 * math.pi, 1.0 / 3.0, 4.0 * math.pi, 9.81)
_EXPONENTS = (0.5, 1.5, 2.5, -0.5, -1.5, 1.0 / 3.0, 2.0 / 3.0, 0.25, 1.4, 0.75, 4.0, -2.0, -3.0)
_WHOLE_EXPONENTS = (4.0, 5.0, 6.0, -2.0, -3.0)
#: The largest argument that a function is to get, drawn between these.
_WANTED: Mapping[int, tuple[float, float]] = MappingProxyType({
    EXP: (0.5, 5.0), SIN: (1.0, 12.0), COS: (1.0, 12.0), TAN: (0.3, 1.4), ASIN: (0.4, 0.99),
    ACOS: (0.4, 0.99), SINH: (0.7, 4.0), COSH: (0.7, 4.0), TANH: (0.7, 4.0), ATAN: (0.7, 6.0),
    FLOOR: (3.0, 15.0),
})  # fmt: skip
#: The largest argument that a function may get where no constant can change it.
_BORNE = {
    EXP: 12.0, SIN: 60.0, COS: 60.0, TAN: 1.5, ASIN: 1.6, ACOS: 1.6, SINH: 8.0, COSH: 8.0, TANH: 20.0,
    ATAN: 100.0, FLOOR: 1e4,
}  # fmt: skip


class OutOfDomain(Exception):  # noqa: N818  (a signal inside this package, not an error)
    """With these ranges of the inputs the law is undefined, or does nothing."""


class Filled(NamedTuple):
    """Postfix codes and payload of a part, and the interval of its values."""

    codes: tuple[int, ...]
    payload: tuple[float, ...]
    low: float
    high: float

    @property
    def reach(self) -> float:
        """Largest absolute value."""
        return max(-self.low, self.high)


class Filler:
    """Fills the holes of skeletons over inputs between `low` and `high`, by feature."""

    def __init__(self, low: Sequence[float], high: Sequence[float], random: Random) -> None:
        self._low, self._high, self._random = low, high, random

    def filled(self, node: Node) -> Filled:
        """The law; OutOfDomain where the ranges do not suit it."""
        return self._fill(node, None, False)

    # ------------------------------------------------------------ numbers

    def _number(self) -> float:
        """A constant as laws have them: small whole numbers, multiples of pi, anything with heavy tails."""
        random = self._random
        u = random.random()
        if u < 0.4:
            value = random.choice(_USUAL)
        elif u < 0.75:
            value = _rounded(10.0 ** random.uniform(-1.0, 1.0), random)
        elif u < 0.93:
            value = _rounded(10.0 ** random.gauss(0.0, 1.0), random)
        else:
            value = _rounded(10.0 ** max(-15.0, min(15.0, 2.0 * math.tan(math.pi * (u - 0.5)))), random)
        return -value if random.random() < 0.2 else value

    def _near(self, size: float) -> float:
        """A constant of about this size."""
        random = self._random
        value = _rounded(size * 10.0 ** random.gauss(0.0, 0.25), random)
        return -value if random.random() < 0.2 else value

    # ------------------------------------------------------------ parts

    def _fill(self, node: Node, want: float | None, positive: bool) -> Filled:
        """want: how large the part is to be, if a constant can do that; positive: whether it must be."""
        code = node.code
        if code == VARIABLE:
            j = node.feature
            return Filled((VARIABLE,), (float(j),), self._low[j], self._high[j])
        if code == CONSTANT:
            value = self._near(want) if want else self._number()
            return Filled((CONSTANT,), (value,), value, value)
        if code in (ADD, SUB):
            operands = self._terms(node, want, positive)
        elif code in (MUL, DIV):
            operands = self._factors(node, want, positive)
        elif code == POW:
            operands = self._power(node)
        elif code in (MIN, MAX, MOD, ATAN2, WHERE):
            operands = self._like(node)
        else:
            operands = [self._argument(node, positive)]
        low, high = _INTERVALS[code](*((operand.low, operand.high) for operand in operands))
        if not -_LARGEST < low <= high < _LARGEST:
            raise OutOfDomain
        codes: tuple[int, ...] = ()
        payload: tuple[float, ...] = ()
        for operand in operands:
            codes += operand.codes
            payload += operand.payload
        return Filled((*codes, code), (*payload, 0.0), low, high)

    def _terms(self, node: Node, want: float | None, positive: bool) -> list[Filled]:
        one, other = node.children
        if other.code == CONSTANT or one.code == CONSTANT:
            first = one.code == CONSTANT
            rest = self._fill(other if first else one, want, False)
            number = self._shift(rest, node.code == SUB, positive)
            hole = Filled((CONSTANT,), (number,), number, number)
            return [hole, rest] if first else [rest, hole]
        # The term that a constant can scale comes after the one that tells how large it is to be.
        if scaled(one) and not scaled(other):
            right = self._fill(other, want, False)
            return [self._fill(one, right.reach, False), right]
        left = self._fill(one, want, False)
        return [left, self._fill(other, left.reach, False)]

    def _shift(self, rest: Filled, subtracted: bool, positive: bool) -> float:
        random = self._random
        size = rest.reach * 10.0 ** random.uniform(-0.8, 0.5)
        number = float(random.randint(1, 5)) if 0.2 < size < 20.0 and random.random() < 0.4 else size
        number = _rounded(number, random)
        if not subtracted and not positive and random.random() < 0.3:
            number = -number
        if positive:
            least = rest.high if subtracted else -rest.low
            if number <= least:
                number = _rounded(least + (rest.high - rest.low) * random.uniform(0.02, 1.0), random)
        return number

    def _factors(self, node: Node, want: float | None, positive: bool) -> list[Filled]:
        one, other = node.children
        if node.code == DIV:
            below = self._fill(other, None, False)
            if below.low <= 0.0 <= below.high and self._random.random() < 0.7:
                raise OutOfDomain
            return [self._fill(one, want * below.reach if want else None, positive), below]
        if other.code != CONSTANT:
            return [self._fill(one, None, False), self._fill(other, None, False)]
        rest = self._fill(one, None, False)
        if rest.reach <= 0.0:
            raise OutOfDomain
        number = self._near(want / rest.reach) if want else self._number()
        if positive and number < 0.0:
            number = -number
        return [rest, Filled((CONSTANT,), (number,), number, number)]

    def _power(self, node: Node) -> list[Filled]:
        base, exponent = node.children
        below = self._fill(base, None, True)
        if exponent.code != CONSTANT:
            power = self._fill(exponent, self._random.uniform(0.5, 3.0), False)
            if below.low <= 0.0 or power.reach > 6.0:
                raise OutOfDomain
            return [below, power]
        choices = _EXPONENTS if below.low >= 0.0 else _WHOLE_EXPONENTS
        number = self._random.choice(choices)
        if below.low >= 0.0 and self._random.random() < 0.4:
            number = _rounded(self._random.uniform(-3.0, 3.0), self._random) or 0.5
        return [below, Filled((CONSTANT,), (number,), number, number)]

    def _like(self, node: Node) -> list[Filled]:
        """Operands that are compared: of like size."""
        if node.code == WHERE:
            condition, one, other = node.children
            chosen = self._fill(one, None, False)
            return [self._condition(condition), chosen, self._fill(other, chosen.reach, False)]
        first, second = node.children
        left = self._fill(first, None, False)
        if second.code == CONSTANT:
            u = self._random.uniform(0.2, 0.8) if node.code != MOD else self._random.uniform(0.1, 0.5)
            low = 0.0 if node.code == MOD else left.low
            number = _rounded(low + u * (left.high - low), self._random)
            if number == 0.0:
                raise OutOfDomain
            return [left, Filled((CONSTANT,), (number,), number, number)]
        return [left, self._fill(second, left.reach, False)]

    def _condition(self, node: Node) -> Filled:
        """Part less a number, or number less a part, true for some rows and false for others."""
        subtracted = node.code == SUB
        if node.code not in (ADD, SUB) or CONSTANT not in (node.children[0].code, node.children[1].code):
            return self._fill(node, None, False)
        first = node.children[0].code == CONSTANT
        rest = self._fill(node.children[1 if first else 0], None, False)
        number = _rounded(rest.low + self._random.uniform(0.25, 0.75) * (rest.high - rest.low), self._random)
        number = number if subtracted and first else -number
        hole = Filled((CONSTANT,), (number,), number, number)
        operands = [hole, rest] if first else [rest, hole]
        low, high = _INTERVALS[node.code](*((operand.low, operand.high) for operand in operands))
        codes = (*operands[0].codes, *operands[1].codes, node.code)
        return Filled(codes, (*operands[0].payload, *operands[1].payload, 0.0), low, high)

    def _argument(self, node: Node, positive: bool) -> Filled:
        code = node.code
        if code in (NEG, INV, SQUARE, CUBE, CBRT, ABS, SIGN):
            argument = self._fill(node.children[0], None, positive and code in (INV, CUBE, CBRT))
            if code == SIGN and not argument.low < 0.0 < argument.high:
                raise OutOfDomain
            if code == INV and argument.low <= 0.0 <= argument.high and self._random.random() < 0.7:
                raise OutOfDomain
            return argument
        if code in (SQRT, LOG, LOG10):
            argument = self._fill(node.children[0], None, True)
            # Rows outside the domain are drawn again; where most are, the law is another's.
            if argument.high <= 0.0 or -argument.low > 0.6 * argument.high:
                raise OutOfDomain
            return argument
        low, high = _WANTED[code]
        want = low * (high / low) ** self._random.random()
        argument = self._fill(node.children[0], want, False)
        if argument.reach > _BORNE[code] or argument.reach < 0.05:
            raise OutOfDomain
        return argument


def _rounded(value: float, random: Random) -> float:
    """Half of all constants have two or three digits."""
    u = random.random()
    return float(f"{value:.1e}") if u < 0.3 else float(f"{value:.2e}") if u < 0.5 else value


# ---------------------------------------------------------------- intervals

Interval = tuple[float, float]


def _hull(*values: float) -> Interval:
    return min(values), max(values)


def _mul(a: Interval, b: Interval) -> Interval:
    return _hull(a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1])


def _inverse(a: Interval) -> Interval:
    if a[0] > 0.0 or a[1] < 0.0:
        return 1.0 / a[1], 1.0 / a[0]
    # Beyond a tenth of the range values are rare.
    reach = max(-a[0], a[1])
    if reach == 0.0:
        raise OutOfDomain
    return (-10.0 / reach if a[0] < 0.0 else 1.0 / reach), (10.0 / reach if a[1] > 0.0 else -1.0 / reach)


def _raised(a: Interval, b: Interval) -> Interval:
    low = max(a[0], 0.02 * a[1]) if a[0] >= 0.0 else a[0]
    if low < 0.0:
        reach = max(-a[0], a[1])
        return (-(reach ** abs(b[0])), reach ** abs(b[0])) if b[0] > 0.0 else (-10.0, 10.0)
    if low == 0.0:
        raise OutOfDomain
    try:
        return _hull(low ** b[0], low ** b[1], a[1] ** b[0], a[1] ** b[1])
    except OverflowError:
        raise OutOfDomain from None


def _even(a: Interval, function: Callable[[float], float]) -> Interval:
    ends = function(a[0]), function(a[1])
    return (function(0.0) if a[0] < 0.0 < a[1] else min(ends)), max(ends)


def _monotonic(
    function: Callable[[float], float], least: float = -math.inf
) -> Callable[[Interval], Interval]:
    def interval(a: Interval) -> Interval:
        low = a[0]
        if low <= least:
            low = least + 0.01 * (a[1] - least)
        return function(low), function(a[1])

    return interval


def _clipped(a: Interval) -> Interval:
    return max(-1.0, min(1.0, a[0])), max(-1.0, min(1.0, a[1]))


def _acos(a: Interval) -> Interval:
    low, high = _clipped(a)
    return math.acos(high), math.acos(low)


_INTERVALS: Mapping[int, Callable[..., Interval]] = MappingProxyType({
    ADD: lambda a, b: (a[0] + b[0], a[1] + b[1]),
    SUB: lambda a, b: (a[0] - b[1], a[1] - b[0]),
    MUL: _mul,
    DIV: lambda a, b: _mul(a, _inverse(b)),
    NEG: lambda a: (-a[1], -a[0]),
    INV: _inverse,
    SQUARE: lambda a: _even(a, lambda v: v * v),
    CUBE: _monotonic(lambda v: v * v * v),
    SQRT: lambda a: (math.sqrt(max(a[0], 0.0)), math.sqrt(a[1])),
    CBRT: _monotonic(math.cbrt),
    POW: _raised,
    EXP: _monotonic(math.exp),
    LOG: _monotonic(math.log, 0.0),
    LOG10: _monotonic(math.log10, 0.0),
    SIN: lambda a: (-1.0, 1.0),
    COS: lambda a: (-1.0, 1.0),
    TAN: _monotonic(math.tan),
    ASIN: lambda a: (math.asin(_clipped(a)[0]), math.asin(_clipped(a)[1])),
    ACOS: _acos,
    ATAN: _monotonic(math.atan),
    ATAN2: lambda a, b: (-math.pi, math.pi),
    SINH: _monotonic(math.sinh),
    COSH: lambda a: _even(a, math.cosh),
    TANH: _monotonic(math.tanh),
    ABS: lambda a: _even(a, abs),
    SIGN: lambda a: (-1.0, 1.0),
    MIN: lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    MAX: lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
    FLOOR: _monotonic(math.floor),
    MOD: lambda a, b: _hull(0.0, b[0], b[1]),
    WHERE: lambda c, a, b: _hull(*a, *b),
})  # fmt: skip
