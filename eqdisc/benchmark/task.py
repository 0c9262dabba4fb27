"""One problem of a benchmark: tables to learn from and to be judged by, and what is known of the truth."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Literal, Protocol

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.data.surfaces import Cloud, JointDataset
from eqdisc.errors import OptionError

#: What is asked: y = f(x); F(x, y, z) = 0; outputs of given parameters; the same without the parameters.
Form = Literal["explicit", "implicit", "parametric", "hidden"]
Table = Dataset | JointDataset | Cloud

_KEPT_BITS = 20  # of a mantissa: last digits differ between processors, six significant ones do not
_CHECKED_SEED = 0


@dataclass(frozen=True)
class Split:
    """The tables of a task at one seed: to learn from, to choose by (where there is one), to judge by.

    outside : rows beyond the domain, to judge by as well, where the benchmark has such
    noise   : standard deviation of the noise on each number that `train` is learned from
    """

    train: Table
    validation: Dataset | None
    test: Table
    outside: Dataset | None = None
    noise: float = 0.0

    def tables(self) -> tuple[Table, ...]:
        """Those there are, in the order train, validation, test, outside."""
        every = (self.train, self.validation, self.test, self.outside)
        return tuple(table for table in every if table is not None)


class Sampler(Protocol):
    """Makes the tables of a task: the same for the same seed. Can be pickled."""

    def __call__(self, seed: int) -> Split: ...


@dataclass(frozen=True)
class Task:
    """A problem with its truth. A method is given `data(seed).train` and nothing else of it.

    name, suite   : how it is called; names are unique within a suite
    feature_names : names of the inputs, those that the truth uses and those that it does not
    target_name   : name of what is to be explained; of a surface without one such name, ""
    truth         : the law as a formula in the feature names, read alike by `eqdisc.parse` and
                    `sympy.sympify`; of several outputs as `x = ...; y = ...`; None where none is known
    domain        : where each input was sampled, (lowest, highest); empty where that is not known
    sampler       : makes the tables
    feature_units, target_unit : units as text, `1` for none; data carry them only where asked for
    relevant      : the inputs that the truth uses; the others are dummies. None where no truth is known
    accepted      : further formulas that the authors of the benchmark accept
    data_law      : the formula that the data really follow, where it is not the truth
    exact         : the law that the data follow gives their targets but for rounding (no measured table, no
                    noise, no float32)
    decidable     : the truth can be told from the data; False too where it is not the law of the data
    notes         : known defects, to be shown beside results
    form          : what is asked; a hidden surface has its parameters as features, and a method is given the
                    outputs alone
    truths        : the formulas one by one: of an implicit surface the F of F = 0, of a parametric one
                    those of the outputs
    target_names  : names of the outputs; () of an implicit surface
    category      : of the benchmark, where it has categories
    operators     : what laws may be built of, by our names; () for those of the comparison
    description   : what it is about
    """

    name: str
    suite: str
    feature_names: tuple[str, ...]
    target_name: str
    truth: str | None
    domain: Mapping[str, tuple[float, float]]
    sampler: Sampler
    feature_units: tuple[str | None, ...] = ()
    target_unit: str | None = None
    relevant: tuple[str, ...] | None = None
    accepted: tuple[str, ...] = ()
    data_law: str | None = None
    exact: bool = True
    decidable: bool = True
    notes: tuple[str, ...] = ()
    form: Form = "explicit"
    truths: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    category: str = ""
    operators: tuple[str, ...] = ()
    description: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not self.truths and self.truth is not None:
            object.__setattr__(self, "truths", (self.truth,))
        if not self.target_names and self.target_name:
            object.__setattr__(self, "target_names", (self.target_name,))
        unknown = [name for name in (*self.domain, *(self.relevant or ())) if name not in self.feature_names]
        if unknown:
            raise OptionError(
                f"task {self.name!r} speaks of {', '.join(map(repr, unknown))}; its inputs are "
                f"{', '.join(self.feature_names)}"
            )
        if not self.feature_units:
            object.__setattr__(self, "feature_units", (None,) * len(self.feature_names))

    def __hash__(self) -> int:
        return hash((self.suite, self.name))

    @property
    def dummies(self) -> tuple[str, ...]:
        """The inputs that the truth does not use; none where no truth is known."""
        return (
            ()
            if self.relevant is None
            else tuple(name for name in self.feature_names if name not in self.relevant)
        )

    def data(self, seed: int, *, units: bool = False) -> Split:
        """The tables at a seed; with the units of the columns where `units` is set."""
        split = self.sampler(seed)
        return replace(
            split,
            train=self._labelled(split.train, units),
            validation=None if split.validation is None else self._with_units(split.validation, units),
            test=self._labelled(split.test, units),
        )

    def _labelled(self, table: Table, units: bool) -> Table:
        return self._with_units(table, units) if isinstance(table, Dataset) else table

    def _with_units(self, table: Dataset, units: bool) -> Dataset:
        return replace(
            table,
            feature_units=self.feature_units if units else (None,) * len(self.feature_names),
            target_unit=self.target_unit if units else None,
        )

    def checksum(self) -> str:
        """Fingerprint of the truth and of the tables at seed 0, numbers to about six digits."""
        digest = sha256(repr((self.feature_names, self.target_name, self.truth)).encode())
        for table in self.data(_CHECKED_SEED).tables():
            columns = columns_of(table)
            digest.update(repr(columns[0].shape).encode())
            for numbers in columns:
                digest.update(_coarse(numbers).astype("<f8").tobytes())
        return digest.hexdigest()[:16]


def joined(formulas: Mapping[str, str]) -> str:
    """Several formulas as one text.

    >>> joined({"x": "cos(u)", "y": "sin(u)"})
    'x = cos(u); y = sin(u)'
    """
    return "; ".join(f"{name} = {formula}" for name, formula in formulas.items())


def columns_of(table: Table) -> tuple[FloatArray, ...]:
    """The arrays of a table: of features and of targets, or the points of a cloud."""
    if isinstance(table, Dataset):
        return table.features, table.target
    return (table.features, table.targets) if isinstance(table, JointDataset) else (table.points,)


def _coarse(numbers: FloatArray) -> FloatArray:
    mantissa, exponent = np.frexp(numbers)
    rounded: FloatArray = np.ldexp(np.rint(np.ldexp(mantissa, _KEPT_BITS)), exponent - _KEPT_BITS) + 0.0
    return rounded
