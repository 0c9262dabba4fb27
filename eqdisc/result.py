"""What a search leaves in people's hands: laws, and everything told about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from eqdisc._typing import FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.errors import DataError
from eqdisc.expr.expression import Expression
from eqdisc.interop.latex import to_latex
from eqdisc.interop.sympy_bridge import symbol_names, sympy_text, to_sympy
from eqdisc.scoring.uncertainty import ErrorBars
from eqdisc.search.engine import StopReason
from eqdisc.search.stability import Stability

if TYPE_CHECKING:
    import sympy


@dataclass(frozen=True)
class Law:
    """One law of the front.

    tree          : the law as an expression over the columns of the table
    feature_names : the columns, in the order the tree numbers them
    complexity    : number of nodes
    loss          : mean squared error on the training rows (all rows of a table below 60), in squared units
                    of the target
    r2            : explained share of the variance on the same rows; NaN for an imperfect law of a constant
    r2_heldout    : the same on the rows held out; None where none were
    found_by      : the strategy that proposed it
    error_bars    : how well the table determines the constants
    """

    tree: Expression
    feature_names: tuple[str, ...]
    complexity: int
    loss: float
    r2: float
    r2_heldout: float | None
    found_by: str
    error_bars: ErrorBars = field(compare=False)

    @property
    def expression(self) -> str:
        """The law as SymPy text with all digits; columns are called by their symbols."""
        return sympy_text(self.tree, self._symbols())

    @property
    def constants(self) -> list[float]:
        """The constants of the tree, in postfix order."""
        return [float(value) for value in self.tree.constants]

    def sympy(self) -> "sympy.Expr":
        """The law as a SymPy expression over plain symbols."""
        return to_sympy(self.tree, self._symbols())

    def latex(self, digits: int = 6) -> str:
        """The law as LaTeX, constants to so many digits."""
        return to_latex(self.tree, self.feature_names, digits)

    def predict(self, X: ArrayLike) -> FloatArray:
        """Values of the law, (n,).

        X : (n, features) in the order of the table, or a data frame that has its columns
        A row where the law has no finite value gets NaN or infinity. DataError for another shape.
        """
        return evaluate(self.tree, _matrix(X, self.feature_names))

    def record(self) -> dict[str, Any]:
        """The law as plain data, ready for JSON; what is not finite becomes None."""
        return {
            "expression": self.expression,
            "latex": self.latex(),
            "complexity": self.complexity,
            "loss": self.loss,
            "r2": self.r2 if isfinite(self.r2) else None,
            "r2_heldout": None
            if self.r2_heldout is None or not isfinite(self.r2_heldout)
            else self.r2_heldout,
            "found_by": self.found_by,
            "constants": self.constants,
        }

    def _symbols(self) -> list[str]:
        symbols = symbol_names(self.feature_names)
        return [symbols[name] for name in self.feature_names]


@dataclass(frozen=True)
class Result:
    """What a search found.

    best, reason    : the law to report, and in words why this one of the front
    front           : the laws that no other beats in both complexity and loss, simplest first
    stopped         : why the search ended; `stopped.value` is a sentence
    seed, epochs    : `discover(..., seed=seed, epochs=epochs)` gives the same front again
    seconds         : spent searching, without ...
    compile_seconds : ... those spent compiling
    evaluations     : candidates tried
    symbols         : column name -> symbol, where the name could not be a symbol itself
    warnings        : what the reader should know before trusting the law
    notes           : what the reader of the table noticed: rows left out, constant columns ...
    target_name, feature_names, target_unit, feature_units : of the table; a unit is None where none was given
    ranges          : smallest and largest value of each feature in the table
    n_rows          : rows of the table
    rivals          : laws of the front that the table cannot tell from the best
    stability       : how often the law came back under resampling; None where that was not asked for
    settings        : what the search was told, as plain data
    """

    best: Law
    reason: str
    front: tuple[Law, ...]
    stopped: StopReason
    seed: int
    epochs: int
    seconds: float
    compile_seconds: float
    evaluations: int
    symbols: dict[str, str]
    warnings: tuple[str, ...]
    target_name: str
    feature_names: tuple[str, ...]
    target_unit: str | None = None
    feature_units: tuple[str | None, ...] = ()
    ranges: tuple[tuple[float, float], ...] = ()
    n_rows: int = 0
    notes: tuple[str, ...] = ()
    rivals: tuple[Law, ...] = ()
    stability: Stability | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def predict(self, X: ArrayLike) -> FloatArray:
        """Values of the best law; see `Law.predict`."""
        return self.best.predict(X)

    def record(self) -> dict[str, Any]:
        """Everything as plain data, ready for JSON."""
        return {
            "best": self.best.record(),
            "front": [law.record() for law in self.front],
            "stopped": self.stopped.name.lower(),
            "seed": self.seed,
            "epochs": self.epochs,
            "seconds": self.seconds,
            "compile_seconds": self.compile_seconds,
            "evaluations": self.evaluations,
            "symbols": dict(self.symbols),
            "warnings": list(self.warnings),
        }


def _matrix(X: ArrayLike, names: tuple[str, ...]) -> FloatArray:
    columns = getattr(X, "columns", None)
    if columns is not None:
        missing = [name for name in names if name not in list(columns)]
        if missing:
            raise DataError(
                f"the data frame has no column {missing[0]!r}; the law was found from {', '.join(names)}"
            )
        X = X[list(names)]  # type: ignore[index,call-overload]
    matrix = np.ascontiguousarray(X, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] != len(names):
        raise DataError(
            f"got an array of shape {matrix.shape}; wanted (rows, {len(names)}): {', '.join(names)}"
        )
    return matrix
