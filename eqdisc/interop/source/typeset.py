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
    """The equations below comments that say which symbol is which column; numbers have six digits."""
    names = [printable(name) for name in subject.names]
    targets = [latex_name(printable(name)) for name in subject.target_names]
    laws = [to_latex(expression, names) for expression in subject.expressions]
    several = len(laws) > 1
    needed = several or re.search(r"\\(operatorname|begin|bmod)", laws[0])
    packages = ["Needs the package amsmath."] if needed else []
    legend = subject.legend([latex_name(name) for name in names])[len(laws) + 1 :]
    kind, sign, end = ("align", "&=", r" \\") if several else ("equation", "=", "")
    equations = [f"  {target} {sign} {law}{end}" for target, law in zip(targets, laws, strict=True)]
    equations[-1] = equations[-1].removesuffix(end)
    notes = [f"% {note}" for note in (*legend, *packages, *subject.origin())]
    return "\n".join([*notes, f"\\begin{{{kind}}}", *equations, f"\\end{{{kind}}}"]) + "\n"


def sympy(subject: Subject) -> str:
    """The law as an expression over plain symbols, numbers with all digits.

    OptionError where the law is to be called what SymPy calls something else.
    """
    function = subject.function
    if identifiers([function], _RESERVED) != [function]:
        raise OptionError(f"a law in SymPy cannot be called {function!r}; choose a name such as 'law'")
    called = identifiers(subject.names, _RESERVED | {function})
    used = [called[j] for j in subject.used]
    laws = [_qualified(sympy_text(expression, called)) for expression in subject.expressions]
    # `sympify` of numbers alone: an int has no `subs`.
    shown = [
        law if e.features else f"sympy.sympify({law})"
        for law, e in zip(laws, subject.expressions, strict=True)
    ]
    usage = f"sympy.lambdify([{', '.join(used)}], {function})"
    notes = [*subject.legend(called), "", f"As a function: {usage}", *subject.origin()]
    symbols = [f'{", ".join(used)} = sympy.symbols("{" ".join(used)}")'] if used else []
    lines = [
        *(f"# {note}".rstrip() for note in notes),
        "import sympy",
        "",
        *symbols,
        f"{function} = {shown[0] if len(shown) == 1 else ', '.join(shown).join('()')}",
    ]
    return "\n".join(lines) + "\n"


def _qualified(text: str) -> str:
    """SymPy text as Python: its functions and numbers are found in the module, a third is no float."""
    text = text.replace("**(1/3)", "**sympy.Rational(1, 3)")
    return re.sub(r"(?<![\w.])([A-Za-z]\w*(?=\()|oo\b|nan\b)", r"sympy.\1", text)
