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
    """The strategy inside without one thing that it would be told.

    what : "prior", what others have learned of the law (what the table says of its inputs stays), "elites",
           those of the archive, or "laws", all that others find; its own are still shown

    >>> from eqdisc.portfolio import named_proposer
    >>> Withheld(named_proposer("gp"), "elites").name
    'gp'
    """

    proposer: Proposer
    what: Literal["prior", "elites", "laws"]

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
        if self.what == "prior":
            return session
        return _Shown(session, self.name if self.what == "laws" else None)


class _Shown:
    """A session that is shown the front and nothing else, or what one strategy found and nothing else."""

    def __init__(self, session: Session, found_by: str | None) -> None:
        self._session = session
        self._found_by = found_by

    def prepare(self) -> float:
        return self._session.prepare()

    def propose(self) -> Proposals:
        return self._session.propose()

    def observe(self, front: Sequence[Candidate], elites: Sequence[Candidate] = ()) -> None:
        if self._found_by is None:
            self._session.observe(front)
            return
        own = [[law for law in laws if law.found_by == self._found_by] for laws in (front, elites)]
        self._session.observe(*own)

    def state(self) -> State:
        return self._session.state()

    def restore(self, state: State) -> None:
        self._session.restore(state)
