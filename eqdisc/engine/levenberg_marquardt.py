"""Levenberg-Marquardt on a tape, slope and intercept projected out, one Gram matrix per step.

The model is `slope * f(x; theta) + intercept`. For every theta slope and intercept are the least-squares ones
(variable projection, Golub & Pereyra 1973, with Kaufman's 1975 simplification of the Jacobian), so that a
step is solved for the free, non-redundant weights of the tape alone. The Jacobian is never stored beyond a
block of rows: its inner products with itself, with f, with ones and with the residual are all a step needs.
The residual is formed row by row, not from the sums, so that an exact law is followed down to the rounding
floor (sums cancel at 1 - R2 = 1e-15).

A sample of up to about 1000 rows is kept as one block: then the values of a trial stay in the buffer and only
accepted steps run the reverse sweep (1.4-1.7 times faster than blocks of 512 at 1000 rows).
"""

import numpy as np

from eqdisc._typing import FloatArray, Int32Array, IntArray
from eqdisc.engine.compile import call_address, call_double, call_predicate, inlined, kernel, summation
from eqdisc.engine.kernels import groups_of
from eqdisc.engine.opcodes import (
    COMPANION,
    DERIVATIVES,
    FORWARD,
    GRAM,
    LOWER,
    MINIMISE,
    OP,
    PLAN,
    RESIDUALS,
    RESTORE,
    REVERSE,
    SCALES,
    SHIFTS,
    SLOT,
    T_COS,
    T_SIN,
)
from eqdisc.engine.workspace import (
    MAX_PARAMETERS,
    RESERVED_ROWS,
    RESIDUAL,
    SEED,
    TARGET,
    VALUE,
    Sample,
    Workspace,
    load,
)

#: Columns of the statistics of a fit.
ATTEMPTS, ACCEPTED, FREE, INSTRUCTIONS = range(4)
_HUGE = 1e300


@summation
def _moments(
    value: FloatArray, seed: FloatArray, target: FloatArray, n: np.uint64
) -> tuple[float, float, float]:
    """Sums of f*f, f*seed and f*target."""
    s1 = s2 = s3 = 0.0
    for i in range(n):
        s1 += value[i] * value[i]
        s2 += value[i] * seed[i]
        s3 += value[i] * target[i]
    return s1, s2, s3


@summation
def _residual(buffer: FloatArray, f: int, slope: float, intercept: float, n: np.uint64) -> float:
    """Write the residual row; its sum of squares."""
    last = buffer.shape[0]
    y, s, r = np.uint64(last + TARGET), np.uint64(last + SEED), np.uint64(last + RESIDUAL)
    u = np.uint64(f)
    total = 0.0
    for i in range(n):
        v = buffer[y, i] - (slope * buffer[u, i] + intercept * buffer[s, i])
        buffer[r, i] = v
        total += v * v
    return total


@inlined
def _weigh(buffer: FloatArray, root: int, groups: np.uint64) -> None:
    last = buffer.shape[0]
    v, s, f = np.uint64(last + VALUE), np.uint64(last + SEED), np.uint64(root)
    for i in range(groups * np.uint64(64)):
        buffer[v, i] = buffer[f, i] * buffer[s, i]


@kernel
def _linear(sums: FloatArray, by_slope: bool, by_intercept: bool, coefficients: FloatArray) -> None:
    """Least-squares slope and intercept (the ones that are free) from ff, f1, fy, 11, 1y."""
    ff, f1, fy, ones, y1 = sums[0], sums[1], sums[2], sums[3], sums[4]
    if by_slope and by_intercept:
        spread = ff - f1 * f1 / ones
        slope = (fy - f1 * y1 / ones) / spread if spread > 0.0 else 0.0
        coefficients[0] = slope
        coefficients[1] = (y1 - slope * f1) / ones
    elif by_slope:
        coefficients[0] = (fy - coefficients[1] * f1) / ff if ff > 0.0 else 0.0
    elif by_intercept:
        coefficients[1] = (y1 - coefficients[0] * f1) / ones


