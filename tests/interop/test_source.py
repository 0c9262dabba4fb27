"""What an export says and how it calls things, in every language."""

import keyword
import re
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st
from latex2mathml.converter import convert
from matplotlib.mathtext import MathTextParser

from eqdisc.errors import OptionError
from eqdisc.expr.expression import Expression
from eqdisc.expr.parse import parse
from eqdisc.interop.identifiers import identifiers
from eqdisc.interop.source import LANGUAGES, SUFFIXES, source
from eqdisc.interop.source.curly import JAVASCRIPT, C
from eqdisc.interop.source.julia import JULIA
from eqdisc.interop.source.python import JAX, NUMPY, PYTHON, TORCH
from eqdisc.interop.sympy_names import TAKEN
from tests.strategies import NAMES, any_constants, expressions

PROGRAMS = (C, JAVASCRIPT, JULIA, JAX, NUMPY, PYTHON, TORCH)
LAW = parse("2.5*x + exp(-mass)", NAMES)


def equation(text):
    return re.search(r"\\begin\{equation\}\n(.*)\n\\end\{equation\}\n$", text)[1]


@given(expressions(max_leaves=6))
def test_every_language_writes_every_law(e):
    for language in LANGUAGES:
        text = source(e, NAMES, language)
        assert text.endswith("\n")
        assert "#1" not in text


def test_the_order_is_that_of_the_expression():
    assert source(LAW, NAMES, "c") == source(LAW, list(NAMES), "c")
    assert set(SUFFIXES) == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_comment_says_what_is_what(language):
    text = source(
        LAW,
        ["air speed", "mass of it", "t"],
        language,
        target_name="peak load",
        provenance="eqdisc, seed 7\ntable.csv",
        feature_units=["m/s", None],
        target_unit="kN",
    )
    assert "column air speed [m/s]" in text
    assert re.search("column mass of it$", text, re.MULTILINE)
    assert "value: peak load [kN]" in text
    assert re.search(r"eqdisc, seed 7\n\W*table.csv\n", text)
    assert language == "latex" or "peak load = 2.5*`air speed` + exp(-`mass of it`)" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_columns_that_are_read_are_arguments(language):
    text = source(parse("x/t_1", NAMES), NAMES, language)
    assert "mass" not in text


def test_an_unknown_language():
    with pytest.raises(
        OptionError, match=r"'pyhton'; did you mean 'python'\? The languages are: latex sympy"
    ):
        source(LAW, NAMES, "pyhton")
    with pytest.raises(OptionError, match=r"'Julia'; did you mean 'julia'\?"):
        source(LAW, NAMES, "Julia")


@pytest.mark.parametrize("language", ["sympy", *(language.name for language in PROGRAMS)])
@pytest.mark.parametrize("function", ["2x", "my law", "", "do();x"])
def test_a_function_name_that_is_none(language, function):
    with pytest.raises(OptionError, match="cannot be called"):
        source(LAW, NAMES, language, function=function)


@pytest.mark.parametrize(("language", "function"), [("python", "lambda"), ("c", "exp"), ("julia", "end")])
def test_a_function_name_that_is_taken(language, function):
    with pytest.raises(OptionError, match="choose a name such as 'law'"):
        source(LAW, NAMES, language, function=function)


@pytest.mark.parametrize("language", [language.name for language in PROGRAMS])
def test_another_function_name(language):
    text = source(LAW, ["x", "drag", "t"], language, function="drag")
    assert "drag(x, drag_)" in text or "drag(double x, double drag_)" in text


def test_lines_of_a_name_stay_in_the_comment():
    for language in LANGUAGES:
        text = source(parse("x", NAMES), ["a\nimport os\r\u2028*/ x"], language, target_name='"""\\')
        code = [line for line in text.splitlines() if re.match(r"\s*(import os|\*/ x|x\b)", line)]
        assert not code, text


@pytest.mark.parametrize("language", PROGRAMS, ids=lambda language: language.name)
def test_helpers_are_defined_when_called_and_only_then(language):
    for name, definition in language.helpers.items():
        plain = source(parse("x + mass", NAMES), NAMES, language.name)
        assert definition not in plain
        assert name in language.reserved


def test_words_of_python_are_reserved():
    assert set(keyword.kwlist) <= PYTHON.reserved & NUMPY.reserved & TORCH.reserved & JAX.reserved


@given(st.lists(st.text(max_size=6), max_size=6), st.booleans())
def test_identifiers(columns, ascii_only):
    reserved = TAKEN | set(keyword.kwlist)
    found = identifiers(columns, reserved, ascii_only)
    assert len(set(found)) == len(found) == len(columns)
    for name in found:
        assert name.isidentifier()
        assert name not in reserved
        assert name.isascii() or not ascii_only
        exec(f"{name} = 1", {}, room := {})
        assert list(room) == [name]  # Python sees the same letters
    again = identifiers(found, reserved, ascii_only)
    assert again == found


@pytest.mark.parametrize(
    ("columns", "ascii_only", "expected"),
    [
        (["a b", "a_b"], False, ["a_b_2", "a_b"]),
        (["x", "x"], False, ["x", "x_2"]),
        (["λ", "lambda"], True, ["lambda_2", "lambda"]),
        (["Δt", "ħω", "é", "水"], True, ["Deltat", "hbaromega", "e", "x"]),
        (["Δt", "水", "\N{MICRO SIGN}"], False, ["Δt", "水", "μ"]),
        (["", "%", "3", "_", "__init__"], False, ["x", "x_2", "x3", "_", "init"]),
    ],
)
def test_identifiers_by_example(columns, ascii_only, expected):
    assert identifiers(columns, (), ascii_only) == expected


# ---------------------------------------------------------------- LaTeX


@given(expressions(constants=any_constants))
def test_latex_can_be_typeset(e):
    text = equation(source(e, NAMES, "latex", target_name="50% of {a}"))
    assert text.startswith(r"  \mathrm{50\%\ of\ \{a\}} = ")
    assert convert(text, display="block").startswith("<math")
    if r"\begin" not in text:  # Matplotlib knows no cases
        MathTextParser("path").parse(f"${text.strip()}$".replace(r"\bmod", r"\,mod\,"))


def test_latex_of_odd_names():
    names = ["speed [m/s]", "λ_0", "cost_$", "x#1"]
    text = source(parse("x0 + x1*x2*x3", ["x0", "x1", "x2", "x3"]), names, "latex")
    assert r"\mathrm{cost}_{\mathrm{\$}} \cdot \mathrm{x\#1}" in text
    convert(equation(text))
    MathTextParser("path").parse(f"${equation(text).strip()}$")


def test_latex_says_which_package_it_needs():
    assert "amsmath" in source(parse("where(x, mass, 1)", NAMES), NAMES, "latex")
    assert "amsmath" not in source(parse("x/mass", NAMES), NAMES, "latex")


def test_sympy_symbols_are_those_of_laws():
    room = {}
    exec(source(parse("x + 1", ["x"]), ["E"], "sympy"), room)
    assert str(room["law"]) == "E_ + 1"
    assert isinstance(room["sympy"], types.ModuleType)


def test_a_law_of_numbers_alone():
    six = Expression.constant(6.0)
    for language in ("python", "numpy", "sympy"):
        room = {}
        exec(source(six, NAMES, language), room)
        assert (room["law"] if language == "sympy" else room["law"]()) == 6
    assert "double law(void)" in source(six, NAMES, "c")
