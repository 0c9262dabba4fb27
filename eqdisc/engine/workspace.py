"""The rows a fit sees, and the scratch arrays it works in."""

from typing import NamedTuple

import numpy as np

from eqdisc._typing import AnyArray, FloatArray, Int32Array, IntArray
from eqdisc.engine.adjoints import PLAN_COLUMNS
from eqdisc.engine.compile import inlined
from eqdisc.engine.opcodes import (
    CODE_COLUMNS,
    MAX_WEIGHTS,
    STATE_COLUMNS,
)
from eqdisc.engine.programs import Blocks, aligned

#: Programs with more free weights are evaluated, not fitted.
MAX_PARAMETERS = 24
#: Rows at the end of the buffer: centred target, seed (roots of the weights), weighted value, residual.
TARGET, SEED, VALUE, RESIDUAL = -1, -2, -3, -4
RESERVED_ROWS = 4
#: Rows a tape of `size` nodes may need: values, companions, edges and derivatives.
ROWS_PER_NODE = 5


class Sample(NamedTuple):
    """The rows a fit sees, as blocks: features, centred target, roots of the sample weights."""

    features: FloatArray
    target: FloatArray
    seed: FloatArray
    n_rows: int
    weighted: bool


class Workspace(NamedTuple):
    """Scratch arrays of one thread."""

    buffer: FloatArray
    code: Int32Array
    weights: FloatArray
    terms: Int32Array
    parameters: IntArray
    state: Int32Array
    pending: FloatArray
    want: FloatArray
    stack: Int32Array
    free_rows: Int32Array
    counts: IntArray
    plan: Int32Array
    consumers: IntArray
    derivative_rows: IntArray
    rows: IntArray
    factors: FloatArray
    products: FloatArray
    hessian: FloatArray
    gradient: FloatArray
    step: FloatArray
    theta: FloatArray
    coefficients: FloatArray


def workspace(n_features: int, block: int, max_nodes: int) -> Workspace:
    """Allocate scratch for programs of up to `max_nodes` nodes: 8 * block * (5 nodes + features) bytes."""
    nodes = max_nodes + 1
    p = MAX_PARAMETERS
    rows = n_features + 1 + ROWS_PER_NODE * nodes + p + RESERVED_ROWS
    buffer: AnyArray = aligned((rows, block), np.float64)
    buffer[n_features] = 1.0
    return Workspace(
        buffer=buffer,
        code=np.zeros((nodes, CODE_COLUMNS), np.int32),
        weights=np.zeros((nodes + 1) * MAX_WEIGHTS),
        terms=np.zeros(1, np.int32),
        parameters=np.zeros(6 * nodes, np.int64),
        state=np.zeros((nodes, STATE_COLUMNS), np.int32),
        pending=np.zeros((nodes, 2)),
        want=np.zeros((nodes, 2)),
        stack=np.zeros(nodes, np.int32),
        free_rows=np.zeros(nodes, np.int32),
        counts=np.zeros(8, np.int64),
        plan=np.zeros((nodes, PLAN_COLUMNS), np.int32),
        consumers=np.zeros(n_features + 1 + nodes, np.int64),
        derivative_rows=np.zeros(2 * 6 * nodes + n_features + 1, np.int64),
        rows=np.zeros(p + 3, np.int64),
        factors=np.zeros(nodes),
        products=np.zeros((p + 3, p + 3)),
        hessian=np.zeros((p, p)),
        gradient=np.zeros(p),
        step=np.zeros(p),
        theta=np.zeros((2, p)),
        coefficients=np.zeros(2),
    )


@inlined
def load(sample: Sample, block: int, buffer: FloatArray) -> None:
    """Copy a block of the sample into the buffer."""
    last = buffer.shape[0]
    for j in range(sample.features.shape[1]):
        for i in range(buffer.shape[1]):
            buffer[j, i] = sample.features[block, j, i]
    for i in range(buffer.shape[1]):
        buffer[last + TARGET, i] = sample.target[block, i] * sample.seed[block, i]
        buffer[last + SEED, i] = sample.seed[block, i]


def sample_of(blocks: Blocks) -> Sample:
    """The fit's view of a table laid out as `Blocks`."""
    return Sample(
        blocks.features, blocks.target, np.sqrt(blocks.weights), int(blocks.n_rows), bool(blocks.weighted)
    )
