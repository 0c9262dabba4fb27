"""Two inputs that count only as one joint input, or as two, whose functions add up: f(x**2 + y**2) + g(x).

The statistic is the error of left-out rows of a sum of polynomials, each in one joint input. With one input
in each they reach degrees at which no polynomial in both could be laid through the rows, so that functions
are seen that oscillate, saturate or fall off: cos(2 r) / (1 + 0.3 r**2) misses 30 % of its variance as a
polynomial of degree 14 in x and y over [-5, 5], as one of degree 40 in x**2 + y**2 less than a billionth.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.polynomial.legendre import legvander

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.proposers.structure.hypothesis import FLOOR, Hypothesis, variables
from eqdisc.search.reduction import ChangeOfVariables
from eqdisc.search.surrogate import HIGHEST_ALONE, lay, scaled
from eqdisc.search.view import View, centred, coordinates, logarithmic_columns

GAIN = 0.05  # the error of left-out rows has to fall to this share
NOTHING = 1e-13  # of the variance: nothing is left to gain
PRICE = 2.5
QUICK_DEGREE, MOST_SINGLE, MOST_PAIRS = 24, 2, 4  # of the first look, and what is looked at again
SEEN = 0.2  # of the variance is missed: above, a sum says nothing


@dataclass(frozen=True)
class Joint:
    """A function of two inputs, by value and by expression."""

    value: Callable[[FloatArray, FloatArray], FloatArray]
    write: Callable[[Expression, Expression], Expression]


def _squared(x: Expression) -> Expression:
    return Expression.apply("square", x)


FIRST = Joint(lambda x, y: x, lambda x, y: x)
SECOND = Joint(lambda x, y: y, lambda x, y: y)
JOINTS = (
    Joint(lambda x, y: x + y, lambda x, y: x + y),
    Joint(lambda x, y: x - y, lambda x, y: x - y),
    Joint(lambda x, y: x * y, lambda x, y: x * y),
    Joint(lambda x, y: x / y, lambda x, y: x / y),
    Joint(lambda x, y: x * x + y * y, lambda x, y: _squared(x) + _squared(y)),
    Joint(lambda x, y: x * x - y * y, lambda x, y: _squared(x) - _squared(y)),
)


def additions(view: View) -> list[Hypothesis]:
    """Of tables of two inputs: one or two joint inputs of which the target is a sum of functions, the one
    that predicts left-out rows best first."""
    if view.features.shape[1] != 2 or view.surrogate.share <= NOTHING:
        return []
    target = Expression.variable(2)
    columns = _columns(view.features)
    found: list[Hypothesis] = []
    for aim, known in _aims(view):
        for joints in _likely(columns, aim):
            inputs = np.column_stack([columns[joint] for joint in joints])
            share = _share(inputs, aim)
            if share < min(GAIN * known, SEEN):
                change = ChangeOfVariables(tuple(j.write(*variables(2)) for j in joints), target, target)
                kind = "one joint input" if len(joints) == 1 else "two joint inputs"
                found.append(Hypothesis(change, kind, share / known, share, PRICE * len(joints), known))
    return sorted(found, key=lambda h: (max(h.share, FLOOR), h.price, h.share))


def _share(inputs: FloatArray, aim: FloatArray) -> float:
    """What left-out rows are missed by as a sum of functions of the inputs, in logarithms or not."""
    logarithmic = logarithmic_columns(inputs)
    ways = [logarithmic, np.zeros_like(logarithmic)] if logarithmic.any() else [logarithmic]
    parts = [(j,) for j in range(inputs.shape[1])]
    return min(lay(coordinates(inputs, way), aim, parts, HIGHEST_ALONE).share for way in ways)


def _likely(columns: Mapping[Joint, FloatArray], aim: FloatArray) -> list[tuple[Joint, ...]]:
    """Single joint inputs and pairs whose sum of polynomials of a low degree comes nearest to the aim.

    All are looked at by one table of products; only the best are worth a ladder of degrees.
    """
    blocks = {joint: scaled(column[:, None])[:, 0] for joint, column in columns.items()}
    tables = [legvander(column, QUICK_DEGREE)[:, 1:] for column in blocks.values()]
    design = np.hstack([table - table.mean(axis=0) for table in tables])
    products, aims = design.T @ design, design.T @ (aim - aim.mean())
    own = {joint: np.arange(QUICK_DEGREE) + i * QUICK_DEGREE for i, joint in enumerate(blocks)}

    def explained(joints: tuple[Joint, ...]) -> float:
        places = np.concatenate([own[joint] for joint in joints])
        inner = products[np.ix_(places, places)]
        ridge = 1e-10 * float(np.trace(inner)) * np.eye(places.size)
        return float(aims[places] @ np.linalg.solve(inner + ridge, aims[places]))

    singles = [(joint,) for joint in blocks if joint in JOINTS]
    pairs = [pair for pair in combinations(blocks, 2) if pair != (FIRST, SECOND)]
    best: list[tuple[Joint, ...]] = []
    for group, most in ((singles, MOST_SINGLE), (pairs, MOST_PAIRS)):
        best += sorted(group, key=explained, reverse=True)[:most]
    return best


def _aims(view: View) -> list[tuple[FloatArray, float]]:
    """The target, and its logarithm where it has one, with what a polynomial in both inputs misses."""
    aims = [centred(view.target)]
    if view.one_signed:
        aims.append(centred(np.log(np.abs(view.target))))
    return [(aim, lay(view.coordinates, aim).share) for aim in aims]


def _columns(features: FloatArray) -> dict[Joint, FloatArray]:
    """The inputs and the joint inputs that have a value on all rows and vary: (n,) each."""
    x, y = features.T
    with np.errstate(all="ignore"):
        columns = {joint: joint.value(x, y) for joint in (FIRST, SECOND, *JOINTS)}
    return {joint: c for joint, c in columns.items() if np.isfinite(c).all() and np.ptp(c) > 0.0}
