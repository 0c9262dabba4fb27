"""Who watches a search: the loop searches, observers print, record and plot."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eqdisc.problem import Problem
from eqdisc.scoring.candidate import Candidate

if TYPE_CHECKING:
    from eqdisc.search.engine import SearchResult


@dataclass(frozen=True)
class Progress:
    """Where a search stands.

    epoch           : whole epochs done
    seconds         : since the start, compilation left out; a search that was resumed counts those before too
    compile_seconds : spent in compiling so far
    time_limit      : seconds allowed in all; None where epochs alone count
    epochs          : epochs asked for; None where the clock decides
    evaluations     : candidates tried so far
    front           : the Pareto front, simplest law first, never empty
    """

    epoch: int
    seconds: float
    compile_seconds: float
    time_limit: float | None
    epochs: int | None
    evaluations: int
    front: tuple[Candidate, ...]

    @property
    def best(self) -> Candidate:
        """The law of the front with the smallest loss."""
        return self.front[-1]

    @property
    def evaluations_per_second(self) -> float:
        """Candidates tried per second of search; 0.0 before the clock has moved."""
        return self.evaluations / self.seconds if self.seconds > 0.0 else 0.0


class Observer:
    """Base of observers: every hook does nothing, a subclass overrides what it cares for.

    An observer may look and must not touch; a `KeyboardInterrupt` raised in a hook ends the search cleanly,
    with the best so far, as Ctrl-C does.
    """

    def on_start(self, problem: Problem) -> None:
        """The search begins, or goes on where it was resumed."""

    def on_prepare(self, name: str, progress: Progress) -> None:
        """Strategy `name` is about to be compiled, which may take a while; `progress` is where we stand."""

    def on_epoch(self, progress: Progress) -> None:
        """A whole epoch is done."""

    def on_end(self, result: "SearchResult") -> None:
        """The search is over."""
