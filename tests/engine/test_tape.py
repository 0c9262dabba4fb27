"""Lowering folds what it can; restoring hands fitted weights back to the constants."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eqdisc.engine.evaluate import predict_programs, tapes
from eqdisc.engine.network import Tape
from eqdisc.engine.opcodes import STATE_COLUMNS
from eqdisc.engine.programs import Programs
from eqdisc.engine.restore import restore_constants
from eqdisc.engine.tape import lower
from eqdisc.expr.expression import Expression
from eqdisc.expr.parse import parse
from tests.strategies import N_FEATURES, SMOOTH_NAMES, expressions, plain_table

NAMES = ("x", "y", "z")
generic = st.floats(0.3, 3.0) | st.floats(-3.0, -0.3)


def lowered(e, fitting=False, free_weights=False):
    """Tapes and counts (instructions, weights, parameters, roots, rows) of one expression."""
    p = Programs.pack([e])
    t = tapes(len(p.ops), 1, chunk=1)
    lower(
        p.ops, p.args, p.values, 0, len(p.ops), N_FEATURES, N_FEATURES + 1, fitting, free_weights,
        t.code, t.weights, 0, 0, t.parameters, t.state, t.pending, t.stack, t.free_rows, t.counts,
    )  # fmt: skip
    return p, t


@pytest.mark.parametrize(
    ("text", "instructions"),
    [
        ("3", 0),
        ("x", 0),
        ("2*x + 3", 0),
        ("-(x/4 - 1)*3", 0),
        ("x + x - 3*x", 0),
        ("sin(2) + exp(3)*x", 0),
        ("2*x + 3*y - 4", 1),
        ("x*y", 1),
        ("(2*x + 1)*(3 - y)", 1),
        ("5/(2*x + 1)", 1),
        ("3*exp(-0.5*x) + 1", 1),
        ("sin(2*x + 1)/3 - 2", 1),
        ("log10(x)", 1),
        ("(x + 1)**2", 1),
        ("2*(x + 3*y)**2.5", 2),
        ("where(x - 1, 2*y, 3)", 1),
        ("exp(-x**2/2)/sqrt(2*pi)", 2),
        ("sin(x)*cos(y) + 2*z", 4),
    ],
)
def test_affine_parts_cost_no_instruction(text, instructions):
    assert lowered(parse(text, NAMES))[1].counts[0] == instructions


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("2*x + 3", 0),  # slope and intercept
        ("2*exp(3*x + 1) + 4", 1),  # the offset is a scale, the scale a slope
        ("2*log(3*x)", 0),  # the scale is an intercept
        ("2*log(3*x + 1)", 1),
        ("2*sin(3*x + 1)", 2),
        ("(2*x)*(3*y)", 0),
        ("(2*x + 1)*(3*y)", 1),
        ("2*x + 3*y", 1),
        ("2*sqrt(3*x)", 0),
        ("2*(3*x)**1.5", 1),
        ("5/(2*x + 1)", 1),
        ("x + y", 0),
    ],
)
def test_redundant_constants_are_not_free(text, parameters):
    assert lowered(parse(text, NAMES), fitting=True)[1].counts[2] == parameters


@settings(max_examples=200)
@given(expressions(max_leaves=12))
def test_rows_are_reused_within_bounds(e):
    """Rows of the block buffer that evaluation takes stay within what `buffer_for` allots."""
    _, t = lowered(e)
    assert t.counts[4] <= 2 + len(e) // 2
    code = t.code[: t.counts[0]]
    first = N_FEATURES + 1
    assert (code[:, 1] >= first).all()
    # LLVM falls back to scalar code where the destination is a source.
    assert (code[:, 1:2] != code[:, 2:5]).all()


@settings(max_examples=300)
@given(expressions(SMOOTH_NAMES, constants=generic), st.integers(0, 2**32 - 1))
def test_restored_constants_lower_to_the_fitted_weights(e, seed):
    """Move the free weights, restore, evaluate the new tree: it has the values of the moved tape."""
    p, t = lowered(e, fitting=True)
    free = t.parameters[: t.counts[2]]
    random = np.random.default_rng(seed)
    t.weights[free] *= random.uniform(0.8, 1.25, len(free))
    node = t.stack[0]
    want = np.zeros((len(e), 2))
    want[node] = t.pending[node]
    restored = np.zeros(len(e))
    done = restore_constants(
        p.ops, p.values, 0, len(e), t.code, t.weights, t.state, t.pending, want, restored
    )
    assume(done)
    X = plain_table()
    instructions = t.counts[0]
    moved = Tape(
        N_FEATURES,
        t.code[:instructions],
        t.weights,
        t.terms,
        free,
        t.state[[node], 0].astype(np.int64),
        t.pending[[node]],
    ).evaluate(X)[0]
    again = predict_programs(Programs(p.ops, p.args, restored, p.offsets), X)[0]
    with np.errstate(all="ignore"):
        # Badly conditioned trees amplify the rounding of the new constants: only sound rows are compared.
        shaken = predict_programs(Programs(p.ops, p.args, restored * (1 + 1e-12), p.offsets), X)[0]
        sound = np.abs(shaken - again) < 1e-8 * np.abs(again) + 1e-200
    np.testing.assert_allclose(again[sound], moved[sound], rtol=1e-6)


def test_untouched_weights_restore_the_tree_itself():
    e = parse("2*exp(3*x + 1)/(y*4 - 2) + sqrt(5*z)*log(0.5*x)", NAMES)
    p, t = lowered(e, fitting=True)
    want = np.zeros((len(e), 2))
    want[t.stack[0]] = t.pending[t.stack[0]]
    restored = np.zeros(len(e))
    assert restore_constants(
        p.ops, p.values, 0, len(e), t.code, t.weights, t.state, t.pending, want, restored
    )
    np.testing.assert_allclose(restored[p.ops < 2], p.values[p.ops < 2], rtol=1e-13)
    assert t.state.shape[1] == STATE_COLUMNS


def test_what_no_constant_can_express_is_refused():
    """exp(x + c) cannot become negative."""
    e = Expression.apply("exp", Expression.variable(0) + 1.0)
    p, t = lowered(e, fitting=True)
    want = np.zeros((len(e), 2))
    want[t.stack[0]] = -1.0, 0.0
    restored = np.zeros(len(e))
    assert not restore_constants(
        p.ops, p.values, 0, len(e), t.code, t.weights, t.state, t.pending, want, restored
    )
