"""The folder of a benchmark: its plan and one line for each run, appended so that nothing can be lost.

plan.json      what the runs are; a folder holds the results of one plan
results.jsonl  a line for each run that has ended
plots/         pictures, drawn on demand
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eqdisc.atomic import remove_partials, write_bytes
from eqdisc.benchmark.plan import differences
from eqdisc.benchmark.record import Record
from eqdisc.errors import DataError, OptionError
from eqdisc.report.lock import locked

PLAN, RESULTS, LOCK = "plan.json", "results.jsonl", ".lock"


class ResultsFolder:
    """The folder of one plan, held against other processes while it is open; use it in a `with` statement.

    plan : `Plan.record()`; kept where the folder is new
    OptionError where the folder holds the results of another plan (told is what differs), where another
    process works in it, or where it cannot be made; DataError where a file in it is damaged.

    A last line that was cut off by a crash is dropped, so that its run is done again.
    """

    def __init__(self, path: str | Path, plan: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self._lock = locked(_made(self.path), LOCK)
        try:
            remove_partials(self.path)
            self._check_plan(plan)
            whole = _mend(self.path / RESULTS)
            self.records = {record.key: record for record in _records(self.path / RESULTS, whole)}
            for record in self.records.values():
                if record.plan != plan["fingerprint"]:
                    run = " ".join(map(str, record.key))
                    raise DataError(
                        f"{self.path / RESULTS} holds a run of another plan ({run}); name another folder"
                    )
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others in."""
        self._lock.release()

    def append(self, record: Record) -> None:
        """Add the line of a run, onto the disk. DataError where that fails; the file is then as it was."""
        path = self.path / RESULTS
        line = (record.line() + "\n").encode()
        try:
            with path.open("ab", buffering=0) as stream:
                before = os.fstat(stream.fileno()).st_size
                try:
                    written = 0
                    while written < len(line):
                        written += stream.write(line[written:])
                    os.fsync(stream.fileno())
                except OSError:
                    with suppress(OSError):
                        os.ftruncate(stream.fileno(), before)
                    raise
        except OSError as error:
            raise DataError(
                f"{path} cannot be written: {error.strerror or error}; all runs before are kept: "
                "make room and run the same command again"
            ) from error
        self.records[record.key] = record

    def _check_plan(self, plan: Mapping[str, Any]) -> None:
        path = self.path / PLAN
        if not path.exists():
            if (self.path / RESULTS).exists():
                raise DataError(f"{self.path} holds {RESULTS} but no {PLAN}; name another folder")
            write_bytes(path, (json.dumps(plan, indent=1, allow_nan=False) + "\n").encode())
            write_bytes(self.path / RESULTS, b"")
            return
        different = differences(read_plan(self.path), plan)
        if different:
            raise OptionError(
                f"{self.path} holds the results of another plan ({'; '.join(different)}); name another folder"
            )


def read_plan(folder: str | Path) -> dict[str, Any]:
    """The plan that a folder keeps. DataError where there is none or it is damaged."""
    path = Path(folder) / PLAN
    if not path.exists():
        what = "it is no folder of a benchmark" if Path(folder).exists() else "there is no such folder"
        raise DataError(f"{folder} holds no {PLAN}: {what}; name one that `eqdisc bench run --out` has made")
    try:
        plan = json.loads(path.read_bytes())
    except ValueError as error:
        raise DataError(f"{path} is damaged: {error}") from error
    if not isinstance(plan, dict):
        raise DataError(f"{path} is damaged: it holds no object")
    return plan


def read_results(folder: str | Path) -> list[Record]:
    """The runs in a folder, also while a benchmark writes there: a line not yet whole is left out.

    DataError where the folder is none of a benchmark or a line is damaged.
    """
    read_plan(folder)
    return list(_records(Path(folder) / RESULTS, None))


def _records(path: Path, size: int | None) -> Iterator[Record]:
    """The records of the whole lines of a file, of its first `size` bytes."""
    if not path.exists():
        return
    content = path.read_bytes()[:size]
    lines = content[: _whole(content)].split(b"\n")[:-1]
    for number, line in enumerate(lines, start=1):
        try:
            yield Record.of_line(line)
        except DataError as error:
            raise DataError(
                f"line {number} of {path} is damaged ({error}); remove the line and its run is done again"
            ) from error


def _mend(path: Path) -> int:
    """Cut off a last line that is not whole: what a crash amid writing leaves. The size of the file."""
    if not path.exists():
        return 0
    with path.open("r+b") as stream:
        content = stream.read()
        whole = _whole(content)
        if whole < len(content):
            stream.truncate(whole)
            os.fsync(stream.fileno())
    return whole


def _whole(content: bytes) -> int:
    """Length without a last line that is not whole: cut off, or zeros where the disk got only the length."""
    whole = content.rfind(b"\n") + 1
    last = content[content.rfind(b"\n", 0, max(0, whole - 1)) + 1 : whole]
    return whole if not last or _is_json(last) else whole - len(last)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _made(path: Path) -> Path:
    """The folder, made where it was missing."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise OptionError(f"{path} is a file; name a folder for the results") from None
    except OSError as error:
        raise OptionError(f"the folder {path} cannot be made: {error.strerror or error}") from error
    return path
