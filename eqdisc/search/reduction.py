"""Smaller problems made of a problem, and the way their laws are put together again.

A strategy that sees structure in a table (an input that only multiplies, two inputs that only count as their
ratio, a sum of parts that share no input) writes it down as a reduction and leaves the smaller problem to
whoever solves problems: the solver is passed in.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from itertools import islice, product
from math import sqrt
from operator import add, mul
from typing import Protocol

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.data.resolution import DOUBLE
from eqdisc.data.scale import Scaling
from eqdisc.engine.sensitivity import sensitivity
from eqdisc.expr.expression import Expression
from eqdisc.expr.format import format_expression
from eqdisc.expr.operators import VARIABLE
from eqdisc.expr.simplify import simplify
from eqdisc.expr.units import MaybeDimension, UnitError, UnitRules, propagate
from eqdisc.problem import Problem
from eqdisc.search.optimum import Optimum, optimum
from eqdisc.search.sample import sample
from eqdisc.search.spelling import allowed_codes, respell

#: Finds laws of a problem, the most convincing first.
Solver = Callable[[Problem], Sequence[Expression]]

MOST_COMBINED = 9  # ways to put the laws of several parts together
REFITTED_ROWS = 1000

ONE = Expression.constant(1.0)


class Reduction(Protocol):
    """A problem as smaller ones, and back; `undo` is the way back to the target."""

    @property
    def undo(self) -> Expression: ...

    def problems(self, problem: Problem) -> tuple[Problem, ...]:
        """The smaller problems; none where the table or the units do not allow them."""
        ...

    def inputs(self, place: int) -> tuple[Expression, ...]:
        """Those of the smaller problem at a place, in terms of the inputs of the problem."""
        ...

    def combine(self, problem: Problem, laws: Sequence[Expression]) -> Expression | None:
        """The law of the problem from one law for each smaller problem; None where the operators that the
        problem allows cannot write it."""
        ...


@dataclass(frozen=True)
class ChangeOfVariables:
    """Other inputs and another target.

    coordinates : the new inputs, in terms of the k old ones
    target      : the new target, in terms of the old inputs and the old target as variable k
    undo        : the old target, in terms of the old inputs and the new target as variable k

    >>> x, y = Expression.variable(0), Expression.variable(1)
    >>> table = Dataset.of([[1.0, 2.0], [2.0, 5.0], [3.0, 1.0], [4.0, 2.0]], [3.0, 14.0, 6.0, 12.0])
    >>> from eqdisc.expr.operators import OperatorSet
    >>> problem = Problem.of(table, OperatorSet.of("add", "mul"), max_size=9, seed=0)
    >>> target = Expression.variable(2)
    >>> change = ChangeOfVariables((y,), target / x, x * target)       # the first input only multiplies
    >>> (smaller,) = change.problems(problem)
    >>> smaller.dataset.features.ravel().tolist(), smaller.dataset.target.tolist()
    ([2.0, 5.0, 1.0, 2.0], [3.0, 7.0, 2.0, 3.0])
    >>> str(change.combine(problem, [Expression.variable(0) + 1.0]))
    'x0*(x1 + 1)'
    """

    coordinates: tuple[Expression, ...]
    target: Expression
    undo: Expression

    def problems(self, problem: Problem) -> tuple[Problem, ...]:
        """The one smaller problem; none where a value is not finite, the new target constant, or units do
        not hold."""
        units = None
        if problem.units is not None:
            units = self.smaller_units(problem.units)
            if units is None:
                return ()
        train = self._table(problem.train)
        dataset = train if problem.dataset is problem.train else self._table(problem.dataset)
        heldout = None if problem.heldout is None else self._table(problem.heldout)
        if train is None or dataset is None or (heldout is None and problem.heldout is not None):
            return ()
        return (Problem(dataset, train, heldout, problem.operators, problem.max_size, units=units),)

    def inputs(self, place: int) -> tuple[Expression, ...]:
        """The coordinates; there is one place."""
        return self.coordinates

    def combine(self, problem: Problem, laws: Sequence[Expression]) -> Expression | None:
        """The law with the old inputs put in."""
        (law,) = laws
        variables = [Expression.variable(j) for j in range(problem.dataset.n_features)]
        inner = substituted(law, self.coordinates)
        return written(substituted(self.undo, [*variables, inner]), problem)

    def _table(self, table: Dataset) -> Dataset | None:
        both = np.column_stack([table.features, table.target])
        given = np.vstack([table.feature_resolution, table.target_resolution])
        columns = [_computed(coordinate, both, given) for coordinate in self.coordinates]
        aim = _computed(self.target, both, given)
        if aim is None or not columns or np.all(aim[0] == aim[0][0]):
            return None
        known = [column for column in columns if column is not None]
        if len(known) < len(columns):
            return None
        sigma = None
        if table.sigma is not None:
            slope = sensitivity(self.target, both)
            place = slope.read.index(table.n_features) if table.n_features in slope.read else None
            sigma = None if place is None else table.sigma * np.abs(slope.features[:, place])
            if sigma is None or not np.all((sigma > 0.0) & np.isfinite(sigma)):
                return None
        names = [format_expression(e, (*table.feature_names, table.target_name)) for e in self.coordinates]
        return replace(
            table,
            features=np.ascontiguousarray(np.column_stack([values for values, _ in known])),
            target=aim[0],
            feature_names=tuple(names),
            feature_resolution=np.stack([error for _, error in known]),
            target_resolution=aim[1],
            sigma=sigma,
            feature_units=(None,) * len(names),
            target_unit=None,
        )

    def smaller_units(self, rules: UnitRules) -> UnitRules | None:
        """Units of the new inputs and target; None where they have none, as the sum of metres and seconds."""
        dimensions: list[MaybeDimension] = [*rules.features, rules.target]
        try:
            features = [propagate(e, dimensions, rules.constants) for e in self.coordinates]
            target = propagate(self.target, dimensions, rules.constants)
        except UnitError:
            return None
        return UnitRules(tuple(features), target, rules.constants)


@dataclass(frozen=True, eq=False)
class Split:
    """A target that is `undo` of a sum, or a product, of parts which share no input; these were estimated.

    parts   : inputs of each part
    values  : (n,) of each part on the given rows
    rows    : the table these belong to
    error   : standard deviation of the estimates, in units of the sum; of factors relative to them
    undo    : the target, in terms of the k inputs and the sum, or product, as variable k
    factors : whether the parts are multiplied
    """

    parts: tuple[tuple[int, ...], ...]
    values: tuple[FloatArray, ...]
    rows: Dataset
    error: float
    undo: Expression
    factors: bool = False

    def problems(self, problem: Problem) -> tuple[Problem, ...]:
        """One problem for each part; none where a part is constant."""
        made: list[Problem] = []
        for part, values in zip(self.parts, self.values, strict=True):
            if np.ptp(values) == 0.0 or not np.isfinite(values).all():
                return ()
            size = np.abs(values) if self.factors else np.ones(values.size)
            table = replace(
                self.rows.select([self.rows.feature_names[j] for j in part]),
                target=values,
                # What an estimate does not tell counts as digits it does not have: the half-unit of an error
                # spread evenly. A law is then exact for its part when it agrees within the estimate.
                target_resolution=sqrt(3.0) * self.error * size + np.abs(values) * DOUBLE,
                sigma=None,
                target_unit=None,
            )
            units = problem.units
            if units is not None:
                units = UnitRules(tuple(units.features[j] for j in part), None, units.constants)
            made.append(Problem(table, table, None, problem.operators, problem.max_size, units=units))
        return tuple(made)

    def inputs(self, place: int) -> tuple[Expression, ...]:
        """Those of the part."""
        return tuple(Expression.variable(j) for j in self.parts[place])

    def combine(self, problem: Problem, laws: Sequence[Expression]) -> Expression | None:
        """The sum or product of the parts, undone."""
        inner = [
            substituted(law, [Expression.variable(j) for j in part])
            for part, law in zip(self.parts, laws, strict=True)
        ]
        if not inner:
            return None
        total = reduce(mul if self.factors else add, inner)
        variables = [Expression.variable(j) for j in range(problem.dataset.n_features)]
        return written(substituted(self.undo, [*variables, total]), problem)


def recombined(
    reduction: Reduction, problem: Problem, found: Sequence[Sequence[Expression]]
) -> Iterator[Optimum]:
    """The laws of a problem from those found for its parts, constants at their optimum on some of its rows.

    found : for each smaller problem its laws, the most convincing first
    Laws that the problem does not admit or that are not finite are left out.
    """
    rows = sample(problem.train, REFITTED_ROWS)
    for laws in islice(_by_rank(found), MOST_COMBINED if len(found) > 1 else None):
        law = reduction.combine(problem, laws)
        if law is not None and problem.admits(law):
            fit = optimum(law, rows)
            if np.isfinite(fit.mean_square):
                yield fit


def _by_rank(found: Sequence[Sequence[Expression]]) -> Iterator[tuple[Expression, ...]]:
    """One law of each part, those first whose ranks add up to least."""
    ranks = sorted(product(*(range(len(laws)) for laws in found)), key=lambda chosen: (sum(chosen), chosen))
    for chosen in ranks:
        yield tuple(laws[rank] for laws, rank in zip(found, chosen, strict=True))


def substituted(expression: Expression, replacements: Sequence[Expression]) -> Expression:
    """The expression with each variable j replaced by the j-th of the replacements.

    >>> x, y = Expression.variable(0), Expression.variable(1)
    >>> str(substituted(x * x, [y + 1.0]))
    '(x1 + 1)*(x1 + 1)'
    """
    codes: list[int] = []
    payload: list[float] = []
    for code, value in zip(expression.codes, expression.payload, strict=True):
        if code == VARIABLE:
            codes.extend(replacements[int(value)].codes)
            payload.extend(replacements[int(value)].payload)
        else:
            codes.append(code)
            payload.append(value)
    return Expression(tuple(codes), tuple(payload))


def written(expression: Expression, problem: Problem) -> Expression | None:
    """The expression, simplified, with the operators that the problem allows; None where they do not do."""
    allowed = allowed_codes(problem.operators)
    ways = [respell(way, allowed) for way in (simplify(expression), expression)]
    return min((way for way in ways if way is not None), key=len, default=None)


def monomial(factors: Sequence[tuple[Expression, Fraction]]) -> Expression:
    """The product of powers, positive exponents above and negative ones below.

    >>> x, y = Expression.variable(0), Expression.variable(1)
    >>> str(monomial([(x, Fraction(2)), (y, Fraction(-1, 2))]))
    'x0**2/sqrt(x1)'
    """
    above = [power(base, exponent) for base, exponent in factors if exponent > 0]
    below = [power(base, -exponent) for base, exponent in factors if exponent < 0]
    if not below:
        return _times(above)
    return _times(above) / _times(below)


def power(base: Expression, exponent: Fraction) -> Expression:
    """base**exponent for a positive exponent."""
    names = {Fraction(2): "square", Fraction(3): "cube", Fraction(1, 2): "sqrt", Fraction(1, 3): "cbrt"}
    if exponent == 1:
        return base
    if exponent in names:
        return Expression.apply(names[exponent], base)
    if exponent.denominator == 2:
        return Expression.apply("sqrt", power(base, 2 * exponent))
    return Expression.apply("pow", base, Expression.constant(float(exponent)))


def comfortable(expression: Expression, values: FloatArray) -> Expression:
    """The expression times a power of two where its values are so large or so small that numbers drawn or
    gridded around 1 would not meet them."""
    size = float(np.max(np.abs(values), initial=0.0))
    if not np.isfinite(size) or size == 0.0:
        return expression
    factor = Scaling.of(_column(values)).features[0]
    return expression if factor == 1.0 else Expression.constant(factor) * expression


def _column(values: FloatArray) -> Dataset:
    return Dataset.of(values[:, None], np.arange(float(values.size)))


def _times(factors: Sequence[Expression]) -> Expression:
    total = ONE
    for factor in factors:
        total = factor if total == ONE else total * factor
    return total


def _computed(
    expression: Expression, both: FloatArray, given: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    """(n,) values and half-units of their last digits; None where a value is not finite."""
    if expression.size == 1 and expression.features:
        place = expression.features[0]
        return both[:, place].copy(), given[place].copy()
    found = sensitivity(expression, both)
    if not np.isfinite(found.value).all():
        return None
    error = np.abs(found.value) * DOUBLE
    with np.errstate(all="ignore"):
        for slope, place in zip(found.features.T, found.read, strict=True):
            error = error + np.where(given[place] == 0.0, 0.0, np.abs(slope) * given[place])
    return found.value, np.where(np.isfinite(error), error, np.abs(found.value))