@kernel
def residuals(
    table: IntArray,
    sample: Sample,
    w: Workspace,
    stop: int,
    root: int,
    by_slope: bool,
    by_intercept: bool,
    sums: FloatArray,
) -> float:
    """Sum of squared residuals at the present weights; leaves slope and intercept in w.coefficients.

    With one block the values and the residual stay in the buffer.
    """
    n_blocks = sample.features.shape[0]
    size = w.buffer.shape[1]
    last = w.buffer.shape[0]
    f = last + VALUE if sample.weighted else root
    for j in range(3):
        sums[j] = 0.0
    for block in range(n_blocks):
        n = min(size, sample.n_rows - block * size)
        if n_blocks > 1:
            load(sample, block, w.buffer)
        groups = groups_of(n)
        call_address(table[FORWARD], (w.buffer, w.code, w.weights, w.terms, 0, stop, groups))
        if sample.weighted:
            _weigh(w.buffer, root, groups)
        s1, s2, s3 = _moments(w.buffer[f], w.buffer[last + SEED], w.buffer[last + TARGET], np.uint64(n))
        sums[0] += s1
        sums[1] += s2
        sums[2] += s3
    if not sums[0] < _HUGE:
        return np.inf
    _linear(sums, by_slope, by_intercept, w.coefficients)
    total = 0.0
    for block in range(n_blocks):
        n = min(size, sample.n_rows - block * size)
        if n_blocks > 1:
            load(sample, block, w.buffer)
            groups = groups_of(n)
            call_address(table[FORWARD], (w.buffer, w.code, w.weights, w.terms, 0, stop, groups))
            if sample.weighted:
                _weigh(w.buffer, root, groups)
        total += _residual(w.buffer, f, w.coefficients[0], w.coefficients[1], np.uint64(n))
    return total if total < _HUGE else np.inf


@kernel
def derivatives(
    table: IntArray, sample: Sample, w: Workspace, stop: int, root: int, n_parameters: int
) -> None:
    """Inner products of [J, f, seed, residual]; slope and intercept stand in w.coefficients."""
    p = n_parameters
    n_blocks = sample.features.shape[0]
    size = w.buffer.shape[1]
    last = w.buffer.shape[0]
    f = last + VALUE if sample.weighted else root
    for i in range(p + 3):
        for j in range(p + 3):
            w.products[i, j] = 0.0
    for i in range(p):
        w.rows[i] = w.derivative_rows[i]
    w.rows[p] = f
    w.rows[p + 1] = last + SEED
    w.rows[p + 2] = last + RESIDUAL
    for block in range(n_blocks):
        n = min(size, sample.n_rows - block * size)
        groups = groups_of(n)
        if n_blocks > 1:
            load(sample, block, w.buffer)
            call_address(table[FORWARD], (w.buffer, w.code, w.weights, w.terms, 0, stop, groups))
            if sample.weighted:
                _weigh(w.buffer, root, groups)
            _residual(w.buffer, f, w.coefficients[0], w.coefficients[1], np.uint64(n))
        w.factors[root - w.code[0, 1]] = 1.0
        call_address(
            table[REVERSE],
            (w.buffer, w.code, w.weights, w.terms, stop, w.plan, w.plan, w.factors, groups),
        )
        call_address(table[GRAM], (w.buffer, w.rows, p + 3, np.uint64(n), w.products))
    for i in range(p):
        k = w.derivative_rows[p + i]
        factor = w.factors[k] if k >= 0 else 0.0
        # A weight without a finite derivative on some row (an exponent over a negative base) is held.
        held = not w.products[i, i] < _HUGE
        for j in range(i, p + 3):
            w.products[i, j] = 0.0 if held else w.products[i, j] * factor
        for j in range(i + 1):
            w.products[j, i] = 0.0 if held else w.products[j, i] * factor


@kernel
def _normal_equations(w: Workspace, p: int, by_slope: bool, by_intercept: bool) -> None:
    """Project f and the ones out of J: w.hessian = slope**2 J'PJ, w.gradient = slope J'r."""
    g = w.products
    slope = w.coefficients[0]
    ones = g[p + 1, p + 1]
    f1 = g[p, p + 1]
    ff = g[p, p] - (f1 * f1 / ones if by_intercept else 0.0)
    for i in range(p):
        w.gradient[i] = slope * g[i, p + 2]
        for j in range(i, p):
            h = g[i, j]
            fi = g[i, p]
            fj = g[j, p]
            if by_intercept:
                h -= g[i, p + 1] * g[j, p + 1] / ones
                fi -= g[i, p + 1] * f1 / ones
                fj -= g[j, p + 1] * f1 / ones
            if by_slope and ff > 0.0:
                h -= fi * fj / ff
            w.hessian[i, j] = slope * slope * h


