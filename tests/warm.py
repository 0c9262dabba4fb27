"""Compile the kernels of all strategies before processes that would each compile them start.

python -m tests.warm
"""

import subprocess
import sys
import time
from dataclasses import replace

import numpy as np

from eqdisc.data.dataset import Dataset
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.units import Dimension, UnitRules
from eqdisc.portfolio import named_proposer
from eqdisc.problem import Problem
from eqdisc.proposers.snip.generator import Generator

#: The making of tables for the training of a network, which is no strategy.
TABLES = "tables"
#: Strategies whose kernels take about as long as those of the others: a process each.
SHARES = (("gp",), ("enumeration", "dysymnet", TABLES))


def prepare(name: str) -> float:
    """Compile what a strategy needs, or load it, without units and with them; the seconds it took."""
    if name == TABLES:
        started = time.perf_counter()
        Generator(0).batch(1)
        return time.perf_counter() - started
    features = np.random.default_rng(0).uniform(1.0, 2.0, (40, 2))
    bare = Problem.of(Dataset.of(features, features[:, 0]), OperatorSet.default(), 20, seed=0)
    metre = Dimension.of(m=1)
    problems = (bare, replace(bare, units=UnitRules((metre, metre), metre)))
    strategy, seed = named_proposer(name), np.random.SeedSequence(0)
    return sum(strategy.start(problem, seed, 1).prepare() for problem in problems)


def warm_up() -> None:
    """Compile all of them, side by side."""
    command = [sys.executable, "-m", "tests.warm"]
    for process in [subprocess.Popen([*command, *names]) for names in SHARES]:
        if process.wait():
            raise subprocess.CalledProcessError(process.returncode, command)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        warm_up()
    for name in sys.argv[1:]:
        print(f"{name}: {prepare(name):.1f} s", flush=True)
