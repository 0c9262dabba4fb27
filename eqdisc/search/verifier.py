"""Notices exact laws early: those that polishing would reveal, and those that the loss does not see."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import inf, log

import numpy as np

from eqdisc.problem import Problem
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.rounding import is_exact
from eqdisc.search.exactness import ROWS, drowns_rows
from eqdisc.search.finish import Finisher
from eqdisc.search.front import ParetoFront
from eqdisc.search.polish import effort

#: What polishing a node takes (about a millisecond), in node evaluations that breeding makes on two cores
#: meanwhile.
POLISHING = 6e6
#: What a refit to every row takes for each node and row.
REFITTING = 300.0
#: Of the work of the search; what looking for exact laws may take, beyond what is free at its beginning.
SHARE = 0.02
FREE = 3e8
CLOSE = 1e-5  # of the target's spread; how near a law must be to be worth a look
CLOSE_TO_ROUNDING = 10.0  # times the resolution of the target; likewise
STEEPEST = 2  # laws after the steepest falls of the loss: where the form is found, the loss falls off
LARGE_ROWS = 1e-2  # of the target's size; how well a law must meet the rows that the loss sees


class Verifier:
    """Looks at new laws of a search, within a share of its work; what it answers depends on counts alone.

    work     : node evaluations spent
    verified : laws of the front that were looked at; they are not looked at again
    """

    def __init__(self, finisher: Finisher, problem: Problem) -> None:
        self._finisher = finisher
        self._problem = problem
        self._drowning = drowns_rows(problem.dataset)
        target, given = problem.train.target, problem.train.target_resolution
        with np.errstate(over="ignore"):  # the search refuses such a target
            spread, size, rounding = np.var(target), np.mean(target**2), np.mean(given**2)
        self._close = max(CLOSE**2 * float(spread), CLOSE_TO_ROUNDING**2 * float(rounding))
        self._large_rows = LARGE_ROWS**2 * float(size)
        self.work = 0.0
        self.verified: set[Candidate] = set()

    def exact_law(self, front: ParetoFront, fresh: Iterable[Candidate], searched: int) -> Candidate | None:
        """An exact law that the front holds in disguise, or that was proposed and has no place there.

        fresh    : what has just been proposed, whether it is on the front or not
        searched : node evaluations of the search so far
        """
        allowed = FREE + SHARE * searched
        return self._drowned(fresh, allowed) or self._disguised(front, allowed)

    def _disguised(self, front: ParetoFront, allowed: float) -> Candidate | None:
        self.verified.intersection_update(front)
        for law in self._promising(front.candidates):
            cost = POLISHING * effort(law.complexity, self._problem.train)
            if law in self.verified or self.work + cost > allowed:
                continue
            self.work += cost
            self.verified.add(law)
            polished = self._finisher.polished_law(law)
            if is_exact(polished.expression, self._problem.dataset):
                return polished
        return None

    def _promising(self, front: Sequence[Candidate]) -> list[Candidate]:
        """Precise laws after the steepest falls of the loss, the steepest first."""
        falls = {
            law: log(before.loss / law.loss) / (law.complexity - before.complexity) if law.loss > 0.0 else inf
            for before, law in pairwise(front)
            if law.loss <= self._close
        }
        return sorted(falls, key=lambda law: -falls[law])[:STEEPEST]

    def _drowned(self, fresh: Iterable[Candidate], allowed: float) -> Candidate | None:
        if not self._drowning:
            return None
        rows = min(ROWS, self._problem.train.n_rows)
        for law in sorted(fresh, key=lambda law: (law.complexity, law.loss)):
            cost = REFITTING * law.complexity * rows
            if law.loss > self._large_rows or self.work + cost > allowed:
                continue
            self.work += cost
            exact = self._finisher.exact_law(law)
            if exact is not None:
                return exact
        return None
