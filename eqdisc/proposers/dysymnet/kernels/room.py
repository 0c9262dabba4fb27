"""Scratch arrays of one thread for networks of limited size."""

from typing import NamedTuple

import numpy as np

from eqdisc._typing import AnyArray, FloatArray, Int32Array, IntArray
from eqdisc.engine.adjoints import PLAN_COLUMNS
from eqdisc.engine.opcodes import CODE_COLUMNS, MAX_WEIGHTS
from eqdisc.engine.programs import aligned
from eqdisc.engine.workspace import RESERVED_ROWS

#: Columns of `counts`: instructions, inner free weights, slots the output reads, first free row; work done.
STOP, INNER, OUTER, ROW, WORK = range(5)


class Room(NamedTuple):
    """Scratch of one thread: a tape with its plan, the normal equations, copies of a network."""

    buffer: FloatArray
    code: Int32Array
    weights: FloatArray
    terms: Int32Array
    counts: IntArray
    unit_rows: IntArray
    readers: IntArray
    parameters: IntArray  # position on the tape of an inner weight, and its edge
    inner_edges: IntArray
    outer_rows: IntArray  # row of the buffer of a slot that the output reads, and its edge
    outer_edges: IntArray
    plan: Int32Array
    term_plan: Int32Array
    consumers: IntArray
    derivative_rows: IntArray
    held: IntArray  # 1 for an inner weight without a finite derivative on some row
    factors: FloatArray
    gram_rows: IntArray
    products: FloatArray
    scale: FloatArray
    lower: FloatArray
    half: FloatArray
    coefficients: FloatArray
    hessian: FloatArray
    factor: FloatArray
    gradient: FloatArray
    step: FloatArray
    theta: FloatArray
    saliency: FloatArray
    kept_weights: FloatArray
    kept_states: AnyArray
    chosen: IntArray


def room(n_features: int, block: int, units: int, edges: int, outer: int) -> Room:
    """Allocate for samples of `block` rows and networks of so many units and edges, `outer` of the output.

    Every free weight fits: 8 * block * (features + 15 units + edges + outer) bytes for the rows.
    """
    instructions = 3 * units + 1
    rows = n_features + 1 + 5 * instructions + edges + outer + RESERVED_ROWS + 1
    buffer: AnyArray = aligned((rows, block), np.float64)
    buffer[n_features] = 1.0
    all_free = edges + outer + 2
    return Room(
        buffer=buffer,
        code=np.zeros((instructions, CODE_COLUMNS), np.int32),
        weights=np.zeros(4 * instructions + edges + MAX_WEIGHTS),
        terms=np.zeros(edges + 1, np.int32),
        counts=np.zeros(5, np.int64),
        unit_rows=np.zeros(units, np.int64),
        readers=np.zeros(units, np.int64),
        parameters=np.zeros(edges + 1, np.int64),
        inner_edges=np.zeros(edges + 1, np.int64),
        outer_rows=np.zeros(outer, np.int64),
        outer_edges=np.zeros(outer, np.int64),
        plan=np.zeros((instructions, PLAN_COLUMNS), np.int32),
        term_plan=np.zeros((edges + 1, 2), np.int32),
        consumers=np.zeros(n_features + 1 + instructions, np.int64),
        derivative_rows=np.zeros(2 * (edges + 1), np.int64),
        held=np.zeros(edges + 1, np.int64),
        factors=np.zeros(instructions),
        gram_rows=np.zeros(all_free, np.int64),
        products=np.zeros((all_free, all_free)),
        scale=np.zeros(all_free),
        lower=np.zeros((outer, outer)),
        half=np.zeros((edges + 1, outer)),
        coefficients=np.zeros(outer),
        hessian=np.zeros((edges + 1, edges + 1)),
        factor=np.zeros((all_free, all_free)),
        gradient=np.zeros(edges + 1),
        step=np.zeros(all_free),
        theta=np.zeros((2, edges + 1)),
        saliency=np.zeros(edges + 1),
        kept_weights=np.zeros(edges),
        kept_states=np.zeros(edges, np.int8),
        chosen=np.zeros(n_features, np.int64),
    )