@kernel
def _solve(w: Workspace, p: int, damping: float) -> bool:
    """w.step = (H + damping * diag H)**-1 gradient by Cholesky; H, the upper triangle, is kept."""
    lower = w.hessian
    step = w.step
    diagonal = w.products  # the inner products are no longer needed: scratch for the diagonal of the factor
    for j in range(p):
        s = w.hessian[j, j] * (1.0 + damping) + 1e-300
        for k in range(j):
            s -= lower[j, k] * lower[j, k]
        if not s > 0.0:
            return False
        s = np.sqrt(s)
        diagonal[j, 0] = s
        for i in range(j + 1, p):
            t = w.hessian[j, i]
            for k in range(j):
                t -= lower[i, k] * lower[j, k]
            lower[i, j] = t / s
    for i in range(p):
        t = w.gradient[i]
        for k in range(i):
            t -= lower[i, k] * step[k]
        step[i] = t / diagonal[i, 0]
    for i in range(p - 1, -1, -1):
        t = step[i]
        for k in range(i + 1, p):
            t -= lower[k, i] * step[k]
        step[i] = t / diagonal[i, 0]
        if not abs(step[i]) < _HUGE:
            return False
    return True


@inlined
def _set(w: Workspace, p: int, which: int) -> None:
    for i in range(p):
        w.weights[w.parameters[i]] = w.theta[which, i]


@kernel
def minimise(
    table: IntArray,
    sample: Sample,
    w: Workspace,
    stop: int,
    root: int,
    p: int,
    by_slope: bool,
    by_intercept: bool,
    max_attempts: int,
    tolerance: float,
    statistics: FloatArray,
) -> float:
    """Fit the p free weights of the lowered tape; the least sum of squared residuals.

    Leaves the optimum in w.weights and its slope and intercept in w.coefficients. Infinite where the start is
    not finite. Damping starts at 1 and moves by factors of 10: best or tied of eleven settings.
    """
    sums = np.zeros(5)
    last = w.buffer.shape[0]
    n_blocks = sample.features.shape[0]
    for block in range(n_blocks):
        n = np.uint64(min(w.buffer.shape[1], sample.n_rows - block * w.buffer.shape[1]))
        if n_blocks > 1:
            load(sample, block, w.buffer)
        s1, _, s3 = _moments(w.buffer[last + SEED], w.buffer[last + SEED], w.buffer[last + TARGET], n)
        sums[3] += s1
        sums[4] += s3
    problem = (table, sample, w, stop, root, by_slope, by_intercept, sums)
    loss = call_double(table[RESIDUALS], problem)
    if p == 0 or max_attempts == 0 or not loss < _HUGE or loss == 0.0:
        return loss
    for i in range(p):
        w.theta[0, i] = w.weights[w.parameters[i]]
    slope, intercept = w.coefficients[0], w.coefficients[1]
    damping = 1.0
    fresh = True
    for _ in range(max_attempts):
        statistics[ATTEMPTS] += 1
        if fresh:
            call_address(table[DERIVATIVES], (table, sample, w, stop, root, p))
            _normal_equations(w, p, by_slope, by_intercept)
            fresh = False
        trial = np.inf
        if _solve(w, p, damping):
            for i in range(p):
                w.theta[1, i] = w.theta[0, i] + w.step[i]
            _set(w, p, 1)
            trial = call_double(table[RESIDUALS], problem)
        if trial < loss:
            statistics[ACCEPTED] += 1
            gain = (loss - trial) / loss
            loss = trial
            for i in range(p):
                w.theta[0, i] = w.theta[1, i]
            slope, intercept = w.coefficients[0], w.coefficients[1]
            damping = max(damping * 0.1, 1e-12)
            fresh = True
            if gain < tolerance or loss == 0.0:
                break
        else:
            w.coefficients[0], w.coefficients[1] = slope, intercept
            damping *= 10.0
            if damping > 1e8:
                break
    _set(w, p, 0)
    w.coefficients[0], w.coefficients[1] = slope, intercept
    return loss


