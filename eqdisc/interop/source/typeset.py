"""A law as mathematics: a displayed equation in LaTeX, and the program that builds it in SymPy."""

import keyword
import re

from eqdisc.errors import OptionError
from eqdisc.interop.identifiers import identifiers
from eqdisc.interop.latex import latex_name, to_latex
from eqdisc.interop.source.subject import Subject, printable
from eqdisc.interop.sympy_bridge import sympy_text
from eqdisc.interop.sympy_names import TAKEN

_RESERVED = TAKEN | {*keyword.kwlist, "sympy"}


def latex(subject: Subject) -> str:
    """The equation below comments that say which symbol is which column; numbers have six digits."""
    names = [printable(name) for name in subject.names]
    law = to_latex(subject.expression, names)
    packages = ["Needs the package amsmath."] if re.search(r"\\(operatorname|begin|bmod)", law) else []
    notes = [*subject.legend([latex_name(name) for name in names])[2:], *packages, *subject.origin()]
    equation = f"{latex_name(printable(subject.target_name))} = {law}"
    lines = [*(f"% {note}" for note in notes), r"\begin{equation}", f"  {equation}", r"\end{equation}"]
    return "\n".join(lines) + "\n"


def sympy(subject: Subject) -> str:
    """The law as an expression over plain symbols, numbers with all digits.

    OptionError where the law is to be called what SymPy calls something else.
    """
    function = subject.function
    if identifiers([function], _RESERVED) != [function]:
        raise OptionError(f"a law in SymPy cannot be called {function!r}; choose a name such as 'law'")
    called = identifiers(subject.names, _RESERVED | {function})
    used = [called[j] for j in subject.used]
    law = _qualified(sympy_text(subject.expression, called))
    usage = f"sympy.lambdify([{', '.join(used)}], {function})"
    notes = [*subject.legend(called), "", f"As a function: {usage}", *subject.origin()]
    symbols = [f'{", ".join(used)} = sympy.symbols("{" ".join(used)}")'] if used else []
    lines = [
        *(f"# {note}".rstrip() for note in notes),
        "import sympy",
        "",
        *symbols,
        f"{function} = {law if used else f'sympy.sympify({law})'}",
    ]
    return "\n".join(lines) + "\n"


def _qualified(text: str) -> str:
    """SymPy text as Python: its functions and numbers are found in the module, a third is no float."""
    text = text.replace("**(1/3)", "**sympy.Rational(1, 3)")
    return re.sub(r"(?<![\w.])([A-Za-z]\w*(?=\()|oo\b|nan\b)", r"sympy.\1", text)
