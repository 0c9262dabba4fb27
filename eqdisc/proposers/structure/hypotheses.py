"""All tests on one problem, and what they suggest in the order it is tried."""

from eqdisc.expr.units import UnitRules
from eqdisc.problem import Problem
from eqdisc.proposers.structure.adding import additions
from eqdisc.proposers.structure.curving import curved_inputs
from eqdisc.proposers.structure.dimensional import UNITS, unit_scalings
from eqdisc.proposers.structure.dropping import CERTAIN, droppings
from eqdisc.proposers.structure.exchanging import exchanges
from eqdisc.proposers.structure.hypothesis import FLOOR, Hypothesis
from eqdisc.proposers.structure.inverting import inversions
from eqdisc.proposers.structure.joining import joinings
from eqdisc.proposers.structure.periodic import periodic_inputs
from eqdisc.proposers.structure.polynomial import CLEAR, polynomial_inputs
from eqdisc.proposers.structure.scaling import scalings
from eqdisc.proposers.structure.separating import IN_LOGARITHMS, has_single_part, separations
from eqdisc.proposers.structure.shifting import shifts
from eqdisc.search.reduction import ChangeOfVariables
from eqdisc.search.view import View

#: A separation comes before a removal of one input that predicts left-out rows so much worse, unless that is
#: exact enough as it is.
FAR_BETTER = 100.0
EXACT_ENOUGH = 1e-4
MOST_JOINT = 3
MOST_INPUTS = 12  # that are looked at together; slopes of so many say little, and the looks take seconds


def hypotheses(problem: Problem, with_dummies: bool = True) -> list[Hypothesis]:
    """What the data suggest: dummies out first, then one input less or sums of parts, whichever predicts
    left-out rows better; where no removal is sure also powers of one input and exchanges.

    with_dummies : whether to look for inputs without influence; once is enough, for later ones show up as
                   inputs that the target is scaled by with exponent 0
    """
    dropped = droppings(problem) if with_dummies else []
    if dropped and dropped[0].defect < CERTAIN:
        return dropped
    rows = View.rows_of(problem.train)
    view = View.on(rows, problem.train)
    if not view.is_enough:
        return dropped
    if view.features.shape[1] == 1:
        return inversions(view)
    if view.features.shape[1] > MOST_INPUTS:
        return dropped
    units = problem.units
    fewer = [*unit_scalings(view, units), *scalings(view), *joinings(view), *shifts(view)]
    fewer = _of_units(fewer, units)
    fewer.sort(key=lambda h: (h.kind != UNITS, h.loses, h.price))
    apart = separations(view, rows)
    if fewer:  # a factor of one input is a scaling already
        apart = [h for h in apart if h.kind != IN_LOGARITHMS or not has_single_part(h)]
    angles = _of_units(periodic_inputs(view, frozenset(problem.operators.names)), units)
    sure = [h for h in fewer if not h.loses]
    powers = polynomial_inputs(view, rows) if not sure else []
    if not powers and all(h.share > CLEAR for h in sure):
        powers = curved_inputs(view, rows, problem)
    first, second = (fewer, apart) if _removal_first(fewer, apart) else (apart, fewer)
    if _powers_first(powers, first, fewer):
        first, powers = powers, first
    joint = _of_units(additions(view), units) if not sure else []
    if joint and joint[0].share < EXACT_ENOUGH and not _as_good(apart, joint[0]):
        dropped = [joint.pop(0), *dropped]
    certain = angles[:1] if angles and angles[0].defect < CERTAIN else []
    angles = angles[len(certain) :]
    return [
        *certain,
        *dropped,
        *joint[:1],
        *first[:1],
        *angles[:1],
        *second[:1],
        *powers[:1],
        *first[1:],
        *second[1:],
        *angles[1:],
        *powers[1:],
        *joint[1:MOST_JOINT],
        *(_of_units(exchanges(view), units) if not sure else []),
        *inversions(view),
    ]


def _of_units(suggested: list[Hypothesis], units: UnitRules | None) -> list[Hypothesis]:
    """Those whose new inputs have units: metres and seconds have no sum, a length has no cosine."""
    if units is None:
        return suggested
    changes = [h.reduction for h in suggested]
    return [
        hypothesis
        for hypothesis, change in zip(suggested, changes, strict=True)
        if not isinstance(change, ChangeOfVariables) or change.smaller_units(units) is not None
    ]


def _powers_first(powers: list[Hypothesis], first: list[Hypothesis], fewer: list[Hypothesis]) -> bool:
    if not powers or not first:
        return bool(powers)
    # They lose nothing: all removals do, or miss far more, as sums of parts may that are none.
    return first is fewer or first[0].share > max(FAR_BETTER * powers[0].share, FLOOR**2)


def _as_good(apart: list[Hypothesis], joint: Hypothesis) -> bool:
    """Whether a sum of parts in the inputs as they are misses little more than one in joint inputs."""
    return bool(apart) and apart[0].share <= max(FAR_BETTER * joint.share, FLOOR)


def _removal_first(fewer: list[Hypothesis], apart: list[Hypothesis]) -> bool:
    if not fewer or not apart:
        return bool(fewer)
    return fewer[0].share < max(EXACT_ENOUGH, FAR_BETTER * apart[0].share)
