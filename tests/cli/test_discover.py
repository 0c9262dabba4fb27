import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from eqdisc.cli import app
from eqdisc.data.tables import write_example

KEYS = {
    "best",
    "front",
    "stopped",
    "seed",
    "epochs",
    "seconds",
    "compile_seconds",
    "evaluations",
    "symbols",
    "warnings",
    "notes",
    "reason",
    "rivals",
    "stability",
    "n_rows",
    *("target_name", "target_unit", "feature_names", "feature_units"),
}
LAW_KEYS = {"expression", "latex", "complexity", "loss", "r2", "r2_heldout", "found_by", "constants"} | {
    *("standard_errors", "constant_names", "constant_units", "constant_matches")
}
QUICK = ("--target", "period", "--proposers", "closed_form", "--epochs", "1")


@pytest.fixture
def kepler(tmp_path: Path) -> str:
    return str(write_example("kepler", tmp_path))


def test_prints_the_front_with_the_chosen_law_and_the_reason(kepler: str) -> None:
    result = CliRunner().invoke(app, ["discover", kepler, *QUICK])
    assert result.exit_code == 0
    assert result.stdout.startswith("period = ")
    assert "semi_major_axis" in result.stdout.splitlines()[0]
    marked = [line for line in result.stdout.splitlines() if line.startswith(">")]
    assert len(marked) == 1
    assert "closed_form" in marked[0]
    for word in ("chosen   ", "stopped  ", "effort   ", "repeat   --seed 0 --epochs 1"):
        assert f"\n{word}" in result.stdout
    assert "candidates/s" in result.stderr  # progress is not part of the result


def test_quiet_is_silent_but_for_the_result(kepler: str) -> None:
    result = CliRunner().invoke(app, ["discover", kepler, *QUICK, "--quiet"])
    assert result.exit_code == 0
    assert result.stderr == ""
    assert "chosen   " in result.stdout


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_json_is_one_object_and_nothing_else(kepler: str, quiet: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, ["discover", kepler, *QUICK, "--json", *quiet])
    assert result.exit_code == 0
    record = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert set(record) == KEYS
    assert record["best"] in record["front"]
    for law in record["front"]:
        assert set(law) == LAW_KEYS
        assert law["r2_heldout"] is None  # eight rows: nothing is held out
    assert (result.stderr == "") == bool(quiet)


def test_json_tells_the_law_that_was_evaluated(kepler: str) -> None:
    import sympy

    record = json.loads(CliRunner().invoke(app, ["discover", kepler, *QUICK, "--json", "--quiet"]).stdout)
    rows = np.loadtxt(kepler, delimiter=",", skiprows=1)
    law = sympy.lambdify(sympy.Symbol("semi_major_axis"), sympy.sympify(record["best"]["expression"]))
    misses = np.array([law(axis) for axis in rows[:, 0]]) - rows[:, 1]
    assert np.mean(misses**2) == pytest.approx(record["best"]["loss"], rel=1e-6)
    assert record["best"]["r2"] > 0.99999


def test_same_seed_same_answer(kepler: str) -> None:
    first, second = (
        json.loads(
            CliRunner().invoke(app, ["discover", kepler, *QUICK, "--json", "--quiet", "--threads", n]).stdout
        )
        for n in ("1", "2")
    )
    assert first["front"] == second["front"]


BAD = [
    (["nowhere.csv", "--target", "period"], "there is no file nowhere.csv"),
    ([".", "--target", "period"], "is a folder; wanted a CSV or TSV file"),
    (["kepler.csv", "--target", "perod"], "no column 'perod' for the target; did you mean 'period'?"),
    (["kepler.csv", "--target", "period", "--features", "axis"], "no column 'axis' for the feature"),
    (["kepler.csv", "--target", "period", "--features", "period"], "is also among the features"),
    (["kepler.csv", "--target", "period", "--operators", "+ - sine"], "sine"),
    (["kepler.csv", "--target", "period", "--operator", "half(x)=x/"], "cannot read the formula"),
    (["kepler.csv", "--target", "period", "--max-size", "0"], "max_size is 0"),
    (["kepler.csv", "--target", "period", "--time", "-1"], "time limit is -1.0 seconds"),
    (["kepler.csv", "--target", "period", "--time", "nan"], "time limit is nan seconds"),
    (["kepler.csv", "--target", "period", "--threads", "0"], "threads is 0"),
    (["kepler.csv", "--target", "period", "--epochs", "0"], "epochs is 0"),
    (["kepler.csv", "--target", "period", "--seed", "-1"], "seed is -1"),
    (["kepler.csv", "--target", "period", "--proposers", "pg"], "there is no proposer 'pg'"),
    (["kepler.csv", "--target", "period", "--time", "soon"], "Invalid value for '--time'"),
    (["kepler.csv"], "Missing option '--target'"),
]


@pytest.mark.parametrize("flags", [(), ("--quiet", "--json")], ids=["plain", "quiet json"])
@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[message for _, message in BAD])
def test_bad_input(
    arguments: list[str], message: str, flags: tuple[str, ...], kepler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(kepler).parent)
    result = CliRunner().invoke(app, ["discover", *arguments, *flags])
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


BAD_TABLES = {
    "empty": ("", "is empty"),
    "header only": ("axis,period\n", "no rows of numbers"),
    "ragged": ("axis,period\n1,2\n3\n4,5\n6,7\n", "row 2 (line 3) has 1 cells"),
    "text": ("axis,period\n1,2\n3,4\nfar,5\n6,7\n", "row 3 (line 4), column 'axis' holds 'far'"),
    "missing": ("axis,period\n1,2\n3,\n4,5\n6,7\n", "1 of 4 rows left out: a missing value in 'period'"),
    "three rows": ("axis,period\n1,2\n3,4\n4,5\n", "at least 4 rows"),
    "constant": ("axis,period\n1,2\n3,2\n4,2\n5,2\n", "it is constant"),
    "duplicate": ("axis,axis,period\n1,1,2\n3,3,4\n4,4,5\n5,5,6\n", "stands more than once"),
    "binary": ("axis,period\n\0\0\0\0", "is a binary file"),
}


@pytest.mark.parametrize(("text", "message"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_bad_table(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text)
    result = CliRunner().invoke(app, ["discover", str(path), "--target", "period", "--quiet", "--json"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert message in result.stderr


def test_an_interrupt_prints_the_best_so_far(kepler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from eqdisc.report.progress import PlainProgress

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(PlainProgress, "on_epoch", interrupt)
    result = CliRunner().invoke(app, ["discover", kepler, *QUICK, "--json"])
    assert result.exit_code == 130
    record = json.loads(result.stdout)
    assert record["stopped"] == "interrupted"
    assert record["best"]["expression"]


def test_an_interrupt_before_the_search_leaves_no_traceback(
    kepler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("eqdisc.data.table.read_table", interrupt)
    result = CliRunner().invoke(app, ["discover", kepler, *QUICK])
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == "interrupted before there was a result\n"


@pytest.mark.skipif(os.name == "nt", reason="signals to a process are POSIX")
def test_control_c(tmp_path: Path) -> None:
    table = write_example("thurber", tmp_path)
    command = [
        sys.executable,
        "-m",
        "eqdisc",
        "discover",
        str(table),
        "--target",
        "mobility",
        "--time",
        "300",
    ]
    with subprocess.Popen(
        [*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        # The first line that tells of an epoch: the search is running by then.
        next(line for line in process.stderr if "candidates/s" in line and "starting" not in line)
        process.send_signal(signal.SIGINT)
        printed, complaints = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in complaints
    assert json.loads(printed)["best"]["r2"] is not None
