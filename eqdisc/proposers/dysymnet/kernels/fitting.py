"""Levenberg-Marquardt on a network, all weights of the output projected out.

For every choice of the inner weights those of the output are the least-squares ones (variable projection,
Golub & Pereyra 1973, with Kaufman's 1975 simplification of the Jacobian): a network whose inner weights are
right is found in one step, and products and powers of the inputs need no step at all. The engine runs the
tape, its reverse sweep and the Gram matrix; all rows are one block.
"""

import numpy as np

from eqdisc._typing import IntArray
from eqdisc.engine.compile import call_address, call_double, inlined, kernel, summation
from eqdisc.engine.kernels import groups_of
from eqdisc.engine.opcodes import (
    DST,
    FIRST,
    FORWARD,
    GRAM,
    OP,
    REVERSE,
    T_COS,
    T_SIN,
    T_TAN,
    TABLE_SIZE,
    A,
)
from eqdisc.engine.workspace import RESIDUAL, SEED, TARGET, Sample
from eqdisc.proposers.dysymnet.kernels.nets import Net
from eqdisc.proposers.dysymnet.kernels.room import INNER, OUTER, STOP, WORK, Room
from eqdisc.proposers.dysymnet.kernels.solving import add_solution, factorise, normal_equations, solve

#: Places of this module's kernels in the table of addresses.
PROJECT, LINEARISE, FIT = range(TABLE_SIZE, TABLE_SIZE + 3)
_HUGE = 1e300
#: Below this share of the variance the sums are too coarse: the coefficients are refined by the residual.
COARSE = 1e-5
FIRST_DAMPING = 1e-2
#: Radians; beyond, rounding of the angle moves a sine by 1e-8 and more, the column is as good as random.
MOST_ANGLE = 1e8


@summation
def _residual(r: Room, root: int, n: np.uint64) -> float:
    """Write the residual row; its sum of squares."""
    last = r.buffer.shape[0]
    y, s, e = np.uint64(last + TARGET), np.uint64(last + SEED), np.uint64(last + RESIDUAL)
    f = np.uint64(root)
    total = 0.0
    for i in range(n):
        v = r.buffer[y, i] - r.buffer[s, i] * r.buffer[f, i]
        r.buffer[e, i] = v
        total += v * v
    return total


@summation
def _squares(r: Room, root: int, first: np.uint64, last: np.uint64) -> float:
    """Sum of squared residuals of some rows."""
    end = r.buffer.shape[0]
    y, s, f = np.uint64(end + TARGET), np.uint64(end + SEED), np.uint64(root)
    total = 0.0
    for i in range(first, last):
        v = r.buffer[y, i] - r.buffer[s, i] * r.buffer[f, i]
        total += v * v
    return total


@summation
def _inner_product(r: Room, a: int, b: int, n: np.uint64) -> float:
    u, v = np.uint64(a), np.uint64(b)
    total = 0.0
    for i in range(n):
        total += r.buffer[u, i] * r.buffer[v, i]
    return total


@inlined
def _weigh(r: Room, n: np.uint64) -> None:
    """Columns of the output times the roots of the sample weights, in rows of their own."""
    last = np.uint64(r.buffer.shape[0] + SEED)
    for j in range(r.counts[OUTER]):
        if r.outer_rows[j] != r.buffer.shape[0] + SEED:
            a, b = np.uint64(r.outer_rows[j]), np.uint64(r.gram_rows[j])
            for i in range(n):
                r.buffer[b, i] = r.buffer[a, i] * r.buffer[last, i]


@kernel
def _output(table: IntArray, r: Room, n: np.uint64, groups: np.uint64) -> float:
    """Run the output with the present coefficients; the sum of squared residuals."""
    stop = r.counts[STOP]
    q = r.code[stop - 1, FIRST]
    seed = r.buffer.shape[0] + SEED
    r.weights[q] = 0.0
    place = q + 1
    for j in range(r.counts[OUTER]):
        if r.outer_rows[j] == seed:
            r.weights[q] = r.coefficients[j]
        else:
            r.weights[place] = r.coefficients[j]
            place += 1
    call_address(table[FORWARD], (r.buffer, r.code, r.weights, r.terms, stop - 1, stop, groups))
    return _residual(r, r.code[stop - 1, DST], n)


