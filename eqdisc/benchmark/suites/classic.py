"""The classic formulas of genetic programming: Nguyen, Livermore, Keijzer, Jin, Koza, Korns, and others.

With the samplings of Deep Symbolic Optimization (B. K. Petersen and others, ICLR 2021; T. N. Mundhenk and
others, NeurIPS 2021).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.benchmark.seeds import seed_for
from eqdisc.benchmark.suite import Suite
from eqdisc.benchmark.suites.facts import read_facts
from eqdisc.benchmark.suites.sampling import Input, draw_rows
from eqdisc.benchmark.task import Split, Task
from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.parse import parse

Range = tuple[str, float, float, float]  # U, lowest, highest, rows  or  E, lowest, highest, step or rows
_LIMIT = 100.0  # the source leaves out random rows whose target is larger
_SLACK = 1e-9  # 10/0.1 may come out below 100
_HARMONIC = "harmonic(x1)"
# Sines of numbers beyond 1e15: an input off by its last bit changes a row in thirty or more altogether.
_NOISY = {f"Livermore2-Vars{number}" for number in ("4-8", "5-21", "6-18", "6-21", "7-6", "7-12", "7-14")}


@dataclass(frozen=True)
class Sampling:
    """How the rows of a table are chosen: at random, or as the grid of evenly spaced values of the inputs."""

    ranges: tuple[Range, ...]

    @classmethod
    def of(cls, spec: Mapping[str, Sequence[Any]], variables: int) -> "Sampling":
        """From the specification of the source: one range for all inputs, or one for each."""
        chosen = [spec.get("all") or spec[f"x{i}"] for i in range(1, variables + 1)]
        return cls(
            tuple((str(kind), float(low), float(high), float(last)) for kind, low, high, last in chosen)
        )

    @property
    def is_random(self) -> bool:
        return self.ranges[0][0] == "U"

    def grid(self) -> FloatArray:
        """(n, k) all combinations of evenly spaced values."""
        axes = []
        for _, low, high, last in self.ranges:
            points = int(last) if last >= high - low else int((high - low) / last + _SLACK) + 1
            axes.append(np.linspace(low, high, points))
        return np.array(list(product(*axes)))

    def rows(self, law: str, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Features and targets; of a grid, the points where the law has a value."""
        if self.is_random:
            inputs = [Input(f"x{i}", low, high) for i, (_, low, high, _) in enumerate(self.ranges, 1)]
            return draw_rows(inputs, law, int(self.ranges[0][3]), rng, keep=_is_kept)
        features = self.grid()
        targets = _values(law, features)
        valid = np.isfinite(targets)
        return features[valid], targets[valid]


@dataclass(frozen=True)
class ClassicSampler:
    """A table to learn from and one to judge by, the latter drawn as the former unless it says how."""

    name: str
    law: str
    train: Sampling
    test: Sampling

    def __call__(self, seed: int) -> Split:
        rng = np.random.default_rng(seed_for("classic", self.name, seed))
        tables = []
        for sampling in (self.train, self.test):
            features, targets = sampling.rows(self.law, rng)
            names = [f"x{i}" for i in range(1, features.shape[1] + 1)]
            tables.append(Dataset.of(features, targets, names))
        return Split(tables[0], None, tables[1])


@dataclass(frozen=True)
class Classic:
    """268 formulas."""

    name: str = "classic"
    description: str = "268 classic formulas: Nguyen, Livermore, Keijzer, Jin, Koza, Korns, Vladislavleva ..."
    n_tasks: int = 268

    def load(self) -> Suite:
        facts = read_facts("classic")
        return Suite(
            self.name,
            self.description,
            tuple(_task(problem, facts["functions"], self.name) for problem in facts["problems"]),
            protocol="Ranges and numbers of rows as each problem gives them, no noise; random rows without a "
            "target below 100 in size are drawn again, as in the source.",
        )


def _task(facts: dict[str, Any], functions: Mapping[str, Sequence[str]], suite: str) -> Task:
    variables = int(facts["variables"])
    names = tuple(f"x{i}" for i in range(1, variables + 1))
    truth = facts["truth"]
    train = Sampling.of(facts["train"], variables)
    test = Sampling.of(facts["test"], variables) if facts["test"] else train
    used = parse(truth, names).features if truth else range(variables)
    return Task(
        facts["name"],
        suite,
        names,
        "y",
        truth,
        {name: (low, high) for name, (_, low, high, _) in zip(names, train.ranges, strict=True)},
        ClassicSampler(facts["name"], truth or facts["data"], train, test),
        relevant=tuple(names[j] for j in used) if truth else None,
        decidable=truth is not None,
        notes=_notes(facts["name"], truth),
        description=f"functions of the source: {', '.join(functions[facts['functions']])}",
    )


def _notes(name: str, truth: str | None) -> tuple[str, ...]:
    if truth is None:
        return ("the law is a sum of reciprocals, which the language cannot write: no truth",)
    return ("sines of numbers beyond 1e15: some targets are noise of rounding",) if name in _NOISY else ()


def _values(law: str, features: FloatArray) -> FloatArray:
    if law == _HARMONIC:
        last = features[:, 0].astype(np.int64)
        sums: FloatArray = np.cumsum(1.0 / np.arange(1, last.max() + 1))[last - 1]
        return sums
    return evaluate(parse(law, [f"x{i}" for i in range(1, features.shape[1] + 1)]), features)


def _is_kept(targets: FloatArray) -> BoolArray:
    return np.abs(targets) < _LIMIT
