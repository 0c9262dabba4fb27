"""What the rules of SRBench and FastSRB say of an answer."""

import time
from collections.abc import Sequence

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.metrics.fastsrb import ACCEPTED_ERROR, is_accepted
from eqdisc.metrics.formulas import Formula
from eqdisc.metrics.points import Domain, draw_points
from eqdisc.metrics.worker import Failed, ask
from eqdisc.scoring.loss import r_squared

_DRAWN = 200  # points, where there are no data
_SRBENCH_R2 = 0.5
SMALLEST = float(np.finfo(np.float64).tiny)  # numbers below it have lost digits


def values(
    given: Formula, true: Formula, domain: Domain, rows: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """(m, 2) truth and answer, in double precision, on the data or where there are none on points drawn."""
    if not len(rows):
        draws = draw_points(true.names, domain, (), rng)
        rows = np.array([next(draws) for _ in range(_DRAWN)], dtype=np.float64).reshape(_DRAWN, -1)
    table = np.column_stack([evaluate(true.tree, rows), evaluate(given.tree, rows)])
    return table[np.isfinite(table[:, 0])]


def srbench_rule(given: Formula, true: Formula, table: FloatArray, deadline: float) -> bool | None:
    """SRBench's rule, asked only if R2 is above 0.5, as there."""
    if not given.tree.features or not np.isfinite(table).all():
        return False
    if len(table):
        scaled = table / (float(np.abs(table).max()) or 1.0)
        if true.tree.features and not r_squared(scaled[:, 0], scaled[:, 1]) > _SRBENCH_R2:
            return False
    try:
        answer: bool = ask(
            "srbench",
            max(0.5 * (deadline - time.monotonic()), 0.0),
            answer=given.sympy_text,
            truth=true.sympy_text,
            symbols=true.symbols,
        )
    except Failed:
        return None
    return answer


def fastsrb_rule(
    given: Formula, true: Formula, table: FloatArray, accepted: Sequence[str], deadline: float
) -> bool | None:
    """FastSRB's rule: largest relative error below 1e-8, and one of the accepted forms at five digits,
    as it is written or simplified."""
    table = table[(np.abs(table[:, 0]) >= SMALLEST) | (table[:, 0] == 0.0)]
    with np.errstate(all="ignore"):
        errors = np.where(table[:, 0] == table[:, 1], 0.0, np.abs(table[:, 1] / table[:, 0] - 1.0))
    if not (errors < ACCEPTED_ERROR).all():
        return False
    if is_accepted(given.text, accepted):
        return True
    try:
        ours, theirs = (
            ask(
                "simplified",
                max(0.5 * (deadline - time.monotonic()), 0.0),
                text=formula.sympy_text,
                symbols=true.symbols,
            )
            for formula in (given, true)
        )
    except Failed:
        return None
    return any(is_accepted(form, [*accepted, *theirs]) for form in ours)
