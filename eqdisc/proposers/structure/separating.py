"""A function of the target that is a sum of parts without a common input, or a target that is such a product.

The statistic is the share of left-out rows' error of a polynomial without terms that join two parts, against
one with all terms: a true separation lowers it, because fewer terms reach higher degrees.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.expr.expression import Expression
from eqdisc.proposers.structure.hypothesis import FLOOR, MOST_LOST, Hypothesis
from eqdisc.search.reduction import Split
from eqdisc.search.surrogate import HIGHEST, HIGHEST_ALONE, Surrogate, lay
from eqdisc.search.view import View

MOST_PARTITIONS = 12
WORTH = 0.2  # of the target's variance: above, the surrogate says nothing


@dataclass(frozen=True)
class Outer:
    """A function of the target, and the way back from it."""

    name: str
    apply: Callable[[FloatArray], FloatArray]
    undo: Callable[[Expression], Expression]

    def of(self, rows: Dataset) -> "Aim | None":
        """The function of the target; None where it is not finite or constant."""
        with np.errstate(all="ignore"):
            values = self.apply(rows.target)
            size = float(np.std(values))
            sides = [self.apply(rows.target + sign * rows.target_resolution) for sign in (0.5, -0.5)]
            left_open = ((sides[0] - sides[1]) / size) ** 2 / 3.0
        if not np.isfinite(values).all() or not np.isfinite(size) or size == 0.0:
            return None
        known = left_open[np.isfinite(left_open)]  # next to a pole the digits leave everything open
        return Aim(self, values / size, size, float(np.mean(known)) if known.size else 0.0)


@dataclass(frozen=True, eq=False)
class Aim:
    """What is taken apart: (n,) a function of the target in units of its deviation, which is `size`.

    unknown : share of its variance that the digits of the target leave open. Estimates of a function come
              from a polynomial, which another polynomial follows far better than that
    """

    outer: Outer
    values: FloatArray
    size: float
    unknown: float


def _call(name: str) -> Callable[[Expression], Expression]:
    return lambda e: Expression.apply(name, e)


LOGARITHM = Outer("log", np.log, _call("exp"))
OUTER = (
    Outer("plain", lambda y: y, lambda e: e),
    LOGARITHM,
    Outer("inverse", lambda y: 1.0 / y, lambda e: 1.0 / e),
    Outer("square", lambda y: np.where(y > 0.0, y * y, np.nan), _call("sqrt")),
    Outer("root", np.sqrt, _call("square")),
    Outer("inverse square", lambda y: np.where(y > 0.0, y**-2.0, np.nan), lambda e: 1.0 / _call("sqrt")(e)),
    Outer("arcsin", np.arcsin, _call("sin")),
    Outer("tan", np.tan, _call("atan")),
    Outer("exp", lambda y: np.where(y < 100.0, np.exp(y), np.nan), _call("log")),
)


IN_LOGARITHMS = "separation, log"


def has_single_part(hypothesis: Hypothesis) -> bool:
    """Whether a part of a separation reads one input only."""
    split = hypothesis.reduction
    return isinstance(split, Split) and any(len(part) == 1 for part in split.parts)


def separations(view: View, rows: Dataset) -> list[Hypothesis]:
    """Sums of parts, those that predict left-out rows best first.

    rows : the rows of the view
    """
    k = view.features.shape[1]
    if k < 2:
        return []
    found: list[Hypothesis] = []
    for aim in (outer.of(rows) for outer in OUTER):
        if aim is None:
            continue
        whole = view.laid(aim.values)
        if whole.share > WORTH:
            continue
        least = MOST_LOST * max(whole.share, aim.unknown) + FLOOR
        best: tuple[Surrogate, tuple[tuple[int, ...], ...]] | None = None
        for parts in _partitions(whole.joint())[:MOST_PARTITIONS]:
            highest = HIGHEST_ALONE if k == 2 else HIGHEST
            apart = lay(view.coordinates, aim.values, parts, highest)
            if apart.share <= least and (best is None or len(parts) > len(best[1])):
                best = apart, parts
        if best is not None:
            found.append(_hypothesis(view, rows, aim, *best))
    return sorted(found, key=lambda h: h.share)


def _hypothesis(
    view: View, rows: Dataset, aim: Aim, laid: Surrogate, parts: tuple[tuple[int, ...], ...]
) -> Hypothesis:
    size = aim.size
    values = [size * laid.part(view.coordinates, part) for part in parts]
    values[0] = values[0] + size * laid.constant  # the sum has to be the whole where it is undone
    target = Expression.variable(rows.n_features)
    error = size * float(np.sqrt(laid.share)) + 1e-15 * size
    if aim.outer is LOGARITHM:  # the factors: 1/sqrt(1 - x**2) has a short law and its logarithm has none
        split = Split(parts, tuple(np.exp(values)), rows, error, target, factors=True)
    else:
        split = Split(parts, tuple(values), rows, error, aim.outer.undo(target))
    return Hypothesis(split, f"separation, {aim.outer.name}", laid.share, laid.share)


def _partitions(joint: FloatArray) -> list[tuple[tuple[int, ...], ...]]:
    """Parts that hang together by ever weaker joint terms, the finest first."""
    k = joint.shape[0]
    strengths = sorted({float(joint[a, b]) for a in range(k) for b in range(a)})
    seen: list[tuple[tuple[int, ...], ...]] = []
    for least in reversed(strengths):
        parts = _components(joint >= least, k)
        if len(parts) > 1 and parts not in seen:
            seen.append(parts)
    alone = tuple((j,) for j in range(k))
    return [alone, *seen] if alone not in seen else seen


def _components(linked: np.ndarray, k: int) -> tuple[tuple[int, ...], ...]:
    label = list(range(k))
    for a in range(k):
        for b in range(k):
            if linked[a, b] and label[a] != label[b]:
                old, new = max(label[a], label[b]), min(label[a], label[b])
                label = [new if one == old else one for one in label]
    return tuple(tuple(j for j in range(k) if label[j] == one) for one in sorted(set(label)))
