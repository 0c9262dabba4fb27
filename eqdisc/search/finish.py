"""The end of a search: its front polished, the law to believe chosen from it."""

from collections.abc import Sequence

import numpy as np

from eqdisc.expr.expression import Expression
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.description import describe, fixed_constants
from eqdisc.scoring.rounding import is_exact
from eqdisc.scoring.scorer import Scorer
from eqdisc.search.choice import Choice, choose
from eqdisc.search.exactness import drowns_rows, exact_form
from eqdisc.search.front import ParetoFront
from eqdisc.search.polish import polish, worth_polishing

MUCH_WORSE = 2.0  # times the loss: what polishing may cost before the law it began with is kept too
MANY_CONSTANTS = 3
AS_GOOD = 4.0  # times the smallest loss is as good as it when the rounding of a table is all that is left


class Finisher:
    """Polishes the laws of one search, each once, and chooses; its answers follow from the front alone."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self._problem = scorer.problem
        self._drowning = drowns_rows(scorer.problem.dataset)
        self._polished: dict[Candidate, Candidate] = {}
        self._finished: set[Candidate] = set()

    def exact_laws(self, front: ParetoFront) -> list[Candidate]:
        """The exact laws, polished, among the most precise law of the front and the simplest as good."""
        best = front.best()
        simplest = next(law for law in front if law.loss <= AS_GOOD * best.loss)
        return [self.polished_law(law) for law in dict.fromkeys((simplest, best)) if self._is_exact(law)]

    def polished(self, front: ParetoFront) -> ParetoFront:
        """The front of polished laws only: the raw ones would beat these by a hair, their fit is freer."""
        worth = set(worth_polishing(front, self._problem.train))
        laws = [self.polished_law(law) if law in worth else law for law in front]
        self._finished = {law for law, raw in zip(laws, front, strict=True) if raw in worth}
        # A shorter description can be a much worse fit; then both are worth showing.
        better = [raw for law, raw in zip(laws, front, strict=True) if law.loss > MUCH_WORSE * raw.loss]
        self._finished.update(better)
        laws += better
        exact = [law for law in laws if is_exact(law.expression, self._problem.dataset)]
        if not exact:
            return _front_of(laws)
        # They leave rounding: the shortest description stays, not the least loss.
        lengths = {law: describe(law.expression, self._problem.train).law_bits for law in exact}
        shortest = min(exact, key=lambda law: (lengths[law], law.loss))
        return _front_of([law for law in laws if law not in exact], shortest)

    def chosen(self, front: ParetoFront) -> tuple[ParetoFront, Choice]:
        """The law chosen from the front, itself polished: one that was not is, and the choice made again."""
        choice = self.choice(front)
        while choice.candidate not in self._finished:
            law = self.polished_law(choice.candidate)
            self._finished.add(law)
            others = [other for other in front if other != choice.candidate]
            ends = self._drowning and is_exact(law.expression, self._problem.dataset)
            front = _front_of(others, law) if ends else _front_of([*others, law])
            choice = self.choice(front)
        admitted = [law for law in front if self._problem.admits(law.expression)]
        return _front_of(admitted) if admitted else front, choice

    def choice(self, front: ParetoFront) -> Choice:
        """The law to believe of those with the required variables, or of all where there is none."""
        admitted = [law for law in front if self._problem.admits(law.expression)]
        return choose(admitted or front.candidates, self._problem)

    def exact_law(self, candidate: Candidate) -> Candidate | None:
        """The candidate with constants that make it exact on every row; None where there are none near."""
        law = exact_form(candidate.expression, self._problem.train, self._problem.dataset)
        return None if law is None or not self._problem.admits(law) else self._scored(law, candidate)

    def polished_law(self, candidate: Candidate) -> Candidate:
        """The polished candidate; the candidate itself where that would lack a variable it must have.

        What the loss cannot see must not be polished away: where it drowns rows, an exact law stays exact.
        """
        if candidate not in self._polished:
            law = polish(candidate, self._scorer)
            law = law if self._problem.admits(law.expression) else candidate
            if self._drowning and not is_exact(law.expression, self._problem.dataset):
                law = self.exact_law(candidate) or law
            self._polished[candidate] = law
        return self._polished[candidate]

    def _is_exact(self, candidate: Candidate) -> bool:
        # What polishing does not leave exact was a fit of many constants to few rows and is not reported so.
        dataset = self._problem.dataset
        exact = is_exact(candidate.expression, dataset)
        return exact and is_exact(self.polished_law(candidate).expression, dataset)

    def _scored(self, expression: Expression, candidate: Candidate) -> Candidate | None:
        return self._scorer.score(expression, candidate.found_by)


def is_convincing(law: Candidate) -> bool:
    """Whether an exact law has so few fitted constants that no other law is likely to be exact too: a smooth
    law over a small range is also met by a series, term by term."""
    return int(np.sum(~fixed_constants(law.expression))) < MANY_CONSTANTS


def _front_of(laws: Sequence[Candidate], exact: Candidate | None = None) -> ParetoFront:
    """The front of some laws, ended by the exact one where there is one."""
    front = ParetoFront()
    for law in laws:
        front.add(law)
    if exact is not None:
        front.crown(exact)
    return front
