import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eqdisc.atomic import write_bytes
from eqdisc.errors import DataError, OptionError
from eqdisc.findings import Discovery
from eqdisc.report.folder import RunFolder, read_result, read_run_dataset
from eqdisc.report.record import record_text, write_record
from eqdisc.settings import Settings
from tests.quick import few_pictures

Case = Any  # a result and its table


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_everything_a_run_leaves_is_there(written: RunFolder, noisy: Case) -> None:
    pictures = {f"plots/{name}.{kind}" for name in ("front", "prediction", "residuals", "effects")
                for kind in ("png", "pdf")}  # fmt: skip
    files = {"result.json", "data.npz", "front.csv", "front.tex", "report.html"}
    assert names(written.path) - {".lock"} == pictures | files
    assert read_result(written.path).best == noisy[0].best
    assert read_result(written.path / "result.json").best == noisy[0].best
    table = read_run_dataset(written.path)
    assert table is not None
    assert table.feature_names == noisy[1].feature_names


def test_front_as_csv_has_all_digits(written: RunFolder, noisy: Case) -> None:
    with (written.path / "front.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["loss"]) for row in rows] == [law.loss for law in noisy[0].front]
    assert [row["expression"] for row in rows] == [law.expression for law in noisy[0].front]
    assert [row["chosen"] for row in rows] == ["", "", "yes"]


def test_a_folder_that_holds_a_run_is_refused_and_left_as_it_was(written: RunFolder) -> None:
    before = {path: (written.path / path).read_bytes() for path in names(written.path) - {".lock"}}
    with pytest.raises(OptionError, match=r"holds another run already \(result.json\).*--overwrite"):
        RunFolder.create(written.path)
    assert {path: (written.path / path).read_bytes() for path in names(written.path) - {".lock"}} == before
    with RunFolder(written.path):  # and it is not locked
        pass


def test_overwriting_removes_the_run_and_nothing_else(kepler: Case, tmp_path: Path) -> None:
    with RunFolder.create(tmp_path) as folder, few_pictures():
        folder.write_results(*kepler)
        folder.checkpoint_path.write_bytes(b"old")
    (tmp_path / "mine.txt").write_text("mine")
    with RunFolder.create(tmp_path, overwrite=True) as folder:
        assert not folder.checkpoint_path.exists()
        folder.checkpoint_path.write_bytes(b"new")
    assert names(tmp_path) == {".lock", "mine.txt", "checkpoint.npz"}


def test_a_run_is_back_when_what_was_to_replace_it_could_not_begin(written: RunFolder) -> None:
    before = {path: path.read_bytes() for path in written.path.rglob("*") if path.is_file()}
    written.close()
    with pytest.raises(OptionError), RunFolder.create(written.path, overwrite=True):
        raise OptionError("impossible")
    assert before == {path: path.read_bytes() for path in written.path.rglob("*") if path.is_file()}


class Killed(BaseException):
    """Stands for the end of the process: nothing is tidied up after it."""


@pytest.mark.parametrize("moves", range(1, 6))
@pytest.mark.parametrize("begun", [False, True])
def test_a_process_killed_while_it_replaces_a_run_loses_none(
    kepler: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: int, begun: bool
) -> None:
    old = {name: f"old {name}".encode() for name in ("result.json", "checkpoint.npz", "plots/front.png")}
    (tmp_path / "plots").mkdir()
    for name, content in old.items():
        (tmp_path / name).write_bytes(content)
    replace_file, left = Path.replace, [moves]

    def counted(self: Path, target: Path) -> Path:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return replace_file(self, target)

    monkeypatch.setattr(Path, "replace", counted)
    folder = None
    try:
        folder = RunFolder.create(tmp_path, overwrite=True)
        (tmp_path / "settings.json").write_bytes(b"new")
        if begun:
            (tmp_path / "checkpoint.npz").write_bytes(b"new")
        else:
            folder._bring_back()  # and is killed amid that, too
    except Killed:
        pass
    monkeypatch.undo()
    if folder is not None:
        folder.close()
    wanted = {"settings.json": b"new", "checkpoint.npz": b"new"} if begun and moves > 3 else old
    with RunFolder(tmp_path):
        pass
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path) - {".lock"}} == wanted


def test_a_folder_with_other_files_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("a,b")
    with RunFolder.create(tmp_path):
        pass
    assert (tmp_path / "table.csv").exists()


def test_a_folder_that_got_nothing_is_removed_again(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path / "a" / "b"):
        pass
    assert not (tmp_path / "a" / "b").exists()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OptionError, match="is a file"):
        RunFolder.create(tmp_path / "file")
    with pytest.raises(OptionError, match="cannot be made"):
        RunFolder.create(tmp_path / "file" / "a")
    with pytest.raises(OptionError, match="there is no folder"):
        RunFolder(tmp_path / "none")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    with pytest.raises(OptionError, match="cannot be written: Permission denied"):
        RunFolder.create(tmp_path)


