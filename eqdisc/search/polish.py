"""Make the most of a found law: simplify it, drop what it does not need, round its constants, fit the rest.

Every change is a bet that the law described is shorter with it: fewer bits of structure and constants against
more bits of residual (`eqdisc.scoring.description`). Nothing else is asked, so that noise decides how far to
go.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import log2

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr import algebra
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, EXP, LOG
from eqdisc.expr.simplify import simplify
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.description import (
    LAST_DIGITS,
    Description,
    NiceNumber,
    constant_bits,
    describe,
    described,
    fixed_constants,
    nice_numbers,
    structure_bits,
)
from eqdisc.scoring.rounding import RMS_FACTOR
from eqdisc.scoring.scorer import Scorer
from eqdisc.search.cancel import MOST_LONGER, without_poles
from eqdisc.search.optimum import Optimum, constant_errors, optimum, orthonormal_basis, root_weights
from eqdisc.search.sample import sample
from eqdisc.search.spelling import allowed_codes, other_ways, respell

SAMPLE_ROWS = 1000  # the trials look at so many rows, the last fit at more
LAST_ROWS = 20_000
WORK = 160.0  # nodes that are polished at the end of a search: about a fifth of a second
CONTENDERS = 4
LAST_STEPS = 3  # of the last fit: from the optimum of the sample to that of the table is a short way
LAST_GAIN = 1e-16
ERROR_BARS = 3.0
SYSTEMATIC = 10.0  # how much more rounding errors, which are not quite random, may move a constant
SNAPS_PER_CONSTANT = 2
SNAPS_PER_ROUND = 3
STEP_SNAPS, STEP_WINDOW = 3, 0.05  # round numbers tried for a constant without a slope, relative distance
REFITS_PER_ROUND = 4
SPELLINGS = 6
ROUNDS = 12
SNAP_LOSS = 1.01  # times its loss is what rounding may make of a law
TURNS = 4  # a rounded constant can make a term useless, and a dropped term a constant round
LARGEST_ROUNDED = 24  # nodes; round constants are no evidence in a long approximation
LARGEST_RESIDUAL = 1e150  # its square is still a number
NEAR_EXPONENT = 0.1
ROUNDING = 1e-9  # by so much, of the largest value, may values move when a law is written otherwise
SLACK_BITS = 10.0  # how far a forecast may miss before a trial is not even fitted


def polish(candidate: Candidate, scorer: Scorer) -> Candidate:
    """The candidate simplified, relieved of useless terms, its constants rounded where that pays, the rest
    fitted.

    The answer is the candidate itself (with what cancels cancelled) where polishing does not shorten its
    description, and always for a constant: the mean has nothing to polish. Constants are fitted
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
    if not candidate.expression.features:
        return candidate
    allowed = allowed_codes(scorer.problem.operators).union(candidate.expression.codes)
    largest = max(scorer.problem.max_size, candidate.complexity)
    rows = sample(train, LAST_ROWS)
    candidate = _without_poles(candidate, scorer, allowed)
    best, length = candidate, describe(candidate.expression, rows, train.n_rows)
    for expression in polished_expressions(candidate.expression, train, allowed):
        law = scorer.score(expression, candidate.found_by)
        if law is not None and law.complexity <= largest:
            other = describe(law.expression, rows, train.n_rows)
            if not length.is_shorter_than(other):
                best, length = law, other
    return best


def _without_poles(candidate: Candidate, scorer: Scorer, allowed: frozenset[int]) -> Candidate:
    """The candidate with what cancels cancelled, where its values stay as they are on all rows.

    They need not: at a pole infinity may change its sign, which counts inside of a bounded function.
    """
    plain = without_poles(candidate.expression)
    expression = None if plain == candidate.expression else respell(simplify(plain), allowed)
    largest = min(candidate.complexity + MOST_LONGER, scorer.problem.max_size)
    if expression is None or expression.size > largest:
        return candidate
    law = scorer.score(expression, candidate.found_by)
    features = scorer.problem.train.features
    with np.errstate(all="ignore"):
        before, after = evaluate(candidate.expression, features), evaluate(expression, features)
    same = np.allclose(after, before, rtol=ROUNDING, atol=ROUNDING * float(np.max(np.abs(before))))
    return law if law is not None and same else candidate


def polished_expressions(
    expression: Expression, dataset: Dataset, allowed: frozenset[int]
) -> Iterator[Expression]:
    """What polishing makes of an expression; only node codes in `allowed` are brought in.

    On a table larger than the sample that the trials look at, first without rounding: what is round in the
    light of few rows need not be in that of all.
    """
    rows = sample(dataset, LAST_ROWS)
    with np.errstate(all="ignore"):
        bench = _Bench(sample(dataset, SAMPLE_ROWS), allowed)
        state = bench.pruned(bench.state(bench.simplified(expression)))
        if rows.n_rows > SAMPLE_ROWS:
            yield optimum(state.expression, rows, None, LAST_STEPS, LAST_GAIN).expression
        for _ in range(TURNS):
            largest = SNAP_LOSS * max(state.optimum.mean_square, state.description.floor / RMS_FACTOR**2)
            state = bench.respelled(bench.snapped(state, largest), largest)
            pruned = bench.pruned(state)
            if pruned is state:
                break
            state = pruned
    free = ~fixed_constants(state.expression)
    yield optimum(state.expression, rows, free, LAST_STEPS, LAST_GAIN).expression


