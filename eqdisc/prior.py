"""What is known of a problem before a strategy begins: from a look at the table, and from those before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, DIV, MUL, OperatorSet

EXPLAINED = 0.2  # share that relevant inputs may leave unexplained for the others to be left out
MOST_FORMS = 8  # that strategies add to, those first found
UNTOUCHED = 0.3  # share of all draws that guesses leave as they were: nothing is excluded by one


@dataclass(frozen=True)
class Irrelevance:
    """What is known of the influence of each input.

    deviates : normal deviates beyond chance of the best evidence for each input
    relevant : numbers of the inputs that show influence, rising
    share    : of the target's variance (of its logarithm, where that is smoother) that the relevant inputs
               leave unexplained on left-out rows
    hidden   : share of the variance that a column could account for without being noticed
    """

    deviates: tuple[float, ...]
    relevant: tuple[int, ...]
    share: float
    hidden: float

    @property
    def dummies(self) -> tuple[int, ...]:
        """Inputs that show none; none of them named where nothing shows any."""
        if not self.relevant:
            return ()
        return tuple(j for j in range(len(self.deviates)) if j not in self.relevant)

    @property
    def sure_dummies(self) -> tuple[int, ...]:
        """The same where the relevant inputs explain the target well; elsewhere none: an input that acts in
        waves too short for a polynomial may be among those that show nothing."""
        return self.dummies if self.share <= EXPLAINED else ()


@dataclass(frozen=True)
class Prior:
    """Guesses about the law, never held against an expression; empty where nobody has looked.

    relevance   : how often each feature is to be tried, in proportion, 0.0 for never; None for all alike
    irrelevance : which features show an influence; None where nobody has looked
    operators   : names of operators that the law is likely to contain
    forms       : building blocks it is likely to contain, such as `x - y`; none of them a bare feature
    chances     : how many times as often as usual an operator is to be drawn, by name; 1 if not named
    influence   : the same of each feature; None where nothing is said

    A search hands the prior to every strategy at its start, with what the strategies before it have learned.

    >>> x, y = Expression.variable(0), Expression.variable(1)
    >>> Prior(forms=(x - y,)).joined(Prior(operators=("exp",), forms=(x / y, x - y, x))).forms
    (<Expression x0 - x1>, <Expression x0/x1>)
    """

    relevance: tuple[float, ...] | None = None
    irrelevance: Irrelevance | None = None
    operators: tuple[str, ...] = ()
    forms: tuple[Expression, ...] = ()
    chances: Mapping[str, float] = field(default_factory=dict, hash=False)
    influence: tuple[float, ...] | None = None

    def joined(self, other: "Prior") -> "Prior":
        """This prior with the operators and forms of another after its own; where both guess how often
        something is to be drawn the first guess stays."""
        operators = tuple(dict.fromkeys((*self.operators, *other.operators)))
        forms = tuple(dict.fromkeys(form for form in (*self.forms, *other.forms) if form.size > 1))
        return replace(
            self,
            operators=operators,
            forms=forms[: max(len(self.forms), MOST_FORMS)],
            chances={**other.chances, **self.chances},
            influence=other.influence if self.influence is None else self.influence,
        )

    def weighted(self, operators: OperatorSet) -> OperatorSet:
        """The operators with weights that follow the chances; each keeps `UNTOUCHED` of its share of draws.

        >>> told = Prior(chances={"sin": 9.0}).weighted(OperatorSet.of("add", "mul", "sin", "exp"))
        >>> [round(weight, 2) for weight in told.weights.values()]
        [0.6, 0.6, 0.3, 1.5]
        """
        if not self.chances:
            return operators
        names = operators.names
        usual = [operators.weights[name] for name in names]
        told = followed(usual, [self.chances.get(name, 1.0) for name in names])
        return operators.with_weights(dict(zip(names, told.tolist(), strict=True)))

    def with_influence(self, n_features: int) -> "Prior":
        """The same with a relevance that follows the influence; each feature keeps `UNTOUCHED` of its draws.

        >>> told = Prior(relevance=(0.5, 0.5), influence=(3.0, 1.0)).with_influence(2).relevance
        >>> [round(share, 3) for share in told]
        [0.675, 0.325]
        """
        if self.influence is None:
            return self
        if len(self.influence) != n_features:
            raise ValueError(f"the influence of {len(self.influence)} features, there are {n_features}")
        usual = self.relevance or (1.0 / n_features,) * n_features
        return replace(self, relevance=tuple(followed(usual, self.influence).tolist()))


def followed(usual: Sequence[float], factors: Sequence[float]) -> FloatArray:
    """Weights that follow guesses: (k,) with the sum of the usual ones, none below `UNTOUCHED` of its own.

    factors : how many times as often as usual each is to be drawn; negative or not finite counts as 1

    >>> followed((1.0, 1.0), (1.0, 3.0)).round(2).tolist()
    [0.65, 1.35]
    """
    weights, times = np.array(usual, float), np.array(factors, float)
    times = np.where(np.isfinite(times) & (times >= 0.0), times, 1.0)
    tilted = weights * (times / (times.max(initial=0.0) or 1.0))  # of any size without an overflow
    total = float(np.sum(tilted))
    if not total > 0.0:
        return weights
    mixed: FloatArray = UNTOUCHED * weights + (1.0 - UNTOUCHED) * tilted * (np.sum(weights) / total)
    return mixed


def without_factor(form: Expression) -> Expression:
    """A building block without a constant factor, which only says in what unit it is.

    >>> x = Expression.variable(0)
    >>> str(without_factor(1e-30 * (x - 2.0))), str(without_factor((x - 2.0) / 7.0))
    ('x0 - 2', 'x0 - 2')
    """
    if form.root in (MUL, DIV):
        left, right = form.children
        if left.root == CONSTANT and form.root == MUL:
            return without_factor(right)
        if right.root == CONSTANT:
            return without_factor(left)
    return form
