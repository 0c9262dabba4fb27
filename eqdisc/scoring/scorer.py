"""Confirms what strategies propose: what is reported is what was evaluated."""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.problem import Problem
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.complexity import complexity
from eqdisc.scoring.loss import mean_squared_error


@dataclass(frozen=True)
class Scorer:
    """Scores expressions on every row of a problem, with the reference evaluator and in the user's units."""

    problem: Problem

    def score(self, expression: Expression, found_by: str) -> Candidate | None:
        """The candidate made of the expression; None where a value or the loss is not finite on some row.

        Held-out rows count for that too: a law that breaks on a quarter of the table is no law of it.
        """
        loss = _loss(expression, self.problem.train)
        if loss is None:
            return None
        heldout_loss = None
        if self.problem.heldout is not None:
            heldout_loss = _loss(expression, self.problem.heldout)
            if heldout_loss is None:
                return None
        return Candidate(expression, loss, heldout_loss, complexity(expression), found_by)

    def residual(self, expression: Expression) -> float:
        """Root mean square residual over all rows alike, weights left out, in units of the target."""
        dataset = self.problem.dataset
        return float(np.sqrt(mean_squared_error(dataset.target, evaluate(expression, dataset.features))))


def _loss(expression: Expression, dataset: Dataset) -> float | None:
    loss = mean_squared_error(dataset.target, evaluate(expression, dataset.features), dataset.weights)
    return loss if isfinite(loss) else None
