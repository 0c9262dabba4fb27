"""Inputs that only count in products of powers, found by the scaling symmetries of the data.

`y = M(x) * h(z1, z2, ...)` with monomials M and z is the same as: y is multiplied by s**q when certain
inputs are multiplied by s**t, that is `sum of t_j x_j dy/dx_j = q y` on every row. Power laws in one input
(t = 1 for that alone) and dependence through a product or ratio are the shortest cases; dimensional analysis
(Buckingham, 1914) is the case where units tell t and q. The statistic is the defect: what the combination of
slopes with the best q leaves, relative to its terms. Candidates are confirmed by the error of left-out rows
with one input less.
"""

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from math import comb

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.proposers.structure.hypothesis import Hypothesis, holds, shares, simplest, variables
from eqdisc.search.reduction import ChangeOfVariables, comfortable, monomial
from eqdisc.search.view import View

LARGEST_DEFECT = 0.1
#: Where so much is missed slopes err (a factor of a wave showed 0.12); larger defects have to pay.
HAZY, LARGEST_IN_HAZE, GAIN = 1e-3, 0.25, 0.05
MOST_TRIED = 8
MOST_INPUTS = 4  # that one symmetry joins
MOST_COMBINATIONS = 130  # of so many inputs: all fours of 8, all threes of 10, all twos of 16
PER_INPUT = 1.25  # a symmetry of more inputs has to agree that much better
RATIOS = tuple(Fraction(r) for r in ("1", "-1", "2", "-2", "1/2", "-1/2", "3", "-3", "1/3", "-1/3"))
FEW_RATIOS = RATIOS[:6]
EXPONENTS = tuple(sorted({Fraction(a, b) for a in range(-12, 13) for b in (1, 2, 3) if abs(a) <= 6 * b}))
ROBUST = 0.9  # of the rows count, those that fit worst are left out: slopes are wild at the edges


@dataclass(frozen=True)
class Symmetry:
    """y is multiplied by s**degree when each of the inputs is multiplied by s**power."""

    inputs: tuple[int, ...]
    powers: tuple[Fraction, ...]
    degree: Fraction


def scalings(view: View) -> list[Hypothesis]:
    """Reductions by one input each, those that predict left-out rows best first."""
    found: list[Hypothesis] = []
    candidates = sorted(_candidates(view), key=lambda pair: pair[0] * PER_INPUT ** len(pair[1].inputs))
    for defect, symmetry in candidates[:MOST_TRIED]:
        made = confirmed(view, symmetry, defect)
        if made is not None and (defect < LARGEST_DEFECT or made.share < GAIN * made.known):
            found.append(made)
    return sorted(found, key=lambda h: h.price)


def _candidates(view: View) -> list[tuple[float, Symmetry]]:
    terms = view.slopes * view.features
    usable = np.isfinite(terms).all(axis=0) & (np.min(np.abs(view.features), axis=0) > 0.0)
    level = view.level
    largest = LARGEST_IN_HAZE if view.surrogate.share > HAZY else LARGEST_DEFECT
    sizes = np.sqrt(np.mean(terms**2, axis=0))
    present = [int(j) for j in np.flatnonzero(usable & (sizes > 1e-9 * np.max(sizes, initial=0.0)))]
    candidates: list[tuple[float, Symmetry]] = []
    for count in range(1, min(MOST_INPUTS, len(present)) + 1):
        if comb(len(present), count) > MOST_COMBINATIONS:
            break
        ratios = RATIOS if count == 2 else FEW_RATIOS if count == 3 else FEW_RATIOS[:2]
        for inputs in combinations(present, count):
            best: tuple[float, Symmetry] | None = None
            for rest in product(ratios, repeat=count - 1):
                powers = (Fraction(1), *rest)
                made = _defect(terms, sizes, level, inputs, powers)
                if best is None or made[0] < best[0]:
                    best = (made[0], Symmetry(inputs, powers, made[1]))
            if best is not None and best[0] < largest:
                candidates.append(best)
    return candidates


