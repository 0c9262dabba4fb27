"""Waves that a table cannot tell apart, told by the slowest of them.

On values x0 + n h of a column, sin(w x) and sin((w + 2 pi k/h) x) differ by a phase at most: sampled evenly,
a wave looks like all its aliases (Shannon 1949). A search that stops at the first exact law may come back
with any of them, such as sin(1640 x) for sin(2 pi x) on steps of 0.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, pi

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import ADD, CONSTANT, COS, DIV, MUL, NEG, SIN, SUB, TAN, VARIABLE
from eqdisc.search.optimum import optimum

PERIODS = {SIN: 2.0 * pi, COS: 2.0 * pi, TAN: pi}
_LINEAR = frozenset((ADD, SUB, MUL, DIV, NEG, CONSTANT, VARIABLE))
#: How far, in steps, a value may be from its place.
TOLERANCE = 1e-6
#: More steps than that between the ends are no even sampling: any numbers of a few digits have a lattice.
MOST_STEPS = 1e7
#: Significant digits of a number that is left as it is.
SHORT = 3
#: Relative to the largest value: a law and its alias are the same if they differ by less on every row.
SAME = 1e-9


@dataclass(frozen=True)
class Lattice:
    """The values start + n * step, with whole n, that those of a column are among."""

    start: float
    step: float


def lattice_of(column: FloatArray) -> Lattice | None:
    """The coarsest lattice of a column's values, whose step is the least gap; None where there is none.

    >>> lattice_of(np.array([0.5, 0.75, 1.5, 1.25, 0.75]))
    Lattice(start=0.5, step=0.25)
    >>> lattice_of(np.array([0.0, 1.0, 2.5]))
    """
    values = np.unique(column)
    if len(values) < 3:
        return None
    width = float(values[-1] - values[0])
    steps = round(width / float(np.min(np.diff(values)))) if np.isfinite(width) else 0
    if not 0 < steps <= MOST_STEPS:
        return None
    step = width / steps
    places = (values - values[0]) / step
    even = np.all(np.abs(places - np.round(places)) <= TOLERANCE)
    return Lattice(float(values[0]), step) if even else None


class Waves:
    """The waves that the rows of a table cannot tell apart.

    >>> from eqdisc.expr.parse import parse
    >>> t = np.arange(-10.0, 11.0) / 10.0
    >>> waves = Waves(Dataset.of(t[:, np.newaxis], np.sin(1.25 * t)))
    >>> print(waves.slowest(parse(f"sin({20.0 * pi + 1.25}*t)", ["t"])))
    sin(1.25*x0)
    """

    def __init__(self, rows: Dataset) -> None:
        self._rows = rows
        self._lattices = tuple(lattice_of(column) for column in rows.features.T)

    def slowest(self, law: Expression) -> Expression:
        """The law with the slowest waves that give the same values on the rows, fitted to them again; itself
        where it has them.

        Only sines, cosines and tangents of sums of columns times numbers are looked at; a number of few
        digits stays.
        """
        if not any(code in PERIODS for code in law.codes) or not any(self._lattices):
            return law
        found = law
        for place in reversed(range(law.size)):  # what is replaced does not move the nodes before it
            if law.codes[place] in PERIODS:
                argument = _slower(law.subtree(place - 1), PERIODS[law.codes[place]], self._lattices)
                if argument is not None:
                    found = found.replace_subtree(place - 1, argument)
        if found is law or not _same(found, law, self._rows.features):
            return law
        return optimum(found, self._rows).expression


def _slower(argument: Expression, period: float, lattices: Sequence[Lattice | None]) -> Expression | None:
    """A sum of columns times numbers with each number as small as the column's lattice lets it be.

    None for anything else, and where they are as small already.
    """
    linear = _coefficients(argument)
    if linear is None:
        return None
    phase, slopes = linear
    changed = False
    for feature, slope in slopes.items():
        lattice = lattices[feature]
        turns = 0 if lattice is None else floor(0.5 + slope * lattice.step / period)
        if lattice is not None and turns and not _is_short(slope):
            slopes[feature] = slope - turns * period / lattice.step
            phase += turns * period * (lattice.start / lattice.step % 1.0)
            changed = True
    if not changed:
        return None
    phase -= period * floor(0.5 + phase / period)
    terms = [c * Expression.variable(j) for j, c in slopes.items() if abs(c) > SAME * abs(period)]
    if not terms:
        return None
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total if abs(phase) < SAME * period else total + phase


def _coefficients(argument: Expression) -> tuple[float, dict[int, float]] | None:
    """The number and the factors of the columns in a sum of such; None for anything else."""
    features = argument.features
    if not features or not _LINEAR.issuperset(argument.codes):
        return None
    width = max(features) + 1
    points = np.vstack([np.zeros(width), np.eye(width), 1.0 + np.arange(width), -2.0 * np.ones(width)])
    with np.errstate(all="ignore"):
        values = evaluate(argument, points)
        slopes = values[1 : width + 1] - values[0]
        expected = values[0] + points @ slopes
    largest = float(np.max(np.abs(slopes)))
    if not np.isfinite([largest, *values, *expected]).all():
        return None
    if not np.allclose(values, expected, rtol=1e-9, atol=1e-9 * largest):
        return None
    return float(values[0]), {j: float(slopes[j]) for j in features}


def _is_short(value: float) -> bool:
    """Whether a number has few digits: sin(5 n) of a whole n is no alias that nobody would write."""
    return abs(value - float(f"{value:.{SHORT}g}")) <= SAME * abs(value)


def _same(one: Expression, other: Expression, features: FloatArray) -> bool:
    with np.errstate(all="ignore"):
        values, others = evaluate(one, features), evaluate(other, features)
    finite = np.abs(others[np.isfinite(others)])
    return bool(
        np.allclose(values, others, rtol=0.0, atol=SAME * np.max(finite, initial=0.0), equal_nan=True)
    )
