"""What a contestant is: it gets a table and a budget, never the truth, and gives an answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from eqdisc._typing import FloatArray
from eqdisc.benchmark.task import Form
from eqdisc.data.dataset import Dataset
from eqdisc.data.surfaces import Cloud, JointDataset
from eqdisc.errors import OptionError

#: What every contestant may build laws of, by our names, as far as its package has them.
OPERATORS = ("add", "sub", "mul", "div", "sqrt", "exp", "log", "sin", "cos", "tanh", "square", "cube")


@dataclass(frozen=True)
class Budget:
    """What a method may spend on one table.

    seconds : wall clock; a method ends by itself when they are over, give or take what its package allows
    threads : cores it may use

    >>> Budget(seconds=5.0).threads
    2
    """

    seconds: float = 60.0
    threads: int = 2

    def __post_init__(self) -> None:
        if not 0.0 < self.seconds < float("inf"):
            raise OptionError(f"the budget is {self.seconds} seconds; wanted a number above 0")
        if self.threads < 1:
            raise OptionError(f"the budget is {self.threads} threads; wanted 1 or more")


@dataclass(frozen=True)
class Answer:
    """What a method found.

    expression : the law as SymPy text; the features are called by their symbols, as made by
                 `eqdisc.interop.sympy_bridge.symbol_names`; None where the model is no formula. Of an
                 implicit surface the F of F = 0, of a parametric one all formulas in one text
    predict    : (n, features) -> (n,) values of the law, (n, outputs) of a parametric surface, |F| of an
                 implicit one; can be pickled
    details    : plain data, ready for JSON: complexity, why it stopped, what it could not take into account
    form       : what kind of law it is; of a hidden surface the method may choose
    expressions : of a parametric surface the formula of each output
    box        : of a surface whose parameters were hidden, the range of each parameter of the answer
    """

    expression: str | None
    predict: Callable[[FloatArray], FloatArray]
    details: Mapping[str, Any] = field(default_factory=dict)
    form: Form = "explicit"
    expressions: Mapping[str, str] = field(default_factory=dict)
    box: Mapping[str, tuple[float, float]] = field(default_factory=dict)


class Method(Protocol):
    """A contestant: frozen settings, no state between tables."""

    @property
    def name(self) -> str:
        """What it is called in plans, records and tables."""

    def available(self) -> str | None:
        """None where it can run; otherwise why not and what to install. Imports nothing heavy."""

    def version(self) -> str:
        """Of the package it comes from."""

    def warm_up(self) -> None:
        """Import and compile what the first `solve` of a process would; not on the clock."""

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        """Find a law for the table. `validation` has further rows, to choose among laws by."""


@runtime_checkable
class SurfaceMethod(Method, Protocol):
    """A contestant that knows surfaces; others are asked for one output of a parametric one after another."""

    def surfaces(self) -> tuple[Form, ...]:
        """The forms it can be asked for, beside explicit ones."""

    def warm_up_surface(self, form: Form) -> None:
        """As `warm_up`, for a form of surface."""

    def solve_surface(self, form: Form, table: JointDataset | Cloud, budget: Budget, seed: int) -> Answer:
        """Find the law of a surface: of a cloud where the form is implicit or hidden, else of outputs."""


@runtime_checkable
class Related(Method, Protocol):
    """A contestant that is another with something added or taken away; it searches with the same seeds."""

    @property
    def seed_name(self) -> str:
        """Name of the method whose seeds it has."""


@runtime_checkable
class Adaptable(Protocol):
    """A contestant whose operators can be set."""

    def with_operators(self, operators: tuple[str, ...]) -> Method:
        """The same contestant with other operators, as far as its package has them."""