def _defect(
    terms: FloatArray,
    sizes: FloatArray,
    level: FloatArray,
    inputs: tuple[int, ...],
    powers: tuple[Fraction, ...],
) -> tuple[float, Fraction]:
    """What a symmetry leaves of the slopes, and the degree it holds with."""
    weights = np.array([float(p) for p in powers])
    chosen = list(inputs)
    total = terms[:, chosen] @ weights
    scale = float(np.abs(weights) @ sizes[chosen])
    degree = simplest(float(total @ level) / float(level @ level), EXPONENTS)
    left = np.sort((total - float(degree) * level) ** 2)
    kept = left[: max(1, int(ROBUST * left.size))]
    return float(np.sqrt(np.mean(kept))) / (scale or 1.0), degree


def confirmed(view: View, symmetry: Symmetry, defect: float, kind: str = "scaling") -> Hypothesis | None:
    """The reduction by a symmetry, if fewer inputs predict left-out rows as well as all."""
    change = scaling_reduction(view.features, view.changing, symmetry)
    if change is None:
        return None
    reduction, inputs, factor = change
    if inputs.shape[1] == 0:
        return None
    reduced, known = shares(view, inputs, factor)
    if not holds(reduced, known):
        return None
    sizes = sum((abs(p) for p in symmetry.powers), Fraction(0)) + abs(symmetry.degree) / 2
    broken = sum(p.denominator > 1 for p in (*symmetry.powers, symmetry.degree))
    price = len(symmetry.inputs) + 0.2 * float(sizes) + broken
    return Hypothesis(reduction, kind, defect, reduced, price, known)


def scaling_reduction(
    features: FloatArray, changing: BoolArray, symmetry: Symmetry
) -> tuple[ChangeOfVariables, FloatArray, FloatArray] | None:
    """One input less: the pivot divides the others to their powers and the target to its degree.

    features : (n, k) some rows
    changing : (k,) which inputs change their sign somewhere
    Also (n, k - 1) the inputs that are left and (n,) the factor taken out of the target. None where signs do
    not allow it.
    """
    k = features.shape[1]
    pivot = _pivot(changing, symmetry)
    if pivot is None:
        return None
    x, target = variables(k), Expression.variable(k)
    power = dict(zip(symmetry.inputs, symmetry.powers, strict=True))
    left: list[Expression] = []
    columns: list[FloatArray] = []
    with np.errstate(all="ignore"):
        for j in range(k):
            if j == pivot:
                continue
            exponent = -power.get(j, Fraction(0)) / power[pivot]
            values = features[:, j] * _raised(features[:, pivot], exponent)
            made = x[j] if exponent == 0 else monomial([(x[j], Fraction(1)), (x[pivot], exponent)])
            left.append(made if exponent == 0 or not np.isfinite(values).all() else comfortable(made, values))
            columns.append(values)
        degree = symmetry.degree / power[pivot]
        factor = _raised(features[:, pivot], degree)
    inputs = np.column_stack(columns) if columns else np.zeros((features.shape[0], 0))
    if degree == 0:
        return ChangeOfVariables(tuple(left), target, target), inputs, factor
    taken = monomial([(target, Fraction(1)), (x[pivot], -degree)])
    given = monomial([(target, Fraction(1)), (x[pivot], degree)])
    return ChangeOfVariables(tuple(left), taken, given), inputs, factor


def _pivot(changing: BoolArray, symmetry: Symmetry) -> int | None:
    """The input to divide by: one that leaves whole exponents, and few changes of others."""

    def price(place: int) -> tuple[float, int]:
        exponents = [p / symmetry.powers[place] for p in symmetry.powers]
        degree = symmetry.degree / symmetry.powers[place]
        broken = sum(e.denominator > 1 for e in exponents) + (degree.denominator > 1)
        size = 0.1 * float(sum(abs(e) for e in exponents))
        if changing[symmetry.inputs[place]]:  # it may be zero nearly
            return (np.inf if broken else 1.0 + size, place)
        return (broken + size, place)

    best = min(price(place) for place in range(len(symmetry.inputs)))
    return None if best[0] == np.inf else symmetry.inputs[best[1]]


def _raised(column: FloatArray, exponent: Fraction) -> FloatArray:
    if exponent.denominator == 1:
        return column ** float(exponent)
    return np.power(column, float(exponent))
