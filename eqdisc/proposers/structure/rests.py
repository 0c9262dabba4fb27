"""Smaller problems that the quick strategies did not solve, and the way of their laws back to the whole."""

from collections.abc import Sequence
from dataclasses import dataclass

from eqdisc.expr.expression import Expression
from eqdisc.problem import Problem
from eqdisc.proposers.structure.hypothesis import Hypothesis
from eqdisc.scoring.description import describe
from eqdisc.search.proposer import Proposals, Session
from eqdisc.search.reduction import recombined
from eqdisc.search.sample import sample

TRUSTED = 0.05  # share of the variance that a chain of reductions may leave unexplained to be worth a search
JUDGED_ROWS = 1000


@dataclass(frozen=True, eq=False)
class Link:
    """One reduction on the way down.

    problem : the larger problem; place : which of its parts this is the way to
    laws    : of all its parts
    """

    problem: Problem
    hypothesis: Hypothesis
    place: int
    laws: list[list[Expression]]


@dataclass(eq=False)
class Rest:
    """A smaller problem at the end of a chain of reductions.

    share    : of the variance that the least convincing reduction of the chain leaves unexplained
    sessions : of the strategies at work on it, the next one first; None before they are started
    """

    problem: Problem
    chain: tuple[Link, ...]
    share: float
    sessions: list[Session] | None = None

    def asked(self) -> Proposals:
        """One epoch of the next strategy."""
        sessions = self.sessions or []
        session = sessions.pop(0)
        proposals = session.propose()
        if not proposals.exhausted:
            sessions.append(session)
        return proposals

    def lifted(self, laws: Sequence[Expression], most: int) -> list[Expression]:
        """The laws, those with the shortest descriptions, as laws of the whole problem."""
        rows = sample(self.problem.train, JUDGED_ROWS)
        ranked = sorted(laws, key=lambda law: describe(law, rows, self.problem.train.n_rows).bits)[:most]
        for link in reversed(self.chain):
            parts = [*link.laws]
            parts[link.place] = ranked
            fits = recombined(link.hypothesis.reduction, link.problem, parts)
            ranked = [fit.expression for fit in fits][:most]
        return ranked


def chosen_rests(unsolved: Sequence[Rest], most: int) -> list[Rest]:
    """Those with the fewest inputs among the ones that the data speak for; the first found of equals."""
    return sorted(
        (rest for rest in unsolved if rest.share < TRUSTED), key=lambda rest: rest.problem.train.n_features
    )[:most]
