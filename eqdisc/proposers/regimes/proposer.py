"""Regimes: a table that no smooth law explains, taken apart into laws and boundaries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.expr.simplify import simplify
from eqdisc.problem import Problem
from eqdisc.proposers.regimes.breaks import Breaks, breaks
from eqdisc.proposers.regimes.coordinates import is_grid
from eqdisc.proposers.regimes.helping import helpful, with_column
from eqdisc.proposers.regimes.solver import Solver
from eqdisc.proposers.regimes.splitting import Splitting
from eqdisc.proposers.regimes.steps import remainder_laws, stepped_laws
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.rounding import is_exact
from eqdisc.search.optimum import optimum
from eqdisc.search.proposer import INTERPRETED, Proposals, Proposer, State
from eqdisc.search.reduction import recombined, substituted
from eqdisc.search.sample import sample

#: One of them has to be allowed. Kinks alone (abs, min, max) are left to the other strategies, which find
#: them without the second or more that a look at a table takes.
WRITTEN_WITH = ("where", "floor", "mod")
MOST_INPUTS = 6  # neighbourhoods of more are as wide as the table
LEAST_ROWS = 40
LOOK_WORK = 60  # node evaluations a row that looking for breaks amounts to
SPLIT_WORK = 4000  # and looking for groups; measured, a second of a core for 1500 rows
LEVELS = 0.1  # values that a target may have, as a share of the rows, to count as stepped


@dataclass(frozen=True)
class Regimes:
    """Find the groups of rows that follow laws of their own, the laws, and the boundaries between them.

    inner     : strategies that solve a group of rows, each asked once, the quick one first
    thorough  : strategies for groups that these do not solve, asked epoch by epoch
    max_rows  : rows that groups are looked for on
    regimes   : laws at most
    seeds     : neighbourhoods that groups are grown from, a round
    helpers   : coordinates with kinks or steps that the inner strategies are given
    epochs    : of the thorough strategies, in all

    Exhausted at once where the operators cannot write a law with pieces, or where the table shows no break.

    >>> Regimes().name
    'regimes'
    """

    inner: tuple[Proposer, ...] = ()
    thorough: tuple[Proposer, ...] = ()
    max_rows: int = 1500
    regimes: int = 4
    seeds: int = 16
    helpers: int = 2
    epochs: int = 12
    name: str = "regimes"

    def start(self, problem: Problem, seed: np.random.SeedSequence, threads: int) -> "RegimesSession":
        """A session that looks for breaks in its first epoch; the seed draws neighbourhoods."""
        return RegimesSession(self, problem, seed, threads)


class RegimesSession:
    """One run of `Regimes`: its future is told by the number of epochs it has had."""

    def __init__(
        self, settings: Regimes, problem: Problem, seed: np.random.SeedSequence, threads: int
    ) -> None:
        self._settings, self._problem = settings, problem
        self._entropy = seed.generate_state(4).tolist()
        self._solver = Solver(settings.inner, settings.thorough, self._entropy, threads)
        self._work = self._steps = 0
        self._walk: Iterator[list[Expression]] = self._epochs()
        self._exhausted = False

    def prepare(self) -> float:
        """Nothing to compile here: the strategies inside compile when they are asked."""
        return 0.0

    def observe(self, front: Sequence[Candidate], elites: Sequence[Candidate] = ()) -> None:
        """What others find does not change where the table breaks."""

    def propose(self) -> Proposals:
        """The laws of the next epoch: steps and remainders, helping coordinates, groups and boundaries, then
        groups that take their time."""
        self._work = 0
        self._steps += 1
        laws = next(self._walk, None)
        self._exhausted = self._exhausted or laws is None
        fitted: dict[Expression, None] = {}
        for law in laws or []:
            self._work += INTERPRETED * law.size * self._problem.train.n_rows
            fit = optimum(law, self._problem.train)
            if self._problem.admits(fit.expression) and np.isfinite(fit.mean_square):
                fitted[fit.expression] = None
        evaluations, inside, seconds = self._solver.spent()
        return Proposals(
            tuple(fitted),
            evaluations + len(fitted),
            self._work + inside,
            self._exhausted,
            compile_seconds=seconds,
        )

    def state(self) -> State:
        """How many epochs there were: all else follows from the problem and the seed."""
        return {"steps": self._steps}

    def restore(self, state: State) -> None:
        """Go through as many epochs again."""
        while self._steps < int(state["steps"]):
            self.propose()

    def _epochs(self) -> Iterator[list[Expression]]:
        """The laws of each epoch; ends where nothing is left to do."""
        train, operators = self._problem.train, self._problem.operators
        able = any(word in operators for word in WRITTEN_WITH)
        if not able or train.n_features > MOST_INPUTS or train.n_rows < LEAST_ROWS:
            return
        rows = sample(train, self._settings.max_rows)
        self._work += INTERPRETED * LOOK_WORK * rows.n_rows
        seen = breaks(rows.features, rows.target)
        if not (seen.broken or is_grid(rows.features) or _is_stepped(rows.target)):
            return
        laws = [*stepped_laws(rows.features, rows.target, operators)]
        laws += remainder_laws(rows.features, rows.target, operators)
        yield laws
        if self._is_solved(laws):
            return
        laws = self._helped(rows.features, rows.target)
        yield laws
        if self._is_solved(laws):
            return
        yield from self._split(seen)

    def _helped(self, features: FloatArray, target: FloatArray) -> list[Expression]:
        """Laws over the features and one coordinate with a kink or a step."""
        settings, problem = self._settings, self._problem
        found: list[Expression] = []
        if not settings.inner:
            return found
        self._work += INTERPRETED * LOOK_WORK * target.size
        for u in helpful(features, target, problem.operators, settings.helpers):
            change = with_column(u, problem.train.n_features)
            for smaller in change.problems(problem):
                laws = self._solver.quick(smaller)
                laws = [*_by_value(laws, smaller), *laws]
                found += [fit.expression for fit in recombined(change, problem, [laws])]
            if self._is_solved(found):
                break
        return found

    def _split(self, seen: Breaks) -> Iterator[list[Expression]]:
        """Laws made of several: what the quick strategies know of the groups, then the thorough ones."""
        settings, problem = self._settings, self._problem
        rows = sample(problem.train, settings.max_rows)
        random = np.random.default_rng(self._entropy)
        self._work += INTERPRETED * SPLIT_WORK * rows.n_rows
        split = Splitting(problem, rows, self._solver, settings.regimes)
        split.quickly(seen.pieces, settings.seeds, random)
        laws = split.laws()
        yield laws
        for _ in range(settings.epochs if settings.thorough else 0):
            if self._is_solved(laws) or not split.unsolved:
                return
            laws = split.laws() if split.thoroughly() else []
            yield laws

    def _is_solved(self, laws: Sequence[Expression]) -> bool:
        return any(is_exact(law, self._problem.train) for law in laws)


def _by_value(laws: Sequence[Expression], smaller: Problem) -> list[Expression]:
    """Laws in which the last input is a switch, as one law for each of its values, where that is shorter."""
    values = np.unique(smaller.train.features[:, -1])
    if values.size != 2 or values[0] != 0.0 or "where" not in smaller.operators:
        return []
    x = [Expression.variable(j) for j in range(smaller.train.n_features)]
    made = []
    for law in laws:
        on, off = (substituted(law, [*x[:-1], Expression.constant(float(value))]) for value in values[::-1])
        switched = Expression.apply("where", x[-1], simplify(on), simplify(off))
        made += [switched] if switched.size < law.size else []
    return made


def _is_stepped(target: FloatArray) -> bool:
    return bool(np.unique(target).size <= LEVELS * target.size)