def worth_polishing(front: Iterable[Candidate], dataset: Dataset) -> Iterator[Candidate]:
    """The laws of a front that are worth it, as many as `WORK` allows.

    First those that could be chosen, which are the shortest descriptions, then the rest, the simplest first:
    many a long law is a short one in disguise, but always the same. The work is counted and not timed, so
    that the answer does not depend on the machine.
    """
    rows = sample(dataset, SAMPLE_ROWS)
    work = 0.0
    lengths = {law: describe(law.expression, rows, dataset.n_rows).bits for law in front}
    ranking = sorted(lengths, key=lambda law: (lengths[law], law.complexity))
    rest = sorted(ranking[CONTENDERS:], key=lambda law: law.complexity)
    for law in (*ranking[:CONTENDERS], *rest):
        cost = effort(law.complexity, dataset)
        if work == 0.0 or work + cost <= WORK:
            work += cost
            yield law


def effort(complexity: int, dataset: Dataset) -> float:
    """What polishing a law takes, in nodes on few rows: about a millisecond each."""
    rows = dataset.n_rows
    return complexity * (1.0 + min(rows, SAMPLE_ROWS) / 1000.0 + min(rows, LAST_ROWS) / 25000.0)


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
    """A table to try changes on."""

    dataset: Dataset
    allowed: frozenset[int]

    def simplified(self, expression: Expression) -> Expression:
        simpler = self.spelled(simplify(expression))
        return expression if simpler is None or simpler.size > expression.size else simpler

    def spelled(self, expression: Expression) -> Expression | None:
        return expression if self.allowed.issuperset(expression.codes) else respell(expression, self.allowed)

    def state(self, expression: Expression, free: BoolArray | None = None) -> _State:
        found = optimum(expression, self.dataset, free)
        return _State(found, described(found.expression, found.found, self.dataset))

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
                if np.mean(residual**2) <= noise:  # nothing is lost: abs(x) of a positive x
                    yield -np.inf, trial
                    continue
                left = residual - basis @ (basis.T @ residual)
                mean_square = max(float(np.mean(left**2)), noise)
                yield 0.5 * self.dataset.n_rows * np.log2(mean_square) + structure_bits(trial), trial

    # -- round constants

    def may_round(self, state: _State) -> bool:
        """Whether the law is short or exact: it is asked for round constants then; else only for 0 and 1."""
        exact = state.optimum.mean_square <= state.description.floor
        return exact or state.expression.size <= LARGEST_ROUNDED

    def snapped(self, state: _State, largest: float) -> _State:
        """Round constants, one a round, as long as the description gets shorter; simplify the result.

        largest : mean square residual that rounding may leave where it spares no node
        """
        for _ in range(ROUNDS):
            better = next(self.snaps(state, largest), None)
            if better is None:
                break
            state = better
        return self.tidied(self.on_plateaus(self.cleaned(state)))

    def snaps(self, state: _State, largest: float) -> Iterator[_State]:
        constants = state.expression.constants
        fixed = fixed_constants(state.expression)
        trials = sorted(self.roundings(state, fixed))
        for forecast, i, value in trials[:SNAPS_PER_ROUND]:
            if forecast < SLACK_BITS:
                values, pinned = constants.copy(), fixed.copy()
                values[i], pinned[i] = value, True
                found = self.state(state.expression.with_constants(values), ~pinned)
                if found.is_shorter_than(state) and self.may_replace(state, found, largest):
                    yield found

    def may_replace(self, state: _State, rounded: _State, largest: float) -> bool:
        """Whether a law as long as before is as good; one with fewer nodes has a place of its own."""
        if rounded.optimum.mean_square <= largest:
            return True
        return self.simplified(rounded.expression).size < state.expression.size

    def roundings(self, state: _State, fixed: BoolArray) -> Iterator[tuple[float, int, float]]:
        """By how many bits the description promises to change, which constant, its round value.

        Pinning a constant k error bars off raises the sum of squares by k^2 times the noise (Seber and Wild
        1989, chapter 5), the others refitted.
        """
        mean_square, floor = state.optimum.mean_square, state.description.floor
        noise, any_value = self.noise(state), self.may_round(state)
        errors = constant_errors(state.optimum, noise, self.dataset.n_rows, ~fixed)
        for i in np.flatnonzero(~fixed):
            value, error = float(state.expression.constants[i]), float(errors[i])
            margin = SYSTEMATIC * error if mean_square <= floor else error
            for nice in self.short_numbers(value, margin, any_value):
                misses = 0.0 if np.isinf(error) or error == 0.0 else ((nice.value - value) / error) ** 2
                least = max(mean_square, floor, np.finfo(float).tiny)
                raised = max(mean_square + misses * noise / self.dataset.n_rows, least)
                residual = 0.5 * self.dataset.n_rows * log2(raised / least)
                yield residual + nice.bits - constant_bits(value, error), int(i), nice.value

    def short_numbers(self, value: float, error: float, any_value: bool) -> list[NiceNumber]:
        if np.isinf(error):  # the others make up for whatever this one is
            return [NiceNumber(0.0, 1.0), NiceNumber(1.0, 1.0)]
        near = nice_numbers(value, ERROR_BARS * error + LAST_DIGITS * abs(value))
        return [nice for nice in near if any_value or nice.value in (0.0, 1.0)][:SNAPS_PER_CONSTANT]

    def cleaned(self, state: _State) -> _State:
        """Short numbers freed of what arithmetic left in their last digits: 0.39999999999999997 is 0.4."""
        values = [
            next((nice.value for nice in nice_numbers(float(v), LAST_DIGITS * abs(v))), float(v))
            for v in state.expression.constants
        ]
        if values == list(state.expression.constants):
            return state
        found = self.state(state.expression.with_constants(values), np.zeros(len(values), dtype=bool))
        return state if state.is_shorter_than(found) else found

    def on_plateaus(self, state: _State) -> _State:
        """Constants without a slope made round where rows cannot tell: inside a floor, a sign, a condition.

        Nothing is won by the description, to which such a constant costs next to nothing: floor(0.4995*i +
        0.13) is floor(i/2) on the rows, and the law nowhere else.
        """
        for i in np.flatnonzero(~np.any(state.optimum.jacobian != 0.0, axis=0)):
            for value in _near_step(float(state.expression.constants[i])):
                values = state.expression.constants
                values[i] = value
                found = self.state(state.expression.with_constants(values), np.zeros(values.size, dtype=bool))
                if not state.is_shorter_than(found):
                    state = found
                    break
        return state

    def respelled(self, state: _State, largest: float) -> _State:
        """The spelling with the roundest constants: 1.4*a - 0.8 rather than 1.4*(a - 0.571429)."""
        for _ in range(ROUNDS):
            better = next(self.respellings(state, largest), None) if self.may_round(state) else None
            if better is None:
                break
            state = better
        return state

    def respellings(self, state: _State, largest: float) -> Iterator[_State]:
        for spelling in islice(_ways_to_round(state.expression), SPELLINGS):
            found = self.spelled(spelling)
            if found is not None:
                other = self.snapped(self.state(found, ~fixed_constants(found)), largest)
                if other.is_shorter_than(state):
                    yield other

    def noise(self, state: _State) -> float:
        """Mean square of what no other law could meet either: the residual, or rounding if that is more."""
        n_free = max(1, self.dataset.n_rows - state.expression.codes.count(CONSTANT))
        misses = state.optimum.mean_square * self.dataset.n_rows / n_free
        return max(misses, state.description.floor)


