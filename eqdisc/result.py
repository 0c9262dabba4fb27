"""What a search leaves in people's hands: laws, and everything told about them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.data.header import Header
from eqdisc.data.searched import Restored
from eqdisc.data.units import Unit
from eqdisc.engine.reference import evaluate
from eqdisc.errors import DataError
from eqdisc.expr.expression import Expression
from eqdisc.expr.format import format_expression
from eqdisc.expr.operators import CONSTANT, VARIABLE
from eqdisc.expr.readable import readable
from eqdisc.interop.latex import to_latex
from eqdisc.interop.source import source
from eqdisc.interop.sympy_bridge import symbol_names, sympy_text, to_sympy
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.description import fixed_constants
from eqdisc.scoring.loss import r_squared
from eqdisc.scoring.uncertainty import ErrorBars, error_bars, prediction_interval
from eqdisc.search.engine import SearchResult, StopReason
from eqdisc.search.stability import Stability

if TYPE_CHECKING:
    import sympy

    from eqdisc.problem import Problem


#: Names a constant of nature, or a product of some, by value, standard error and unit.
Matcher = Callable[[float, float, Unit], str | None]

T = TypeVar("T", str, str | None)
IMPROBABLE = 1e-3  # a chi-square that a right sigma exceeds so seldom


@dataclass(frozen=True)
class Law:
    """One law of the front.

    tree           : the law as an expression over the columns of the table
    feature_names  : the columns, in the order the tree numbers them
    complexity     : number of nodes
    loss           : mean squared error on the training rows (all rows of a table below 60), in squared units
                     of the target
    r2             : explained share of the variance on the same rows; NaN for an imperfect law of a constant
    r2_heldout     : the same on the rows held out; None where none were
    found_by       : the strategy that proposed it
    error_bars     : how well the table determines the constants
    constant_names : what the user called the constants of a form, or those of constants of nature, in postfix
                     order, "" for others; empty where none has a name
    constant_units : the units of the constants as text, "1" for a mere number, None where it is not known
    constant_matches : the constants of nature that fitted constants agree with, "h/k_B"; None for others
    """

    tree: Expression
    feature_names: tuple[str, ...]
    complexity: int
    loss: float
    r2: float
    r2_heldout: float | None
    found_by: str
    error_bars: ErrorBars = field(compare=False)
    constant_names: tuple[str, ...] = ()
    constant_units: tuple[str | None, ...] = ()
    constant_matches: tuple[str | None, ...] = ()

    @classmethod
    def of(
        cls,
        candidate: Candidate,
        train: Dataset,
        heldout: Dataset | None,
        restored: Restored | None = None,
        match: Matcher | None = None,
    ) -> Self:
        """The candidate with its error bars and R2 on the rows it was fitted to, and R2 on those held out.

        restored : what is known of its constants; match : names a constant of nature by value, error, unit
        """
        tree = candidate.expression
        bars = error_bars(tree, train, None if restored is None else _fitted(restored))
        return cls(
            tree=tree,
            feature_names=train.feature_names,
            complexity=candidate.complexity,
            loss=candidate.loss,
            r2=_r2(tree, train),
            r2_heldout=None if heldout is None else _r2(tree, heldout),
            found_by=candidate.found_by,
            error_bars=bars,
            constant_names=() if restored is None else _some(restored.names),
            constant_units=() if restored is None else _some(tuple(map(_text, restored.units))),
            constant_matches=() if restored is None or match is None else _matches(restored, bars, match),
        )

    @property
    def expression(self) -> str:
        """The law as SymPy text with all digits; columns are called by their symbols."""
        return sympy_text(readable(self.tree), self._symbols())

    @property
    def constants(self) -> list[float]:
        """The constants of the tree, in postfix order."""
        return [float(value) for value in self.tree.constants]

    @property
    def formula(self) -> str:
        """The law in the language that `eqdisc.parse` reads, with constants of nature by their names."""
        return format_expression(readable(self.named[0]), self.named[1])

    @property
    def named(self) -> tuple[Expression, tuple[str, ...]]:
        """The law with constants of nature as leaves of their own, and the names of all its leaves."""
        names = list(self.feature_names)
        codes, payload = list(self.tree.codes), list(self.tree.payload)
        for place, name in zip(self._constant_places(), self._nature(), strict=True):
            if name:
                names += [] if name in names else [name]
                codes[place], payload[place] = VARIABLE, float(names.index(name))
        return Expression(tuple(codes), tuple(payload)), tuple(names)

    @property
    def constants_of_nature(self) -> dict[str, tuple[float, str]]:
        """The constants of nature in the law by name: their values and units."""
        units = self.constant_units or (None,) * len(self.constants)
        rows = zip(self._nature(), self.constants, units, strict=True)
        return {name: (value, unit or "") for name, value, unit in rows if name}

    def _nature(self) -> tuple[str, ...]:
        """Names of the constants of nature, which have one and were not fitted; "" for other constants."""
        free = self.error_bars.free
        names = self.constant_names or ("",) * free.size
        return tuple("" if fitted else name for name, fitted in zip(names, free, strict=True))

    def _constant_places(self) -> list[int]:
        return [place for place, code in enumerate(self.tree.codes) if code == CONSTANT]

    @property
    def used_features(self) -> tuple[str, ...]:
        """The columns that the law reads, in the order of the table."""
        return tuple(self.feature_names[j] for j in self.tree.features)

    def sympy(self) -> "sympy.Expr":
        """The law as a SymPy expression over plain symbols."""
        return to_sympy(self.tree, self._symbols())

    def latex(self, digits: int = 6) -> str:
        """The law as LaTeX, constants to so many digits."""
        return to_latex(readable(self.tree), self.feature_names, digits)

    def source(self, language: str, target_name: str = "y") -> str:
        """The law as code or a formula: latex, sympy, python, numpy, c, julia, excel, torch, jax, javascript.

        OptionError for another language.
        """
        return source(self.tree, self.feature_names, language, target_name=target_name)

    def predict(self, X: ArrayLike) -> FloatArray:
        """Values of the law, (n,).

        X : (n, features) in the order of the table, or a data frame that has the columns the law reads
        A row where the law has no finite value gets NaN or infinity. DataError for another shape.
        """
        return evaluate(self.tree, self._matrix(X))

    def predict_interval(self, X: ArrayLike, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """(n,) lower and (n,) upper ends between which a new measurement lies with probability `level`.

        From the covariance of the constants and the scatter of the table about the law, or sigma where the
        table has it; X as in `predict`.
        """
        return prediction_interval(self.tree, self.error_bars, self._matrix(X), level)

    def record(self) -> dict[str, Any]:
        """The law as plain data, ready for JSON; what is not finite becomes None."""
        errors = self.error_bars.standard_errors
        return {
            "expression": self.expression,
            "latex": self.latex(),
            "complexity": self.complexity,
            "loss": self.loss,
            "r2": _finite(self.r2),
            "r2_heldout": None if self.r2_heldout is None else _finite(self.r2_heldout),
            "found_by": self.found_by,
            "constants": self.constants,
            "standard_errors": [_finite(float(error)) for error in errors],
            "constant_names": list(self.constant_names or ("",) * len(errors)),
            "constant_units": list(self.constant_units or (None,) * len(errors)),
            "constant_matches": list(self.constant_matches or (None,) * len(errors)),
        }

    def _symbols(self) -> list[str]:
        symbols = symbol_names(self.feature_names)
        return [symbols[name] for name in self.feature_names]

    def _matrix(self, X: ArrayLike) -> FloatArray:
        columns = getattr(X, "columns", None)
        if columns is None:
            matrix = np.ascontiguousarray(X, dtype=np.float64)
            if matrix.ndim != 2 or matrix.shape[1] != len(self.feature_names):
                raise DataError(
                    f"got an array of shape {matrix.shape}; wanted (rows, {len(self.feature_names)}): "
                    f"{', '.join(self.feature_names)}"
                )
            return matrix
        header = Header.of([str(name) for name in columns])
        matrix = np.full((len(X), len(self.feature_names)), np.nan)  # type: ignore[arg-type]
        for j in self.tree.features:
            name = self.feature_names[j]
            place = header.position(name)
            if place is None:
                raise DataError(
                    f"the data frame has no column {name!r}; the law reads {', '.join(self.used_features)}"
                )
            matrix[:, j] = X[columns[place]]  # type: ignore[index]
        return matrix


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
    dataset         : the table; None where it is not at hand
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
    dataset: Dataset | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(
        cls,
        found: SearchResult,
        problem: "Problem",
        dataset: Dataset,
        seed: int,
        settings: Mapping[str, Any],
        restored: Mapping[Candidate, Restored] | None = None,
        match: Matcher | None = None,
    ) -> Self:
        """The outcome of a search on a problem that was made from the table `dataset`.

        restored, match : as in `Law.of`
        """
        known = restored or {}
        laws = {
            law: Law.of(law, problem.train, problem.heldout, known.get(law), match) for law in found.front
        }
        best = laws[found.best]
        names = dataset.feature_names
        return cls(
            best=best,
            reason=found.reason,
            front=tuple(laws.values()),
            stopped=found.stopped,
            seed=seed,
            epochs=found.epochs,
            seconds=found.seconds,
            compile_seconds=found.compile_seconds,
            evaluations=found.evaluations,
            symbols={name: symbol for name, symbol in symbol_names(names).items() if name != symbol},
            warnings=(*_missing(best, settings), *_warnings(best, dataset)),
            target_name=dataset.target_name,
            feature_names=names,
            target_unit=dataset.target_unit,
            feature_units=dataset.feature_units,
            ranges=tuple((float(column.min()), float(column.max())) for column in dataset.features.T),
            n_rows=dataset.n_rows,
            notes=dataset.notes,
            rivals=tuple(laws[rival] for rival in found.rivals if rival in laws),
            settings=settings,
            dataset=dataset,
        )

    def predict(self, X: ArrayLike) -> FloatArray:
        """Values of the best law; see `Law.predict`."""
        return self.best.predict(X)

    def record(self) -> dict[str, Any]:
        """Everything as plain data, ready for JSON."""
        return {
            "target_name": self.target_name,
            "target_unit": self.target_unit,
            "feature_names": list(self.feature_names),
            "feature_units": list(self.feature_units),
            "n_rows": self.n_rows,
            "best": self.best.record(),
            "front": [law.record() for law in self.front],
            "rivals": [law.record() for law in self.rivals],
            "stability": None if self.stability is None else self.stability.record(),
            "stopped": self.stopped.name.lower(),
            "reason": self.reason,
            "seed": self.seed,
            "epochs": self.epochs,
            "seconds": self.seconds,
            "compile_seconds": self.compile_seconds,
            "evaluations": self.evaluations,
            "symbols": dict(self.symbols),
            "warnings": list(self.warnings),
            "notes": list(self.notes),
        }


def _fitted(restored: Restored) -> BoolArray:
    """(c,) which constants were fitted."""
    fitted: BoolArray = ~fixed_constants(restored.tree) & ~np.array(restored.fixed, dtype=np.bool_)
    return fitted


def _matches(restored: Restored, bars: ErrorBars, match: Matcher) -> tuple[str | None, ...]:
    rows = zip(restored.tree.constants, bars.standard_errors, restored.units, restored.fixed, strict=True)
    return _some(
        tuple(
            None if fixed or unit is None or not isfinite(error) else match(float(value), float(error), unit)
            for value, error, unit, fixed in rows
        )
    )


def _some(texts: tuple[T, ...]) -> tuple[T, ...]:
    """The texts; none at all where all are empty."""
    return texts if any(texts) else ()


def _text(unit: Unit | None) -> str | None:
    return None if unit is None else unit.text


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def _r2(expression: Expression, dataset: Dataset) -> float:
    return r_squared(dataset.target, evaluate(expression, dataset.features), dataset.weights)


def _missing(best: Law, settings: Mapping[str, Any]) -> tuple[str, ...]:
    absent = [name for name in settings.get("require", ()) if name not in best.used_features]
    if not absent:
        return ()
    return (f"no law with the required {', '.join(absent)} was found; this is the best of those without",)


def _warnings(best: Law, dataset: Dataset) -> tuple[str, ...]:
    found = []
    count = int(np.count_nonzero(best.error_bars.free))
    if 2 * count > dataset.n_rows:
        found.append(f"the law has {count} constants for {dataset.n_rows} rows; it may just interpolate")
    undetermined = np.count_nonzero(~np.isfinite(best.error_bars.standard_errors))
    if undetermined:
        found.append(f"the table does not determine {undetermined} of the constants; the law may be too long")
    chi_square, freedom = best.error_bars.reduced_chi_square, best.error_bars.degrees_of_freedom
    if chi_square is not None and freedom > 0 and chdtrc(freedom, chi_square * freedom) < IMPROBABLE:
        found.append(
            f"the residuals are {chi_square**0.5:.2g} times what sigma allows: the law is wrong or sigma too "
            "small, and error bars and intervals, which believe sigma, are too narrow"
        )
    if not best.tree.features:
        found.append("no law better than a constant was found; do the features determine the target?")
    if best.r2_heldout is not None and best.r2 - best.r2_heldout > 0.1:
        found.append(
            f"on held-out rows the law explains less (R2 {best.r2_heldout:.3g}) "
            f"than on those it was fitted to (R2 {best.r2:.3g}); do not trust it far"
        )
    return tuple(found)
