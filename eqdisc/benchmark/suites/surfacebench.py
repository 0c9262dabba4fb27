"""SurfaceBench as it is published: one HDF5 file of point arrays, without any equation.

Layout, after the loader of its repository (S. Kabra and others, arXiv:2511.10833): a group for each category,
in it one for each equation with the arrays `train_data`, `test_data` and `ood_test`, columns x, y, z. Of
parametric equations `train_data` is a group with the columns u, v, x, y, z by name, others end in `_eval`.
Other versions of the file nest the categories once more and name arrays a little differently: both are read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.benchmark.seeds import seed_for
from eqdisc.benchmark.suite import Suite
from eqdisc.benchmark.suites.surface import operators_of
from eqdisc.benchmark.task import Form, Split, Table, Task
from eqdisc.data.dataset import Dataset
from eqdisc.data.surfaces import Cloud, JointDataset
from eqdisc.errors import DataError, OptionError

if TYPE_CHECKING:
    import h5py

#: What the name of a suite in a file begins with: `surfacebench:FILE`.
PREFIX = "surfacebench:"
_TRAIN = ("train_data", "train")
_TEST = ("test_data_eval", "test_data", "id_test_data", "test")
_OUTSIDE = ("ood_test_eval", "ood_test", "ood_test_data", "ood")
_PARAMETERS, _SPACE = ("u", "v"), ("x", "y", "z")
_IMPLICIT_WORDS = ("implicit", "manifold")
_HELD_OUT = 500
_DEEPEST = 3
_NO_TRUTH = "the file holds points and no equation: only how well an answer fits can be told"


@dataclass(frozen=True)
class FileSampler:
    """The arrays of one equation as they are; the seed chooses rows to judge by where the file has none."""

    file: Path
    group: str
    form: Form

    def __call__(self, seed: int) -> Split:
        train, test, outside = self.read()
        if test is None:
            if len(train) < 2 * _HELD_OUT:
                raise DataError(f"{self.file}, {self.group} has {len(train)} rows and none to judge by")
            order = np.random.default_rng(seed_for("surfacebench", self.group, seed)).permutation(len(train))
            train, test = train[np.sort(order[_HELD_OUT:])], train[np.sort(order[:_HELD_OUT])]
        beyond = self._table(outside) if outside is not None and self.form == "explicit" else None
        return Split(
            self._table(train), None, self._table(test), beyond if isinstance(beyond, Dataset) else None
        )

    def read(self) -> tuple[FloatArray, FloatArray | None, FloatArray | None]:
        """Train, test, outside, (n, columns) each; None where the file has no such array of these columns.

        DataError where the file or an array in it is not as published.
        """
        with _opened(self.file) as file:
            group = file[self.group]
            train = self._array(group, _TRAIN)
            if train is None:
                raise DataError(f"{self.file}, {self.group} has no array {' or '.join(_TRAIN)}")
            return train, self._array(group, _TEST), self._array(group, _OUTSIDE)

    @property
    def columns(self) -> tuple[str, ...]:
        """What the columns of an array are."""
        return (*_PARAMETERS, *_SPACE) if self.form == "parametric" else _SPACE

    def _array(self, group: Any, names: tuple[str, ...]) -> FloatArray | None:
        found = next((group[name] for name in names if name in group), None)
        if found is None:
            return None
        where = f"{self.file}, {found.name}"
        if hasattr(found, "keys"):
            missing = [name for name in self.columns if name not in found]
            if missing:
                raise DataError(f"{where} has no column {', '.join(missing)}; it has {', '.join(found)}")
            return np.column_stack([_numbers(found[name], where) for name in self.columns])
        numbers = _numbers(found, where)
        if numbers.ndim == 2 and numbers.shape[1] == len(self.columns):
            return numbers
        if self.form == "parametric" and names != _TRAIN:
            return None  # points without their parameters: nothing to compare outputs at
        raise DataError(f"{where} has shape {numbers.shape}; wanted the columns {', '.join(self.columns)}")

    def _table(self, rows: FloatArray) -> Table:
        if self.form == "implicit":
            return Cloud.of(rows, _SPACE)
        if self.form == "parametric":
            return JointDataset.of(rows[:, :2], rows[:, 2:], _PARAMETERS, _SPACE)
        return Dataset.of(rows[:, :2], rows[:, 2], _SPACE[:2], _SPACE[2])


def load_surfacebench(file: Path) -> Suite:
    """The problems in a file of SurfaceBench.

    OptionError where there is no such file or h5py is not installed; DataError for a file of another kind.
    """
    with _opened(file) as content:
        found = list(_equations(content))
    if not found:
        raise DataError(f"{file} holds no group with an array {_TRAIN[0]}; wanted the file of SurfaceBench")
    return Suite(
        "surfacebench",
        f"SurfaceBench as published, in {file}",
        tuple(_task(file.resolve(), group, is_group) for group, is_group in found),
        protocol="The arrays as published, columns x, y, z. " + _NO_TRUTH[0].upper() + _NO_TRUTH[1:] + ".",
    )


def _opened(file: Path) -> "h5py.File":
    try:
        import h5py
    except ImportError as error:
        raise OptionError(
            'reading SurfaceBench needs h5py, which is not installed; pip install "eqdisc[surfacebench]"'
        ) from error
    if not file.is_file():
        raise OptionError(
            f"there is no file {file}; SurfaceBench is to be had from its authors, as one .h5 file"
        )
    try:
        return h5py.File(file, "r")
    except OSError as error:
        raise DataError(f"{file} cannot be read as HDF5: {error}") from error


def _equations(group: Any, depth: int = 0) -> Iterator[tuple[str, bool]]:
    """The groups that hold a training table, and whether that is a group of columns."""
    for child in group.values():
        if not hasattr(child, "keys"):
            continue
        table = next((child[name] for name in _TRAIN if name in child), None)
        if table is not None:
            yield child.name, hasattr(table, "keys")
        elif depth < _DEEPEST:
            yield from _equations(child, depth + 1)


def _task(file: Path, group: str, is_group: bool) -> Task:
    *_, category, equation = ("", *group.strip("/").split("/"))
    implicit = any(word in category.lower() for word in _IMPLICIT_WORDS)
    form: Form = "parametric" if is_group else "implicit" if implicit else "explicit"
    sampler = FileSampler(file, group, form)
    train = sampler.read()[0]
    names = _SPACE if form == "implicit" else sampler.columns[:2]
    lows, highs = train.min(axis=0), train.max(axis=0)
    return Task(
        f"{category}/{equation}".lstrip("/").replace(" ", "_"),
        "surfacebench",
        names,
        _SPACE[2] if form == "explicit" else "",
        None,
        {name: (float(lows[j]), float(highs[j])) for j, name in enumerate(names)},
        sampler,
        exact=False,
        decidable=False,
        notes=(_NO_TRUTH,),
        form=form,
        target_names=_targets(form),
        category=category,
        operators=operators_of(form),
    )


def _targets(form: Form) -> tuple[str, ...]:
    targets: Mapping[str, tuple[str, ...]] = {"explicit": _SPACE[2:], "implicit": ()}
    return targets.get(form, _SPACE)


def _numbers(array: Any, where: str) -> FloatArray:
    try:
        return np.asarray(array[...], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where} holds no numbers: {error}") from error
