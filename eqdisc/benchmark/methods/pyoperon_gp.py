"""pyoperon: Operon, genetic programming with least-squares constants (Burlacu et al. 2020)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np

from eqdisc.benchmark.method import OPERATORS, Answer, Budget
from eqdisc.benchmark.methods.common import (
    Clock,
    law_answer,
    left_out,
    mean_law,
    missing_package,
    package_version,
    restored,
    shortest_good,
    split,
    variable,
    working_units,
)
from eqdisc.data.dataset import Dataset
from eqdisc.expr.expression import Expression

#: Of the variance: errors below are the rounding of single precision.
_ROUNDING = 1e-11
#: What pyoperon calls otherwise.
_THEIRS = {"min": "fmin", "max": "fmax"}
_OURS = {theirs: ours for ours, theirs in _THEIRS.items()}


@dataclass(frozen=True)
class Pyoperon:
    """`pyoperon.sklearn.SymbolicRegressor` with NSGA-II on R2 and length, as in its authors' examples.

    No limit but the clock. Its own choice from the front, by description length, needs to know the noise of
    the table. Where there is none, with the estimate its authors make by a random forest it takes laws with a
    thousand times the error of the best on the front. So the choice is made by rows it was not fitted to.

    generations : no more than so many
    steps       : least-squares steps for the constants of each individual
    operators   : by our names; those that pyoperon has are used
    """

    generations: int | None = None
    steps: int = 10
    operators: tuple[str, ...] = OPERATORS
    name: str = "pyoperon"

    def with_operators(self, operators: tuple[str, ...]) -> "Pyoperon":
        """The same with other operators."""
        return replace(self, operators=operators)

    def available(self) -> str | None:
        """Where pyoperon is installed."""
        return missing_package("pyoperon")

    def version(self) -> str:
        """Of pyoperon."""
        return package_version("pyoperon")

    def warm_up(self) -> None:
        """Import what is needed."""
        import pyoperon.sklearn  # noqa: F401

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        """The shortest of its best models by rows it was not fitted to; it knows no weights."""
        from pyoperon.sklearn import SymbolicRegressor

        clock = Clock(budget)
        table, scaling = working_units(train)
        scaled = None if validation is None else scaling.apply(validation)
        fitted, judged = split(table, scaled, seed)
        single = fitted.target.astype(np.float32)
        if not np.any(single != single[0]):
            note = "the target is constant in single precision"
            return law_answer(mean_law(train), train, {"note": note, **left_out(train)})
        model = SymbolicRegressor(
            allowed_symbols=",".join((*_symbols(self.operators), "constant", "variable")),
            objectives=["r2", "length"],
            optimizer_iterations=self.steps,
            population_size=1000,
            pool_size=1000,
            max_length=50,
            max_depth=10,
            epsilon=0.0,
            generations=self.generations or 10**9,
            max_evaluations=2**62,
            n_threads=budget.threads,
            max_time=max(1, round(clock.left())),  # whole seconds are all it takes
            random_state=seed % 2**63,
        )
        model.fit(fitted.features, fitted.target)
        columns = {name: j for j, name in enumerate(model.variables_)}  # in the order of the table
        front = [expression_of(member["tree"].Nodes, columns) for member in model.pareto_front_]
        law = shortest_good(front, judged, _ROUNDING) or mean_law(table)
        details = {
            "generations": int(model.stats_["generations"]),
            "evaluations": int(model.stats_["residual_evaluations"]),
            "front": len(model.pareto_front_),
            **left_out(train),
        }
        return law_answer(restored(law, scaling), train, details)


def expression_of(nodes: Sequence[Any], columns: Mapping[Any, int]) -> Expression:
    """A tree of pyoperon, as its postfix nodes, with exactly its constants; `columns`: hash -> feature.

    A variable has a weight; the first operand of a node is the one right before it. Constants are single
    precision: the shortest decimal number that means the same single is what is meant.
    """
    stack: list[Expression] = []
    for node in nodes:
        if node.IsVariable:
            stack.append(variable(columns[node.HashValue], _number(node.Value)))
        elif node.IsConstant:
            stack.append(Expression.constant(_number(node.Value)))
        else:
            operands = [stack.pop() for _ in range(node.Arity)]
            stack.append(_applied(node.Type.name.lower(), operands))
    (law,) = stack
    return law


def _applied(name: str, operands: list[Expression]) -> Expression:
    name = _OURS.get(name, name)
    if len(operands) > 2:  # n-ary: a - b - c
        return reduce(lambda a, b: Expression.apply(name, a, b), operands)
    return Expression.apply(name, *operands)


def _number(value: float) -> float:
    return float(str(np.float32(value)))


def _symbols(operators: Sequence[str]) -> tuple[str, ...]:
    """Those of the operators that pyoperon has, by its names."""
    from pyoperon.sklearn import _KNOWN_SYMBOLS

    names = (_THEIRS.get(name, name) for name in operators)
    return tuple(name for name in names if name in _KNOWN_SYMBOLS)
