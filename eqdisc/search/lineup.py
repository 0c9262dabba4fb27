"""The strategies of a search at work, each with its random stream."""

import time
from collections.abc import Sequence
from dataclasses import replace
from zlib import crc32

import numpy as np

from eqdisc.expr.expression import Expression
from eqdisc.prior import Prior
from eqdisc.problem import Problem
from eqdisc.search.checkpoint import StrategyState
from eqdisc.search.proposer import Proposals, Proposer, Session, State
from eqdisc.search.shares import Account


class Live:
    """A strategy at work: its session, started at its first turn, and what the loop knows about it."""

    def __init__(self, proposer: Proposer, stream: np.random.SeedSequence) -> None:
        self.proposer = proposer
        self.stream = stream
        self.session: Session | None = None
        self.exhausted = False
        self.seconds = 0.0  # the longer of its last two turns
        self._turn_seconds = 0.0
        self._last: dict[Expression, None] = {}
        self._kept: State | None = None  # of the session before the search was resumed
        self._prior: Prior | None = None  # that the session was started with

    def unseen(self, proposals: Proposals) -> dict[Expression, str]:
        """The proposals, and how they were found, without those of the turn before: elites come again."""
        last, self._last = self._last, dict.fromkeys(proposals.expressions)
        found = proposals.found_by(self.proposer.name)
        return {expression: origin for expression, origin in found.items() if expression not in last}

    def took(self, seconds: float) -> None:
        self.seconds, self._turn_seconds = max(seconds, self._turn_seconds), seconds

    def start(self, problem: Problem, threads: int) -> tuple[Session, float]:
        """The session, where it was when the search was resumed; the seconds that count for no search:
        compiling, and going the way again that led there."""
        self._prior = self._prior or problem.prior
        session = self.proposer.start(_told(problem, self._prior), self.stream, threads)
        seconds = session.prepare()
        if self._kept is not None:
            began = time.perf_counter()
            session.restore(self._kept)
            seconds += time.perf_counter() - began
        self.session, self._kept = session, None
        return session, seconds

    def state(self, account: Account) -> StrategyState:
        kept = self._kept if self.session is None else self.session.state()
        return StrategyState(
            self.proposer.name,
            self.exhausted,
            tuple(self._last),
            None if self.exhausted else kept,
            account,
            self._prior,
        )

    def resume(self, state: StrategyState) -> None:
        self.exhausted = state.exhausted
        self._last = dict.fromkeys(state.last)
        self._kept = state.session
        self._prior = state.prior


def _told(problem: Problem, prior: Prior) -> Problem:
    """The problem as a strategy is told it: what is guessed of operators and inputs is in their weights."""
    known = prior.with_influence(problem.train.n_features)
    return replace(problem, prior=known, operators=prior.weighted(problem.operators))


def lineup(proposers: Sequence[Proposer], seed: int) -> list[Live]:
    """The strategies with their random streams, which are named by strategy: none depends on the others."""
    names = [proposer.name for proposer in proposers]
    keys = [(crc32(name.encode()), names[:place].count(name)) for place, name in enumerate(names)]
    return [
        Live(proposer, np.random.SeedSequence(seed, spawn_key=key))
        for proposer, key in zip(proposers, keys, strict=True)
    ]
