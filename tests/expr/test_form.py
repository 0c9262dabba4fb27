import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.engine.reference import evaluate
from eqdisc.errors import OptionError, ParseError
from eqdisc.expr.form import Form, filled, substitute
from eqdisc.expr.format import format_expression
from eqdisc.expr.operators import Macro
from eqdisc.expr.parse import parse
from tests.strategies import expressions, plain_table, usual_constants

TABLE = plain_table(3, 20)
values = st.lists(usual_constants, min_size=2, max_size=2)


@given(expressions(), values)
def test_a_filled_tree_has_the_values_of_the_tree(tree, numbers):
    """Variables 1 and 2 as parameters are the same as columns that never change."""
    law, owners = filled(tree, 1, numbers)
    table = TABLE.copy()
    table[:, 1:] = numbers
    np.testing.assert_allclose(evaluate(law, table), evaluate(tree, table), rtol=1e-9, equal_nan=True)
    for constant, owner in zip(law.constants, owners, strict=True):
        assert owner == -1 or constant == numbers[owner]


@given(expressions(["mul", "div", "neg", "add", "exp"], max_leaves=5))
def test_a_form_has_the_values_of_its_text(tree):
    """Minus signs are moved, values are not."""
    form = Form.parse(format_expression(tree, ["x", "y", "z"]), ["x", "y", "z"])
    np.testing.assert_array_equal(evaluate(form.tree, TABLE), evaluate(tree, TABLE))


@given(expressions(max_leaves=5), expressions(max_leaves=4))
def test_substitution_is_evaluation_of_the_inner_formula_first(outer, inner):
    table = TABLE.copy()
    table[:, 0] = evaluate(inner, TABLE)
    whole = evaluate(substitute(outer, {0: inner}), TABLE)
    np.testing.assert_array_equal(whole, evaluate(outer, table))


def test_columns_parameters_and_numbers():
    form = Form.parse("y = a*exp(-b*t) + 2*a", ["t"], target="y")
    assert form.parameters == ("a", "b")
    assert form.calls == ()
    assert form.notes == ()
    law = form.expression({"a": 3.0, "b": 0.5})
    assert format_expression(law, ["t"]) == "3*exp(-(0.5*t)) + 2*3"


def test_unknown_functions_are_called_with_columns_formulas_and_each_other():
    form = Form.parse("f(x1 - x2)*g(x1, b*x2) + f(h(x1))", ["x1", "x2"])
    assert form.functions == ("f", "g", "h")
    assert [form.arity(name) for name in form.functions] == [1, 2, 1]
    bodies = {"f": parse("u**2", ["u"]), "g": parse("v + w", ["v", "w"]), "h": parse("sin(u)", ["u"])}
    law = form.expression({"b": 3.0}, bodies)
    wanted = parse("(x1 - x2)**2*(x1 + 3*x2) + sin(x1)**2", ["x1", "x2"])
    np.testing.assert_allclose(evaluate(law, TABLE[:, :2]), evaluate(wanted, TABLE[:, :2]))


def test_operators_and_macros_are_no_unknown_functions():
    macros = [Macro.parse("twice(x)=2*x")]
    form = Form.parse("twice(a*x) + ln(x)", ["x"], macros)
    assert form.calls == ()
    assert form.parameters == ("a",)


def test_columns_with_odd_names_stand_between_backquotes():
    form = Form.parse("k*`peak load` + lambda", ["peak load", "lambda"])
    assert form.parameters == ("k",)
    assert form.tree.features == (0, 1, 2)


@pytest.mark.parametrize("left", ["v = ", "v=", " v [m/s] = ", "`v` = ", "v (m/s) = ", "", "v(t) = "])
def test_the_target_may_stand_left(left):
    assert Form.parse(f"{left}a*t", ["t"], target="v").parameters == ("a",)


def test_the_target_is_known_even_with_an_equals_sign_in_it():
    assert Form.parse("load=N = a*t", ["t"], target="load=N").parameters == ("a",)


def test_a_comparison_is_no_equals_sign():
    form = Form.parse("y = where(t >= a, b, c)", ["t"], target="y")
    assert form.parameters == ("a", "b", "c")


def test_e_is_a_letter_but_euler_s_number_in_a_power():
    assert Form.parse("a + e*t", ["t"]).parameters == ("a", "e")
    assert Form.parse("A*exp(-E/t)", ["t"]).parameters == ("A", "E")
    form = Form.parse("a*e**(-b*t)", ["t"])
    assert form.parameters == ("a", "b")
    assert "Euler" in form.notes[0]


def test_what_is_accepted_is_noted():
    note = Form.parse("a*exp(-b*T)*t", ["t"]).notes[0]
    assert "'T'" in note
    assert "'t'" in note
    assert "no column" in Form.parse("a + b", ["t"]).notes[0]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("y = a*", 6, "expected a number"),
        ("y = a*t + )", 10, "expected a number"),
        ("z = a*t", 0, "wanted the target 'y'"),
        ("y = a*t = b", 8, "more than one '='"),
        ("y = a*y", 6, "'y' is the target"),
        ("y = a*expp(b*t)", 6, "did you mean 'exp'"),
        ("y = a*exq(b*t)", 6, "did you mean 'exp'"),
        ("y = a*log3(t)", 6, "did you mean 'log"),
        ("y = a*exp(-b*tme)", 13, "did you mean 'time'"),
        ("y = `tim`*a", 5, "unknown name 'tim'"),
        ("y = f(a)*t", 4, "needs columns"),
        ("y = f()*t", 4, "needs columns"),
        ("y = f(t) + f(t, t)", 11, "2 arguments here and 1 before"),
        ("y = a*t + a(t)", 10, "a product is written a*"),
        ("y = f(t) + f", 11, "needs its arguments"),
        ("y = ", 3, "empty"),
    ],
)
def test_errors_point_at_the_place(text, place, message):
    with pytest.raises(ParseError, match=message.replace("*", r"\*").replace("(", r"\(")) as error:
        Form.parse(text, ["t", "time"], target="y")
    line, caret = str(error.value).splitlines()[-2:]
    assert line == f"  {text}"
    assert caret.index("^") - 2 == place


def test_without_functions_a_call_is_an_error():
    with pytest.raises(ParseError, match=r"'f' is no operator; a product is written f\*"):
        Form.parse("a*f(t)", ["t"], functions=False)


def test_parameters_named_alike_are_no_slips():
    assert Form.parse("k11*x + k12", ["x", "k13"]).parameters == ("k11", "k12")
    assert Form.parse("tim*time", ["time"]).parameters == ("tim",)


def test_everything_open_must_be_given():
    form = Form.parse("a*f(t) + b", ["t"])
    with pytest.raises(OptionError, match="leaves b, f open"):
        form.expression({"a": 1.0})


def test_forms_are_hashable_and_compare_by_content():
    assert hash(Form.parse("a*f(t)", ["t"])) == hash(Form.parse("a*f(t)", ["t"]))
    assert Form.parse("a*t", ["t"]) != Form.parse("b*t", ["t"])


def test_numbers_of_the_form_are_constants_of_the_tree():
    assert Form.parse("2*a*t", ["t"]).tree.constants.tolist() == [2.0]
