"""Which law of the front to believe, and why, in a sentence for the person who asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log2, sqrt

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.canonical import skeleton
from eqdisc.expr.expression import Expression
from eqdisc.expr.simplify import simplify
from eqdisc.problem import Problem
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.description import LAST_DIGITS, describe, nice_numbers
from eqdisc.scoring.rounding import RMS_FACTOR, is_exact, rounding_floor, row_floors
from eqdisc.search.optimum import optimum, orthonormal_basis
from eqdisc.search.same_law import between_rows, is_same_law
from eqdisc.search.sample import sample

SAMPLE_ROWS = 4000
LEAST_REST = 1e-9  # of a row that the constants do not meet by themselves
STANDARD_ERRORS = 2.0
ODDS_BITS = 5.0  # 32 to 1 against a law
#: Descriptions that differ by less are equally short: how a law is spelled makes as much of a difference. Of
#: the six rows of DanWood T**3 (R2 0.77) is told in 0.3 bits less than 0.72*T**4 (R2 0.998).
TIE_BITS = 1.0
PLAIN_BITS = 5.0


@dataclass(frozen=True)
class Choice:
    """The law to believe, and what there is to say for and against it.

    candidate : the law
    reason    : why this one, as a sentence
    exact     : whether it misses the table by no more than rounding
    rivals    : laws of another form on the front that the table cannot tell from it, shortest description
                first
    """

    candidate: Candidate
    reason: str
    exact: bool = False
    rivals: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class _Judged:
    """A candidate, its squared and weighted errors on the rows that judge, the bits of law and residuals."""

    candidate: Candidate
    errors: FloatArray
    law_bits: float
    residual_bits: float
    exact: bool

    @property
    def bits(self) -> float:
        return self.law_bits + self.residual_bits

    @property
    def rms(self) -> float:
        return sqrt(float(np.mean(self.errors)))


def choose(front: Sequence[Candidate], problem: Problem) -> Choice:
    """The law of a front to believe: the one with the shortest description (`eqdisc.scoring.description`),
    of equally short ones that which errs least.

    Exact laws need no bits for their residuals beyond those of the table's rounding; so on clean data the
    shortest exact law wins, and on coarse numbers a long formula that happens to meet them all does not.
    Where rows are held out, laws that err more on them than the best one, beyond chance (two standard errors
    of the paired difference), are left out first. In a table too small to hold any out every row is predicted
    in turn after a fit to the others, and the description counts these errors. Errors may be of equal size or
    in proportion to the target, whichever describes them in fewer bits. Deterministic. LookupError for an
    empty front.

    Rivals of a law are those that err no more than it on the rows that judge, beyond chance (the same two
    standard errors), and differ from it in more than constants; of an exact law, the other exact ones of the
    front given (a search leaves one on it, that with the shortest description).

    >>> from eqdisc.expr.operators import OperatorSet
    >>> from eqdisc.expr.parse import parse
    >>> from eqdisc.scoring.scorer import Scorer
    >>> x = np.linspace(1, 2, 20)
    >>> table = Dataset.of(x[:, None], 3 * x, names=["x"])
    >>> problem = Problem.of(table, OperatorSet.of("add", "mul"), 20, seed=0)
    >>> trees = [parse(text, ["x"]) for text in ("4.5", "3*x", "3*x + 0*x*x")]
    >>> laws = [Scorer(problem).score(tree, "example") for tree in trees]
    >>> choice = choose(laws, problem)
    >>> choice.candidate.complexity, choice.exact
    (3, True)
    """
    if not front:
        raise LookupError("the front is empty, there is nothing to choose from")
    judged = _judge(front, problem)
    best = min(judged, key=lambda j: (j.rms, j.candidate.complexity))
    likely = judged if problem.heldout is None else [j for j in judged if j.exact or not _is_worse(j, best)]
    shortest = min(j.bits for j in likely)
    chosen = min(
        (j for j in likely if j.bits <= shortest + TIE_BITS),
        key=lambda j: (j.residual_bits, j.bits, j.candidate.complexity),
    )
    reason = _exact_reason(chosen, problem.dataset) if chosen.exact else _reason(chosen, best, problem)
    return Choice(chosen.candidate, reason, chosen.exact, _rivals(chosen, judged, problem))


def _rivals(chosen: _Judged, judged: Sequence[_Judged], problem: Problem) -> tuple[Candidate, ...]:
    scale, points = _error_scale(chosen, problem), between_rows(problem.dataset)
    law = chosen.candidate.expression
    forms = {skeleton(simplify(law))}
    rivals: list[Candidate] = []
    for other in sorted(judged, key=lambda j: (j.bits, j.candidate.complexity, j.candidate.loss)):
        form = skeleton(simplify(other.candidate.expression))
        alike = other.exact if chosen.exact else _is_as_good(other, chosen, scale)
        if alike and form not in forms and not is_same_law(law, other.candidate.expression, points):
            forms.add(form)
            rivals.append(other.candidate)
    return tuple(rivals)


def _is_as_good(judged: _Judged, chosen: _Judged, scale: FloatArray) -> bool:
    """Whether the errors are not larger than those of the chosen law, by either of two tests: the paired
    difference, which one large row can blur, and the odds that the residuals give."""
    likely = judged.residual_bits - chosen.residual_bits <= ODDS_BITS
    return likely and not _is_worse(judged, chosen, scale)


def _error_scale(chosen: _Judged, problem: Problem) -> FloatArray:
    """(n,) what squared errors of the rows that judge are measured by: 1, or the squared target."""
    judge = sample(problem.dataset, SAMPLE_ROWS) if problem.heldout is None else problem.heldout
    equal, in_proportion = _residual_bits_both(chosen.errors, judge.target)
    return judge.target**2 if in_proportion < equal else np.ones(judge.n_rows)


def _judge(front: Sequence[Candidate], problem: Problem) -> list[_Judged]:
    table = sample(problem.dataset, SAMPLE_ROWS)
    exact = [is_exact(candidate.expression, problem.dataset) for candidate in front]
    floors = [
        np.nan_to_num((RMS_FACTOR * row_floors(candidate.expression, table)) ** 2) for candidate in front
    ]
    # The residuals of exact laws are rounding, which is no merit of the one that meets more of it.
    rounding = min(
        (f for f, met in zip(floors, exact, strict=True) if met), key=np.mean, default=np.zeros(table.n_rows)
    )
    judged: list[_Judged] = []
    for candidate, met, floor in zip(front, exact, floors, strict=True):
        if problem.heldout is not None:
            errors, residuals = (
                _squares(candidate.expression, problem.heldout),
                _squares(candidate.expression, table),
            )
        else:
            errors = residuals = _crossed_errors(candidate.expression, table)
        residuals = rounding if met else np.maximum(residuals, floor)
        law_bits = describe(candidate.expression, table, problem.dataset.n_rows).law_bits
        residual_bits = _residual_bits(residuals, table.target) * problem.dataset.n_rows / table.n_rows
        judged.append(_Judged(candidate, errors, law_bits, residual_bits, met))
    return judged


def _residual_bits(squares: FloatArray, target: FloatArray) -> float:
    """Bits of residuals, under errors of equal size or errors in proportion to the target, whichever are
    fewer.

    Measurements over several powers of ten mostly err in proportion; judged by absolute errors the few
    largest rows would decide alone.
    """
    return min(_residual_bits_both(squares, target))


def _residual_bits_both(squares: FloatArray, target: FloatArray) -> tuple[float, float]:
    """Bits under errors of equal size, and under errors in proportion to the target."""
    if not np.isfinite(squares).all():
        return inf, inf
    least = np.finfo(float).tiny
    equal = 0.5 * squares.size * log2(max(float(np.mean(squares)), least))
    if np.any(target == 0.0):
        return equal, inf
    proportion = max(float(np.mean(squares / target**2)), least)
    return equal, 0.5 * squares.size * log2(proportion) + float(np.sum(np.log2(np.abs(target))))


def _crossed_errors(expression: Expression, dataset: Dataset) -> FloatArray:
    """(n,) weighted squared errors of rows predicted after a fit to the others; plain numbers stay.

    Nobody refits: a residual grows by 1/(1 - h) with h the leverage of its row (Allen 1974; to first order
    where a constant acts nonlinearly).
    """
    free = np.array([not _is_plain(float(value)) for value in expression.constants], dtype=bool)
    fitted = optimum(expression, dataset, free)
    basis = orthonormal_basis(fitted.jacobian[:, free])
    rest = 1.0 - np.sum(basis**2, axis=1)
    with np.errstate(all="ignore"):
        errors = (fitted.residual / rest) ** 2
    return np.where(np.isfinite(errors) & (rest > LEAST_REST), errors, np.inf)


def _is_plain(value: float) -> bool:
    """Whether a constant is so short that nobody would take it for fitted: 2, -1, 1/2."""
    short = nice_numbers(value, LAST_DIGITS * abs(value))
    return bool(short) and short[0].bits <= PLAIN_BITS


def _squares(expression: Expression, dataset: Dataset) -> FloatArray:
    """(n,) weighted squared residuals; infinite where the value is not finite."""
    squares = (dataset.target - evaluate(expression, dataset.features)) ** 2
    if dataset.weights is not None:
        squares = squares * dataset.weights / np.mean(dataset.weights)
    return np.where(np.isfinite(squares), squares, np.inf)


def _is_worse(judged: _Judged, best: _Judged, scale: FloatArray | float = 1.0) -> bool:
    """Whether the errors, in units of the scale, are larger than those of the best beyond chance."""
    if judged is best:
        return False
    with np.errstate(invalid="ignore"):
        difference = (judged.errors - best.errors) / scale
    if not np.isfinite(difference).all():
        return True
    standard_error = float(np.std(difference)) / sqrt(max(1, difference.size - 1))
    return float(np.mean(difference)) > STANDARD_ERRORS * standard_error


def _exact_reason(chosen: _Judged, dataset: Dataset) -> str:
    expression = chosen.candidate.expression
    residual = sqrt(float(np.mean((dataset.target - evaluate(expression, dataset.features)) ** 2)))
    floor = rounding_floor(expression, dataset)
    return f"it is exact: it misses the table by {residual:.2g}, rounding alone explains {floor:.2g}"


def _reason(chosen: _Judged, best: _Judged, problem: Problem) -> str:
    rows = "the rows held out" if problem.heldout is not None else "rows left out of its fit"
    if chosen is best:
        return f"it errs least on {rows} ({chosen.rms:.3g}) of all laws found"
    return (
        f"it is the shortest description of the table; on {rows} it errs by {chosen.rms:.3g}, "
        f"the law that errs least by {best.rms:.3g} but with {best.candidate.complexity} nodes"
    )
