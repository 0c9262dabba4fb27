"""A strategy that is not told what others know, to see what telling earns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from eqdisc.prior import Prior
from eqdisc.problem import Problem
from eqdisc.scoring.candidate import Candidate
from eqdisc.search.proposer import Proposals, Proposer, Session, State


@dataclass(frozen=True)
class Withheld:
    """The strategy inside without what others have learned of the law, or without the archive's elites.

    What the table says of its inputs stays.

    >>> from eqdisc.portfolio import named_proposer
    >>> Withheld(named_proposer("gp"), "elites").name
    'gp'
    """

    proposer: Proposer
    what: Literal["prior", "elites"]

    @property
    def name(self) -> str:
        """That of the strategy inside."""
        return self.proposer.name

    def start(self, problem: Problem, seed: np.random.SeedSequence, threads: int) -> Session:
        """A session of the strategy inside."""
        if self.what == "prior":
            known = problem.prior
            problem = replace(problem, prior=Prior(known.relevance, known.irrelevance))
        session = self.proposer.start(problem, seed, threads)
        return _FrontAlone(session) if self.what == "elites" else session


class _FrontAlone:
    """A session that is shown the front and nothing else."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def prepare(self) -> float:
        return self._session.prepare()

    def propose(self) -> Proposals:
        return self._session.propose()

    def observe(self, front: Sequence[Candidate], elites: Sequence[Candidate] = ()) -> None:
        self._session.observe(front)

    def state(self) -> State:
        return self._session.state()

    def restore(self, state: State) -> None:
        self._session.restore(state)