@inlined
def _line_of_tree(w: Workspace, node: int) -> None:
    """Slope and intercept of the slot of the root become those of the tree: scale * slot + shift."""
    if w.state[node, SLOT] >= 0:
        w.coefficients[0] /= w.pending[node, 0]
        w.coefficients[1] -= w.coefficients[0] * w.pending[node, 1]


@kernel
def fit_program(
    table: IntArray,
    sample: Sample,
    w: Workspace,
    ops: Int32Array,
    args: Int32Array,
    values: FloatArray,
    start: int,
    stop: int,
    free_weights: bool,
    scaling: bool,
    max_attempts: int,
    tolerance: float,
    fitted: FloatArray,
    statistics: FloatArray,
) -> float:
    """Fit one program (nodes start..stop); returns its sum of squared residuals.

    `fitted` receives the new node values (those given where nothing better was found). With `scaling` slope
    and intercept of the tree's value are always free and left in w.coefficients; otherwise only those for
    which the tree has a constant, and they are handed to the tree. With one block the caller has loaded the
    sample.
    """
    n_features = sample.features.shape[1]
    rows = w.buffer.shape[0] - RESERVED_ROWS
    size = stop - start
    for n in range(size):
        fitted[n] = values[start + n]
    for j in range(4):
        statistics[j] = 0.0
    tree = (ops, args, values, start, stop, n_features, n_features + 1, True, free_weights)
    scratch = (w.parameters, w.state, w.pending, w.stack, w.free_rows, w.counts)
    tape = (w.code, w.weights, 0, 0)
    lowering = tree + tape + scratch
    call_address(table[LOWER], lowering)
    count, p, used = w.counts[0], w.counts[2], w.counts[4]
    node = w.stack[0]
    root = w.state[node, SLOT]
    statistics[FREE] = p
    statistics[INSTRUCTIONS] = count
    scale = w.pending[node, 0]
    if root >= 0 and (not abs(scale) < np.inf or (scaling and scale == 0.0)):
        return np.inf  # 1/(x - x), (x - x)*y: the root's slot says nothing of its value
    if root < 0:
        root = n_features  # a constant: slope times the ones
    by_slope = scaling or (w.state[node, SLOT] >= 0 and w.state[node, SCALES] > 0)
    by_intercept = scaling or w.state[node, SHIFTS] > 0
    w.coefficients[0] = w.pending[node, 0]
    w.coefficients[1] = w.pending[node, 1]
    row = n_features + 1 + used
    for k in range(count):
        if p > 0 and (w.code[k, OP] == T_SIN or w.code[k, OP] == T_COS):
            w.code[k, COMPANION] = row
            row += 1
    if p > MAX_PARAMETERS:
        p = 0
    if p > 0 and max_attempts > 0:
        w.counts[5] = row
        planning = (w.code, count, w.terms, root, w.buffer.shape[0] + SEED, n_features + 1, False)
        planned = (w.parameters, p, w.plan, w.plan, w.consumers, w.derivative_rows, w.counts[5:6])
        call_address(table[PLAN], planning + planned)
        row = w.counts[5]
        if row > rows:
            p = 0
        for i in range(p):
            if w.derivative_rows[i] < 0:  # under a floor's or a condition's operand nothing can be learnt
                w.derivative_rows[i] = w.buffer.shape[0] + SEED
    loss = call_double(
        table[MINIMISE],
        (table, sample, w, count, root, p, by_slope, by_intercept, max_attempts, tolerance, statistics),
    )
    if not loss < _HUGE:
        return loss
    if scaling and statistics[ACCEPTED] == 0.0:
        _line_of_tree(w, node)
        return loss
    w.want[node, 0] = w.pending[node, 0] if scaling else w.coefficients[0]
    w.want[node, 1] = w.pending[node, 1] if scaling else w.coefficients[1]
    if not call_predicate(
        table[RESTORE],
        (ops, values, start, stop, w.code, w.weights, w.state, w.pending, w.want, fitted),
    ):
        # No constants of the tree give the optimum (exp(x + c) stays positive): those given, then.
        for n in range(size):
            fitted[n] = values[start + n]
        call_address(table[LOWER], lowering)
        w.coefficients[0] = w.pending[node, 0]
        w.coefficients[1] = w.pending[node, 1]
        minimising = (table, sample, w, count, root, 0, scaling, scaling, 0, tolerance, statistics)
        loss = call_double(table[MINIMISE], minimising)
    if scaling:
        _line_of_tree(w, node)
    return loss
