"""What a kept run is good for, by the command line: discover --out, show, export, predict, resume, fit."""

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from eqdisc.data.tables import write_example
from eqdisc.report.folder import RunFolder
from tests.cli.asking import ask
from tests.quick import few_pictures, quick_epochs


@pytest.fixture(autouse=True)
def _quick() -> Iterator[None]:
    with quick_epochs(), few_pictures():
        yield


@pytest.fixture
def boyle(tmp_path: Path) -> str:
    return str(write_example("boyle", tmp_path))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with everything it leaves, all pictures too, made once."""
    folder = tmp_path_factory.mktemp("kept")
    table = str(write_example("boyle", folder))
    options = ("--target", "pressure", "--proposers", "closed_form", "--quiet")
    ask("discover", table, *options, "--out", str(folder / "run"))
    return folder / "run"


@pytest.fixture
def run(tmp_path: Path, kept: Path) -> str:
    """A copy of the run, to do anything with."""
    return str(shutil.copytree(kept, tmp_path / "runs" / "a"))


def test_a_run_leaves_everything(run: str) -> None:
    files = {path.name for path in Path(run).iterdir()}
    assert {"result.json", "front.csv", "front.tex", "report.html", "data.npz", "settings.json"} <= files
    assert {path.suffix for path in Path(run, "plots").iterdir()} == {".png", ".pdf"}
    assert not any(name.endswith((".part", ".tmp")) for name in files)


def test_show_prints_what_discover_printed(boyle: str, tmp_path: Path) -> None:
    folder = str(tmp_path / "b")
    printed = ask(
        "discover", boyle, "--target", "pressure", "--proposers", "closed_form", "--out", folder, "--quiet"
    )
    assert ask("show", folder) == printed
    record = json.loads(ask("show", folder, "--json"))
    assert record["best"]["expression"].startswith("1406.9")
    assert ask("show", folder, "--html").strip() == str(Path(folder, "report.html"))


def test_exported_python_gives_what_predict_gives(run: str, boyle: str, tmp_path: Path) -> None:
    code = tmp_path / "law.py"
    ask("export", run, "--to", "python", "--out", str(code))
    scope: dict[str, object] = {}
    exec(compile(code.read_text(), "law.py", "exec"), scope)
    rows = list(csv.DictReader(io.StringIO(ask("predict", run, boyle))))
    law = scope["law"]
    for row in rows:
        assert law(float(row["volume"])) == pytest.approx(float(row["pressure predicted"]), rel=1e-12)  # type: ignore[operator]
        assert float(row["lower 95 %"]) < float(row["pressure predicted"]) < float(row["upper 95 %"])
        assert row["note"] == ""


@pytest.mark.parametrize(
    "language", ["latex", "sympy", "python", "numpy", "c", "julia", "excel", "torch", "jax"]
)
def test_every_language_is_written_for_every_equation(run: str, language: str) -> None:
    count = len(json.loads(ask("show", run, "--json"))["front"])
    assert all(ask("export", run, "--to", language, "--equation", str(n)) for n in range(1, count + 1))


def test_predict_marks_rows_it_cannot_vouch_for(run: str) -> None:
    table = "place,volume\nfar,5000\nhere,20\npole,0\ngap,\n"
    rows = list(csv.DictReader(io.StringIO(ask("predict", run, "-", input=table))))
    assert [row["place"] for row in rows] == ["far", "here", "pole", "gap"]
    assert rows[0]["note"] == "outside the range of the data in volume"
    assert rows[1]["note"] == ""
    assert rows[2]["note"].startswith("the law has no finite value here")
    assert rows[2]["pressure predicted"] == ""
    assert rows[3]["note"] == "missing volume"


def test_resume_goes_on_where_the_run_ended(boyle: str, tmp_path: Path) -> None:
    short, whole = str(tmp_path / "short"), str(tmp_path / "whole")
    options = ("--target", "pressure", "--proposers", "gp", "--threads", "1", "--max-size", "9", "--quiet")
    ask("discover", boyle, *options, "--epochs", "1", "--out", short)
    ask("discover", boyle, *options, "--epochs", "3", "--out", whole)
    resumed = json.loads(ask("resume", short, "--epochs", "3", "--quiet", "--json"))
    uninterrupted = json.loads(ask("show", whole, "--json"))
    assert resumed["epochs"] == 3
    assert resumed["front"] == uninterrupted["front"]


def test_the_command_line_wins_over_the_settings_file(boyle: str, tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text(
        'target = "volume"\nproposers = ["closed_form"]\nmax-size = 7\nquiet = true\noperators = "+ - * /"\n'
    )
    answer = ask("discover", boyle, "--config", str(settings), "--target", "pressure", "--json")
    record = json.loads(answer)
    assert record["target_name"] == "pressure"
    assert max(law["complexity"] for law in record["front"]) <= 7


def test_a_guess_and_a_table_on_standard_input() -> None:
    radius = np.linspace(1.0, 4.0, 12)
    text = "r,F\n" + "".join(f"{r:.6f},{6.25 / r**2 + 0.125:.10f}\n" for r in radius)
    answer = ask(
        *("discover", "-", "--target", "F", "--guess", "k/r**2 + c", "--proposers", "closed_form"),
        *("--operators", "+ *", "--json", "--quiet"),
        input=text,
    )
    best = json.loads(answer)["best"]
    assert best["found_by"] == "seeds"
    assert sorted(best["constants"]) == pytest.approx([0.125, 6.25], rel=1e-6)


def test_required_and_forbidden_columns(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    a, b, c = rng.uniform(1.0, 2.0, (3, 40))
    path = tmp_path / "t.csv"
    rows = "".join(f"{p!r},{q!r},{r!r},{p * q!r}\n" for p, q, r in zip(a, b, c, strict=True))
    path.write_text("a,b,c,y\n" + rows.replace("np.float64(", "").replace(")", ""))
    common = ("discover", str(path), "--target", "y", "--proposers", "closed_form", "--json", "--quiet")
    free = json.loads(ask(*common))
    assert free["best"]["expression"] in ("a*b", "b*a")
    barred = json.loads(ask(*common, "--forbid", "b"))
    assert all("b" not in law["expression"] for law in barred["front"])
    assert "c" in json.loads(ask(*common, "--require", "c"))["best"]["expression"]


def test_fit_tells_the_constants_with_their_names_and_errors(boyle: str) -> None:
    answer = ask("fit", boyle, "--form", "pressure = k/volume + c")
    assert "k = 1403.1 ± 2.6" in answer
    assert "c = 0.19 ± 0.12" in answer
    record = json.loads(ask("fit", boyle, "--form", "k/volume + c", "--target", "pressure", "--json"))
    assert record["stopped"] == "fitted"


def test_stability_is_reported(boyle: str) -> None:
    record = json.loads(
        ask(
            *("discover", boyle, "--target", "pressure", "--proposers", "closed_form", "--stability", "5"),
            *("--json", "--quiet"),
        )
    )
    assert record["stability"]["resamples"] == 5
    assert record["stability"]["returned"] >= 4


class TestRefuses:
    """Exit code 2, one sentence, nothing half-written."""

    def test_a_folder_that_holds_another_run(self, run: str, boyle: str) -> None:
        before = {path: path.read_bytes() for path in Path(run).iterdir() if path.is_file()}
        options = ("--target", "pressure", "--proposers", "closed_form", "--out", run, "--quiet")
        assert "holds another run" in ask("discover", boyle, *options, code=2)
        assert before == {path: path.read_bytes() for path in Path(run).iterdir() if path.is_file()}
        ask("discover", boyle, *options, "--overwrite")

    def test_a_folder_that_cannot_be_made(self, boyle: str, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        folder = str(tmp_path / "file" / "run")
        complaint = ask("discover", boyle, "--target", "pressure", "--out", folder, "--quiet", code=2)
        assert "cannot be made" in complaint

    def test_a_bad_guess_leaves_no_folder(self, boyle: str, tmp_path: Path) -> None:
        folder = tmp_path / "new"
        options = ("--target", "pressure", "--guess", "k/(volume", "--out", str(folder), "--quiet")
        assert "^" in ask("discover", boyle, *options, code=2)  # the position is shown
        assert not folder.exists()

    @pytest.mark.parametrize(
        "options",
        [
            ("--guess", "k/(volume"),
            ("--block", "volume"),
            ("--template", "volume**a"),
            ("--time", "-1"),
            ("--operators", "+ sinn"),
            ("--proposers", "magic"),
            ("--guess", "k*volume", "--forbid", "volume"),
            ("--template", "f(1)"),
        ],
    )
    def test_overwriting_by_what_is_refused_keeps_the_old_run(
        self, run: str, boyle: str, options: tuple[str, ...]
    ) -> None:
        before = {path: path.read_bytes() for path in Path(run).rglob("*") if path.is_file()}
        ask(
            *("discover", boyle, "--target", "pressure", *options, "--out", run, "--overwrite", "--quiet"),
            code=2,
        )
        assert before == {path: path.read_bytes() for path in Path(run).rglob("*") if path.is_file()}

    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ('{"version": 1, "bad": 1}', "no 'bad'"),
            ('{"version": 1, "seed": "x"}', "seed is 'x'"),
            ('{"version": 9}', "made by a newer eqdisc"),
            ("{}", "does not say its version"),
            ("[1", "is damaged"),
        ],
    )
    def test_damaged_or_newer_settings(self, run: str, settings: str, words: str) -> None:
        Path(run, "settings.json").write_text(settings)
        assert words in ask("resume", run, "--epochs", "2", "--quiet", code=2)

    def test_a_folder_where_a_file_should_go(self, run: str, boyle: str) -> None:
        assert "is a folder" in ask("predict", run, boyle, "--out", run, code=2)

    def test_units_that_are_not_those_of_the_law(self, tmp_path: Path) -> None:
        table, other = tmp_path / "t.csv", tmp_path / "o.csv"
        table.write_text("x [m],y [J]\n" + "".join(f"{x},{3 * x}\n" for x in range(1, 9)))
        other.write_text("x [cm]\n100\n")
        folder = str(tmp_path / "run")
        options = ("--target", "y", "--proposers", "closed_form", "--epochs", "1", "--quiet")
        ask("discover", str(table), *options, "--out", folder)
        assert "is in cm, the law was found with it in m" in ask("predict", folder, str(other), code=2)

    def test_a_second_process_on_one_folder(self, run: str) -> None:
        holder = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import sys; from eqdisc.report.folder import RunFolder\n"
                "with RunFolder(sys.argv[1]):\n    print('held', flush=True); sys.stdin.readline()",
                run,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert "another eqdisc process works in" in ask("resume", run, "--epochs", "2", "--quiet", code=2)
        holder.communicate("go\n", timeout=30)
        with RunFolder(run):
            pass  # free again

    def test_a_damaged_result(self, run: str) -> None:
        path = Path(run, "result.json")
        whole = path.read_text()
        path.write_text(whole[: len(whole) // 2])
        assert "no whole JSON file" in ask("show", run, code=2)
        path.write_text(whole.replace('"version": 1', '"version": 99'))
        assert "made by a newer eqdisc" in ask("show", run, code=2)

    def test_a_folder_without_a_run(self, tmp_path: Path) -> None:
        for command in (("show",), ("export", "--to", "c"), ("resume", "--quiet")):
            ask(command[0], str(tmp_path), *command[1:], code=2)
        assert "no run" in ask("show", str(tmp_path / "nowhere"), code=2)

    def test_an_equation_that_is_not_there(self, run: str) -> None:
        assert "there is no equation 99; the front has the equations 1 to" in ask(
            "export", run, "--to", "c", "--equation", "99", code=2
        )
        ask("export", run, "--to", "c", "--equation", "0", code=2)

    def test_an_unknown_language(self, run: str) -> None:
        assert "python" in ask("export", run, "--to", "pyton", code=2)

    def test_a_table_without_the_column(self, run: str, tmp_path: Path) -> None:
        table = tmp_path / "t.csv"
        table.write_text("volum,x\n1,2\n")
        assert "did you mean 'volum'" in ask("predict", run, str(table), code=2)

    def test_a_level_that_is_no_probability(self, run: str, boyle: str) -> None:
        assert "wanted a probability" in ask("predict", run, boyle, "--level", "95", code=2)

    @pytest.mark.parametrize(
        ("form", "words"),
        [
            ("pressure = k/(volume", "^"),
            ("pressure = k*volme", "did you mean 'volume'"),
            ("k/volume", "--target"),
            ("pressure = k*f(volume)", "f"),
            ("pressure = k*V", "reads no column"),
        ],
    )
    def test_forms_that_cannot_be_fitted(self, boyle: str, form: str, words: str) -> None:
        assert words in ask("fit", boyle, "--form", form, code=2)

    def test_a_start_that_is_no_number(self, boyle: str) -> None:
        assert "--start" in ask("fit", boyle, "--form", "pressure = k/volume", "--start", "k=much", code=2)

    @pytest.mark.parametrize(
        ("text", "words"),
        [("speed = 3", "there is no option 'speed'"), ("time = ", "no TOML file")],
    )
    def test_settings_files_that_make_no_sense(
        self, boyle: str, tmp_path: Path, text: str, words: str
    ) -> None:
        path = tmp_path / "settings.toml"
        path.write_text(text)
        assert words in ask("discover", boyle, "--target", "pressure", "--config", str(path), code=2)

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (("--require", "nothing"), "no feature 'nothing'"),
            (("--require", "volume", "--forbid", "volume"), "both required and forbidden"),
            (("--forbid", "volume"), "no feature is left"),
            (("--template", "f(volume)", "--guess", "volume"), "leave out"),
            (("--stability", "-1"), "stability"),
            (("--sigma", "errors"), "no column 'errors'"),
        ],
    )
    def test_impossible_options(self, boyle: str, options: tuple[str, ...], words: str) -> None:
        assert words in ask("discover", boyle, "--target", "pressure", *options, "--quiet", code=2)
