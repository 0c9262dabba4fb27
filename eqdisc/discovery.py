"""From a table to its law: the one call people make, and what they get back."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.data.scale import Scaling
from eqdisc.engine.reference import evaluate
from eqdisc.errors import DataError, OptionError
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import DEFAULT_OPERATORS, Macro, OperatorSet
from eqdisc.interop.latex import to_latex
from eqdisc.interop.sympy_bridge import symbol_names, sympy_text, to_sympy
from eqdisc.problem import Problem
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.loss import r_squared
from eqdisc.search.engine import Budget, Search, SearchResult, StopReason
from eqdisc.search.observer import Observer
from eqdisc.search.proposer import Proposer
from eqdisc.search.working_units import InWorkingUnits

if TYPE_CHECKING:
    import sympy

# Strategies by name, in the order they take their turns: those that need no compilation answer first.
PROPOSERS: Mapping[str, tuple[str, str]] = {
    "closed_form": ("eqdisc.proposers.closed_form", "ClosedForm"),
    "gp": ("eqdisc.proposers.gp", "GeneticProgramming"),
}
DEFAULT_PROPOSERS = tuple(PROPOSERS)


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
    """

    tree: Expression
    feature_names: tuple[str, ...]
    complexity: int
    loss: float
    r2: float
    r2_heldout: float | None
    found_by: str

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
class Discovery:
    """What `discover` found.

    best, reason    : the law to report, and in words why this one of the front
    front           : the laws that no other beats in both complexity and loss, simplest first
    stopped         : why the search ended; `stopped.value` is a sentence
    seed, epochs    : `discover(..., seed=seed, epochs=epochs)` gives the same front again
    seconds         : spent searching, without ...
    compile_seconds : ... those spent compiling
    evaluations     : candidates tried
    symbols         : column name -> symbol, where the name could not be a symbol itself
    warnings        : what the reader should know before trusting the law
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


def discover(
    dataset: Dataset,
    *,
    operators: str | Sequence[str] | OperatorSet | None = None,
    macros: Sequence[str | Macro] = (),
    time_limit: float = 30.0,
    epochs: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    max_size: int = 60,
    proposers: str | Sequence[str | Proposer] | None = None,
    observers: Sequence[Observer] = (),
) -> Discovery:
    """Find the law that gives the target of a table from its features.

    operators  : what laws may be made of: "+ - * / sqrt exp" or a list of names; None for `DEFAULT_OPERATORS`
    macros     : operators of your own: "sq1(x)=x**2+1"
    time_limit : seconds, compilation left out; it only picks the last whole epoch
    epochs     : exactly so many epochs, whatever the clock says: the way to repeat a run
    seed       : same seed, table, settings and epochs: same front, for any number of threads
    threads    : None for every core this process may use
    max_size   : nodes a law may have
    proposers  : strategies, by name ("gp,closed_form") or as objects like `Seeds(("a*x**2",))`; None for all
    observers  : told of progress

    Ctrl-C ends the search and the best so far is returned. OptionError for an impossible setting, DataError
    for anything but a `Dataset`.

    Example
    -------
    >>> from eqdisc.proposers.seeds import Seeds
    >>> radius = np.array([[1.0], [1.5], [2.0], [2.5], [3.0]])
    >>> table = Dataset.of(radius, 3.25 * radius[:, 0] ** 2, names=["radius"], target_name="area")
    >>> found = discover(table, proposers=[Seeds(("2*square(radius)",))], epochs=1)
    >>> found.best.expression, found.best.constants
    ('3.25*radius**2', [3.25])
    """
    _check_whole("seed", seed, least=0)
    if threads is not None:
        _check_whole("threads", threads, least=1)
    if epochs is not None:
        _check_whole("epochs", epochs, least=1)
    _check_whole("max_size", max_size, least=1)
    budget = Budget(time_limit, epochs)
    _check_dataset(dataset)
    problem = Problem.of(dataset, _operator_set(operators, macros), max_size, seed)
    scaling = Scaling.of(dataset)
    strategies = _strategies(proposers)
    if not scaling.is_identity and "mul" in problem.operators:  # the way back multiplies
        strategies = tuple(InWorkingUnits(strategy, scaling) for strategy in strategies)
    search = Search(
        problem,
        strategies,
        budget,
        seed,
        threads or available_cores(),
        tuple(observers),
    )
    return _discovery(search.run(), problem, seed)


def named_proposer(name: str) -> Proposer:
    """A strategy with its default settings; OptionError, with the names there are, for an unknown name.

    >>> named_proposer("closed_form").name
    'closed_form'
    """
    if name not in PROPOSERS:
        raise OptionError(f"there is no proposer {name!r}; there are {', '.join(PROPOSERS)}")
    module, settings = PROPOSERS[name]
    strategy: Proposer = getattr(import_module(module), settings)()
    return strategy


def available_cores() -> int:
    """Cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check_whole(what: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise OptionError(f"{what} is {value!r}; wanted a whole number, {least} or more")


def _check_dataset(dataset: object) -> None:
    if isinstance(dataset, Dataset):
        return
    if isinstance(dataset, (str, os.PathLike)):
        path = os.fspath(dataset)
        advice = f"read the file first: discover(read_table({path!r}, target=...))"
    else:
        advice = "make one of arrays: discover(Dataset.of(X, y))"
    raise DataError(f"discover wants a Dataset and got a {type(dataset).__name__}; {advice}")


def _operator_set(
    operators: str | Sequence[str] | OperatorSet | None, macros: Sequence[str | Macro]
) -> OperatorSet:
    if isinstance(operators, OperatorSet):
        return operators.with_macros(macros)
    words = DEFAULT_OPERATORS if operators is None else operators
    if not isinstance(words, str):
        words = " ".join(_checked_words(words))
    return OperatorSet.parse(words).with_macros(macros)


def _checked_words(operators: object) -> list[str]:
    words = list(operators) if isinstance(operators, Iterable) else []
    if not words or not all(isinstance(word, str) for word in words):
        raise OptionError(
            f'the operators are {operators!r}; wanted text such as "+ - * / sqrt" or a list of names'
        )
    return words


def _strategies(proposers: str | Sequence[str | Proposer] | None) -> tuple[Proposer, ...]:
    if proposers is None:
        proposers = DEFAULT_PROPOSERS
    elif isinstance(proposers, str):
        proposers = proposers.replace(",", " ").split()
    # Objects first: they are suggestions of the user. Of the named ones, in the order of the table.
    objects = [strategy for strategy in proposers if not isinstance(strategy, str)]
    names = {strategy for strategy in proposers if isinstance(strategy, str)}
    order = sorted(sorted(names), key=lambda name: [*PROPOSERS, name].index(name))
    return (*objects, *(named_proposer(name) for name in order))


def _discovery(result: SearchResult, problem: Problem, seed: int) -> Discovery:
    names = problem.dataset.feature_names
    laws = tuple(_law(candidate, problem) for candidate in result.front)
    best = laws[result.front.index(result.best)]
    return Discovery(
        best=best,
        reason=result.reason,
        front=laws,
        stopped=result.stopped,
        seed=seed,
        epochs=result.epochs,
        seconds=result.seconds,
        compile_seconds=result.compile_seconds,
        evaluations=result.evaluations,
        symbols={name: symbol for name, symbol in symbol_names(names).items() if name != symbol},
        warnings=_warnings(best, problem.dataset),
        target_name=problem.dataset.target_name,
        feature_names=names,
    )


def _law(candidate: Candidate, problem: Problem) -> Law:
    return Law(
        tree=candidate.expression,
        feature_names=problem.dataset.feature_names,
        complexity=candidate.complexity,
        loss=candidate.loss,
        r2=_r2(candidate.expression, problem.train),
        r2_heldout=None if problem.heldout is None else _r2(candidate.expression, problem.heldout),
        found_by=candidate.found_by,
    )


def _r2(expression: Expression, dataset: Dataset) -> float:
    return r_squared(dataset.target, evaluate(expression, dataset.features), dataset.weights)


def _warnings(best: Law, dataset: Dataset) -> tuple[str, ...]:
    found = []
    for name, column in zip(dataset.feature_names, dataset.features.T, strict=True):
        if np.all(column == column[0]):
            found.append(f"the feature {name!r} is the same in every row; nothing can be learned about it")
    count = len(best.constants)
    if 2 * count > dataset.n_rows:
        found.append(f"the law has {count} constants for {dataset.n_rows} rows; it may just interpolate")
    if not best.tree.features:
        found.append("no law better than a constant was found; do the features determine the target?")
    if best.r2_heldout is not None and best.r2 - best.r2_heldout > 0.1:
        found.append(
            f"on held-out rows the law explains less (R2 {best.r2_heldout:.3g}) "
            f"than on those it was fitted to (R2 {best.r2:.3g}); do not trust it far"
        )
    return tuple(found)


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
