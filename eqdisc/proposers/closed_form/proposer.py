"""ClosedForm: laws that need no search, in milliseconds."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.problem import Problem
from eqdisc.proposers.closed_form.products import power_laws, products
from eqdisc.proposers.closed_form.rational import rational_functions
from eqdisc.proposers.closed_form.shapes import shapes, transformed_shapes
from eqdisc.proposers.closed_form.sums import polynomials, sums, transformed_sums
from eqdisc.proposers.closed_form.table import Table
from eqdisc.proposers.closed_form.waves import plane_waves
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.description import describe
from eqdisc.scoring.rounding import is_exact
from eqdisc.search.carry_units import carrying_units
from eqdisc.search.optimum import optimum
from eqdisc.search.proposer import INTERPRETED, Proposals, State

Family = Callable[[Table], Iterator[Expression]]
# From what says most with least to what is tried last; the first family with a short exact law ends the work.
FAMILIES: tuple[Family, ...] = (
    power_laws,
    polynomials,
    shapes,
    sums,
    products,
    rational_functions,
    plane_waves,
    transformed_sums,
    transformed_shapes,
)

SHORT = 16  # nodes; a longer law can be exact on coarse numbers and still not be the shortest


@dataclass(frozen=True)
class ClosedForm:
    """Propose once, after linear algebra only: power laws, polynomials, shapes, sparse sums, products,
    rational functions, plane waves.

    max_rows      : rows that structures are selected on; constants are fitted to all training rows
    max_variables : inputs that enter products of different inputs, those most related to the target
    max_terms     : columns of the largest library
    max_proposals : laws proposed at most, of different sizes, the most convincing first

    >>> ClosedForm().name
    'closed_form'
    """

    max_rows: int = 400
    max_variables: int = 5
    max_terms: int = 300
    max_proposals: int = 12
    name: str = "closed_form"

    def start(self, problem: Problem, seed: np.random.SeedSequence, threads: int) -> "ClosedFormSession":
        """A session that proposes all in its only epoch; needs neither randomness nor threads."""
        return ClosedFormSession(self, problem)


class ClosedFormSession:
    """One run of `ClosedForm`: exhausted after one epoch."""

    def __init__(self, settings: ClosedForm, problem: Problem) -> None:
        self._settings = settings
        self._problem = problem
        self._evaluations = 0
        self._node_evaluations = 0
        self._exhausted = False

    def prepare(self) -> float:
        """Nothing to compile."""
        return 0.0

    def observe(self, front: Sequence[Candidate], elites: Sequence[Candidate] = ()) -> None:
        """A closed form does not change with what others find."""

    def propose(self) -> Proposals:
        """Every closed form worth a look; then nothing more."""
        self._evaluations = self._node_evaluations = 0
        laws = () if self._exhausted else self._laws()
        self._exhausted = True
        return Proposals(laws, self._evaluations, self._node_evaluations, exhausted=True)

    def state(self) -> State:
        """Whether all has been proposed."""
        return {"exhausted": self._exhausted}

    def restore(self, state: State) -> None:
        """Go on from where `state` was taken."""
        self._exhausted = bool(state["exhausted"])

    def _laws(self) -> tuple[Expression, ...]:
        settings, train = self._settings, self._problem.train
        table = Table.of(self._problem, settings.max_rows, settings.max_variables, settings.max_terms)
        rows = table.rows
        found: dict[Expression, float] = {}
        for family in FAMILIES:
            fresh = self._fitted(_front(self._measured(family(table), rows)), rows)
            found.update(fresh)
            if any(self._is_short(law) and is_exact(law, rows) for law in fresh):
                break
        chosen = sorted(_front(found), key=lambda law: describe(law, rows, train.n_rows).bits)
        return tuple(optimum(law, train).expression for law in chosen[: settings.max_proposals])

    def _is_short(self, law: Expression) -> bool:
        """Whether an exact law is so short that no other one is looked for: a polynomial with many constants
        is also what a smooth function of little range looks like."""
        return law.size <= SHORT and len(law.constants) <= self._problem.train.n_features + 1

    def _measured(self, laws: Iterable[Expression], rows: Dataset) -> dict[Expression, float]:
        """The laws that the problem admits and that are finite, with their mean square residuals."""
        measured: dict[Expression, float] = {}
        for proposed in laws:
            law = carrying_units(proposed, self._problem.units)
            if law is not None and self._problem.admits(law) and law not in measured:
                self._evaluations += 1
                self._node_evaluations += INTERPRETED * law.size * rows.n_rows
                loss = float(np.mean((rows.target - evaluate(law, rows.features)) ** 2))
                if np.isfinite(loss):
                    measured[law] = loss
        return measured

    def _fitted(self, laws: Iterable[Expression], rows: Dataset) -> dict[Expression, float]:
        """The laws with constants fitted to the target itself, whatever they were selected for."""
        found = [optimum(law, rows) for law in laws]
        return {
            fit.expression: fit.mean_square
            for fit in found
            if np.isfinite(fit.mean_square) and self._problem.admits(fit.expression)
        }


def _front(measured: dict[Expression, float]) -> list[Expression]:
    """The laws that no smaller or equally small one beats, smallest first."""
    front: list[Expression] = []
    least = float("inf")
    for law, loss in sorted(measured.items(), key=lambda pair: (pair[0].size, pair[1])):
        if loss < least:
            front.append(law)
            least = loss
    return front
