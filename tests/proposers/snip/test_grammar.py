"""Compiled normal forms and draws against `skeleton`, node by node."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings

from eqdisc.engine.random import stream
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import ARITY, CONSTANT, OPERATORS, VARIABLE, WHERE
from eqdisc.expr.parse import parse
from eqdisc.proposers.snip.excluded import plain_hashes
from eqdisc.proposers.snip.fingerprint import skeleton_hashes
from eqdisc.proposers.snip.generator import GeneratorSettings
from eqdisc.proposers.snip.generator.grammar import Grammar, Skeletons, reordered
from eqdisc.proposers.snip.kernels.arena import HOLE, arena
from eqdisc.proposers.snip.kernels.forms import form, form_addresses, plain
from eqdisc.proposers.snip.kernels.sense import sensible
from eqdisc.proposers.snip.skeleton import plain as slow_plain
from eqdisc.proposers.snip.skeleton import skeleton_of
from eqdisc.proposers.snip.vocabulary import INPUTS, LENGTH, encode
from tests.strategies import expressions

X = [f"x{j}" for j in range(INPUTS)]
NAMED = ["x", "C", *(row.name for row in OPERATORS)]
WAVES = {"sin", "cos", "tan"}
CURVED = WAVES | {
    "exp", "log", "log10", "asin", "acos", "atan", "sinh", "cosh", "tanh", "pow", "atan2",
}  # fmt: skip
#: Outermost function and those that are idle inside it.
IDLE_INSIDE = {
    "sqrt": "square exp sqrt", "square": "sqrt square exp abs sign", "cube": "cube cbrt exp sign",
    "cbrt": "cube exp sign", "log": "exp log10 sqrt square", "log10": "log square sqrt exp",
    "exp": "log log10", "abs": "abs square sqrt exp cosh acos floor sign",
    "floor": "floor sign", "sin": "asin", "cos": "acos",
    "sign": "sqrt square exp cosh acos abs cube cbrt tanh atan sinh sign", "tan": "atan", "asin": "sin",
    "acos": "cos", "atan": "tan", "inv": "exp inv",
}  # fmt: skip
IDLE = {(outer, inner) for outer, inners in IDLE_INSIDE.items() for inner in inners.split()}


def written(a, nodes):
    """A tree of these nodes in the arena."""
    begin = int(a[0])
    a[begin : begin + len(nodes)] = nodes
    a[0] = begin + len(nodes)
    return begin << 20 | int(a[0])


def told(a, tree):
    """Operators and inputs of a tree, as a `Node` has them."""
    nodes = a[int(tree) >> 20 : int(tree) & 0xFFFFF]
    return tuple((nodes >> 5).tolist()), tuple((nodes & 31).tolist())


def formed(a, law):
    """The tree of a law, brought into normal form from the leaves up."""
    stack = []
    for code, payload in zip(law.codes, law.payload, strict=True):
        operands = [stack.pop() for _ in range(ARITY[code])][::-1]
        if code == VARIABLE:
            stack.append(written(a, [VARIABLE << 5 | int(payload)]))
        elif code == CONSTANT or all(operand == HOLE for operand in operands):
            stack.append(int(HOLE))
        elif code == WHERE:
            parts = [a[operand >> 20 : operand & 0xFFFFF].copy() for operand in operands]
            stack.append(written(a, np.concatenate([*parts, [WHERE << 5]])))
        else:
            stack.append(int(form(form_addresses(), a, code, operands[0], operands[-1])))
    return stack[0]


def slowly_sensible(node):
    """`sensible` by recursion over a `Node`."""
    names = [NAMED[code] for code in node.codes]
    pairs = [(outer, inner) for inner, outer in pairwise(names)]
    if IDLE & {*pairs} or sum(outer in CURVED for outer, _ in pairs) > 3:
        return False
    return straight(node, False)


def straight(node, waving):
    name, children = NAMED[node.code], node.children
    if name in WAVES and waving:
        return False
    if name == "div":
        above, below = ({base(factor) for factor in factors(child)} for child in children)
        if above & below - {"C"}:
            return False
    if name in ("min", "max", "mod", "atan2", "sub", "where") and children[-2].key == children[-1].key:
        return False
    if name == "mul" and sum(NAMED[factor.code] == "exp" for factor in factors(node)) > 1:
        return False
    if name == "exp" and NAMED[children[0].code] == "add" and children[0].children[1].code == CONSTANT:
        return False
    return all(straight(child, waving or name in WAVES) for child in children)


def factors(node):
    return [f for child in node.children for f in factors(child)] if NAMED[node.code] == "mul" else [node]


def base(node):
    while NAMED[node.code] in ("square", "cube", "sqrt"):
        node = node.children[0]
    return "C" if node.code == CONSTANT else node.key


@given(expressions(max_leaves=7))
@settings(max_examples=400, deadline=None)
def test_what_says_something_in_a_roundabout_way_is_what_the_slow_one_says(law):
    a = arena()
    assert sensible(a, formed(a, law)) == slowly_sensible(skeleton_of(law))


@given(expressions())
@settings(max_examples=300, deadline=None)
def test_normal_forms_are_those_of_the_slow_ones(law):
    a, node = arena(), skeleton_of(law)
    tree = formed(a, law)
    assert told(a, tree) == (node.codes, node.features)
    bare = slow_plain(node)
    assert told(a, plain(form_addresses(), a, tree)) == (bare.codes, bare.features)


@pytest.mark.parametrize(
    "text",
    [
        "x0*x0*x0*x0*x0*x1", "x0**3*x0**2/x0", "2*x0/(3*x1)/x2", "-(x0 - 3)*x1", "x0 - x0",
        "x1 - 2*x0 + 3*x0", "1/(2/(x0 + 1))", "sqrt(4*x0)*abs(-3*x1)", "min(x0, min(x1, x0))", "-(x0 + x1)",
        "3 - x0 - x1", "x0 + -x1", "(x0*x1)**2/(x1*x0)**2", "cbrt(x0*2)*x1**2*x1**3*x1**2",
        "where(x0, 2*x1, x1*2)", "max(2, 3)",
    ],
)  # fmt: skip
def test_normal_forms_of_what_is_rarely_drawn(text):
    law = parse(text, X)
    a, node = arena(), skeleton_of(law)
    assert told(a, formed(a, law)) == (node.codes, node.features)


def wanted(rng, n):
    """(n, INPUTS) which inputs a skeleton is to have, one to ten."""
    number = 1 + rng.integers(INPUTS, size=n)
    return rng.random((n, INPUTS)).argsort(axis=1).argsort(axis=1) < number[:, None]


@pytest.fixture(scope="module")
def drawn():
    """Skeletons of all operators, those that came out, and the inputs they were to have."""
    even = GeneratorSettings(functions=dict.fromkeys(GeneratorSettings().functions, 1.0), applied=0.3)
    inputs, state = wanted(np.random.default_rng(0), 3000), stream(np.random.SeedSequence(0))
    parts = [Grammar(each).draw(inputs, state) for each in (GeneratorSettings(), even)]
    skeletons, inputs = Skeletons.joined(parts), np.concatenate([inputs, inputs])
    made = np.flatnonzero(skeletons.sizes)
    assert len(made) > 5000
    return skeletons.taken(made), inputs[made]


def test_what_is_drawn_is_in_normal_form_and_has_the_inputs_asked_for(drawn):
    skeletons, inputs = drawn
    np.testing.assert_array_equal(skeletons.inputs(), inputs)
    tokens, bare = skeletons.read()
    programs, plainly = skeletons.programs(), bare.programs()
    for k in range(len(skeletons)):
        law = programs.expression(k)
        assert [token for token in tokens[k].tolist() if token] == encode(law)
        node = slow_plain(skeleton_of(law))
        assert plainly.expression(k) == node.expression()
    hashes = plain_hashes([skeleton_of(programs.expression(k)) for k in range(200)])
    np.testing.assert_array_equal(skeleton_hashes(plainly)[:200], hashes)
    assert skeletons.sizes.max() <= LENGTH - 2


def test_columns_in_another_order_give_the_normal_form_of_the_renamed_law(drawn):
    tokens, programs = drawn[0].read().tokens, drawn[0].programs()
    order = np.random.default_rng(3).random((len(tokens), INPUTS)).argsort(axis=1)
    renamed = reordered(tokens, order)
    for k in range(0, len(tokens), 4):
        law = programs.expression(k)
        payload = [
            float(order[k].tolist().index(number)) if code == VARIABLE else number
            for code, number in zip(law.codes, law.payload, strict=True)
        ]
        assert [token for token in renamed[k].tolist() if token] == encode(Expression(law.codes, payload))
    assert not np.array_equal(renamed, tokens)
    np.testing.assert_array_equal((renamed > 0).sum(axis=1), (tokens > 0).sum(axis=1))
    np.testing.assert_array_equal(reordered(renamed, order.argsort(axis=1)), tokens)


def test_same_state_same_skeletons():
    grammar, inputs = Grammar(GeneratorSettings()), wanted(np.random.default_rng(1), 50)
    state = stream(np.random.SeedSequence(4))
    first, second = grammar.draw(inputs, state), grammar.draw(inputs, state)
    again = grammar.draw(inputs, stream(np.random.SeedSequence(4)))
    np.testing.assert_array_equal(first.nodes, again.nodes)
    assert not np.array_equal(first.nodes, second.nodes)


def test_of_no_inputs_there_is_no_skeleton():
    inputs = np.zeros((2, INPUTS), np.bool_)
    inputs[1, 3] = True
    found = Grammar(GeneratorSettings()).draw(inputs, stream(np.random.SeedSequence(0)))
    assert found.sizes[0] == 0 < found.sizes[1]


def test_holes_are_filled_one_after_the_other():
    inputs = wanted(np.random.default_rng(2), 200)
    skeletons = Grammar(GeneratorSettings()).draw(inputs, stream(np.random.SeedSequence(0)))
    programs = skeletons.programs((2.0, 3.0))
    for k in range(len(programs)):
        part = slice(programs.offsets[k], programs.offsets[k + 1])
        holes = programs.values[part][programs.ops[part] == CONSTANT]
        assert holes.tolist() == [2.0, 3.0, 2.0, 3.0, 2.0, 3.0, 2.0, 3.0][: len(holes)]


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("x0*exp(x1) + sin(2*x0)", True), ("sin(x0)*cos(x1)", True), ("x0/(x1*(x0 + 2))", True),
        ("sqrt(x0**2)", False), ("exp(log(x0))", False), ("sin(x0 + cos(x1))", False),
        ("x0*x1/(x2*x0)", False), ("x0**2*x1/sqrt(x0)", False), ("exp(x0)*x1*exp(x2)", False),
        ("exp(x0 + 2)", False), ("exp(x0)/x1", True),
        ("mod(x0*x1, x0*x1)", False), ("where(x0, x1, x1)", False), ("where(x0, x1, x2)", True),
        ("exp(sin(log(tan(x0))))", False), ("abs(x0**2 + x1)", True), ("sign(exp(x0))", False),
    ],
)  # fmt: skip
def test_what_says_something_in_a_roundabout_way(text, sound):
    a = arena()
    assert sensible(a, formed(a, parse(text, X))) == sound
