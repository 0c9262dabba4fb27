"""Surfaces in fifteen categories: explicit, implicit and parametric, in the shape of SurfaceBench.

The equations are our own or classical; categories, their sizes, numbers of points and levels of noise are
those published with S. Kabra and others, SurfaceBench, arXiv:2511.10833. Figures on these suites are none on
SurfaceBench itself; `eqdisc.benchmark.suites.surfacebench` reads its file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.benchmark.method import OPERATORS
from eqdisc.benchmark.seeds import seed_for
from eqdisc.benchmark.suite import Suite
from eqdisc.benchmark.suites.facts import read_facts
from eqdisc.benchmark.suites.sampling import values_of
from eqdisc.benchmark.task import Form, Split, Task, joined
from eqdisc.data.dataset import Dataset
from eqdisc.data.surfaces import Cloud, JointDataset

NOISE_LEVELS = (0.0, 0.01, 0.05, 0.1)
TRAIN, TEST, OUTSIDE = 5000, 500, 500
#: Half the width of the square of explicit surfaces, and how far outside of it goes.
REACH, FAR = 5.0, 10.0
#: The same of whole numbers: 81 x 81 cells, of which 5,500 are drawn, none twice.
CELLS, FAR_CELLS = 40, 80
#: What laws may be made of, the same for every task of a form: beside those of all suites, operators that
#: have edges, and for shapes in space further functions.
EDGES = ("abs", "min", "max", "floor", "mod", "where")
SHAPES = ("tan", "sinh", "cosh")

GRID = "grid"
#: Categories by what they are called in tables; their numbers of tasks are those of SurfaceBench.
CATEGORIES: Mapping[str, str] = {
    "analytic": "nonlinear analytic composition",
    "piecewise": "piecewise-defined",
    "transcendental": "mixed transcendental analytic",
    "regimes": "conditional multi-regime",
    "oscillatory": "oscillatory composite",
    "trigexp": "trigonometric-exponential composition",
    "multioperator": "multi-operator composite",
    "bivariate": "elementary bivariate",
    GRID: "discrete integer grid",
    "coupled": "nonlinear coupled",
    "modulated": "exponentially modulated trigonometric",
    "localized": "localised and radially decaying",
    "mixture": "polynomial-transcendental mixtures",
    "implicit": "high-degree implicit",
    "parametric": "parametric multi-output",
}

_PROTOCOL = (
    "5,000 points to learn from, 500 to judge by, drawn anew for each seed. Explicit: uniform in [-5, 5]^2 "
    "(whole numbers: cells of [-40, 40]^2, none twice), 500 more with each input in [-10, -5] or [5, 10]. "
    "Implicit: even by area on the part of the zero set in its box. Parametric: uniform in the parameters. "
    "{noise}{hidden}Solved: the law itself, not one that differs by a constant; of an implicit surface the "
    "same zero set."
)


@dataclass(frozen=True)
class ExplicitSampler:
    """z = f(x, y), whole numbers where `grid` is set; noise on the z to learn from only."""

    name: str
    inputs: tuple[str, ...]
    law: str
    target: str
    noise: float
    grid: bool = False

    def __call__(self, seed: int) -> Split:
        rng = np.random.default_rng(seed_for("surface", self.name, seed))
        if self.grid:
            inside = _cells(range(-CELLS, CELLS + 1), len(self.inputs), TRAIN + TEST, rng)
            beyond = [*range(-FAR_CELLS, -CELLS), *range(CELLS + 1, FAR_CELLS + 1)]
            outside = _cells(beyond, len(self.inputs), OUTSIDE, rng)
        else:
            inside = rng.uniform(-REACH, REACH, (TRAIN + TEST, len(self.inputs)))
            outside = rng.uniform(REACH, FAR, (OUTSIDE, len(self.inputs)))
            outside *= np.where(rng.random(outside.shape) < 0.5, -1.0, 1.0)
        targets = values_of(self.law, self.inputs, inside)
        seen, deviation = noisy(targets[:TRAIN, None], self.noise, self.name, seed)
        return Split(
            self._table(inside[:TRAIN], seen[:, 0]),
            None,
            self._table(inside[TRAIN:], targets[TRAIN:]),
            self._table(outside, values_of(self.law, self.inputs, outside)),
            deviation,
        )

    def _table(self, features: FloatArray, targets: FloatArray) -> Dataset:
        return Dataset.of(features, targets, self.inputs, self.target)


@dataclass(frozen=True)
class ImplicitSampler:
    """Points of F = 0 in a box, even by area; noise on all coordinates of those to learn from."""

    name: str
    inputs: tuple[str, ...]
    law: str
    box: tuple[tuple[float, float], ...]
    noise: float

    def __call__(self, seed: int) -> Split:
        points = _zeros(self.law, self.inputs, self.box, seed_for("surface", self.name, seed))
        seen, deviation = noisy(points[:TRAIN], self.noise, self.name, seed)
        train, test = Cloud.of(seen, self.inputs), Cloud.of(points[TRAIN:], self.inputs)
        return Split(train, None, test, noise=deviation)


@dataclass(frozen=True)
class ParametricSampler:
    """Outputs at parameters that are given, or not where `hidden` is set; noise on those to learn from."""

    name: str
    inputs: tuple[str, ...]
    laws: tuple[str, ...]
    targets: tuple[str, ...]
    box: tuple[tuple[float, float], ...]
    noise: float
    hidden: bool = False

    def __call__(self, seed: int) -> Split:
        rng = np.random.default_rng(seed_for("surface", self.name, seed))
        lower, upper = np.array(self.box).T
        features = rng.uniform(lower, upper, (TRAIN + TEST, len(self.inputs)))
        outputs = np.column_stack([values_of(law, self.inputs, features) for law in self.laws])
        seen, deviation = noisy(outputs[:TRAIN], self.noise, self.name, seed)
        if self.hidden:
            train, test = Cloud.of(seen, self.targets), Cloud.of(outputs[TRAIN:], self.targets)
            return Split(train, None, test, noise=deviation)
        return Split(
            JointDataset.of(features[:TRAIN], seen, self.inputs, self.targets),
            None,
            JointDataset.of(features[TRAIN:], outputs[TRAIN:], self.inputs, self.targets),
            noise=deviation,
        )


@dataclass(frozen=True)
class Surface:
    """All 183 problems at one level of noise, or the parametric ones without their parameters."""

    noise: float = 0.0
    hidden: bool = False

    @property
    def name(self) -> str:
        if self.hidden:
            return "surface-hidden"
        return "surface" if self.noise == 0.0 else f"surface-noise-{self.noise:g}"

    @property
    def n_tasks(self) -> int:
        return 30 if self.hidden else 183

    @property
    def description(self) -> str:
        if self.hidden:
            return "30 parametric surfaces of which only the points are given"
        noise = f", noise {self.noise:g} of the spread" if self.noise else ""
        return f"183 surfaces in the categories of SurfaceBench: explicit, implicit, parametric{noise}"

    def load(self) -> Suite:
        problems = read_facts("surface")["problems"]
        noise = (
            f"Normal noise of {self.noise:g} of the spread on what is learned from. " if self.noise else ""
        )
        hidden = "The parameters are not told. " if self.hidden else ""
        return Suite(
            self.name,
            self.description,
            tuple(self._task(each) for each in problems if not self.hidden or each["form"] == "parametric"),
            protocol=_PROTOCOL.format(noise=noise, hidden=hidden),
        )

    def _task(self, facts: Mapping[str, Any]) -> Task:
        form: Form = "hidden" if self.hidden else facts["form"]
        names, truths = tuple(facts["inputs"]), facts["truths"]
        targets = () if form == "implicit" else tuple(truths)
        reach = float(CELLS) if facts["category"] == GRID else REACH
        domain = {name: facts["box"][name] if "box" in facts else (-reach, reach) for name in names}
        whole = joined(truths) if len(truths) > 1 else "".join(truths.values())
        return Task(
            facts["name"],
            self.name,
            names,
            targets[0] if form == "explicit" else "",
            whole,
            {name: (float(low), float(high)) for name, (low, high) in domain.items()},
            self._sampler(facts, names, tuple(map(tuple, domain.values()))),
            relevant=names,
            exact=self.noise == 0.0,
            form=form,
            truths=tuple(truths.values()),
            target_names=targets,
            category=facts["category"],
            operators=operators_of(form),
            description=_described(facts),
        )

    def _sampler(
        self, facts: Mapping[str, Any], names: tuple[str, ...], box: tuple[tuple[float, float], ...]
    ) -> ExplicitSampler | ImplicitSampler | ParametricSampler:
        truths = facts["truths"]
        if facts["form"] == "explicit":
            ((target, law),) = truths.items()
            return ExplicitSampler(facts["name"], names, law, target, self.noise, facts["category"] == GRID)
        if facts["form"] == "implicit":
            return ImplicitSampler(facts["name"], names, truths["F"], box, self.noise)
        laws, targets = tuple(truths.values()), tuple(truths)
        return ParametricSampler(facts["name"], names, laws, targets, box, self.noise, self.hidden)


def operators_of(form: Form) -> tuple[str, ...]:
    """What a method may make laws of a form of.

    >>> operators_of("explicit")[-2:]
    ('mod', 'where')
    """
    return (*OPERATORS, *(EDGES if form == "explicit" else SHAPES))


def noisy(values: FloatArray, level: float, *names: object) -> tuple[FloatArray, float]:
    """Columns (n, m) with normal noise, and its standard deviation: `level` times the spread of the columns.

    The spread is the root of their mean variance, so that noise is the same in every direction.
    """
    if level == 0.0:
        return values, 0.0
    rng = np.random.default_rng(seed_for("noise", "surface", *names))
    deviation = level * float(np.sqrt(np.mean(np.var(values, axis=0))))
    return values + rng.normal(0.0, deviation, values.shape), deviation


@lru_cache(maxsize=64)
def _zeros(law: str, names: tuple[str, ...], box: tuple[tuple[float, float], ...], seed: int) -> FloatArray:
    """Points of F = 0, even by area; kept, because they are the same at every level of noise."""
    from eqdisc.engine.zeroset import ZeroSet
    from eqdisc.expr.parse import parse

    lower, upper = np.array(box).T
    rng = np.random.default_rng(seed)
    points = ZeroSet(parse(law, names), (lower, upper)).sample(TRAIN + TEST, rng)
    points.flags.writeable = False
    return points


def _cells(values: "range | list[int]", inputs: int, rows: int, rng: np.random.Generator) -> FloatArray:
    """(rows, inputs) different combinations of values."""
    chosen = rng.choice(len(values) ** inputs, rows, replace=False)
    axes = np.unravel_index(chosen, (len(values),) * inputs)
    cells: FloatArray = np.asarray(values, dtype=np.float64)[np.column_stack(axes)]
    return cells


def _described(facts: Mapping[str, Any]) -> str:
    meanings = {**facts["inputs"], **facts.get("outputs", {})}
    return f"{facts['about']}; " + ", ".join(f"{name} {meaning}" for name, meaning in meanings.items())
