"""Constants of several laws fitted together: equal ones made one, round ones rounded.

One Gauss-Newton fit over all outputs, each weighed by its own noise. Which constants are one number and which
are round is decided by description length, as `eqdisc.search.polish` does for one law.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import log2

import numpy as np

from eqdisc._typing import BoolArray, FloatArray, IntArray
from eqdisc.engine.sensitivity import UNIT_ROUNDOFF, sensitivity
from eqdisc.expr.expression import Expression
from eqdisc.scoring.description import constant_bits, fixed_constants, nice_numbers
from eqdisc.surfaces.parametric.clock import Late, never

MOST_ROWS = 2000
STEPS = 12
HALVINGS = 6
WINDOW = 3.5  # standard errors that a round number may be off
SYSTEMATIC = 10.0  # times its standard error: what rounding, which is not random, may move a constant
ARITHMETIC = 1e-13  # relative; what fits by linear algebra leave in constants
SHORT = 26.0  # bits of a number that is no accident so near to a fitted one
TIE_BITS = 3.0
BITS = 0.5 / np.log(2.0)  # of residual, for one squared standard error
NEGLIGIBLE = 1e-12
MOST_CHANGES = 80


@dataclass(frozen=True, eq=False)
class _State:
    """Laws whose constants are sign * value of a parameter.

    owners, signs : for each law, of its constants in postfix order; free : which parameters are fitted
    """

    expressions: tuple[Expression, ...]
    owners: tuple[IntArray, ...]
    signs: tuple[FloatArray, ...]
    values: FloatArray
    free: BoolArray

    def laws(self) -> tuple[Expression, ...]:
        return tuple(
            expression.with_constants((sign * self.values[owner]).tolist())
            for expression, owner, sign in zip(self.expressions, self.owners, self.signs, strict=True)
        )


def refine(
    expressions: Sequence[Expression], parameters: FloatArray, outputs: FloatArray, late: Late = never
) -> tuple[Expression, ...]:
    """The laws with their constants at their joint optimum, shared and rounded where that is shorter.

    expressions : one for each output, near their optimum already
    parameters  : (n, k); outputs : (n, m), finite
    late        : where the time is up, they are returned as far as they have come
    Short numbers in the laws (2, 0.5, pi) are left alone. A law that is not finite on some row is returned as
    it is.

    >>> from eqdisc.expr.parse import parse
    >>> t = np.linspace(0.0, 6.0, 60)[:, None]
    >>> laws = [parse(f"{0.3 + 1e-9 * j + 1/7e2}*{f}(t)", ["t"]) for j, f in enumerate(["cos", "sin"])]
    >>> y = 0.3123456789123 * np.column_stack([np.cos(t), np.sin(t)])
    >>> [round(float(law.constants[0]), 9) for law in refine(laws, t, y)]
    [0.312345679, 0.312345679]
    """
    rows = np.linspace(0, len(outputs) - 1, min(len(outputs), MOST_ROWS)).astype(np.int64)
    if late():
        return tuple(expressions)
    some = _Rows(parameters[rows], outputs[rows], len(outputs), late)
    state = _start([_cleaned(expression) for expression in expressions])
    if some.at(state) is None:
        return tuple(expressions)
    if not state.free.any():
        return state.laws()
    state = some.fitted(state)
    for _ in range(MOST_CHANGES):
        better = None if late() else next(some.changes(state), None)
        if better is None:
            break
        state = better
    if len(outputs) > MOST_ROWS:
        state = _Rows(parameters, outputs, len(outputs), late).fitted(state, steps=2)
    return state.laws()


def _cleaned(expression: Expression) -> Expression:
    """Short numbers freed of what arithmetic left in their last digits: 0.9999999999999998 is 1."""
    values = []
    for value in expression.constants.tolist():
        near = nice_numbers(value, ARITHMETIC * abs(value))
        values.append(near[0].value if near and near[0].bits < SHORT else value)
    return expression.with_constants(values)


def _start(expressions: Sequence[Expression]) -> _State:
    """Every constant a parameter of its own, but equal ones that are not round."""
    values: list[float] = []
    free: list[bool] = []
    owners, known = [], {}
    for expression in expressions:
        mine = []
        for value, fixed in zip(expression.constants.tolist(), fixed_constants(expression), strict=True):
            key = (value, bool(fixed))
            if key not in known:
                known[key] = len(values)
                values.append(value)
                free.append(not fixed)
            mine.append(known[key])
        owners.append(np.array(mine, dtype=np.int64))
    signs = tuple(np.ones(owner.size) for owner in owners)
    return _State(tuple(expressions), tuple(owners), signs, np.array(values), np.array(free, dtype=bool))


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows that constants are fitted to; `n_rows` is how many they stand for."""

    parameters: FloatArray
    outputs: FloatArray
    n_rows: int
    late: Late = never

    def at(self, state: _State) -> tuple[FloatArray, list[FloatArray], list[FloatArray]] | None:
        """Scales (m,), residuals and Jacobians of the free parameters; None where a value is not finite."""
        residuals, jacobians, scales = [], [], []
        free = np.flatnonzero(state.free)
        for j, law in enumerate(state.laws()):
            found = sensitivity(law, self.parameters)
            residual = self.outputs[:, j] - found.value
            table = np.zeros((len(residual), state.values.size))
            for i, (owner, sign) in enumerate(zip(state.owners[j], state.signs[j], strict=True)):
                if state.free[owner]:
                    table[:, owner] += sign * found.constants[:, i]
            if not np.isfinite(residual).all() or not np.isfinite(table).all():
                return None
            rounding = 4.0 * UNIT_ROUNDOFF * float(np.max(np.abs(self.outputs[:, j])) + 1e-300)
            scales.append(max(float(np.sqrt(np.mean(residual**2))), rounding))
            residuals.append(residual)
            jacobians.append(table[:, free])
        return np.array(scales), residuals, jacobians

    def fitted(self, state: _State, steps: int = STEPS) -> _State:
        here = self.at(state)
        if here is None or not state.free.any():
            return state
        for _ in range(steps):
            if self.late():
                break
            scales, residuals, jacobians = here
            table, left = _weighed(jacobians, scales), np.concatenate(_over(residuals, scales))
            lengths = _lengths(table)
            step = np.linalg.lstsq(table / lengths, left, rcond=1e-12)[0] / lengths
            moved = self.moved(state, step, scales, float(left @ left))
            if moved is None:
                break
            gain = 1.0 - moved[2] / max(float(left @ left), 1e-300)
            state, here = moved[0], moved[1]
            if gain < NEGLIGIBLE:
                break
        return state

    def moved(
        self, state: _State, step: FloatArray, scales: FloatArray, before: float
    ) -> tuple[_State, tuple[FloatArray, list[FloatArray], list[FloatArray]], float] | None:
        for halving in range(HALVINGS):
            values = state.values.copy()
            values[state.free] += step / 2**halving
            trial = replace(state, values=values)
            there = self.at(trial) if np.isfinite(values).all() else None
            if there is not None:
                after = float(sum(np.sum(part**2) for part in _over(there[1], scales)))
                if after < before:
                    return trial, there, after
        return None

    def changes(self, state: _State) -> Iterator[_State]:
        """The state with one parameter rounded or two made one, refitted, where shorter; best first."""
        here = self.at(state)
        free = np.flatnonzero(state.free)
        if here is None or free.size == 0:
            return
        scales, residuals, jacobians = here
        errors, covariance = self.errors(jacobians, scales)
        exact = bool(np.max(scales / (np.std(self.outputs, axis=0) + 1e-300)) < 1e-12)
        errors = np.maximum(errors * (SYSTEMATIC if exact else 1.0), 1e-14 * np.abs(state.values[free]))
        offers = [*self.roundings(state, free, errors), *self.ties(state, free, errors, covariance)]
        offers.sort(key=lambda offer: -offer[0])
        before = [float(np.sum(part**2)) for part in _over(residuals, scales)]
        for gain, changed in offers[:6]:
            if self.late():
                return
            found = self.fitted(changed, steps=3)
            there = self.at(found)
            if there is None:
                continue
            after = [float(np.sum(part**2)) for part in _over(there[1], scales)]
            n_rows = len(residuals[0])
            lost = sum(
                0.5 * self.n_rows * log2(max(b, n_rows) / max(a, n_rows))
                for a, b in zip(before, after, strict=True)
            )
            if lost < gain + 2.0:
                yield found

    def errors(self, jacobians: list[FloatArray], scales: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Standard errors (p,) and covariance (p, p) of the free parameters."""
        table = _weighed(jacobians, scales)
        lengths = _lengths(table)
        _, sizes, turned = np.linalg.svd(table / lengths, full_matrices=False)
        inverse = turned / np.maximum(sizes, 1e-12 * sizes[0])[:, None]
        share = len(self.outputs) / self.n_rows
        covariance = share * (inverse.T @ inverse) / np.outer(lengths, lengths)
        return np.sqrt(np.diag(covariance)), covariance

    def roundings(self, state: _State, free: IntArray, errors: FloatArray) -> Iterator[tuple[float, _State]]:
        for k, error in zip(free, errors, strict=True):
            value = float(state.values[k])
            for nice in nice_numbers(value, WINDOW * float(error))[:3]:
                off = (nice.value - value) / max(float(error), 1e-300)
                gain = constant_bits(value, float(error)) - nice.bits - BITS * off**2
                if gain > 0.0:
                    values, fitted = state.values.copy(), state.free.copy()
                    values[k], fitted[k] = nice.value, False
                    yield gain, replace(state, values=values, free=fitted)

    def ties(
        self, state: _State, free: IntArray, errors: FloatArray, covariance: FloatArray
    ) -> Iterator[tuple[float, _State]]:
        for i in range(free.size):
            for j in range(i):
                first, second = float(state.values[free[j]]), float(state.values[free[i]])
                sign = 1.0 if first * second >= 0.0 else -1.0
                spread = covariance[i, i] + covariance[j, j] - 2.0 * sign * covariance[i, j]
                spread = max(spread, errors[i] ** 2 * 1e-6, (1e-14 * first) ** 2, 1e-300)
                off = (second - sign * first) / np.sqrt(spread)
                gain = constant_bits(second, float(errors[i])) - TIE_BITS - BITS * off**2
                if abs(off) < WINDOW and gain > 0.0:
                    yield gain, _tied(state, int(free[j]), int(free[i]), sign)


def _tied(state: _State, first: int, second: int, sign: float) -> _State:
    """The second parameter replaced by sign times the first."""
    owners = tuple(np.where(owner == second, first, owner) for owner in state.owners)
    signs = tuple(
        np.where(owner == second, sign * old, old)
        for owner, old in zip(state.owners, state.signs, strict=True)
    )
    free = state.free.copy()
    free[second] = False
    values = state.values.copy()
    values[first] = 0.5 * (values[first] + sign * values[second])
    return replace(state, owners=owners, signs=signs, free=free, values=values)


def _over(parts: list[FloatArray], scales: FloatArray) -> list[FloatArray]:
    return [part / scale for part, scale in zip(parts, scales, strict=True)]


def _weighed(jacobians: list[FloatArray], scales: FloatArray) -> FloatArray:
    return np.concatenate(_over(jacobians, scales))


def _lengths(table: FloatArray) -> FloatArray:
    lengths: FloatArray = np.linalg.norm(table, axis=0)
    return np.where(lengths > 0.0, lengths, 1.0)
