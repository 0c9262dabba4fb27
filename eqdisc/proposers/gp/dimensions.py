"""Dimensions inside kernels: each is one number, and a tree's are found in one pass over its nodes.

A dimension with the exponents e is the number sum(e * log(p)) over seven primes p, the logarithm of what its
unit would be were the base units 2, 3, 5, 7, 11, 13, 17. Logarithms of primes are independent over the
rationals, so that equal numbers are equal dimensions; products add, powers multiply. NaN stands for a
dimension that may be any. `eqdisc.expr.units.propagate`, with exact fractions, is the meaning; it also has
the last word on what is reported.
"""

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from eqdisc._typing import AnyArray, FloatArray, Int32Array, IntArray
from eqdisc.engine.compile import kernel
from eqdisc.engine.opcodes import ARITY, CONSTANT, VARIABLE
from eqdisc.expr.operators import OPERATORS
from eqdisc.expr.units import MaybeDimension
from eqdisc.proposers.gp.genome import Genome

_LOGARITHMS = np.log([2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0])
#: Numbers closer than this, relative to their size, are the same dimension: exponents are small fractions.
SAME_NUMBER = 1e-9

#: Rules for units, in the words of `expr.operators`; a fraction is a power.
SAME, PRODUCT, QUOTIENT, POWER, POW, NUMBERS, RATIO, SIGN, WHERE = range(9)
_BY_WORD = {
    "same": SAME, "product": PRODUCT, "quotient": QUOTIENT, "pow": POW, "dimensionless": NUMBERS,
    "ratio": RATIO, "sign": SIGN, "where": WHERE,
}  # fmt: skip
#: Rule and power by node code; leaves have none.
RULES: AnyArray = np.array(
    [-1, -1, *(POWER if isinstance(o.units, Fraction) else _BY_WORD[o.units] for o in OPERATORS)], np.int64
)
POWERS: FloatArray = np.array(
    [0.0, 0.0, *(float(o.units) if isinstance(o.units, Fraction) else 0.0 for o in OPERATORS)]
)


class Dimensions(NamedTuple):
    """What trees have to respect, and small trees by dimension to make others from.

    features : of the features; constant: of constants, NaN where they are free
    target   : what a tree must have, NaN for any
    ops, args, values, offsets : the monomials of the features, one after the other in postfix order, by
               dimension, among equals building blocks and short ones first
    monomials: their dimensions, rising
    found, others, needs : room for breeding one offspring: dimensions of the nodes of the mother, of those of
               the father, what a tree still lacks
    """

    features: FloatArray
    constant: float
    target: float
    ops: Int32Array
    args: Int32Array
    values: FloatArray
    offsets: IntArray
    monomials: FloatArray
    found: FloatArray
    others: FloatArray
    needs: FloatArray

    def with_room(self, nodes: int) -> "Dimensions":
        """The same with room of its own, for trees of so many nodes."""
        return self._replace(found=np.zeros(nodes), others=np.zeros(nodes), needs=np.zeros(2 * nodes))


def number_of(dimension: MaybeDimension) -> float:
    """The number that stands for a dimension; NaN for None.

    >>> from eqdisc.expr.units import Dimension
    >>> speed = number_of(Dimension.of(m=1, s=-1))
    >>> bool(np.isclose(speed + number_of(Dimension.of(s=1)), number_of(Dimension.of(m=1))))
    True
    """
    if dimension is None:
        return float("nan")
    return float(np.array([float(e) for e in dimension.exponents]) @ _LOGARITHMS)


@kernel
def fits(a: float, b: float) -> bool:
    """Whether two dimensions are, or may be, the same."""
    return not abs(a - b) > SAME_NUMBER * max(1.0, abs(a), abs(b))  # NaN fits everything


@kernel
def joined(op: int, a: float, b: float, c: float, exponent: float) -> tuple[bool, float]:
    """Dimension of an operator's value from those of its operands; False where they do not fit.

    exponent : the value of the last operand where it is a number, else NaN
    """
    rule = RULES[op]
    if rule == SAME:
        return fits(a, b), b if np.isnan(a) else a
    if rule == PRODUCT:
        return True, a + b
    if rule == QUOTIENT:
        return True, a - b
    if rule == POWER:
        return True, a * POWERS[op]
    if rule == WHERE:
        return fits(b, c), c if np.isnan(b) else b
    if rule == POW:
        if not fits(b, 0.0):
            return False, 0.0
        if fits(a, 0.0):
            return True, a
        return abs(exponent) < np.inf, a * exponent
    if rule == NUMBERS:
        return fits(a, 0.0), 0.0
    return rule == SIGN or fits(a, b), 0.0


@kernel
def dimensions_of(g: Genome, d: Dimensions, found: FloatArray, stack: IntArray) -> bool:
    """Write the dimension of every node's value to `found`; False, at the first node where units do not fit.

    The tree is tidy: constants are folded, so that an exponent that is a number is a single node.
    """
    depth = 0
    for i in range(g.size[0]):
        op = g.ops[i]
        if op == VARIABLE:
            found[i] = d.features[g.args[i]]
        elif op == CONSTANT:
            found[i] = d.constant
        else:
            arity = ARITY[op]
            depth -= arity
            a = stack[depth]
            b = stack[depth + 1] if arity > 1 else a
            c = stack[depth + 2] if arity > 2 else b
            last = g.values[i - 1] if g.ops[i - 1] == CONSTANT else np.nan
            good, found[i] = joined(op, found[a], found[b], found[c], last)
            if not good:
                return False
        stack[depth] = i
        depth += 1
    return True
