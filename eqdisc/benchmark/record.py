"""What a run leaves: a line of JSON that says what was asked, what came, its worth, and where it ran."""

import json
import math
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import Enum, StrEnum
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from eqdisc.errors import DataError
from eqdisc.report.citation import version as eqdisc_version


class Status(StrEnum):
    """How a run ended."""

    OK = "ok"
    UNAVAILABLE = "unavailable"  # the method is not installed where it was to run
    ERROR = "error"  # the method raised an exception
    CRASH = "crash"  # its process died
    TIMEOUT = "timeout"  # it did not answer within the budget and the grace
    MEMORY = "memory"  # it took more memory than allowed


@dataclass(frozen=True)
class Record:
    """One run: suite, task, method, repetition, and what became of it.

    suite, task, method, repetition : which run; `repetition` counts from 0
    seed            : of the method; follows from the names and the seed of the plan
    plan            : fingerprint of the plan
    limits          : seconds and threads it was given
    status, message : how it ended; the reason where it is not `ok`
    answer, truth   : formulas; None where there is none
    form, answers   : of a surface, the form of what was asked and the formula of each output
    category        : of the task, where the benchmark has categories
    wall_seconds    : of the search alone, without the warm-up; cpu_seconds : of all its threads and children
    peak_mib        : memory that was seen held
    score           : what the judge says (`eqdisc.metrics`); empty where there is nothing to judge
    details         : what the method tells of its search
    decidable       : whether the data of the task can show the truth; notes : known defects of the task
    versions, machine, started : of what, on what, when (UTC)

    >>> record = Record("classic", "Nguyen-1", "eqdisc", 0, seed=7, plan="0123")
    >>> Record.of_line(record.line()) == record
    True
    """

    suite: str
    task: str
    method: str
    repetition: int
    seed: int
    plan: str
    limits: Mapping[str, float] = field(default_factory=dict)
    status: Status = Status.OK
    message: str = ""
    answer: str | None = None
    truth: str | None = None
    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    warm_up_seconds: float | None = None
    peak_mib: float | None = None
    score: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    decidable: bool = True
    notes: tuple[str, ...] = ()
    form: str = "explicit"
    answers: Mapping[str, str] = field(default_factory=dict)
    category: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)
    started: str = ""

    @property
    def key(self) -> tuple[str, str, str, int]:
        """Which run of the plan it is."""
        return self.suite, self.task, self.method, self.repetition

    @property
    def solved(self) -> bool | None:
        """Whether the law was found; None where the judge could not tell or there is no truth."""
        return self.score.get("solved") if self.score else (False if self.truth is not None else None)

    def line(self) -> str:
        """The record as one line of JSON, without the end of the line; what is not finite is null."""
        return json.dumps(plain(asdict(self)), allow_nan=False, ensure_ascii=True)

    @classmethod
    def of_line(cls, line: str | bytes) -> "Record":
        """The record of a line. DataError where the line is no whole record."""
        try:
            given = json.loads(line)
        except ValueError as error:
            raise DataError(f"it is no JSON: {error}") from error
        wanted = {item.name for item in fields(cls)}
        if not isinstance(given, dict) or set(given) - wanted:
            unknown = ", ".join(sorted(set(given) - wanted)) if isinstance(given, dict) else ""
            raise DataError(f"it holds no run{': unknown ' + unknown if unknown else ''}")
        try:
            given["status"] = Status(given.get("status", "ok"))
            return cls(**{**given, "notes": tuple(given.get("notes", ()))})
        except (TypeError, ValueError) as error:
            raise DataError(f"it holds no run: {error}") from error


def plain(value: Any) -> Any:
    """The value made of what JSON has: NaN and infinity become null, NumPy's numbers numbers, the rest text.

    >>> import numpy as np
    >>> plain({"r2": np.float64(0.5), "worst": float("inf"), "sizes": (1, 2)})
    {'r2': 0.5, 'worst': None, 'sizes': [1, 2]}
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(value)


@cache
def machine() -> dict[str, Any]:
    """The machine a run is timed on: processor, cores, system, Python; nothing that names its owner."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions(**others: str) -> dict[str, str]:
    """Versions of what every run depends on, and of others given by name."""
    found = {"eqdisc": eqdisc_version(), "python": platform.python_version()}
    for package in ("numpy", "numba", "sympy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return {**found, **others}


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
