"""What laws and tables the generator makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

from eqdisc.errors import OptionError
from eqdisc.expr.operators import OPERATORS, operator
from eqdisc.proposers.snip.vocabulary import INPUTS, LENGTH

Part = Literal["training", "held out"]

#: Same seed and same settings, same tables, as long as this is the same.
VERSION = 2

#: How often functions are drawn, in proportion. Laws of physics hold roots and squares most, then
#: exponentials, sines and logarithms; the rest is rare, and present.
FUNCTIONS: Mapping[str, float] = MappingProxyType({
    "sqrt": 3.0, "square": 3.0, "exp": 2.5, "log": 1.6, "sin": 2.2, "cos": 2.2, "inv": 1.0, "cube": 0.6,
    "tanh": 0.5, "abs": 0.4, "tan": 0.25, "atan": 0.25, "log10": 0.25, "asin": 0.2, "cbrt": 0.2, "cosh": 0.2,
    "acos": 0.15, "sinh": 0.15, "floor": 0.12, "sign": 0.08,
})  # fmt: skip
#: The same for ways to join two parts; `pow` and the like stand for themselves.
JOINTS: Mapping[str, float] = MappingProxyType({
    "mul": 4.2, "div": 2.6, "add": 1.9, "sub": 1.2, "pow": 0.12, "max": 0.1, "min": 0.1, "atan2": 0.06,
    "mod": 0.06, "where": 0.06,
})  # fmt: skip


@dataclass(frozen=True)
class GeneratorSettings:
    """What laws and tables a `Generator` makes.

    inputs     : weights of laws with 1, 2, ... inputs
    functions  : weights of functions of one operand; joints: of operators that join parts
    applied    : chance that a part of a law is inside a function
    repeated   : chance that an input occurs twice
    dummies    : chance that a table has inputs that its law does not use
    most_columns : most inputs of a table, used or not
    tokens     : most tokens of a skeleton, BEGIN and END among them
    reused     : share of the laws of a batch, about, whose skeleton was made before, with new constants and
                 inputs; half of them have their partner in the same batch
    remembered : skeletons that a generator knows to have made; beyond them it starts to forget
    rows       : fewest and most rows of a table, where `batch` is not told
    part       : "training" or "held out": a thirty-second of the skeletons that are not small, told by
                 their hashes, is never in the one and all there is in the other; None for all
    noisy      : chance that a table has noise; noise: its least and largest standard deviation, in units of
                 that of the law's values

    OptionError for impossible values.

    >>> GeneratorSettings(inputs=(1.0, 1.0)).inputs
    (1.0, 1.0)
    """

    inputs: tuple[float, ...] = (1.4, 2.4, 2.2, 1.5, 1.0, 0.6, 0.4, 0.25, 0.15, 0.1)
    functions: Mapping[str, float] = field(default_factory=lambda: FUNCTIONS, hash=False)
    joints: Mapping[str, float] = field(default_factory=lambda: JOINTS, hash=False)
    applied: float = 0.16
    repeated: float = 0.18
    dummies: float = 0.5
    most_columns: int = INPUTS
    tokens: int = LENGTH
    reused: float = 0.2
    remembered: int = 4_000_000
    rows: tuple[int, int] = (16, 512)
    noisy: float = 0.5
    noise: tuple[float, float] = (0.001, 0.1)
    part: Part | None = None

    def __post_init__(self) -> None:
        for name in ("applied", "repeated", "dummies", "reused", "noisy"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise OptionError(f"{name} is {getattr(self, name)!r}; it is a share between 0 and 1")
        if not 1 <= len(self.inputs) <= INPUTS or not _weights(self.inputs):
            raise OptionError(f"inputs are {self.inputs!r}; wanted one to {INPUTS} weights, one positive")
        if not len(self.inputs) <= self.most_columns <= INPUTS:
            raise OptionError(
                f"most_columns is {self.most_columns!r}; it is {len(self.inputs)} to {INPUTS}, "
                "as many as a law may use at least"
            )
        least = 2 * len(self.inputs) + 1
        if not least <= self.tokens <= LENGTH:
            raise OptionError(
                f"tokens is {self.tokens!r}; laws of {len(self.inputs)} inputs take {least} or more, "
                f"and there may be {LENGTH}"
            )
        if not 4 <= self.rows[0] <= self.rows[1]:
            raise OptionError(f"rows are {self.rows!r}; wanted the fewest, at least 4, and the most")
        if self.part not in (None, *get_args(Part)):
            raise OptionError(f"part is {self.part!r}; wanted one of {', '.join(get_args(Part))}, or None")
        if not 0.0 < self.noise[0] <= self.noise[1]:
            raise OptionError(f"noise is {self.noise!r}; wanted the least, positive, and the largest")
        self._named("functions", 1)
        self._named("joints", 2)

    def _named(self, name: str, arity: int) -> None:
        weights = {operator(word).name: float(weight) for word, weight in getattr(self, name).items()}
        allowed = {row.name for row in OPERATORS if (row.arity > 1) == (arity > 1)} - {"neg"}
        if not set(weights) <= allowed or not _weights(tuple(weights.values())):
            raise OptionError(
                f"{name} are {weights}; wanted weights, one positive, of {' '.join(sorted(allowed))}"
            )
        object.__setattr__(self, name, MappingProxyType(weights))

    def __getstate__(self) -> dict[str, object]:
        # A mapping proxy cannot be pickled; worker processes are handed settings.
        return {**self.__dict__, "functions": dict(self.functions), "joints": dict(self.joints)}


def _weights(weights: tuple[float, ...]) -> bool:
    return all(weight >= 0.0 for weight in weights) and sum(weights) > 0.0
