"""Whole laws out of the functions that stand for the calls of a form, and their fit in batches."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.fit import ONE_BLOCK, fit_programs
from eqdisc.engine.programs import Blocks, Programs
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.form import Form, filled, substitute
from eqdisc.expr.operators import CONSTANT, MUL, VARIABLE
from eqdisc.search.least_squares import Model, minimise, refined

CHUNK = 128  # laws that a thread fits in one call
MOST_NUMBERS = 32  # of one function
ORDINARY = (0.1, 10.0)  # arguments of this root mean square are taken as they are

Bodies = tuple[Expression, ...]  # one for each unknown function, over its arguments
# Node codes; feature of a variable; number (parameter or constant of a function) of a constant, else -1.
Nodes = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Trial:
    """A choice of functions and of the form's parameters: one law."""

    bodies: Bodies
    parameters: tuple[float, ...]


@dataclass(frozen=True)
class Fitted:
    """A trial at the optimum of its numbers: mean squared residual, nodes of the law."""

    trial: Trial
    loss: float
    size: int


class Composer:
    """Puts functions into a form, in the layout of the compiled fit, and fits the laws that come out.

    Numbers of the form are fixed; the compiled fit moves every constant, so that to it they are columns. An
    argument of unusual size is taken in units of a power of two.
    """

    def __init__(self, form: Form, dataset: Dataset, threads: int) -> None:
        self.form = form
        self.dataset = dataset
        self.threads = threads
        self.first_call = len(form.columns) + len(form.parameters)
        self._numbers: list[float] = []
        self._slots = [form.functions.index(call.name) for call in form.calls]
        self._form = self._nodes(form.tree)
        units = _units(form, dataset)
        self._arguments = [
            [self._nodes(_scaled(argument, unit)) for argument, unit in zip(call.arguments, own, strict=True)]
            for call, own in zip(form.calls, units, strict=True)
        ]
        self._cache: dict[tuple[int, tuple[int, ...], tuple[float, ...]], Nodes] = {}
        numbers = np.broadcast_to(self._numbers, (dataset.n_rows, len(self._numbers)))
        table = np.column_stack([dataset.features, numbers])
        size = ONE_BLOCK if dataset.n_rows <= ONE_BLOCK else 512
        self._blocks = Blocks.of(table, dataset.target, dataset.weights, block=size, centered=False)

    # ------------------------------------------------------------ composing

    def _nodes(self, tree: Expression) -> Nodes:
        """A part of the form: parameters are constants, numbers are columns, calls stay variables."""
        first = len(self.form.columns)
        codes, args, numbers = [], [], []
        for code, value in zip(tree.codes, tree.payload, strict=True):
            parameter = code == VARIABLE and first <= value < self.first_call
            if code == CONSTANT:
                if value not in self._numbers:
                    self._numbers.append(value)
                args.append(-1 - self._numbers.index(value))  # columns of numbers come after all others
            else:
                args.append(0 if parameter else int(value))
            codes.append(CONSTANT if parameter else VARIABLE if code == CONSTANT else code)
            numbers.append(int(value) - first if parameter else -1)
        return tuple(codes), tuple(args), tuple(numbers)

    def compose(self, bodies: Bodies) -> Nodes:
        """The nodes of the whole law."""
        return self._expanded(self._form, bodies)

    def _expanded(self, nodes: Nodes, bodies: Bodies) -> Nodes:
        """The nodes with every call replaced by its function."""
        parts: list[Nodes] = []
        done = 0
        for place, (code, arg) in enumerate(zip(nodes[0], nodes[1], strict=True)):
            if code == VARIABLE and arg >= self.first_call:
                parts.append(_slice(nodes, done, place))
                parts.append(self._called(arg - self.first_call, bodies))
                done = place + 1
        return _joined([*parts, _slice(nodes, done, len(nodes[0]))]) if done else nodes

    def _called(self, call: int, bodies: Bodies) -> Nodes:
        slot = self._slots[call]
        body = bodies[slot]
        leaves = tuple(v for code, v in zip(body.codes, body.payload, strict=True) if code == VARIABLE)
        key = (call, body.codes, leaves)
        found = self._cache.get(key)
        if found is None:
            nested = any(arg >= self.first_call for nodes in self._arguments[call] for arg in nodes[1])
            arguments = [self._expanded(nodes, bodies) for nodes in self._arguments[call]]
            found = self._placed(slot, body, arguments)
            if not nested:
                self._cache[key] = found
        return found

    def _placed(self, slot: int, body: Expression, arguments: Sequence[Nodes]) -> Nodes:
        number = len(self.form.parameters) + slot * MOST_NUMBERS
        parts: list[Nodes] = []
        for code, value in zip(body.codes, body.payload, strict=True):
            if code == VARIABLE:
                parts.append(arguments[int(value)])
            else:
                parts.append(((code,), (0,), (number if code == CONSTANT else -1,)))
                number += code == CONSTANT
        return _joined(parts)

    # ------------------------------------------------------------ fitting

    def fit(self, trials: Sequence[Trial], attempts: int) -> list[tuple[Trial, int, float, FloatArray]]:
        """Each trial with the size of its law, its mean squared residual and its numbers at the optimum.

        A number that stands at several places is fitted at each of them by itself: the loss is then a bound
        from below.
        """
        chunks = [trials[start : start + CHUNK] for start in range(0, len(trials), CHUNK)]
        with ThreadPoolExecutor(self.threads) as pool:
            found = list(pool.map(lambda chunk: self._fit_chunk(chunk, attempts), chunks))
        return [result for results in found for result in results]

    def _fit_chunk(
        self, trials: Sequence[Trial], attempts: int
    ) -> list[tuple[Trial, int, float, FloatArray]]:
        laws = [self.compose(trial.bodies) for trial in trials]
        thetas = np.zeros((len(trials), self.n_numbers))
        for row, trial in zip(thetas, trials, strict=True):
            self._write(trial, row)
        ops = np.array([code for law in laws for code in law[0]], dtype=np.int32)
        args = np.array([arg for law in laws for arg in law[1]], dtype=np.int32)
        numbers = np.array([number for law in laws for number in law[2]], dtype=np.int64)
        lengths = [len(law[0]) for law in laws]
        args[args < 0] = len(self.form.columns) - 1 - args[args < 0]
        which = np.repeat(np.arange(len(trials)), lengths)
        free = numbers >= 0
        values = np.where(ops == VARIABLE, 1.0, 0.0)
        values[free] = thetas[which[free], numbers[free]]
        offsets = np.cumsum([0, *lengths]).astype(np.int64)
        programs = Programs(ops, args, values, offsets)
        result = fit_programs(programs, self._blocks, scaling=False, max_attempts=attempts)
        thetas[which[free], numbers[free]] = result.values[free]
        return list(zip(trials, lengths, result.losses.tolist(), thetas, strict=True))

    @property
    def n_numbers(self) -> int:
        """Entries of a vector of numbers: the parameters, then room for those of every function."""
        return len(self.form.parameters) + MOST_NUMBERS * len(self.form.functions)

    def _write(self, trial: Trial, row: FloatArray) -> None:
        count = len(self.form.parameters)
        row[:count] = trial.parameters
        for slot, body in enumerate(trial.bodies):
            values = [v for code, v in zip(body.codes, body.payload, strict=True) if code == CONSTANT]
            start = count + slot * MOST_NUMBERS
            row[start : start + len(values)] = values

    def trial(self, bodies: Bodies, numbers: FloatArray) -> Trial:
        """The functions with these numbers."""
        count = len(self.form.parameters)
        made = []
        for slot, body in enumerate(bodies):
            start = count + slot * MOST_NUMBERS
            made.append(body.with_constants(numbers[start : start + body.codes.count(CONSTANT)]))
        return Trial(tuple(made), tuple(numbers[:count].tolist()))

    def shares(self, bodies: Bodies) -> bool:
        """Whether a number stands at several places of the law."""
        numbers = [number for number in self.compose(bodies)[2] if number >= 0]
        return len(set(numbers)) < len(numbers)

    def refit(self, trial: Trial, dataset: Dataset, steps: int) -> tuple[Expression, Fitted] | None:
        """The law at its exact optimum, a number being the same wherever it stands; None where not finite."""
        tree, used = self._tree(trial.bodies)
        row = np.zeros(self.n_numbers)
        self._write(trial, row)
        model = Model(tree, len(self.form.columns), used.size, dataset)
        found = minimise(model, row[used], steps)
        if found is None:
            return None
        found = refined(model, found)
        row[used] = found.parameters
        law, _ = filled(tree, len(self.form.columns), found.parameters.tolist())
        return law, Fitted(self.trial(trial.bodies, row), found.loss, law.size)

    def _tree(self, bodies: Bodies) -> tuple[Expression, IntArray]:
        """The law with its numbers as variables after the columns, and which numbers these are."""
        codes, args, numbers = self.compose(bodies)
        used = sorted({number for number in numbers if number >= 0})
        first = len(self.form.columns)
        payload = []
        kinds = []
        for code, arg, number in zip(codes, args, numbers, strict=True):
            fixed = code == VARIABLE and arg < 0
            kinds.append(CONSTANT if fixed else VARIABLE if number >= 0 else code)
            if fixed:
                payload.append(self._numbers[-1 - arg])
            elif number >= 0:
                payload.append(float(first + used.index(number)))
            else:
                payload.append(float(arg) if code == VARIABLE else 0.0)
        return Expression(tuple(kinds), tuple(payload)), np.array(used, dtype=np.int64)

    def features_of(self, nodes: Nodes) -> set[int]:
        """Columns that a law reads."""
        return {arg for code, arg in zip(nodes[0], nodes[1], strict=True) if code == VARIABLE and arg >= 0}


