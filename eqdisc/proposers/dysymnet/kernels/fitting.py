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
from eqdisc.engine.opcodes import DST, FIRST, FORWARD, GRAM, REVERSE, TABLE_SIZE
from eqdisc.engine.workspace import RESIDUAL, SEED, TARGET, Sample
from eqdisc.proposers.dysymnet.kernels.nets import Net
from eqdisc.proposers.dysymnet.kernels.room import INNER, OUTER, STOP, WORK, Room

#: Places of this module's kernels in the table of addresses.
PROJECT, LINEARISE, FIT = range(TABLE_SIZE, TABLE_SIZE + 3)
_HUGE = 1e300
#: A column this near the span of those before it (squared sine of the angle) is left out.
DEPENDENT = 1e-12
#: Below this share of the variance the sums are too coarse: the coefficients are refined by the residual.
COARSE = 1e-5
FIRST_DAMPING = 1e-2


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
def _factorise(r: Room, k: int) -> None:
    """Cholesky factor of the scaled Gram matrix of the output's columns; dependent ones get scale zero."""
    for i in range(k):
        g = r.products[i, i]
        r.scale[i] = 1.0 / np.sqrt(g) if g > 0.0 else 0.0
    for i in range(k):
        for j in range(i):
            s = r.products[j, i] * r.scale[i] * r.scale[j]
            for m in range(j):
                s -= r.lower[i, m] * r.lower[j, m]
            r.lower[i, j] = s / r.lower[j, j]
        s = 1.0
        for m in range(i):
            s -= r.lower[i, m] * r.lower[i, m]
        if not s > DEPENDENT:
            r.scale[i] = 0.0
            for m in range(i):
                r.lower[i, m] = 0.0
            s = 1.0
        r.lower[i, i] = np.sqrt(s)


@inlined
def _add_solution(r: Room, k: int) -> None:
    """Add the solution for the right-hand side in r.step to the coefficients."""
    for i in range(k):
        s = r.step[i] * r.scale[i]
        for m in range(i):
            s -= r.lower[i, m] * r.step[m]
        r.step[i] = s / r.lower[i, i]
    for i in range(k - 1, -1, -1):
        s = r.step[i]
        for m in range(i + 1, k):
            s -= r.lower[m, i] * r.step[m]
        r.step[i] = s / r.lower[i, i]
    for i in range(k):
        r.coefficients[i] += r.step[i] * r.scale[i]


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

    Infinite where a unit is not finite on some row. Leaves values, residual and the factor of the columns.
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
    _factorise(r, k)
    _add_solution(r, k)
    loss = _output(table, r, n, groups)
    if loss < COARSE * r.products[k, k]:
        for i in range(k):
            r.step[i] = _inner_product(r, r.gram_rows[i], last + RESIDUAL, n)
        _add_solution(r, k)
        loss = _output(table, r, n, groups)
    return loss if loss < _HUGE else np.inf


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
        held = not r.products[i, i] < _HUGE
        for j in range(i, m):
            r.products[i, j] = 0.0 if held else r.products[i, j] * factor
        for j in range(i + 1):
            r.products[j, i] = 0.0 if held else r.products[j, i] * factor


@kernel
def _normal_equations(r: Room) -> None:
    """Project the columns of the output out of the derivatives: hessian and gradient of the inner weights."""
    p, k = r.counts[INNER], r.counts[OUTER]
    for i in range(p):
        for j in range(k):
            s = r.products[i, p + j] * r.scale[j]
            for m in range(j):
                s -= r.lower[j, m] * r.half[i, m]
            r.half[i, j] = s / r.lower[j, j]
    for i in range(p):
        r.gradient[i] = r.products[i, p + k]
        for j in range(i, p):
            h = r.products[i, j]
            for m in range(k):
                h -= r.half[i, m] * r.half[j, m]
            r.hessian[i, j] = h


@kernel
def _solve(r: Room, p: int, damping: float) -> bool:
    """r.step = (H + damping * diag H)**-1 gradient by Cholesky."""
    for j in range(p):
        s = abs(r.hessian[j, j]) * (1.0 + damping) + 1e-300
        for m in range(j):
            s -= r.factor[j, m] * r.factor[j, m]
        if not s > 0.0:
            return False
        s = np.sqrt(s)
        r.factor[j, j] = s
        for i in range(j + 1, p):
            t = r.hessian[j, i]
            for m in range(j):
                t -= r.factor[i, m] * r.factor[j, m]
            r.factor[i, j] = t / s
    for i in range(p):
        t = r.gradient[i]
        for m in range(i):
            t -= r.factor[i, m] * r.step[m]
        r.step[i] = t / r.factor[i, i]
    for i in range(p - 1, -1, -1):
        t = r.step[i]
        for m in range(i + 1, p):
            t -= r.factor[m, i] * r.step[m]
        r.step[i] = t / r.factor[i, i]
        if not abs(r.step[i]) < _HUGE:
            return False
    return True


@inlined
def _set(r: Room, p: int, which: int) -> None:
    for i in range(p):
        r.weights[r.parameters[i]] = r.theta[which, i]


@kernel
def fit(
    table: IntArray, sample: Sample, r: Room, net: Net, attempts: int, tolerance: float, enough: float
) -> float:
    """Fit the network on the planned tape in the room; the least sum of squared residuals.

    Writes the weights found into the network. Stops where a step gains less than the tolerance or the sum is
    below `enough`. Infinite where the start is not finite on some row.
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
            _normal_equations(r)
            fresh = False
        trial = np.inf
        if _solve(r, p, damping):
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
    return loss
