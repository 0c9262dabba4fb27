"""Inputs that count only as their sine or cosine, and pairs that count as that of their sum or difference.

An angle over whole turns is hard to follow by a polynomial and its cosine is not: the statistic is the error
of left-out rows with the sine or the cosine in the place of the input, relative to the error before. Pairs,
phases and directions mostly, are looked at where nothing follows the target as it is; there the square of the
target is looked at too, which is how the law of cosines shows itself.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.proposers.structure.hypothesis import Hypothesis, variables
from eqdisc.search.reduction import ChangeOfVariables
from eqdisc.search.surrogate import lay
from eqdisc.search.view import View, centred, coordinates, is_angle, logarithmic_columns

ROUNDING = 1e-13  # of the variance: nothing is left to gain
GAIN = 0.05  # the error of left-out rows has to fall to this share
HAZY = 0.01  # share above which pairs are looked at
PRICE = 3.0
MOST_ANGLES = 5  # whose pairs are looked at
FUNCTIONS = (("cos", np.cos), ("sin", np.sin))


def periodic_inputs(view: View, allowed: frozenset[str]) -> list[Hypothesis]:
    """Inputs, or two of them, replaced by a cosine or sine, those that predict left-out rows best first."""
    if view.surrogate.share <= ROUNDING:
        return []
    target = Expression.variable(view.features.shape[1])
    aims = [(view.aim, view.surrogate.share)]
    if view.surrogate.share > HAZY:
        plain = [centred(view.target), centred(view.target**2)]
        aims += [(aim, lay(view.coordinates, aim).share) for aim in plain]
    found: list[Hypothesis] = []
    for name, changed, inputs in _replaced(view, allowed):
        gains = [(_share(inputs, aim), known) for aim, known in aims]
        reduced, known = min(gains, key=lambda gain: gain[0] / max(gain[1], ROUNDING))
        if reduced < GAIN * known:
            change = ChangeOfVariables(changed, target, target)
            found.append(Hypothesis(change, name, reduced / known, reduced, PRICE))
    return sorted(found, key=lambda h: h.share)


def _share(inputs: FloatArray, aim: FloatArray) -> float:
    """What left-out rows are missed by, in logarithms of inputs over decades or in none."""
    logarithmic = logarithmic_columns(inputs)
    ways = [logarithmic, np.zeros_like(logarithmic)] if logarithmic.any() else [logarithmic]
    return min(lay(coordinates(inputs, way), aim).share for way in ways)


def _replaced(
    view: View, allowed: frozenset[str]
) -> Iterator[tuple[str, tuple[Expression, ...], FloatArray]]:
    """Name, new inputs and their (n, m) values for each angle, and for each two where the view is hazy."""
    k = view.features.shape[1]
    x = variables(k)
    angles = [j for j in range(k) if is_angle(view.features[:, j])]
    functions = [(name, function) for name, function in FUNCTIONS if name in allowed]
    for j in angles:
        for name, function in functions:
            inputs = view.features.copy()
            inputs[:, j] = function(inputs[:, j])
            yield name, tuple(Expression.apply(name, e) if i == j else e for i, e in enumerate(x)), inputs
    if view.surrogate.share <= HAZY or len(angles) > MOST_ANGLES:
        return
    for a, b in combinations(angles, 2):
        rest = [j for j in range(k) if j not in (a, b)]
        first, second, others = view.features[:, a], view.features[:, b], view.features[:, rest]
        for joint, values in ((x[a] - x[b], first - second), (x[a] + x[b], first + second)):
            for name, function in functions:
                changed = (Expression.apply(name, joint), *(x[j] for j in rest))
                yield f"{name} of two", changed, np.column_stack([function(values), others])
