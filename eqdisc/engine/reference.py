"""What an expression means, in plain NumPy: slow and obvious, the oracle of every kernel."""

from collections.abc import Callable

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, VARIABLE, row_of

BLOCK_ROWS = 16_384  # 128 KiB a value: the values of a few nodes stay in the cache of a core


def evaluate(expression: Expression, features: FloatArray) -> FloatArray:
    """Values of an expression on rows of features.

    `features` has shape (n, k), the result (n,). Where the expression has no real value the result is NaN,
    overflow is infinite; nothing is raised or warned. ValueError if a feature is missing. Beside the result
    only a block of `BLOCK_ROWS` rows is held in memory for each value that waits to be used.

    >>> import numpy as np
    >>> x = Expression.variable(0)
    >>> evaluate(1.0 / x, np.array([[4.0], [0.0]])).tolist()
    [0.25, inf]
    """
    table = _checked(expression, features)
    values = np.empty(table.shape[0])
    for start in range(0, table.shape[0], BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        values[block] = _values(expression, table[block])
    return values


def _values(expression: Expression, table: FloatArray) -> FloatArray:
    stack: list[FloatArray] = []
    with np.errstate(all="ignore"):
        for code, payload in zip(expression.codes, expression.payload, strict=True):
            if code == VARIABLE:
                stack.append(table[:, int(payload)])
            elif code == CONSTANT:
                stack.append(np.full(table.shape[0], payload))
            else:
                row = row_of(code)
                arguments = stack[-row.arity :]
                del stack[-row.arity :]
                stack.append(np.asarray(row.evaluate(*arguments), dtype=np.float64))
    return stack[0]


def constant_jacobian(expression: Expression, features: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Values (n,) and derivatives (n, c) with respect to the c constants in postfix order.

    >>> import numpy as np
    >>> value, jacobian = constant_jacobian(3.0 * Expression.variable(0), np.array([[2.0], [5.0]]))
    >>> jacobian.tolist()
    [[2.0], [5.0]]
    """
    position = {
        node: k for k, node in enumerate(i for i, code in enumerate(expression.codes) if code == CONSTANT)
    }
    return _forward(expression, features, position.get, len(position))


def feature_jacobian(expression: Expression, features: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Values (n,) and derivatives (n, k) with respect to the k features.

    >>> import numpy as np
    >>> x = Expression.variable(0)
    >>> feature_jacobian(x * x, np.array([[3.0]]))[1].tolist()
    [[6.0]]
    """

    def column(node: int) -> int | None:
        is_variable = expression.codes[node] == VARIABLE
        return int(expression.payload[node]) if is_variable else None

    return _forward(expression, features, column, _checked(expression, features).shape[1])


def _forward(
    expression: Expression, features: FloatArray, seed: Callable[[int], int | None], width: int
) -> tuple[FloatArray, FloatArray]:
    """Forward mode by the operator rows; `seed` says in which column a leaf has derivative 1.

    A tangent of None is zero because nothing below depends on the seeds; a partial derivative of exactly zero
    drops its operand. Otherwise 0 * inf of an operand that does not matter would spoil the sum.
    """
    table = _checked(expression, features)
    rows = table.shape[0]
    values: list[FloatArray] = []
    tangents: list[FloatArray | None] = []
    with np.errstate(all="ignore"):
        for node, (code, payload) in enumerate(zip(expression.codes, expression.payload, strict=True)):
            if code in (VARIABLE, CONSTANT):
                values.append(table[:, int(payload)] if code == VARIABLE else np.full(rows, payload))
                column = seed(node)
                tangent = None
                if column is not None:
                    tangent = np.zeros((rows, width))
                    tangent[:, column] = 1.0
                tangents.append(tangent)
                continue
            row = row_of(code)
            arguments, inner = values[-row.arity :], tangents[-row.arity :]
            del values[-row.arity :], tangents[-row.arity :]
            value = np.asarray(row.evaluate(*arguments), dtype=np.float64)
            values.append(value)
            tangents.append(_chain(row.derivative(*arguments, value), inner))
    last = tangents[0]
    return values[0].copy(), np.zeros((rows, width)) if last is None else last


def _chain(partials: tuple[FloatArray, ...], inner: list[FloatArray | None]) -> FloatArray | None:
    total: FloatArray | None = None
    for partial, tangent in zip(partials, inner, strict=True):
        if tangent is not None:
            factor = partial[:, None]
            term = np.where((factor == 0.0) | (tangent == 0.0), 0.0, factor * tangent)
            total = term if total is None else total + term
    return total


def _checked(expression: Expression, features: FloatArray) -> FloatArray:
    table = np.asarray(features, dtype=np.float64)
    needed = max(expression.features, default=-1) + 1
    if table.ndim != 2 or table.shape[1] < needed:
        raise ValueError(f"the expression reads {needed} features, got an array of shape {table.shape}")
    return table
