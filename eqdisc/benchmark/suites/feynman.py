"""The Feynman problems of AI Feynman, with the ranges, the noise and the rules of SRBench.

After S.-M. Udrescu and M. Tegmark, AI Feynman (Science Advances, 2020), and W. La Cava and others,
Contemporary symbolic regression methods and their relative performance (NeurIPS, 2021).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.benchmark.seeds import seed_for
from eqdisc.benchmark.suite import Suite
from eqdisc.benchmark.suites.facts import read_facts
from eqdisc.benchmark.suites.sampling import Input, described, draw_rows, inputs_of, table
from eqdisc.benchmark.task import Split, Task

NOISE_LEVELS = (0.0, 0.001, 0.01, 0.1)
TRAIN, TEST = 10_000, 25_000
#: One a repetition, as published with SRBench.
SRBENCH_SEEDS = (23654, 15795, 860, 5390, 16850, 29910, 4426, 21962, 14423, 28020)
SRBENCH_RULE = (
    "Solved by SRBench's rule: the difference from the truth is a constant, or the ratio a non-zero one, "
    "after rounding numbers to three decimals."
)


def with_noise(targets: FloatArray, level: float, *names: object) -> FloatArray:
    """Targets plus normal noise whose standard deviation is `level` times their root mean square."""
    if level == 0.0:
        return targets
    rng = np.random.default_rng(seed_for("noise", *names))
    spread = level * np.sqrt(np.mean(np.square(targets)))
    noisy: FloatArray = targets + rng.normal(0.0, spread, targets.size)
    return noisy


@dataclass(frozen=True)
class FeynmanSampler:
    """10,000 uniform rows to learn from, 25,000 to judge by; noise on the targets of the former only.

    The same seed has the same rows at every level of noise.
    """

    name: str
    inputs: tuple[Input, ...]
    law: str
    target: str
    noise: float

    def __call__(self, seed: int) -> Split:
        rng = np.random.default_rng(seed_for("feynman", self.name, seed))
        features, targets = draw_rows(self.inputs, self.law, TRAIN + TEST, rng)
        seen = with_noise(targets[:TRAIN], self.noise, "feynman", self.name, seed)
        train = table(self.inputs, features[:TRAIN], seen, self.target)
        return Split(train, None, table(self.inputs, features[TRAIN:], targets[TRAIN:], self.target))


@dataclass(frozen=True)
class Feynman:
    """119 problems at one level of noise."""

    noise: float = 0.0
    n_tasks: int = 119

    @property
    def name(self) -> str:
        return "feynman" if self.noise == 0.0 else f"feynman-noise-{self.noise:g}"

    @property
    def description(self) -> str:
        noise = f", noise {self.noise:g} of the rms on the training targets" if self.noise else ""
        return f"119 Feynman equations in the ranges of AI Feynman and SRBench{noise}"

    def load(self) -> Suite:
        facts = read_facts("feynman")
        left_out = set(facts["left_out_by_srbench"])
        return Suite(
            self.name,
            self.description,
            tuple(self._task(problem, problem["name"] in left_out) for problem in facts["problems"]),
            protocol="Drawn anew for each seed: 10,000 rows to learn from, 25,000 to judge by (SRBench draws "
            "10,000 from the three quarters of 100,000 that are not judged by). " + SRBENCH_RULE,
            seeds=SRBENCH_SEEDS,
            verdict="srbench",
        )

    def _task(self, facts: dict[str, Any], left_out: bool) -> Task:
        inputs = inputs_of(facts["inputs"])
        names = tuple(each.name for each in inputs)
        return Task(
            facts["name"],
            self.name,
            names,
            facts["target"],
            facts["truth"],
            {each.name: each.domain for each in inputs},
            FeynmanSampler(facts["name"], inputs, facts["truth"], facts["target"], self.noise),
            feature_units=tuple(each.unit for each in inputs),
            target_unit=facts["unit"],
            relevant=names,
            exact=self.noise == 0.0,
            notes=("left out by SRBench's published figures",) if left_out else (),
            description=f"{facts['target']} {facts['about']}; {described(inputs)}",
        )
