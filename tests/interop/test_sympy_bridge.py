"""SymPy text evaluates to what the expression evaluates to, whatever the operators and the names."""

import builtins
import keyword
import subprocess
import sys
import types

import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from eqdisc.engine.reference import evaluate
from eqdisc.errors import InputError
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import ATAN2, OPERATORS
from eqdisc.expr.parse import parse
from eqdisc.expr.simplify import simplify
from eqdisc.interop.sympy_bridge import from_sympy, symbol_names, sympy_text, to_sympy
from eqdisc.interop.sympy_names import TAKEN
from tests.strategies import NAMES, SMOOTH_NAMES, expressions, plain_table

X = np.vstack([plain_table(rows=5), [[0.0, 1.0, -2.0], [2.0, 3.0, 0.5], [-27.0, 8.0, 0.1]]])


def values(expression, X=X):
    """Row by row, as somebody would who was given the text: NaN where SymPy's value is not real."""
    function = sympy.lambdify([sympy.Symbol(name) for name in NAMES], expression, modules="numpy")
    found = []
    with np.errstate(all="ignore"):
        for row in X:
            value = complex(function(*row))
            found.append(value.real if abs(value.imag) <= 1e-9 * abs(value) else np.nan)
    return np.array(found)


def steady(e):
    """Rows on which the last digits of numbers and intermediate results do not decide the value."""
    with np.errstate(all="ignore"):
        value = evaluate(e, X)
        near = [evaluate(e.with_constants(e.constants * (1 + d)), X * (1 + d) + d) for d in (-1e-12, 1e-12)]
    close = [np.isclose(value, other, rtol=1e-7, atol=1e-12) for other in near]
    usual = np.isfinite(value) & (np.abs(value) < 1e100) & np.all(close, axis=0)
    for node in np.flatnonzero(np.array(e.codes) == ATAN2):  # SymPy has no negative zero
        usual &= evaluate(e.subtree(node).children[0], X) != 0.0
    return usual


def sound(e):
    """Simplified: SymPy refuses what is degenerate everywhere, such as max(x, log(x - x)) and min(x, x/0)."""
    simple = simplify(e)
    assume("/0" not in str(simple).replace("/0.", "/"))
    assume(steady(simple).any())
    return simple


@pytest.mark.parametrize("row", OPERATORS, ids=lambda row: row.name)
@pytest.mark.parametrize("number", [2.5, -3.0, 0.3])
def test_every_operator_evaluates_alike(row, number):
    """On variables, and with a number in each place."""
    leaves = [Expression.variable(k) for k in range(row.arity)]
    for place in (None, *range(row.arity)):
        operands = [Expression.constant(number) if k == place else leaf for k, leaf in enumerate(leaves)]
        e = Expression.apply(row.name, *operands)
        expected = evaluate(e, X)
        finite = np.isfinite(expected)
        got = values(sympy.sympify(sympy_text(e, NAMES)))
        np.testing.assert_allclose(got[finite], expected[finite], rtol=1e-12, atol=1e-14)


@settings(max_examples=250)
@given(expressions(max_leaves=8))
def test_sympify_evaluates_alike(e):
    e = sound(e)
    got = values(sympy.sympify(sympy_text(e, NAMES)))
    rows = steady(e)
    np.testing.assert_allclose(got[rows], evaluate(e, X)[rows], rtol=1e-6, atol=1e-10)


@settings(max_examples=40)
@given(expressions(SMOOTH_NAMES, max_leaves=4))
def test_evalf_evaluates_alike(e):
    e, row = sound(e), X[0]
    if steady(e)[0]:
        point = {sympy.Symbol(name): sympy.Float(value) for name, value in zip(NAMES, row, strict=True)}
        value = complex(sympy.sympify(sympy_text(e, NAMES)).evalf(30, subs=point))
        np.testing.assert_allclose(value.real, evaluate(e, row[None, :])[0], rtol=1e-6, atol=1e-10)


@given(expressions())
def test_our_parser_reads_the_text(e):
    again = parse(sympy_text(e, NAMES), NAMES)
    rows = steady(e)
    np.testing.assert_allclose(evaluate(again, X)[rows], evaluate(e, X)[rows], rtol=1e-6, atol=1e-10)


@settings(max_examples=60)
@given(expressions(max_leaves=5))
def test_to_sympy_is_sympify_of_the_text(e):
    e = sound(e)
    assert to_sympy(e, NAMES) == sympy.sympify(sympy_text(e, NAMES))