def _slice(nodes: Nodes, start: int, stop: int) -> Nodes:
    return nodes[0][start:stop], nodes[1][start:stop], nodes[2][start:stop]


def _joined(parts: Sequence[Nodes]) -> Nodes:
    return (
        tuple(code for part in parts for code in part[0]),
        tuple(arg for part in parts for arg in part[1]),
        tuple(number for part in parts for number in part[2]),
    )


def _scaled(argument: Expression, unit: float) -> Expression:
    return argument if unit == 1.0 else Expression.apply(MUL, unit, argument)


def _units(form: Form, dataset: Dataset) -> list[list[float]]:
    """For each argument of each call the power of two that brings it to ordinary size; parameters count as 1.

    One function has the same units wherever it is called, those of its first call.
    """
    first = len(form.columns)
    unknown = range(first, first + len(form.parameters) + len(form.calls))
    ones = {j: Expression.constant(1.0) for j in unknown}
    by_name: dict[str, list[float]] = {}
    for call in form.calls:
        values = [evaluate(substitute(argument, ones), dataset.features) for argument in call.arguments]
        by_name.setdefault(call.name, [_unit(value) for value in values])
    return [by_name[call.name] for call in form.calls]


def _unit(values: FloatArray) -> float:
    size = float(np.sqrt(np.mean(np.square(values))))
    if not np.isfinite(size) or size == 0.0 or ORDINARY[0] <= size <= ORDINARY[1]:
        return 1.0
    return float(2.0 ** -np.round(np.log2(size)))
