"""L0.5 sparsity: many edges of a fitted network are shrunk to nothing at once, the surgeon has the rest.

The penalty of DySymNet (Li et al., ICLR 2024, section 3.3), the sum of square roots of the weights' sizes, is
minimised on the quadratic model of the loss about the fitted network, by iteratively reweighted least squares
(Chartrand & Yin 2008). A weight's size is what it contributes, |w| times the norm of its derivative, so that
no unit of measurement and no gauge matters.
"""

import numpy as np

from eqdisc.engine.compile import inlined, kernel
from eqdisc.proposers.dysymnet.kernels.nets import DEAD, Net
from eqdisc.proposers.dysymnet.kernels.room import INNER, OUTER, Room
from eqdisc.proposers.dysymnet.kernels.solving import solve_symmetric

SWEEPS = 12
#: Shares of the target's spread: where the square root is rounded off, and what is nothing afterwards.
ROUNDED, NOTHING = 1e-4, 1e-3
#: Added to the unit diagonal of the quadratic model.
RIDGE = 1e-10


@inlined
def edge_of(r: Room, i: int, p: int) -> int:
    """The edge of a free weight: those inside come before those of the output."""
    return r.inner_edges[i] if i < p else r.outer_edges[i - p]


@inlined
def _correlation(r: Room, i: int, j: int, size: float, other: float) -> float:
    if i == j:
        return 1.0 + RIDGE
    product = r.products[i, j] if i < j else r.products[j, i]
    return product / (size * other) if size > 0.0 and other > 0.0 else 0.0


@kernel
def shrink(r: Room, net: Net, spread: float, penalty: float) -> int:
    """Mark as dead the edges that the penalty shrinks to nothing; how many.

    Works on r.products as `linearise` leaves them at the optimum; spread is the root of the target's sum of
    squared deviations. A weight without a derivative stays: its size cannot be told.
    """
    p, m = r.counts[INNER], r.counts[INNER] + r.counts[OUTER]
    sizes, pull, shrunk = np.zeros(m), np.zeros(m), np.zeros(m)
    for i in range(m):
        sizes[i] = np.sqrt(max(r.products[i, i], 0.0))
        shrunk[i] = net.weights[edge_of(r, i, p)] * sizes[i] / spread
    for i in range(m):
        for j in range(m):
            pull[i] += _correlation(r, i, j, sizes[i], sizes[j]) * shrunk[j]
    for _ in range(SWEEPS):
        for i in range(m):
            for j in range(i):
                r.factor[i, j] = _correlation(r, i, j, sizes[i], sizes[j])
            r.factor[i, i] = 1.0 + RIDGE + 0.5 * penalty * (shrunk[i] ** 2 + ROUNDED**2) ** -0.75
            r.step[i] = pull[i]
        if not solve_symmetric(r, m):
            return 0
        for i in range(m):
            shrunk[i] = r.step[i]
    count = 0
    for i in range(m):
        if sizes[i] > 0.0 and abs(shrunk[i]) < NOTHING:
            e = edge_of(r, i, p)
            net.weights[e] = 0.0
            net.states[e] = DEAD
            count += 1
    return count