@settings(max_examples=60)
@given(expressions(max_leaves=5))
def test_from_sympy_has_the_same_values(e):
    e = sound(e)
    formula = to_sympy(e, NAMES)
    # Numbers without a real value, and what SymPy makes of Abs(2**x) for complex x, have no operator.
    assume(not formula.has(sympy.I, sympy.nan, sympy.oo, -sympy.oo, sympy.zoo, sympy.re, sympy.im))
    again = from_sympy(formula, NAMES)
    rows = steady(e)
    np.testing.assert_allclose(evaluate(again, X)[rows], evaluate(e, X)[rows], rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2*x/3", "2*x/3"),
        ("-x/2 + 1", "1 - x/2"),
        ("sign(x)*Abs(x)**(1/3)", "cbrt(x)"),
        ("1/sqrt(x)", "1/sqrt(x)"),
        ("x**2 - mass**3", "-mass**3 + x**2"),
        ("Piecewise((x, x > 2), (mass, True))", "where(x - 2, x, mass)"),
        ("exp(-x**2)", "exp(-x**2)"),
    ],
)
def test_from_sympy(text, expected):
    got = from_sympy(sympy.sympify(text), NAMES)
    np.testing.assert_allclose(evaluate(got, X), evaluate(parse(expected, NAMES), X))
    assert got.size <= parse(expected, NAMES).size + 1


def test_from_sympy_refuses_what_has_no_operator():
    with pytest.raises(InputError, match="'gamma' in gamma\\(x\\) has no operator"):
        from_sympy(sympy.gamma(sympy.Symbol("x")), NAMES)
    with pytest.raises(InputError, match="symbol 'z' is none of the features x, mass, t_1"):
        from_sympy(sympy.Symbol("z"), NAMES)


def test_numbers_are_whole_and_exact():
    e = parse("0.1234567890123456789*x + 1e-300*mass + 7", NAMES)
    assert sympy_text(e, NAMES) == "0.12345678901234568*x + 1e-300*mass + 7"
    constant = sympy.sympify(sympy_text(Expression.constant(np.nextafter(0.1, 1)), NAMES))
    assert float(constant) == np.nextafter(0.1, 1)


def test_operations_on_numbers_do_not_run_away():
    assert sympy_text(parse("9**9**9**9*x", NAMES), NAMES) == "oo*x"
    assert sympy_text(parse("where(log(-2), x, mass)", NAMES), NAMES) == "mass"
    assert sympy_text(parse("sqrt(2)*x + exp(1)", NAMES), NAMES) == "sqrt(2)*x + 2.718281828459045"


def test_writing_text_does_not_import_sympy():
    program = (
        "import sys; from eqdisc.interop.sympy_bridge import *; from eqdisc.interop.latex import *;"
        "from eqdisc.expr.parse import parse; e = parse('cbrt(x)', ['x']);"
        "sympy_text(e, ['x']); symbol_names(['a b']); to_latex(e, ['x']); print('sympy' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def exported_by_sympy():
    namespace = {}
    exec("from sympy import *", namespace)
    return sorted(name for name in namespace if not name.startswith("__"))


# `sympify` looks up what SymPy exports and the built-in functions.
CLASHING = [
    *exported_by_sympy(),
    *(n for n, value in vars(builtins).items() if isinstance(value, types.BuiltinFunctionType)),
    *keyword.kwlist,
]
ODD = [
    "sepal length (cm)",
    "2nd",
    "a-b",
    "",
    "Δt",
    "µ",
    "x²",
    "_",
    "__x",
    "T°",
    "a.b",
    "π",
    "x y",
    "x_y",
    "x y ",
]


def test_list_of_taken_names_is_complete():
    assert set(exported_by_sympy()) <= TAKEN


@pytest.mark.parametrize("names", [CLASHING, ODD, list(NAMES), ["E", "E_", "E__", "lambda", "lambda_"]])
def test_symbols_are_read_as_plain_symbols(names):
    symbols = symbol_names(names)
    assert list(symbols) == names
    assert len(set(symbols.values())) == len(names)
    for symbol in symbols.values():
        assert symbol.isidentifier()
        assert sympy.sympify(symbol) == sympy.Symbol(symbol)
        assert sympy.sympify(f"2*{symbol} + 1") == 2 * sympy.Symbol(symbol) + 1


@given(st.lists(st.text(max_size=6), unique=True, max_size=6))
def test_symbols_for_any_names(names):
    symbols = symbol_names(names)
    assert len(set(symbols.values())) == len(names)
    for symbol in symbols.values():
        assert sympy.sympify(f"{symbol} + 1") - 1 == sympy.Symbol(symbol)


def test_good_names_stay():
    assert symbol_names(["period", "x_1", "Mass"]) == {"period": "period", "x_1": "x_1", "Mass": "Mass"}


@pytest.mark.parametrize(
    "text",
    [
        "where(asin(where(x, -1.3, 0)), x, y)",
        "where(log10(mod(x, x)), 2, y)",
        "where(log(where(x, -1, 1)), x, y)",
        "y + where(sqrt(x - x - 2), 2, x)",
    ],
)
def test_conditions_that_never_hold_are_decided(text):
    e = parse(text, ["x", "y"])
    found = sympy.sympify(sympy_text(e, ["x", "y"]))
    for x, y in [(0.5, 2.0), (-1.5, 0.25), (3.0, -4.0)]:
        value = float(found.subs({"x": x, "y": y}))
        assert value == pytest.approx(float(evaluate(e, np.array([[x, y]]))[0]))
