"""Inputs without influence are left out."""

from eqdisc.expr.expression import Expression
from eqdisc.problem import Problem
from eqdisc.proposers.structure.hypothesis import Hypothesis, variables
from eqdisc.search.irrelevant import irrelevance
from eqdisc.search.reduction import ChangeOfVariables

#: A column that could hide no larger share of the variance is left out without a second thought.
CERTAIN = 1e-6


def droppings(problem: Problem) -> list[Hypothesis]:
    """The problem without the inputs that show no influence (`eqdisc.search.irrelevant`)."""
    known = problem.irrelevance or irrelevance(problem.train)
    if not known.sure_dummies:
        return []
    k = problem.train.n_features
    x, target = variables(k), Expression.variable(k)
    change = ChangeOfVariables(tuple(x[j] for j in known.relevant), target, target)
    return [Hypothesis(change, "irrelevant inputs", known.hidden, known.share)]
