"""The end of a search: its front polished, the law to believe chosen from it."""

from collections.abc import Sequence

from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.description import describe
from eqdisc.scoring.rounding import is_exact
from eqdisc.scoring.scorer import Scorer
from eqdisc.search.choice import Choice, choose
from eqdisc.search.front import ParetoFront
from eqdisc.search.polish import polish, worth_polishing

MUCH_WORSE = 2.0  # times the loss: what polishing may cost before the law it began with is kept too
AS_GOOD = 4.0  # times the smallest loss is as good as it when the rounding of a table is all that is left


class Finisher:
    """Polishes the laws of one search, each once, and chooses; its answers follow from the front alone."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self._problem = scorer.problem
        self._polished: dict[Candidate, Candidate] = {}
        self._finished: set[Candidate] = set()

    def has_exact(self, front: ParetoFront) -> bool:
        """Whether the front holds an exact law: the most precise one or the simplest that is as good."""
        best = front.best()
        simplest = next(law for law in front if law.loss <= AS_GOOD * best.loss)
        return any(self._is_exact(law) for law in dict.fromkeys((simplest, best)))

    def polished(self, front: ParetoFront) -> ParetoFront:
        """The front of polished laws only: the raw ones would beat these by a hair, their fit is freer."""
        worth = set(worth_polishing(front, self._problem.train))
        laws = [self._polish(law) if law in worth else law for law in front]
        self._finished = {law for law, raw in zip(laws, front, strict=True) if raw in worth}
        # A shorter description can be a much worse fit; then both are worth showing.
        better = [raw for law, raw in zip(laws, front, strict=True) if law.loss > MUCH_WORSE * raw.loss]
        self._finished.update(better)
        laws += better
        exact = [law for law in laws if is_exact(law.expression, self._problem.dataset)]
        if exact:  # they leave rounding: the shortest description stays, not the least loss
            lengths = {law: describe(law.expression, self._problem.train).law_bits for law in exact}
            shortest = min(exact, key=lambda law: (lengths[law], law.loss))
            laws = [law for law in laws if law.complexity < shortest.complexity and law not in exact]
            laws.append(shortest)
        return _front_of(laws)

    def chosen(self, front: ParetoFront) -> tuple[ParetoFront, Choice]:
        """The law chosen from the front, itself polished: one that was not is, and the choice made again."""
        choice = self.choice(front)
        while choice.candidate not in self._finished:
            law = self._polish(choice.candidate)
            self._finished.add(law)
            front = _front_of([law if other == choice.candidate else other for other in front])
            choice = self.choice(front)
        admitted = [law for law in front if self._problem.admits(law.expression)]
        return _front_of(admitted) if admitted else front, choice

    def choice(self, front: ParetoFront) -> Choice:
        """The law to believe of those with the required variables, or of all where there is none."""
        admitted = [law for law in front if self._problem.admits(law.expression)]
        return choose(admitted or front.candidates, self._problem)

    def _is_exact(self, candidate: Candidate) -> bool:
        # What polishing does not leave exact was a fit of many constants to few rows and is not reported so.
        dataset = self._problem.dataset
        exact = is_exact(candidate.expression, dataset)
        return exact and is_exact(self._polish(candidate).expression, dataset)

    def _polish(self, candidate: Candidate) -> Candidate:
        """The polished candidate; the candidate itself where that would lack a variable it must have."""
        if candidate not in self._polished:
            law = polish(candidate, self._scorer)
            self._polished[candidate] = law if self._problem.admits(law.expression) else candidate
        return self._polished[candidate]


def _front_of(laws: Sequence[Candidate]) -> ParetoFront:
    front = ParetoFront()
    for law in laws:
        front.add(law)
    return front
