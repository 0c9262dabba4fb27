"""Genomes: trees in postfix order in fixed-width rows, what breeding may use, small operations on them."""

from typing import NamedTuple

import numpy as np

from eqdisc._typing import AnyArray, FloatArray, Int32Array, IntArray
from eqdisc.engine.compile import kernel
from eqdisc.engine.opcodes import ARITY, CONSTANT, N_ADD, N_MAX, N_MIN, N_MUL, VARIABLE
from eqdisc.engine.programs import Programs
from eqdisc.expr.operators import OperatorSet
from eqdisc.prior import Prior

#: Operators whose operands may change places, by node code.
COMMUTES = np.isin(np.arange(ARITY.shape[0]), [N_ADD, N_MUL, N_MIN, N_MAX])

#: Codes from here on are macros: first_macro + index.
FIRST_MACRO = 1000
#: How much more often an operator is drawn that the law is likely to contain; nodes of a building block.
LIKELY, LARGEST_BLOCK = 4.0, 15


class Genome(NamedTuple):
    """A growing tree: node codes, feature indices, constants, and its length in size[0]."""

    ops: Int32Array
    args: Int32Array
    values: FloatArray
    size: IntArray


class Primitives(NamedTuple):
    """What trees are made of: operators and features with cumulative weights; macros and building blocks as
    postfix bodies."""

    codes: Int32Array
    arities: Int32Array
    cumulative: FloatArray
    features: FloatArray
    macro_ops: Int32Array
    macro_args: Int32Array
    macro_values: FloatArray
    macro_offsets: IntArray
    block_ops: Int32Array
    block_args: Int32Array
    block_values: FloatArray
    block_offsets: IntArray


def genome(capacity: int) -> Genome:
    """An empty genome with room for `capacity` nodes."""
    return Genome(
        np.zeros(capacity, np.int32),
        np.zeros(capacity, np.int32),
        np.zeros(capacity),
        np.zeros(1, np.int64),
    )


def primitives(operators: OperatorSet, n_features: int, prior: Prior | None = None) -> Primitives:
    """Tables of an operator set; a macro weighs as much as a common operator.

    prior : how often each feature is drawn, operators drawn more often, building blocks
    """
    prior = prior or Prior()
    codes = list(operators.codes)
    weights = [
        operators.weights[o.name] * (LIKELY if o.name in prior.operators else 1.0)
        for o in operators.operators
    ]
    arities = [o.arity for o in operators.operators]
    bodies = [m.body for m in operators.macros]
    for index, macro in enumerate(operators.macros):
        codes.append(FIRST_MACRO + index)
        arities.append(len(macro.parameters))
        weights.append(1.0)
    ops = [c for body in bodies for c in body.codes]
    payload = np.array([p for body in bodies for p in body.payload], float)
    is_variable = np.array(ops, np.int32) == VARIABLE
    blocks = Programs.pack([form for form in prior.forms if form.size <= LARGEST_BLOCK])
    return Primitives(
        np.array(codes, np.int32),
        np.array(arities, np.int32),
        np.cumsum(weights),
        np.cumsum(np.ones(n_features) if prior.relevance is None else np.array(prior.relevance)),
        np.array(ops, np.int32),
        np.where(is_variable, payload, 0).astype(np.int32),
        np.where(is_variable, 1.0, payload),
        np.cumsum([0, *(len(body.codes) for body in bodies)]).astype(np.int64),
        blocks.ops,
        blocks.args,
        blocks.values,
        blocks.offsets,
    )


@kernel
def push(g: Genome, op: int, arg: int, value: float) -> None:
    """Append a node."""
    n = g.size[0]
    g.ops[n] = op
    g.args[n] = arg
    g.values[n] = value
    g.size[0] = n + 1


@kernel
def append(g: Genome, source: Genome, start: int, stop: int) -> None:
    """Append nodes start..stop of another genome."""
    for i in range(start, stop):
        push(g, source.ops[i], source.args[i], source.values[i])


@kernel
def subtree_start(ops: Int32Array, root: int) -> int:
    """First node of the subtree whose root is node `root`."""
    need = 1
    i = root
    while True:
        need += ARITY[ops[i]] - 1
        if need == 0:
            return i
        i -= 1


@kernel
def append_operator(g: Genome, p: Primitives, op: int, starts: IntArray) -> None:
    """Apply an operator or macro to the subtrees that end g; starts[j] is where argument j begins.

    A macro's body is written out with the arguments in place of its parameters.
    """
    if op < FIRST_MACRO:
        push(g, op, 0, 0.0)
        return
    m = op - FIRST_MACRO
    stop = g.size[0]
    body = p.macro_offsets[m + 1] - p.macro_offsets[m]
    too_large = g.ops.shape[0] + 1  # the caller rejects such a size
    if stop + body >= g.ops.shape[0]:
        g.size[0] = too_large
        return
    arity = 0
    for i in range(p.codes.shape[0]):
        if p.codes[i] == op:
            arity = p.arities[i]
    arguments_ops = g.ops[starts[0] : stop].copy()
    arguments_args = g.args[starts[0] : stop].copy()
    arguments_values = g.values[starts[0] : stop].copy()
    first = starts[0]
    g.size[0] = first
    for i in range(p.macro_offsets[m], p.macro_offsets[m] + body):
        if p.macro_ops[i] != VARIABLE:
            push(g, p.macro_ops[i], 0, p.macro_values[i])
            continue
        j = p.macro_args[i]
        begin = starts[j] - first
        end = (starts[j + 1] if j + 1 < arity else stop) - first
        if g.size[0] + (end - begin) + body >= g.ops.shape[0]:
            g.size[0] = too_large
            return
        for k in range(begin, end):
            push(g, arguments_ops[k], arguments_args[k], arguments_values[k])


@kernel
def skeleton_hash(g: Genome, stack: AnyArray) -> np.uint64:
    """Hash of the tree with constants as holes; operands of + * min max in any order."""
    depth = 0
    for i in range(g.size[0]):
        op = g.ops[i]
        if op == VARIABLE:
            stack[depth] = _mix(np.uint64(g.args[i]) + np.uint64(1000))
            depth += 1
        elif op == CONSTANT:
            stack[depth] = np.uint64(0x9E3779B97F4A7C15)
            depth += 1
        else:
            arity = ARITY[op]
            depth -= arity
            h = np.uint64(0)
            for j in range(arity):
                child = stack[depth + j]
                h += child if COMMUTES[op] else _mix(child + np.uint64(j + 1))
            stack[depth] = _mix(h ^ _mix(np.uint64(op) + np.uint64(77)))
            depth += 1
    return stack[0]


@kernel
def _mix(x: np.uint64) -> np.uint64:
    """Finaliser of splitmix64 (Steele, Lea & Flood 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
