"""Two inputs that count only as their sum, difference, or sum or difference of squares.

`y = h(u(a) + s u(b), ...)` is the same as `dy/da / u'(a) = s dy/db / u'(b)` on every row; with u(x) = x for
sums and differences, u(x) = x**2 for those of squares, and products and ratios left to the scaling test. The
statistic is the defect of that equation relative to its terms.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.proposers.structure.hypothesis import Hypothesis, holds, shares, variables
from eqdisc.search.reduction import ChangeOfVariables
from eqdisc.search.view import View

LARGEST_DEFECT = 0.15
MOST_TRIED = 6
BLIND = 0.03  # share above which slopes say little and all pairs are tried
ROBUST = 0.9


@dataclass(frozen=True)
class Joint:
    """A function u of each of two inputs, by value, slope and expression."""

    name: str
    value: Callable[[FloatArray], FloatArray]
    slope: Callable[[FloatArray], FloatArray]
    write: Callable[[Expression], Expression]


JOINTS = (
    Joint("plain", lambda x: x, np.ones_like, lambda e: e),
    Joint("squared", lambda x: x * x, lambda x: 2.0 * x, lambda e: Expression.apply("square", e)),
    Joint("inverse", lambda x: 1.0 / x, lambda x: -1.0 / (x * x), lambda e: 1.0 / e),
)


def joinings(view: View) -> list[Hypothesis]:
    """Reductions by one input each, those that predict left-out rows best first."""
    candidates: list[tuple[float, Joint, int, int, float]] = []
    blind = view.surrogate.share > BLIND
    with np.errstate(all="ignore"):
        for joint in JOINTS:
            terms = view.slopes / joint.slope(view.features)
            for a, b in combinations(range(terms.shape[1]), 2):
                for sign in (1.0, -1.0):
                    defect = _defect(terms[:, a], sign * terms[:, b])
                    if defect < LARGEST_DEFECT or (blind and joint.name == "plain"):
                        candidates.append((defect, joint, a, b, sign))
    found: list[Hypothesis] = []
    most = MOST_TRIED * (2 if blind else 1)
    for defect, joint, a, b, sign in sorted(candidates, key=lambda c: c[0])[:most]:
        confirmed = _confirmed(view, joint, a, b, sign, defect)
        if confirmed is not None:
            found.append(confirmed)
    return sorted(found, key=lambda h: h.share)


def _defect(first: FloatArray, second: FloatArray) -> float:
    """What two slopes differ by, relative to their size, where they agree best."""
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return np.inf
    size = np.abs(first) + np.abs(second)
    order = np.argsort(np.abs(first - second), kind="stable")[: int(ROBUST * size.size)]
    scale = float(np.sqrt(np.mean(size[order] ** 2)))
    return float(np.sqrt(np.mean((first - second)[order] ** 2))) / scale if scale > 0.0 else np.inf


def _confirmed(view: View, joint: Joint, a: int, b: int, sign: float, defect: float) -> Hypothesis | None:
    k = view.features.shape[1]
    x = variables(k)
    with np.errstate(all="ignore"):
        values = joint.value(view.features[:, a]) + sign * joint.value(view.features[:, b])
    join = joint.write(x[a]) + joint.write(x[b]) if sign > 0 else joint.write(x[a]) - joint.write(x[b])
    rest = [j for j in range(k) if j not in (a, b)]
    inputs = np.column_stack([values, view.features[:, rest]])
    reduced, known = shares(view, inputs, None)
    if not holds(reduced, known):
        return None
    target = Expression.variable(k)
    change = ChangeOfVariables((join, *(x[j] for j in rest)), target, target)
    return Hypothesis(
        change, f"joining, {joint.name}", defect, reduced, 2.0 + 0.4 * (joint.name != "plain"), known
    )
