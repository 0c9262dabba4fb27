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
def solve_symmetric(r: Room, m: int) -> bool:
    """Solve for the right-hand side in r.step in place; the matrix is the lower triangle of r.factor.

    By Cholesky; False, with nothing of use left, where the matrix is not positive or the solution overflows.
    """
    a = r.factor
    for j in range(m):
        s = a[j, j]
        for q in range(j):
            s -= a[j, q] * a[j, q]
        if not s > 0.0:
            return False
        s = np.sqrt(s)
        a[j, j] = s
        for i in range(j + 1, m):
            t = a[i, j]
            for q in range(j):
                t -= a[i, q] * a[j, q]
            a[i, j] = t / s
    for i in range(m):
        t = r.step[i]
        for q in range(i):
            t -= a[i, q] * r.step[q]
        r.step[i] = t / a[i, i]
    for i in range(m - 1, -1, -1):
        t = r.step[i]
        for q in range(i + 1, m):
            t -= a[q, i] * r.step[q]
        r.step[i] = t / a[i, i]
        if not abs(r.step[i]) < _HUGE:
            return False
    return True


@kernel
def solve(r: Room, p: int, damping: float) -> bool:
    """r.step = (H + damping * diag H)**-1 gradient."""
    for j in range(p):
        r.factor[j, j] = abs(r.hessian[j, j]) * (1.0 + damping) + 1e-300
        for i in range(j + 1, p):
            r.factor[i, j] = r.hessian[j, i]
        r.step[j] = r.gradient[j]
    return solve_symmetric(r, p)
