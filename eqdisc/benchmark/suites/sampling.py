"""How inputs are drawn and how a law makes a table of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.errors import DataError
from eqdisc.expr.parse import parse

Draw = Literal["log", "uniform", "integer", "rounded"]
Sign = Literal["as_drawn", "negative", "either"]
Keep = Callable[[FloatArray], BoolArray]

_MOST_DRAWS = 20_000_000  # rows tried before a law is called impossible in its ranges


@dataclass(frozen=True)
class Input:
    """An input and how it is drawn.

    low, high : the range; of integers both ends are included
    draw      : `log` for 10**uniform, `integer` for whole numbers equally often, `rounded` for a rounded
                uniform number, which has its ends half as often
    sign      : `negative` turns each draw around, `either` every second one by a fair coin
    """

    name: str
    low: float
    high: float
    draw: Draw = "uniform"
    sign: Sign = "as_drawn"
    unit: str | None = None
    about: str = ""

    @property
    def domain(self) -> tuple[float, float]:
        """Lowest and highest value."""
        if self.sign == "either":
            largest = max(abs(self.low), abs(self.high))
            return -largest, largest
        return (-self.high, -self.low) if self.sign == "negative" else (self.low, self.high)

    def sample(self, rows: int, rng: np.random.Generator) -> FloatArray:
        """(rows,) independent draws."""
        share = rng.random(rows)
        if self.draw == "log":
            low, high = np.log10(self.low), np.log10(self.high)
            values: FloatArray = 10.0 ** (low + share * (high - low))
        elif self.draw == "integer":
            values = self.low + np.floor(share * (self.high - self.low + 1.0))
        else:
            values = self.low + share * (self.high - self.low)
        if self.draw == "rounded":
            values = np.rint(values)
        if self.sign == "negative":
            return -values
        if self.sign == "either":
            return np.where(rng.random(rows) < 0.5, values, -values)
        return values


def values_of(law: str, names: Sequence[str], features: FloatArray) -> FloatArray:
    """(n,) values of a formula on rows of features, as the language defines them."""
    return evaluate(parse(law, names), features)


def draw_rows(
    inputs: Sequence[Input], law: str, rows: int, rng: np.random.Generator, keep: Keep = np.isfinite
) -> tuple[FloatArray, FloatArray]:
    """Features (rows, k) and targets (rows,); rows whose target is not kept are drawn again.

    DataError where next to no row is kept.
    """
    names = [each.name for each in inputs]
    expression = parse(law, names)
    features, targets = np.empty((0, len(inputs))), np.empty(0)
    tried = 0
    while targets.size < rows:
        if tried > _MOST_DRAWS:
            raise DataError(f"{law} gives {targets.size} rows of {rows} in {tried} draws from its ranges")
        share = max(targets.size / tried, 1e-3) if tried else 1.0
        missing = min(int((rows - targets.size) / share * 1.1) + 10, 200_000)
        drawn = np.column_stack([each.sample(missing, rng) for each in inputs])
        values = evaluate(expression, drawn)
        kept = keep(values)
        features, targets = np.vstack([features, drawn[kept]]), np.concatenate([targets, values[kept]])
        tried += missing
    return features[:rows], targets[:rows]


def inputs_of(facts: Sequence[dict[str, Any]]) -> tuple[Input, ...]:
    """Inputs as the files of facts write them."""
    known = Input.__dataclass_fields__
    return tuple(Input(**{key: value for key, value in each.items() if key in known}) for each in facts)


def table(inputs: Sequence[Input], features: FloatArray, targets: FloatArray, target_name: str) -> Dataset:
    """A dataset with the names of the inputs."""
    return Dataset.of(features, targets, [each.name for each in inputs], target_name)


def described(inputs: Sequence[Input]) -> str:
    """The inputs in words: `m mass, v speed`."""
    return ", ".join(f"{each.name} {each.about}" for each in inputs if each.about)
