"""`eqdisc bench` and `eqdisc data`: from a list of suites to a table and pictures."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eqdisc.benchmark.methods import METHODS
from eqdisc.benchmark.results import read_results
from eqdisc.cli import app
from tests.cli.asking import ask

SUITES = {
    *("srsd-easy", "srsd-medium", "srsd-hard", "srsd-easy-dummy", "srsd-medium-dummy", "srsd-hard-dummy"),
    *("fastsrb", "feynman", "strogatz", "classic", "real"),
}

OPTIONS = ("--method", "eqdisc-closed_form", "--method", "mean", "--time", "5", "--threads", "1")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite of one's own, a line and a parabola, and the results of two methods on it."""
    folder = tmp_path_factory.mktemp("suites") / "mine"
    folder.mkdir()
    for name, power in (("line", 1), ("parabola", 2)):
        rows = "".join(f"{n / 10},{(n * 7) % 11},{2.0 * (n / 10) ** power}\n" for n in range(1, 41))
        (folder / f"{name}.csv").write_text("x,z,y\n" + rows)
    (folder / "truth.toml").write_text('[line]\ntruth = "2*x"\n[parabola]\ntruth = "2*x**2"\n')
    ask("bench", "run", str(folder), *OPTIONS, "--out", str(folder.parent / "out"), "--quiet")
    return folder


@pytest.fixture
def suite(made: Path) -> str:
    return str(made)


@pytest.fixture
def results(made: Path, tmp_path: Path) -> str:
    return str(shutil.copytree(made.parent / "out", tmp_path / "results", ignore=lambda *_: [".lock"]))


def test_suites_are_listed() -> None:
    rows = json.loads(ask("bench", "list", "--json"))
    assert {row["name"] for row in rows} >= SUITES
    counts = {row["name"]: row["tasks"] for row in rows}
    assert (counts["feynman"], counts["fastsrb"], counts["strogatz"]) == (119, 117, 14)
    assert all(set(row) == {"name", "tasks", "description"} for row in rows)
    listed = ask("bench", "list").splitlines()
    assert {line.split()[0] for line in listed} == {row["name"] for row in rows}


def test_methods_are_listed_with_what_is_missing() -> None:
    rows = json.loads(ask("bench", "list", "--methods", "--json"))
    assert [row["name"] for row in rows] == list(METHODS)
    assert {row["name"]: row["missing"] for row in rows}["eqdisc"] is None
    assert len(ask("bench", "list", "--methods").splitlines()) == len(METHODS)


def test_from_a_run_to_its_table(results: str) -> None:
    found = json.loads(ask("bench", "table", results, "--json"))
    assert found["missing"] == 0
    assert found["runs"] == 4
    rows = {row["method"]: row for row in found["groups"]}
    assert rows["eqdisc-closed_form"]["solved"]["rate"] == 1.0
    assert rows["mean"]["solved"]["rate"] == 0.0
    assert rows["mean"]["set"] == "mine"
    table = ask("bench", "table", results, "--by", "task,method")
    assert [line.split()[:2] for line in table.splitlines()[1:5]] == [
        ["line", "eqdisc-closed_form"],
        ["line", "mean"],
        ["parabola", "eqdisc-closed_form"],
        ["parabola", "mean"],
    ]


