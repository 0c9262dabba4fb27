"""Make the most of a found law: simplify it, drop what it does not need, round its constants, fit the rest.

Every change is a bet that the law described is shorter with it: fewer bits of structure and constants against
more bits of residual (`eqdisc.scoring.description`). Nothing else is asked, so that noise decides how far to
go.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, EXP, LOG, MUL, VARIABLE
from eqdisc.expr.simplify import simplify
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.description import (
    LAST_DIGITS,
    Description,
    NiceNumber,
    describe,
    fixed_constants,
    nice_numbers,
    structure_bits,
)
from eqdisc.scoring.rounding import RMS_FACTOR, rounding_floor
from eqdisc.scoring.scorer import Scorer
from eqdisc.search.optimum import Optimum, constant_errors, optimum, orthonormal_basis, root_weights
from eqdisc.search.sample import sample
from eqdisc.search.spelling import respell

SAMPLE_ROWS = 1000  # the trials look at so many rows; the last fit at all
ERROR_BARS = 3.0
SNAPS_PER_CONSTANT = 2
REFITS_PER_ROUND = 4
ROUNDS = 12
LARGEST_RESIDUAL = 1e150  # its square is still a number
NEAR_EXPONENT = 0.1
SLACK_BITS = 10.0  # how far a forecast may miss before a trial is not even fitted


def polish(candidate: Candidate, scorer: Scorer) -> Candidate:
    """The candidate simplified, relieved of useless terms, its constants rounded where that pays, the rest
    fitted.

    The answer is the candidate itself where polishing does not shorten its description. Constants are fitted
    to the training rows, so that the held-out loss stays an honest one. Deterministic; a few milliseconds for
    an ordinary expression on a thousand rows, and little more on many (trials look at a sample).

    >>> from eqdisc.expr.operators import OperatorSet
    >>> from eqdisc.expr.parse import parse
    >>> from eqdisc.problem import Problem
    >>> x = np.linspace(1, 2, 20)
    >>> table = Dataset.of(x[:, None], x / 3 + 2, names=["x"])
    >>> problem = Problem.of(table, OperatorSet.of("add", "mul"), 20, seed=0)
    >>> scorer = Scorer(problem)
    >>> rough = scorer.score(parse("0.33*x + 2.01 + 0.002*x*x", ["x"]), "example")
    >>> [round(float(v), 12) for v in polish(rough, scorer).expression.constants]
    [0.333333333333, 2.0]
    """
    train = scorer.problem.train
    allowed = frozenset((VARIABLE, CONSTANT, *scorer.problem.operators.codes, *candidate.expression.codes))
    polished = scorer.score(polish_expression(candidate.expression, train, allowed), candidate.found_by)
    if polished is None or describe(candidate.expression, train).is_shorter_than(
        describe(polished.expression, train)
    ):
        return candidate
    return polished


def polish_expression(expression: Expression, dataset: Dataset, allowed: frozenset[int]) -> Expression:
    """As `polish`, on any table; only node codes in `allowed` are brought in by simplification."""
    bench = _Bench(sample(dataset, SAMPLE_ROWS), dataset.n_rows, allowed)
    state = bench.state(bench.simplified(expression))
    for _ in range(2):  # a rounded constant can make a term useless, and a dropped term a constant round
        before = state.expression
        state = bench.snapped(bench.pruned(state))
        if state.expression == before:
            break
    free = ~fixed_constants(state.expression)
    return optimum(state.expression, dataset, free).expression


@dataclass(frozen=True)
class _State:
    optimum: Optimum
    description: Description

    @property
    def expression(self) -> Expression:
        return self.optimum.expression

    def is_shorter_than(self, other: "_State") -> bool:
        return self.description.is_shorter_than(other.description)


@dataclass(frozen=True)
class _Bench:
    """A sample of a table to try changes on; it stands for `n_rows` rows."""

    dataset: Dataset
    n_rows: int
    allowed: frozenset[int]

    def simplified(self, expression: Expression) -> Expression:
        simpler = self.spelled(simplify(expression))
        return expression if simpler is None or simpler.size > expression.size else simpler

    def spelled(self, expression: Expression) -> Expression | None:
        return expression if self.allowed.issuperset(expression.codes) else respell(expression, self.allowed)

    def state(self, expression: Expression, free: BoolArray | None = None) -> _State:
        found = optimum(expression, self.dataset, free)
        return _State(found, describe(found.expression, self.dataset, self.n_rows))

    # -- useless terms

    def pruned(self, state: _State) -> _State:
        """Drop terms, one a round, as long as the description gets shorter."""
        for _ in range(ROUNDS):
            better = next(self.prunings(state), None)
            if better is None:
                return state
            state = better
        return state

    def prunings(self, state: _State) -> Iterator[_State]:
        forecasts = sorted(self.forecasts(state), key=lambda pair: pair[0])
        for forecast, trial in forecasts[:REFITS_PER_ROUND]:
            if forecast < state.description.bits + SLACK_BITS:
                found = self.state(trial, ~fixed_constants(trial))
                if found.is_shorter_than(state):
                    yield self.tidied(found)

    def tidied(self, state: _State) -> _State:
        """The state simplified; the values are the same, so the length is not asked."""
        simpler = self.simplified(state.expression)
        if simpler == state.expression:
            return state
        found = self.state(simpler, ~fixed_constants(simpler))
        return found if found.optimum.mean_square <= self.noise(state) else state

    def forecasts(self, state: _State) -> Iterator[tuple[float, Expression]]:
        """Each expression with one term less, and how long its description promises to be.

        The refit is forecast by taking from the residual what the constants of the present law can absorb.
        """
        basis = orthonormal_basis(state.optimum.jacobian)
        root = root_weights(self.dataset)
        noise = self.noise(state)
        # Simplification is slow beside a forecast: it waits for the trials that are kept.
        shortened = (self.spelled(e) for e in _shortened(state.expression, self.dataset.features))
        for trial in dict.fromkeys(e for e in shortened if e is not None):
            residual = root * (self.dataset.target - evaluate(trial, self.dataset.features))
            if np.isfinite(residual).all() and np.max(np.abs(residual)) < LARGEST_RESIDUAL:
                left = residual - basis @ (basis.T @ residual)
                mean_square = max(float(np.mean(left**2)), noise)
                yield 0.5 * self.n_rows * np.log2(mean_square) + structure_bits(trial), trial

    # -- round constants

    def snapped(self, state: _State) -> _State:
        """Round constants, one a round, as long as the description gets shorter; simplify the result."""
        for _ in range(ROUNDS):
            better = next(self.snaps(state), None)
            if better is None:
                break
            state = better
        return self.tidied(state)

    def snaps(self, state: _State) -> Iterator[_State]:
        constants = np.asarray(state.expression.constants)
        fixed = fixed_constants(state.expression)
        errors = constant_errors(state.optimum, self.noise(state), self.n_rows, ~fixed)
        trials = [
            (nice.bits, i, nice.value)
            for i in np.flatnonzero(~fixed)
            for nice in self.short_numbers(float(constants[i]), float(errors[i]))
        ]
        for _, i, value in sorted(trials):
            values, pinned = constants.copy(), fixed.copy()
            values[i], pinned[i] = value, True
            found = self.state(state.expression.with_constants(values), ~pinned)
            if found.is_shorter_than(state):
                yield found

    def short_numbers(self, value: float, error: float) -> list[NiceNumber]:
        if np.isinf(error):  # the others make up for whatever this one is
            return [NiceNumber(0.0, 1.0), NiceNumber(1.0, 1.0)]
        return list(nice_numbers(value, ERROR_BARS * error + LAST_DIGITS * abs(value))[:SNAPS_PER_CONSTANT])

    def noise(self, state: _State) -> float:
        """Mean square of what no other law could meet either: the residual, or rounding if that is more."""
        n_free = max(1, self.dataset.n_rows - len(state.expression.constants))
        misses = state.optimum.mean_square * self.dataset.n_rows / n_free
        return max(misses, (RMS_FACTOR * rounding_floor(state.expression, self.dataset)) ** 2)


def _powers(expression: Expression) -> Iterator[Expression]:
    """For exp(c*log(u)) the powers of u with a simple exponent near c: they differ where u is negative."""
    if expression.root != EXP:
        return
    inner, exponent = expression.children[0], 1.0
    if inner.root == MUL and inner.children[0].root == CONSTANT:
        inner, exponent = inner.children[1], float(inner.children[0].constants[0])
    if inner.root != LOG:
        return
    for denominator in (1, 2, 3):
        near = round(exponent * denominator) / denominator
        if near != 0.0 and abs(near - exponent) < NEAR_EXPONENT:
            yield simplify(Expression.apply("pow", inner.children[0], near))


def _shortened(expression: Expression, features: FloatArray) -> Iterator[Expression]:
    """The expression with a node replaced by one of its children, or a subtree by a constant, its mean."""
    for position in range(expression.size):
        below = expression.subtree(position)
        if below.size == 1:
            continue
        for simpler in (*below.children, *_powers(below)):
            yield expression.replace_subtree(position, simpler)
        if below.features:
            with np.errstate(all="ignore"):
                mean = float(np.mean(evaluate(below, features)))
            if np.isfinite(mean):
                yield expression.replace_subtree(position, Expression.constant(mean))
