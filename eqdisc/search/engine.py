"""The search loop: ask the strategies in turn, confirm, keep, tell, stop."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from eqdisc.errors import DataError, OptionError
from eqdisc.expr.expression import Expression
from eqdisc.problem import Problem
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.scorer import Scorer
from eqdisc.search.aliases import Waves
from eqdisc.search.archive import Archive
from eqdisc.search.carry_units import carrying_units
from eqdisc.search.checkpoint import SearchState, check_same_search, fingerprint
from eqdisc.search.choice import Choice
from eqdisc.search.finish import Finisher, is_convincing
from eqdisc.search.front import ParetoFront
from eqdisc.search.lineup import Live, lineup
from eqdisc.search.observer import Observer, Progress
from eqdisc.search.proposer import Proposer, Session
from eqdisc.search.shares import Account, Shares, gain
from eqdisc.search.spelling import allowed_codes, respell
from eqdisc.search.verifier import Verifier

#: An exact law with many fitted constants ends the search only after so many times the work that it took, and
#: this more (a second or so): a shorter one may be exact as well.
AGAIN, AGAIN_AT_LEAST = 2, 3_000_000_000
POLISHING = 0.3  # seconds that polishing the front takes at the end, on an ordinary machine


class StopReason(Enum):
    """Why a search ended; the value is the sentence the user reads."""

    EXACT = "the law is exact: what it leaves is the rounding of the table"
    EXACT_ON_SAMPLE = "the law was exact on the rows searched, but is not on all rows"
    EXHAUSTED = "every strategy has proposed all it can"
    STALLED = "no better law has turned up for a long time"
    EPOCHS = "the epochs asked for are done"
    TIME = "the time is up"
    INTERRUPTED = "interrupted"
    FITTED = "the form given is fitted; nothing was searched"


@dataclass(frozen=True)
class Budget:
    """How long a search may go on.

    time_limit : seconds, compilation left out; picks the last whole epoch and nothing else. Not looked at
                 where `epochs` is given, so that such a run does not depend on the clock at all. A search
                 that is resumed has them anew
    epochs     : exactly so many epochs (fewer when another reason ends the search first), those before the
                 search was resumed counted
    patience   : epochs without improvement after which a search stalls, at least ...
    persistence: ... and at least this many times the epoch of the last improvement
    gain       : relative fall of the loss, at some complexity, that counts as an improvement

    In the first epoch every strategy has a turn. After that an epoch is about a quarter of the work of the
    most expensive turn, but a turn at least, shared among the strategies (`eqdisc.search.shares`), or less,
    where one was dearer than before.
    """

    time_limit: float = 30.0
    epochs: int | None = None
    patience: int = 240
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
                       with `Budget(epochs=epochs)` give the same front again, whether it was resumed or not
                       (one resumed after it had stalled: with more patience)
    seconds          : spent searching, compilation left out; with the time before the search was resumed
    compile_seconds  : spent compiling, likewise
    evaluations, node_evaluations : candidates tried, and the same work in nodes times rows
    rivals           : members of the front that the table cannot tell from the best
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
    rivals: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class Search:
    """A search that has not run yet: the problem, the strategies in order of their first turns, the budget.

    Every strategy draws from its own random stream, named by the strategy and not by its place in the list.
    A strategy is compiled right before its first turn, so that those listed first answer meanwhile, and not
    at all when their answer is exact.

    keeper      : called with the whole state after every epoch, before the observers; what it raises ends the
                  search. Called once more at the end of a search that stalled: resumed, it is patient anew
    resume_from : such a state; the search goes on from there, bit for bit as it would have, for any number
                  of threads. DataError, from `run`, where it is the state of another search

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
    resume_from: SearchState | None = None
    keeper: Callable[[SearchState], None] | None = None

    def __post_init__(self) -> None:
        if not self.proposers:
            raise OptionError("there is no strategy to search with; name at least one proposer")

    def run(self) -> SearchResult:
        """Search until a reason to stop; Ctrl-C is one of them, and what was found until then is returned.

        DataError for a target whose squares are no numbers, and for the checkpoint of another search.
        """
        return _Run(self).result()


