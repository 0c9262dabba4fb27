"""Inputs that are only added: `y = h(others) + q x**p` means `dy/dx = q p x**(p - 1)` on every row.

A sum of parts (`separating`) knows its parts but for a constant, and each only as well as a polynomial
follows it; where one part is a power with a simple factor, taking it from the target leaves a table as
exact as the one before. Any other factor is the one with which left-out rows of the rest are predicted
best. The statistic is how much the slope, divided by that of the power, varies from row to row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.proposers.structure.hypothesis import WEIGHTS, Hypothesis, holds, simplest, variables
from eqdisc.search.reduction import ChangeOfVariables, monomial
from eqdisc.search.surrogate import lay
from eqdisc.search.view import View, centred, coordinates

KIND = "shift"
POWERS = tuple(Fraction(p) for p in ("1", "2", "-1", "3", "1/2", "-2"))
LARGEST_DEFECT, MOST_POWERS = 0.1, 2  # of an input, those that agree best: over a narrow range all do
ROBUST = 0.9  # of the rows count: slopes are wild at the edges
USABLE = 0.5  # of the rows, at least: a square of zero has no slope to compare with
NEAR = 0.03  # relative; how far an estimate may be from a simple factor that is tried
LOST = 2.0  # of what is missed with the best factor a simple one may miss: a polynomial is no better judge
STEPS = (1e-2, 1e-4)  # relative; of estimates on either side of the last one
CLEAR = 1e-3  # share of the variance missed above which no factor is told but a simple one
#: Nor where the rest is missed by so much, relative to what of the term the other inputs do not tell.
UNSURE = 0.01
NOTHING = 1e-18  # of the variance: what is left is rounding
BARE, OTHER = 1.0, 1.4  # price of a factor of one, or any other


@dataclass(frozen=True)
class Term:
    """factor * x[input]**power: how much the slopes vary, (n,) its values at the rows."""

    input: int
    power: Fraction
    factor: float
    defect: float
    values: FloatArray

    @property
    def is_bare(self) -> bool:
        """Whether it is the power as it is, added or taken away."""
        return abs(self.factor) == 1.0

    @property
    def price(self) -> float:
        """How involved it is."""
        return (BARE if self.is_bare else OTHER) + 0.2 * float(abs(self.power))

    def written(self, x: Sequence[Expression]) -> Expression:
        """Its size as an expression of all inputs."""
        power = monomial([(x[self.input], self.power)])
        return power if self.is_bare else abs(self.factor) * power


def shifts(view: View) -> list[Hypothesis]:
    """All inputs that are only added at once, then one by one, those of the plainest terms first."""
    k = view.features.shape[1]
    # The slopes of a plane agree whatever the law is.
    if k < 2 or np.max(np.sum(view.surrogate.degrees, axis=1)) < 2:
        return []
    found = [pair for j in range(k) if (pair := _single(view, j)) is not None]
    alone = sorted((hypothesis for _, hypothesis in found), key=lambda h: h.price)
    if not 1 < len(found) < k:
        return alone
    together = _confirmed(view, [term for term, _ in found])
    return alone if together is None else [together, *alone]


def _single(view: View, j: int) -> tuple[Term, Hypothesis] | None:
    """The power of an input that both the slopes and the rows left out speak for."""
    for term in sorted(_terms(view, j), key=lambda term: term.defect)[:MOST_POWERS]:
        factor = _factor(view, term)
        if factor is not None:
            told = Term(j, term.power, factor, term.defect, factor / term.factor * term.values)
            made = _confirmed(view, [told])
            if made is not None:
                return told, made
    return None


def _terms(view: View, j: int) -> list[Term]:
    """Powers of an input with a factor that agrees from row to row."""
    x = view.features[:, j]
    slope = view.slopes[:, j] * (view.target if view.in_logarithms else np.std(view.target))
    found: list[Term] = []
    for power in POWERS:
        if power.denominator > 1 and view.changing[j]:
            continue
        with np.errstate(all="ignore"):
            values = x ** float(power)
            factors = slope / (float(power) * x ** float(power - 1))
        usable = np.isfinite(factors)
        if not np.isfinite(values).all() or np.mean(usable) < USABLE:
            continue
        factor = float(np.median(factors[usable]))
        defect = _spread(factors[usable], factor)
        if defect < LARGEST_DEFECT:
            found.append(Term(j, power, factor, defect, factor * values))
    return found


def _spread(factors: FloatArray, middle: float) -> float:
    """What the factors differ by from their median, relative to it, where they agree best."""
    if middle == 0.0:
        return np.inf
    left = np.sort((factors / middle - 1.0) ** 2)
    return sqrt(float(np.mean(left[: max(1, int(ROBUST * left.size))])))


def _factor(view: View, term: Term) -> float | None:
    """The factor of a term: a simple one that is near where little more is missed with it, else the one that
    the rest is predicted best with; None where the rows do not tell."""
    simple = float(simplest(abs(term.factor), WEIGHTS)) * (1.0 if term.factor > 0.0 else -1.0)
    is_near = abs(term.factor - simple) <= NEAR * abs(simple)
    told = _told(view, term) if view.surrogate.share < CLEAR else None
    if told is None:
        return simple if is_near else None
    if is_near and _missed(view, [term], simple / term.factor) <= LOST * _missed(view, [term], told):
        return simple
    return told * term.factor


def _told(view: View, term: Term) -> float | None:
    """How many times the term leaves a rest whose left-out rows are predicted best: what they are missed by,
    squared, is a parabola in that. None where it is hardly bent."""
    times = 1.0
    for step in STEPS:
        low, middle, high = (_missed(view, [term], times * (1.0 + way)) for way in (-step, 0.0, step))
        bend = low - 2.0 * middle + high
        if not 2.0 * middle * step**2 < UNSURE**2 * bend:
            return None
        times *= 1.0 + 0.5 * step * (low - high) / bend
    return times


def _missed(view: View, terms: Sequence[Term], times: float = 1.0) -> float:
    """Mean square that left-out rows of the target without the terms, so many times each, are missed by as a
    function of the other inputs."""
    taken = [term.input for term in terms]
    others = coordinates(np.delete(view.features, taken, axis=1), np.delete(view.logarithmic, taken))
    rest = _rest(view, terms, times)
    return lay(others, centred(rest)).share * float(np.var(rest))


def _rest(view: View, terms: Sequence[Term], times: float = 1.0) -> FloatArray:
    rest: FloatArray = view.target - times * np.sum([term.values for term in terms], axis=0)
    return rest


def _confirmed(view: View, terms: Sequence[Term]) -> Hypothesis | None:
    """The reduction by the inputs of the terms, if rows left out are predicted as well without these."""
    rest = _rest(view, terms)
    spread = float(np.var(rest))
    if spread <= NOTHING * float(np.var(view.target)):
        return None  # a sum of powers
    reduced, known = _missed(view, terms) / spread, view.laid(centred(rest)).share
    if not holds(reduced, known):
        return None
    k = view.features.shape[1]
    x, target = variables(k), Expression.variable(k)
    taken = given = target
    for term in terms:
        size, added = term.written(x), term.factor > 0.0
        taken = taken - size if added else taken + size
        given = given + size if added else given - size
    inputs = {term.input for term in terms}
    change = ChangeOfVariables(tuple(x[j] for j in range(k) if j not in inputs), taken, given)
    defect = max(term.defect for term in terms)
    return Hypothesis(change, KIND, defect, reduced, min(term.price for term in terms), known)
