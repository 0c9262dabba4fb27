import numpy as np
import pytest
from hypothesis import given, settings

from eqdisc.expr.canonical import canonical
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OPERATORS
from eqdisc.expr.parse import parse
from eqdisc.proposers.snip.generator import Generator
from eqdisc.proposers.snip.skeleton import skeleton_of
from eqdisc.proposers.snip.vocabulary import (
    ARITY,
    BEGIN,
    CONSTANT,
    END,
    FIRST_INPUT,
    LENGTH,
    NAMES,
    PAD,
    SIZE,
    decode,
    encode,
    keys_of,
    padded,
)
from tests.strategies import expressions, shuffled

X = [f"x{j}" for j in range(12)]


def formula(text):
    return parse(text, X)


def test_there_is_a_token_for_every_operator():
    assert NAMES[FIRST_INPUT + 10 :] == tuple(row.name for row in OPERATORS)
    assert ARITY[FIRST_INPUT + 10 :].tolist() == [row.arity for row in OPERATORS]
    assert len(ARITY) == SIZE == len(set(NAMES))


def test_tokens_are_prefix():
    assert [NAMES[t] for t in encode(formula("sin(x1)/(x0 - 4)"))] == (
        ["begin", "div", "sin", "x1", "add", "x0", "C", "end"]
    )


@given(expressions())
@settings(max_examples=100, deadline=None)
def test_a_normal_form_is_its_own(e):
    node = skeleton_of(e)
    assert skeleton_of(node.expression(2.5)).key == node.key
    assert skeleton_of(canonical(node.expression())).key == node.key


@given(expressions(max_leaves=6))
@settings(max_examples=100, deadline=None)
def test_tokens_come_back(e):
    tokens = encode(e)
    if tokens is not None:
        assert encode(decode(tokens)) == tokens
        assert len(tokens) == decode(tokens).size + 2


@given(expressions())
@settings(max_examples=100, deadline=None)
def test_the_order_of_operands_does_not_matter(e):
    assert encode(shuffled(e, np.random.default_rng(3))) == encode(e)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x0 - 3", "x0 + 0.5"),
        ("x0/7", "2*x0"),
        ("2*(3*x0)", "x0*5"),
        ("x0*x0", "x0**2"),
        ("x0*x0**2", "x0**3"),
        ("x0 + 2*x0", "4*x0"),
        ("x0/x1*x2", "x2*x0/x1"),
        ("x0 - 2*x1", "3*x1 + x0"),
        ("x0 - (x1 - x2)", "x0 + x2 - x1"),
        ("(3*x0)**2", "2*x0**2"),
        ("-2*x0", "2*x0"),
        ("(-x0)*x1", "-(x0*x1)"),
        ("log(3 + 4)*x0", "x0*2"),
        ("min(x0, min(x1, x0))", "min(x1, x0)"),
        ("inv(x0/x1)", "x1/x0"),
    ],
)
def test_one_family_has_one_form(one, other):
    assert encode(formula(one)) == encode(formula(other))


def test_families_differ():
    texts = [
        "x0",
        "2*x0",
        "x1",
        "x0 + 1",
        "1 - x0",
        "-x0",
        "inv(x0)",
        "2/x0",
        "x0**1.5",
        "x0*x1",
        "x0/x1",
        "x0 - x1",
    ]
    assert len({tuple(encode(formula(text))) for text in texts}) == len(texts)


def test_what_does_not_fit_has_no_tokens():
    assert encode(Expression.variable(9)) == [BEGIN, FIRST_INPUT + 9, END]
    assert encode(Expression.variable(10)) is None
    long = formula("sin(x0)")
    for _ in range(LENGTH - 4):
        long = Expression.apply("sin", long)
    assert len(encode(long)) == LENGTH
    assert encode(Expression.apply("sin", long)) is None
    huge = long
    for _ in range(5000):
        huge = Expression.apply("sin", huge)
    assert encode(huge) is None


@pytest.mark.parametrize(
    ("tokens", "wrong"),
    [
        ([], "0 formulas"),
        ([BEGIN, END], "0 formulas"),
        ([FIRST_INPUT, FIRST_INPUT], "2 formulas"),
        ([NAMES.index("add"), FIRST_INPUT], "add lacks operands"),
        ([CONSTANT, PAD], "'pad' inside"),
        ([CONSTANT, SIZE], "inside a formula"),
        ([-1], "inside a formula"),
    ],
)
def test_an_invalid_sequence_is_refused(tokens, wrong):
    with pytest.raises(ValueError, match=wrong):
        decode(tokens)


def test_keys_are_equal_for_equal_tokens_and_no_others():
    tokens = Generator(2).batch(400, rows=8).tokens
    keys = keys_of(tokens)
    assert len(set(keys.tolist())) == len({row.tobytes() for row in tokens})
    assert keys_of(padded([encode(formula("x0*x1"))])) == keys_of(padded([encode(formula("x1*x0"))]))
