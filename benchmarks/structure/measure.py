"""How often the tests of structure err, and what structure earns: prints the tables of README.md.

python benchmarks/structure/measure.py dummies     # dummies taken for inputs, inputs taken for dummies
python benchmarks/structure/measure.py quiet       # structure seen where there is none
python benchmarks/structure/measure.py recovery    # laws found with and without structure
python benchmarks/structure/measure.py curves      # the same of laws linear in a function of one input
python benchmarks/structure/measure.py added       # the same of laws that a power of one input is added to
python benchmarks/structure/measure.py unshifted   # of these, with structure that sees no such power
"""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from unittest.mock import patch

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.structure.laws import ADDED, CURVED, LAWS, curved_table, shapeless, table
from eqdisc.data.dataset import Dataset
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.problem import Problem
from eqdisc.proposers.closed_form import ClosedForm
from eqdisc.proposers.structure import Structure
from eqdisc.proposers.structure import hypotheses as tests_of_structure
from eqdisc.proposers.structure.curving import curved_inputs
from eqdisc.proposers.structure.exchanging import exchanges
from eqdisc.proposers.structure.joining import joinings
from eqdisc.proposers.structure.periodic import periodic_inputs
from eqdisc.proposers.structure.polynomial import polynomial_inputs
from eqdisc.proposers.structure.scaling import scalings
from eqdisc.proposers.structure.separating import separations
from eqdisc.proposers.structure.shifting import shifts
from eqdisc.scoring.rounding import is_exact
from eqdisc.search.irrelevant import irrelevance
from eqdisc.search.proposer import Proposer
from eqdisc.search.view import View

ANGLES = frozenset({"sin", "cos"})


def dummies(names: Sequence[str], seeds: int) -> None:
    """Columns told wrongly, over all laws, by noise."""
    for noise in (0.0, 0.01, 0.1):
        wrong, lost, columns, inputs = 0, 0, 0, 0
        for name in names:
            for seed in range(seeds):
                data, added = table(name, 1000, 3, noise, seed)
                found = set(irrelevance(data).relevant)
                wrong += len(found & added)
                lost += data.n_features - len(added) - len(found - added)
                columns, inputs = columns + len(added), inputs + data.n_features - len(added)
        print(f"noise {noise:<5} dummies kept {wrong}/{columns}  inputs lost {lost}/{inputs}", flush=True)


def quiet(seeds: int) -> None:
    """Tests that see something in functions without structure."""
    for noise in (0.0, 0.01, 0.1):
        seen: Counter[str] = Counter()
        tables = 0
        for n_inputs in (2, 3, 4, 5):
            for seed in range(seeds):
                problem = Problem.of(
                    shapeless(n_inputs, 1000, noise, seed), OperatorSet.default(), 60, seed=0
                )
                rows = View.rows_of(problem.dataset)
                view = View.on(rows)
                tables += 1
                tests = {
                    "scaling": scalings(view),
                    "joining": joinings(view),
                    "shift": shifts(view),
                    "separation": separations(view, rows),
                    "periodic": periodic_inputs(view, ANGLES),
                    "polynomial": polynomial_inputs(view, rows),
                    "curve": curved_inputs(view, rows, problem),
                    "exchange": exchanges(view),
                }
                seen.update(name for name, found in tests.items() if found)
        print(f"noise {noise:<5} of {tables} tables:", dict(seen), flush=True)


def recovery(names: Sequence[str], noise: float = 0.0) -> None:
    """Exact laws of closed forms alone and behind structure, with 0 to 3 dummies in turn."""
    tables = ((name, *table(name, 2000, place % 4, noise)) for place, name in enumerate(names))
    _compared((f"{name:24} +{len(added)}", data) for name, data, added in tables)


def curves(names: Sequence[str]) -> None:
    """The same for laws that are linear in a function of one of their two inputs."""
    _compared((f"{name:24}", curved_table(name, 5000)) for name in names)


def _compared(tables: Iterable[tuple[str, Dataset]]) -> None:
    total: Counter[str] = Counter()
    for name, data in tables:
        problem = Problem.of(data, OperatorSet.default(), 60, seed=0)
        total["laws"] += 1
        line = []
        for strategy in (ClosedForm(), Structure((ClosedForm(),))):
            start = time.process_time()
            law = _solved(strategy, problem)
            seconds = time.process_time() - start
            total[strategy.name] += law is not None
            line.append(f"{strategy.name} {'yes' if law else 'no ':3} {seconds:5.1f} s")
        print(name, " ".join(line), f"{len(law):2} nodes  {str(law)[:80]}" if law else "", flush=True)
    print(dict(total))


def _solved(strategy: Proposer, problem: Problem) -> Expression | None:
    session = strategy.start(problem, np.random.SeedSequence(0), 1)
    session.prepare()
    while True:
        proposals = session.propose()
        exact = [law for law in proposals.expressions if is_exact(law, problem.train)]
        if exact or proposals.exhausted:
            return min(exact, key=len, default=None)


def main(arguments: Sequence[str]) -> None:
    """`what [first last]`: of the laws, by number; `what seeds` for the false positives."""
    what, *numbers = arguments
    bounds = [int(number) for number in numbers]
    with threadpool_limits(1, user_api="blas"):  # as a search has it
        if what == "dummies":
            dummies(list(LAWS), *(bounds or [2]))
        elif what == "quiet":
            quiet(*(bounds or [10]))
        elif what == "curves":
            curves(list(CURVED)[slice(*bounds)] if bounds else list(CURVED))
        elif what == "added":
            recovery(list(ADDED)[slice(*bounds)] if bounds else list(ADDED))
        elif what == "unshifted":
            with patch.object(tests_of_structure, "shifts", lambda view: []):
                recovery(list(ADDED)[slice(*bounds)] if bounds else list(ADDED))
        else:
            recovery(list(LAWS)[slice(*bounds)] if bounds else list(LAWS))


if __name__ == "__main__":
    main(sys.argv[1:])
