"""SRSD-Feynman: 120 laws of physics in realistic ranges, and again with inputs that do not matter.

After Y. Matsubara, N. Chiba, R. Igarashi and Y. Ushiku, Rethinking symbolic regression datasets and
benchmarks for scientific discovery (Journal of Data-centric Machine Learning Research, 2024).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.benchmark.seeds import seed_for
from eqdisc.benchmark.suite import Suite
from eqdisc.benchmark.suites.sampling import Input, described, draw_rows, table
from eqdisc.benchmark.task import Split, Task

Level = Literal["easy", "medium", "hard"]
LEVELS: tuple[Level, ...] = ("easy", "medium", "hard")
SIZES: dict[Level, int] = {"easy": 30, "medium": 40, "hard": 50}
ROWS = 10_000
TRAIN, VALIDATION = 8000, 1000

_DRAWS = {"log_uniform": "log", "uniform": "uniform", "integer_uniform": "integer"}
_SIGNS = {"positive": "as_drawn", "as_drawn": "as_drawn", "negative": "negative", "random_sign": "either"}
_SINGLE = np.finfo(np.float32)
_LEVELS = {
    "float64": "gives the same float64 numbers",
    "float32": "gives the same float32 numbers",
    "relative 1e-4": "agrees within 1e-4",
    "R2 > 0.999": "reaches R2 of 0.999",
}
_INVISIBLE_TO_DOUBLE = "float64"
_INVISIBLE_TO_SINGLE = ("float64", "float32")
_LOST_TO_SINGLE = ("II.11.28",)  # nine different targets are left: not even the truth reaches R2 of 0.999


@dataclass(frozen=True)
class Dummy:
    """An input that does not matter: log-uniform between 10**(decade - 1) and 10**(decade + 1)."""

    position: int
    decade: int
    signed: bool

    def input(self) -> Input:
        """How it is drawn; the name is given once all positions are known."""
        low, high = 10.0 ** (self.decade - 1), 10.0 ** (self.decade + 1)
        return Input("", low, high, "log", "either" if self.signed else "as_drawn", about="(dummy)")


@dataclass(frozen=True)
class Problem:
    """One of the 120, with or without dummies.

    inputs  : as they stand in the table; where `is_dummy`, without influence
    law     : what the target is computed from; `truth` what is published. They differ in three problems
    """

    name: str
    file_name: str
    inputs: tuple[Input, ...]
    is_dummy: tuple[bool, ...]
    law: str
    truth: str
    target: Input
    facts: Mapping[str, Any]

    @property
    def with_dummies(self) -> bool:
        return any(self.is_dummy)

    def renumbered(self, formula: str) -> str:
        """A formula of the problem without dummies, in the columns of this one."""
        places = [place for place, dummy in enumerate(self.is_dummy) if not dummy]
        return re.sub(r"\bx(\d+)\b", lambda found: f"x{places[int(found[1])]}", formula)


@dataclass(frozen=True)
class SrsdSampler:
    """10,000 rows: 8000 to learn from, 1000 to choose by, 1000 to judge by, as drawn.

    With dummies the true columns are those of the same seed without, and the whole table is rounded to
    float32, as the published mixer of dummy columns does: published figures are on such tables.
    """

    name: str
    inputs: tuple[Input, ...]
    is_dummy: tuple[bool, ...]
    law: str

    def rows(self, seed: int) -> tuple[FloatArray, FloatArray]:
        """Features (10000, k) and targets (10000,)."""
        true = [each for each, dummy in zip(self.inputs, self.is_dummy, strict=True) if not dummy]
        rng = np.random.default_rng(seed_for("srsd", self.name, seed))
        drawn, targets = draw_rows(true, self.law, ROWS, rng, keep=_is_kept)
        if not any(self.is_dummy):
            return drawn, targets
        rng = np.random.default_rng(seed_for("srsd dummies", self.name, seed))
        columns = iter(drawn.T)
        features = np.column_stack(
            [
                each.sample(ROWS, rng) if dummy else next(columns)
                for each, dummy in zip(self.inputs, self.is_dummy, strict=True)
            ]
        )
        return _to_single(features), _to_single(targets)

    def __call__(self, seed: int) -> Split:
        features, targets = self.rows(seed)
        parts = np.split(np.arange(ROWS), [TRAIN, TRAIN + VALIDATION])
        train, validation, test = (table(self.inputs, features[rows], targets[rows], "y") for rows in parts)
        return Split(train, validation, test)


@dataclass(frozen=True)
class Srsd:
    """The suite of one level, with or without dummies."""

    level: Level
    dummies: bool = False

    @property
    def name(self) -> str:
        return f"srsd-{self.level}" + ("-dummy" if self.dummies else "")

    @property
    def description(self) -> str:
        extra = ", with one to three inputs that do not matter" if self.dummies else ""
        return f"SRSD-Feynman, the {self.level} laws of physics in realistic ranges{extra}"

    @property
    def n_tasks(self) -> int:
        return SIZES[self.level]

    def load(self) -> Suite:
        return Suite(
            self.name,
            self.description,
            tuple(_task(problem, self.name) for problem in problems(self.level, self.dummies)),
            protocol="10,000 rows without noise: 8000 to learn from, 1000 to choose by, 1000 to judge by. "
            "Solved: equal to the truth up to an additive or a non-zero multiplicative constant.",
        )


def problems(level: Level, dummies: bool = False) -> tuple[Problem, ...]:
    """The problems of a level, in the order of the file of facts."""
    plain = (_problem(facts) for facts in facts_of_problems() if facts["set"] == level)
    return tuple(_with_dummies(problem) if dummies else problem for problem in plain)


@cache
def facts_of_problems() -> tuple[dict[str, Any], ...]:
    """`srsd_problems.json`, read once."""
    text = (files("srsd_data") / "srsd_problems.json").read_text(encoding="utf-8")
    return tuple(json.loads(text)["problems"])


def dummy_columns(name: str, n_inputs: int) -> tuple[Dummy, ...]:
    """The dummies of a problem, the last position first, by the published recipe; the same for every seed.

    One, two or three with equal probability, each before any of the inputs or after the last, in a decade
    from -32 to 32, every second one with random signs.
    """
    rng = np.random.default_rng(seed_for("srsd dummy columns", name))
    count = 1 + int(3 * rng.random())
    positions = sorted((int((n_inputs + 1) * rng.random()) for _ in range(count)), reverse=True)
    return tuple(
        Dummy(position, int(65 * rng.random()) - 32, bool(rng.random() < 0.5)) for position in positions
    )


def _problem(facts: dict[str, Any]) -> Problem:
    inputs = tuple(_input(variable) for variable in facts["variables"])
    output = facts["output"]
    return Problem(
        facts["id"],
        facts["eq_name"],
        inputs,
        (False,) * len(inputs),
        facts["data_expr"] or facts["expr"],
        facts["expr"],
        Input(output["symbol"], 0.0, 0.0, unit=output["unit"], about=output["description"]),
        facts,
    )


def _input(variable: dict[str, Any]) -> Input:
    how = variable["sampling"]
    return Input(
        variable["name"],
        how["low"],
        how["high"],
        _DRAWS[how["dist"]],  # type: ignore[arg-type]
        _SIGNS[how["sign"]],  # type: ignore[arg-type]
        variable["unit"],
        variable["description"],
    )


def _with_dummies(problem: Problem) -> Problem:
    columns: list[tuple[Input, bool]] = [(each, False) for each in problem.inputs]
    for dummy in dummy_columns(problem.name, len(problem.inputs)):
        columns.insert(dummy.position, (dummy.input(), True))
    wider = replace(
        problem,
        inputs=tuple(replace(each, name=f"x{place}") for place, (each, _) in enumerate(columns)),
        is_dummy=tuple(is_dummy for _, is_dummy in columns),
    )
    return replace(wider, law=wider.renumbered(problem.law), truth=wider.renumbered(problem.truth))


def _is_kept(targets: FloatArray) -> BoolArray:
    """Finite, in the range of float32 and not below its smallest normal number; inputs are not looked at."""
    size = np.abs(targets)
    kept: BoolArray = (size >= float(_SINGLE.tiny)) & (size <= float(_SINGLE.max))
    return kept


def _to_single(numbers: FloatArray) -> FloatArray:
    return numbers.astype(np.float32).astype(np.float64)


def _task(problem: Problem, suite: str) -> Task:
    names = tuple(each.name for each in problem.inputs)
    differs = problem.law != problem.truth
    return Task(
        problem.name,
        suite,
        names,
        "y",
        problem.truth,
        {each.name: each.domain for each in problem.inputs},
        SrsdSampler(problem.name, problem.inputs, problem.is_dummy, problem.law),
        feature_units=tuple(each.unit for each in problem.inputs),
        target_unit=problem.target.unit,
        relevant=tuple(name for name, dummy in zip(names, problem.is_dummy, strict=True) if not dummy),
        data_law=problem.law if differs else None,
        exact=not problem.with_dummies,
        decidable=is_decidable(problem),
        notes=notes_of(problem),
        description=f"{problem.target.name} {problem.target.about}; {described(problem.inputs)}",
    )


def is_decidable(problem: Problem) -> bool:
    """Whether the data follow the truth, and no shorter law gives the same numbers to their last digits."""
    level = str(problem.facts["data_blindness"]["strongest_level"])
    if problem.law != problem.truth:
        return False
    if problem.with_dummies:
        return not level.startswith(_INVISIBLE_TO_SINGLE) and problem.name not in _LOST_TO_SINGLE
    return not level.startswith(_INVISIBLE_TO_DOUBLE)


def notes_of(problem: Problem) -> tuple[str, ...]:
    """What is known to be wrong with a problem, in sentences."""
    facts = problem.facts
    blindness, tags = facts["data_blindness"], facts["tags"]
    notes = []
    if problem.law != problem.truth:
        notes.append(
            f"the data follow {problem.law}, not the published truth: no answer can be accurate and the truth"
        )
    if blindness["variables_without_influence_on_data"]:
        notes.append("an input of the truth has no influence on the data")
    if blindness["simplifications_that_still_pass_r2_0.999"]:
        change = blindness["simplifications_that_still_pass_r2_0.999"][0]["change"]
        level = next(words for key, words in _LEVELS.items() if blindness["strongest_level"].startswith(key))
        notes.append(f"a shorter law {level}: {problem.renumbered(change)}")
    if problem.with_dummies and problem.name in _LOST_TO_SINGLE:
        notes.append("rounding to float32 leaves nine different targets: the truth itself misses R2 of 0.999")
    if "target_dominated_by_float64_cancellation" in tags:
        notes.append("1 - cos of a tiny angle: the target is a staircase of float64 rounding")
    if "rejection_sampled" in tags:
        share = facts["sampling_acceptance_rate"]
        notes.append(f"{1.0 - share:.0%} of draws have no valid target and are drawn again")
    if "r2_decided_by_top_0.1_percent" in tags:
        notes.append("R2 is decided by one row in a thousand")
    if facts["units"]["ground_truth_consistent"] is False:
        notes.append(f"units of the truth do not agree: {facts['units']['ground_truth_problem']}")
    return tuple(notes)
