"""The folder of a run: everything a search leaves, one process at a time, nothing ever half-written."""

import csv
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from eqdisc.atomic import remove_partials, write_bytes
from eqdisc.data.dataset import Dataset
from eqdisc.errors import DataError, OptionError
from eqdisc.report.dataset_file import read_dataset, write_dataset
from eqdisc.report.html import report_html
from eqdisc.report.latex_table import latex_table
from eqdisc.report.lock import locked
from eqdisc.report.plots import Format, drawn, figures
from eqdisc.report.record import R, read_record, write_record
from eqdisc.report.words import rms
from eqdisc.result import Result

RESULT, TABLE, CHECKPOINT, SETTINGS = "result.json", "data.npz", "checkpoint.npz", "settings.json"
FRONT, LATEX, REPORT, PLOTS, LOCK = "front.csv", "front.tex", "report.html", "plots", ".lock"
ASIDE = ".replaced"  # where a run that is being replaced waits, whole, until the new one has begun
MOVING = ".replacing"  # the same folder while files are moved there, or back
FILES = (RESULT, TABLE, CHECKPOINT, SETTINGS, FRONT, LATEX, REPORT)
SETTINGS_VERSION = 1
PICTURES: tuple[Format, ...] = ("png", "pdf")


class RunFolder:
    """A folder that this process works in, and no other while it does; use it in a `with` statement.

    result.json      the result, reloadable          front.csv, front.tex  the front
    data.npz         the table                       report.html           the page
    checkpoint.npz   where the search stands         plots/                pictures, PNG and PDF
    settings.json    what the search was told
    """

    def __init__(self, path: str | Path) -> None:
        """Lock a folder that is there. OptionError where another process works in it or it is no folder."""
        self.path = Path(path)
        if not self.path.is_dir():
            raise OptionError(f"there is no folder {self.path}")
        self._made = False
        self._new = False
        self._kept: Dataset | None = None  # what the folder has of the table
        self._lock = locked(self.path, LOCK)
        remove_partials(self.path)
        self._heal()

    @classmethod
    def create(cls, path: str | Path, overwrite: bool = False) -> Self:
        """A folder for a new run, made where it is missing.

        overwrite : remove the run that is there; files that are none of ours stay
        OptionError for a folder that holds another run, in which another process works, or that cannot be
        written; it is then as it was.
        """
        path = Path(path)
        made = not path.exists()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise OptionError(f"{path} is a file; name a folder for the run") from None
        except OSError as error:
            raise OptionError(f"the folder {path} cannot be made: {error.strerror or error}") from error
        folder = cls(path)
        folder._made, folder._new = made, True
        folder._check_free()
        taken = folder._taken()
        if taken and not overwrite:
            folder.close()
            raise OptionError(
                f"{path} holds another run already ({taken[0].name}); name another folder, "
                "or replace that run by --overwrite"
            )
        folder._set_aside(taken)
        return folder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        begun = (self.path / CHECKPOINT).exists() or (self.path / RESULT).exists()
        if self._new and error is not None and not begun:  # the search could not even begin
            self._bring_back()
        shutil.rmtree(self.path / ASIDE, ignore_errors=True)
        self.close()

    def close(self) -> None:
        """Let others in. A folder that was made for this run and got nothing is removed again."""
        if not self._lock.is_locked:
            return
        self._lock.release()
        if self._made and not {entry.name for entry in self.path.iterdir()} - {LOCK}:
            (self.path / LOCK).unlink(missing_ok=True)
            self.path.rmdir()

    @property
    def checkpoint_path(self) -> Path:
        """Where a search keeps what it needs to go on."""
        return self.path / CHECKPOINT

    def write(self, name: str, content: str | bytes | memoryview) -> None:
        """Write a file of the folder, whole or not at all; what UTF-8 cannot hold becomes a question mark."""
        data = content.encode("utf-8", "replace") if isinstance(content, str) else content
        write_bytes(self.path / name, data)

    def write_dataset(self, dataset: Dataset) -> None:
        """Keep the table, so that the run can be resumed and shown without the file it came from."""
        if dataset is not self._kept:
            write_dataset(dataset, self.path / TABLE)
            self._kept = dataset

    def read_dataset(self) -> Dataset:
        """The table of the run. DataError where there is none."""
        self._kept = read_dataset(self.path / TABLE)
        return self._kept

    def write_settings(self, settings: Mapping[str, Any]) -> None:
        """Keep what the search was told, so that it can be resumed."""
        content = {"version": SETTINGS_VERSION, **settings}
        self.write(SETTINGS, json.dumps(content, indent=1, allow_nan=False) + "\n")

    def read_settings(self) -> dict[str, Any]:
        """What the search was told. DataError where that was not kept, is damaged or from a newer version."""
        path = self.path / SETTINGS
        if not path.exists():
            raise DataError(f"{self.path} holds no {SETTINGS}: it is no folder of a search that could go on")
        try:
            settings = json.loads(path.read_bytes())
        except ValueError as error:
            raise DataError(f"{path} is damaged ({error}); search again") from error
        version = settings.pop("version", None) if isinstance(settings, dict) else None
        if not isinstance(version, int):
            raise DataError(f"{path} is damaged: it does not say its version; search again")
        if version > SETTINGS_VERSION:
            raise DataError(
                f"{path} was made by a newer eqdisc (format {version}, this one reads {SETTINGS_VERSION}); "
                "upgrade"
            )
        return dict(settings)

    def read_result(self) -> Result:
        """The result of the run. DataError where there is none or it is damaged."""
        return read_result(self.path)

    def write_results(self, result: Result, dataset: Dataset) -> None:
        """Write everything a run leaves when it ends; the result first, all else can be made from it."""
        write_record(result, self.path / RESULT)
        self.write_dataset(dataset)
        self.write(FRONT, front_csv(result))
        self.write(LATEX, latex_table(result))
        pictures = figures(result, dataset)
        (self.path / PLOTS).mkdir(exist_ok=True)
        for name, figure in pictures.items():
            for kind in PICTURES:
                self.write(f"{PLOTS}/{name}.{kind}", drawn(figure, kind))
        self.write(REPORT, report_html(result, dataset, pictures))

    def _check_free(self) -> None:
        """OptionError where a folder stands in the way of a file, or a file in that of a folder."""
        for name in (*FILES, PLOTS):
            path = self.path / name
            if path.exists() and path.is_dir() != (name == PLOTS):
                self.close()
                raise OptionError(
                    f"{path} is in the way of a file or folder of that name; name another folder"
                )

    def _set_aside(self, files: Sequence[Path]) -> None:
        """Keep the run that is replaced until the new one has begun."""
        for file in files:
            place = self.path / MOVING / file.relative_to(self.path)
            place.parent.mkdir(parents=True, exist_ok=True)
            file.replace(place)
        if files:
            (self.path / MOVING).replace(self.path / ASIDE)

    def _bring_back(self) -> None:
        """The run that was set aside in place of what was left of the new one."""
        for file in self._taken():
            file.unlink()
        if (self.path / ASIDE).exists():
            (self.path / ASIDE).replace(self.path / MOVING)
        self._move_back()

    def _move_back(self) -> None:
        for file in sorted((self.path / MOVING).rglob("*")):
            if file.is_file():
                place = self.path / file.relative_to(self.path / MOVING)
                place.parent.mkdir(exist_ok=True)
                file.replace(place)
        shutil.rmtree(self.path / MOVING, ignore_errors=True)

    def _heal(self) -> None:
        """What a process that was killed while it replaced a run left: the old run, or the new one begun."""
        if (self.path / MOVING).exists():  # nothing of the new run was written, or nothing is left of it
            self._move_back()
        if not (self.path / ASIDE).exists():
            return
        if (self.path / CHECKPOINT).exists() or (self.path / RESULT).exists():
            shutil.rmtree(self.path / ASIDE, ignore_errors=True)
        else:
            self._bring_back()

    def _taken(self) -> list[Path]:
        """Files of a run that is here."""
        drawings = [path for kind in PICTURES for path in sorted((self.path / PLOTS).glob(f"*.{kind}"))]
        return [*(path for name in FILES if (path := self.path / name).exists()), *drawings]


