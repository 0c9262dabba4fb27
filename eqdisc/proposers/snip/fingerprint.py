"""Hashes of formulas that do not know how the inputs are numbered: of the skeleton, and of the values.

The skeleton's hash is that of its tree with inputs coloured by where they stand, as in Weisfeiler and Leman's
test of graphs: two skeletons that differ in the names of inputs alone have one hash. The hash of the values
holds up to slope and intercept and is equal for any two ways of writing a formula: values at points where all
inputs but one or two are the same, standardised, rounded, and added over the inputs in any order.
"""

from collections.abc import Sequence

import numpy as np

from eqdisc._typing import AnyArray, BoolArray, FloatArray, Int32Array, IntArray
from eqdisc.engine.compile import call_address, inlined, kernel
from eqdisc.engine.evaluate import Tapes, buffer_for, lower_chunk, tapes
from eqdisc.engine.kernels import groups_of
from eqdisc.engine.opcodes import ARITY, CONSTANT, FORWARD, VARIABLE
from eqdisc.engine.programs import Programs
from eqdisc.expr.operators import ADD, MAX, MIN, MUL
from eqdisc.proposers.snip.kernels.tables import ROOM

#: What stands in every hole when a skeleton is evaluated.
FILLED = 1.37
#: Inputs of a formula with a hash of its values, at most.
MOST_INPUTS = 10
ROUNDS = 3
_ARITY = np.array(ARITY, np.int64)
#: Where all inputs are; where all are at the first number and one at the second; and two at the others.
_ALIKE = np.array([0.61, 1.47, 2.3])
_ONE = np.array([[0.61, 1.19], [1.47, 0.83], [0.93, 2.71]])
_TWO = np.array([[0.61, 1.37, 2.17], [1.23, 0.47, 1.71]])
_UNDEFINED = 0x5BD1E995
_STEP = 1e5
_FEWEST = 4
_FLAT = 1e-9


@inlined
def _mixed(x: np.uint64) -> np.uint64:
    """A word spread over all its bits (splitmix64; Steele, Lea and Flood 2014)."""
    z = x + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@inlined
def _gathers(op: int) -> bool:
    return op == ADD or op == MUL or op == MIN or op == MAX


@inlined
def _named(op: int, place: int) -> np.uint64:
    return np.uint64(op * 8 + place + 16) * np.uint64(0xD1342543DE82EF95)


@kernel
def _climb(
    ops: Int32Array, args: Int32Array, children: IntArray, colours: AnyArray, up: AnyArray, sums: AnyArray
) -> None:
    """Hash of each subtree; `sums` adds those of a chain's operands."""
    for n in range(ops.shape[0]):
        op = ops[n]
        if op == VARIABLE:
            up[n] = _mixed(colours[args[n]])
        elif op == CONSTANT:
            up[n] = _mixed(np.uint64(3))
        elif _gathers(op):
            total = np.uint64(0)
            for place in range(2):
                child = children[n, place]
                total += sums[child] if ops[child] == op else _mixed(up[child])
            sums[n] = total
            up[n] = _mixed(total + _named(op, 0))
        else:
            total = _named(op, 0)
            for place in range(_ARITY[op]):
                total = _mixed(total + up[children[n, place]] + _named(op, place + 1))
            up[n] = total


@kernel
def _descend(
    ops: Int32Array, children: IntArray, up: AnyArray, sums: AnyArray, down: AnyArray, totals: AnyArray
) -> None:
    """Hash of what is around each subtree."""
    down[ops.shape[0] - 1] = np.uint64(1)
    for n in range(ops.shape[0]):
        totals[n] = sums[n]
    for n in range(ops.shape[0] - 1, -1, -1):
        op = ops[n]
        for place in range(_ARITY[op]):
            child = children[n, place]
            if _gathers(op) and ops[child] == op:
                down[child], totals[child] = down[n], totals[n]
            elif _gathers(op):
                down[child] = _mixed(down[n] + _named(op, 0) + totals[n] - _mixed(up[child]))
            else:
                around = down[n] + _named(op, place + 1)
                for other in range(_ARITY[op]):
                    if other != place:
                        around += _mixed(up[children[n, other]] + _named(op, other + 1))
                down[child] = _mixed(around)


