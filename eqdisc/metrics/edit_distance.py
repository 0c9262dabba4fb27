"""Normalised edit distance between an answer and the truth: as SRSD defines it, and on canonical forms."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from eqdisc.errors import TooDeep
from eqdisc.metrics.formulas import Formula, read_pair
from eqdisc.metrics.points import Domain
from eqdisc.metrics.solution import EQUAL, TOLERANCE, Verdict, check_solution
from eqdisc.metrics.worker import Failed, ask

if TYPE_CHECKING:
    import sympy

_FULL_LIMIT = 8.0  # seconds for all forms of the answer
_QUICK_LIMIT = 4.0  # seconds for the forms that are quickly made, where the others take too long


def normalized_edit_distance(
    answer: "str | sympy.Basic",
    truth: "str | sympy.Basic",
    *,
    names: Sequence[str] | None = None,
    time_limit: float = 120.0,
) -> float:
    """SRSD's NED: 0 for the same tree, 1 for one that has nothing in common with it.

    min(d, n) / n, where d is the edit distance of the two trees and n the number of nodes of the truth's,
    both after SRSD's chain of SymPy rewritings; numbers are all alike there. 1 where the chain fails or takes
    more than `time_limit` seconds. ParseError for what cannot be read.

    Y. Matsubara, N. Chiba, R. Igarashi, Y. Ushiku, Rethinking symbolic regression datasets and benchmarks for
    scientific discovery, DMLR 2024, arXiv 2206.10540.

    >>> normalized_edit_distance("3.5*x0**2", "x0**2/2")
    0.0
    >>> normalized_edit_distance("x0", "x0 + x1")
    0.6666666666666666
    """
    try:
        given, true = read_pair(answer, truth, names)
        distance: float = ask(
            "srsd", time_limit, answer=given.sympy_text, truth=true.sympy_text, symbols=true.symbols
        )
    except (Failed, TooDeep):
        return 1.0
    return distance


def canonical_edit_distance(
    answer: "str | sympy.Basic",
    truth: "str | sympy.Basic",
    *,
    names: Sequence[str] | None = None,
    domain: Domain | None = None,
    tolerance: float = TOLERANCE,
    time_limit: float = 30.0,
) -> float:
    """NED in which mathematically equal answers are at 0, and no others.

    An answer that `check_solution` finds equal has the canonical form of the truth, and one that is equal up
    to a constant is at most two edits away, an operator and a number. Of others the smallest normalised
    distance between a form of the answer (as given, expanded, factored, joined, simplified) and a form of the
    truth is taken, and at least one edit; numbers count by their value. 1 where SymPy makes no forms within
    `time_limit` seconds.

    >>> canonical_edit_distance("x0*x0 + 2*x0*x1 + x1**2", "(x0 + x1)**2")
    0.0
    """
    deadline = time.monotonic() + time_limit
    try:
        given, true = read_pair(answer, truth, names, domain or ())
    except TooDeep:
        return 1.0
    verdict = check_solution(
        answer,
        truth,
        names=true.names,
        domain=domain,
        tolerance=tolerance,
        time_limit=time_limit,
        peers=False,
    )
    return distance_of_forms(given, true, verdict, domain, deadline - time.monotonic())


def distance_of_forms(
    given: Formula, true: Formula, verdict: Verdict, domain: Domain | None, time_limit: float
) -> float:
    """Our distance of an answer on which there is a verdict already."""
    if verdict.verdict == EQUAL:
        return 0.0
    positive = all(low >= 0.0 for low, _ in (domain or {}).values())
    distance = 1.0
    for quick, limit in ((False, min(_FULL_LIMIT, time_limit)), (True, min(_QUICK_LIMIT, time_limit))):
        try:
            distance = ask(
                "closest_forms",
                limit,
                answer=given.sympy_text,
                truth=true.sympy_text,
                symbols=true.symbols,
                positive=positive,
                quick=quick,
            )
            break
        except Failed:
            continue
    one_edit = 1.0 / max(true.tree.size, 1)
    if verdict.solved:
        distance = min(distance, 2.0 * one_edit)
    return max(distance, one_edit) if verdict.solved is not None else distance
