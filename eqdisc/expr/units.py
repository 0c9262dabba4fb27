"""Dimensions as rational exponent vectors, and their way through an expression."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from eqdisc.errors import InputError
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, VARIABLE, Operator, row_of

#: Symbols of the seven base units of the SI, in the order of the exponents.
BASE_UNITS = ("m", "kg", "s", "A", "K", "mol", "cd")


class UnitError(InputError):
    """An expression adds metres to seconds, or the like."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """Exponents of the SI base units m, kg, s, A, K, mol, cd; exact fractions.

    >>> speed = Dimension.of(m=1, s=-1)
    >>> print(speed**2, "|", (speed / speed).is_dimensionless)
    m^2 s^-2 | True
    """

    exponents: tuple[Fraction, ...] = (Fraction(0),) * len(BASE_UNITS)

    def __post_init__(self) -> None:
        if len(self.exponents) != len(BASE_UNITS):
            raise ValueError(f"a dimension has {len(BASE_UNITS)} exponents, got {len(self.exponents)}")
        object.__setattr__(self, "exponents", tuple(Fraction(k) for k in self.exponents))

    @staticmethod
    def of(**exponents: int | Fraction) -> "Dimension":
        """From base units by symbol, as in Dimension.of(m=1, s=-2); ValueError for another symbol."""
        unknown = set(exponents) - set(BASE_UNITS)
        if unknown:
            raise ValueError(f"unknown base units {sorted(unknown)}; known are {', '.join(BASE_UNITS)}")
        return Dimension(tuple(Fraction(exponents.get(unit, 0)) for unit in BASE_UNITS))

    @property
    def is_dimensionless(self) -> bool:
        return not any(self.exponents)

    def __mul__(self, other: "Dimension") -> "Dimension":
        return Dimension(tuple(a + b for a, b in zip(self.exponents, other.exponents, strict=True)))

    def __truediv__(self, other: "Dimension") -> "Dimension":
        return Dimension(tuple(a - b for a, b in zip(self.exponents, other.exponents, strict=True)))

    def __pow__(self, power: int | Fraction) -> "Dimension":
        return Dimension(tuple(a * power for a in self.exponents))

    def __str__(self) -> str:
        parts = [
            unit if k == 1 else f"{unit}^{k}" for unit, k in zip(BASE_UNITS, self.exponents, strict=True) if k
        ]
        return " ".join(parts) or "1"


DIMENSIONLESS = Dimension()

#: A dimension, or None where any will do (a constant that carries whatever unit is needed).
MaybeDimension = Dimension | None


def propagate(
    expression: Expression,
    features: Sequence[MaybeDimension],
    constants: Literal["free", "dimensionless"] = "free",
) -> MaybeDimension:
    """Dimension of an expression from those of its features.

    A feature of dimension None and, by default, every constant may carry any unit; the result is None where
    it may therefore have any. UnitError where units do not fit, or a dimensional base has an exponent that is
    no number.

    >>> metre, second = Dimension.of(m=1), Dimension.of(s=1)
    >>> x, t = Expression.variable(0), Expression.variable(1)
    >>> print(propagate(x / t**2.0, [metre, second]))
    m s^-2
    >>> propagate(x + t, [metre, second])
    Traceback (most recent call last):
    eqdisc.expr.units.UnitError: 'add' joins m and s in x0 + x1
    """
    needed = max(expression.features, default=-1) + 1
    if needed > len(features):
        raise ValueError(f"the expression reads {needed} features, got units of {len(features)}")
    stack: list[tuple[MaybeDimension, float | None]] = []  # dimension and, for a number, its value
    for node, (code, payload) in enumerate(zip(expression.codes, expression.payload, strict=True)):
        if code == VARIABLE:
            stack.append((features[int(payload)], None))
        elif code == CONSTANT:
            stack.append((None if constants == "free" else DIMENSIONLESS, payload))
        else:
            row = row_of(code)
            operands = stack[-row.arity :]
            del stack[-row.arity :]
            try:
                dimension = _joined(row, [unit for unit, _ in operands], operands[-1][1])
            except UnitError as error:
                raise UnitError(f"{error} in {expression.subtree(node)}") from None
            stack.append((dimension, _number(row, [value for _, value in operands])))
    return stack[0][0]


def _number(row: Operator, values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    with np.errstate(all="ignore"):
        return float(row.evaluate(*(np.float64(value) for value in known)))


def _joined(row: Operator, units: list[MaybeDimension], last: float | None) -> MaybeDimension:
    rule, first = row.units, units[0]
    if isinstance(rule, Fraction):
        return None if first is None else first**rule
    if rule in ("product", "quotient"):
        a, b = units
        if a is None or b is None:
            return None
        return a * b if rule == "product" else a / b
    if rule == "pow":
        return _power(first, units[1], last)
    if rule == "same":
        return _same(row, units)
    if rule == "where":
        return _same(row, units[1:])
    if rule == "ratio":
        _same(row, units)
    elif rule == "dimensionless":
        for unit in units:
            _require_dimensionless(unit, f"'{row.name}' takes numbers without a unit, got {unit}")
    return DIMENSIONLESS


def _same(row: Operator, units: list[MaybeDimension]) -> MaybeDimension:
    known = [unit for unit in units if unit is not None]
    for unit in known[1:]:
        if unit != known[0]:
            raise UnitError(f"'{row.name}' joins {known[0]} and {unit}")
    return known[0] if known else None


def _power(base: MaybeDimension, exponent: MaybeDimension, value: float | None) -> MaybeDimension:
    _require_dimensionless(exponent, f"an exponent has the unit {exponent}")
    if base is None or base.is_dimensionless:
        return base
    if value is None or not np.isfinite(value):
        raise UnitError(f"'pow' raises {base} to a power that is no number")
    return base ** _rational(value)


def _rational(value: float) -> Fraction:
    """1/3 for 0.333...: the simple fraction that rounds to the value, else the value itself."""
    simple = Fraction(value).limit_denominator(1000)
    return simple if abs(float(simple) - value) <= 1e-14 * abs(value) else Fraction(value)


def _require_dimensionless(unit: MaybeDimension, complaint: str) -> None:
    if unit is not None and not unit.is_dimensionless:
        raise UnitError(complaint)


@dataclass(frozen=True)
class UnitRules:
    """The dimensions that laws have to respect.

    features  : dimension of each feature; None where nothing is known, and any will do
    target    : that of the target, likewise
    constants : "free": a number carries whatever unit is needed; "dimensionless": numbers are mere numbers

    >>> metre, second = Dimension.of(m=1), Dimension.of(s=1)
    >>> rules = UnitRules((metre, second), metre / second, "dimensionless")
    >>> x, t = Expression.variable(0), Expression.variable(1)
    >>> rules.admit(x / t), rules.admit(x * t), rules.admit(x + t)
    (True, False, False)
    """

    features: tuple[MaybeDimension, ...]
    target: MaybeDimension
    constants: Literal["free", "dimensionless"] = "free"

    def admit(self, expression: Expression) -> bool:
        """Whether units hold within the expression and it has, or may have, that of the target."""
        try:
            found = propagate(expression, self.features, self.constants)
        except UnitError:
            return False
        return found is None or self.target is None or found == self.target


def remainder(target: Dimension, dimensions: Sequence[Dimension]) -> Dimension:
    """What is left of a dimension after the best that powers of others can do; dimensionless: they make it.

    >>> metre, second, newton = Dimension.of(m=1), Dimension.of(s=1), Dimension.of(m=1, kg=1, s=-2)
    >>> print(remainder(metre / second**2, [metre, second]), "|", remainder(newton, [metre, second]))
    1 | kg
    """
    left, rows = list(target.exponents), _echelon([list(each.exponents) for each in dimensions])
    for pivot, row in rows:
        factor = left[pivot]
        left = [a - factor * b for a, b in zip(left, row, strict=True)]
    return Dimension(tuple(left))


def constant_dimensions(expression: Expression, rules: UnitRules) -> tuple[MaybeDimension, ...]:
    """The dimension that each constant must have, in postfix order; None where any would do.

    Sums need equal dimensions, products add them, functions and exponents take numbers: linear equations
    for the exponents, solved exactly. All None where they have no solution. Where constants are mere
    numbers, all are dimensionless.

    >>> from eqdisc.expr.parse import parse
    >>> metre, second = Dimension.of(m=1), Dimension.of(s=1)
    >>> law = parse("2.5*x + 3*exp(-t/7)*t", ["x", "t"])
    >>> print(*constant_dimensions(law, UnitRules((metre, second), metre)))
    1 m s^-1 s
    """
    if rules.constants == "dimensionless":
        return (DIMENSIONLESS,) * len(expression.constants)
    found = constant_exponents(
        expression,
        [None if unit is None else unit.exponents for unit in rules.features],
        None if rules.target is None else rules.target.exponents,
        len(BASE_UNITS),
    )
    return tuple(None if exponents is None else Dimension(exponents) for exponents in found)


#: Exponents of whatever units are measured in; all vectors of one calculation have the same length.
Exponents = tuple[Fraction, ...]


def constant_exponents(
    expression: Expression,
    features: Sequence[Exponents | None],
    target: Exponents | None,
    length: int,
    numbers: Sequence[bool] = (),
) -> tuple[Exponents | None, ...]:
    """As `constant_dimensions`, over any base units: (length,) exponents of each feature and the target.

    numbers : which constants are taken for mere numbers, as far as that can be: the 2 of m*v**2/2
    """
    equations = _Equations(expression, features, length)
    root = equations.root()
    if target is not None:
        equations.add(root, _Monomial({}, target))
    solution = equations.solution([i for i, is_number in enumerate(numbers) if is_number])
    return tuple(solution.get(("constant", i)) for i in range(len(expression.constants)))


_Unknown = tuple[Literal["constant", "feature"], int]


@dataclass(frozen=True, slots=True)
class _Monomial:
    """A unit as a product of powers of unknown ones, times a known one."""

    powers: dict[_Unknown, Fraction]
    known: Exponents

    def times(self, other: "_Monomial", power: Fraction = Fraction(1)) -> "_Monomial":
        powers = dict(self.powers)
        for unknown, k in other.powers.items():
            powers[unknown] = powers.get(unknown, Fraction(0)) + power * k
        known = tuple(a + power * b for a, b in zip(self.known, other.known, strict=True))
        return _Monomial({unknown: k for unknown, k in powers.items() if k}, known)


class _Equations:
    """The equations between units that an expression asks for."""

    def __init__(self, expression: Expression, features: Sequence[Exponents | None], length: int) -> None:
        self._expression = expression
        self._features = features
        self._one = _Monomial({}, (Fraction(0),) * length)
        self._zeros: list[_Monomial] = []  # products that must have no unit

    def add(self, left: _Monomial, right: _Monomial) -> None:
        """Both have the same unit."""
        self._zeros.append(left.times(right, Fraction(-1)))

    def root(self) -> _Monomial:
        """The unit of the whole; the equations within are added."""
        stack: list[tuple[_Monomial, float | None]] = []
        constants = 0
        for code, payload in zip(self._expression.codes, self._expression.payload, strict=True):
            if code == VARIABLE:
                stack.append((self._leaf("feature", int(payload)), None))
            elif code == CONSTANT:
                stack.append((self._leaf("constant", constants), payload))
                constants += 1
            else:
                row = row_of(code)
                operands = stack[-row.arity :]
                del stack[-row.arity :]
                unit = self._joined(row, [unit for unit, _ in operands], operands[-1][1])
                stack.append((unit, _number(row, [value for _, value in operands])))
        return stack[0][0]

    def solution(self, numbers: Sequence[int]) -> dict[_Unknown, Exponents]:
        """The unknown units that the equations determine; none where they contradict each other."""
        zeros = [_Monomial({("constant", i): Fraction(1)}, self._one.known) for i in numbers]
        return self._solved([*self._zeros, *zeros]) or (self._solved(self._zeros) if numbers else {})

    def _solved(self, zeros: list[_Monomial]) -> dict[_Unknown, Exponents]:
        unknowns = list(dict.fromkeys(unknown for zero in zeros for unknown in zero.powers))
        rows = [
            [*(zero.powers.get(unknown, Fraction(0)) for unknown in unknowns), *zero.known] for zero in zeros
        ]
        solved = {}
        for pivot, row in _echelon(rows):
            if pivot >= len(unknowns):
                return {}
            if not any(row[pivot + 1 : len(unknowns)]):
                solved[unknowns[pivot]] = tuple(-k for k in row[len(unknowns) :])
        return solved

    def _leaf(self, kind: Literal["constant", "feature"], index: int) -> _Monomial:
        known = self._features[index] if kind == "feature" else None
        return (
            _Monomial({(kind, index): Fraction(1)}, self._one.known)
            if known is None
            else _Monomial({}, known)
        )

    def _joined(self, row: Operator, units: list[_Monomial], last: float | None) -> _Monomial:
        rule, first = row.units, units[0]
        if isinstance(rule, Fraction):
            return self._one.times(first, rule)
        if rule in ("product", "quotient"):
            return first.times(units[1], Fraction(1 if rule == "product" else -1))
        if rule == "pow":
            self.add(units[1], self._one)
            if last is not None and np.isfinite(last):
                return self._one.times(first, _rational(last))
            self.add(first, self._one)
            return self._one
        alike = units[1:] if rule == "where" else units
        if rule == "dimensionless":
            alike = [self._one, *units]
        for unit in alike[1:]:
            self.add(unit, alike[0])
        return alike[0] if rule in ("same", "where") else self._one


def _echelon(rows: list[list[Fraction]]) -> list[tuple[int, list[Fraction]]]:
    """The reduced row echelon form: pivots and their rows."""
    done: list[tuple[int, list[Fraction]]] = []
    for row in rows:
        for pivot, other in done:
            row = _without(row, pivot, other)
        pivot = next((j for j, value in enumerate(row) if value), -1)
        if pivot >= 0:
            row = [value / row[pivot] for value in row]
            done = [(j, _without(other, pivot, row)) for j, other in done] + [(pivot, row)]
    return done


def _without(row: list[Fraction], pivot: int, other: list[Fraction]) -> list[Fraction]:
    factor = row[pivot]
    return [a - factor * b for a, b in zip(row, other, strict=True)] if factor else row
