"""The operator table and the sets made of it."""

import pickle

import numpy as np
import pytest

from eqdisc.errors import OptionError, ParseError
from eqdisc.expr import operators as table
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import ARITY, OPERATORS, Macro, OperatorSet, code_of, operator, row_of
from eqdisc.expr.parse import parse

ORDER = """
add sub mul div neg inv square cube sqrt cbrt pow exp log log10 sin cos tan asin acos atan atan2 sinh cosh
tanh abs sign min max floor mod where
"""


def test_order_is_fixed():
    assert [row.name for row in OPERATORS] == ORDER.split()


def test_codes_arities_and_constants_agree():
    for row in OPERATORS:
        code = code_of(row.name)
        assert row_of(code) is row
        assert ARITY[code] == row.arity
        assert getattr(table, row.name.upper()) == code
    assert ARITY[table.VARIABLE] == ARITY[table.CONSTANT] == 0


def test_words_are_unique():
    words = [word for row in OPERATORS for word in (row.name, *row.aliases)]
    assert len(words) == len(set(words))


@pytest.mark.parametrize("row", OPERATORS, ids=lambda row: row.name)
def test_derivative_is_the_slope(row):
    random = np.random.default_rng(1)
    arguments = [random.uniform(0.1, 0.9, 50) + 0.01 for _ in range(row.arity)]
    partials = row.derivative(*arguments, row.evaluate(*arguments))
    assert len(partials) == row.arity
    h = 1e-6
    for k, partial in enumerate(partials):
        up, down = ([a + (h if j == k else 0.0) * s for j, a in enumerate(arguments)] for s in (1, -1))
        slope = (row.evaluate(*up) - row.evaluate(*down)) / (2 * h)
        # The two sides of a jump say nothing about the slope.
        steady = np.abs(slope) < 1e3
        assert steady.mean() > 0.9
        np.testing.assert_allclose(np.broadcast_to(partial, 50)[steady], slope[steady], rtol=1e-5, atol=1e-7)


def test_derivatives_where_the_slope_is_a_convention():
    two = np.array([2.0])
    assert operator("abs").derivative(np.array([0.0]), np.array([0.0]))[0] == 0.0
    assert [float(p[0]) for p in operator("min").derivative(two, two, two)] == [1.0, 0.0]
    assert [float(p[0]) for p in operator("max").derivative(two, two, two)] == [1.0, 0.0]
    assert float(operator("mod").derivative(-two, np.array([0.9]), two)[1][0]) == 3.0
    with np.errstate(all="ignore"):
        zero = operator("pow").derivative(np.array([0.0]), two, np.array([0.0]))
    assert [float(p[0]) for p in zero] == [0.0, 0.0]


def test_meaning_at_the_edges():
    nan, inf = np.nan, np.inf
    expected = {
        ("sqrt", -1.0): nan, ("log", -1.0): nan, ("log", 0.0): -inf, ("cbrt", -27.0): -3.0, ("inv", 0.0): inf,
        ("sign", 0.0): 0.0, ("floor", -0.5): -1.0, ("pow", -8.0, 1 / 3): nan, ("pow", -2.0, 3.0): -8.0,
        ("mod", -1.0, 3.0): 2.0, ("mod", 1.0, -3.0): -2.0, ("mod", 1.0, 0.0): nan, ("min", 1.0, nan): nan,
        ("max", nan, 1.0): nan, ("where", 0.0, 1.0, 2.0): 2.0, ("where", nan, 1.0, 2.0): 2.0,
        ("where", 1e-300, 1.0, nan): 1.0, ("asin", 1.1): nan, ("pow", 0.0, 0.0): 1.0, ("div", 0.0, 0.0): nan,
    }  # fmt: skip
    with np.errstate(all="ignore"):
        for (name, *arguments), value in expected.items():
            got = operator(name).evaluate(*(np.array([a]) for a in arguments))[0]
            # The last digit of a cube root is the C library's.
            assert float(got) == pytest.approx(value, rel=2e-16, abs=0.0, nan_ok=True), (name, arguments)


def test_set_keeps_the_order_of_the_table():
    assert OperatorSet.parse("sqrt, +").names == ("add", "sqrt")
    assert OperatorSet.of("add", "mul").codes == (code_of("add"), code_of("mul"))
    assert "plus" in OperatorSet.of("add")
    assert "sin" not in OperatorSet.of("add")
    assert OperatorSet.default().names == OperatorSet.parse(table.DEFAULT_OPERATORS).names


def test_rare_operators_weigh_less():
    weights = OperatorSet.default().weights
    assert weights["add"] == 1.0
    assert weights["sqrt"] == 0.5
    assert weights["cube"] == 0.25
    assert weights["min"] == 0.1
    changed = OperatorSet.default().with_weights({"+": 0.0})
    assert changed.weights["add"] == 0.0
    with pytest.raises(OptionError, match="zero or more"):
        changed.with_weights({"+": -1.0})


def test_unknown_operator_names_the_nearest_and_all():
    with pytest.raises(
        OptionError, match=r"unknown operator 'sqr'; did you mean 'sqrt'\?.*\+ - \* / .*where"
    ):
        OperatorSet.parse("+ - sqr")
    with pytest.raises(OptionError, match=r"unknown operator 'zzz'\. The operators are"):
        OperatorSet.of("zzz")
    with pytest.raises(OptionError, match="no operator in ' '"):
        OperatorSet.parse(" ")


def test_set_survives_a_pickle():
    made = OperatorSet.default().with_macros(["sq1(x)=x**2+1"]).with_weights({"sin": 0.7})
    again = pickle.loads(pickle.dumps(made))
    assert again == made
    assert dict(again.weights) == dict(made.weights)
    assert hash(again) == hash(made)


def test_macro_is_expanded_when_parsed():
    sq1 = Macro.parse("sq1(x)=x**2+1")
    assert parse("sq1(2*y)/y", ["y"], [sq1]) == parse("((2*y)**2+1)/y", ["y"])


def test_macro_with_several_parameters_and_macros_inside():
    made = OperatorSet.default().with_macros(["half(a)=a/2", "mean(a, b)=half(a+b)"])
    assert parse("mean(x, 3)", ["x"], made.macros) == parse("(x+3)/2", ["x"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("f(x)=f(x)+1", "defined by itself"),
        ("sin(x)=x", "is an operator already"),
        ("f=x", "defines no operator"),
        ("f(x,x)=x", "different names"),
        ("f()=1", "different names"),
    ],
)
def test_bad_macros_are_refused(text, message):
    with pytest.raises(OptionError, match=message):
        Macro.parse(text)


def test_macros_cannot_recur_through_each_other():
    with pytest.raises(ParseError, match="unknown operator 'g'"):
        OperatorSet.default().with_macros(["f(x)=g(x)", "g(x)=f(x)"])
    with pytest.raises(OptionError, match="defined twice"):
        OperatorSet.default().with_macros(["f(x)=x", "f(x)=x+1"])


def test_macro_with_wrong_number_of_operands():
    with pytest.raises(ParseError, match="'f' takes 1 operand, got 2"):
        parse("f(x, x)", ["x"], [Macro("f", ("a",), Expression.variable(0))])
