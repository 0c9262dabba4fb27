"""L0.5 sparsity: many edges of a fitted network are shrunk to nothing at once, the surgeon has the rest.

The penalty of DySymNet (Li et al., ICLR 2024, section 3.3), the sum of square roots of the weights' sizes, is
minimised on the quadratic model of the loss about the fitted network, by iteratively reweighted least squares
(Chartrand & Yin 2008). A weight's size is what it contributes, |w| times the norm of its derivative, so that
no unit of measurement and no gauge matters.
"""

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.engine.compile import kernel
from eqdisc.proposers.dysymnet.kernels.nets import DEAD, Net
from eqdisc.proposers.dysymnet.kernels.room import INNER, OUTER, Room

SWEEPS = 12
#: Shares of the target's norm: where the square root is rounded off, and what is nothing afterwards.
ROUNDED, NOTHING = 1e-4, 1e-3
#: Added to the unit diagonal of the quadratic model.
RIDGE = 1e-10


@kernel
def _solve(matrix: FloatArray, right: FloatArray) -> bool:
    """Solve for the right-hand side in place by Cholesky, in the lower triangle."""
    m = right.shape[0]
    for j in range(m):
        for i in range(j, m):
            s = matrix[i, j]
            for q in range(j):
                s -= matrix[i, q] * matrix[j, q]
            if i > j:
                matrix[i, j] = s / matrix[j, j]
            elif s > 0.0:
                matrix[j, j] = np.sqrt(s)
            else:
                return False
    for i in range(m):
        s = right[i]
        for q in range(i):
            s -= matrix[i, q] * right[q]
        right[i] = s / matrix[i, i]
    for i in range(m - 1, -1, -1):
        s = right[i]
        for q in range(i + 1, m):
            s -= matrix[q, i] * right[q]
        right[i] = s / matrix[i, i]
    return True


@kernel
def shrink(r: Room, net: Net, norm: float, penalty: float) -> int:
    """Mark as dead the edges that the penalty shrinks to nothing; how many.

    Works on r.products as `linearise` leaves them at the optimum; norm is that of the target.
    """
    p, m = r.counts[INNER], r.counts[INNER] + r.counts[OUTER]
    model, work = np.zeros((m, m)), np.zeros((m, m))
    sizes, pull, shrunk = np.zeros(m), np.zeros(m), np.zeros(m)
    for i in range(m):
        g = r.products[i, i]
        sizes[i] = np.sqrt(g) if g > 0.0 else 0.0
        e = r.inner_edges[i] if i < p else r.outer_edges[i - p]
        shrunk[i] = net.weights[e] * sizes[i] / norm
    for i in range(m):
        for j in range(i):
            if sizes[i] > 0.0 and sizes[j] > 0.0:
                model[i, j] = model[j, i] = r.products[j, i] / (sizes[i] * sizes[j])
        model[i, i] = 1.0 + RIDGE
    for i in range(m):
        for j in range(m):
            pull[i] += model[i, j] * shrunk[j]
    for _ in range(SWEEPS):
        work[:] = model
        for i in range(m):
            work[i, i] += 0.5 * penalty * (shrunk[i] ** 2 + ROUNDED**2) ** -0.75
            shrunk[i] = pull[i]
        if not _solve(work, shrunk):
            return 0
    count = 0
    for i in range(m):
        if abs(shrunk[i]) < NOTHING:
            e = r.inner_edges[i] if i < p else r.outer_edges[i - p]
            net.weights[e] = 0.0
            net.states[e] = DEAD
            count += 1
    return count
