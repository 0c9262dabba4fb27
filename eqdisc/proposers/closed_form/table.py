"""What the families of closed forms look at: some rows, the inputs that matter, the way to write."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.data.dataset import Dataset
from eqdisc.expr.expression import Expression
from eqdisc.problem import Problem
from eqdisc.proposers.closed_form.builder import ONE, Builder
from eqdisc.proposers.closed_form.library import Library, sum_terms, tabulate
from eqdisc.proposers.closed_form.selection import Design
from eqdisc.search.sample import sample

NEGLIGIBLE = 1e-11  # of the target's spread: an intercept this small is rounding


@dataclass(frozen=True)
class Table:
    """A sample of the training rows.

    rows      : the sample
    ranking   : all inputs by number, those most related to the target first
    variables : the first of them
    max_terms : columns a library may have, so that the work is bounded
    """

    rows: Dataset
    ranking: IntArray
    variables: tuple[Expression, ...]
    builder: Builder
    max_terms: int

    @classmethod
    def of(cls, problem: Problem, max_rows: int, max_variables: int, max_terms: int) -> "Table":
        """The table of a problem's training rows."""
        rows = sample(problem.train, max_rows)
        known = problem.prior.relevance
        related = _relation(rows.features, rows.target) if known is None else np.array(known)
        ranking = np.argsort(-related, kind="stable")
        variables = tuple(Expression.variable(int(j)) for j in ranking[:max_variables])
        return cls(rows, ranking, variables, Builder(problem.operators), max_terms)

    @property
    def features(self) -> FloatArray:
        """(n, k)."""
        return self.rows.features

    @property
    def target(self) -> FloatArray:
        """(n,)."""
        return self.rows.target

    @cached_property
    def sum_library(self) -> Library:
        """What sums are made of."""
        return tabulate(sum_terms(self.variables, self.builder), self.features, self.max_terms)

    @cached_property
    def sum_design(self) -> Design:
        """The columns of the library for sums."""
        return Design(self.sum_library.columns)

    def combination(
        self, coefficients: Sequence[float], terms: Sequence[Expression], intercept: float, spread: float
    ) -> Expression | None:
        """The sum of coefficient * term and the intercept, unless that is negligible beside `spread`."""
        if abs(intercept) <= NEGLIGIBLE * spread:
            return self.builder.combination(coefficients, terms)
        return self.builder.combination([*coefficients, intercept], [*terms, ONE])


def _relation(features: FloatArray, target: FloatArray) -> FloatArray:
    """(k,) strongest correlation of simple functions of each feature with the target or its logarithm."""
    with np.errstate(all="ignore"):
        shapes = (features, features**2, 1.0 / features, np.log(np.abs(features)), np.sin(features))
        targets = (target, np.log(np.abs(target)))
        relations = [_correlation(shape, aim) for shape in shapes for aim in targets]
    strongest: FloatArray = np.max(relations, axis=0)
    return strongest


def _correlation(columns: FloatArray, target: FloatArray) -> FloatArray:
    """(k,) absolute correlations; zero where a value is not finite or nothing varies."""
    if not np.isfinite(target).all():
        return np.zeros(columns.shape[1])
    usable = np.isfinite(columns).all(axis=0)
    centred = np.where(usable, columns, 0.0)
    centred = centred - np.mean(centred, axis=0)
    aim = target - np.mean(target)
    norms = np.sqrt(np.sum(centred**2, axis=0) * np.sum(aim**2))
    correlations: FloatArray = np.abs(centred.T @ aim) / np.where(norms > 0.0, norms, np.inf)
    return correlations
