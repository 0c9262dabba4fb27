"""The search loop: ask every strategy, confirm, keep, tell, stop."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from zlib import crc32

import numpy as np

from eqdisc.errors import DataError, OptionError
from eqdisc.expr.expression import Expression
from eqdisc.problem import Problem
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.description import describe
from eqdisc.scoring.rounding import is_exact
from eqdisc.scoring.scorer import Scorer
from eqdisc.search.choice import Choice, choose
from eqdisc.search.front import ParetoFront
from eqdisc.search.observer import Observer, Progress
from eqdisc.search.polish import polish, worth_polishing
from eqdisc.search.proposer import Proposals, Proposer, Session
from eqdisc.search.spelling import allowed_codes, respell

AS_GOOD = 4.0  # times the smallest loss is as good as it when the rounding of a table is all that is left
POLISHING = 0.3  # seconds that polishing the front takes at the end, on an ordinary machine


class StopReason(Enum):
    """Why a search ended; the value is the sentence the user reads."""

    EXACT = "the law is exact: what it leaves is the rounding of the table"
    EXHAUSTED = "every strategy has proposed all it can"
    STALLED = "no better law has turned up for a long time"
    EPOCHS = "the epochs asked for are done"
    TIME = "the time is up"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Budget:
    """How long a search may go on.

    time_limit : seconds, compilation left out; picks the last whole epoch and nothing else. Not looked at
                 where `epochs` is given, so that such a run does not depend on the clock at all.
    epochs     : exactly so many epochs (fewer when another reason ends the search first)
    patience   : epochs without improvement after which a search stalls, at least ...
    persistence: ... and at least this many times the epoch of the last improvement
    gain       : relative fall of the loss, at some complexity, that counts as an improvement
    """

    time_limit: float = 30.0
    epochs: int | None = None
    patience: int = 60
    persistence: float = 2.0
    gain: float = 0.01

    def __post_init__(self) -> None:
        if not self.time_limit > 0.0:
            raise OptionError(
                f"the time limit is {self.time_limit} seconds; it must be above 0, the default is 30"
            )
        if self.epochs is not None and self.epochs < 1:
            raise OptionError(f"the number of epochs is {self.epochs}; it must be 1 or more, or left out")


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    front            : polished laws, simplest first; never empty
    best, reason     : the member chosen, and why in words
    stopped, epochs  : why and after how many epochs the search ended; the same problem, strategies and seed
                       with `Budget(epochs=epochs)` give the same front again
    seconds          : spent searching, compilation left out
    compile_seconds  : spent compiling
    evaluations, node_evaluations : candidates tried, and the same work in nodes times rows
    """

    front: tuple[Candidate, ...]
    best: Candidate
    reason: str
    stopped: StopReason
    epochs: int
    seconds: float
    compile_seconds: float
    evaluations: int
    node_evaluations: int


@dataclass(frozen=True)
class Search:
    """A search that has not run yet: the problem, the strategies in the order they are asked, the budget.

    Every strategy draws from its own random stream, named by the strategy and not by its place in the list.
    A strategy is compiled right before its first epoch, so that those listed first answer meanwhile, and not
    at all when their answer is exact.

    Example
    -------
    >>> import numpy as np
    >>> from eqdisc.data.dataset import Dataset
    >>> from eqdisc.expr.operators import OperatorSet
    >>> from eqdisc.proposers.seeds import Seeds
    >>> x = np.linspace(1.0, 2.0, 20)
    >>> data = Dataset.of(x[:, None], 3.0 * x + 1.0, names=["x"])
    >>> problem = Problem.of(data, OperatorSet.of("add", "mul"), max_size=10, seed=0)
    >>> result = Search(problem, (Seeds(("x",)),), Budget(epochs=5)).run()
    >>> result.stopped.name, result.epochs, result.best.found_by
    ('EXACT', 1, 'seeds')
    """

    problem: Problem
    proposers: tuple[Proposer, ...]
    budget: Budget = Budget()
    seed: int = 0
    threads: int = 1
    observers: tuple[Observer, ...] = ()
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        if not self.proposers:
            raise OptionError("there is no strategy to search with; name at least one proposer")

    def run(self) -> SearchResult:
        """Search until a reason to stop; Ctrl-C is one of them, and what was found until then is returned."""
        return _Run(self).result()