@kernel
def project(table: IntArray, sample: Sample, r: Room) -> float:
    """Sum of squared residuals at the present inner weights and the best output weights (r.coefficients).

    Infinite where a slot that the output reads is not finite on some row. Leaves values, residual and
    the factor of the columns.
    """
    n = np.uint64(sample.n_rows)
    groups = groups_of(sample.n_rows)
    stop, k = r.counts[STOP], r.counts[OUTER]
    last = r.buffer.shape[0]
    r.counts[WORK] += (2 * stop + k * (k + 3) // 4) * sample.n_rows
    call_address(table[FORWARD], (r.buffer, r.code, r.weights, r.terms, 0, stop - 1, groups))
    for j in range(k):
        r.gram_rows[j] = r.outer_rows[j]
    if sample.weighted:
        for j in range(k):
            if r.outer_rows[j] != last + SEED:
                r.gram_rows[j] = last - 5 - j
        _weigh(r, n)
    r.gram_rows[k] = last + TARGET
    for i in range(k + 1):
        for j in range(i, k + 1):
            r.products[i, j] = 0.0
    call_address(table[GRAM], (r.buffer, r.gram_rows, k + 1, n, r.products))
    for i in range(k):
        if not r.products[i, i] < _HUGE:
            return np.inf
        r.coefficients[i] = 0.0
        r.step[i] = r.products[i, k]
    factorise(r, k)
    add_solution(r, k)
    loss = _output(table, r, n, groups)
    if loss < COARSE * r.products[k, k]:
        for i in range(k):
            r.step[i] = _inner_product(r, r.gram_rows[i], last + RESIDUAL, n)
        add_solution(r, k)
        loss = _output(table, r, n, groups)
    return loss if loss < _HUGE else np.inf


@kernel
def heldout(table: IntArray, r: Room, first: int, last: int) -> float:
    """Sum of squared residuals of the rows first to last, on which the weights on the tape were not fitted.

    NaN where the network is not finite on one of them. What `project` left for the rows before stays.
    """
    stop = r.counts[STOP]
    r.counts[WORK] += 2 * stop * (last - first)
    call_address(table[FORWARD], (r.buffer, r.code, r.weights, r.terms, 0, stop, groups_of(last)))
    return _squares(r, r.code[stop - 1, DST], np.uint64(first), np.uint64(last))


@kernel
def linearise(table: IntArray, sample: Sample, r: Room) -> None:
    """Inner products of [derivatives by inner weights, columns of the output, residual]: r.products."""
    n = np.uint64(sample.n_rows)
    groups = groups_of(sample.n_rows)
    stop, p, k = r.counts[STOP], r.counts[INNER], r.counts[OUTER]
    r.counts[WORK] += (2 * stop + (p + k) * (p + k + 3) // 4) * sample.n_rows
    for s in range(r.code[0, DST] + stop):
        row = r.consumers[s]
        if row >= 0:
            for i in range(groups * np.uint64(64)):
                r.buffer[row, i] = 0.0
    r.factors[stop - 1] = 1.0
    sweeping = (r.buffer, r.code, r.weights, r.terms, stop, r.plan, r.term_plan, r.factors, groups)
    call_address(table[REVERSE], sweeping)
    for j in range(k - 1, -1, -1):
        r.gram_rows[p + j] = r.gram_rows[j]
    for i in range(p):
        r.gram_rows[i] = r.derivative_rows[i]
    r.gram_rows[p + k] = r.buffer.shape[0] + RESIDUAL
    m = p + k + 1
    for i in range(m):
        for j in range(i, m):
            r.products[i, j] = 0.0
    call_address(table[GRAM], (r.buffer, r.gram_rows, m, n, r.products))
    for j in range(k):
        r.gram_rows[j] = r.gram_rows[p + j]
    for i in range(p):
        instruction = r.derivative_rows[p + i]
        factor = r.factors[instruction] if instruction >= 0 else 0.0
        # A weight without a finite derivative on some row (an exponent over a negative base) is held.
        r.held[i] = 0 if r.products[i, i] < _HUGE else 1
        for j in range(i, m):
            r.products[i, j] = 0.0 if r.held[i] else r.products[i, j] * factor
        for j in range(i + 1):
            r.products[j, i] = 0.0 if r.held[i] else r.products[j, i] * factor


@inlined
def _set(r: Room, p: int, which: int) -> None:
    for i in range(p):
        r.weights[r.parameters[i]] = r.theta[which, i]


@kernel
def _wild(r: Room, n: np.uint64) -> bool:
    """Whether a sine, cosine or tangent has an angle on some row that double precision does not resolve."""
    for k in range(r.counts[STOP] - 1):
        operation = r.code[k, OP]
        if operation == T_SIN or operation == T_COS or operation == T_TAN:
            source = np.uint64(r.code[k, A])
            scale, shift = r.weights[r.code[k, FIRST]], r.weights[r.code[k, FIRST] + 1]
            for i in range(n):
                if not abs(scale * r.buffer[source, i] + shift) <= MOST_ANGLE:
                    return True
    return False


@kernel
def fit(
    table: IntArray, sample: Sample, r: Room, net: Net, attempts: int, tolerance: float, enough: float
) -> float:
    """Fit the network on the planned tape in the room; the least sum of squared residuals.

    Writes the weights found into the network. Stops where a step gains less than the tolerance or the sum is
    below `enough`. Infinite where the start is not finite on some row
    or an angle found is beyond MOST_ANGLE.
    """
    p = r.counts[INNER]
    loss = call_double(table[PROJECT], (table, sample, r))
    if not loss < _HUGE:
        return np.inf
    for i in range(p):
        r.theta[0, i] = r.weights[r.parameters[i]]
    damping = FIRST_DAMPING
    fresh, current = True, True
    for _ in range(attempts if p > 0 else 0):
        if loss <= enough:
            break
        if fresh:
            call_address(table[LINEARISE], (table, sample, r))
            normal_equations(r)
            fresh = False
        trial = np.inf
        if solve(r, p, damping):
            for i in range(p):
                r.theta[1, i] = r.theta[0, i] + r.step[i]
            _set(r, p, 1)
            trial = call_double(table[PROJECT], (table, sample, r))
        if trial < loss:
            gain = (loss - trial) / loss
            loss = trial
            for i in range(p):
                r.theta[0, i] = r.theta[1, i]
            damping = max(damping * 0.1, 1e-12)
            fresh, current = True, True
            if gain < tolerance:
                break
        else:
            _set(r, p, 0)
            current = False
            damping *= 10.0
            if damping > 1e8:
                break
    _set(r, p, 0)
    if not current:
        loss = call_double(table[PROJECT], (table, sample, r))
    for i in range(p):
        net.weights[r.inner_edges[i]] = r.theta[0, i]
    for j in range(r.counts[OUTER]):
        net.weights[r.outer_edges[j]] = r.coefficients[j]
    return np.inf if _wild(r, np.uint64(sample.n_rows)) else loss
