"""SRSD as it is published: text tables in the folders train, val and test, formulas in `supp_info.json`.

The formulas in `true_eq` are pickles, which can run any code when they are opened: they are not.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.benchmark.suite import Suite
from eqdisc.benchmark.suites.srsd import (
    LEVELS,
    Problem,
    is_decidable,
    notes_of,
    problems,
)
from eqdisc.benchmark.task import Split, Task
from eqdisc.data.dataset import Dataset
from eqdisc.errors import DataError, InputError
from eqdisc.expr.parse import parse

FOLDERS = ("train", "val", "test")
INFORMATION = "supp_info.json"
_SUFFIX = ".txt"
_NO_TRUTH = f"no formula in {INFORMATION}; the pickle in true_eq is not opened: opening one can run any code"


@dataclass(frozen=True)
class PublishedSampler:
    """The three tables as they are; the seed changes nothing."""

    paths: tuple[Path, ...]
    names: tuple[str, ...]

    def __call__(self, seed: int) -> Split:
        tables = []
        for path in self.paths:
            numbers = read_numbers(path)
            tables.append(Dataset.of(numbers[:, :-1], numbers[:, -1], self.names, "y"))
        train, validation, test = tables
        return Split(train, validation, test)


def is_published(folder: Path) -> bool:
    """Whether a folder holds tables as SRSD is published."""
    return all((folder / each).is_dir() for each in FOLDERS)


def load_published(folder: Path) -> Suite:
    """The tables of a folder, with what is known of them. InputError where a file is not as published."""
    information = _information(folder / INFORMATION)
    known = {problem.file_name: problem for level in LEVELS for problem in problems(level)}
    paths = sorted((folder / FOLDERS[0]).glob(f"*{_SUFFIX}"))
    if not paths:
        raise InputError(f"{folder / FOLDERS[0]} holds no {_SUFFIX} file")
    name = folder.resolve().name
    tasks = tuple(
        _task(path.stem, folder, name, information.get(path.stem, {}), known.get(path.stem)) for path in paths
    )
    return Suite(
        name,
        f"SRSD as published, in {folder}",
        tasks,
        protocol="The tables as published: the seed changes nothing.",
    )


def read_numbers(path: Path) -> FloatArray:
    """(rows, columns) of a text table separated by spaces. DataError says what is wrong with it."""
    try:
        numbers = np.loadtxt(path, ndmin=2)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as numbers separated by spaces: {error}") from error
    if numbers.shape[1] < 2:
        raise DataError(f"{path} has {numbers.shape[1]} columns; wanted inputs and the target last")
    return numbers


def _information(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict) or not all(isinstance(each, dict) for each in content.values()):
        raise InputError(f"{path} is not as published; wanted an object with an object for each table")
    return content


def _task(
    stem: str, folder: Path, suite: str, information: Mapping[str, Any], problem: Problem | None
) -> Task:
    paths = tuple((folder / each / f"{stem}{_SUFFIX}").resolve() for each in FOLDERS)
    for path in paths:
        if not path.is_file():
            raise InputError(f"{path} is missing; wanted {stem}{_SUFFIX} in each of {', '.join(FOLDERS)}")
    numbers = read_numbers(paths[0])[:, :-1]
    names = tuple(f"x{j}" for j in range(numbers.shape[1]))
    truth = information.get("sympy_eq_str")
    if truth is None and problem is not None and len(problem.inputs) == len(names):
        truth = problem.truth
    used: tuple[int, ...] = ()
    notes: tuple[str, ...] = () if truth else (_NO_TRUTH,)
    if truth:
        try:
            used = parse(truth, names).features
        except InputError as error:
            truth, notes = None, (f"the formula given is not understood: {error}",)
    widened = None if truth is None else _widened(problem, len(names), used)
    units = _units(information.get("si-derived_units"), len(names))
    return Task(
        stem if problem is None else problem.name,
        suite,
        names,
        "y",
        truth,
        {
            name: (float(low), float(high))
            for name, low, high in zip(names, numbers.min(0), numbers.max(0), strict=True)
        },
        PublishedSampler(paths, names),
        feature_units=units[1:],
        target_unit=units[0],
        relevant=None if truth is None else tuple(names[j] for j in used),
        data_law=widened.law if widened and widened.law != widened.truth else None,
        exact=widened is not None and not widened.with_dummies,
        decidable=widened is not None and is_decidable(widened),
        notes=notes + (notes_of(widened) if widened else ()),
    )


def _widened(problem: Problem | None, columns: int, used: tuple[int, ...]) -> Problem | None:
    """The problem in the columns of a table; None where the table is not of that problem."""
    if problem is None:
        return None
    if columns == len(problem.inputs):
        return problem
    if len(used) != len(problem.inputs):
        return None
    wide = replace(problem, is_dummy=tuple(j not in used for j in range(columns)))
    return replace(wide, law=wide.renumbered(problem.law), truth=wide.renumbered(problem.truth))


def _units(given: Any, columns: int) -> tuple[str | None, ...]:
    """Of the target and then of the inputs, as published."""
    if not isinstance(given, list) or len(given) != columns + 1:
        return (None,) * (columns + 1)
    return tuple(str(unit).strip("$ ") or None for unit in given)
