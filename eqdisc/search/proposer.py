"""What a strategy is: frozen settings that start sessions, and sessions that propose expressions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from eqdisc.expr.expression import Expression
from eqdisc.prior import Prior
from eqdisc.problem import Problem
from eqdisc.scoring.candidate import Candidate

#: What a session's future depends on, by name: numbers, texts, arrays, lists and dictionaries of these.
State = dict[str, Any]


#: Compiled node evaluations that take as long as one by NumPy, all that surrounds it counted in.
INTERPRETED = 1000


@dataclass(frozen=True)
class Proposals:
    """What a session brings from one epoch.

    expressions      : constants already fitted to the training rows, slope and intercept inside
    evaluations      : candidates tried to find them
    node_evaluations : the same work counted in nodes times rows, to be compared between strategies
    exhausted        : the session has nothing more to say
    as_given         : they are the user's own word and may use operators that the problem does not allow
    compile_seconds  : spent compiling in this epoch, beyond `Session.prepare`
    origins          : how each was found, in words for the report: "structure(x/y): closed_form"; empty where
                       the name of the strategy says it all
    learned          : operators and building blocks that the law is likely to have, and how likely operators
                       and features are, for strategies that have not begun yet
    """

    expressions: tuple[Expression, ...]
    evaluations: int = 0
    node_evaluations: int = 0
    exhausted: bool = False
    as_given: bool = False
    origins: tuple[str, ...] = ()
    compile_seconds: float = 0.0
    learned: Prior = field(default_factory=Prior)

    def __post_init__(self) -> None:
        if self.origins and len(self.origins) != len(self.expressions):
            raise ValueError(f"{len(self.expressions)} expressions have {len(self.origins)} origins")

    def found_by(self, name: str) -> dict[Expression, str]:
        """How each expression was found, by the strategy of that name; of equal ones the first counts.

        >>> Proposals((Expression.variable(0),)).found_by("gp")
        {<Expression x0>: 'gp'}
        """
        found: dict[Expression, str] = {}
        for place, expression in enumerate(self.expressions):
            found.setdefault(expression, self.origins[place] if self.origins else name)
        return found


class Session(Protocol):
    """One seeded run of a strategy on one problem; the only mutable object of a strategy.

    What it proposes may depend on the problem, on its seed and on what it has observed: never on the clock
    and never on the number of threads.
    """

    def prepare(self) -> float:
        """Compile what has to be compiled, once, before `propose`; the seconds it took, 0.0 for nothing."""
        ...

    def propose(self) -> Proposals:
        """Work for one epoch and return the best found in it."""
        ...

    def observe(self, front: Sequence[Candidate], elites: Sequence[Candidate] = ()) -> None:
        """Learn the present front of the whole search, in order of complexity, and a few laws of other kinds
        from its archive."""
        ...

    def state(self) -> State:
        """All that decides what will be proposed from here on, as copies that later epochs do not touch."""
        ...

    def restore(self, state: State) -> None:
        """Go on exactly as the session would that gave `state`.

        Told once, after `prepare` and before the first `propose`, to a session started with the same
        arguments (threads apart).
        """
        ...


class Proposer(Protocol):
    """A strategy: hashable, picklable settings and a name; its `repr` tells all, in any process alike."""

    @property
    def name(self) -> str: ...

    def start(self, problem: Problem, seed: np.random.SeedSequence, threads: int) -> Session:
        """A fresh session, told by `problem.prior` what is known; equal arguments (threads apart) give
        sessions that propose equal expressions."""
        ...


@runtime_checkable
class Pretrained(Protocol):
    """A strategy that reads what was learned before, from files."""

    def check(self) -> None:
        """WeightsError, with what to do, where a file is missing or cannot be used."""
        ...
