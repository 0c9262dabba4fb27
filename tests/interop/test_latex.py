"""LaTeX: balanced, unambiguous, with readable names and numbers."""

import re

import pytest
from hypothesis import given

from eqdisc.expr.parse import parse
from eqdisc.interop.latex import latex_name, to_latex
from tests.strategies import NAMES, any_constants, expressions


@given(expressions(constants=any_constants))
def test_brackets_are_balanced(e):
    text = to_latex(e, NAMES)
    assert text.count(r"\left") == text.count(r"\right")
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", text):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    assert "#" not in text


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("(x + 1)/t_1", r"\frac{x + 1}{t_{1}}"),
        ("(x/2)**2", r"\left(\frac{x}{2}\right)^{2}"),
        ("x**(mass + 1)", r"x^{\mathrm{mass} + 1}"),
        ("(x**2)**mass", r"\left(x^{2}\right)^{\mathrm{mass}}"),
        ("-(x + 1)", r"-\left(x + 1\right)"),
        ("x - (-2)", r"x - \left(-2\right)"),
        ("2*x*t_1", r"2 \cdot x \cdot t_{1}"),
        ("x*(1 + t_1)", r"x \cdot \left(1 + t_{1}\right)"),
        ("x*(1/t_1)", r"x \cdot \frac{1}{t_{1}}"),
        ("sqrt(x) + cbrt(x)", r"\sqrt{x} + \sqrt[3]{x}"),
        ("exp(-x)**2", r"\left(e^{-x}\right)^{2}"),
        ("abs(x) + floor(x)", r"\left|x\right| + \left\lfloor x \right\rfloor"),
        ("6.02214e23*x", r"6.02214 \cdot 10^{23} \cdot x"),
        ("1e-9**x", r"\left(10^{-9}\right)^{x}"),
        ("-1.5e-9 + x", r"-1.5 \cdot 10^{-9} + x"),
        ("0.333333333333", "0.333333"),
        ("log10(x) + min(x, 2)", r"\log_{10}\left(x\right) + \min\left(x, 2\right)"),
        ("where(x, 1, 2)", r"\begin{cases} 1 & \text{if } x > 0 \\ 2 & \text{otherwise} \end{cases}"),
    ],
)
def test_forms(text, latex):
    assert to_latex(parse(text, NAMES), NAMES) == latex


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("x", "x"),
        ("theta", r"\theta"),
        ("theta_max", r"\theta_{\mathrm{max}}"),
        ("x12", "x_{12}"),
        ("period", r"\mathrm{period}"),
        ("semi_major_axis", r"\mathrm{semi\_major\_axis}"),
        ("v_max", r"v_{\mathrm{max}}"),
        ("λ", r"\lambda"),
        ("λ_0", r"\lambda_{0}"),
        ("Ω2", r"\Omega_{2}"),
        ("\N{MICRO SIGN}", r"\mu"),
        ("_x", r"\mathrm{\_x}"),
        ("cost ($)", r"\mathrm{cost\ (\$)}"),
        ("50%", r"\mathrm{50\%}"),
    ],
)
def test_names(name, latex):
    assert latex_name(name) == latex


def test_digits():
    assert to_latex(parse("3.14159265*x", NAMES), NAMES, digits=3) == r"3.14 \cdot x"
