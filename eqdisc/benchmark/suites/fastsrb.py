"""FastSRB: the problems of SRSD with few rows, hard success and accepted forms.

After V. Martinek, Fast symbolic regression benchmarking (arXiv:2508.14481, 2025).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from eqdisc.benchmark.seeds import seed_for
from eqdisc.benchmark.suite import Suite
from eqdisc.benchmark.suites.facts import read_facts
from eqdisc.benchmark.suites.sampling import Input, described, draw_rows, inputs_of, table
from eqdisc.benchmark.suites.srsd import facts_of_problems
from eqdisc.benchmark.task import Split, Task

TRAIN, TEST = 200, 200
TARGET = "v0"
_DEFECTS = {
    "II.21.32": ("one of the accepted forms has the wrong sign",),
    "I.44.4": ("one of the accepted forms has a constant of five digits",),
}


@dataclass(frozen=True)
class FastSrbSampler:
    """400 rows, half of them to learn from. Rows without a finite target are drawn again."""

    name: str
    inputs: tuple[Input, ...]
    law: str

    def __call__(self, seed: int) -> Split:
        rng = np.random.default_rng(seed_for("fastsrb", self.name, seed))
        features, targets = draw_rows(self.inputs, self.law, TRAIN + TEST, rng)
        train = table(self.inputs, features[:TRAIN], targets[:TRAIN], TARGET)
        return Split(train, None, table(self.inputs, features[TRAIN:], targets[TRAIN:], TARGET))


@dataclass(frozen=True)
class FastSrb:
    """117 of its 120 problems: B4, B11 and III.9.52 are left out as in its published results."""

    name: str = "fastsrb"
    description: str = "FastSRB: 117 laws in the ranges of SRSD, 200 rows to learn from, accepted forms"
    n_tasks: int = 117

    def load(self) -> Suite:
        blind = {
            facts["id"]
            for facts in facts_of_problems()
            if str(facts["data_blindness"]["strongest_level"]).startswith("float64")
        }
        return Suite(
            self.name,
            self.description,
            tuple(_task(facts, self.name, blind) for facts in read_facts("fastsrb")["problems"]),
            protocol="400 rows without noise, half of them to learn from. Found: largest relative error on "
            "the other half below 1e-8, and one of the accepted forms at five significant digits. Published: "
            "five runs of 30 minutes.",
            verdict="fastsrb",
        )


def published_results() -> dict[str, tuple[int, int]]:
    """In how many of five runs of 30 minutes TiSR and SymbolicRegression.jl found each law, as published.

    >>> published_results()["I.12.1"]
    (5, 2)
    """
    return {
        facts["name"]: (facts["found"][0], facts["found"][1]) for facts in read_facts("fastsrb")["problems"]
    }


def _task(facts: dict[str, Any], suite: str, blind: set[str]) -> Task:
    inputs = inputs_of(facts["inputs"])
    names = tuple(each.name for each in inputs)
    symbols = ", ".join(f"{each['name']} = {each['symbol']}" for each in facts["inputs"])
    symbols = f"{TARGET} = {facts['target']}, {symbols}"
    is_blind = facts["srsd"] in blind
    return Task(
        facts["name"],
        suite,
        names,
        TARGET,
        facts["truth"],
        {each.name: each.domain for each in inputs},
        FastSrbSampler(facts["name"], inputs, facts["truth"]),
        feature_units=tuple(each.unit for each in inputs),
        target_unit=facts["unit"],
        relevant=names,
        accepted=tuple(facts["accepted"]),
        decidable=not is_blind,
        notes=(
            *(("a shorter law gives the same float64 numbers in these ranges",) if is_blind else ()),
            *_DEFECTS.get(facts["name"], ()),
        ),
        description=f"{facts['title']} ({facts['set']}; {symbols}); {described(inputs)}",
    )
