"""The front as a table for a paper."""

import re

from eqdisc.interop.latex import latex_name, to_latex
from eqdisc.report.constants import shown_law
from eqdisc.report.words import rms, share
from eqdisc.result import Law, Result

DIGITS = 4
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


def latex_table(result: Result) -> str:
    r"""A `table` environment of the front, the chosen law marked; needs the packages booktabs and amsmath.

    Every name of a column is escaped, so that the table compiles whatever the columns are called. Constants
    of the chosen law are given to the digits that mean something, others to four digits.
    """
    heldout = any(law.r2_heldout is not None for law in result.front)
    error = "RMS error" if result.target_unit is None else f"RMS error [{escaped(result.target_unit)}]"
    heads = ["nodes", error, "$R^2$", *(["$R^2$ held out"] if heldout else []), "law"]
    rows = [_row(law, law is result.best, heldout) for law in result.front]
    return "\n".join(
        [
            "% needs \\usepackage{booktabs,amsmath}",
            "\\begin{table}",
            "  \\centering",
            f"  \\caption{{Laws for ${latex_name(result.target_name)}$ that no other beats in both "
            "complexity and error; $\\star$ marks the one chosen.}",
            f"  \\begin{{tabular}}{{{'r' * (len(heads) - 1)}l}}",
            "    \\toprule",
            f"    {' & '.join(heads)} \\\\",
            "    \\midrule",
            *rows,
            "    \\bottomrule",
            "  \\end{tabular}",
            "\\end{table}",
            "",
        ]
    )


def escaped(text: str) -> str:
    r"""Text as LaTeX prints it.

    >>> print(escaped("50% of a_b"))
    50\% of a\_b
    """
    return re.sub(r"[\\^~&%$#_{}]", lambda sign: _SPECIAL[sign[0]], text)


def _row(law: Law, chosen: bool, heldout: bool) -> str:
    tree, names = shown_law(law) if chosen else law.named
    figures = [str(law.complexity), _number(rms(law.loss)), share(law.r2)]
    if heldout:
        figures.append(share(law.r2_heldout))
    star = "$\\star$ " if chosen else ""
    cells = [figure.replace("-", "$-$") if figure != "-" else "--" for figure in figures]
    formula = to_latex(tree, names, 6 if chosen else DIGITS)
    return f"    {star}{' & '.join(cells)} & ${formula}$ \\\\"


def _number(value: float) -> str:
    mantissa, marker, power = f"{value:.3g}".partition("e")
    return f"${mantissa} \\cdot 10^{{{int(power)}}}$" if marker else mantissa
