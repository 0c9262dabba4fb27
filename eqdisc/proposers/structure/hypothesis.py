"""A reduction and what speaks for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.search.reduction import Reduction
from eqdisc.search.surrogate import lay
from eqdisc.search.view import View, centred, coordinates, logarithmic_columns

#: The error of left-out rows may grow by this factor when inputs are reduced: a true reduction lowers it.
MOST_LOST = 1.25
BLIND, BETTER = 0.2, 0.5  # where so much is missed, a reduction has to bring it down to this share
SLIGHTLY = 1.05
#: Simple numbers that a fitted one may stand for.
WEIGHTS = tuple(Fraction(a, b) for a in range(1, 10) for b in (1, 2, 3, 4, 5, 10))
FLOOR = 1e-9  # a share below is followed well enough, whatever the fuller polynomial reaches


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """What a test suggests.

    reduction : what to do
    kind      : the name of the test
    defect    : the statistic of the test, 0.0 for perfect agreement
    share     : of the variance that left-out rows are missed by after the reduction
    price     : how involved the change of variables is: inputs changed, sizes of exponents
    known     : the share that all inputs miss the same target by
    """

    reduction: Reduction
    kind: str
    defect: float
    share: float
    price: float = 0.0
    known: float = 1.0

    @property
    def loses(self) -> bool:
        """Whether a little is lost: by a true reduction nothing is, even under noise."""
        return self.share > SLIGHTLY * self.known + FLOOR


def shares(view: View, inputs: FloatArray, factor: FloatArray | None) -> tuple[float, float]:
    """The share missed of the given inputs and of all inputs: PRESS of the same target in both coordinates.

    inputs : (n, m) the reduced inputs
    factor : (n,) that the target is divided by; None for none
    inf, 1.0 where a value is not finite
    """
    if not np.isfinite(inputs).all():
        return np.inf, 1.0
    with np.errstate(all="ignore"):
        target = view.target if factor is None else view.target / factor
        aim = np.log(np.abs(target)) if view.in_logarithms else centred(target)
    if not np.isfinite([*target, *aim]).all():
        return np.inf, 1.0
    spread = float(np.std(aim))
    if spread < 1e-9:
        return 0.0, 0.0  # a power law: nothing is left
    logarithmic = logarithmic_columns(inputs)
    reduced = lay(coordinates(inputs, logarithmic), aim).share
    known = view.surrogate.share
    if factor is not None:
        if view.in_logarithms:  # the same absolute error
            known = known * (float(np.std(view.aim)) / spread) ** 2
        else:
            known = lay(view.coordinates, aim).share
    if not holds(reduced, known) and logarithmic.any():  # a ratio may lie evenly in neither
        reduced = min(reduced, lay(coordinates(inputs, np.zeros_like(logarithmic)), aim).share)
    return reduced, known


def holds(reduced: float, known: float) -> bool:
    """Whether fewer inputs predict left-out rows about as well as all; where these say little, better."""
    if known > BLIND:
        return reduced < BETTER * known
    return reduced <= MOST_LOST * known + FLOOR


def simplest(value: float, choices: Sequence[Fraction]) -> Fraction:
    """The choice next to a value."""
    return min(choices, key=lambda choice: abs(float(choice) - value))


def variables(count: int) -> list[Expression]:
    """Expressions for so many inputs."""
    return [Expression.variable(j) for j in range(count)]
