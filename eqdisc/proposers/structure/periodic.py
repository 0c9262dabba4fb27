"""Inputs that count only as their sine or cosine.

An angle over whole turns is hard to follow by a polynomial and its cosine is not: the statistic is the error
of left-out rows with the sine or the cosine in the place of the input, relative to the error before.
"""

import numpy as np

from eqdisc.expr.expression import Expression
from eqdisc.proposers.structure.hypothesis import Hypothesis, shares, variables
from eqdisc.search.reduction import ChangeOfVariables
from eqdisc.search.view import View

ROUNDING = 1e-13  # of the variance: nothing is left to gain
GAIN = 0.05  # the error of left-out rows has to fall to this share
WIDEST = 200.0  # an input that turns more often is not followed
LEAST = 1.0  # radians that an input has to span
PRICE = 3.0


def periodic_inputs(view: View, allowed: frozenset[str]) -> list[Hypothesis]:
    """An input replaced by its cosine or sine, those that predict left-out rows best first."""
    if view.surrogate.share <= ROUNDING:
        return []
    k = view.features.shape[1]
    x, target = variables(k), Expression.variable(k)
    found: list[Hypothesis] = []
    for j in range(k):
        column = view.features[:, j]
        if not float(np.ptp(column)) > LEAST or float(np.max(np.abs(column))) > WIDEST:
            continue
        for name, function in (("cos", np.cos), ("sin", np.sin)):
            if name not in allowed:
                continue
            inputs = view.features.copy()
            inputs[:, j] = function(column)
            reduced, known = shares(view, inputs, None)
            if reduced < GAIN * known:
                coordinates = tuple(Expression.apply(name, e) if i == j else e for i, e in enumerate(x))
                change = ChangeOfVariables(coordinates, target, target)
                found.append(Hypothesis(change, name, reduced / known, reduced, PRICE))
    return sorted(found, key=lambda h: h.share)
