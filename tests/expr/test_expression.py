"""Expressions are valid by construction and a subtree is a slice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import ADD, ARITY, CONSTANT, SIN, VARIABLE
from tests.strategies import any_constants, expressions

x, y = Expression.variable(0), Expression.variable(1)


@given(expressions(constants=any_constants))
def test_children_and_root_make_the_expression(e):
    assert len(e.children) == e.arity_root
    if e.arity_root:
        assert Expression.apply(e.root, *e.children) == e
        assert e.depth == 1 + max(child.depth for child in e.children)
        assert e.size == 1 + sum(child.size for child in e.children)
    else:
        assert (e.size, e.depth) == (1, 1)


@given(expressions(), st.data())
def test_subtree_is_a_slice(e, data):
    i = data.draw(st.integers(0, e.size - 1))
    start = e.subtree_start(i)
    assert e.subtree(i).codes == e.codes[start : i + 1]
    assert e.replace_subtree(i, e.subtree(i)) == e
    replaced = e.replace_subtree(i, x + y)
    assert replaced.size == e.size - e.subtree(i).size + 3
    assert replaced.subtree(start + 2) == x + y


@given(expressions())
def test_constants_go_out_and_in(e):
    assert e.with_constants(e.constants) == e
    new = np.arange(len(e.constants)) + 0.5
    assert e.with_constants(new).constants.tolist() == new.tolist()
    with pytest.raises(ValueError, match="constants"):
        e.with_constants([*new, 1.0])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_constants_that_are_no_numbers_do_not_go_in(value):
    with pytest.raises(ValueError, match="constants of an expression are finite numbers, got"):
        (x + 2.0).with_constants([value])


def test_a_zero_that_goes_in_has_no_sign():
    law = (x + 2.0).with_constants([-0.0])
    assert law == x + 0.0
    assert not np.signbit(law.constants[0])


@given(expressions())
def test_features_can_be_renumbered(e):
    there = e.remap_features({0: 5, 1: 0})
    assert there.remap_features({5: 0, 0: 1}) == e
    assert set(there.features) == {{0: 5, 1: 0}.get(j, j) for j in e.features}


@given(expressions())
def test_equal_expressions_have_equal_hashes(e):
    again = Expression(tuple(np.array(e.codes, dtype=np.int8)), tuple(np.array(e.payload)))
    assert again == e
    assert hash(again) == hash(e)


@pytest.mark.parametrize(
    ("codes", "payload", "message"),
    [
        ((), (), "holds 0 formulas"),
        ((VARIABLE, VARIABLE), (0, 1), "holds 2 formulas"),
        ((VARIABLE, ADD), (0, 0), "lacks operands"),
        ((99,), (0,), "unknown node code 99"),
        ((-1,), (0,), "unknown node code"),
        ((VARIABLE,), (0.5,), "index of a feature"),
        ((VARIABLE,), (-1,), "index of a feature"),
        ((CONSTANT,), (float("nan"),), "finite"),
        ((CONSTANT,), (float("inf"),), "finite"),
        ((VARIABLE, SIN), (0, 1.0), "carries the payload"),
        ((VARIABLE,), (0, 1), "1 codes but 2 payload"),
    ],
)
def test_impossible_sequences_are_refused(codes, payload, message):
    with pytest.raises(ValueError, match=message):
        Expression(codes, payload)


def test_negative_zero_is_zero():
    assert np.copysign(1.0, Expression.constant(-0.0).payload[0]) == 1.0


def test_arithmetic_reads_like_the_formula():
    assert str((2 * x + y) / (1 - x) ** 0.5) == "(2*x0 + x1)/(1 - x0)**0.5"
    assert str(-x + 1 / y) == "-x0 + 1/x1"
    assert str(2.0**x - y) == "2**x0 - x1"


def test_bad_requests():
    with pytest.raises(IndexError, match="node 3"):
        (x + y).subtree(3)
    with pytest.raises(ValueError, match="operands"):
        Expression.apply("sin", x, y)
    assert ARITY.flags.writeable is False