class _Live:
    """A strategy at work: its session, started at its first turn, and what the loop knows about it."""

    def __init__(self, proposer: Proposer, stream: np.random.SeedSequence) -> None:
        self.proposer = proposer
        self.stream = stream
        self.session: Session | None = None
        self.exhausted = False
        self.seconds = 0.0  # the longer of its last two epochs
        self._epoch_seconds = 0.0
        self._last: frozenset[Expression] = frozenset()

    def unseen(self, proposals: Proposals) -> list[Expression]:
        """The proposals without those of the epoch before: elites come again and again."""
        fresh = [
            expression for expression in dict.fromkeys(proposals.expressions) if expression not in self._last
        ]
        self._last = frozenset(proposals.expressions)
        return fresh

    def took(self, seconds: float) -> None:
        self.seconds, self._epoch_seconds = max(seconds, self._epoch_seconds), seconds


class _Run:
    """The mutable state of one run of a search."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.scorer = Scorer(search.problem)
        self.allowed = allowed_codes(search.problem.operators)
        self.front = ParetoFront()
        self.milestones = ParetoFront()  # what counted as an improvement: small steps add up to one
        self.polished: dict[Candidate, Candidate] = {}
        self.started = search.clock()
        self.compile_seconds = 0.0
        self.epoch = 0
        self.last_improvement = 0
        self.exact = False
        self.evaluations = 0
        self.node_evaluations = 0

    def result(self) -> SearchResult:
        for observer in self.search.observers:
            observer.on_start(self.search.problem)
        stopped, choice = self.outcome()
        result = SearchResult(
            front=self.front.candidates,
            best=choice.candidate,
            reason=choice.reason,
            stopped=stopped,
            epochs=self.epoch,
            seconds=self.seconds(),
            compile_seconds=self.compile_seconds,
            evaluations=self.evaluations,
            node_evaluations=self.node_evaluations,
        )
        for observer in self.search.observers:
            observer.on_end(result)
        return result

    def outcome(self) -> tuple[StopReason, Choice]:
        mean = self.mean_law()  # so that there always is a law
        self.front.add(mean)
        if self.scorer.residual(mean.expression) == 0.0:
            return StopReason.EXACT, Choice(mean, "the target is the same in every row")
        try:
            stopped = self.search_until_stop()
        except KeyboardInterrupt:
            stopped = StopReason.INTERRUPTED
        try:
            self.polish_front()
            return stopped, self.polished_choice()
        except KeyboardInterrupt:  # who interrupts this gets the front as it is
            return StopReason.INTERRUPTED, choose(self.front.candidates, self.search.problem)

    def mean_law(self) -> Candidate:
        problem = self.search.problem
        target = problem.train.target
        mean = np.average(target, weights=problem.train.weights)
        # Clipped so that the mean of equal values is that value, whatever the sum rounds to.
        law = Expression.constant(float(np.clip(mean, target.min(), target.max())))
        candidate = self.scorer.score(law, "mean")
        if candidate is None or (candidate.loss == 0.0 and np.ptp(target) > 0.0):
            raise DataError(
                f"the target has values of size {np.max(np.abs(target)):.3g}, whose squares leave the range "
                "of floating-point numbers; give it in another unit"
            )
        return candidate

    def search_until_stop(self) -> StopReason:
        sessions = _lineup(self.search)
        while True:
            for live in sessions:
                if not self.exact:
                    began = self.seconds()
                    self.ask(live)
                    live.took(self.seconds() - began)
            self.epoch += 1
            progress = self.progress()
            for observer in self.search.observers:
                observer.on_epoch(progress)
            sessions = [live for live in sessions if not live.exhausted]
            stopped = self.reason_to_stop(sessions)
            if stopped is not None:
                return stopped

    def ask(self, live: _Live) -> None:
        """One epoch of one strategy: told the front, asked for proposals, these confirmed and kept."""
        session = live.session or self.start(live)
        session.observe(self.front.candidates)
        proposals = session.propose()
        live.exhausted = proposals.exhausted
        self.evaluations += proposals.evaluations
        self.node_evaluations += proposals.node_evaluations
        fresh = live.unseen(proposals)
        spelled = fresh if proposals.as_given else [respell(expression, self.allowed) for expression in fresh]
        moved = [self.consider(law, live.proposer.name) for law in spelled if law is not None]
        if any(moved):
            self.last_improvement = self.epoch + 1
            self.exact = self.has_exact()

    def start(self, live: _Live) -> Session:
        session = live.proposer.start(self.search.problem, live.stream, self.search.threads)
        for observer in self.search.observers:
            observer.on_prepare(live.proposer.name, self.progress())
        self.compile_seconds += session.prepare()
        live.session = session
        return session

    def consider(self, expression: Expression, found_by: str) -> bool:
        """Keep the expression if it has a place on the front; whether it moves the front."""
        if expression.size > self.search.problem.max_size:
            return False
        candidate = self.scorer.score(expression, found_by)
        if candidate is None or not self.front.add(candidate):
            return False
        before = self.milestones.best_loss(candidate.complexity)
        return candidate.loss < (1.0 - self.search.budget.gain) * before and self.milestones.add(candidate)

    def has_exact(self) -> bool:
        """Whether the front holds an exact law: the most precise one or the simplest that is as good."""
        best = self.front.best()
        simplest = next(law for law in self.front if law.loss <= AS_GOOD * best.loss)
        return any(self.is_exact(law) for law in dict.fromkeys((simplest, best)))

    def is_exact(self, candidate: Candidate) -> bool:
        # What polishing does not leave exact was a fit of many constants to few rows and is not reported so.
        dataset = self.search.problem.dataset
        exact = is_exact(candidate.expression, dataset)
        return exact and is_exact(self.polish(candidate).expression, dataset)

    def polish(self, candidate: Candidate) -> Candidate:
        if candidate not in self.polished:
            self.polished[candidate] = polish(candidate, self.scorer)
        return self.polished[candidate]

    def polish_front(self) -> None:
        """Replace raw laws by polished ones, which these would beat by a hair: their fit is freer."""
        problem = self.search.problem
        raw = self.front.candidates
        for candidate in worth_polishing(raw, problem.train):
            self.polish(candidate)
        polished = [self.polished.get(candidate, candidate) for candidate in raw]
        exact = [law for law in polished if is_exact(law.expression, problem.dataset)]
        if exact:  # they leave rounding: the shortest description stays, not the least loss
            lengths = {law: describe(law.expression, problem.train).law_bits for law in exact}
            shortest = min(exact, key=lambda law: (lengths[law], law.loss))
            polished = [law for law in polished if law.complexity < shortest.complexity and law not in exact]
            polished.append(shortest)
        front = ParetoFront()
        for law in polished:
            front.add(law)
        self.front = front

    def polished_choice(self) -> Choice:
        """The law chosen from the front, itself polished: one that was not is, and the choice made again."""
        while True:
            choice = choose(self.front.candidates, self.search.problem)
            if choice.candidate in (*self.polished, *self.polished.values()):
                return choice
            front = ParetoFront()
            for law in self.front.candidates:
                front.add(self.polish(law) if law == choice.candidate else law)
            self.front = front

    def reason_to_stop(self, sessions: list[_Live]) -> StopReason | None:
        budget = self.search.budget
        quiet = self.epoch - self.last_improvement
        if self.exact:
            return StopReason.EXACT
        if not sessions:
            return StopReason.EXHAUSTED
        if quiet >= max(budget.patience, budget.persistence * self.last_improvement):
            return StopReason.STALLED
        if budget.epochs is not None:
            return StopReason.EPOCHS if self.epoch >= budget.epochs else None
        expected = sum(live.seconds for live in sessions)
        finish = min(POLISHING, 0.1 * budget.time_limit)
        return StopReason.TIME if self.seconds() + expected + finish >= budget.time_limit else None

    def seconds(self) -> float:
        return self.search.clock() - self.started - self.compile_seconds

    def progress(self) -> Progress:
        budget = self.search.budget
        return Progress(
            epoch=self.epoch,
            seconds=self.seconds(),
            compile_seconds=self.compile_seconds,
            time_limit=budget.time_limit if budget.epochs is None else None,
            epochs=budget.epochs,
            evaluations=self.evaluations,
            front=self.front.candidates,
        )


def _lineup(search: Search) -> list[_Live]:
    """The strategies with their random streams, which are named by strategy: none depends on the others."""
    names = [proposer.name for proposer in search.proposers]
    keys = [(crc32(name.encode()), names[:place].count(name)) for place, name in enumerate(names)]
    return [
        _Live(proposer, np.random.SeedSequence(search.seed, spawn_key=key))
        for proposer, key in zip(search.proposers, keys, strict=True)
    ]
