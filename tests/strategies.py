"""Hypothesis strategies of random expressions and tables, for all tests."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from eqdisc._typing import FloatArray
from eqdisc.expr.canonical import ASSOCIATIVE
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OPERATORS, operator

ALL_NAMES = tuple(row.name for row in OPERATORS)
#: Operators without jumps: nearby arguments give nearby values (or a pole).
SMOOTH_NAMES = tuple(name for name in ALL_NAMES if name not in ("sign", "floor", "mod", "where", "atan2"))
ARITHMETIC_NAMES = ("add", "sub", "mul", "div", "neg", "inv", "square", "cube")
N_FEATURES = 3
NAMES = ("x", "mass", "t_1")

#: Any constant an expression can hold.
any_constants = st.floats(allow_nan=False, allow_infinity=False)
#: Constants as laws have them, whole numbers and simple fractions among them.
usual_constants = st.one_of(
    st.integers(-5, 5).map(float),
    st.sampled_from([0.5, -0.25, 1 / 3, 2.5, np.pi]),
    st.floats(0.01, 100.0),
    st.floats(-100.0, -0.01),
)


def expressions(
    names: Sequence[str] = ALL_NAMES,
    constants: st.SearchStrategy[float] = usual_constants,
    n_features: int = N_FEATURES,
    max_leaves: int = 8,
) -> st.SearchStrategy[Expression]:
    """Random expressions over `n_features` features with these operators."""
    leaves = st.one_of(
        st.integers(0, n_features - 1).map(Expression.variable), constants.map(Expression.constant)
    )

    def grown(smaller: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        def applied(name: str) -> st.SearchStrategy[Expression]:
            operands = [smaller] * operator(name).arity
            return st.builds(lambda *children: Expression.apply(name, *children), *operands)

        return st.sampled_from(list(names)).flatmap(applied)

    return st.recursive(leaves, grown, max_leaves=max_leaves)


#: Values that break careless code; all finite.
UGLY_FINITE = (0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -3.0, 10.0, 1e-8, -1e-8, 1e5, -1e5, 100.3)
UGLY = (*UGLY_FINITE, np.inf, -np.inf, np.nan, 1e300, -1e300, 1e-300, 5e-324)


def ugly_table(values: Sequence[float] = UGLY, n_features: int = N_FEATURES, rows: int = 64) -> FloatArray:
    """Rows drawn from awkward values, always the same ones; shape (rows, n_features)."""
    random = np.random.default_rng(5)
    return np.asarray(values)[random.integers(0, len(values), (rows, n_features))]


def plain_table(n_features: int = N_FEATURES, rows: int = 32, seed: int = 3) -> FloatArray:
    """Rows of ordinary numbers of both signs; shape (rows, n_features)."""
    return np.random.default_rng(seed).normal(0.0, 2.0, (rows, n_features))


def shuffled(e: Expression, random: np.random.Generator) -> Expression:
    """The same formula with operands of commutative operators swapped here and there."""
    if not e.arity_root:
        return e
    children = [shuffled(child, random) for child in e.children]
    if e.root in ASSOCIATIVE and random.integers(2):
        children.reverse()
    return Expression.apply(e.root, *children)
