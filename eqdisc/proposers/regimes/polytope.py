"""Coefficients that keep inequalities, as simple as they can be: linear programs."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from eqdisc._typing import BoolArray, FloatArray, IntArray
from eqdisc.proposers.regimes.numbers import simplest

FEASIBLE = 1e-9
LARGEST = 1e6  # of a coefficient whose range is asked for
CRITICAL = 160  # inequalities nearest to equality that ranges are told from
INWARD = 1e-7  # of the range; its ends are as exact as a linear program is


@dataclass(frozen=True, eq=False)
class Inequalities:
    """rows @ coefficients >= bounds.

    rows : (m, p); bounds : (m,)
    """

    rows: FloatArray
    bounds: FloatArray

    def take(self, rows: IntArray) -> "Inequalities":
        """Some of them."""
        return Inequalities(self.rows[rows], self.bounds[rows])

    def inner(self, active: BoolArray, limit: float) -> tuple[FloatArray, float] | None:
        """Coefficients (p,) of size at most `limit` with the largest smallest slack, and that slack; those
        not active are zero. None where the inequalities contradict each other."""
        columns = self.rows[:, active]
        design = np.hstack([-columns, np.ones((len(columns), 1))])
        cost = np.zeros(columns.shape[1] + 1)
        cost[-1] = -1.0
        limits = [(-limit, limit)] * columns.shape[1] + [(None, 1.0)]
        found = linprog(cost, A_ub=design, b_ub=-self.bounds, bounds=limits, method="highs")
        if found.x is None or found.x[-1] <= FEASIBLE:
            return None
        coefficients = np.zeros(active.size)
        coefficients[active] = found.x[:-1]
        return coefficients, float(found.x[-1])

    def near(self, coefficients: FloatArray) -> "Inequalities":
        """Those closest to equality."""
        slack = self.rows @ coefficients - self.bounds
        return self.take(np.argsort(slack, kind="stable")[:CRITICAL])

    def spans(self, place: int, fixed: FloatArray) -> tuple[float, float] | None:
        """The range of one coefficient where those not NaN in `fixed` (p,) have their values."""
        free = np.isnan(fixed)
        known = self.rows[:, ~free] @ fixed[~free]
        cost = np.zeros(int(np.sum(free)))
        cost[int(np.sum(free[:place]))] = 1.0
        ends = []
        for sign in (1.0, -1.0):
            found = linprog(
                sign * cost,
                A_ub=-self.rows[:, free],
                b_ub=known - self.bounds,
                bounds=(-LARGEST, LARGEST),
                method="highs",
            )
            if found.x is None or found.fun is None:
                return None
            ends.append(sign * float(found.fun))
        low, high = ends
        inward = INWARD * (high - low)
        return (low + inward, high - inward) if low < high else None

    def rounded(self, fixed: FloatArray) -> tuple[FloatArray, float] | None:
        """The simplest coefficients (p,), one after the other, and their price in digits; None where one has
        no range."""
        fixed, price = fixed.copy(), 0.0
        while np.isnan(fixed).any():
            told: list[tuple[float, float, int, float]] = []
            for place in np.flatnonzero(np.isnan(fixed)).tolist():
                span = self.spans(place, fixed)
                if span is None:
                    return None
                value, cost = simplest(*span)
                tightness = (span[1] - span[0]) / max(abs(span[0]), abs(span[1]), 1e-12)
                told.append((cost, tightness, place, value))
            # Whole numbers first: what a tenth looks like is told better by what then follows from them.
            cost, _, place, value = min(told)
            fixed[place] = value
            price += cost
        return fixed, price
