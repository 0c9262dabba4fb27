"""What is found of a surface: its laws, simplest first, and which one is chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from eqdisc._typing import FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.errors import DataError
from eqdisc.expr.expression import Expression
from eqdisc.expr.readable import readable
from eqdisc.interop.latex import latex_name, to_latex
from eqdisc.interop.source import sources
from eqdisc.interop.sympy_bridge import symbol_names, sympy_text, to_sympy
from eqdisc.report.words import law_text

if TYPE_CHECKING:
    import sympy

Form = Literal["implicit", "parametric"]


@dataclass(frozen=True)
class SurfaceLaw:
    """One surface: F = 0, or each target as a function of the parameters.

    form        : which of the two
    expressions : the one F, or one expression for each target
    variables   : names of what x0, x1, ... are in the expressions
    targets     : names of what the expressions give; () for implicit
    distance    : root mean square distance of the points from the surface (implicit: |F| / |grad F|,
                  parametric: of the outputs) over the diagonal of the cloud's box
    complexity  : nodes of all expressions, parts they share counted once
    exact       : whether residuals are at the rounding floor of the table
    origin      : how it was found, in words: "null space, degree 4"
    ranges      : lowest and highest value of each variable, where these are no columns of the table
    """

    form: Form
    expressions: tuple[Expression, ...]
    variables: tuple[str, ...]
    targets: tuple[str, ...]
    distance: float
    complexity: int
    exact: bool
    origin: str
    ranges: tuple[tuple[float, float], ...] = ()

    @property
    def expression(self) -> str:
        """The only expression as SymPy text with all digits; DataError where there are several.

        Of an implicit law it is F, whose zeros are the surface.
        """
        if len(self.expressions) > 1:
            raise DataError(f"the law has one expression for each of {', '.join(self.targets)}: `equations`")
        return self._texts()[0]

    @property
    def symbols(self) -> dict[str, str]:
        """Variable -> its symbol in the texts, where the name could not be a symbol itself."""
        return {name: symbol for name, symbol in symbol_names(self.variables).items() if name != symbol}

    @property
    def equations(self) -> dict[str, str]:
        """Each target and its expression as SymPy text with all digits; empty for an implicit law."""
        return dict(zip(self.targets, self._texts(), strict=True)) if self.targets else {}

    def lines(self, digits: int = 6) -> list[str]:
        """The law for the eye: `F = 0`, or an equation for each target."""
        shown = [law_text(expression, self.variables, digits) for expression in self.expressions]
        if self.form == "implicit":
            return [f"{shown[0]} = 0"]
        return [f"{target} = {text}" for target, text in zip(self.targets, shown, strict=True)]

    def sympy(self) -> "list[sympy.Expr]":
        """The expressions as SymPy has them, over plain symbols."""
        return [to_sympy(expression, self._symbols()) for expression in self.expressions]

    def latex(self, digits: int = 6) -> str:
        """The equations as LaTeX, constants to so many digits; several stand below each other."""
        sides = self._latex_sides(digits)
        if len(sides) == 1:
            return " = ".join(sides[0])
        rows = r" \\ ".join(f"{left} &= {right}" for left, right in sides)
        return rf"\begin{{aligned}} {rows} \end{{aligned}}"

    def latex_lines(self, digits: int = 6) -> list[str]:
        """Every equation as LaTeX by itself, constants to so many digits."""
        return [" = ".join(sides) for sides in self._latex_sides(digits)]

    def source(self, language: str) -> str:
        """The law as one function in a language; see `eqdisc.interop.source.sources`.

        Of an implicit law the function is F. OptionError for an unknown language.
        """
        # An equation in LaTeX has a left side, a function in code has a name for its value.
        zero = "0" if language == "latex" else "F"
        targets = self.targets or (zero,)
        return sources(self.expressions, self.variables, language, target_names=targets)

    def values(self, points: ArrayLike) -> FloatArray:
        """Values of the expressions, (n,) of an implicit law, else (n, m); NaN or infinity where none is.

        points : (n, k) values of the variables in their order. DataError for another shape.
        """
        matrix = np.ascontiguousarray(points, dtype=np.float64)
        if matrix.ndim != 2 or matrix.shape[1] != len(self.variables):
            raise DataError(
                f"got an array of shape {matrix.shape}; wanted (rows, {len(self.variables)}): "
                f"{', '.join(self.variables)}"
            )
        with np.errstate(all="ignore"):
            columns = [evaluate(expression, matrix) for expression in self.expressions]
        return columns[0] if self.form == "implicit" else np.column_stack(columns)

    def record(self) -> dict[str, Any]:
        """The law as plain data, ready for JSON; `expression` is None where there are several."""
        return {
            "form": self.form,
            "expression": self.expression if len(self.expressions) == 1 else None,
            "expressions": self.equations,
            "latex": self.latex(),
            "variables": list(self.variables),
            "targets": list(self.targets),
            "distance": self.distance if isfinite(self.distance) else None,
            "complexity": self.complexity,
            "exact": self.exact,
            "origin": self.origin,
            "ranges": [list(pair) for pair in self.ranges],
        }

    def _latex_sides(self, digits: int) -> list[tuple[str, str]]:
        laws = [to_latex(readable(expression), self.variables, digits) for expression in self.expressions]
        if self.form == "implicit":
            return [(laws[0], "0")]
        return list(zip(map(latex_name, self.targets), laws, strict=True))

    def _symbols(self) -> Sequence[str]:
        symbols = symbol_names(self.variables)
        return [symbols[name] for name in self.variables]

    def _texts(self) -> list[str]:
        return [sympy_text(readable(expression), self._symbols()) for expression in self.expressions]


@dataclass(frozen=True)
class SurfaceFront:
    """The laws that no other beats in both complexity and distance, and which of them is the answer.

    laws        : rising complexity
    best        : index of the chosen one
    notes       : what was noticed of the points
    warnings    : what the reader should know before trusting the answer
    interrupted : whether Ctrl-C ended the search; these are then the laws found so far
    """

    laws: tuple[SurfaceLaw, ...]
    best: int
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    interrupted: bool = False


class InterruptedSearch(KeyboardInterrupt):
    """Ctrl-C amid the search for one expression.

    laws : what was found so far, the best first
    """

    def __init__(self, laws: Sequence[Expression]) -> None:
        super().__init__()
        self.laws = tuple(laws)
