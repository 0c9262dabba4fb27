"""Which laws with pieces are found: prints the table of README.md.

python -m benchmarks.regimes.measure fresh          # laws written when the strategy was done
python -m benchmarks.regimes.measure known 0.01     # those it was developed with, with noise of 1 %
"""

import sys
import time
from collections.abc import Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.regimes.laws import FRESH, KNOWN, OPERATORS, table
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.problem import Problem
from eqdisc.proposers.closed_form import ClosedForm
from eqdisc.proposers.regimes import Regimes
from eqdisc.scoring.rounding import is_exact

EPOCHS = 4
ROWS = 2000


def measure(names: Sequence[str], noise: float) -> None:
    """One line a law: exact or not, what held-out rows are missed by, processor seconds."""
    found = 0
    print("| law | exact | missed, of the deviation | s | expression |\n| --- | --- | --- | --- | --- |")
    for name in names:
        problem = Problem.of(table(name, ROWS, noise), OperatorSet.parse(OPERATORS), 60, seed=0)
        start = time.process_time()
        law, exact = _found(problem)
        seconds = time.process_time() - start
        found += exact
        missed = "" if law is None else f"{_missed(law, problem):.2g}"
        print(
            f"| {name} | {'yes' if exact else 'no'} | {missed} | {seconds:.1f} | `{law or ''}` |", flush=True
        )
    print(f"\n{found} of {len(names)} exact")


def _found(problem: Problem) -> tuple[Expression | None, bool]:
    session = Regimes((ClosedForm(),)).start(problem, np.random.SeedSequence(0), 1)
    laws: list[Expression] = []
    for _ in range(EPOCHS):
        proposals = session.propose()
        laws += proposals.expressions
        exact = [law for law in laws if is_exact(law, problem.train)]
        if exact:
            return min(exact, key=len), True
        if proposals.exhausted:
            break
    return min(laws, key=lambda law: _missed(law, problem), default=None), False


def _missed(law: Expression, problem: Problem) -> float:
    assert problem.heldout is not None
    rest = evaluate(law, problem.heldout.features) - problem.heldout.target
    return float(np.sqrt(np.mean(rest**2)) / np.std(problem.heldout.target))


def main(arguments: Sequence[str]) -> None:
    """`fresh` or `known`, then the noise in units of the target's deviation."""
    laws = {"fresh": FRESH, "known": KNOWN}[arguments[0]]
    with threadpool_limits(1, user_api="blas"):
        measure(list(laws), float(arguments[1]) if len(arguments) > 1 else 0.0)


if __name__ == "__main__":
    main(sys.argv[1:])
