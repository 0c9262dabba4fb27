"""SRSD written out in the layout in which it is published.

    srsd-feynman_easy/                one folder a level; srsd-feynman_easy_dummy with dummies
      train/ val/ test/               feynman-i.12.1.txt: 8000, 1000, 1000 rows, spaces, the target last
      supp_info.json                  formula and units of each table, which columns are dummies

There is no `true_eq`: the published one holds pickles, which can run any code when they are opened.
"""

import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from eqdisc.atomic import write_bytes
from eqdisc.benchmark.suites.published import FOLDERS, INFORMATION
from eqdisc.benchmark.suites.srsd import (
    LEVELS,
    TRAIN,
    VALIDATION,
    Level,
    Problem,
    SrsdSampler,
    notes_of,
    problems,
)
from eqdisc.errors import DataError, OptionError

Progress = Callable[[int, int, str], None]


def make_srsd(
    out: str | Path,
    *,
    levels: Iterable[str] = LEVELS,
    dummies: Iterable[bool] = (False, True),
    seed: int = 0,
    force: bool = False,
    progress: Progress | None = None,
) -> tuple[Path, ...]:
    """Write the chosen sets of SRSD into a folder; the folders written, which `load_suite` reads.

    The same seed gives the same files, and the tables that the task of the same name has at that seed. All
    240 tables take about 350 MB. A file appears whole or not at all; tables there already with other
    numbers are an error unless `force` is set, so that a call that was interrupted can be repeated.

    progress : called with the number of tables written, of tables to write, and the name of the next
    OptionError for an unknown level; DataError where a file cannot be written.
    """
    chosen = [_level(level) for level in levels]
    plan = [(level, each) for each in dummies for level in chosen]
    total = sum(len(problems(level, each)) for level, each in plan)
    done, written = 0, []
    for level, each in plan:
        folder = Path(out) / folder_name(level, each)
        information: dict[str, Any] = {}
        for name in FOLDERS:
            _make_folder(folder / name)
        for problem in problems(level, each):
            if progress is not None:
                progress(done, total, f"{folder.name}/{problem.file_name}")
            _write_tables(problem, folder, seed, force)
            information[problem.file_name] = _information(problem)
            done += 1
        _write(folder / INFORMATION, json.dumps(information, indent=1).encode() + b"\n", force)
        written.append(folder)
    if progress is not None:
        progress(done, total, "")
    return tuple(written)


def folder_name(level: Level, dummies: bool) -> str:
    """As the published sets are called."""
    return f"srsd-feynman_{level}" + ("_dummy" if dummies else "")


def _level(name: str) -> Level:
    for level in LEVELS:
        if level == name:
            return level
    raise OptionError(f"there is no level {name!r}; there are {', '.join(LEVELS)}")


def _write_tables(problem: Problem, folder: Path, seed: int, force: bool) -> None:
    features, targets = SrsdSampler(problem.name, problem.inputs, problem.is_dummy, problem.law).rows(seed)
    parts = np.split(np.column_stack([features, targets]), [TRAIN, TRAIN + VALIDATION])
    for name, rows in zip(FOLDERS, parts, strict=True):
        text = io.BytesIO()
        np.savetxt(text, rows)
        _write(folder / name / f"{problem.file_name}.txt", text.getvalue(), force)


def _information(problem: Problem) -> dict[str, Any]:
    return {
        "sympy_eq_str": problem.truth,
        "si-derived_units": [problem.target.unit, *(each.unit or "" for each in problem.inputs)],
        "dummies": [each.name for each, dummy in zip(problem.inputs, problem.is_dummy, strict=True) if dummy],
        "notes": list(notes_of(problem)),
    }


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder} cannot be made: {error.strerror or error}") from error


def _write(path: Path, content: bytes, force: bool) -> None:
    if path.exists() and not force:
        if path.stat().st_size == len(content) and path.read_bytes() == content:
            return
        raise DataError(f"{path} is there already with other content; choose another folder, or force it")
    write_bytes(path, content)
