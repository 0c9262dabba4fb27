"""Values and fused scores of many programs: lower a chunk of the population, then block by block.

Memory: the data once, about 200 KiB of buffer and tape a thread; nothing grows with rows times programs
except the predictions asked for by `predict_programs`.
"""

from typing import Any, NamedTuple

import numpy as np

from eqdisc._typing import AnyArray, FloatArray, Int32Array, IntArray
from eqdisc.engine.compile import call_address, inlined, kernel
from eqdisc.engine.kernels import groups_of, projection_sums, weighted_projection_sums
from eqdisc.engine.opcodes import CODE_COLUMNS, FORWARD, LOWER, MAX_WEIGHTS, SLOT, STATE_COLUMNS
from eqdisc.engine.programs import Blocks, Programs, aligned

#: Programs lowered at a time: their tapes stay in the L2 cache.
CHUNK = 128


class Tapes(NamedTuple):
    """Room for the tapes of a chunk of programs, and lowering's scratch."""

    code: Int32Array
    weights: FloatArray
    terms: Int32Array
    starts: IntArray
    roots: IntArray
    lines: FloatArray
    parameters: IntArray
    state: Int32Array
    pending: FloatArray
    stack: Int32Array
    free_rows: Int32Array
    counts: IntArray


def tapes(max_nodes: int, roots: int = 1, chunk: int = CHUNK) -> Tapes:
    """Allocate tapes for `chunk` programs of up to `max_nodes` nodes."""
    nodes = max_nodes + 1
    return Tapes(
        code=np.zeros((chunk * nodes, CODE_COLUMNS), np.int32),
        weights=np.zeros(chunk * nodes * 4 + MAX_WEIGHTS),
        terms=np.zeros(1, np.int32),
        starts=np.zeros(chunk + 1, np.int64),
        roots=np.zeros(chunk * roots, np.int64),
        lines=np.zeros((chunk * roots, 2)),
        parameters=np.zeros(6 * nodes, np.int64),
        state=np.zeros((nodes, STATE_COLUMNS), np.int32),
        pending=np.zeros((nodes, 2)),
        stack=np.zeros(nodes, np.int32),
        free_rows=np.zeros(nodes, np.int32),
        counts=np.zeros(8, np.int64),
    )


