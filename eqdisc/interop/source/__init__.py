"""Laws as code that runs elsewhere.

A language of programs is a row (`Language`) and there is one printer for all; the forms of operators that a
row leaves out are those of the operator table. The code has the values of `engine.reference.evaluate`, to the
last digits of the functions that each language brings along, infinities and NaN included; Excel has neither.
"""

from collections.abc import Callable, Mapping, Sequence

from eqdisc.errors import OptionError
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import nearest
from eqdisc.interop.source.curly import JAVASCRIPT, C
from eqdisc.interop.source.excel import excel
from eqdisc.interop.source.julia import JULIA
from eqdisc.interop.source.python import JAX, NUMPY, PYTHON, TORCH
from eqdisc.interop.source.subject import Subject
from eqdisc.interop.source.typeset import latex, sympy

__all__ = ["LANGUAGES", "SUFFIXES", "source", "sources"]

_WRITERS: Mapping[str, tuple[str, Callable[[Subject], str]]] = {
    "latex": (".tex", latex),
    "sympy": (".py", sympy),
    "python": (".py", PYTHON.write),
    "numpy": (".py", NUMPY.write),
    "c": (".c", C.write),
    "julia": (".jl", JULIA.write),
    "excel": (".txt", excel),
    "torch": (".py", TORCH.write),
    "jax": (".py", JAX.write),
    "javascript": (".js", JAVASCRIPT.write),
}

#: The languages that `source` writes.
LANGUAGES: tuple[str, ...] = tuple(_WRITERS)

#: How the file of each language ends.
SUFFIXES: Mapping[str, str] = {language: suffix for language, (suffix, _) in _WRITERS.items()}


def source(
    expression: Expression,
    names: Sequence[str],
    language: str,
    *,
    target_name: str = "y",
    function: str = "law",
    provenance: str = "",
    feature_units: Sequence[str | None] = (),
    target_unit: str | None = None,
) -> str:
    """A law as text in a language: one of `LANGUAGES`.

    The code defines a function of the columns that the law reads, in the order of the table, called by
    identifiers made from their names; a comment says which is which, in what unit. It takes numbers in
    Python, C, Julia and JavaScript, arrays in NumPy, JAX and Torch, where it can be differentiated; a
    function of no column returns a number. SymPy code defines an expression, LaTeX is a displayed equation,
    and for Excel there is a formula over the cells of row 2.

    `names` are all columns of the table, `function` is what the law is called, `provenance` is added to the
    comment. OptionError for an unknown language, a function name that is none there, and a formula that is
    too long for Excel.

    >>> x = Expression.variable(1)
    >>> print(source(9.81 * Expression.apply("min", x, 2.0), ["place", "time [s]"], "c", target_name="v"))
    #include <math.h>
    <BLANKLINE>
    static double minimum(double a, double b) { return a <= b || isnan(a) ? a : b; }
    <BLANKLINE>
    /*
     * v = 9.81*min(`time [s]`, 2)
     *
     * time_s: column time [s]
     * value: v
     *
     * Usage: law(time_s)
     */
    double law(double time_s) {
        return 9.81*minimum(time_s, 2.0);
    }
    >>> print(source(x + 1.0, ["place", "time"], "excel").splitlines()[0])
    =B2 + 1
    """
    return sources(
        [expression],
        names,
        language,
        target_names=[target_name],
        function=function,
        provenance=provenance,
        feature_units=feature_units,
        target_unit=target_unit,
    )


def sources(
    expressions: Sequence[Expression],
    names: Sequence[str],
    language: str,
    *,
    target_names: Sequence[str],
    function: str = "law",
    provenance: str = "",
    feature_units: Sequence[str | None] = (),
    target_unit: str | None = None,
) -> str:
    """A law of several values as one function: a tuple of them, in JavaScript an array.

    In C they are written to the last argument, in LaTeX and Excel they are an equation each. All else as for
    `source`; `target_names` are one for each expression.

    >>> t = Expression.variable(0)
    >>> circle = [Expression.apply("cos", t), Expression.apply("sin", t)]
    >>> print(sources(circle, ["t"], "numpy", target_names=["x", "y"]).splitlines()[-1].strip())
    return (np.cos(t), np.sin(t))
    """
    if language not in _WRITERS:
        hint = nearest(language.lower(), LANGUAGES) or "."
        raise OptionError(f"unknown language '{language}'{hint} The languages are: {' '.join(LANGUAGES)}")
    subject = Subject(
        tuple(expressions),
        tuple(names),
        tuple(target_names),
        function,
        provenance,
        tuple(feature_units),
        target_unit,
    )
    return _WRITERS[language][1](subject)
