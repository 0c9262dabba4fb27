"""First-order response of an expression to its inputs, its constants and the rounding of its operations."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, VARIABLE, row_of

UNIT_ROUNDOFF = 2.0**-53


@dataclass(frozen=True)
class Sensitivity:
    """First-order response of an expression, row by row.

    value      : (n,)
    constants  : (n, number of constants) derivatives with respect to each constant
    features   : (n, number of features it reads) derivatives with respect to each of `read`
    read       : which features these are, rising
    evaluation : (n,) standard deviation of the rounding made while evaluating
    """

    value: FloatArray
    constants: FloatArray
    features: FloatArray
    evaluation: FloatArray
    read: tuple[int, ...]


class Forward(NamedTuple):
    """An expression evaluated: the children of every node, and the values (n,) of each, its own last."""

    children: list[tuple[int, ...]]
    values: list[FloatArray]


def sensitivity(
    expression: Expression, features: FloatArray, evaluated: Forward | None = None
) -> Sensitivity:
    """Value and all derivatives of an expression in one reverse sweep (Griewank and Walther, 2008, chapter
    3).

    features  : (n, k). NaN or infinite derivatives stay what they are. The evaluation error is the running
                error bound of Higham (2002, chapter 3) summed in squares, because roundings are independent.
    evaluated : what `forward` gave for the two, where it is known

    >>> import numpy as np
    >>> from eqdisc.expr.parse import parse
    >>> found = sensitivity(parse("3*x*x", ["x"]), np.array([[2.0]]))
    >>> found.value, found.constants, found.features
    (array([12.]), array([[4.]]), array([[12.]]))
    """
    n_rows = features.shape[0]
    children, values = forward(expression, features) if evaluated is None else evaluated
    adjoints: list[FloatArray] = [np.ones(n_rows)] * len(values)  # all but that of the root are replaced
    read = expression.features
    column = {feature: j for j, feature in enumerate(read)}
    by_feature = np.zeros((n_rows, len(read)))
    by_constant: list[FloatArray] = []
    variance = np.zeros(n_rows)
    with np.errstate(all="ignore"):
        for node in range(expression.size - 1, -1, -1):
            code = expression.codes[node]
            adjoint = adjoints[node]
            if code == CONSTANT:
                by_constant.append(adjoint)
            elif code == VARIABLE:
                by_feature[:, column[int(expression.payload[node])]] += adjoint
            else:
                variance += _product(values[node], adjoint) ** 2
                arguments = [values[child] for child in children[node]]
                partials = row_of(code).derivative(*arguments, values[node])
                for child, partial in zip(children[node], partials, strict=True):
                    # A node that does not matter passes nothing on, not even an infinite slope.
                    adjoints[child] = _product(adjoint, partial)
    constants = np.stack(by_constant[::-1], axis=1) if by_constant else np.zeros((n_rows, 0))
    return Sensitivity(values[-1], constants, by_feature, UNIT_ROUNDOFF * np.sqrt(variance), read)


def _product(decides: FloatArray, other: FloatArray) -> FloatArray:
    """The product, zero where the first is zero whatever the other."""
    product: FloatArray = decides * other
    if not decides.all():
        product[decides == 0.0] = 0.0
    return product


def forward(expression: Expression, features: FloatArray) -> Forward:
    """Children and values of every node."""
    stack: list[int] = []
    children: list[tuple[int, ...]] = []
    values: list[FloatArray] = []
    with np.errstate(all="ignore"):
        for node, (code, payload) in enumerate(zip(expression.codes, expression.payload, strict=True)):
            if code == CONSTANT:
                below: tuple[int, ...] = ()
                values.append(np.full(features.shape[0], payload))
            elif code == VARIABLE:
                below = ()
                values.append(features[:, int(payload)])
            else:
                row = row_of(code)
                below = tuple(stack[-row.arity :])
                del stack[-row.arity :]
                values.append(np.asarray(row.evaluate(*(values[i] for i in below)), dtype=float))
            children.append(below)
            stack.append(node)
    return Forward(children, values)


def squared_errors(slope: FloatArray, error: FloatArray) -> FloatArray:
    """(slope * error)^2, zero where the error is zero whatever the slope."""
    with np.errstate(all="ignore"):
        squares: FloatArray = np.where(error == 0.0, 0.0, (slope * error) ** 2)
    return squares


__all__ = ["UNIT_ROUNDOFF", "Forward", "Sensitivity", "forward", "sensitivity", "squared_errors"]
