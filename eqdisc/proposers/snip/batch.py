"""A batch of tables with the laws they come from, and what is to be learnt about each."""

from dataclasses import dataclass

from eqdisc._typing import AnyArray, BoolArray, FloatArray, IntArray

#: The outermost function of a law up to slope and intercept.
OUTER = ("none", "log", "exp", "sqrt", "square", "inverse")


@dataclass(frozen=True)
class Batch:
    """B tables of at most N rows and ten inputs; what is beyond a table's rows and columns is zero.

    features       : (B, N, 10) the inputs in random order
    target         : (B, N) the law's values, with noise or without
    rows, columns  : (B,) rows and inputs of each table
    tokens         : (B, LENGTH) int16, the law's skeleton (`vocabulary`)
    keys           : (B,) uint64, equal for tables of one skeleton
    operators      : (B, operators) which the law holds, in the order of `eqdisc.expr.operators`
    relevant       : (B, 10) inputs that the law uses
    size           : (B,) nodes of the law
    additive       : (B, 10, 10) symmetric, for pairs of relevant inputs: the law is a sum of a part without
                     the one and a part without the other, its mixed derivative vanishes
    multiplicative : the same for products: the mixed derivative of log|y| vanishes
    pairs          : (B, 10, 10) symmetric, both inputs are relevant and not the same
    periodic       : (B, 10) inputs inside a sine, cosine or tangent
    outer          : (B,) index into `OUTER`
    noise          : (B,) standard deviation of the noise in units of that of the law's values
    """

    features: FloatArray
    target: FloatArray
    rows: IntArray
    columns: IntArray
    tokens: AnyArray
    keys: AnyArray
    operators: BoolArray
    relevant: BoolArray
    size: IntArray
    additive: BoolArray
    multiplicative: BoolArray
    pairs: BoolArray
    periodic: BoolArray
    outer: IntArray
    noise: FloatArray

    def __len__(self) -> int:
        return len(self.rows)
