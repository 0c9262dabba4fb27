"""Comparison of compiled values with the reference where rounding is all that may differ."""

import numpy as np

from eqdisc._typing import AnyArray, BoolArray, FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, VARIABLE, row_of


def noisy(
    e: Expression, X: FloatArray, relative: float, seed: int, largest: float = 1e140
) -> tuple[FloatArray, BoolArray]:
    """Values with a small error at every operator, and whether they left 1/largest..largest on the way.

    Zeros are moved too: what depends on the sign of a zero, which folding does not keep, shows by this.
    """
    random = np.random.default_rng(seed)
    stack: list[FloatArray] = []
    overflow = np.zeros(len(X), bool)
    with np.errstate(all="ignore"):
        for code, payload in zip(e.codes, e.payload, strict=True):
            if code == VARIABLE:
                value = X[:, int(payload)]
            elif code == CONSTANT:
                value = np.full(len(X), payload)
            else:
                row = row_of(code)
                operands = stack[-row.arity :]
                del stack[-row.arity :]
                value = np.asarray(row.evaluate(*operands), float)
                finite = np.all([np.isfinite(v) for v in operands], axis=0)
                size = np.abs(value)
                beyond = (size > largest) | ((size < 1 / largest) & (size > 0))
                overflow |= finite & ~np.isnan(value) & beyond
                value = value * (1 + relative * random.uniform(-1, 1, len(X)))
                value = value + 1e-200 * random.uniform(-1, 1, len(X))
            stack.append(value)
    return stack[0], overflow


def assert_equal_up_to_rounding(
    actual: AnyArray,
    e: Expression,
    X: FloatArray,
    exact: FloatArray,
    noise: float = 1e-11,
    largest: float = 1e140,
) -> None:
    """`actual` lies within what errors of size `noise` at every operator do to the exact values.

    Rows on which such errors decide whether the value is finite say nothing and are skipped.
    """
    runs = [noisy(e, X, noise, seed, largest) for seed in range(6)]
    skipped = runs[0][1]
    with np.errstate(all="ignore"):
        variants = np.array([values for values, _ in runs])
        spread = np.max(np.abs(variants - exact), axis=0)
        bound = 20 * spread + 20 * noise * np.abs(exact) + 1e-150
        same = (actual == exact) | (np.isnan(actual) & np.isnan(exact)) | (np.abs(actual - exact) <= bound)
        clear = np.all(np.isnan(variants) == np.isnan(exact), axis=0)
        clear &= np.all(np.isinf(variants) == np.isinf(exact), axis=0)
        clear &= np.all(~np.isinf(exact) | (variants == exact) | np.isnan(variants), axis=0)
    wrong = clear & ~skipped & ~same
    assert not wrong.any(), (e, X[wrong][0], actual[wrong][0], exact[wrong][0])
