"""A table taken apart into groups of rows with laws of their own, and put together again."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from eqdisc._typing import BoolArray, FloatArray, IntArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.problem import Problem
from eqdisc.proposers.regimes.composing import folded, nested
from eqdisc.proposers.regimes.consensus import Consensus, largest_consensus
from eqdisc.proposers.regimes.coordinates import is_grid, remainders
from eqdisc.proposers.regimes.libraries import libraries, sparse_law
from eqdisc.proposers.regimes.solver import Solver, ranked
from eqdisc.scoring.rounding import WORST_FACTOR, is_exact, row_floors
from eqdisc.search.optimum import optimum
from eqdisc.search.proposer import Session

NOT_SMOOTH = frozenset({"where", "min", "max", "abs", "floor", "mod", "sign"})
LEAST_SHARE, LEAST_ROWS = 0.04, 20  # of a group
DEVIATIONS = 4.0
SHARED = 0.35  # correlation of neighbouring residuals; of noise it is 0
LARGEST = 0.3  # standard deviation of a law on its rows, in those of the target
SOLVED = 0.5  # of a group that follows a law found for another
SHORT = 24  # nodes; an exact law no longer is not asked for again
MOST_STARTS = 40
TOLERATED = 0.003  # of the rows beyond a boundary learned from noisy rows


@dataclass(frozen=True)
class Regime:
    """A law that holds on some rows.

    spread : its standard deviation there; 0.0 where it is exact
    """

    law: Expression
    spread: float

    def met(self, table: Dataset) -> BoolArray:
        """(n,) which rows follow the law, as far as noise or rounding lets one tell."""
        with np.errstate(all="ignore"):
            rest = np.abs(table.target - evaluate(self.law, table.features))
        allowed = np.full(table.n_rows, DEVIATIONS * self.spread)
        if self.spread == 0.0:
            allowed = WORST_FACTOR * np.nan_to_num(row_floors(self.law, table), posinf=0.0)
        return np.isfinite(rest) & (rest <= allowed)


@dataclass(eq=False)
class Open:
    """A group of rows without a convincing law, the nearest there is, and the strategies at work on it."""

    problem: Problem
    nearest: Regime | None = None
    sessions: list[Session] | None = None


class Splitting:
    """The groups found so far, and what is left.

    rows     : of the table, that groups are looked for on
    unsolved : groups of rows that the quick strategies did not solve
    """

    def __init__(self, problem: Problem, rows: Dataset, solver: Solver, most: int) -> None:
        self._problem, self._rows, self._solver, self._most = problem, rows, solver, most
        kept = [row for row in problem.operators.operators if row.name not in NOT_SMOOTH]
        self._smooth = OperatorSet(tuple(kept), (), problem.operators.weights)
        self._regimes: list[Regime] = []
        self._free: BoolArray = np.ones(rows.n_rows, dtype=bool)
        self.unsolved: list[Open] = []
        self._turn = 0

    def quickly(self, pieces: Sequence[IntArray], seeds: int, random: np.random.Generator) -> None:
        """Groups with laws from small libraries, then what the quick strategies know of the pieces left."""
        rows = self._rows
        terms = list(libraries(rows.n_features, self._smooth))
        starts = [*pieces, *self._classes()][:MOST_STARTS]
        while len(self._regimes) < self._most and self._is_left():
            places = np.flatnonzero(self._free)
            drawn = random.choice(places, min(seeds, places.size), replace=False)
            found = largest_consensus(terms, rows.features, rows.target, self._free, starts, drawn)
            if found is None or np.sum(found.rows) < self._least() or not self._take(found):
                break
        for piece in pieces:
            group = piece[self._free[piece]]
            if group.size >= max(self._least(), 0.5 * piece.size) and len(self._regimes) < self._most:
                self._solve(group)
        if self._is_left() and not self.unsolved:
            self._solve(np.flatnonzero(self._free))

    def thoroughly(self) -> bool:
        """One epoch of one thorough strategy on one group; whether a group was solved."""
        group = self.unsolved[self._turn % len(self.unsolved)]
        self._turn += 1
        if group.sessions is None:
            group.sessions = self._solver.sessions(group.problem)
        session = group.sessions.pop(0)
        proposals = self._solver.asked(session)
        if not proposals.exhausted:
            group.sessions.append(session)
        laws = ranked(proposals.expressions, group.problem)
        if laws and self._accept(laws[0], group.problem):
            met = self._regimes[-1].met
            self.unsolved = [each for each in self.unsolved if np.mean(met(each.problem.train)) < SOLVED]
            return True
        if not group.sessions:
            self.unsolved.remove(group)
        return False

    def laws(self) -> list[Expression]:
        """The groups put together, on all training rows; those not solved by the laws nearest to them."""
        table, operators = self._problem.train, self._problem.operators
        regimes = [*self._regimes, *(group.nearest for group in self.unsolved if group.nearest is not None)]
        laws = [regime.law for regime in regimes]
        if not laws:
            return []
        meets = np.stack([regime.met(table) for regime in regimes], axis=1)
        used = [j for j in range(len(laws)) if np.sum(meets[:, j]) >= 3]
        laws, meets = [laws[j] for j in used], meets[:, used]
        if len(laws) < 2:
            return laws
        made = list(folded(laws, table.features, meets, operators))
        exact = all(regime.spread == 0.0 for regime in regimes) and meets.any(axis=1).all()
        tolerated = 0 if exact else max(1, int(TOLERATED * table.n_rows))
        if "where" in operators:
            law = nested(laws, table.features, meets, operators, tolerated)
            made += [] if law is None else [law]
        return made

    def _take(self, found: Consensus) -> bool:
        """The law of a group that agrees on a combination of terms; whether it holds beyond doubt."""
        group = self._group(np.flatnonzero(found.rows))
        train = group.train
        law = sparse_law(found.terms, train.features, train.target)
        laws = [] if law is None else [law]
        if law is None or law.size > SHORT or not is_exact(law, train):
            laws += self._solver.quick(group)
        return bool(laws) and self._accept(ranked(laws, group)[0], group)

    def _solve(self, rows: IntArray) -> None:
        """The law of a piece of the table by the quick strategies; without one, the thorough ones may try."""
        group = self._group(rows)
        laws = self._solver.quick(group)
        if laws and self._accept(laws[0], group):
            return
        fit = None if not laws else optimum(laws[0], group.train)
        nearest = None if fit is None else Regime(fit.expression, float(np.sqrt(fit.mean_square)))
        self.unsolved.append(Open(group, nearest))

    def _accept(self, law: Expression, group: Problem) -> bool:
        """Keep a law that misses its group by rounding or by noise: by what neighbours do not share."""
        if len(self._regimes) >= self._most:
            return False
        fit = optimum(law, group.train)
        if is_exact(fit.expression, group.train):
            return self._add(Regime(fit.expression, 0.0))
        spread = float(np.sqrt(fit.mean_square))
        rest = group.train.target - evaluate(fit.expression, group.train.features)
        if not spread < LARGEST * float(np.std(self._rows.target)) or _shared(group.train, rest) > SHARED:
            return False
        return self._add(Regime(fit.expression, spread))

    def _add(self, regime: Regime) -> bool:
        """Keep a law that explains rows which none did."""
        met = regime.met(self._rows)
        fresh = met & self._free
        if np.sum(fresh) < self._least():
            return False
        self._regimes.append(regime)
        self._free = self._free & ~met
        return True

    def _group(self, rows: IntArray) -> Problem:
        table = self._rows.take(rows)
        problem = self._problem
        return Problem(table, table, None, self._smooth, problem.max_size, units=problem.units)

    def _classes(self) -> list[IntArray]:
        """Rows with the same remainder, of tables of whole numbers."""
        features = self._rows.features
        if "mod" not in self._problem.operators or not is_grid(features):
            return []
        made: list[IntArray] = []
        for u in remainders(features, self._problem.operators):
            values: FloatArray = evaluate(u, features)
            made += [np.flatnonzero(values == value) for value in np.unique(values)]
        return sorted(made, key=lambda rows: -rows.size)

    def _least(self) -> float:
        return max(LEAST_ROWS, LEAST_SHARE * self._rows.n_rows)

    def _is_left(self) -> bool:
        return bool(np.sum(self._free) >= max(LEAST_ROWS, 0.02 * self._free.size))


def _shared(table: Dataset, rest: FloatArray) -> float:
    """Correlation of what neighbouring rows are missed by: what a law lacks is shared, noise is not."""
    scale = np.std(table.features, axis=0)
    places = table.features / np.where(scale > 0.0, scale, 1.0)
    near = np.asarray(KDTree(places).query(places, 2)[1])[:, 1]
    size = float(np.sum(rest * rest))
    return float(np.sum(rest * rest[near])) / size if size > 0.0 else 0.0
