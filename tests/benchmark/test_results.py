"""The folder of results: whole lines only, whatever happens."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.benchmark.record import Record, Status, plain, versions
from eqdisc.benchmark.results import ResultsFolder, read_plan, read_results
from eqdisc.errors import DataError, OptionError

PLAN = {"suites": {"s": {"t": "0"}}, "methods": {"m": "1"}, "repetitions": 9, "fingerprint": "abc"}


def record(number: int, **facts: object) -> Record:
    return Record("s", "t", "m", number, seed=number, plan="abc", **facts)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with ResultsFolder(tmp_path / "out", PLAN) as results:
        for number in range(3):
            results.append(record(number, answer=f"{number}*x", score={"solved": True}))
    return tmp_path / "out"


def test_what_is_appended_is_read(folder: Path) -> None:
    assert [run.repetition for run in read_results(folder)] == [0, 1, 2]
    assert read_plan(folder) == PLAN
    with ResultsFolder(folder, PLAN) as results:
        assert list(results.records) == [("s", "t", "m", number) for number in range(3)]


def test_a_torn_last_line_is_dropped_wherever_it_was_torn(folder: Path) -> None:
    path = folder / "results.jsonl"
    whole = path.read_bytes()
    start = whole.rfind(b"\n", 0, -1) + 1
    for end in range(start, len(whole)):
        path.write_bytes(whole[:end])
        assert len(read_results(folder)) == 2
        assert path.read_bytes() == whole[:end]  # reading changes nothing
        with ResultsFolder(folder, PLAN) as results:
            assert len(results.records) == 2
            assert path.read_bytes() == whole[:start]
            results.append(record(2, answer="2*x", score={"solved": True}))
        assert path.read_bytes() == whole


def test_zeros_at_the_end_are_dropped(folder: Path) -> None:
    path = folder / "results.jsonl"
    whole = path.read_bytes()
    for damage in (b"\0" * 100, b"\0" * 100 + b"\n"):
        path.write_bytes(whole + damage)
        with ResultsFolder(folder, PLAN) as results:
            assert len(results.records) == 3
        assert path.read_bytes() == whole


def test_damage_amid_the_file_is_told_and_left(folder: Path) -> None:
    path = folder / "results.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    for damage in (b"not json\n", b'{"suite": "s"}\n', b'{"surprise": 1}\n', b"[1]\n", b"\n"):
        path.write_bytes(lines[0] + damage + lines[2])
        with pytest.raises(DataError, match=r"line 2 of .*results.jsonl is damaged"):
            read_results(folder)
        with pytest.raises(DataError, match="line 2"):
            ResultsFolder(folder, PLAN)
        assert path.read_bytes() == lines[0] + damage + lines[2]


def test_a_line_of_a_newer_version_is_never_dropped(folder: Path) -> None:
    path = folder / "results.jsonl"
    newer = path.read_bytes() + b'{"colour": "blue"}\n'
    path.write_bytes(newer)
    with pytest.raises(DataError, match="line 4"):
        ResultsFolder(folder, PLAN)
    assert path.read_bytes() == newer


def test_one_at_a_time(folder: Path) -> None:
    with (
        ResultsFolder(folder, PLAN),
        pytest.raises(OptionError, match="another eqdisc process works in"),
    ):
        ResultsFolder(folder, PLAN)
    with ResultsFolder(folder, PLAN):
        pass


def test_runs_of_another_plan_are_refused(folder: Path) -> None:
    with (folder / "results.jsonl").open("a") as file:
        file.write(Record("s", "t", "m", 5, seed=1, plan="def").line() + "\n")
    with pytest.raises(DataError, match=r"a run of another plan \(s t m 5\)"):
        ResultsFolder(folder, PLAN)


def test_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such folder"):
        read_results(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no folder of a benchmark"):
        read_results(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(OptionError, match="is a file"):
        ResultsFolder(tmp_path / "file", PLAN)
    (tmp_path / "plan.json").write_text("{")
    with pytest.raises(DataError, match="is damaged"):
        ResultsFolder(tmp_path, PLAN)
    (tmp_path / "plan.json").unlink()
    (tmp_path / "results.jsonl").write_text("")
    with pytest.raises(DataError, match=r"but no plan.json"):
        ResultsFolder(tmp_path, PLAN)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(values, st.text(), st.sampled_from(Status))
def test_every_record_is_one_line_that_gives_it_back(value: object, text: str, status: Status) -> None:
    text = text.encode("utf-8", "replace").decode()
    run = record(1, details={"value": plain(value)}, message=text, status=status, notes=(text,))
    line = run.line()
    assert "\n" not in line
    json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert Record.of_line(line) == run


def test_plain_values() -> None:
    assert plain({"a": np.arange(2), "b": np.float32(0.5), "c": np.nan, "d": Path("x"), "e": Status.OK}) == {
        "a": [0, 1],
        "b": 0.5,
        "c": None,
        "d": "x",
        "e": "ok",
    }
    assert versions(gp="2")["gp"] == "2"
