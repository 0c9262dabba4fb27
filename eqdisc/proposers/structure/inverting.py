"""The inverse or the root of an input in its place: a ratio found in the data may be the one way up or the
other, a sum of squares is a norm squared."""

import numpy as np

from eqdisc.expr.expression import Expression
from eqdisc.proposers.structure.hypothesis import Hypothesis, variables
from eqdisc.search.reduction import ChangeOfVariables
from eqdisc.search.view import View

MOST_INPUTS = 2
KIND, ROOT = "inverse", "root"
TURNS = frozenset({KIND, ROOT})


def inversions(view: View) -> list[Hypothesis]:
    """Each input turned over, and all together, and the root of each; for problems of so few inputs that
    asking again is cheap.

    No test: the data cannot tell a ratio from its inverse, only laws written in one are longer than in the
    other.
    """
    k = view.features.shape[1]
    if k > MOST_INPUTS:
        return []
    x = variables(k)
    alone = [frozenset({j}) for j in range(k) if np.all(view.features[:, j] != 0.0)]
    together = [frozenset(range(k))] if k > 1 and len(alone) == k else []
    positive = [j for j in range(k) if np.min(view.features[:, j]) > 0.0 and not view.changing[j]]
    inverted = [tuple(1.0 / e if j in chosen else e for j, e in enumerate(x)) for chosen in alone + together]
    rooted = [tuple(Expression.apply("sqrt", e) if i == j else e for i, e in enumerate(x)) for j in positive]
    target = Expression.variable(k)
    return [
        *(Hypothesis(ChangeOfVariables(inputs, target, target), KIND, 0.0, 1.0) for inputs in inverted),
        *(Hypothesis(ChangeOfVariables(inputs, target, target), ROOT, 0.0, 1.0) for inputs in rooted),
    ]
