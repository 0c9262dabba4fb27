"""The inverse of an input in its place: a ratio found in the data may be the one way up or the other."""

import numpy as np

from eqdisc.expr.expression import Expression
from eqdisc.proposers.structure.hypothesis import Hypothesis, variables
from eqdisc.search.reduction import ChangeOfVariables
from eqdisc.search.view import View

MOST_INPUTS = 2
KIND = "inverse"


def inversions(view: View) -> list[Hypothesis]:
    """Each input turned over, and all together; for problems of so few inputs that asking again is cheap.

    No test: the data cannot tell a ratio from its inverse, only laws written in one are longer than in the
    other.
    """
    k = view.features.shape[1]
    if k > MOST_INPUTS or np.min(np.abs(view.features)) == 0.0:
        return []
    x, target = variables(k), Expression.variable(k)
    chosen = [(j,) for j in range(k)] + ([tuple(range(k))] if k > 1 else [])
    return [
        Hypothesis(
            ChangeOfVariables(tuple(1.0 / e if j in turned else e for j, e in enumerate(x)), target, target),
            KIND,
            0.0,
            1.0,
        )
        for turned in chosen
    ]
