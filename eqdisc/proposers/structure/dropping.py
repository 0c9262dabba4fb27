"""Inputs without influence are left out."""

import numpy as np

from eqdisc.expr.expression import Expression
from eqdisc.problem import Problem
from eqdisc.proposers.structure.hypothesis import Hypothesis, variables
from eqdisc.search.irrelevant import irrelevance
from eqdisc.search.reduction import ChangeOfVariables

#: A column that could hide no larger share of the variance is left out without a second thought.
CERTAIN = 1e-6


def droppings(problem: Problem) -> list[Hypothesis]:
    """The problem without the inputs that show no influence (`eqdisc.search.irrelevant`), where that is sure;
    without constant columns in any case."""
    known = problem.prior.irrelevance or irrelevance(problem.train)
    k = problem.train.n_features
    constant = {j for j in range(k) if np.ptp(problem.train.features[:, j]) == 0.0}
    idle = constant.difference(known.relevant).union(known.sure_dummies)
    kept = [j for j in range(k) if j not in idle]
    if not idle or not kept:
        return []
    x, target = variables(k), Expression.variable(k)
    change = ChangeOfVariables(tuple(x[j] for j in kept), target, target)
    hidden = known.hidden if known.sure_dummies else 0.0
    return [Hypothesis(change, "irrelevant inputs", hidden, known.share if known.sure_dummies else 0.0)]