def _near_step(value: float) -> tuple[float, ...]:
    """Round numbers that a constant on a plateau may stand for, the shortest first."""
    near = nice_numbers(value, STEP_WINDOW * abs(value))
    return tuple(dict.fromkeys((0.0, *(nice.value for nice in near[:STEP_SNAPS]))))


def _ways_to_round(expression: Expression) -> Iterator[Expression]:
    """The expression with one subtree written another way, first those whose constants are not round yet."""
    nodes = [(bool(fixed_constants(expression.subtree(i)).all()), i) for i in range(expression.size)]
    seen = {expression}
    for _, position in sorted(nodes):
        for way in other_ways(expression.subtree(position)):
            spelling = expression.replace_subtree(position, way)
            if spelling not in seen:
                seen.add(spelling)
                yield spelling


def _without_logarithms(expression: Expression) -> Iterator[Expression]:
    """exp(c*log(u) + v) as a power of u with a simple exponent near c, times exp(v): where u is negative they
    differ."""
    if expression.root != EXP or LOG not in expression.codes:
        return
    try:
        exponent = algebra.sum_of(expression.children[0], distribute=True)
    except algebra.NotRepresentable:
        return
    for term, found in exponent.terms.items():
        if term.root != LOG or len(found) != 1:
            continue
        rest = algebra.Sum(exponent.constant, {t: f for t, f in exponent.terms.items() if t != term})
        others = Expression.apply(EXP, algebra.written_sum(rest))
        for denominator in (1, 2, 3):
            near = round(found[0][0] * denominator) / denominator
            if near != 0.0 and abs(near - found[0][0]) < NEAR_EXPONENT:
                yield simplify(Expression.apply("pow", term.children[0], near) * others)


def _shortened(expression: Expression, features: FloatArray) -> Iterator[Expression]:
    """The expression with a node replaced by one of its children, or a subtree by a constant, its mean."""
    for position in range(expression.size):
        below = expression.subtree(position)
        if below.size == 1:
            continue
        for simpler in (*below.children, *_without_logarithms(below)):
            yield expression.replace_subtree(position, simpler)
        if below.features:
            with np.errstate(all="ignore"):
                mean = float(np.mean(evaluate(below, features)))
            if np.isfinite(mean):
                yield expression.replace_subtree(position, Expression.constant(mean))
