"""A function of one of two inputs that a function of the target is linear in: sin(y), of the target
exp(x) sin(y) + log(1 + x**2).

First the curve of that function is found by its values (`bilinear`), then functions of one or two parameters
are laid through it up to a factor and a constant, which the other input's functions take up. Those that come
near are fitted to the table itself, and hold where left-out rows are predicted as well as by the free curve.
What is left are two problems of one input: the factor and the rest.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate, feature_jacobian
from eqdisc.expr.expression import Expression
from eqdisc.expr.parse import parse
from eqdisc.problem import Problem
from eqdisc.proposers.structure.bilinear import Curve, curve_of, projected
from eqdisc.proposers.structure.hypothesis import FLOOR, MOST_LOST, Hypothesis
from eqdisc.proposers.structure.polynomial import (
    CLEAR,
    LINEAR,
    Axis,
    laid_form,
    most_missed,
    reduction_of,
)
from eqdisc.proposers.structure.separating import Aim
from eqdisc.search.least_squares import Model, minimise
from eqdisc.search.multistart import places_of, projected_losses
from eqdisc.search.reduction import substituted
from eqdisc.search.spelling import allowed_codes, respell
from eqdisc.search.surrogate import terms_of
from eqdisc.search.view import View

#: Functions of y with parameters b and p, the plain ones first.
FAMILIES = (
    "square(y)", "cube(y)", "sqrt(y)", "1/y", "1/square(y)", "log(y)", "exp(b*y)", "tanh(b*y)", "atan(b*y)",
    "sin(b*y)", "cos(b*y)", "exp(b*square(y))", "log(square(y) + b)", "sqrt(square(y) + b)",
    "1/(square(y) + b)", "y/(square(y) + b)", "1/sqrt(square(y) + b)", "y*exp(b*y)", "y*exp(b*square(y))",
    "log(y + b)", "sqrt(y + b)", "1/(y + b)", "log(1 + exp(b*y))", "sin(b*y + p)", "tanh(b*y + p)",
    "exp(b*square(y + p))", "1/(square(y + p) + b)",
)  # fmt: skip
NODES = 64  # of the curve that functions are laid through first
OUTERMOST = 0.01  # share of the rows at either end that these leave out: there the curve is known worst
STARTS, DESCENT = 128, 6  # parameters looked at, and steps from the best of them
FOLLOWED = 16  # families with the best starts, from which steps are made
FITTED, CLOSE = 5, 0.02  # of these, that are fitted to the table: so many, missing so much of the curve
REFINEMENTS = 8  # of its parameters, until they change by less than this, relative to the largest
SETTLED = 1e-12
ASTRAY = 2.0  # times the share missed before: at rounding it goes up and down
MOST = 1  # functions of one curve: those that hold beside the shortest are the same in other words


@dataclass(frozen=True, eq=False)
class _Fitted:
    """A function of an input, its parameters fitted to the table, and its (n,) values; the share of variance
    that left-out rows are missed by."""

    written: Expression
    values: FloatArray
    share: float


def curved_inputs(view: View, rows: Dataset, problem: Problem) -> list[Hypothesis]:
    """Linear forms in a function of one of two inputs, those that predict left-out rows best first; none for
    any other number of inputs.

    rows : the rows of the view
    """
    if view.features.shape[1] != 2:
        return []
    families = _allowed(problem)
    for aim in (outer.of(rows) for outer in LINEAR.outer):
        if aim is None or aim.unknown > CLEAR:
            continue
        found: list[Hypothesis] = []
        for j in (0, 1):
            curve = curve_of(view.coordinates, aim.values, view.laid(aim.values), j)
            if curve is None or curve.share > most_missed(view, aim):
                continue
            for fitted in _named(view, aim, j, curve, families, problem.train.features[:, j])[:MOST]:
                made = _hypothesis(view, rows, aim, Axis(j, fitted.values, fitted.written))
                found += [made] if made is not None else []
        if found:
            return sorted(found, key=lambda h: h.share)
    return []


def _hypothesis(view: View, rows: Dataset, aim: Aim, axis: Axis) -> Hypothesis | None:
    laid = laid_form(view, aim, axis, LINEAR)
    if laid is None or laid.share > most_missed(view, aim):
        return None
    made = reduction_of(rows, aim, LINEAR, laid)
    # A factor that is a number makes a sum of parts, which has a test of its own.
    if made is None or made.above[1].number is not None:
        return None
    return Hypothesis(made, f"linear in a function, {aim.outer.name}", laid.share, laid.share)


def _allowed(problem: Problem) -> list[tuple[Expression, int]]:
    """Functions that the problem's operators can write, and how many parameters each has."""
    codes = allowed_codes(problem.operators)
    ways = ((respell(tree, codes), parameters) for tree, parameters in _families())
    return [(tree, parameters) for tree, parameters in ways if tree is not None]


