"""Least squares in the space of a formula's parameters, one of which may stand at several places.

Parameters that enter linearly are solved for at every step, so that the search is over the others alone:
variable projection, Golub and Pereyra (1973), with the simplified Jacobian of Kaufman (1975). The Jacobian is
factored and not squared, block by block of rows, so that memory is bounded and optima come out to the digits
of the table.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.data.dataset import Dataset
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import ADD, ARITY, CONSTANT, DIV, MUL, NEG, SUB, VARIABLE, WHERE, row_of
from eqdisc.scoring.triangle import triangle
from eqdisc.search.optimum import RANK_TOLERANCE, root_weights

BLOCK_ROWS = 8192
TELLING = 1e-11  # relative differences of losses below this are rounding
FIRST_DAMPING, LARGEST_DAMPING = 1e-2, 1e10
_CURVED = 2  # the degree of what is not linear


@dataclass(frozen=True)
class Point:
    """Parameters (p,), the weighted mean squared residual there and the triangular factor of [Jacobian,
    residual], (p + 1, p + 1), linear parameters first, in units of `Model.scale`."""

    parameters: FloatArray
    loss: float
    factor: FloatArray


class Model:
    """A formula on a table: variables below `n_columns` are features, the `n_parameters` others parameters.

    >>> from eqdisc.expr.parse import parse
    >>> x = np.linspace(0.0, 1.0, 9)[:, None]
    >>> table = Dataset.of(x, 3 * np.exp(0.5 * x[:, 0]))
    >>> model = Model(parse("a*exp(b*x)", ["x", "a", "b"]), 1, 2, table)
    >>> model.linear, model.curved                          # a is solved for, b is searched for
    ((0,), (1,))
    >>> np.round(minimise(model, np.array([1.0, 0.1])).parameters, 9).tolist()
    [3.0, 0.5]
    """

    def __init__(self, tree: Expression, n_columns: int, n_parameters: int, dataset: Dataset) -> None:
        self.tree = tree
        self.n_columns = n_columns
        self.n_parameters = n_parameters
        self.dataset = dataset
        self.linear = linear_parameters(tree, n_columns, n_parameters)
        self.curved = tuple(j for j in range(n_parameters) if j not in self.linear)
        self.order: IntArray = np.array([*self.linear, *self.curved], dtype=np.int64)
        self.scale = float(np.max(np.abs(dataset.target))) or 1.0
        self.root = root_weights(dataset)

    def values(self, parameters: FloatArray) -> FloatArray:
        """(n,) for parameters (p,), or (s, n) for (s, p) of them."""
        columns = self.dataset.features
        found = node_values(self.tree, columns, parameters, self.n_columns)[-1]
        return np.broadcast_to(found, (*parameters.shape[:-1], columns.shape[0]))

    def at(self, parameters: FloatArray) -> Point | None:
        """The point, linearised; None where the value is not finite on some row."""
        stacked: FloatArray = np.zeros((0, self.n_parameters + 1))
        for block in self._blocks(parameters):
            if not np.isfinite(block[:, -1]).all():
                return None
            stacked = triangle(stacked, block)
        factor = np.zeros((self.n_parameters + 1, self.n_parameters + 1))
        factor[: stacked.shape[0]] = stacked
        with np.errstate(over="ignore"):
            loss = self.scale**2 * float(np.sum(factor[:, -1] ** 2)) / self.dataset.n_rows
        return Point(parameters, loss, factor) if np.isfinite(loss) else None

    def _blocks(self, parameters: FloatArray) -> Iterator[FloatArray]:
        """[Jacobian, residual] of blocks of rows; a column with a slope that is not finite is held: zero."""
        for start in range(0, self.dataset.n_rows, BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)
            features = self.dataset.features[rows]
            with np.errstate(all="ignore"):
                value, slopes = _slopes(self.tree, features, parameters, self.n_columns)
                table = np.column_stack([slopes[:, self.order], self.dataset.target[rows] - value])
                table *= (self.root[rows] / self.scale)[:, None]
            jacobian = table[:, :-1]
            jacobian[:, ~(np.abs(jacobian) < 1e150).all(axis=0)] = 0.0
            yield table


def minimise(model: Model, start: FloatArray, max_steps: int = 50, negligible: float = 1e-12) -> Point | None:
    """The optimum near a start, by Levenberg-Marquardt steps; None where the start is not finite.

    negligible : the relative fall of the loss that is not worth a step
    """
    here = _projected(model, np.asarray(start, dtype=np.float64))
    if here is None:
        return None
    split = len(model.linear)
    damping, lengths = FIRST_DAMPING, np.zeros(len(model.curved))
    for _ in range(max_steps if model.curved else 0):
        inner = here.factor[split:, split:]
        lengths = np.maximum(lengths, _lengths(inner[:, :-1]))
        there, promise = None, _promise(inner)
        while there is None and promise > negligible * _curved_loss(here, split):
            step = _damped(inner, lengths, damping)
            there = _better(model, here, step)
            damping = max(0.1 * damping, 1e-12) if there is not None else 8.0 * damping
            if damping > LARGEST_DAMPING:
                break
        if there is None:
            break
        gain = here.loss - there.loss
        here = there
        if gain <= negligible * here.loss:
            break
    return here


def refined(model: Model, here: Point, max_steps: int = 12) -> Point:
    """The optimum to its last digits: full steps go on where the loss itself can no longer tell.

    A step is kept while the next one is promised to be shorter.
    """
    for _ in range(max_steps):
        solution = _solved(here.factor, model.n_parameters)
        parameters = here.parameters.copy()
        with np.errstate(over="ignore"):
            parameters[model.order] += solution
        there = model.at(parameters) if np.isfinite(parameters).all() else None
        if there is None or not there.loss <= here.loss * (1.0 + TELLING):
            return here
        if not _promise(there.factor) < 0.5 * _promise(here.factor):
            return here
        here = there
    return here


def linear_parameters(tree: Expression, n_columns: int, n_parameters: int) -> tuple[int, ...]:
    """Parameters in which, all together, the formula is linear; the first of several that exclude each other.

    >>> from eqdisc.expr.parse import parse
    >>> linear_parameters(parse("(a + b*x)/(1 + c*x)", ["x", "a", "b", "c"]), 1, 3)
    (0, 1)
    """
    chosen: tuple[int, ...] = ()
    for j in range(n_parameters):
        if _degree(tree, frozenset(n_columns + k for k in (*chosen, j))) == 1:
            chosen = (*chosen, j)
    return chosen


def _degree(tree: Expression, chosen: frozenset[int]) -> int:
    """Degree of the formula in the chosen variables: 0, 1 or more than that."""
    stack: list[int] = []
    for code, value in zip(tree.codes, tree.payload, strict=True):
        arity = int(ARITY[code])
        below = stack[len(stack) - arity :]
        del stack[len(stack) - arity :]
        if code in (VARIABLE, CONSTANT):
            stack.append(int(code == VARIABLE and int(value) in chosen))
        elif code in (ADD, SUB, NEG) or (code == WHERE and below[0] == 0):
            stack.append(max(below))
        elif code == MUL:
            stack.append(min(sum(below), _CURVED))
        elif code == DIV and below[1] == 0:
            stack.append(below[0])
        else:
            stack.append(_CURVED if any(below) else 0)
    return stack[0]


def _projected(model: Model, parameters: FloatArray) -> Point | None:
    """The point with the linear parameters at their optimum."""
    here = model.at(parameters)
    if here is None or not model.linear:
        return here
    solved = parameters.copy()
    solved[list(model.linear)] += _solved(here.factor, len(model.linear))
    there = model.at(solved) if np.isfinite(solved).all() else None
    return there if there is not None and there.loss <= here.loss else here


def _better(model: Model, here: Point, step: FloatArray) -> Point | None:
    """The point after a step of the curved parameters, if it is lower; linear ones at their optimum."""
    split = len(model.linear)
    parameters = here.parameters.copy()
    parameters[list(model.curved)] += step
    if split:
        shifted = here.factor.copy()
        shifted[:, -1] -= here.factor[:, split:-1] @ step
        with np.errstate(over="ignore"):
            parameters[list(model.linear)] += _solved(shifted, split)
    if not np.isfinite(parameters).all() or np.array_equal(parameters, here.parameters):
        return None
    trial = model.at(parameters)
    if trial is None or not _curved_loss(trial, split) < np.sum(here.factor[:, -1] ** 2):
        return None
    there = _projected(model, parameters)
    return there if there is not None and there.loss < here.loss else None


def _curved_loss(point: Point, split: int) -> float:
    """Sum of squares that is left when the linear parameters are at their optimum."""
    return float(np.sum(point.factor[split:, -1] ** 2))


def _solved(factor: FloatArray, count: int) -> FloatArray:
    """Change of the first parameters that minimises the linearised residual."""
    matrix = factor[:count, :count]
    lengths = _lengths(matrix)
    lengths[lengths == 0.0] = 1.0
    solution = np.linalg.lstsq(matrix / lengths, factor[:count, -1], rcond=RANK_TOLERANCE)[0]
    change: FloatArray = solution / lengths
    return change


def _promise(inner: FloatArray) -> float:
    """Fall of the sum of squares that the linearised problem promises a full step."""
    return float(np.sum(inner[:-1, -1] ** 2))


def _damped(inner: FloatArray, lengths: FloatArray, damping: float) -> FloatArray:
    lengths = np.where(lengths > 0.0, lengths, 1.0)
    matrix = np.concatenate([inner[:, :-1] / lengths, np.sqrt(damping) * np.eye(lengths.size)])
    right = np.concatenate([inner[:, -1], np.zeros(lengths.size)])
    step: FloatArray = np.linalg.lstsq(matrix, right, rcond=RANK_TOLERANCE)[0] / lengths
    return step


def _lengths(matrix: FloatArray) -> FloatArray:
    lengths: FloatArray = np.sqrt(np.sum(matrix**2, axis=0))
    return lengths


def anatomy(tree: Expression, n_columns: int) -> tuple[list[list[int]], list[bool]]:
    """Children of every node, and whether it hangs on a parameter."""
    moving: list[bool] = []
    children: list[list[int]] = []
    stack: list[int] = []
    for node, code in enumerate(tree.codes):
        arity = int(ARITY[code])
        below = stack[len(stack) - arity :]
        del stack[len(stack) - arity :]
        parameter = code == VARIABLE and tree.payload[node] >= n_columns
        moving.append(parameter or any(moving[child] for child in below))
        children.append(below)
        stack.append(node)
    return children, moving


def node_values(
    tree: Expression, columns: FloatArray, parameters: FloatArray, n_columns: int
) -> list[FloatArray]:
    """Values of all nodes: of shape (), (n,), and with many sets of parameters (s, 1) or (s, n)."""
    values: list[FloatArray] = []
    stack: list[int] = []
    many = parameters.ndim == 2
    with np.errstate(all="ignore"):
        for node, (code, payload) in enumerate(zip(tree.codes, tree.payload, strict=True)):
            arity = int(ARITY[code])
            below = stack[len(stack) - arity :]
            del stack[len(stack) - arity :]
            j = int(payload) - n_columns
            if code == CONSTANT:
                values.append(np.asarray(payload))
            elif code != VARIABLE:
                operands = [values[child] for child in below]
                values.append(np.asarray(row_of(code).evaluate(*operands), dtype=np.float64))
            elif j < 0:
                values.append(columns[:, int(payload)])
            else:
                values.append(parameters[:, j : j + 1] if many else np.asarray(parameters[j]))
            stack.append(node)
    return values


def _slopes(
    tree: Expression, columns: FloatArray, parameters: FloatArray, n_columns: int
) -> tuple[FloatArray, FloatArray]:
    """Values (n,) and slopes (n, p) by one reverse sweep over the nodes that hang on a parameter."""
    values = node_values(tree, columns, parameters, n_columns)
    children, moving = anatomy(tree, n_columns)
    slopes = np.zeros((columns.shape[0], parameters.size))
    adjoints: dict[int, FloatArray] = {tree.size - 1: np.ones(columns.shape[0])}
    for node in range(tree.size - 1, -1, -1):
        if not moving[node] or node not in adjoints:
            continue
        adjoint = adjoints.pop(node)
        if not children[node]:
            slopes[:, int(tree.payload[node]) - n_columns] += adjoint
            continue
        partials = row_of(tree.codes[node]).derivative(*(values[i] for i in children[node]), values[node])
        for child, partial in zip(children[node], partials, strict=True):
            if moving[child]:  # a node that does not matter passes nothing on, not even an infinite slope
                adjoints[child] = np.where(adjoint == 0.0, 0.0, adjoint * partial)
    return np.broadcast_to(values[-1], columns.shape[:1]), slopes
