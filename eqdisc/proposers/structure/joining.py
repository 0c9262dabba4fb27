"""Two inputs that count only as one sum: plain, of squares or of inverses, either sign, with a number before
the second.

`y = h(u(a) + w v(b), ...)` is the same as `dy/db / v'(b) = w dy/da / u'(a)` on every row; with u and v the
same of x, x**2 and 1/x, or one of them x and the other x**2, which is how a norm grows by one component.
Products and ratios are left to the scaling test, which makes the terms of a dot product of like quantities
one input each. The statistic is the defect of that equation relative to its terms.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
from scipy.optimize import minimize_scalar

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.proposers.structure.hypothesis import WEIGHTS, Hypothesis, holds, shares, simplest, variables
from eqdisc.search.reduction import ChangeOfVariables
from eqdisc.search.view import View

LARGEST_DEFECT = 0.15
LARGEST_DEFECT_OF_WEIGHTED = 0.03  # a number of its own makes it easy to agree
MOST_TRIED = 6
MOST_WEIGHTED = 2  # each of these takes a search for its weight
BLIND = 0.03  # share above which slopes say little and all pairs are tried
ROBUST = 0.9
SIMPLE = 1e-5  # relative; a fitted weight that near to a simple one is that
CLEAR = 1e-3  # share above which slopes tell no weights
WAYS = 0.1  # relative; how far around its estimate a weight is looked for


@dataclass(frozen=True)
class Summand:
    """A function of an input, by value, slope and expression."""

    name: str
    value: Callable[[FloatArray], FloatArray]
    slope: Callable[[FloatArray], FloatArray]
    write: Callable[[Expression], Expression]


PLAIN = Summand("plain", lambda x: x, np.ones_like, lambda e: e)
SQUARED = Summand("squared", lambda x: x * x, lambda x: 2.0 * x, lambda e: Expression.apply("square", e))
INVERSE = Summand("inverse", lambda x: 1.0 / x, lambda x: -1.0 / (x * x), lambda e: 1.0 / e)
#: The two summands of a joint; the first input of a symmetric one has the lower number.
JOINTS = ((PLAIN, PLAIN), (SQUARED, SQUARED), (INVERSE, INVERSE), (PLAIN, SQUARED))


@dataclass(frozen=True)
class Joining:
    """u(a) + weight * v(b): how well slopes agree, the summands, the inputs."""

    defect: float
    first: Summand
    second: Summand
    a: int
    b: int
    weight: float

    @property
    def is_bare(self) -> bool:
        """Whether it is a sum or a difference."""
        return abs(self.weight) == 1.0

    @property
    def kind(self) -> str:
        """In words, for the report."""
        names = self.first.name if self.first == self.second else f"{self.first.name} and {self.second.name}"
        return f"joining, {names}" + ("" if self.is_bare else ", weighted")

    def inputs(self, view: View) -> FloatArray:
        """(n, k - 1) the joint input before the others."""
        with np.errstate(all="ignore"):
            joint = self.first.value(view.features[:, self.a])
            joint = joint + self.weight * self.second.value(view.features[:, self.b])
        return np.column_stack([joint, np.delete(view.features, [self.a, self.b], axis=1)])

    def written(self, k: int) -> tuple[Expression, ...]:
        """The same as expressions of the k inputs."""
        x = variables(k)
        first, second = self.first.write(x[self.a]), self.second.write(x[self.b])
        if not self.is_bare:
            second = abs(self.weight) * second
        rest = (x[j] for j in range(k) if j not in (self.a, self.b))
        return (first + second if self.weight > 0 else first - second, *rest)


def joinings(view: View) -> list[Hypothesis]:
    """Reductions by one input each, those that predict left-out rows best first."""
    blind = view.surrogate.share > BLIND
    candidates = sorted(_candidates(view, blind), key=lambda c: c.defect)
    bare = [c for c in candidates if c.is_bare][: MOST_TRIED * (2 if blind else 1)]
    found = [_confirmed(view, joining) for joining in bare]
    if view.surrogate.share < CLEAR and all(h is None or h.loses for h in found):
        weighted = [joining for joining in candidates if not joining.is_bare]
        found += [_weighted(view, joining) for joining in weighted[:MOST_WEIGHTED]]
    return sorted((h for h in found if h is not None), key=lambda h: h.share)


def _candidates(view: View, blind: bool) -> list[Joining]:
    made: list[Joining] = []
    with np.errstate(all="ignore"):
        for first, second in JOINTS:
            for a, b in permutations(range(view.features.shape[1]), 2):
                if first == second and a > b:
                    continue
                mine = view.slopes[:, a] / first.slope(view.features[:, a])
                other = view.slopes[:, b] / second.slope(view.features[:, b])
                for sign in (1.0, -1.0):
                    defect = _defect(mine, sign * other)
                    if defect < LARGEST_DEFECT or (blind and first == second == PLAIN):
                        made.append(Joining(defect, first, second, a, b, sign))
                weight = float(np.median(other / mine))
                if not np.isfinite(weight) or weight == 0.0:
                    continue
                defect = _defect(mine, other / weight)
                if defect < LARGEST_DEFECT_OF_WEIGHTED:
                    made.append(Joining(defect, first, second, a, b, weight))
    return made


def _defect(first: FloatArray, second: FloatArray) -> float:
    """What two slopes differ by, relative to their size, where they agree best."""
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return np.inf
    size = np.abs(first) + np.abs(second)
    order = np.argsort(np.abs(first - second), kind="stable")[: int(ROBUST * size.size)]
    scale = float(np.sqrt(np.mean(size[order] ** 2)))
    return float(np.sqrt(np.mean((first - second)[order] ** 2))) / scale if scale > 0.0 else np.inf


def _weighted(view: View, joining: Joining) -> Hypothesis | None:
    """The joining with the weight that predicts left-out rows best, a simple one where that is near."""
    guess = joining.weight

    def share(factor: float) -> float:
        return shares(view, replace(joining, weight=guess * factor).inputs(view), None)[0]

    bracket = (1.0 - WAYS, 1.0, 1.0 + WAYS)
    low, middle, high = (share(factor) for factor in bracket)
    if not (middle < low and middle < high):
        return None
    weight = guess * float(minimize_scalar(share, bracket=bracket, tol=1e-9).x)
    simple = float(simplest(abs(weight), WEIGHTS)) * (1.0 if weight > 0.0 else -1.0)
    if abs(weight - simple) <= SIMPLE * abs(weight):
        weight = simple
    return _confirmed(view, replace(joining, weight=weight))


def _confirmed(view: View, joining: Joining) -> Hypothesis | None:
    k = view.features.shape[1]
    reduced, known = shares(view, joining.inputs(view), None)
    if not holds(reduced, known):
        return None
    change = ChangeOfVariables(joining.written(k), Expression.variable(k), Expression.variable(k))
    plain = joining.first == joining.second == PLAIN
    price = 2.0 + 0.4 * (not plain) + 0.4 * (not joining.is_bare)
    return Hypothesis(change, joining.kind, joining.defect, reduced, price, known)
