"""Derivatives row by row: of programs by their inputs, of any tape by its inputs or its weights."""

from typing import NamedTuple

import numpy as np

from eqdisc._typing import AnyArray, FloatArray, Int32Array, IntArray
from eqdisc.engine.adjoints import PLAN_COLUMNS
from eqdisc.engine.compile import call_address, kernel
from eqdisc.engine.evaluate import Tapes, tapes
from eqdisc.engine.kernels import groups_of
from eqdisc.engine.opcodes import COMPANION, FORWARD, LOWER, OP, PLAN, REVERSE, SLOT, T_COS, T_SIN
from eqdisc.engine.programs import Blocks, Programs, aligned


class Sweep(NamedTuple):
    """Scratch of a reverse sweep: one plan a root, rows of the buffer that hold what was asked for."""

    buffer: FloatArray
    plans: Int32Array
    term_plans: Int32Array
    collectors: IntArray
    rows: IntArray
    factors: FloatArray
    free: IntArray


def sweep(
    n_features: int, block: int, instructions: int, terms: int, parameters: int, roots: int, by_input: bool
) -> Sweep:
    """Allocate scratch for tapes of at most so many instructions, terms of sums, parameters and roots."""
    inputs = n_features + 1
    # Values and companions, collecting rows, edges of up to three operands, derivatives by weight.
    rows = 2 * inputs + (3 + 3) * instructions + (0 if by_input else parameters)
    buffer: AnyArray = aligned((rows, block), np.float64)
    buffer[n_features] = 1.0
    return Sweep(
        buffer=buffer,
        plans=np.zeros((roots, max(instructions, 1), PLAN_COLUMNS), np.int32),
        term_plans=np.zeros((roots, max(terms, 1), 2), np.int32),
        collectors=np.zeros((roots, inputs + instructions), np.int64),
        rows=np.zeros((roots, 2 * parameters + inputs), np.int64),
        factors=np.zeros(max(instructions, 1)),
        free=np.zeros(1, np.int64),
    )


@kernel
def tape_derivatives(
    table: IntArray,
    features: FloatArray,
    n_rows: int,
    s: Sweep,
    code: Int32Array,
    weights: FloatArray,
    terms: Int32Array,
    stop: int,
    roots: IntArray,
    lines: FloatArray,
    by_input: bool,
    parameters: IntArray,
    n_parameters: int,
    values: FloatArray,
    derivatives: FloatArray,
) -> None:
    """Values (roots, n) of a tape and their derivatives (roots, n, k) by its k inputs, or its parameters.

    Every instruction keeps a row of its own (a tape lowered for fitting, a network); root r is
    lines[r, 0] * slot + lines[r, 1] of slot roots[r], a constant where that is negative.
    """
    n_features = features.shape[1]
    first_slot = n_features + 1
    size = s.buffer.shape[1]
    base = first_slot + stop
    for k in range(stop):
        if code[k, OP] == T_SIN or code[k, OP] == T_COS:
            code[k, COMPANION] = base
            base += 1
    for r in range(roots.shape[0]):
        if roots[r] >= 0:
            s.free[0] = base
            asked = (code, stop, terms, roots[r], n_features, first_slot, by_input, parameters, n_parameters)
            found = (s.plans[r], s.term_plans[r], s.collectors[r], s.rows[r], s.free)
            call_address(table[PLAN], asked + found)
    for block in range(features.shape[0]):
        n = min(size, n_rows - block * size)
        groups = groups_of(n)
        for j in range(n_features):
            for i in range(size):
                s.buffer[j, i] = features[block, j, i]
        call_address(table[FORWARD], (s.buffer, code, weights, terms, 0, stop, groups))
        for r in range(roots.shape[0]):
            root = roots[r]
            slope = lines[r, 0]
            for i in range(n):
                values[r, block * size + i] = lines[r, 1]
                for j in range(derivatives.shape[2]):
                    derivatives[r, block * size + i, j] = 0.0
            if root < 0:
                continue
            for i in range(n):
                values[r, block * size + i] += slope * s.buffer[root, i]
            for slot in range(first_slot + stop):
                row = s.collectors[r, slot]
                if row >= 0:
                    s.buffer[row] = 1.0 if slot == root else 0.0
            if root >= first_slot:
                s.factors[root - first_slot] = 1.0
            call_address(
                table[REVERSE],
                (s.buffer, code, weights, terms, stop, s.plans[r], s.term_plans[r], s.factors, groups),
            )
            for j in range(derivatives.shape[2]):
                row = s.rows[r, 2 * n_parameters + j] if by_input else s.rows[r, j]
                factor = slope
                if not by_input and row >= 0:
                    factor *= s.factors[s.rows[r, n_parameters + j]]
                if row >= 0:
                    for i in range(n):
                        derivatives[r, block * size + i, j] = factor * s.buffer[row, i]


@kernel
def _program_derivatives(
    table: IntArray,
    features: FloatArray,
    n_rows: int,
    s: Sweep,
    t: Tapes,
    ops: Int32Array,
    args: Int32Array,
    node_values: FloatArray,
    offsets: IntArray,
    n_roots: int,
    values: FloatArray,
    derivatives: FloatArray,
) -> None:
    n_features = features.shape[1]
    for p in range(offsets.shape[0] - 1):
        # Lowered as for fitting: the sweep needs every instruction's value.
        tree = (ops, args, node_values, offsets[p], offsets[p + 1], n_features, n_features + 1, True, False)
        room = (t.code, t.weights, 0, 0, t.parameters, t.state, t.pending, t.stack, t.free_rows, t.counts)
        call_address(table[LOWER], tree + room)
        for r in range(n_roots):
            node = t.stack[r]
            t.roots[r] = t.state[node, SLOT]
            t.lines[r, 0] = t.pending[node, 0]
            t.lines[r, 1] = t.pending[node, 1]
        tape_derivatives(
            table,
            features,
            n_rows,
            s,
            t.code,
            t.weights,
            t.terms,
            t.counts[0],
            t.roots,
            t.lines,
            True,
            t.parameters,
            0,
            values[p],
            derivatives[p],
        )


def input_derivatives(programs: Programs, features: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Values of all programs on (n, k) features and their partial derivatives by the features.

    Shapes (programs, n) and (programs, n, k); with several roots (programs, roots, n) and
    (programs, roots, n, k).
    IEEE semantics: NaN in a feature reaches all that depends on it, a derivative at a pole is not finite.
    Reverse accumulation: Griewank & Walther (2008), ch. 3.

    >>> from eqdisc.expr.expression import Expression
    >>> x, y = Expression.variable(0), Expression.variable(1)
    >>> values, slopes = input_derivatives(Programs.pack([x * x * y]), np.array([[3.0, 2.0]]))
    >>> values.tolist(), slopes.tolist()
    ([[18.0]], [[[12.0, 9.0]]])
    """
    from eqdisc.engine.native import addresses

    blocks = Blocks.of(features)
    count, roots = len(programs), programs.roots
    longest = int(np.diff(programs.offsets).max(initial=1))
    values = np.empty((count, roots, blocks.n_rows))
    derivatives = np.empty((count, roots, blocks.n_rows, blocks.n_features))
    _program_derivatives(
        addresses(),
        blocks.features,
        blocks.n_rows,
        sweep(blocks.n_features, blocks.size, longest, 0, 0, roots, True),
        tapes(longest, roots, chunk=1),
        programs.ops,
        programs.args,
        programs.values,
        programs.offsets,
        roots,
        values,
        derivatives,
    )
    return (values[:, 0], derivatives[:, 0]) if roots == 1 else (values, derivatives)


__all__ = ["input_derivatives"]
