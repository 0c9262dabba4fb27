"""Where two correct evaluations of an expression must agree."""

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, OPERATORS, VARIABLE, row_of

#: Operators whose last digits are not laid down by IEEE 754; all others are the same everywhere.
_WORDS = "cube cbrt pow exp log log10 sin cos tan asin acos atan atan2 sinh cosh tanh"
ROUNDED = frozenset(_WORDS.split(" "))
#: For those who rearrange, fuse operations or round numbers. "subnormal" may be added: these become zero.
REARRANGED = frozenset([*(row.name for row in OPERATORS), "constant"])
_NOISE = 1e-14
_DRAWS = 6


def assert_same(got: FloatArray, e: Expression, X: FloatArray, rounded: frozenset[str] = ROUNDED) -> None:
    """Equal to 1e-12, and bit for bit where every operator is exact; infinities and NaN in the same rows.

    Rows are left out where a change in the last digits of what is `rounded` decides the value.
    """
    expected = evaluate(e, X)
    rows = steady(e, X, rounded)
    names = {"constant" if c == CONSTANT else row_of(c).name for c in e.codes if c != VARIABLE}
    exact = names.isdisjoint(rounded)
    tolerance = 0.0 if exact else 1e-12
    np.testing.assert_allclose(got[rows], expected[rows], rtol=tolerance, atol=0.0, err_msg=str(e))


def steady(e: Expression, X: FloatArray, rounded: frozenset[str] = ROUNDED) -> BoolArray:
    """Rows whose value stays when the last digits of intermediate results change, and signs of zeros."""
    expected = evaluate(e, X)
    random = np.random.default_rng(1)
    rows = np.ones(len(X), dtype=bool)
    with np.errstate(all="ignore"):
        for _ in range(_DRAWS):
            drawn = _noisy(e, X, rounded, random)
            rows &= np.isclose(drawn, expected, rtol=1e-12, atol=0.0, equal_nan=True)
    return rows


def _noisy(e: Expression, X: FloatArray, rounded: frozenset[str], random: np.random.Generator) -> FloatArray:
    stack: list[FloatArray] = []
    for code, payload in zip(e.codes, e.payload, strict=True):
        if code == VARIABLE:
            value, name = X[:, int(payload)], "variable"
        elif code == CONSTANT:
            value, name = np.full(len(X), payload), "constant"
        else:
            row = row_of(code)
            name = row.name
            operands = stack[-row.arity :]
            del stack[-row.arity :]
            value = np.asarray(row.evaluate(*operands), dtype=np.float64)
        if name in rounded:
            value = value * (1.0 + _NOISE * random.choice([-1.0, 1.0], len(X)))
        if name in ("min", "max", "sign") or (name == "mod" and name in rounded):  # zero of either sign
            value = np.where(value == 0.0, value * random.choice([-1.0, 1.0], len(X)), value)
        if "subnormal" in rounded:
            flushed = (np.abs(value) < np.finfo(float).smallest_normal) & random.choice([False, True], len(X))
            value = np.where(flushed, 0.0, value)
        stack.append(value)
    return stack[0]