def buffer_for(n_features: int, block: int, max_nodes: int, dtype: Any = np.float64) -> AnyArray:
    """A block buffer: features, ones, and as many temporaries as a tree of `max_nodes` can need."""
    buffer = aligned((n_features + 3 + max_nodes // 2, block), dtype)
    buffer[n_features] = 1.0
    return buffer


@kernel
def lower_chunk(
    table: IntArray,
    t: Tapes,
    n_features: int,
    ops: Int32Array,
    args: Int32Array,
    values: FloatArray,
    starts: IntArray,
    stops: IntArray,
    first: int,
    last: int,
    n_roots: int,
) -> None:
    """Lower programs first..last (nodes starts[i]..stops[i]) into the tapes."""
    t.counts[0] = 0
    t.counts[1] = 0
    for p in range(first, last):
        t.starts[p - first] = t.counts[0]
        tree = (ops, args, values, starts[p], stops[p], n_features, n_features + 1, False, False)
        tape = (t.code, t.weights, t.counts[0], t.counts[1])
        scratch = (t.parameters, t.state, t.pending, t.stack, t.free_rows, t.counts)
        call_address(table[LOWER], tree + tape + scratch)
        for r in range(n_roots):
            node = t.stack[r]
            i = (p - first) * n_roots + r
            t.roots[i] = t.state[node, SLOT]
            t.lines[i, 0] = t.pending[node, 0]
            t.lines[i, 1] = t.pending[node, 1]
    t.starts[last - first] = t.counts[0]


@inlined
def _load(features: AnyArray, block: int, buffer: AnyArray) -> None:
    for j in range(features.shape[1]):
        for i in range(buffer.shape[1]):
            buffer[j, i] = features[block, j, i]


@kernel
def score_programs_kernel(
    table: IntArray,
    features: AnyArray,
    target: AnyArray,
    sample_weights: AnyArray,
    weighted: bool,
    n_rows: int,
    blocks: int,
    buffer: AnyArray,
    t: Tapes,
    ops: Int32Array,
    args: Int32Array,
    values: FloatArray,
    starts: IntArray,
    stops: IntArray,
    first: int,
    last: int,
    sums: FloatArray,
) -> None:
    """sums[p] = (sum v, sum v*v, sum v*y) of programs first..last over the first `blocks` blocks.

    v is shifted by one sample of the value. A program whose value is constant gets zeros.
    """
    size = buffer.shape[1]
    shifts = np.zeros(CHUNK, buffer.dtype)
    for begin in range(first, last, CHUNK):
        end = min(begin + CHUNK, last)
        lower_chunk(table, t, features.shape[1], ops, args, values, starts, stops, begin, end, 1)
        for p in range(begin, end):
            for j in range(3):
                sums[p, j] = 0.0
        for block in range(blocks):
            n = np.uint64(min(size, n_rows - block * size))
            groups = groups_of(min(size, n_rows - block * size))
            _load(features, block, buffer)
            for i in range(end - begin):
                root = t.roots[i]
                if root < 0 or not 0.0 < abs(t.lines[i, 0]) < np.inf:  # as in (x - x)*y
                    continue
                call_address(
                    table[FORWARD], (buffer, t.code, t.weights, t.terms, t.starts[i], t.starts[i + 1], groups)
                )
                value = buffer[np.uint64(root)]
                if block == 0:
                    shifts[i] = value[0]
                if weighted:
                    s = weighted_projection_sums(value, target[block], sample_weights[block], shifts[i], n)
                else:
                    s = projection_sums(value, target[block], shifts[i], n)
                sums[begin + i, 0] += s[0]
                sums[begin + i, 1] += s[1]
                sums[begin + i, 2] += s[2]


@kernel
def predict_programs_kernel(
    table: IntArray,
    features: AnyArray,
    n_rows: int,
    buffer: AnyArray,
    t: Tapes,
    ops: Int32Array,
    args: Int32Array,
    values: FloatArray,
    offsets: IntArray,
    n_roots: int,
    out: FloatArray,
) -> None:
    """out[p * n_roots + r, row] = value of root r of program p."""
    size = buffer.shape[1]
    for begin in range(0, offsets.shape[0] - 1, CHUNK):
        end = min(begin + CHUNK, offsets.shape[0] - 1)
        lower_chunk(
            table, t, features.shape[1], ops, args, values, offsets[:-1], offsets[1:], begin, end, n_roots
        )
        for block in range(features.shape[0]):
            n = min(size, n_rows - block * size)
            groups = groups_of(n)
            _load(features, block, buffer)
            for i in range(end - begin):
                call_address(
                    table[FORWARD], (buffer, t.code, t.weights, t.terms, t.starts[i], t.starts[i + 1], groups)
                )
                for r in range(n_roots):
                    j = i * n_roots + r
                    o = begin * n_roots + j
                    for k in range(n):
                        v = t.lines[j, 1]
                        if t.roots[j] >= 0:
                            v += t.lines[j, 0] * buffer[t.roots[j], k]
                        out[o, block * size + k] = v


def predict_programs(programs: Programs, features: FloatArray, dtype: str = "float64") -> FloatArray:
    """Values of all programs on (n, k) features: (programs, n), or (programs, roots, n) with several roots.

    IEEE semantics; NaN in a feature reaches every value that depends on it.

    >>> from eqdisc.expr.expression import Expression
    >>> x = Expression.variable(0)
    >>> predict_programs(Programs.pack([x * x]), np.array([[1.0], [3.0]])).tolist()
    [[1.0, 9.0]]
    """
    from eqdisc.engine.native import evaluation_addresses

    blocks = Blocks.of(features, dtype=dtype)
    longest = int(np.diff(programs.offsets).max(initial=1))
    out = np.empty((len(programs) * programs.roots, blocks.n_rows))
    predict_programs_kernel(
        evaluation_addresses(dtype),
        blocks.features,
        blocks.n_rows,
        buffer_for(blocks.n_features, blocks.size, longest, dtype),
        tapes(longest, programs.roots),
        programs.ops,
        programs.args,
        programs.values,
        programs.offsets,
        programs.roots,
        out,
    )
    return out if programs.roots == 1 else out.reshape(len(programs), programs.roots, -1)


class ProgramScorer:
    """R2 after optimal slope and intercept for whole populations on one table; one instance a thread.

    The scratch is allocated once for programs of up to `max_nodes` nodes.
    """

    def __init__(self, blocks: Blocks, max_nodes: int = 64) -> None:
        from eqdisc.engine.native import evaluation_addresses

        dtype = blocks.features.dtype
        self.blocks = blocks
        self._table = evaluation_addresses(dtype.name)
        self._buffer = buffer_for(blocks.n_features, blocks.size, max_nodes, dtype)
        self._tapes = tapes(max_nodes)

    def sums(self, programs: Programs) -> FloatArray:
        """(programs, 3) sums from which `r2` follows."""
        b = self.blocks
        sums = np.zeros((len(programs), 3))
        score_programs_kernel(
            self._table,
            b.features,
            b.target,
            b.weights,
            b.weighted,
            b.n_rows,
            b.features.shape[0],
            self._buffer,
            self._tapes,
            programs.ops,
            programs.args,
            programs.values,
            programs.offsets[:-1],
            programs.offsets[1:],
            0,
            len(programs),
            sums,
        )
        return sums

    def r2(self, programs: Programs) -> FloatArray:
        """(programs,) squared correlation with the target; NaN where a value is not finite or constant."""
        s = self.sums(programs)
        with np.errstate(all="ignore"):
            spread = s[:, 1] - s[:, 0] ** 2 / self.blocks.n_rows
            r2: FloatArray = s[:, 2] ** 2 / (spread * self.blocks.variance)
        return r2


__all__ = ["ProgramScorer", "predict_programs"]
