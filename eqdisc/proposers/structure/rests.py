"""Smaller problems that the quick strategies did not solve, and the way of their laws back to the whole."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eqdisc.expr.expression import Expression
from eqdisc.problem import Problem
from eqdisc.proposers.structure.hypothesis import Hypothesis
from eqdisc.scoring.description import describe
from eqdisc.search.proposer import Proposals, Session
from eqdisc.search.reduction import recombined
from eqdisc.search.sample import sample

TRUSTED = 0.05  # share of the variance that a chain of reductions may leave unexplained to be worth a search
JUDGED_ROWS = 1000
SAME = 1e-9  # relative; columns that are multiples of each other are the same


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
    place    : among those found, from 0
    sessions : of the strategies at work on it, the next one first; None before they are started
    """

    problem: Problem
    chain: tuple[Link, ...]
    share: float
    place: int = 0
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
    """Those with the fewest inputs among the ones that the data speak for, none of them twice; of equals the
    first found."""
    chosen: list[Rest] = []
    trusted = (rest for rest in unsolved if rest.share < TRUSTED)
    for rest in sorted(trusted, key=lambda rest: rest.problem.train.n_features):
        if len(chosen) < most and not any(_is_same(rest.problem, other.problem) for other in chosen):
            chosen.append(rest)
    return chosen


def _is_same(one: Problem, other: Problem) -> bool:
    """Whether two problems are the same table, reached by different reductions."""
    a, b = one.train, other.train
    if a.features.shape != b.features.shape:
        return False
    pairs = [(a.target, b.target), *zip(a.features.T, b.features.T, strict=True)]
    with np.errstate(all="ignore"):
        return all(np.ptp(x / y) <= SAME * np.max(np.abs(x / y)) for x, y in pairs)
