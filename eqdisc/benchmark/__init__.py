"""Benchmarks: suites of problems with known truth, and what is needed to judge methods on them.

>>> from eqdisc.benchmark import load_suite
>>> task = load_suite("srsd-easy").task("I.12.1")
>>> task.truth, task.data(seed=0).train.n_rows
('x0*x1', 8000)
"""

from eqdisc.benchmark.registry import SUITES, load_suite, suite_names
from eqdisc.benchmark.seeds import seed_for
from eqdisc.benchmark.suite import Suite, SuiteSource
from eqdisc.benchmark.task import Sampler, Split, Task

__all__ = [
    "SUITES",
    "Sampler",
    "Split",
    "Suite",
    "SuiteSource",
    "Task",
    "load_suite",
    "seed_for",
    "suite_names",
]
