"""Everything the judge has to say of an answer, in one record."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.errors import InputError, TooDeep
from eqdisc.metrics.accuracy import Accuracy, accuracy, extrapolation_error, sympy_nodes, used_names
from eqdisc.metrics.edit_distance import distance_of_forms, normalized_edit_distance
from eqdisc.metrics.formulas import Formula, read_formula, read_pair
from eqdisc.metrics.points import Domain
from eqdisc.metrics.solution import PRECISION, TOLERANCE, UNDECIDED, Verdict, check_solution

TIME_LIMIT = 180.0
# Shares of the time that is left, so that an answer that drives SymPy mad cannot take it all for one figure.
_FOR_VERDICT, _LONGEST_VERDICT = 0.4, 20.0  # seconds
_FOR_NODES, _LONGEST_NODES = 0.2, 20.0
_FOR_FORMS, _LONGEST_FORMS = 0.3, 12.0
_LONGEST_NED = 120.0  # SRSD's own limit
_ROUNDINGS = 4.0  # half-units of the last digit that an answer may miss the target by


@dataclass(frozen=True)
class Score:
    """An answer judged.

    ned           : SRSD's normalised edit distance, 0 to 1; None where there is no truth
    ned_canonical : ours, 0 only for an answer that is mathematically equal; None likewise
    verdict       : see `Verdict`; with `solved`, `reason` and the rules of SRBench and FastSRB
    complexity    : nodes of the answer as SymPy holds it; None where SymPy does not read it in time
    complexity_of_truth : the same of the truth
    dummies       : names in the answer that the truth does not depend on
    accuracy      : on the test table; None without one
    extrapolation_error : normalised mean squared error outside the domain; None without one
    seconds       : that judging took
    """

    ned: float | None
    ned_canonical: float | None
    verdict: Verdict
    complexity: int | None
    complexity_of_truth: int | None
    dummies: tuple[str, ...]
    accuracy: Accuracy | None
    extrapolation_error: float | None
    seconds: float

    @property
    def solved(self) -> bool | None:
        """True, False, or None where it is undecided."""
        return self.verdict.solved

    def record(self) -> dict[str, Any]:
        """Plain data for JSON; numbers that are not finite are None."""
        values = self.accuracy
        numbers = {
            "ned": self.ned,
            "ned_canonical": self.ned_canonical,
            "r2": values.r2 if values else None,
            "nmse": values.nmse if values else None,
            "max_relative_error": values.max_relative_error if values else None,
            "mean_relative_error": values.mean_relative_error if values else None,
            "finite": values.finite if values else None,
            "extrapolation_error": self.extrapolation_error,
            "moved": self.verdict.moved,
            "judge_seconds": self.seconds,
        }
        return {
            "solved": self.solved,
            "verdict": self.verdict.verdict,
            "reason": self.verdict.reason,
            "proofs": list(self.verdict.proofs),
            "srbench": self.verdict.srbench,
            "fastsrb": self.verdict.fastsrb,
            "accurate": values.accurate if values else None,
            "complexity": self.complexity,
            "complexity_of_truth": self.complexity_of_truth,
            "dummies": list(self.dummies),
            **{key: _finite_or_none(value) for key, value in numbers.items()},
        }


def _finite_or_none(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def score(
    answer: str | None,
    truth: str | None,
    *,
    names: Sequence[str] | None = None,
    domain: Domain | None = None,
    test: Dataset | None = None,
    irrelevant: Sequence[str] = (),
    accepted: Sequence[str] = (),
    tolerance: float = TOLERANCE,
    time_limit: float = TIME_LIMIT,
) -> Score:
    """Judge one answer.

    answer, truth : formulas in the same names. None for an answer that never came; None for a truth that
                 nobody knows, and then only accuracy and complexity are told
    names      : of the inputs; those of `test`, else those of the domain and in the two formulas
    domain     : name -> (low, high), where inputs were sampled; see `check_solution`
    test       : rows the answer is tried on; its inputs are looked at by the proof too
    irrelevant : inputs that the truth does not depend on, beside those that are not in it
    accepted   : further forms that FastSRB's rule accepts
    time_limit : seconds for all; at most 20 for the verdict, 12 for the canonical distance, 120 for SRSD's

    ParseError for what cannot be read, InputError for names that have nothing in common.

    >>> judged = score("x*(1 + y)", "x + x*y", domain={"x": (1, 5), "y": (1, 5)})
    >>> judged.solved, judged.ned_canonical, judged.verdict.verdict
    (True, 0.0, 'equal')
    """
    start = time.monotonic()

    def left(share: float, longest: float) -> float:
        return min(share * max(0.0, start + time_limit - time.monotonic()), longest)

    if names is None and test is not None:
        names = test.feature_names
    if names is not None and domain is not None:
        domain = {name: limits for name, limits in domain.items() if name in names}
    if answer is None:
        return _missing(truth, names, start)
    if truth is None:
        return _without_truth(answer, names, test, time_limit, start)
    try:
        given, true = read_pair(answer, truth, names, domain or ())
    except TooDeep as error:
        return _unread(str(error), start)
    data = None if test is None else _columns(test, true.names)
    precision = PRECISION
    if test is not None:
        precision = max(PRECISION, _ROUNDINGS * _relative_resolution(test))
    verdict = check_solution(
        answer,
        truth,
        names=true.names,
        domain=domain,
        data=data,
        accepted=accepted,
        tolerance=tolerance,
        precision=precision,
        time_limit=left(_FOR_VERDICT, _LONGEST_VERDICT),
    )
    complexity, complexity_of_truth = (
        sympy_nodes(text, true.names, time_limit=left(_FOR_NODES, _LONGEST_NODES)) for text in (answer, truth)
    )
    canonical = distance_of_forms(given, true, verdict, domain, left(_FOR_FORMS, _LONGEST_FORMS))
    return Score(
        ned=normalized_edit_distance(answer, truth, names=true.names, time_limit=left(1.0, _LONGEST_NED)),
        ned_canonical=canonical,
        verdict=verdict,
        complexity=complexity,
        complexity_of_truth=complexity_of_truth,
        dummies=_dummies(given, true, irrelevant),
        accuracy=_accuracy(given, test),
        extrapolation_error=extrapolation_error(given, true, domain) if domain else None,
        seconds=time.monotonic() - start,
    )


def _accuracy(given: Formula, test: Dataset | None) -> Accuracy | None:
    if test is None:
        return None
    return accuracy(test.target, evaluate(given.tree, _columns(test, given.names)))


def _dummies(given: Formula, true: Formula, irrelevant: Sequence[str]) -> tuple[str, ...]:
    relevant = {*used_names(true.tree, true.names)} - {*irrelevant}
    return tuple(name for name in used_names(given.tree, given.names) if name not in relevant)


def _columns(test: Dataset, names: Sequence[str]) -> FloatArray:
    missing = [name for name in names if name not in test.feature_names]
    if missing:
        known = ", ".join(test.feature_names)
        raise InputError(f"the table has no column {', '.join(missing)}; it has {known}")
    return np.ascontiguousarray(test.features[:, [test.feature_names.index(name) for name in names]])


def _relative_resolution(test: Dataset) -> float:
    nonzero = test.target != 0.0
    if not nonzero.any():
        return 0.0
    return float(np.median(test.target_resolution[nonzero] / np.abs(test.target[nonzero])))


def _missing(truth: str | None, names: Sequence[str] | None, start: float) -> Score:
    nodes = None if truth is None else sympy_nodes(truth, names)
    verdict = Verdict("different", "there is no answer", srbench=False, fastsrb=False)
    return Score(1.0, 1.0, verdict, None, nodes, (), None, None, time.monotonic() - start)


def _without_truth(
    answer: str, names: Sequence[str] | None, test: Dataset | None, time_limit: float, start: float
) -> Score:
    verdict = Verdict(UNDECIDED, "no law is known to judge by")
    values = None
    if test is not None:
        values = _accuracy(read_formula(answer, test.feature_names), test)
    nodes = sympy_nodes(answer, names, time_limit=time_limit)
    return Score(None, None, verdict, nodes, None, (), values, None, time.monotonic() - start)


def _unread(reason: str, start: float) -> Score:
    verdict = Verdict(UNDECIDED, reason)
    return Score(1.0, 1.0, verdict, None, None, (), None, None, time.monotonic() - start)
