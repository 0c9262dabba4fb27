"""A function of the target that is a polynomial or a simple rational function of one input.

`u(y) = a + b x`, `a + b x + c x**2` or `(a + b x) / (1 + c x)` with functions a, b, c of the other inputs, as
in 1/y = (1 + v cos(t)) / sqrt(1 - v**2), linear in the cosine. Multiplied out each is linear in polynomials
of the other inputs times powers of x (and of x y): one least-squares problem. The statistic is the error of
left-out rows, against that of a polynomial of any degree: where the form holds, fewer terms reach higher
degrees in the other inputs. Of one other input alone polynomials take few columns and go on to degrees that
follow even log(1 + x**2), which has poles near the axis.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import comb, sqrt

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.data.resolution import DOUBLE
from eqdisc.expr.expression import Expression
from eqdisc.expr.units import UnitRules
from eqdisc.problem import Problem
from eqdisc.proposers.structure.hypothesis import FLOOR, MOST_LOST, Hypothesis, variables
from eqdisc.proposers.structure.separating import OUTER, Aim, Outer
from eqdisc.search.reduction import substituted, written
from eqdisc.search.surrogate import HIGHEST, MOST_COLUMNS, ROWS_PER_COLUMN, scaled, terms_of
from eqdisc.search.view import View

#: Degrees in the only other input beyond `HIGHEST`, where that one follows the target better than this share.
BEYOND, PROMISING = (17, 21, 26, 32, 40, 50, 60), 1e-2
CLEAR = 1e-5  # share missed above which the coefficients are known too badly to be laws of their own
BEYOND_ERROR = 8.0  # times its error; a part that varies less is a number
PLAUSIBLE = 3.0  # times the deviation that the left-out rows tell: what a polynomial misses is no noise
MOST_OUTER = 4
NEAR_POLE = 1e-3  # a denominator that comes so near to zero, relative to its size, says nothing
UNSURE = 0.1  # nor does one whose error is so large, relative to it


@dataclass(frozen=True)
class Form:
    """Powers of the input above, and below beside one; functions of the target that it is tried with."""

    name: str
    above: int
    below: int
    outer: tuple[Outer, ...]


LINEAR = Form("linear", 1, 0, OUTER[:MOST_OUTER])
FORMS = (
    LINEAR,
    Form("quadratic", 2, 0, OUTER[:1]),
    Form("rational", 1, 1, OUTER[:1]),
)


@dataclass(frozen=True, eq=False)
class Axis:
    """What the target is a polynomial in: an input, or a function of one.

    input   : its number
    values  : (n,) at the rows
    written : in terms of all inputs
    """

    input: int
    values: FloatArray
    written: Expression


@dataclass(frozen=True, eq=False)
class Coefficient:
    """A function of the other inputs: (n,) estimates and (n,) their errors."""

    values: FloatArray
    errors: FloatArray

    @property
    def number(self) -> float | None:
        """The number that it is, as far as its errors tell; None where it varies."""
        if np.all(np.abs(self.values) <= BEYOND_ERROR * self.errors):
            return 0.0
        middle = float(np.median(self.values))
        return middle if np.all(np.abs(self.values - middle) <= BEYOND_ERROR * self.errors) else None


@dataclass(frozen=True, eq=False)
class Polynomial:
    """A target that is `undo` of a polynomial in one input, or a function of one, over 1 + such a polynomial
    without constant.

    input : its number; of : it, or the function, in terms of the k inputs
    above : coefficients of the powers from 0; below : of those from 1
    rows  : the table these belong to
    undo  : the target, in terms of the k inputs and the fraction as variable k
    """

    input: int
    of: Expression
    above: tuple[Coefficient, ...]
    below: tuple[Coefficient, ...]
    rows: Dataset
    undo: Expression

    def problems(self, problem: Problem) -> tuple[Problem, ...]:
        """One for each coefficient that is not a number."""
        others = self._others
        table = self.rows.select([self.rows.feature_names[j] for j in others])
        units = problem.units
        if units is not None:
            units = UnitRules(tuple(units.features[j] for j in others), None, units.constants)
        made: list[Problem] = []
        for part in (*self.above, *self.below):
            if part.number is not None:
                continue
            found = replace(
                table,
                target=part.values,
                # As for the parts of a sum: an error spread evenly has this half-unit.
                target_resolution=sqrt(3.0) * part.errors + np.abs(part.values) * DOUBLE,
                sigma=None,
                target_unit=None,
            )
            made.append(Problem(found, found, None, problem.operators, problem.max_size, units=units))
        return tuple(made)

    def inputs(self, place: int) -> tuple[Expression, ...]:
        """All but the one, for every coefficient."""
        return tuple(Expression.variable(j) for j in self._others)

    def combine(self, problem: Problem, laws: Sequence[Expression]) -> Expression | None:
        """The fraction, undone."""
        found = iter(laws)
        above = self._sum(self.above, 0, found)
        below = self._sum(self.below, 1, found)
        if above is None:
            return None
        fraction = above if below is None else above / (1.0 + below)
        return written(substituted(self.undo, [*variables(self.rows.n_features), fraction]), problem)

    @property
    def _others(self) -> list[int]:
        return [j for j in range(self.rows.n_features) if j != self.input]

    def _sum(self, parts: Sequence[Coefficient], first: int, laws: Iterator[Expression]) -> Expression | None:
        """Coefficients times powers from the first on; None where all are zero."""
        x, others = self.of, [Expression.variable(j) for j in self._others]
        total: Expression | None = None
        for power, part in enumerate(parts, first):
            number = part.number
            if number == 0.0:
                continue
            factor = substituted(next(laws), others) if number is None else Expression.constant(number)
            term = factor if power == 0 else factor * (x if power == 1 else Expression.apply("square", x))
            total = term if total is None else total + term
        return total


def polynomial_inputs(view: View, rows: Dataset) -> list[Hypothesis]:
    """Inputs that a function of the target is a simple function of, those that predict left-out rows best
    first.

    rows : the rows of the view
    """
    k = view.features.shape[1]
    if k < 2:
        return []
    found: list[Hypothesis] = []
    for aim in (outer.of(rows) for outer in OUTER[:MOST_OUTER]):
        if aim is None or aim.unknown > CLEAR:
            continue
        most = most_missed(view, aim)
        for j in range(k):
            axis = Axis(j, view.features[:, j], Expression.variable(j))
            for form in (form for form in FORMS if aim.outer in form.outer):
                laid = laid_form(view, aim, axis, form)
                if laid is None or laid.share > most:
                    continue
                made = reduction_of(rows, aim, form, laid)
                if made is not None:
                    kind = f"{form.name}, {aim.outer.name}"
                    found.append(Hypothesis(made, kind, laid.share, laid.share))
                break  # a simpler form of this input holds
    return sorted(found, key=lambda h: h.share)


def most_missed(view: View, aim: Aim) -> float:
    """The share that left-out rows may be missed by where a form holds."""
    return min(MOST_LOST * max(view.laid(aim.values).share, aim.unknown) + FLOOR**2, CLEAR)


@dataclass(frozen=True, eq=False)
class LaidForm:
    """Least squares of one form: (n, m) polynomials of the others, (m, c) coefficients, (p, p) the root of
    their covariance, the share of variance that left-out rows are missed by."""

    axis: Axis
    basis: FloatArray
    coefficients: FloatArray
    spread: FloatArray
    share: float


def laid_form(view: View, aim: Aim, axis: Axis, form: Form) -> LaidForm | None:
    """The form with polynomials of the degree that predicts left-out rows best."""
    others = np.delete(view.coordinates, axis.input, axis=1)
    count = 1 + form.above + form.below
    allowed = min(MOST_COLUMNS, aim.values.size // ROWS_PER_COLUMN)
    best: LaidForm | None = None
    worse = 0
    for degree in (*range(1, HIGHEST + 1), *(BEYOND if others.shape[1] == 1 else ())):
        if worse > 1 or count * comb(others.shape[1] + degree, degree) > allowed:
            break
        if degree > HIGHEST and (best is None or best.share > PROMISING):
            break
        made = _solved(axis, terms_of(others, degree), aim.values, form)
        if made is not None and (best is None or made.share < best.share):
            best, worse = made, 0
        else:
            worse += 1
    return best


def _solved(axis: Axis, basis: FloatArray, aim: FloatArray, form: Form) -> LaidForm | None:
    """One degree; a fraction twice, the second time weighted by its denominator (Sanathanan and Koerner,
    1963), so that the error is that of the target."""
    weight = np.ones(aim.size)
    x = scaled(axis.values[:, None])[:, 0]
    powers = [x**power for power in range(form.above + 1)]
    powers += [-(x**power) * aim for power in range(1, form.below + 1)]
    design = np.hstack([basis * power[:, None] for power in powers])
    for _ in range(1 + (form.below > 0)):
        orthogonal, triangle = np.linalg.qr(design / weight[:, None])
        size = np.abs(np.diag(triangle))
        if np.min(size) < 1e-12 * np.max(size):
            return None
        inner = orthogonal.T @ (aim / weight)
        solution = np.linalg.solve(triangle, inner)
        leverage = np.minimum(np.sum(orthogonal**2, axis=1), 1.0 - 1e-6)
        missed = (aim / weight - orthogonal @ inner) / (1.0 - leverage)
        coefficients = solution.reshape(len(powers), -1).T
        below = np.ones(aim.size)
        for power in range(form.below):
            below = below + (basis @ coefficients[:, form.above + 1 + power]) * x ** (power + 1)
        if np.min(np.abs(below)) < NEAR_POLE * np.max(np.abs(below)):
            return None
        previous, weight = weight, below
    share = float(np.mean((missed * previous / below) ** 2) / np.var(aim))
    deviation = PLAUSIBLE * sqrt(float(np.mean(missed**2))) + 1e-15
    return LaidForm(axis, basis, coefficients, deviation * np.linalg.inv(triangle), share)


def reduction_of(rows: Dataset, aim: Aim, form: Form, laid: LaidForm) -> Polynomial | None:
    """The form as smaller problems; None where a coefficient is not finite or nothing is left to find.

    rows : the rows of the view
    """
    with np.errstate(all="ignore"):
        parts = _coefficients(aim, form, laid)
    numbers = [part.number for part in parts]
    if None not in numbers or not any(number != 0.0 for number in numbers[1:]):
        return None  # nothing is left to find, or the input does not matter
    undo = aim.outer.undo(Expression.variable(rows.n_features))
    above, below = tuple(parts[: form.above + 1]), tuple(parts[form.above + 1 :])
    return Polynomial(laid.axis.input, laid.axis.written, above, below, rows, undo)


def _coefficients(aim: Aim, form: Form, laid: LaidForm) -> list[Coefficient]:
    """Coefficients of powers of the axis in the place of those of its coordinate; none where they are not
    finite or a denominator says nothing."""
    column = laid.axis.values
    low, high = float(np.min(column)), float(np.max(column))
    half, middle = 0.5 * (high - low), 0.5 * (high + low)
    count = laid.coefficients.shape[1]
    # Rows of `change` are powers of the input, columns those of the coordinate (x - middle) / half.
    above = _change(form.above, half, middle)
    below = _change(form.below, half, middle)
    mixed = np.zeros((count, count))
    mixed[: form.above + 1, : form.above + 1] = aim.size * above
    mixed[form.above + 1 :, form.above + 1 :] = below[1:, 1:]
    fitted = laid.basis @ laid.coefficients
    where_zero = np.concatenate([np.zeros(form.above + 1), below[0, 1:]])
    one = 1.0 + fitted @ where_zero  # the denominator where the input is zero
    unsure = _errors(laid, np.tile(where_zero, (aim.values.size, 1)))
    if np.min(np.abs(one)) < NEAR_POLE * np.max(np.abs(one)) or np.any(unsure > UNSURE * np.abs(one)):
        return []
    values = fitted @ mixed.T / one[:, None]
    errors = np.empty_like(values)
    for c in range(count):  # of a fraction, to first order
        errors[:, c] = _errors(laid, (mixed[c] - values[:, [c]] * where_zero) / one[:, None])
    if not (np.isfinite(values).all() and np.isfinite(errors).all()):
        return []
    return [Coefficient(values[:, c], errors[:, c]) for c in range(count)]


def _errors(laid: LaidForm, factors: FloatArray) -> FloatArray:
    """(n,) standard deviations of sums of (n, c) factors times the fitted functions."""
    terms = np.hstack([laid.basis * factor[:, None] for factor in factors.T])
    deviations: FloatArray = np.sqrt(np.sum((terms @ laid.spread) ** 2, axis=1))
    return deviations


def _change(degree: int, half: float, middle: float) -> FloatArray:
    """(degree + 1, degree + 1) powers of (x - middle) / half, as columns, in powers of x."""
    change = np.zeros((degree + 1, degree + 1))
    for power in range(degree + 1):
        for low in range(power + 1):
            change[low, power] = comb(power, low) * (-middle / half) ** (power - low) / np.power(half, low)
    return change
