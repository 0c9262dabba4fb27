"""Dimensional analysis: units tell scaling symmetries, the data whether they hold.

A law does not care about the size of the metre: multiplying every length by s multiplies the target by a
power of s. Each base unit is thus a scaling symmetry, and taking all of them out leaves the dimensionless
groups of Buckingham (1914). It fails where a constant of nature with a unit is hidden in the law, which only
the data can tell: the error of left-out rows confirms each symmetry as in `scaling`.
"""

from collections.abc import Sequence
from fractions import Fraction

from eqdisc.expr.units import UnitRules
from eqdisc.proposers.structure.hypothesis import BLIND, Hypothesis
from eqdisc.proposers.structure.scaling import Symmetry, confirmed, scaling_reduction
from eqdisc.search.view import View

UNITS = "units"
UNKNOWN = 0.04  # share that a reduction is said to miss where the data cannot tell: less than what is trusted


def unit_scalings(view: View, units: UnitRules | None) -> list[Hypothesis]:
    """Reductions by one input each that the units call for and the data confirm."""
    if units is None or units.target is None or any(unit is None for unit in units.features):
        return []
    found: list[Hypothesis] = []
    for symmetry in symmetries(units):
        made = confirmed(view, symmetry, 0.0, UNITS) or _unconfirmed(view, symmetry)
        if made is not None:
            found.append(made)
    return sorted(found, key=lambda h: h.price)


def _unconfirmed(view: View, symmetry: Symmetry) -> Hypothesis | None:
    """The reduction on the word of the units alone, where the data say nothing either way."""
    if view.surrogate.share <= BLIND:
        return None
    change = scaling_reduction(view.features, view.changing, symmetry)
    if change is None or change[1].shape[1] == 0:
        return None
    return Hypothesis(change[0], UNITS, 0.0, UNKNOWN, len(symmetry.inputs) + 1.0)


def symmetries(units: UnitRules) -> list[Symmetry]:
    """One for each independent base unit: reduced so that each reads few inputs.

    >>> from eqdisc.expr.units import Dimension
    >>> metre, second = Dimension.of(m=1), Dimension.of(s=1)
    >>> [(s.inputs, s.degree) for s in symmetries(UnitRules((metre, second, metre / second), metre))]
    [((0, 2), Fraction(1, 1)), ((1, 2), Fraction(0, 1))]
    """
    known = [*units.features, units.target]
    rows = [list(row) for row in zip(*(unit.exponents for unit in known if unit is not None), strict=True)]
    made: list[Symmetry] = []
    for row in _reduced(rows, len(units.features)):
        inputs = tuple(j for j, power in enumerate(row[:-1]) if power)
        if inputs:
            made.append(Symmetry(inputs, tuple(row[j] for j in inputs), row[-1]))
    return made


def _reduced(rows: Sequence[Sequence[Fraction]], columns: int) -> list[list[Fraction]]:
    """Rows in reduced echelon form: exact elimination."""
    left = [list(row) for row in rows]
    done: list[list[Fraction]] = []
    for j in range(columns):
        pivot = next((row for row in left if row[j]), None)
        if pivot is None:
            continue
        left.remove(pivot)
        scaled = [value / pivot[j] for value in pivot]
        left = [[a - row[j] * b for a, b in zip(row, scaled, strict=True)] for row in left]
        done = [[a - row[j] * b for a, b in zip(row, scaled, strict=True)] for row in done]
        done.append(scaled)
    return done
