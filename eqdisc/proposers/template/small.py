"""All small functions of a few arguments, once each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log2

import numpy as np

from eqdisc.expr.canonical import canonical, order_key
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import (
    ABS,
    ACOS,
    ADD,
    ASIN,
    ATAN,
    CBRT,
    CONSTANT,
    COS,
    COSH,
    CUBE,
    DIV,
    EXP,
    INV,
    LOG,
    LOG10,
    MAX,
    MIN,
    MUL,
    NEG,
    POW,
    SIN,
    SINH,
    SQRT,
    SQUARE,
    SUB,
    TAN,
    TANH,
    OperatorSet,
    code_of,
)

#: Pairs of which the outer undoes, repeats or hardly changes the inner.
_IDLE = {
    (EXP, LOG), (LOG, EXP), (SQRT, SQUARE), (SQUARE, SQRT), (CUBE, CBRT), (CBRT, CUBE), (INV, INV),
    (ABS, ABS), (ABS, SQUARE), (ABS, SQRT), (ABS, EXP), (ABS, COSH), (SQUARE, ABS), (NEG, NEG), (LOG, SQRT),
    (LOG, SQUARE), (LOG, CUBE), (LOG, INV), (INV, EXP), (INV, SQRT), (SQRT, INV), (SQUARE, INV), (CUBE, INV),
    (INV, SQUARE), (INV, CUBE), (SQUARE, EXP), (SQRT, EXP), (CUBE, EXP),
}  # fmt: skip
#: sin(exp(x)) and the like are left to the genetic search: there are too many for what they are worth.
_TRANSCENDENTAL = (EXP, LOG, LOG10, SIN, COS, TAN, SINH, COSH, TANH, ASIN, ACOS, ATAN)
_SAME_CLASS = {ADD: (ADD, SUB), SUB: (ADD, SUB), MUL: (MUL, DIV), DIV: (MUL, DIV)}


@dataclass(frozen=True)
class SmallFunctions:
    """Functions of up to some size over the given arguments, smallest first; constants in them are 1.

    >>> few = SmallFunctions.of(1, OperatorSet.of("add", "mul", "sin"), 3)
    >>> [str(body) for body in few.bodies]
    ['x0', '1', 'sin(x0)', 'x0 + 1', 'x0*x0', 'x0*1']
    """

    bodies: tuple[Expression, ...]
    starts: tuple[int, ...]  # of the functions of size 1, 2, ...; the last is how many there are

    @staticmethod
    @lru_cache(maxsize=32)
    def of(arity: int, operators: OperatorSet, largest: int, most: int = 6000) -> "SmallFunctions":
        """All that do not repeat each other, as long as there are no more than `most`."""
        by_size: list[list[Expression]] = [[]]
        arguments = [Expression.variable(j) for j in range(arity)]
        by_size.append([*arguments, Expression.constant(1.0)])
        for size in range(2, largest + 1):
            seen: dict[Expression, Expression] = {}
            for body in _grown(by_size, size, operators):
                seen.setdefault(canonical(body), body)
            made = sorted(seen.values(), key=lambda body: _rarity(body, operators))
            if sum(map(len, by_size)) + len(made) > most and size > 3:
                break
            by_size.append(made)
        sizes = [len(bodies) for bodies in by_size]
        bodies = tuple(body for bodies in by_size for body in bodies)
        return SmallFunctions(bodies, tuple(int(n) for n in np.cumsum([0, *sizes[1:]])))

    @property
    def largest(self) -> int:
        """Size of the largest functions."""
        return len(self.starts) - 1

    def of_size(self, size: int) -> Sequence[Expression]:
        """The functions of one size."""
        return self.bodies[self.starts[size - 1] : self.starts[size]]


def _rarity(body: Expression, operators: OperatorSet) -> float:
    """Bits by the prior weights of the operators."""
    names = zip(operators.codes, operators.names, strict=True)
    bits = {code: -log2(max(operators.weights[name], 1e-6)) for code, name in names}
    return sum(bits.get(code, 0.0) for code in body.codes)


def _grown(by_size: list[list[Expression]], size: int, operators: OperatorSet) -> Iterator[Expression]:
    for row, code in zip(operators.operators, operators.codes, strict=True):
        if row.arity == 1 and code != NEG:
            for child in by_size[size - 1]:
                nested = code in _TRANSCENDENTAL and child.root in _TRANSCENDENTAL
                if child.root not in (CONSTANT, code) and (code, child.root) not in _IDLE and not nested:
                    yield Expression.apply(code, child)
        elif row.arity == 2:
            for left_size in range(1, size - 1):
                for left in by_size[left_size]:
                    for right in by_size[size - 1 - left_size]:
                        if _worth_joining(code, row.commutative, left, right, operators):
                            yield Expression.apply(code, left, right)


def _worth_joining(
    code: int, commutative: bool, left: Expression, right: Expression, operators: OperatorSet
) -> bool:
    if left.root == CONSTANT and right.root == CONSTANT:
        return False
    if commutative and order_key(left) > order_key(right):
        return False
    if left == right:
        twice = code == ADD and code_of("mul") in operators.codes
        squared = code == MUL and SQUARE in operators.codes
        return code in (ADD, MUL) and not twice and not squared
    if right.root == CONSTANT:
        if code in (SUB, DIV) or (code == POW and left.root in (POW, EXP, SQUARE, CUBE, SQRT)):
            return False
        return not _has_number(left, _SAME_CLASS.get(code, ()))
    if left.root == CONSTANT:
        return code != POW and not _has_number(right, _SAME_CLASS.get(code, ()))
    return code not in (POW, MIN, MAX) or left.size + right.size <= 4


def _has_number(body: Expression, codes: Sequence[int]) -> bool:
    """Whether the root is one of the operators and has a number to it already."""
    return body.root in codes and any(child.root == CONSTANT for child in body.children)
