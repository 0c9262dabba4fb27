"""Strogatz: seven systems of two differential equations, sampled along their solutions.

After W. La Cava, K. Danai and L. Spector, Inference of compact nonlinear dynamic models by epigenetic local
search (Engineering Applications of Artificial Intelligence, 2016). The rows are look-alikes, not the
published ones: the systems are integrated here, from initial states drawn as there.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import pi, sqrt

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.benchmark.seeds import seed_for
from eqdisc.benchmark.suite import Suite
from eqdisc.benchmark.suites.feynman import SRBENCH_RULE, SRBENCH_SEEDS, with_noise
from eqdisc.benchmark.task import Split, Task
from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.errors import DataError
from eqdisc.expr.parse import parse

RUNS, STEPS, STEP = 4, 100, 0.1
TRAIN = 300
NAMES = ("x", "y")
_TRIES = 100

_DECIBEL = sqrt(10.0**0.1), sqrt(10.0**0.01)  # spread of the initial states: noise of 1 and of 0.1 dBW


@dataclass(frozen=True)
class System:
    """Right-hand sides in x and y, and how initial states are drawn.

    start  : of each state (`normal`, mean, spread) or (`uniform`, lowest, highest); or the four states
    domain : a solution that leaves it is started again, as is one that meets a pole
    """

    name: str
    title: str
    rates: tuple[str, str]
    start: tuple[tuple[str, float, float], ...] | tuple[tuple[float, float], ...]
    domain: tuple[tuple[float, float], tuple[float, float]]

    def initial(self, run: int, rng: np.random.Generator) -> FloatArray:
        """(2,) state at time 0 of one of the four runs."""
        if len(self.start) == RUNS:
            return np.array(self.start[run], dtype=np.float64)
        drawn = []
        for kind, first, second in self.start:  # type: ignore[misc]
            drawn.append(rng.normal(first, second) if kind == "normal" else rng.uniform(first, second))
        return np.array(drawn)


SYSTEMS = (
    System(
        "bacres",
        "bacterial respiration",
        ("20 - x - x*y/(1 + 0.5*x**2)", "10 - x*y/(1 + 0.5*x**2)"),
        (("normal", 5.0, _DECIBEL[0]), ("normal", 10.0, _DECIBEL[1])),
        ((0.0, 25.0), (0.0, 70.0)),
    ),
    System(
        "barmag",
        "bar magnets",
        ("0.5*sin(x - y) - sin(x)", "0.5*sin(y - x) - sin(y)"),
        (("uniform", 0.0, 2.0 * pi), ("uniform", 0.0, 2.0 * pi)),
        ((-1.0, 7.5), (-1.0, 7.5)),
    ),
    System(
        "glider",
        "flight of a glider",
        ("-0.05*x**2 - sin(y)", "x - cos(y)/x"),
        (("normal", 5.0, _DECIBEL[0]), ("normal", 0.0, _DECIBEL[1])),
        ((0.0, 10.0), (-10.0, 60.0)),
    ),
    System(
        "lv",
        "competition of two species (Lotka-Volterra)",
        ("3*x - 2*x*y - x**2", "2*y - x*y - y**2"),
        ((1.0, 3.0), (4.0, 1.0), (8.0, 2.0), (3.0, 3.0)),
        ((0.0, 8.0), (0.0, 3.0)),
    ),
    System(
        "predprey",
        "predator and prey",
        ("x*(4 - x - y/(1 + x))", "y*(x/(1 + x) - 0.075*y)"),
        (("normal", 5.0, _DECIBEL[0]), ("normal", 10.0, _DECIBEL[1])),
        ((0.0, 11.0), (0.0, 16.0)),
    ),
    System(
        "shearflow",
        "a rod in a shear flow",
        ("cos(x)/tan(y)", "(cos(y)**2 + 0.1*sin(y)**2)*sin(x)"),
        (("uniform", -pi, pi), ("uniform", -pi / 2.0, pi / 2.0)),
        ((-5.0, 5.0), (-3.2, 3.2)),
    ),
    System(
        "vdp",
        "van der Pol oscillator",
        ("10*(y - (x**3 - x)/3)", "-x/10"),
        (("uniform", 0.0, 1.0), ("uniform", 0.0, 1.0)),
        ((-2.5, 2.5), (-1.0, 1.5)),
    ),
)


@dataclass(frozen=True)
class StrogatzSampler:
    """Four runs of 100 states, 0.1 apart in time; three rows in four, chosen by the seed, to learn from.

    Noise is on the targets of those alone; the same seed has the same rows at every level of it.
    """

    system: System
    state: int
    noise: float = 0.0

    def __call__(self, seed: int) -> Split:
        states = _states(self.system, seed)
        rates = evaluate(parse(self.system.rates[self.state], NAMES), states)
        rng = np.random.default_rng(seed_for("strogatz rows", self.system.name, seed))
        rows = rng.permutation(len(states))
        whole = Dataset.of(states, rates, NAMES, f"{NAMES[self.state]}_rate")
        train, test = whole.take(np.sort(rows[:TRAIN])), whole.take(np.sort(rows[TRAIN:]))
        seen = with_noise(train.target, self.noise, "strogatz", self.system.name, self.state, seed)
        return Split(Dataset.of(train.features, seen, NAMES, train.target_name), None, test)


@dataclass(frozen=True)
class Strogatz:
    """The two right-hand sides of each of the seven systems, at one level of noise."""

    noise: float = 0.0
    n_tasks: int = 14

    @property
    def name(self) -> str:
        return "strogatz" if self.noise == 0.0 else f"strogatz-noise-{self.noise:g}"

    @property
    def description(self) -> str:
        noise = f", noise {self.noise:g} of the rms on the training targets" if self.noise else ""
        return f"14 right-hand sides of differential equations; look-alikes of the published rows{noise}"

    def load(self) -> Suite:
        return Suite(
            self.name,
            self.description,
            tuple(_task(system, state, self.name, self.noise) for system in SYSTEMS for state in range(2)),
            protocol="Systems integrated from states drawn as for the published rows, which these are not: "
            "four runs of 100 states; 300 rows to learn from, 100 to judge by. " + SRBENCH_RULE,
            seeds=SRBENCH_SEEDS,
            verdict="srbench",
        )


def _task(system: System, state: int, suite: str, noise: float) -> Task:
    truth = system.rates[state]
    used = parse(truth, NAMES).features
    return Task(
        f"{system.name}{state + 1}",
        suite,
        NAMES,
        f"{NAMES[state]}_rate",
        truth,
        dict(zip(NAMES, system.domain, strict=True)),
        StrogatzSampler(system, state, noise),
        relevant=tuple(NAMES[j] for j in used),
        exact=noise == 0.0,
        notes=("a look-alike: integrated anew, not the published rows",),
        description=f"{system.title}: rate of change of {NAMES[state]}",
    )


@lru_cache(maxsize=8 * len(SYSTEMS))  # the suites of all levels of noise share them, too
def _states(system: System, seed: int) -> FloatArray:
    """(400, 2) states of the four runs; the two tasks of a system share them."""
    rng = np.random.default_rng(seed_for("strogatz", system.name, seed))
    states = np.vstack([_run(system, run, rng) for run in range(RUNS)])
    states.setflags(write=False)
    return states


def _run(system: System, run: int, rng: np.random.Generator) -> FloatArray:
    """(100, 2) states of a solution that stays finite."""
    for _ in range(_TRIES):
        found = _solved(system, system.initial(run, rng))
        if found is not None:
            return found
    raise DataError(f"no solution of the system {system.name!r} stayed finite in {_TRIES} tries")


def _solved(system: System, initial: FloatArray) -> FloatArray | None:
    """None where the solution meets a pole or leaves the domain."""
    from scipy.integrate import solve_ivp

    expressions = [parse(rate, NAMES) for rate in system.rates]

    def rates(_: float, state: FloatArray) -> list[float]:
        return [float(evaluate(expression, state[None, :])[0]) for expression in expressions]

    times = STEP * np.arange(STEPS)
    found = solve_ivp(rates, (0.0, times[-1]), initial, "DOP853", times, rtol=1e-10, atol=1e-10)
    states: FloatArray = np.ascontiguousarray(found.y.T)
    if not found.success or len(states) < STEPS:
        return None
    lowest, highest = np.array(system.domain).T
    return states if bool(np.all((lowest <= states) & (states <= highest))) else None
