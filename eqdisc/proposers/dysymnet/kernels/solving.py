"""Linear algebra of the fit: the output's columns factorised, the normal equations of the inner weights."""

import numpy as np

from eqdisc.engine.compile import inlined, kernel
from eqdisc.proposers.dysymnet.kernels.room import INNER, OUTER, Room

#: A column this near the span of those before it (squared sine of the angle) is left out.
DEPENDENT = 1e-12
_HUGE = 1e300


@kernel
def factorise(r: Room, k: int) -> None:
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
def add_solution(r: Room, k: int) -> None:
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
def normal_equations(r: Room) -> None:
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
def solve(r: Room, p: int, damping: float) -> bool:
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
