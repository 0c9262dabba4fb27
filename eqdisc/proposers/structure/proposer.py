"""Structure: reductions that the data suggest, handed on to other strategies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from eqdisc.expr.expression import Expression
from eqdisc.problem import Problem
from eqdisc.proposers.structure.hypotheses import hypotheses
from eqdisc.proposers.structure.hypothesis import Hypothesis
from eqdisc.proposers.structure.inverting import KIND as INVERSE
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.description import describe
from eqdisc.scoring.rounding import is_exact
from eqdisc.search.optimum import optimum
from eqdisc.search.proposer import INTERPRETED, Proposals, Proposer, State
from eqdisc.search.reduction import recombined
from eqdisc.search.sample import sample

JUDGED_ROWS = 1000
SMALL = 1  # inputs of a problem that is solved before it is looked at
SURROGATE_WORK = 40  # node evaluations a row that one look at a problem amounts to, times its inputs squared


@dataclass(frozen=True)
class Structure:
    """Look for structure in the table, hand the smaller problems to the strategies inside, put their laws
    together.

    inner      : strategies that solve the smaller problems, each asked once, the quick one first
    branches   : reductions of one problem that are followed at most
    changes    : of the kind of reduction on the way down; removals of one input each are not counted
    problems   : smaller problems looked at in all
    kept       : laws of a smaller problem that are handed up

    >>> Structure().name
    'structure'
    """

    inner: tuple[Proposer, ...] = ()
    branches: int = 2
    depth: int = 8
    problems: int = 40
    kept: int = 4
    name: str = "structure"

    def start(self, problem: Problem, seed: np.random.SeedSequence, threads: int) -> "StructureSession":
        """A session that works off one smaller problem an epoch; the seed goes to the strategies inside."""
        return StructureSession(self, problem, seed, threads)


class StructureSession:
    """One run of `Structure`: its future is told by the number of steps it has made."""

    def __init__(
        self, settings: Structure, problem: Problem, seed: np.random.SeedSequence, threads: int
    ) -> None:
        self._settings, self._problem, self._threads = settings, problem, threads
        self._entropy = seed.generate_state(4)
        self._evaluations = self._node_evaluations = self._looked = self._steps = 0
        self._found: list[Expression] = []
        self._solved = False
        self._walk = self._explored(problem, settings.depth, top=True)
        self._exhausted = False

    def prepare(self) -> float:
        """Nothing to compile here; the strategies inside compile when they are asked."""
        return 0.0

    def observe(self, candidates: Sequence[Candidate]) -> None:
        """What others find does not change the structure of the table."""

    def propose(self) -> Proposals:
        """The laws that one more smaller problem leads to."""
        self._evaluations = self._node_evaluations = 0
        self._found = []
        if not self._exhausted:
            self._steps += 1
            self._exhausted = next(self._walk, None) is None
        train = self._problem.train
        laws = dict.fromkeys(optimum(law, train).expression for law in self._found)
        return Proposals(tuple(laws), self._evaluations, self._node_evaluations, exhausted=self._exhausted)

    def state(self) -> State:
        """How far the walk has come: all else follows from the problem and the seed."""
        return {"steps": self._steps}

    def restore(self, state: State) -> None:
        """Walk as far again."""
        while self._steps < int(state["steps"]):
            self.propose()

    def _explored(self, problem: Problem, depth: int, top: bool = False) -> Iterator[bool]:
        """Work on a problem, stopping after each look; what it is for comes from `_laws` when it ends."""
        yield from self._collected(problem, depth, top, [])

    def _collected(self, problem: Problem, depth: int, top: bool, laws: list[Expression]) -> Iterator[bool]:
        """Fill `laws` with those of a problem, the most convincing first."""
        self._looked += 1
        # The smallest problems first: a law that is found at the end of a chain of reductions is worth more
        # than an approximation of the whole.
        suggested = hypotheses(problem, with_dummies=top) if depth > 0 else []
        look = SURROGATE_WORK * problem.train.n_features**2 * problem.train.n_rows
        self._node_evaluations += INTERPRETED * look
        exact = False
        small = problem.train.n_features <= SMALL
        if not suggested or top or small:
            exact = self._asked(problem, laws)
            self._report(problem, laws, top)
            yield True
        for hypothesis in _followed(suggested, self._settings.branches):
            if exact or self._looked >= self._settings.problems:
                break
            parts = hypothesis.reduction.problems(problem)
            if not parts:
                continue
            found: list[list[Expression]] = []
            for part in parts:
                inner: list[Expression] = []
                yield from self._collected(part, 0 if hypothesis.kind == INVERSE else depth - 1, False, inner)
                found.append(inner[: self._settings.kept])
            fresh = [fit.expression for fit in recombined(hypothesis.reduction, problem, found)]
            exact = self._add(problem, laws, fresh)
            self._report(problem, laws, top)
        if not exact and suggested and not (top or small):
            self._asked(problem, laws)
            yield True

    def _asked(self, problem: Problem, laws: list[Expression]) -> bool:
        """Ask the strategies inside; whether the problem is solved."""
        for place, proposer in enumerate(self._settings.inner):
            seed = np.random.SeedSequence([*self._entropy.tolist(), self._looked, place])
            session = proposer.start(problem, seed, self._threads)
            session.prepare()
            proposals = session.propose()
            self._evaluations += proposals.evaluations
            self._node_evaluations += proposals.node_evaluations
            if self._add(problem, laws, proposals.expressions):
                return True
        return False

    def _add(self, problem: Problem, laws: list[Expression], fresh: Sequence[Expression]) -> bool:
        """Merge laws by the length of their description; whether the best is exact."""
        rows = sample(problem.train, JUDGED_ROWS)
        self._evaluations += len(fresh)
        self._node_evaluations += INTERPRETED * sum(law.size for law in fresh) * rows.n_rows
        both = dict.fromkeys([*laws, *fresh])
        exact = [law for law in both if is_exact(law, rows)]
        chosen = min(exact, key=len, default=None)
        ranked = sorted(both, key=lambda law: describe(law, rows, problem.train.n_rows).bits)
        if chosen is not None:
            ranked = [chosen, *(law for law in ranked if law != chosen)]
        laws[:] = ranked[: 2 * self._settings.kept]
        return chosen is not None

    def _report(self, problem: Problem, laws: Sequence[Expression], top: bool) -> None:
        if top:
            self._found = [law for law in laws if problem.admits(law)]


def _followed(suggested: Sequence[Hypothesis], branches: int) -> list[Hypothesis]:
    """The first few that change the problem, then all that only turn an input over."""
    changes = [h for h in suggested if h.kind != INVERSE]
    return [*changes[:branches], *(h for h in suggested if h.kind == INVERSE)]
