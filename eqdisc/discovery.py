"""From a table to its law: the one call people make, and what they get back."""

import os
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module

import numpy as np

from eqdisc.data.dataset import Dataset
from eqdisc.data.scale import Scaling
from eqdisc.engine.reference import evaluate
from eqdisc.errors import DataError, OptionError
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import DEFAULT_OPERATORS, Macro, OperatorSet
from eqdisc.interop.sympy_bridge import symbol_names
from eqdisc.problem import Problem
from eqdisc.result import Law, Result
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.loss import r_squared
from eqdisc.scoring.uncertainty import error_bars
from eqdisc.search.engine import Budget, Search, SearchResult
from eqdisc.search.observer import Observer
from eqdisc.search.proposer import Proposer
from eqdisc.search.working_units import InWorkingUnits

# Strategies by name, in the order they take their turns: those that need no compilation answer first.
PROPOSERS: Mapping[str, tuple[str, str]] = {
    "closed_form": ("eqdisc.proposers.closed_form", "ClosedForm"),
    "gp": ("eqdisc.proposers.gp", "GeneticProgramming"),
}
DEFAULT_PROPOSERS = tuple(PROPOSERS)


class Discovery(Result):
    """A `Result` with the doors to files and pages."""


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
        target_unit=problem.dataset.target_unit,
        feature_units=problem.dataset.feature_units,
        ranges=tuple((float(column.min()), float(column.max())) for column in problem.dataset.features.T),
        n_rows=problem.dataset.n_rows,
        notes=problem.dataset.notes,
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
        error_bars=error_bars(candidate.expression, problem.dataset),
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
