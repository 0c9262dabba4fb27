"""A strategy that works in scale-free units while the search around it keeps the user's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from eqdisc.data.scale import Scaling
from eqdisc.expr.expression import Expression
from eqdisc.expr.simplify import simplify
from eqdisc.prior import without_factor
from eqdisc.problem import Problem
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.complexity import complexity
from eqdisc.search.proposer import Proposals, Proposer, Session, State
from eqdisc.search.spelling import allowed_codes, respell


@dataclass(frozen=True)
class InWorkingUnits:
    """The given strategy on the problem in working units; proposals and candidates are translated both ways.

    For columns so small or so large that squares leave the range of ordinary numbers or random constants
    never come near: 1e-30 or 1e20. The translation multiplies by powers of two and loses no digit.
    """

    proposer: Proposer
    scaling: Scaling

    @property
    def name(self) -> str:
        """The name of the strategy inside."""
        return self.proposer.name

    def start(self, problem: Problem, seed: np.random.SeedSequence, threads: int) -> "WorkingUnitsSession":
        """A session of the strategy inside, on the scaled problem."""
        allowed = allowed_codes(problem.operators)
        inwards = _features_only(_inverse(self.scaling))
        forms = tuple(without_factor(translated(e, inwards, allowed)) for e in problem.prior.forms)
        scaled = replace(
            problem,
            dataset=self.scaling.apply(problem.dataset),
            train=self.scaling.apply(problem.train),
            heldout=None if problem.heldout is None else self.scaling.apply(problem.heldout),
            prior=replace(problem.prior, forms=forms),
        )
        session = self.proposer.start(scaled, seed, threads)
        return WorkingUnitsSession(session, self.scaling, allowed)


class WorkingUnitsSession:
    """One run of a strategy in working units."""

    def __init__(self, session: Session, scaling: Scaling, allowed: frozenset[int]) -> None:
        self._session = session
        self._allowed = allowed
        self._outwards = scaling
        self._inwards = _inverse(scaling)

    def prepare(self) -> float:
        """Compile the strategy inside."""
        return self._session.prepare()

    def propose(self) -> Proposals:
        """What the strategy inside proposes, in the user's units."""
        proposals = self._session.propose()
        laws = tuple(translated(e, self._outwards, self._allowed) for e in proposals.expressions)
        outwards = _features_only(self._outwards)
        learned = proposals.learned
        forms = (without_factor(translated(e, outwards, self._allowed)) for e in learned.forms)
        return replace(proposals, expressions=laws, learned=replace(learned, forms=tuple(forms)))

    def observe(self, front: Sequence[Candidate], elites: Sequence[Candidate] = ()) -> None:
        """Show the strategy inside the candidates in its own units."""
        square = self._outwards.target**2
        shown = ([self._in_working_units(law, square) for law in laws] for laws in (front, elites))
        self._session.observe(*shown)

    def state(self) -> State:
        """The state of the strategy inside."""
        return self._session.state()

    def restore(self, state: State) -> None:
        """Restore the strategy inside."""
        self._session.restore(state)

    def _in_working_units(self, candidate: Candidate, square: float) -> Candidate:
        expression = translated(candidate.expression, self._inwards, self._allowed)
        heldout_loss = None if candidate.heldout_loss is None else candidate.heldout_loss * square
        return Candidate(
            expression, candidate.loss * square, heldout_loss, complexity(expression), candidate.found_by
        )


def translated(expression: Expression, scaling: Scaling, allowed: frozenset[int]) -> Expression:
    """The factors merged into the numbers that are there; no operator comes in that is not allowed."""
    restored = scaling.restore(expression)
    spelled = respell(simplify(restored), allowed.union(expression.codes))
    shortest = (law for law in (spelled, restored) if law is not None)
    return min(shortest, key=len)


def _inverse(scaling: Scaling) -> Scaling:
    return Scaling(tuple(1.0 / factor for factor in scaling.features), 1.0 / scaling.target)


def _features_only(scaling: Scaling) -> Scaling:
    """For building blocks, which stand for no target."""
    return replace(scaling, target=1.0)
