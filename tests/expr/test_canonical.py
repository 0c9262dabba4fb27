"""Equal structure, equal hash."""

import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.engine.reference import evaluate
from eqdisc.expr.canonical import canonical, skeleton, structural_hash
from eqdisc.expr.expression import Expression
from eqdisc.expr.parse import parse
from tests.strategies import SMOOTH_NAMES, expressions, plain_table, shuffled


@given(expressions(max_leaves=12), st.integers(0, 2**20))
def test_order_of_operands_does_not_matter(e, seed):
    other = shuffled(e, np.random.default_rng(seed))
    assert canonical(other) == canonical(e)
    assert structural_hash(other) == structural_hash(e)
    assert skeleton(other) == skeleton(e)


@given(expressions())
def test_canonical_is_a_fixed_point_and_keeps_the_size(e):
    assert canonical(canonical(e)) == canonical(e)
    assert canonical(e).size == e.size
    assert sorted(canonical(e).constants) == sorted(e.constants)


@given(expressions(("add", "mul", "sin", "sqrt", "min", "max"), max_leaves=6))
def test_canonical_has_the_same_values(e):
    X = plain_table()
    magnitude = evaluate(Expression.apply("abs", e), X)
    difference = evaluate(canonical(e), X) - evaluate(e, X)
    steady = np.isfinite(magnitude) & (np.abs(difference) > 1e-6 * (1 + magnitude))
    assert np.isnan(evaluate(canonical(e), X)).tolist() == np.isnan(evaluate(e, X)).tolist()
    assert steady.mean() < 0.2  # sin of a huge number magnifies rounding; nothing else differs


@given(expressions(SMOOTH_NAMES))
def test_skeleton_forgets_constants(e):
    changed = e.with_constants(e.constants + 0.125)
    assert skeleton(changed) == skeleton(e)
    assert structural_hash(changed, with_constants=False) == structural_hash(e, with_constants=False)


def test_different_formulas_have_different_hashes():
    texts = [
        "x - y",
        "y - x",
        "x/y",
        "y/x",
        "x + y",
        "x*y",
        "x + 1",
        "x + 2",
        "min(x, y)",
        "x**y",
        "x",
        "y",
        "1",
    ]
    hashes = {structural_hash(parse(text, ["x", "y"])) for text in texts}
    assert len(hashes) == len(texts)
    assert all(0 <= value < 2**64 for value in hashes)


def test_grouping_does_not_matter():
    a, b = (parse(text, ["x", "y", "z"]) for text in ("x + (y + z)", "(z + x) + y"))
    assert structural_hash(a) == structural_hash(b)


def test_hash_is_the_same_in_another_process():
    program = (
        "from eqdisc.expr.parse import parse; from eqdisc.expr.canonical import structural_hash;"
        "print(structural_hash(parse('2*x + sin(y)', ['x', 'y'])))"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(out.stdout) == structural_hash(parse("sin(y) + x*2", ["x", "y"]))