@lru_cache(maxsize=1)
def _families() -> tuple[tuple[Expression, int], ...]:
    trees = [parse(text, ["y", "b", "p"]) for text in FAMILIES]
    return tuple((tree, len(tree.features) - 1) for tree in trees)


def _named(
    view: View, aim: Aim, j: int, curve: Curve, families: list[tuple[Expression, int]], column: FloatArray
) -> list[_Fitted]:
    """Functions that do in the place of the curve, the shortest first.

    column : the input on all rows, where they have to be finite
    """
    basis = terms_of(view.coordinates[:, [1 - j]], curve.degree)
    fitted: list[_Fitted] = []
    for tree, start in _closest(families, _nodes(view.features[:, j], curve.values)):
        made = _refined(basis, aim.values, view.features[:, j], j, tree, start)
        with np.errstate(all="ignore"):
            everywhere = None if made is None else evaluate(made.written, _placed(column, j))
        if made is not None and everywhere is not None and np.isfinite(everywhere).all():
            fitted.append(made)
    holding = [one for one in fitted if one.share <= MOST_LOST * curve.share + FLOOR**2]
    least = min((one.share for one in holding), default=0.0)
    best = [one for one in holding if one.share <= MOST_LOST * least + FLOOR**2]
    return sorted(best, key=lambda one: one.written.size)


def _nodes(y: FloatArray, values: FloatArray) -> Dataset:
    """Some points of the curve, from end to end, its values of size one."""
    order = np.argsort(y, kind="stable")
    ends = OUTERMOST * (y.size - 1)
    chosen = order[np.unique(np.linspace(ends, y.size - 1 - ends, NODES).astype(np.int64))]
    size = float(np.std(values[chosen])) or 1.0
    return Dataset.of(y[chosen, None], (values[chosen] - np.mean(values[chosen])) / size)


def _closest(families: list[tuple[Expression, int]], nodes: Dataset) -> list[tuple[Expression, FloatArray]]:
    """Functions that follow the curve up to a factor and a constant, with their (p,) parameters, the closest
    first."""
    started: list[tuple[float, int, Model, FloatArray]] = []
    for place, (tree, parameters) in enumerate(families):
        factor, constant = (Expression.variable(1 + parameters + i) for i in (0, 1))
        model = Model(factor * tree + constant, 1, parameters + 2, nodes)
        # The starts are the same for every curve.
        drawn = places_of(model).draw(np.random.default_rng(0), STARTS if parameters else 1)
        losses = projected_losses(model, drawn)
        best = int(np.argmin(losses))
        started.append((float(losses[best]) * model.scale**2, place, model, drawn[best]))
    followed: list[tuple[float, int, FloatArray]] = []
    for loss, place, model, start in sorted(started, key=lambda one: one[:2])[:FOLLOWED]:
        point = minimise(model, start, DESCENT) if np.isfinite(loss) else None
        if point is not None and point.loss < CLOSE * float(np.var(nodes.target)):
            followed.append((point.loss, place, point.parameters[: families[place][1]]))
    followed.sort(key=lambda one: one[:2])
    return [(families[place][0], parameters) for _, place, parameters in followed[:FITTED]]


def _refined(
    basis: FloatArray, aim: FloatArray, y: FloatArray, j: int, tree: Expression, start: FloatArray
) -> _Fitted | None:
    """The function with the parameters that the table asks for, from those that the curve does."""
    parameters = start
    best: _Fitted | None = None
    for _ in range(REFINEMENTS):
        inputs = np.column_stack([y, np.tile(parameters, (y.size, 1))])
        with np.errstate(all="ignore"):
            values, slopes = feature_jacobian(tree, inputs)
        if not (np.isfinite(values).all() and np.isfinite(slopes).all()):
            break
        found = projected(basis, aim, values, slopes[:, 1:])
        if found is None or (best is not None and found.share > ASTRAY * best.share):
            break
        numbers = [Expression.constant(float(number)) for number in parameters]
        best = _Fitted(substituted(tree, [Expression.variable(j), *numbers]), values, found.share)
        if not np.any(np.abs(found.step) > SETTLED * np.max(np.abs(parameters), initial=0.0)):
            break
        parameters = parameters + found.step
    return best


def _placed(column: FloatArray, j: int) -> FloatArray:
    """(n, 2) with the column in its place."""
    both = np.zeros((column.size, 2))
    both[:, j] = column
    return both
