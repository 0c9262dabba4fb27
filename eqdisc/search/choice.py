"""Which law of the front to believe, and why, in a sentence for the person who asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.data.split import cross_validation_folds
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.problem import Problem
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.description import Description, describe, fixed_constants
from eqdisc.scoring.rounding import is_exact, rounding_floor
from eqdisc.search.optimum import optimum
from eqdisc.search.sample import sample

SAMPLE_ROWS = 4000
MAX_FOLDS = 20  # every row is a fold of its own in a table of at most so many
STANDARD_ERRORS = 2.0


@dataclass(frozen=True)
class Choice:
    """The law to believe, and the reason as a sentence."""

    candidate: Candidate
    reason: str


@dataclass(frozen=True)
class _Judged:
    """A candidate with what speaks for it: errors (rows judged,) squared and weighted, and its length in bits."""

    candidate: Candidate
    errors: FloatArray
    bits: float

    @property
    def rms(self) -> float:
        return sqrt(float(np.mean(self.errors)))


def choose(front: Sequence[Candidate], problem: Problem) -> Choice:
    """The law of a front to believe.

    An exact law wins, the shortest if there are several. Otherwise laws that err more than the best one on rows
    they were not fitted to, beyond chance (two standard errors of the paired difference), are left out, and of the
    others the one with the shortest description is taken (`eqdisc.scoring.description`). The rows that judge are
    those held out; in a table too small to hold any out every row judges in turn, after a fit to the others, and
    these errors also count in the description. Deterministic. LookupError for an empty front.

    >>> from eqdisc.expr.operators import OperatorSet
    >>> from eqdisc.expr.parse import parse
    >>> from eqdisc.scoring.scorer import Scorer
    >>> x = np.linspace(1, 2, 20)
    >>> problem = Problem.of(Dataset.of(x[:, None], 3 * x, names=["x"]), OperatorSet.of("add", "mul"), 20, seed=0)
    >>> laws = [Scorer(problem).score(parse(text, ["x"]), "example") for text in ("4.5", "3*x", "3*x + 0*x*x")]
    >>> choose(laws, problem).candidate.complexity
    3
    """
    if not front:
        raise LookupError("the front is empty, there is nothing to choose from")
    table = sample(problem.dataset, SAMPLE_ROWS)
    described = [(candidate, describe(candidate.expression, table, problem.dataset.n_rows)) for candidate in front]
    exact = [pair for pair in described if is_exact(pair[0].expression, problem.dataset)]
    if exact:
        candidate = min(exact, key=_length)[0]
        return Choice(candidate, _exact_reason(candidate, problem.dataset))
    judged = [_judge(candidate, description, problem) for candidate, description in described]
    best = min(judged, key=lambda j: (j.rms, j.candidate.complexity))
    chosen = min((j for j in judged if not _is_worse(j, best)), key=lambda j: (j.bits, j.candidate.complexity))
    return Choice(chosen.candidate, _reason(chosen, best, problem))


def _length(pair: tuple[Candidate, Description]) -> tuple[float, int]:
    return pair[1].law_bits, pair[0].complexity


def _judge(candidate: Candidate, description: Description, problem: Problem) -> _Judged:
    if problem.heldout is not None:
        return _Judged(candidate, _squares(candidate.expression, problem.heldout), description.bits)
    errors = _crossed_errors(candidate.expression, problem.dataset)
    return _Judged(candidate, errors, replace(description, mean_square=float(np.mean(errors))).bits)


def _crossed_errors(expression: Expression, dataset: Dataset) -> FloatArray:
    """(n,) weighted squared errors of each row, predicted after a fit to rows without it; rounded constants stay."""
    free = ~fixed_constants(expression)
    errors = np.empty(dataset.n_rows)
    for fit_rows, judge_rows in cross_validation_folds(dataset.n_rows, min(dataset.n_rows, MAX_FOLDS), seed=0):
        fitted = optimum(expression, dataset.take(fit_rows), free).expression
        errors[judge_rows] = _squares(fitted, dataset.take(judge_rows))
    return errors


def _squares(expression: Expression, dataset: Dataset) -> FloatArray:
    """(n,) weighted squared residuals; infinite where the value is not finite."""
    squares = (dataset.target - evaluate(expression, dataset.features)) ** 2
    if dataset.weights is not None:
        squares = squares * dataset.weights / np.mean(dataset.weights)
    return np.where(np.isfinite(squares), squares, np.inf)


def _is_worse(judged: _Judged, best: _Judged) -> bool:
    """Whether the errors are larger than those of the best beyond chance."""
    if judged is best:
        return False
    difference = judged.errors - best.errors
    if not np.isfinite(difference).all():
        return True
    standard_error = float(np.std(difference)) / sqrt(max(1, difference.size - 1))
    return float(np.mean(difference)) > STANDARD_ERRORS * standard_error


def _exact_reason(candidate: Candidate, dataset: Dataset) -> str:
    residual = sqrt(float(np.mean((dataset.target - evaluate(candidate.expression, dataset.features)) ** 2)))
    floor = rounding_floor(candidate.expression, dataset)
    return f"it is exact: it misses the table by {residual:.2g}, the rounding of the numbers alone explains {floor:.2g}"


def _reason(chosen: _Judged, best: _Judged, problem: Problem) -> str:
    rows = "the rows held out" if problem.heldout is not None else "rows left out of its fit"
    if chosen is best:
        return f"it errs least on {rows} ({chosen.rms:.3g}) of all laws found"
    return (
        f"it is the shortest description of the table: on {rows} it errs by {chosen.rms:.3g}, not beyond chance more "
        f"than the best law found ({best.rms:.3g} with {best.candidate.complexity} nodes)"
    )
