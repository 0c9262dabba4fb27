"""Laws typeset for a web page: LaTeX turned into MathML, which browsers lay out by themselves."""

import re
from collections.abc import Sequence
from html import escape

from eqdisc.expr.expression import Expression
from eqdisc.interop.latex import latex_name, to_latex

_WORD = re.compile(r"\\mathrm\{((?:\\hat\{\}|\\backslash |\\sim |\\.|[^\\{}])*)\}")
_ESCAPE = re.compile(r"\\hat\{\}|\\backslash |\\sim |\\(.)")
_SIGN = {"\\hat{}": "^", "\\backslash ": "\\", "\\sim ": "~"}
_FIRST_HOLE = 0xE000  # a private letter of Unicode stands for a word while LaTeX is turned into MathML
_HOLE = re.compile("<mi>([\ue000-\uf8ff])</mi>")


def mathml(latex: str, display: bool = False) -> str:
    r"""A `<math>` element of a formula as `to_latex` writes it; upright words stay whole and are escaped.

    >>> print(mathml(r"\mathrm{mass}^{2}"))
    <math ... display="inline"><mrow><msup><mi>mass</mi><mrow><mn>2</mn></mrow></msup></mrow></math>
    """
    from latex2mathml.converter import convert

    words: list[str] = []

    def hole(match: re.Match[str]) -> str:
        words.append(_plain(match[1]))
        return chr(_FIRST_HOLE + len(words) - 1)

    def word(match: re.Match[str]) -> str:
        place = ord(match[1]) - _FIRST_HOLE
        return f"<mi>{escape(words[place])}</mi>" if place < len(words) else match[0]

    text = convert(_WORD.sub(hole, latex), display="block" if display else "inline")
    return _HOLE.sub(word, text).replace("<mi>&#x000B1;</mi>", "<mo>&#x000B1;</mo>")


def law_mathml(tree: Expression, names: Sequence[str], digits: int = 6, display: bool = False) -> str:
    """A law typeset."""
    return mathml(to_latex(tree, names, digits), display)


def equation_mathml(target: str, tree: Expression, names: Sequence[str], digits: int = 6) -> str:
    """The target, an equals sign, the law, as a formula on a line of its own."""
    return mathml(f"{latex_name(target)} = {to_latex(tree, names, digits)}", display=True)


def _plain(word: str) -> str:
    return _ESCAPE.sub(lambda sign: _SIGN.get(sign[0]) or sign[1], word)