def read_result(path: str | Path, kind: type[R] = Result) -> R:  # type: ignore[assignment]
    """The result of a run, from its folder or the file `result.json` itself.

    DataError where there is none, or where it is damaged or from a newer version.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"there is no run {path}")
    if path.is_dir():
        if not (path / RESULT).exists():
            raise DataError(f"{path} holds no {RESULT}: {_why_no_result(path)}")
        path = path / RESULT
    return read_record(path, kind)


def _why_no_result(path: Path) -> str:
    """What became of the search in a folder, and what can be done."""
    try:
        settings = json.loads((path / SETTINGS).read_bytes())
    except FileNotFoundError:
        return "it is no folder of a run"
    except (OSError, ValueError):
        return f"its search has not ended, and its {SETTINGS} is damaged; search again"
    if isinstance(settings, dict) and "surface" in settings:
        return (
            "its search for a surface has not ended, and such a search cannot be resumed; run it again, with "
            "--overwrite (overwrite=True)"
        )
    return "its search has not ended; resume it"


def read_run_dataset(path: str | Path) -> Dataset | None:
    """The table kept beside a result, by its folder or its `result.json`; None where there is none."""
    path = Path(path)
    table = (path if path.is_dir() else path.parent) / TABLE
    return read_dataset(table) if table.exists() else None


def front_csv(result: Result) -> str:
    """The front as a CSV file, all digits."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(
        ["number", "chosen", "complexity", "loss", "rms_error", "r2", "r2_heldout", "found_by", "expression"]
    )
    for number, law in enumerate(result.front, start=1):
        heldout = "" if law.r2_heldout is None else repr(law.r2_heldout)
        figures = [repr(law.loss), repr(rms(law.loss)), repr(law.r2), heldout]
        chosen = "yes" if law is result.best else ""
        table.writerow([number, chosen, law.complexity, *figures, law.found_by, law.expression])
    return text.getvalue()