@kernel
def _skeleton_hashes(ops: Int32Array, args: Int32Array, offsets: IntArray, out: AnyArray) -> None:
    for b in range(out.shape[0]):
        first, last = offsets[b], offsets[b + 1]
        n_nodes = last - first
        tree, inputs = ops[first:last], args[first:last]
        children = np.zeros((n_nodes, 3), np.int64)
        stack = np.zeros(n_nodes, np.int64)
        top, most = 0, 0
        for n in range(n_nodes):
            most = max(most, inputs[n])
            arity = _ARITY[tree[n]]
            top -= arity
            for place in range(arity):
                children[n, place] = stack[top + place]
            stack[top] = n
            top += 1
        colours = np.ones(most + 1, np.uint64)
        fresh = np.zeros(most + 1, np.uint64)
        up, sums = np.zeros(n_nodes, np.uint64), np.zeros(n_nodes, np.uint64)
        down, totals = np.zeros(n_nodes, np.uint64), np.zeros(n_nodes, np.uint64)
        for _ in range(ROUNDS):
            _climb(tree, inputs, children, colours, up, sums)
            _descend(tree, children, up, sums, down, totals)
            fresh[:] = np.uint64(0)
            for n in range(n_nodes):
                if tree[n] == VARIABLE:
                    fresh[inputs[n]] += _mixed(down[n])
            for j in range(most + 1):
                colours[j] = _mixed(fresh[j])
        _climb(tree, inputs, children, colours, up, sums)
        out[b] = up[n_nodes - 1]


