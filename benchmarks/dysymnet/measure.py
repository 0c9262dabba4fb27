"""What networks cost and find.

    python benchmarks/dysymnet/measure.py speed
    python benchmarks/dysymnet/measure.py inputs

`speed` counts the structures that one thread wires, fits and prunes in a second, by the time of the process;
`inputs` the seconds until a law of two inputs among many columns is exact, by the wall clock.
"""

import argparse
import time

import numpy as np

from eqdisc.data.dataset import Dataset
from eqdisc.discovery import discover
from eqdisc.expr.operators import OperatorSet
from eqdisc.problem import Problem
from eqdisc.proposers.dysymnet import DySymNet

OPERATORS = OperatorSet.parse("+ - * / sqrt exp log sin cos tanh square cube")


def waves(rows: int, columns: int) -> Dataset:
    """sin(1.7 a) b + b**2 / 2 of the first two columns."""
    features = np.random.default_rng(0).uniform(-2.0, 2.0, (rows, columns))
    a, b = features[:, 0], features[:, 1]
    return Dataset.of(features, np.sin(1.7 * a) * b + b**2 / 2)


def speed(seconds: float) -> None:
    """Structures per second of one thread."""
    print("rows  wiring   structures/s  node evaluations/s  diverged")
    for rows in (100, 150, 200):
        # Too complicated for a law to be found: the search goes on.
        features = np.random.default_rng(0).uniform(0.5, 3.0, (rows, 2))
        target = np.random.default_rng(1).normal(size=rows)
        problem = Problem(
            Dataset.of(features, target), Dataset.of(features, target), None, OPERATORS, max_size=60
        )
        for wiring in ("sparse", "dense", "mixed"):
            session = DySymNet(wiring=wiring).start(problem, np.random.SeedSequence(0), 1)
            session.prepare()
            session.propose()
            tried = work = 0
            start = time.process_time()
            while time.process_time() - start < seconds:
                found = session.propose()
                tried += found.evaluations
                work += found.node_evaluations
            spent = time.process_time() - start
            share = session.diverged / session.structures
            print(f"{rows:4}  {wiring:7}  {tried / spent:12.0f}  {work / spent:18.2e}  {share:8.2f}")


def inputs(seconds: float) -> None:
    """Seconds to an exact law in high dimensions."""
    for rows, columns in ((400, 50), (10_000, 50), (10_000, 200), (100_000, 50)):
        table = waves(rows, columns)
        start = time.perf_counter()
        found = discover(
            table,
            proposers="dysymnet",
            time_limit=seconds,
            threads=2,
            observers=(),
            operators=OPERATORS.names,
        )
        spent = time.perf_counter() - start - found.compile_seconds
        print(f"{rows:6} x {columns:3}: {spent:6.1f} s  {found.stopped.name:6}  {found.best.expression}")


def main() -> None:
    """Run one of the measurements."""
    measures = {"speed": (speed, 5.0), "inputs": (inputs, 60.0)}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=measures)
    parser.add_argument("--seconds", type=float, help="of each measurement")
    asked = parser.parse_args()
    measure, default = measures[asked.what]
    measure(asked.seconds or default)


if __name__ == "__main__":
    main()
