"""Expressions in LaTeX, by the written forms in the operator rows."""

import re
from collections.abc import Sequence

from eqdisc.expr.expression import Expression
from eqdisc.expr.format import feature_name, format_number, render
from eqdisc.expr.operators import ATOM, MINUS, PRODUCT, VARIABLE

_LETTERS = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi
omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega hbar ell
"""
_SIGNS = "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩħℓ"
_BY_NAME = {name: f"\\{name}" for name in _LETTERS.split()}
_LETTER = _BY_NAME | dict(zip(_SIGNS, _BY_NAME.values(), strict=True)) | {"\N{MICRO SIGN}": r"\mu"}
_ESCAPED = {letter: f"\\{letter}" for letter in "{}_#$%& "}
_SPECIAL = _ESCAPED | {"\\": r"\backslash ", "^": r"\hat{}", "~": r"\sim "}


def to_latex(expression: Expression, names: Sequence[str], digits: int = 6) -> str:
    r"""LaTeX of an expression, numbers rounded to so many significant digits.

    Column names become symbols: Greek letters by name or sign, a trailing number or what follows the only
    underscore as subscript, longer words upright.

    >>> x, t = Expression.variable(0), Expression.variable(1)
    >>> print(to_latex(Expression.apply("sqrt", x / t) + 2.5e-7, ["x_1", "theta"]))
    \sqrt{\frac{x_{1}}{\theta}} + 2.5 \cdot 10^{-7}
    """

    def leaf(code: int, payload: float) -> tuple[str, int]:
        if code == VARIABLE:
            return latex_name(feature_name(names, int(payload))), ATOM
        return _number(payload, digits)

    brackets = ("\\left(", "\\right)")
    return render(expression.codes, expression.payload, leaf, lambda row, last: row.latex, brackets)


def _number(value: float, digits: int) -> tuple[str, int]:
    text = format_number(value, digits)
    mantissa, marker, exponent = text.partition("e")
    if not marker:
        return text, MINUS if value < 0.0 else ATOM
    power = f"10^{{{int(exponent)}}}"
    written = power if mantissa == "1" else f"-{power}" if mantissa == "-1" else f"{mantissa} \\cdot {power}"
    return written, PRODUCT


def latex_name(name: str) -> str:
    r"""A column's name as a LaTeX symbol.

    >>> latex_name("theta_0"), latex_name("x12"), latex_name("semi_major_axis")
    ('\\theta_{0}', 'x_{12}', '\\mathrm{semi\\_major\\_axis}')
    """
    head, _, subscript = name.partition("_")
    numbered = re.fullmatch(r"([^\W\d_]+)(\d+)", name)
    if numbered:
        head, subscript = numbered[1], numbered[2]
    if not head or not subscript or "_" in subscript:
        return _word(name)
    return f"{_word(head)}_{{{_word(subscript)}}}"


def _word(word: str) -> str:
    if word in _LETTER:
        return _LETTER[word]
    if re.fullmatch(r"[A-Za-z]|\d+", word):
        return word
    return "\\mathrm{" + "".join(_SPECIAL.get(letter, letter) for letter in word) + "}"
