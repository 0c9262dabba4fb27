"""Two inputs that may change places: their sum and product in their stead.

Every polynomial of two inputs that stays the same when they are exchanged is one of their sum and product
(the fundamental theorem of symmetric polynomials). The statistic is what rows are missed by when the function
laid through all points is asked with the two inputs exchanged, relative to the target's variance; only rows
whose exchanged inputs lie within the range of the table are asked.
"""

from itertools import combinations

import numpy as np

from eqdisc._typing import BoolArray
from eqdisc.expr.expression import Expression
from eqdisc.proposers.structure.hypothesis import FLOOR, Hypothesis, holds, shares, variables
from eqdisc.search.reduction import ChangeOfVariables
from eqdisc.search.view import View

KIND = "exchange"
FEWEST_ROWS = 60  # that can be exchanged
TIMES = 30.0  # the share of left-out rows: so much the edges of the table are missed by
LARGEST = 1e-3  # share of the variance above which nothing is said
MOST_INPUTS = 8
PRICE = 3.0


def exchanges(view: View) -> list[Hypothesis]:
    """Changes of variables to a sum and a product, those whose inputs are exchanged with the least effect
    first."""
    k = view.features.shape[1]
    if k < 2 or k > MOST_INPUTS or view.surrogate.share > LARGEST:
        return []
    x, target = variables(k), Expression.variable(k)
    found: list[Hypothesis] = []
    for a, b in combinations(range(k), 2):
        missed = _missed(view, a, b)
        if missed > min(LARGEST, TIMES * view.surrogate.share + FLOOR):
            continue
        rest = [j for j in range(k) if j not in (a, b)]
        first, second = view.features[:, a], view.features[:, b]
        inputs = np.column_stack([first + second, first * second, view.features[:, rest]])
        reduced, known = shares(view, inputs, None)
        if holds(reduced, known):
            change = ChangeOfVariables((x[a] + x[b], x[a] * x[b], *(x[j] for j in rest)), target, target)
            found.append(Hypothesis(change, KIND, missed, reduced, PRICE, known))
    return sorted(found, key=lambda h: h.defect)


def _missed(view: View, a: int, b: int) -> float:
    """Share of the variance that rows are missed by with two inputs exchanged; inf where few can be."""
    exchanged = view.features.copy()
    exchanged[:, [a, b]] = view.features[:, [b, a]]
    low, high = np.min(view.features, axis=0), np.max(view.features, axis=0)
    inside: BoolArray = np.all((exchanged >= low) & (exchanged <= high), axis=1)
    # The exchange has to be one: inputs over ranges that hardly meet are told nothing of.
    if np.sum(inside) < FEWEST_ROWS or view.logarithmic[a] != view.logarithmic[b]:
        return np.inf
    values = view.at(exchanged[inside])
    return float(np.mean((values - view.aim[inside]) ** 2) / np.var(view.aim))