def test_a_second_process_is_told(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom eqdisc.errors import OptionError\nfrom eqdisc.report.folder import RunFolder\n"
        "try: RunFolder.create(sys.argv[1], overwrite=True)\nexcept OptionError as error: print(error)\n"
    )
    with RunFolder.create(tmp_path / "a") as folder:
        done = subprocess.run([sys.executable, "-c", code, folder.path], capture_output=True, text=True)
        assert f"another eqdisc process works in {folder.path}" in done.stdout
        folder.write("front.csv", "")


def test_a_result_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no run"):
        read_result(tmp_path / "none")
    with pytest.raises(DataError, match="it is no folder of a run"):
        read_result(tmp_path)
    (tmp_path / "settings.json").write_bytes(b"{}")
    with RunFolder.create(tmp_path / "surface") as folder:
        folder.write_settings({"surface": "implicit"})
        with pytest.raises(DataError, match="cannot be resumed; run it again, with --overwrite"):
            read_result(folder.path)
    with pytest.raises(DataError, match="its search has not ended; resume it"):
        read_result(tmp_path)
    assert read_run_dataset(tmp_path) is None


def test_a_write_that_fails_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "result.json"
    write_bytes(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match=r"result\.json cannot be written: No space left"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == {"result.json"}


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "plots").mkdir()
    for name in (".result.json.123.partial", "plots/.front.png.7.partial"):
        (tmp_path / name).write_bytes(b"half")
    with RunFolder(tmp_path):
        assert names(tmp_path) == {".lock"}


WRITER = """
import os
import sys
from eqdisc.report.folder import RunFolder
from eqdisc.report.record import read_record, write_record
results = [read_record(path) for path in sys.argv[2:]]
for _ in sys.stdin:  # a line asks for a writer, a process of its own; the modules are read once
    writer = os.fork()
    if writer:
        os.waitpid(writer, 0)
        print("ended", flush=True)
        continue
    with RunFolder(sys.argv[1]) as folder:
        print(os.getpid(), flush=True)
        while True:
            for result in results:
                write_record(result, folder.path / "result.json")
"""


def test_killed_at_any_moment_the_result_is_whole(noisy: Case, tmp_path: Path) -> None:
    """Writers that replace a long result by a short one and back, each killed at another moment."""
    long = replace(noisy[0], front=noisy[0].front * 40)
    sources = [tmp_path / "short.json", tmp_path / "long.json"]
    for source, result in zip(sources, (noisy[0], long), strict=True):
        write_record(result, source)
    whole = {record_text(noisy[0]), record_text(long)}
    run = tmp_path / "run"
    run.mkdir()
    seen = set()
    command = [sys.executable, "-c", WRITER, run, *sources]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writers:
        assert writers.stdin is not None
        assert writers.stdout is not None
        for attempt in range(14):
            print("another", file=writers.stdin, flush=True)
            writer = int(writers.stdout.readline())
            time.sleep(0.003 * 1.5**attempt)  # up to half a second: a busy machine writes late
            os.kill(writer, signal.SIGKILL)
            assert writers.stdout.readline() == "ended\n"
            path = run / "result.json"
            if path.exists():
                text = path.read_text(encoding="utf-8")
                assert text in whole
                json.loads(text)
                seen.add(text)
    assert seen  # some were killed after they had written
    with RunFolder(run):  # the lock of a killed process is open
        assert names(run) == {".lock", "result.json"}


def test_settings_are_read_as_they_were_written(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path) as folder:
        settings = Settings(guesses=("k/r**2",), time_limit=5.0)
        folder.write_settings(settings.record())
        assert Settings.of_record(folder.read_settings()) == settings
        for content, said in (("{", "is damaged"), ("[]", "is damaged")):
            folder.write("settings.json", content)
            with pytest.raises(DataError, match=said):
                folder.read_settings()
        (tmp_path / "settings.json").unlink()
        with pytest.raises(DataError, match=r"holds no settings\.json"):
            folder.read_settings()


def test_a_table_is_written_once(noisy: Case, tmp_path: Path) -> None:
    with RunFolder.create(tmp_path) as folder:
        folder.write_dataset(noisy[1])
        before = (tmp_path / "data.npz").stat().st_ino
        with few_pictures():
            folder.write_results(*noisy)
        assert (tmp_path / "data.npz").stat().st_ino == before


def test_a_search_that_could_not_begin_leaves_nothing(kepler: Case, tmp_path: Path) -> None:
    def search() -> None:
        with RunFolder.create(tmp_path / "a") as folder:
            folder.write_dataset(kepler[1])
            folder.write_settings({})
            raise DataError("no")

    with pytest.raises(DataError):
        search()
    assert not (tmp_path / "a").exists()


def test_a_name_that_no_file_can_hold_stops_nothing(kepler: Case, tmp_path: Path) -> None:
    result = replace(kepler[0], target_name="\ud800")
    with RunFolder.create(tmp_path) as folder:
        folder.write_results(result, kepler[1])
    assert read_result(tmp_path, Discovery) == Discovery(**vars(result))
