"""gplearn: Koza-style genetic programming with protected operators and random constants."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.benchmark.method import Answer, Budget
from eqdisc.benchmark.methods.common import (
    Clock,
    law_answer,
    mean_law,
    missing_package,
    package_version,
    restored,
    working_units,
)
from eqdisc.data.dataset import Dataset
from eqdisc.data.scale import Scaling
from eqdisc.expr.expression import Expression

_BUILT_IN = ("add", "sub", "mul", "div", "sqrt", "log", "sin", "cos")
#: gplearn's own: below this size a denominator or the argument of a logarithm counts as zero.
_SMALL = 0.001
#: Its documentation's example of a protected exponential: beyond, the value is zero.
_LARGE = 100.0
_EXACT = 1e-12  # a mean absolute error of this share of the target's ends the run


class TimeIsUpError(Exception):
    """Raised by the fitness when the budget is spent in the middle of a generation."""


@dataclass(frozen=True)
class Gplearn:
    """`gplearn.genetic.SymbolicRegressor` as set up for SRBench, a generation at a time until time is up.

    generations : no more than so many
    processes   : of gplearn; two were slower, as it sends the whole population to each every time
    rows        : a random sample of so many rows to breed on: with 8000 a minute is a dozen generations
    """

    generations: int | None = None
    population: int = 1000
    rows: int = 1000
    processes: int = 1
    name: str = "gplearn"

    def available(self) -> str | None:
        """Where gplearn is installed."""
        return missing_package("gplearn")

    def version(self) -> str:
        """Of gplearn."""
        return package_version("gplearn")

    def warm_up(self) -> None:
        """Import what is needed, on a small table."""
        x = np.linspace(1.0, 2.0, 20)
        quick = replace(self, generations=1, population=40)
        quick.solve(Dataset.of(x[:, np.newaxis], x**3), Budget(600.0), 0, None)

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        """The program of least error seen in any generation; its own prediction, protected operators and all.

        The text has a protected operator as the plain one where it is never protected on the rows of the
        table, and with its protection spelled out where it is (see `expression_of`).
        """
        clock = Clock(budget)
        table, scaling = working_units(train)
        sample = table.take(np.random.default_rng(seed).permutation(table.n_rows)[: self.rows])
        best, details = self._evolve(sample, clock, min(self.processes, budget.threads), seed)
        if best is None:
            return law_answer(mean_law(train), train, {**details, "note": "no generation was finished"})
        law, protected = expression_of(best.program, table.features)
        answer = law_answer(restored(law, scaling), train, {**details, "protected": protected})
        return Answer(answer.expression, partial(_values, best, scaling), answer.details)

    def _evolve(self, table: Dataset, clock: Clock, threads: int, seed: int) -> tuple[Any, dict[str, Any]]:
        from gplearn.genetic import SymbolicRegressor

        stop = _EXACT * float(np.mean(np.abs(table.target)))
        model = SymbolicRegressor(
            population_size=self.population,
            generations=1,
            tournament_size=20,
            init_depth=(2, 6),
            init_method="half and half",
            function_set=_functions(),
            metric=_metric(clock),
            parsimony_coefficient=0.001,
            p_crossover=0.9,
            p_subtree_mutation=0.01,
            p_hoist_mutation=0.01,
            p_point_mutation=0.01,
            p_point_replace=0.05,
            stopping_criteria=stop,
            warm_start=True,
            low_memory=True,
            n_jobs=threads,
            random_state=seed % 2**32,
        )
        best, stopped, done = None, "time", 0
        while self.generations is None or done < self.generations:
            try:
                with warnings.catch_warnings(), np.errstate(all="ignore"):
                    warnings.simplefilter("ignore")
                    model.set_params(generations=done + 1).fit(table.features, table.target, table.weights)
            except TimeIsUpError:
                break
            done += 1
            if best is None or model._program.raw_fitness_ < best.raw_fitness_:
                best = model._program
            if best.raw_fitness_ <= stop:
                stopped = "exact"
                break
            if clock.left() <= 0.0:
                break
        else:
            stopped = "generations"
        return best, {"generations": done, "evaluations": done * self.population, "stopped": stopped}


def expression_of(program: Sequence[Any], features: FloatArray) -> tuple[Expression, list[str]]:
    """A program of gplearn (functions, columns and constants in prefix order), and what is protected in it.

    On the rows of `features` (n, k) the expression has the values of the program: an operator whose
    protection never acts there is written plainly, another as `where(...)` or with `abs`, and named in the
    list.
    """
    stack: list[tuple[Expression, FloatArray]] = []
    protected: set[str] = set()
    with np.errstate(all="ignore"):
        for node in reversed(program):
            if isinstance(node, (int, np.integer)):
                stack.append((Expression.variable(int(node)), features[:, int(node)]))
            elif isinstance(node, (float, np.floating)):
                stack.append((Expression.constant(float(node)), np.full(len(features), float(node))))
            else:
                operands = [stack.pop() for _ in range(node.arity)]
                values = [value for _, value in operands]
                law, acts = _written(node.name, [expression for expression, _ in operands], values)
                protected |= {node.name} if acts else set()
                stack.append((law, np.asarray(node(*values), dtype=np.float64)))
    ((law, _),) = stack
    return law, sorted(protected)


def _written(name: str, operands: list[Expression], values: list[FloatArray]) -> tuple[Expression, bool]:
    """An operator of gplearn in our language, and whether its protection acts on these values."""
    plain = Expression.apply(name, *operands)
    guarded, value = operands[-1], values[-1]
    size = Expression.apply("abs", guarded)
    if name == "div" and np.any(np.abs(value) <= _SMALL):
        return Expression.apply("where", size - _SMALL, plain, 1.0), True
    if name == "sqrt" and np.any(value < 0.0):
        return Expression.apply("sqrt", size), True
    if name == "log" and np.any(np.abs(value) <= _SMALL):
        return Expression.apply("where", size - _SMALL, Expression.apply("log", size), 0.0), True
    if name == "log" and np.any(value < 0.0):
        return Expression.apply("log", size), True
    if name == "exp" and np.any(np.abs(value) >= _LARGE):
        return Expression.apply("where", _LARGE - size, plain, 0.0), True
    return plain, False


def _values(program: Any, scaling: Scaling, features: FloatArray) -> FloatArray:
    """What gplearn predicts, in the units of the table."""
    with np.errstate(all="ignore"):
        found: FloatArray = program.execute(np.asarray(features) * scaling.features) / scaling.target
    return found


def _functions() -> list[Any]:
    from gplearn.functions import make_function

    added: dict[str, tuple[Callable[[FloatArray], FloatArray], int]] = {
        "exp": (_protected_exp, 1),
        "tanh": (_tanh, 1),
        "square": (_square, 1),
        "cube": (_cube, 1),
    }
    made = [make_function(function=f, name=n, arity=a, wrap=False) for n, (f, a) in added.items()]
    return [*_BUILT_IN, *made]


def _protected_exp(x: FloatArray) -> FloatArray:
    with np.errstate(over="ignore"):
        return np.where(np.abs(x) < _LARGE, np.exp(x), 0.0)


def _tanh(x: FloatArray) -> FloatArray:
    return np.tanh(x)


def _square(x: FloatArray) -> FloatArray:
    return x * x


def _cube(x: FloatArray) -> FloatArray:
    return x * x * x


def _metric(clock: Clock) -> Any:
    """The mean absolute error, gplearn's default; infinite for NaN, which would win every tournament."""
    from gplearn.fitness import make_fitness

    def error(y: FloatArray, prediction: FloatArray, weights: FloatArray) -> float:
        if clock.left() <= 0.0:
            raise TimeIsUpError
        found = float(np.average(np.abs(prediction - y), weights=weights))
        return found if np.isfinite(found) else np.inf

    return make_fitness(function=error, greater_is_better=False)  # wrapped, so that it can be sent to workers


__all__ = ["Gplearn", "expression_of"]
