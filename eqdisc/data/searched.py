"""The table that is searched where units play a part, and the way back to the columns as they were given.

Temperatures in degrees Celsius or Fahrenheit are shifted to absolute ones, and constants of nature stand
beside the features as columns of their own. A law found is written over the columns as given: `T` becomes
`T + 273.15`, and a constant of nature its number, with its name kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isclose
from typing import Literal

import numpy as np

from eqdisc.data.dataset import Dataset
from eqdisc.data.physical_constants import PhysicalConstant
from eqdisc.data.resolution import DOUBLE
from eqdisc.data.units import Unit, constant_units, units_of
from eqdisc.errors import OptionError
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import ADD, CONSTANT, SUB, VARIABLE
from eqdisc.expr.units import BASE_UNITS, Dimension, UnitRules, remainder

ConstantsMode = Literal["free", "dimensionless", "named"]
TAKEN = "_SI"  # what the name of a constant ends with where a column has its name
_SAME = 1e-9


@dataclass(frozen=True)
class Restored:
    """A law over the columns as given, with what is known of its constants, in postfix order.

    searched : the law over the columns searched
    names : those of constants of nature, else ""; fixed : which were not fitted; units : None where unknown
    """

    tree: Expression
    searched: Expression
    names: tuple[str, ...]
    fixed: tuple[bool, ...]
    units: tuple[Unit | None, ...]


@dataclass(frozen=True)
class SearchedTable:
    """What is searched instead of a table as given.

    names     : of the columns searched: the features, then the constants of nature
    shifts    : what is added to each feature
    constants : of nature
    units     : of the columns searched; None where none is known
    target    : the unit of the target
    mode      : what numbers in laws may be: of any unit, or mere numbers
    notes, warnings : what the reader should know
    """

    names: tuple[str, ...]
    shifts: tuple[float, ...]
    constants: tuple[PhysicalConstant, ...]
    units: tuple[Unit | None, ...]
    target: Unit | None
    mode: ConstantsMode
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        mode: ConstantsMode = "free",
        constants: Sequence[PhysicalConstant] = (),
        as_given: Sequence[str] = (),
    ) -> "SearchedTable":
        """For a table with its units; `as_given` names features that formulas of the user read, which are
        not shifted.

        OptionError for a target that inputs and numbers of this mode cannot make.
        """
        features, target, unread = units_of(dataset)
        notes, warnings, shifts = list(unread), list[str](), list[float]()
        if target is not None and target.offset:
            warnings.append(
                f"the target {dataset.target_name!r} is in {target.text}, which has its own zero: laws are "
                "not held to its unit; give it in kelvin"
            )
            target = None
        units: list[Unit | None] = []
        for name, unit in zip(dataset.feature_names, features, strict=True):
            shift = 0.0 if unit is None else unit.offset
            if unit is not None and shift and name in as_given:
                notes.append(
                    f"{name!r} is in {unit.text} and stands in a formula of yours: it is searched as it is, "
                    "and laws are not held to its unit"
                )
                unit, shift = None, 0.0
            elif unit is not None and shift:
                scale = "kelvin" if isclose(unit.factor, 1.0) else "degrees above absolute zero"
                notes.append(f"{name!r} is searched in {scale}: {name} + {shift:.10g} in the laws")
                unit = replace(unit, offset=0.0)
            units.append(unit)
            shifts.append(shift)
        labels = _labels(constants, (*dataset.feature_names, dataset.target_name))
        notes += [
            f"the constant of nature {constant.name} is called {label}: a column has its name"
            for constant, label in zip(constants, labels, strict=True)
            if constant.name != label
        ]
        notes += _about_factors((*dataset.feature_names, dataset.target_name), (*units, target))
        found = cls(
            (*dataset.feature_names, *labels),
            tuple(shifts),
            tuple(constants),
            (*units, *(Unit(constant.unit, constant.dimension) for constant in constants)),
            target,
            mode,
            tuple(notes),
            tuple(warnings),
        )
        if mode != "free":
            found._check_reach(dataset.target_name)
        return found

    @property
    def is_given(self) -> bool:
        """Whether the table is searched as it was given."""
        return not self.constants and not any(self.shifts)

    def rules(self) -> UnitRules | None:
        """What laws over the columns searched have to respect; None where no column has a unit.

        A column whose unit is not known may have any.
        """
        given = self.units[: len(self.shifts)]
        if self.target is None and all(unit is None for unit in given):
            return None
        return UnitRules(
            tuple(None if unit is None else unit.dimension for unit in self.units),
            None if self.target is None else self.target.dimension,
            "free" if self.mode == "free" else "dimensionless",
        )

    def apply(self, dataset: Dataset) -> Dataset:
        """The table to search.

        >>> from eqdisc.data.physical_constants import physical_constants
        >>> table = Dataset.of([[0.0], [10], [20], [40]], [1, 2, 3, 5], names=["T"], feature_units=["degC"])
        >>> searched = SearchedTable.of(table, constants=physical_constants("c")).apply(table)
        >>> searched.feature_names, searched.features[1].tolist()
        (('T', 'c'), [283.15, 299792458.0])
        """
        if self.is_given:
            return dataset
        shifted = dataset.features + np.array(self.shifts)
        values = np.array([constant.value for constant in self.constants])
        columns = np.broadcast_to(values, (dataset.n_rows, values.size))
        features = np.ascontiguousarray(np.hstack([shifted, columns]))
        resolution = np.vstack([dataset.feature_resolution, np.zeros((values.size, dataset.n_rows))])
        moved = np.array([shift != 0.0 for shift in self.shifts] + [True] * values.size)
        rounding = np.abs(features.T[moved]) * DOUBLE
        resolution[moved] = np.maximum(resolution[moved], rounding)
        return replace(
            dataset,
            features=features,
            feature_names=self.names,
            feature_resolution=resolution,
            feature_units=(*dataset.feature_units, *(constant.unit for constant in self.constants)),
        )

    def shifted(self, expression: Expression) -> Expression:
        """An expression over the columns as given as one over the columns searched.

        >>> table = Dataset.of([[0.0], [10], [20], [40]], [1, 2, 3, 5], names=["T"], feature_units=["degC"])
        >>> print(SearchedTable.of(table).shifted(2.0 * Expression.variable(0)))
        2*(x0 - 273.15)
        """
        codes: list[int] = []
        payload: list[float] = []
        for code, value in zip(expression.codes, expression.payload, strict=True):
            codes.append(code)
            payload.append(value)
            shift = self.shifts[int(value)] if code == VARIABLE and value < len(self.shifts) else 0.0
            if shift:
                codes += [CONSTANT, SUB]
                payload += [shift, 0.0]
        return Expression(tuple(codes), tuple(payload))

    def restore(self, expression: Expression, numbers: Sequence[bool] = ()) -> Restored:
        """A law over the columns searched as one over the columns as given.

        numbers : which of its constants are taken for mere numbers, as far as units allow
        >>> from eqdisc.data.physical_constants import physical_constants
        >>> table = Dataset.of([[0.0], [10], [20], [40]], [1, 2, 3, 5], names=["T"], feature_units=["degC"])
        >>> searched = SearchedTable.of(table, constants=physical_constants("c"))
        >>> restored = searched.restore(Expression.variable(0) * Expression.variable(1))
        >>> print(restored.tree, restored.names)
        (x0 + 273.15)*299792458 ('', 'c')
        """
        fitted = iter(self._units_of_constants(expression, numbers))
        given = len(self.shifts)
        codes: list[int] = []
        payload: list[float] = []
        facts: list[tuple[str, bool, Unit | None]] = []
        for code, value in zip(expression.codes, expression.payload, strict=True):
            j = int(value) if code == VARIABLE else -1
            if code == CONSTANT:
                facts.append(("", False, next(fitted)))
            if j >= given:
                code, value = CONSTANT, self.constants[j - given].value
                facts.append((self.names[j], True, self.units[j]))
            codes.append(code)
            payload.append(value)
            if 0 <= j < given and self.shifts[j]:
                codes += [CONSTANT, ADD]
                payload += [self.shifts[j], 0.0]
                facts.append(("", True, self.units[j]))
        names, fixed, units = zip(*facts, strict=True) if facts else ((), (), ())
        return Restored(Expression(tuple(codes), tuple(payload)), expression, names, fixed, units)

    def _units_of_constants(self, expression: Expression, numbers: Sequence[bool]) -> tuple[Unit | None, ...]:
        if self.rules() is None:
            return (None,) * len(expression.constants)
        return constant_units(expression, self.units, self.target, numbers)

    def _check_reach(self, target_name: str) -> None:
        known = [unit.dimension for unit in self.units if unit is not None]
        if self.target is None or len(known) < len(self.units):
            return
        rest = remainder(self.target.dimension, known)
        idle = self.target.dimension.is_dimensionless and _are_independent(known)
        if rest.is_dimensionless and not idle:
            return
        inputs = ", ".join(
            f"{name} ({unit.dimension})"
            for name, unit in zip(self.names, self.units, strict=True)
            if unit is not None
        )
        raise OptionError(
            f"the target {target_name} ({self.target.dimension}) cannot be made from {inputs} with numbers "
            f"that have no unit: {_missing(self.target.dimension, known, rest)}. Give a column or a constant "
            "of nature that has it (--physical-constants), or let numbers have units (--constants free)"
        )


def _are_independent(dimensions: Sequence[Dimension]) -> bool:
    """Whether no product of powers of them is without a dimension."""
    return not any(
        remainder(dimension, dimensions[:i]).is_dimensionless for i, dimension in enumerate(dimensions)
    )


def _missing(target: Dimension, known: Sequence[Dimension], rest: Dimension) -> str:
    if rest.is_dimensionless:
        return "no product of their powers is without a unit"
    absent = [
        base
        for base, unit in _bases(target)
        if unit and not any(dict(_bases(dimension))[base] for dimension in known)
    ]
    if absent:
        return f"no input has {' or '.join(absent)} in its unit"
    return f"no product of their powers has its unit, a factor of {rest} is missing"


def _bases(dimension: Dimension) -> list[tuple[str, object]]:
    return list(zip(BASE_UNITS, dimension.exponents, strict=True))


def _labels(constants: Sequence[PhysicalConstant], taken: Sequence[str]) -> tuple[str, ...]:
    labels = []
    for constant in constants:
        label = constant.name
        while label in taken:
            label += TAKEN
        labels.append(label)
    return tuple(labels)


def _about_factors(names: Sequence[str], units: Sequence[Unit | None]) -> list[str]:
    """Notes on columns that measure the same in units of different size: nothing is converted."""
    notes = []
    first: dict[Dimension, tuple[str, Unit]] = {}
    for name, unit in zip(names, units, strict=True):
        if unit is None or unit.dimension.is_dimensionless:
            continue
        other, before = first.setdefault(unit.dimension, (name, unit))
        if not isclose(unit.factor, before.factor, rel_tol=_SAME):
            notes.append(
                f"{name!r} is in {unit.text} and {other!r} in {before.text}: nothing is converted, "
                "and laws have factors between them"
            )
    return notes
