"""Expressions the user suggests, their constants fitted."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from eqdisc.engine.fit import fit_constants
from eqdisc.errors import OptionError
from eqdisc.expr.expression import Expression
from eqdisc.expr.format import format_expression
from eqdisc.expr.parse import parse
from eqdisc.problem import Problem
from eqdisc.scoring.candidate import Candidate
from eqdisc.search.proposer import Proposals


@dataclass(frozen=True)
class Seeds:
    """Propose given expressions once: each with its constants fitted, and each with a slope and an intercept.

    expressions : texts in the names of the table's columns, or trees; numbers in them are first guesses

    A suggestion is the user's own word: it may use operators that the search may not. `start` raises
    ParseError for a text that is no expression, OptionError for a column or a size beyond the problem's.

    >>> Seeds(("a*sqrt(b)",)).name
    'seeds'
    """

    expressions: tuple[str | Expression, ...]
    name: str = "seeds"

    def start(self, problem: Problem, seed: np.random.SeedSequence, threads: int) -> "SeedsSession":
        """A session that proposes all in its only epoch; needs neither randomness nor threads."""
        names = problem.dataset.feature_names
        macros = problem.operators.macros
        trees = tuple(parse(e, names, macros) if isinstance(e, str) else e for e in self.expressions)
        for tree in trees:
            _check_admitted(tree, problem)
        return SeedsSession(problem, trees)


class SeedsSession:
    """One run of `Seeds`: exhausted after one epoch."""

    def __init__(self, problem: Problem, trees: tuple[Expression, ...]) -> None:
        self._problem = problem
        self._trees = trees

    def prepare(self) -> float:
        """Compile the fit of constants, by fitting one."""
        began = time.perf_counter()
        one = np.ones(1)
        fit_constants(Expression.constant(0.0), one[:, None], one)
        return time.perf_counter() - began

    def propose(self) -> Proposals:
        """Every expression, fitted; then nothing more."""
        train = self._problem.train
        variants = [variant for tree in self._trees for variant in self._variants(tree)]
        fits = [fit_constants(variant, train.features, train.target, train.weights) for variant in variants]
        self._trees = ()
        return Proposals(
            expressions=tuple(fit.expression for fit in fits),
            evaluations=len(fits),
            node_evaluations=sum(fit.expression.size * (fit.steps + 1) for fit in fits) * train.n_rows,
            exhausted=True,
            as_given=True,
        )

    def observe(self, candidates: Sequence[Candidate]) -> None:
        """A suggestion does not change with what others find."""

    def _variants(self, tree: Expression) -> Iterator[Expression]:
        yield tree
        scaled = _with_slope_and_intercept(tree)
        if scaled.size <= self._problem.max_size:
            yield scaled


def _with_slope_and_intercept(tree: Expression) -> Expression:
    slope, intercept = Expression.constant(1.0), Expression.constant(0.0)
    return Expression.apply("add", Expression.apply("mul", slope, tree), intercept)


def _check_admitted(tree: Expression, problem: Problem) -> None:
    n_features = problem.dataset.n_features
    if tree.features and tree.features[-1] >= n_features:
        raise OptionError(
            f"a suggested expression reads column {tree.features[-1]}, counted from 0; "
            f"the table has {n_features} features"
        )
    if tree.size > problem.max_size:
        text = format_expression(tree, problem.dataset.feature_names, digits=6)
        raise OptionError(
            f"the suggested {text} has {tree.size} nodes, the limit is {problem.max_size}; raise max_size"
        )