def test_the_same_command_goes_on(results: str, suite: str) -> None:
    path = Path(results, "results.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]))
    assert json.loads(ask("bench", "table", results, "--json"))["missing"] == 2
    assert "2 runs of the plan are missing" in ask("bench", "table", results)
    result = CliRunner().invoke(app, ["bench", "run", suite, *OPTIONS, "--out", results])
    assert result.exit_code == 0
    assert "2 of 4 runs" in result.stderr
    assert "4 of 4 runs" in result.stderr
    assert path.read_bytes().splitlines(keepends=True)[:2] == lines[:2]
    assert len(read_results(results)) == 4


def test_several_folders_make_one_table(results: str, suite: str, tmp_path: Path) -> None:
    other = str(tmp_path / "other")
    ask("bench", "run", suite, "--method", "mean", "--seed", "5", "--time", "5", "--out", other, "--quiet")
    rows = json.loads(ask("bench", "table", results, other, "--json", "--by", "method"))["groups"]
    assert {row["method"]: row["runs"] for row in rows} == {"eqdisc-closed_form": 2, "mean": 4}


def test_pictures(results: str, tmp_path: Path) -> None:
    printed = ask("bench", "plot", results)
    assert len(printed.splitlines()) == 4
    assert {path.name for path in Path(results, "plots").iterdir()} == {
        *("solution_rate.png", "solution_rate.pdf", "recovery.png", "recovery.pdf"),
    }


def test_a_sample_of_a_suite_that_ships(tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    command = ("bench", "run", "srsd-easy", "strogatz", "--method", "mean", "--sample", "2", "--quiet")
    ask(*command, "--out", out)
    assert [record.suite for record in read_results(out)] == ["srsd-easy"] * 2 + ["strogatz"] * 2
    assert "--seed" not in ask(*command, "--out", out)


@pytest.mark.skipif(os.name == "nt", reason="signals to a process are POSIX")
def test_control_c_keeps_what_is_done(tmp_path: Path) -> None:
    import signal

    out = tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "eqdisc",
        "bench",
        "run",
        "srsd-easy",
        "--method",
        "mean",
        "--out",
        str(out),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        next(line for line in process.stderr if "of 30 runs" in line and "; " in line)
        process.send_signal(signal.SIGINT)
        printed, complaints = process.communicate(timeout=120)
    assert process.returncode == 130
    assert printed == ""
    assert complaints.splitlines()[-1].startswith("interrupted; all runs that had ended are in")
    assert "Traceback" not in complaints
    assert 1 <= len(read_results(out)) < 30


def test_srsd_is_written_as_it_is_published(tmp_path: Path) -> None:
    printed = ask(
        "data", "make", "srsd", "--out", str(tmp_path), "--level", "easy", "--no-dummies", "--quiet"
    )
    folder = tmp_path / "srsd-feynman_easy"
    assert printed.splitlines()[0] == f"wrote {folder}"
    assert {path.name for path in folder.iterdir()} >= {"train", "val", "test", "supp_info.json"}
    assert len(list((folder / "train").iterdir())) == 30
    out = str(tmp_path / "out")
    ask("bench", "run", str(folder), "--method", "mean", "--sample", "1", "--out", out, "--quiet")
    assert "there is no level 'esy'" in ask("data", "make", "srsd", "--out", out, "--level", "esy", code=2)


class TestRefuses:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("srsd-esy",), "did you mean srsd-easy"),
            (("classic", "--method", "eqdsc"), "did you mean 'eqdisc'?"),
            (("classic", "--time", "0"), "the time of a run is 0"),
            (("classic", "--repetitions", "0"), "repetitions is 0"),
            (("classic", "--jobs", "0"), "jobs is 0"),
            (("classic", "--sample", "-1"), "sample is -1"),
            (("classic", "--task", "Nguyn-1"), "did you mean Nguyen-1"),
            (("classic", "classic"), "the suite 'classic' is named twice"),
            (("strogatz", "--cluster", "tcp://127.0.0.1:9", "--sample", "1"), "no scheduler answers"),
        ],
    )
    def test_runs_that_make_no_sense(
        self, arguments: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("eqdisc.cluster.CONNECT", 1.0)
        out = str(tmp_path / "out")
        assert words in ask("bench", "run", *arguments, "--out", out, "--quiet", code=2)

    def test_a_folder_of_another_plan(self, results: str, suite: str) -> None:
        complaint = ask("bench", "run", suite, "--method", "mean", "--out", results, "--quiet", code=2)
        assert "holds the results of another plan (" in complaint
        assert "there, mean" in complaint

    def test_a_damaged_truth(self, suite: str, tmp_path: Path) -> None:
        copy = shutil.copytree(suite, tmp_path / "copy")
        Path(copy, "truth.toml").write_text("[line\n")
        out = str(tmp_path / "out")
        assert "truth.toml" in ask("bench", "run", str(copy), "--out", out, "--quiet", code=2)

    def test_folders_without_results(self, results: str, tmp_path: Path) -> None:
        assert "there is no such folder" in ask("bench", "table", str(tmp_path / "nowhere"), code=2)
        assert "no folder of a benchmark" in ask("bench", "plot", str(tmp_path), code=2)
        assert "did you mean 'method'" in ask("bench", "table", results, "--by", "metod", code=2)
        Path(results, "results.jsonl").write_text("")
        assert "no run has ended yet" in ask("bench", "table", results, code=2)
