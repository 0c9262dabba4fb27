"""What the network tells of a table."""

from collections.abc import Mapping
from dataclasses import dataclass

from eqdisc._typing import AnyArray, FloatArray


@dataclass(frozen=True, slots=True)
class Look:
    """What the network tells of a table with k columns.

    All are the means over bags of rows, probabilities but for `size`. Columns that were not looked at (there
    are at most ten that are) have NaN.

    embedding      : (D,) of length 1; a skeleton that fits has an embedding near it
    latents        : (bags, L, width), what the decoder is told
    columns        : the columns that were looked at, in the order of the network's inputs
    relevance      : (k,) that the law has the column
    periodic       : (k,) that a wave runs along the column
    additive       : (k, k) that the law is a sum of a part without the one column and one without the other
    multiplicative : (k, k) that it is a product of such parts; both have NaN on the diagonal
    operators      : by name, that the law has the operator
    outer          : by name, what the outermost function is
    size           : expected number of nodes
    """

    embedding: AnyArray
    latents: AnyArray
    columns: tuple[int, ...]
    relevance: FloatArray
    periodic: FloatArray
    additive: FloatArray
    multiplicative: FloatArray
    operators: Mapping[str, float]
    outer: Mapping[str, float]
    size: float
