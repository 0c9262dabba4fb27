"""Laws of a group of rows, by the strategies inside."""

from collections.abc import Sequence

import numpy as np

from eqdisc.expr.expression import Expression
from eqdisc.problem import Problem
from eqdisc.scoring.description import describe
from eqdisc.scoring.rounding import is_exact
from eqdisc.search.proposer import Proposals, Proposer, Session

KEPT = 4  # laws of a problem


class Solver:
    """Asks the strategies inside and counts what they spend; each question has random numbers of its own."""

    def __init__(
        self, inner: Sequence[Proposer], thorough: Sequence[Proposer], entropy: list[int], threads: int
    ) -> None:
        self._inner, self._thorough, self._threads = tuple(inner), tuple(thorough), threads
        self._entropy = entropy
        self._asked = self._evaluations = self._node_evaluations = 0
        self._seconds = 0.0

    def quick(self, problem: Problem) -> list[Expression]:
        """Laws of the quick strategies, the most convincing first; none after one that is exact."""
        laws: list[Expression] = []
        for proposer in self._inner:
            session = self._start(proposer, problem)
            laws = ranked([*laws, *self._counted(session.propose()).expressions], problem)
            if laws and is_exact(laws[0], problem.train):
                break
        return laws[:KEPT]

    def sessions(self, problem: Problem) -> list[Session]:
        """A session of each thorough strategy."""
        return [self._start(proposer, problem) for proposer in self._thorough]

    def asked(self, session: Session) -> Proposals:
        """One more epoch of a session."""
        return self._counted(session.propose())

    def spent(self) -> tuple[int, int, float]:
        """Evaluations, node evaluations and seconds of compiling since the last call."""
        told = self._evaluations, self._node_evaluations, self._seconds
        self._evaluations = self._node_evaluations = 0
        self._seconds = 0.0
        return told

    def _start(self, proposer: Proposer, problem: Problem) -> Session:
        self._asked += 1
        seed = np.random.SeedSequence([*self._entropy, self._asked])
        session = proposer.start(problem, seed, self._threads)
        self._seconds += session.prepare()
        return session

    def _counted(self, proposals: Proposals) -> Proposals:
        self._evaluations += proposals.evaluations
        self._node_evaluations += proposals.node_evaluations
        self._seconds += proposals.compile_seconds
        return proposals


def ranked(laws: Sequence[Expression], problem: Problem) -> list[Expression]:
    """The laws, exact ones first and of these the smallest, the others by the length of their description."""
    train = problem.train
    exact = sorted((law for law in dict.fromkeys(laws) if is_exact(law, train)), key=len)
    others = [law for law in dict.fromkeys(laws) if law not in exact]
    return [*exact, *sorted(others, key=lambda law: describe(law, train).bits)]