class _Run:
    """The mutable state of one run of a search."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.scorer = Scorer(search.problem)
        self.allowed = allowed_codes(search.problem.operators)
        self.waves = Waves(search.problem.train)
        self.front = ParetoFront()
        self.archive = Archive(search.problem.units)
        self.milestones = ParetoFront()  # what counted as an improvement: small steps add up to one
        self.finisher = Finisher(self.scorer)
        self.verifier = Verifier(self.finisher, search.problem)
        self.lineup = lineup(search.proposers, search.seed)
        self.shares = Shares([Account()] * len(self.lineup))
        self.started = search.clock()
        self.seconds_before = 0.0  # the search was resumed
        self.compile_seconds = 0.0
        self.epoch = 0
        self.last_improvement = 0
        self.patient_since = 0
        self.exact = False
        self.settled_at: int | None = None  # node evaluations after which an exact law ends the search
        self.evaluations = 0
        self.node_evaluations = 0
        self.prior = search.problem.prior  # and what the strategies learned since
        self.asked: dict[str, str] = {}
        self.kept: SearchState | None = None
        if search.keeper is not None or search.resume_from is not None:
            self.asked = fingerprint(search.problem, search.seed, search.proposers)
        if search.resume_from is not None:
            self.resume(search.resume_from)

    def resume(self, state: SearchState) -> None:
        check_same_search(state.asked, self.asked)
        for candidate in state.front:
            self.front.add(candidate)
        for candidate in state.archive:
            self.archive.add(candidate)
        for candidate in state.milestones:
            self.milestones.add(candidate)
        for live, kept in zip(self.lineup, state.strategies, strict=True):
            live.resume(kept)
        self.shares = Shares([kept.account for kept in state.strategies])
        for place, live in enumerate(self.lineup):
            if live.exhausted:
                self.shares.retire(place)
        self.verifier.work = state.verifying
        self.verifier.verified = {self.front.candidates[place] for place in state.verified}
        self.started -= state.seconds + state.compile_seconds
        self.seconds_before = state.seconds
        self.compile_seconds = state.compile_seconds
        self.epoch = state.epoch
        self.last_improvement = state.last_improvement
        self.patient_since = state.patient_since
        self.exact = state.exact
        self.settled_at = state.settled_at
        self.evaluations = state.evaluations
        self.node_evaluations = state.node_evaluations

    def state(self) -> SearchState:
        return SearchState(
            asked=self.asked,
            front=self.front.candidates,
            milestones=self.milestones.candidates,
            archive=self.archive.elites,
            epoch=self.epoch,
            last_improvement=self.last_improvement,
            patient_since=self.patient_since,
            exact=self.exact,
            settled_at=self.settled_at,
            evaluations=self.evaluations,
            node_evaluations=self.node_evaluations,
            seconds=self.seconds(),
            compile_seconds=self.compile_seconds,
            strategies=tuple(
                live.state(account) for live, account in zip(self.lineup, self.shares.accounts, strict=True)
            ),
            verified=tuple(place for place, law in enumerate(self.front) if law in self.verifier.verified),
            verifying=self.verifier.work,
        )

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
            rivals=choice.rivals,
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
        if self.settled_at is not None and stopped is not StopReason.INTERRUPTED:
            stopped = StopReason.EXACT
        try:
            self.front = self.finisher.polished(self.front)
            self.front, choice = self.finisher.chosen(self.front)
            if stopped is StopReason.STALLED and self.search.keeper is not None and self.kept is not None:
                self.search.keeper(replace(self.kept, patient_since=self.epoch))
            return stopped, choice
        except KeyboardInterrupt:  # who interrupts this gets the front as it is
            return StopReason.INTERRUPTED, self.finisher.choice(self.front)

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
        stopped = self.reason_to_stop() if self.epoch else None  # resumed, it may have nothing left to do
        while stopped is None:
            for place in self.shares.plan():
                if self.exact or self.lineup[place].exhausted:
                    continue
                began = self.seconds()
                as_planned = self.ask(place)
                self.lineup[place].took(self.seconds() - began)
                if not as_planned:
                    break
            self.epoch += 1
            self.keep()
            progress = self.progress()
            for observer in self.search.observers:
                observer.on_epoch(progress)
            stopped = self.reason_to_stop()
        return stopped

    def keep(self) -> None:
        if self.search.keeper is not None:
            self.kept = self.state()
            self.search.keeper(self.kept)

    def ask(self, place: int) -> bool:
        """One turn of one strategy: told the front, asked for proposals, these confirmed and kept.

        False where the turn was much dearer than the epoch was planned with.
        """
        live = self.lineup[place]
        session = live.session or self.start(live)
        elites = self.archive.drawn((self.search.seed, self.epoch, place), self.front.candidates)
        session.observe(self.front.candidates, elites)
        proposals = session.propose()
        self.evaluations += proposals.evaluations
        self.node_evaluations += proposals.node_evaluations
        self.compile_seconds += proposals.compile_seconds
        self.prior = self.prior.joined(proposals.learned)
        largest = self.search.problem.max_size
        before = self.front.best_losses(largest)
        fresh = self.confirmed(live.unseen(proposals), proposals.as_given)
        moved = [self.consider(candidate) for candidate in fresh]
        if any(moved):
            self.last_improvement = self.epoch + 1
        contributed = gain(before, self.front.best_losses(largest), self.search.budget.gain)
        as_planned = self.shares.charge(place, proposals.node_evaluations, contributed)
        if proposals.exhausted:
            live.exhausted = True
            self.shares.retire(place)
        self.settle(self.exact_laws(fresh, any(moved)))
        return as_planned

    def settle(self, exact: list[Candidate]) -> None:
        """Note exact laws; whether they end the search."""
        if exact and self.settled_at is None:
            self.settled_at = AGAIN * self.node_evaluations + AGAIN_AT_LEAST
        convincing = any(is_convincing(law) for law in exact)
        enough = self.settled_at is not None and self.node_evaluations >= self.settled_at
        self.exact = convincing or enough

    def start(self, live: Live) -> Session:
        for observer in self.search.observers:
            observer.on_prepare(live.proposer.name, self.progress())
        problem = replace(self.search.problem, prior=self.prior)
        session, seconds = live.start(problem, self.search.threads)
        self.compile_seconds += seconds
        return session

    def confirmed(self, proposed: dict[Expression, str], as_given: bool) -> list[Candidate]:
        """The candidates made of what was proposed; what breaks or is not admitted is left out."""
        candidates: list[Candidate] = []
        for expression, origin in proposed.items():
            law = expression if as_given else self.written(expression)
            law = None if law is None else carrying_units(law, self.search.problem.units)
            if law is not None and self.search.problem.admits(law):
                candidate = self.scorer.score(law, origin)
                if candidate is not None:
                    candidates.append(candidate)
        return candidates

    def written(self, expression: Expression) -> Expression | None:
        """The expression by the operators allowed, with the slowest waves that agree with the table."""
        law = respell(expression, self.allowed)
        return None if law is None else self.waves.slowest(law)

    def consider(self, candidate: Candidate) -> bool:
        """Keep the candidate if it has a place on the front; whether it moves the front. The archive takes it
        too if it is the best of its kind."""
        self.archive.add(candidate)
        if not self.front.add(candidate):
            return False
        before = self.milestones.best_loss(candidate.complexity)
        return candidate.loss < (1.0 - self.search.budget.gain) * before and self.milestones.add(candidate)

    def exact_laws(self, fresh: list[Candidate], moved: bool) -> list[Candidate]:
        """The exact laws of the front, those too that it does not show as such; it does then."""
        found = self.finisher.exact_laws(self.front) if moved else []
        if found:
            return found
        law = self.verifier.exact_law(self.front, fresh, self.node_evaluations)
        if law is None:
            return []
        self.front.crown(law)
        return [law]

    def reason_to_stop(self) -> StopReason | None:
        budget = self.search.budget
        quiet = self.epoch - max(self.last_improvement, self.patient_since)
        if self.exact:
            return StopReason.EXACT
        plan = self.shares.plan()
        if not plan:
            return StopReason.EXHAUSTED
        if quiet >= max(budget.patience, budget.persistence * self.last_improvement):
            return StopReason.STALLED
        if budget.epochs is not None:
            return StopReason.EPOCHS if self.epoch >= budget.epochs else None
        expected = sum(self.lineup[place].seconds for place in plan)
        finish = min(POLISHING, 0.1 * budget.time_limit)
        spent = self.seconds() - self.seconds_before
        return StopReason.TIME if spent + expected + finish >= budget.time_limit else None

    def seconds(self) -> float:
        return self.search.clock() - self.started - self.compile_seconds

    def progress(self) -> Progress:
        budget = self.search.budget
        return Progress(
            epoch=self.epoch,
            seconds=self.seconds(),
            compile_seconds=self.compile_seconds,
            time_limit=self.seconds_before + budget.time_limit if budget.epochs is None else None,
            epochs=budget.epochs,
            evaluations=self.evaluations,
            front=self.front.candidates,
        )