@kernel
def _fill(buffer: FloatArray, columns: IntArray, r: int) -> int:
    """The points, in the rows of the buffer of these columns; how many."""
    at = 0
    for i in range(_ALIKE.shape[0]):
        for j in range(r):
            buffer[columns[j], at] = _ALIKE[i]
        at += 1
    for p in range(r):
        for i in range(_ONE.shape[0]):
            for j in range(r):
                buffer[columns[j], at] = _ONE[i, 0]
            buffer[columns[p], at] = _ONE[i, 1]
            at += 1
    for p in range(r):
        for q in range(r):
            if p == q:
                continue
            for i in range(_TWO.shape[0]):
                for j in range(r):
                    buffer[columns[j], at] = _TWO[i, 0]
                buffer[columns[p], at] = _TWO[i, 1]
                buffer[columns[q], at] = _TWO[i, 2]
                at += 1
    for j in range(r):
        for i in range(at, (at + 63) // 64 * 64):
            buffer[columns[j], i] = 1.0
    return at


@kernel
def _standardised(f: FloatArray, n: int) -> bool:
    """Values in units of their spread; False where they tell nothing."""
    largest = 0.0
    for i in range(n):
        if abs(f[i]) < np.inf:
            largest = max(largest, abs(f[i]))
    count = mean = square = 0.0
    for i in range(n):
        if abs(f[i]) < np.inf and largest > 0.0:
            f[i] /= largest
            count += 1.0
            mean += f[i]
    if count < _FEWEST:
        return False
    mean /= count
    for i in range(n):
        if abs(f[i]) < np.inf:
            square += (f[i] - mean) ** 2
    deviation = np.sqrt(square / count)
    if not deviation > _FLAT:
        return False
    for i in range(n):
        f[i] = (f[i] - mean) / deviation
    return True


@inlined
def _word(value: float, sign: float) -> np.uint64:
    if not abs(value) < np.inf:
        return np.uint64(_UNDEFINED)
    return np.uint64(np.int64(np.rint(sign * value * _STEP)))


@kernel
def _sum_of_words(f: FloatArray, r: int, sign: float) -> np.uint64:
    total = np.uint64(0)
    at = 0
    for i in range(_ALIKE.shape[0]):
        total += _mixed(_word(f[at], sign) + np.uint64(11 + i))
        at += 1
    for _ in range(r):
        h = np.uint64(101)
        for _ in range(_ONE.shape[0]):
            h = _mixed(h + _word(f[at], sign))
            at += 1
        total += _mixed(h)
    for _ in range(r * (r - 1)):
        h = np.uint64(1009)
        for _ in range(_TWO.shape[0]):
            h = _mixed(h + _word(f[at], sign))
            at += 1
        total += _mixed(h)
    return _mixed(total)


@kernel
def _value_hashes(
    table: IntArray,
    ops: Int32Array,
    args: Int32Array,
    values: FloatArray,
    offsets: IntArray,
    n_features: int,
    buffer: FloatArray,
    t: Tapes,
    out: AnyArray,
) -> None:
    f = np.zeros(ROOM)
    used = np.zeros(n_features, np.bool_)
    columns = np.zeros(n_features, np.int64)
    for b in range(out.shape[0]):
        used[:] = False
        for n in range(offsets[b], offsets[b + 1]):
            if ops[n] == VARIABLE:
                used[args[n]] = True
        r = 0
        for j in range(n_features):
            if used[j]:
                columns[r] = j
                r += 1
        out[b] = np.uint64(0)
        if r == 0 or r > MOST_INPUTS:
            continue
        lower_chunk(table, t, n_features, ops, args, values, offsets[:-1], offsets[1:], b, b + 1, 1)
        n = _fill(buffer, columns, r)
        call_address(
            table[FORWARD], (buffer, t.code, t.weights, t.terms, t.starts[0], t.starts[1], groups_of(n))
        )
        for i in range(n):
            f[i] = np.nan
            if t.roots[0] >= 0:
                f[i] = t.lines[0, 0] * buffer[t.roots[0], i] + t.lines[0, 1]
        if _standardised(f, n):
            out[b] = (_sum_of_words(f, r, 1.0) + _sum_of_words(f, r, -1.0)) | np.uint64(1)


def skeleton_hashes(programs: Programs) -> AnyArray:
    """(n,) uint64: equal for trees that differ in constants and in the numbering of their inputs alone.

    Trees are taken as they are: bring them into normal form (`skeleton`) before.

    >>> from eqdisc.expr.expression import Expression
    >>> x, y = Expression.variable(0), Expression.variable(1)
    >>> a, b, c = skeleton_hashes(Programs.pack([x / (y + 1.0), y / (3.0 + x), y / (x * 3.0)]))
    >>> bool(a == b), bool(a == c)
    (True, False)
    """
    out = np.zeros(len(programs), np.uint64)
    _skeleton_hashes(programs.ops, programs.args, programs.offsets, out)
    return out


def value_hashes(programs: Programs, constant: float | None = None) -> AnyArray:
    """(n,) uint64: equal for formulas with equal values up to slope, intercept and numbering of the inputs.

    constant : put into every hole; the trees' own constants without
    0 where the values tell nothing (undefined nearly everywhere, constant, more than ten inputs).

    >>> from eqdisc.expr.expression import Expression
    >>> x, y = Expression.variable(0), Expression.variable(1)
    >>> a, b, c = value_hashes(Programs.pack([x * x * y, 3.0 - y * y * x, x * y]))
    >>> bool(a == b), bool(a == c)
    (True, False)
    """
    from eqdisc.engine.native import evaluation_addresses

    out = np.zeros(len(programs), np.uint64)
    if not len(programs):
        return out
    values = programs.values
    if constant is not None:
        values = np.where(programs.ops == CONSTANT, constant, values)
    n_features = int(programs.args.max(initial=0)) + 1
    longest = int(np.diff(programs.offsets).max())
    _value_hashes(
        evaluation_addresses(),
        programs.ops,
        programs.args,
        values,
        programs.offsets,
        n_features,
        buffer_for(n_features, ROOM, longest),
        tapes(longest),
        out,
    )
    return out


def contained(hashes: AnyArray, known: AnyArray) -> BoolArray:
    """Which of the hashes are among the known ones (sorted); 0 is none."""
    if not len(known):
        return np.zeros(len(hashes), np.bool_)
    place = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    found: BoolArray = (known[place] == hashes) & (hashes != 0)
    return found


def packed(nodes: Sequence[tuple[tuple[int, ...], tuple[float, ...]]]) -> Programs:
    """Postfix codes and payloads as programs."""
    codes = np.array([c for tree, _ in nodes for c in tree], np.int32)
    payload = np.array([v for _, given in nodes for v in given], float)
    is_variable = codes == VARIABLE
    args = np.where(is_variable, payload, 0).astype(np.int32)
    offsets = np.cumsum([0, *(len(tree) for tree, _ in nodes)]).astype(np.int64)
    return Programs(codes, args, np.where(is_variable, 1.0, payload), offsets)
