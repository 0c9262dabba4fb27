"""Tapes made by hand: networks of weighted sums and operators, their values and derivatives by weight.

An expression is a tree; a network's units are read several times, skip layers and leave several results. Both
are tapes, and the same kernels run them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from eqdisc._typing import FloatArray, Int32Array, IntArray
from eqdisc.engine.derivatives import sweep, tape_derivatives
from eqdisc.engine.evaluate import tapes
from eqdisc.engine.opcodes import (
    BINARY,
    CODE_COLUMNS,
    LN10,
    MAX_WEIGHTS,
    SLOT,
    T_ADD,
    T_DIV,
    T_INV,
    T_MUL,
    T_SQUARE,
    T_SUM,
    T_WHERE,
    UNARY,
)
from eqdisc.engine.programs import Blocks, Programs
from eqdisc.engine.tape import lower
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import code_of, operator

#: Operations of the operators that lowering treats apart.
_PLAIN = {"add": T_ADD, "sub": T_ADD, "mul": T_MUL, "div": T_DIV, "inv": T_INV, "square": T_SQUARE}
_PLAIN["where"] = T_WHERE


@dataclass(frozen=True)
class Tape:
    """A straight-line program: instruction k writes slot n_features + 1 + k, nothing is overwritten.

    `weights[parameters]` are its free weights; result r is lines[r, 0] * slot + lines[r, 1] of slot roots[r].
    """

    n_features: int
    code: Int32Array
    weights: FloatArray
    terms: Int32Array
    parameters: IntArray
    roots: IntArray
    lines: FloatArray

    @classmethod
    def of(cls, expressions: Sequence[Expression], n_features: int) -> "Tape":
        """Lower expressions to one tape with a result each; the free weights are those that a fit would move.

        >>> x = Expression.variable(0)
        >>> len(Tape.of([2.0 * x + 1.0, Expression.apply("sin", 3.0 * x)], 1).code)
        1
        """
        p = Programs.pack([expressions])
        t = tapes(len(p.ops), p.roots, chunk=1)
        lower(
            p.ops, p.args, p.values, 0, len(p.ops), n_features, n_features + 1, True, False,
            t.code, t.weights, 0, 0, t.parameters, t.state, t.pending, t.stack, t.free_rows, t.counts,
        )  # fmt: skip
        instructions, used, free = (int(c) for c in t.counts[:3])
        nodes = t.stack[: p.roots]
        return cls(
            n_features,
            t.code[:instructions].copy(),
            t.weights[: used + MAX_WEIGHTS].copy(),
            t.terms,
            t.parameters[:free].copy(),
            t.state[nodes, SLOT].astype(np.int64),
            t.pending[nodes].copy(),
        )

    @property
    def free_weights(self) -> FloatArray:
        """Values of the free weights, in the order of the columns of `jacobian`."""
        return self.weights[self.parameters]

    def with_weights(self, values: FloatArray) -> "Tape":
        """The same tape with other free weights."""
        weights = self.weights.copy()
        weights[self.parameters] = values
        return replace(self, weights=weights)

    def evaluate(self, features: FloatArray) -> FloatArray:
        """Results (roots, n) on (n, n_features) features, with IEEE semantics."""
        return self._run(features, self.parameters[:0])[0]

    def jacobian(self, features: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Results (roots, n) and their derivatives (roots, n, weights) by the free weights."""
        return self._run(features, self.parameters)

    def input_jacobian(self, features: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Results (roots, n) and their derivatives (roots, n, n_features) by the features."""
        return self._run(features, None)

    def _run(self, features: FloatArray, parameters: IntArray | None) -> tuple[FloatArray, FloatArray]:
        from eqdisc.engine.native import addresses

        if features.ndim != 2 or features.shape[1] != self.n_features:
            raise ValueError(f"the tape reads {self.n_features} features, got shape {features.shape}")
        blocks = Blocks.of(features)
        by_input = parameters is None
        chosen = self.parameters[:0] if parameters is None else parameters
        n_roots, n = len(self.roots), blocks.n_rows
        room = sweep(
            self.n_features, blocks.size, len(self.code), len(self.terms), len(chosen), n_roots, by_input
        )
        values = np.empty((n_roots, n))
        derivatives = np.empty((n_roots, n, self.n_features if by_input else len(chosen)))
        tape_derivatives(
            addresses(),
            blocks.features,
            n,
            room,
            self.code.copy(),  # rows of companions are written into it
            self.weights,
            self.terms,
            len(self.code),
            self.roots,
            self.lines,
            by_input,
            chosen,
            len(chosen),
            values,
            derivatives,
        )
        return values, derivatives


class Network:
    """Builder of a tape, unit by unit. A unit is named by the slot it writes and may be read many times.

    The biases and weights of `weighted_sum` are the free weights, in the order in which they were given.

    >>> net = Network(2)
    >>> hidden = net.weighted_sum([0, 1], [2.0, -1.0], bias=0.5)
    >>> wave = net.apply("sin", hidden)
    >>> tape = net.tape([net.apply("mul", wave, hidden), wave])  # two results; `hidden` skips a layer
    >>> np.round(tape.evaluate(np.array([[1.0, 2.0]])), 3).tolist()
    [[0.24], [0.479]]
    >>> tape.free_weights.tolist()
    [0.5, 2.0, -1.0]
    """

    def __init__(self, n_features: int) -> None:
        self.n_features = n_features
        self._code: list[list[int]] = []
        self._weights: list[float] = []
        self._terms: list[int] = []
        self._parameters: list[int] = []

    def weighted_sum(
        self, slots: Sequence[int], weights: Sequence[float], bias: float = 0.0, free: bool = True
    ) -> int:
        """A unit bias + sum of weights * slots; features are slots 0 to n_features - 1. Returns its slot."""
        if len(slots) != len(weights):
            raise ValueError(f"{len(slots)} slots got {len(weights)} weights")
        if free:
            first = len(self._weights)
            self._parameters += range(first, first + 1 + len(weights))
        start = len(self._terms)
        self._terms += [self._checked(slot) for slot in slots]
        return self._emit(T_SUM, (start, len(slots), 0), [bias, *weights])

    def apply(self, name: str, *slots: int) -> int:
        """A unit that applies an operator (name or alias) to slots. Returns its slot."""
        row = operator(name)
        if len(slots) != row.arity:
            raise ValueError(f"operator {row.name!r} takes {row.arity} operands, got {len(slots)}")
        operands = [self._checked(slot) for slot in slots]
        if row.name == "neg":
            return self.weighted_sum(slots, [-1.0], free=False)
        code = code_of(row.name)
        operation = _PLAIN.get(row.name, int(max(UNARY[code], BINARY[code])))
        a, b, c = (operands * 3)[:3]
        weights = [1.0, 0.0] * row.arity
        if operation == T_ADD:
            weights = [1.0, -1.0 if row.name == "sub" else 1.0]
        slot = self._emit(operation, (a, b, c), weights)
        return self.weighted_sum([slot], [1.0 / LN10], free=False) if row.name == "log10" else slot

    def tape(self, roots: Sequence[int]) -> Tape:
        """The finished tape, whose results are these slots."""
        return Tape(
            self.n_features,
            np.array(self._code, np.int32).reshape(-1, CODE_COLUMNS),
            np.array([*self._weights, *[0.0] * MAX_WEIGHTS]),
            np.array([*self._terms, 0], np.int32),
            np.array(self._parameters, np.int64),
            np.array([self._checked(slot) for slot in roots], np.int64),
            np.tile([1.0, 0.0], (len(roots), 1)),
        )

    def _checked(self, slot: int) -> int:
        if not 0 <= slot < self.n_features + 1 + len(self._code) or slot == self.n_features:
            raise ValueError(f"no unit writes slot {slot} yet")
        return slot

    def _emit(self, operation: int, operands: tuple[int, int, int], weights: list[float]) -> int:
        slot = self.n_features + 1 + len(self._code)
        self._code.append([operation, slot, *operands, len(self._weights), -1])
        self._weights += weights
        return slot


__all__ = ["Network", "Tape"]
