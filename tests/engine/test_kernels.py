"""Compiled evaluation against the reference, over all operators, ugly values, blocks and precisions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqdisc.engine.evaluate import CHUNK, ProgramScorer, predict_programs
from eqdisc.engine.programs import Blocks, Programs, unpack
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OPERATORS
from tests.engine.oracle import assert_equal_up_to_rounding
from tests.strategies import (
    ARITHMETIC_NAMES,
    N_FEATURES,
    SMOOTH_NAMES,
    UGLY,
    UGLY_FINITE,
    expressions,
    plain_table,
    ugly_table,
)

# Folding may overflow where the tree does not, and turns inf - inf + x into x: data are finite and moderate.
TABLE = np.vstack([ugly_table([*UGLY_FINITE, np.nan]), plain_table(rows=96)])


def values(e, X, dtype="float64"):
    return predict_programs(Programs.pack([e]), X, dtype)[0]


@pytest.mark.parametrize("row", OPERATORS, ids=lambda row: row.name)
def test_every_operator_on_ugly_values(row):
    every = np.array(np.meshgrid(*[UGLY] * 2)).reshape(2, -1)
    X = np.vstack([every, np.roll(every[0], 7)]).T
    e = Expression.apply(row.name, *(Expression.variable(k) for k in range(row.arity)))
    np.testing.assert_allclose(values(e, X), evaluate(e, X), rtol=2e-12, atol=1e-300)


@pytest.mark.parametrize("row", OPERATORS, ids=lambda row: row.name)
@pytest.mark.parametrize("place", range(3))
def test_every_operator_with_weights_offsets_and_constant_operands(row, place):
    """Operands 2*x - 0.5, constants, and the same variable twice: every form an instruction has."""
    X = plain_table()
    affine = [2.0 * Expression.variable(k) - 0.5 for k in range(row.arity)]
    constants = [Expression.constant(1.5) if k == place else affine[k] for k in range(row.arity)]
    same = [Expression.variable(0)] * row.arity
    for operands in (affine, constants, same):
        e = Expression.apply(row.name, *operands)
        for tree in (e, -3.0 * e + 1.0, Expression.apply("exp", 0.1 * e)):
            assert_equal_up_to_rounding(values(tree, X), tree, X, evaluate(tree, X))


@settings(max_examples=400)
@given(expressions())
def test_random_expressions(e):
    assert_equal_up_to_rounding(values(e, TABLE), e, TABLE, evaluate(e, TABLE))


@settings(max_examples=60)
@given(st.lists(st.tuples(expressions(), expressions(), expressions()), min_size=1, max_size=4))
def test_several_programs_with_several_roots(groups):
    actual = predict_programs(Programs.pack(groups), TABLE)
    assert actual.shape == (len(groups), 3, len(TABLE))
    for p, group in enumerate(groups):
        for r, e in enumerate(group):
            np.testing.assert_array_equal(actual[p, r], values(e, TABLE))


@settings(max_examples=150)
@given(expressions(names=SMOOTH_NAMES))
def test_single_precision(e):
    """Values beyond 1e30 on the way may overflow and are left out."""
    X = plain_table(rows=64).astype(np.float32).astype(float)
    assert_equal_up_to_rounding(values(e, X, "float32"), e, X, evaluate(e, X), noise=2e-6, largest=1e30)


@pytest.mark.parametrize("n", [1, 63, 64, 65, 511, 512, 513, 1500])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_rows_do_not_know_of_their_block(n, dtype):
    X = plain_table(rows=1500)
    x, y, z = (Expression.variable(k) for k in range(N_FEATURES))
    trees = [Expression.apply("sin", 2.0 * x + y) / z, Expression.apply("pow", x, 3.0), x * y - z, x]
    programs = Programs.pack(trees)
    whole = predict_programs(programs, X, dtype)
    np.testing.assert_array_equal(predict_programs(programs, X[:n], dtype), whole[:, :n])
    tolerance = 1e-12 if dtype == "float64" else 1e-2
    np.testing.assert_allclose(whole, [evaluate(e, X) for e in trees], rtol=tolerance, atol=tolerance)


def test_more_programs_than_a_chunk():
    trees = [float(k) * Expression.variable(k % 3) + float(k) for k in range(2 * CHUNK + 5)]
    X = plain_table(rows=10)
    np.testing.assert_allclose(
        predict_programs(Programs.pack(trees), X), [evaluate(e, X) for e in trees], rtol=1e-12
    )


def test_pack_and_unpack_are_inverse():
    e = Expression.apply("where", Expression.variable(1), 2.5 * Expression.variable(0), -1.0)
    p = Programs.pack([e])
    assert unpack(p.ops, p.args, p.values, 0, len(p.ops)) == e
    with pytest.raises(ValueError, match="same number of roots"):
        Programs.pack([e, (e, e)])


@settings(max_examples=100)
@given(
    st.lists(expressions(names=ARITHMETIC_NAMES), min_size=1, max_size=5),
    st.sampled_from([40, 512, 700]),
    st.booleans(),
)
def test_scores_are_squared_correlations(trees, n, weighted):
    X = plain_table(rows=n)
    random = np.random.default_rng(0)
    y = X[:, 0] + random.normal(size=n)
    w = random.uniform(0.2, 3.0, n) if weighted else None
    actual = ProgramScorer(Blocks.of(X, y, w), 200).r2(Programs.pack(trees))
    for r2, e in zip(actual, trees, strict=True):
        v = evaluate(e, X)
        with np.errstate(all="ignore"):
            covariance = np.cov(v, y, aweights=w)
            wanted = covariance[0, 1] ** 2 / (covariance[0, 0] * covariance[1, 1])
            sure = covariance[0, 0] > 1e-12 * np.average(v**2, weights=w)
        if np.isfinite(wanted) and sure and np.max(np.abs(v)) < 1e100:
            np.testing.assert_allclose(r2, wanted, rtol=1e-6, atol=1e-12)
        elif not np.isfinite(v).all():
            assert not np.isfinite(r2)
