"""Surfaces by the command line: what is asked, printed, kept, shown, exported, predicted and refused."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from eqdisc.cli import app
from eqdisc.data.tables import write_example
from tests.cli.asking import ask
from tests.surfaces.stand_in import TORUS, stand_in

IMPLICIT = ("--implicit", "x,y,z")
PARAMETRIC = ("--features", "u,v", "--targets", "x,y,z")
SURFACE = ("--surface", "x,y,z")
QUESTIONS = pytest.mark.parametrize(
    "question", [IMPLICIT, PARAMETRIC, SURFACE], ids=lambda words: words[-2], scope="module"
)
KEYS = {
    *("best", "front", "names", "n_rows", "notes", "question", "reason", "seconds", "seed", "stopped"),
    *("symbols", "warnings"),
}
LAW_KEYS = {
    *("complexity", "distance", "exact", "expression", "expressions", "form", "latex", "origin", "targets"),
    "variables",
    "ranges",
}


@pytest.fixture
def torus(tmp_path: Path) -> str:
    return str(write_example("torus", tmp_path))


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)


@pytest.fixture(scope="module")
def kept(question: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """The folder of a run, and what was printed when it was made."""
    folder = tmp_path_factory.mktemp("kept")
    table, run = str(write_example("torus", folder)), str(folder / "run")
    with pytest.MonkeyPatch.context() as patch:
        stand_in(patch)
        return run, ask("discover", table, *question, "--out", run, "--quiet", "--seed", "4")


@QUESTIONS
@pytest.mark.usefixtures("_quick")
class TestKept:
    """The same for every form."""

    def test_show_prints_what_discover_printed(
        self, kept: tuple[str, str], question: tuple[str, ...]
    ) -> None:
        folder, printed = kept
        assert ask("show", folder) == printed
        assert f"\nrepeat   {' '.join(question)} --seed 4" in printed
        assert ask("show", folder, "--html").strip() == str(Path(folder, "report.html"))

    def test_json(self, torus: str, question: tuple[str, ...], tmp_path: Path) -> None:
        folder = str(tmp_path / "run")
        printed = ask("discover", torus, *question, "--json", "--quiet", "--out", folder)
        record = json.loads(printed, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
        assert set(record) == KEYS
        assert record["best"] in record["front"]
        assert all(set(law) == LAW_KEYS for law in record["front"])
        assert json.loads(ask("show", folder, "--json")) == record

    def test_code_of_every_law(self, kept: tuple[str, str]) -> None:
        folder, _ = kept
        count = len(json.loads(ask("show", folder, "--json"))["front"])
        for number in range(1, count + 1):
            for language in ("latex", "python", "c", "excel", "sympy"):
                assert ask("export", folder, "--to", language, "--equation", str(number))
        assert f"equations 1 to {count}" in ask("export", folder, "--to", "c", "--equation", "9", code=2)
        assert "not gone on with" in ask("resume", folder, code=2)

    def test_progress_is_said_unless_quiet(
        self, torus: str, question: tuple[str, ...], tmp_path: Path
    ) -> None:
        result = CliRunner().invoke(app, ["discover", torus, *question, "--time", "7"])
        assert result.stderr.startswith("looking for ")
        assert "7 s at most" in result.stderr
        assert CliRunner().invoke(app, ["discover", torus, *question, "--quiet"]).stderr == ""


@pytest.mark.usefixtures("_quick")
class TestPredict:
    def test_outputs(self, torus: str, tmp_path: Path) -> None:
        folder = str(tmp_path / "run")
        ask("discover", torus, *PARAMETRIC, "--quiet", "--out", folder)
        table = "place,v,u\nhere,1,2\nfar,99,2\ngap,,2\n"
        rows = list(csv.DictReader(io.StringIO(ask("predict", folder, "-", input=table))))
        assert [float(rows[0][f"{name} predicted"]) for name in "xyz"] == TORUS.values([[2.0, 1.0]])[
            0
        ].tolist()
        assert [row["note"] for row in rows] == ["", "outside the range of the data in v", "missing v"]
        assert rows[2]["x predicted"] == ""
        assert rows[0]["place"] == "here"

    def test_values_of_f(self, torus: str, tmp_path: Path) -> None:
        folder = str(tmp_path / "run")
        ask("discover", torus, *IMPLICIT, "--quiet", "--out", folder)
        rows = list(csv.DictReader(io.StringIO(ask("predict", folder, "-", input="x,y,z\n2,0,0\n3,0,0\n"))))
        assert [float(row["F"]) for row in rows] == [0.0, 5.0]
        assert "no column 'z'" in ask("predict", folder, "-", code=2, input="x,y\n1,2\n")


@pytest.mark.usefixtures("_quick")
def test_pictures_of_every_law(torus: str, tmp_path: Path) -> None:
    folder, picture = str(tmp_path / "run"), tmp_path / "torus.png"
    ask("discover", torus, *IMPLICIT, "--quiet", "--out", folder)
    assert ask("export", folder, "--to", "png", "--out", str(picture)) == f"wrote {picture}\n"
    best = picture.read_bytes()
    ask("export", folder, "--to", "png", "--out", str(picture), "--equation", "1")
    assert picture.read_bytes() != best
    assert "no file was named; give --out FILE.png" in ask("export", folder, "--to", "png", code=2)
    complaint = ask("export", folder, "--to", "pdf", "--out", str(picture), code=2)
    assert "is named for another kind; give --out FILE.pdf" in complaint


def test_settings_from_a_file(torus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    path = tmp_path / "settings.toml"
    path.write_text('implicit = ["x", "y"]\nquiet = true\nmax-size = 11\n')
    assert "repeat   --implicit x,y --seed 0 --time 30 --max-size 11" in ask(
        "discover", torus, "--config", str(path)
    )


@pytest.mark.usefixtures("_quick")
def test_networks_may_be_left_out(torus: str) -> None:
    assert "--no-pretrained" in ask("discover", torus, *PARAMETRIC, "--no-pretrained", "--quiet")
    assert "--no-pretrained" not in ask("discover", torus, *PARAMETRIC, "--quiet")


BAD = [
    ((), "Missing option '--target': name the column"),
    (("--implicit", "x,y", "--target", "z"), "--target and --implicit ask for different things"),
    (("--implicit", "x,y", "--surface", "x,y"), "--implicit and --surface ask for different things"),
    (("--targets", "x,y", "--target", "z"), "--target and --targets ask for different things"),
    (("--targets", "x,y"), "--targets wants the parameters too, as in --features u,v"),
    (("--implicit", "x,y", "--features", "u"), "--features has no place beside --implicit"),
    (("--implicit", " , "), "--implicit names no column"),
    (("--implicit", "x"), "1 coordinate; a surface needs at least two"),
    (("--implicit", "x,y,w"), "no column 'w'"),
    (("--surface", "x,x"), "'x' is given to more than one coordinate"),
    (("--features", "u,x", "--targets", "x,y"), "'x' is also among the features"),
    ((*IMPLICIT, "--template", "f(x)"), "--template is for the law of one --target"),
    (
        (*IMPLICIT, "--guess", "x"),
        "--guess is for the law of one --target and has no place beside --implicit",
    ),
    ((*SURFACE, "--epochs", "3"), "--epochs is for the law of one --target"),
    ((*PARAMETRIC, "--stability", "3"), "--stability is for"),
    ((*SURFACE, "--sigma", "u"), "--sigma is for"),
    ((*SURFACE, "--constants", "named"), "--constants is for"),
    ((*SURFACE, "--proposers", "gp"), "--proposers is for"),
    ((*IMPLICIT, "--time", "-1"), "time limit is -1.0 seconds"),
    ((*IMPLICIT, "--operators", "+ sinn"), "sinn"),
    ((*IMPLICIT, "--operator", "half(x)=x/"), "cannot read the formula"),
    ((*IMPLICIT, "--max-size", "0"), "max_size is 0"),
]


@pytest.mark.parametrize(("options", "message"), BAD, ids=[message for _, message in BAD])
@pytest.mark.usefixtures("_quick")
def test_what_cannot_be_asked(torus: str, options: tuple[str, ...], message: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    complaint = ask("discover", torus, *options, "--quiet", "--out", str(folder), code=2)
    assert complaint.startswith("error: ")
    assert message in complaint
    assert not folder.exists()


def write(path: Path, **columns: object) -> str:
    table = np.column_stack([np.asarray(column, dtype=float) for column in columns.values()])
    rows = [",".join("" if np.isnan(cell) else repr(float(cell)) for cell in row) for row in table]
    path.write_text("\n".join([",".join(columns), *rows]) + "\n")
    return str(path)


def test_a_cell_that_is_missing_is_named_by_row_and_column(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", u=[1, 2, 3, 4, 5], x=[1, 2, 3, 4, 5], y=[1, 2, np.nan, np.nan, 5])
    complaint = ask("discover", path, "--features", "u", "--targets", "x,y", "--quiet", code=2)
    assert "row 3 (line 4), column 'y' has no value (2 of 5 rows have such cells)" in complaint
    assert "column 'y' has no value" in ask("discover", path, "--implicit", "x,y", "--quiet", code=2)


def test_columns_of_different_length_are_a_broken_table(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("u,x,y\n1,1,1\n2,2,2\n3,3,3\n4,4\n5,5\n")
    assert "row 4 (line 5)" in ask("discover", str(path), "--features", "u", "--targets", "x,y", code=2)


# ---------------------------------------------------------------- the methods themselves


def test_the_torus_is_found_from_its_points(torus: str, tmp_path: Path) -> None:
    folder = str(tmp_path / "run")
    record = json.loads(
        ask("discover", torus, *IMPLICIT, "--time", "20", "--json", "--quiet", "--out", folder)
    )
    assert record["best"]["form"] == "implicit"
    assert record["best"]["exact"]
    assert record["stopped"] == "exact"
    scope: dict[str, object] = {}
    exec(ask("export", folder, "--to", "numpy"), scope)
    x, y, z = (4 * np.cos(0.3), 4 * np.sin(0.3), 0.0)
    assert scope["law"](x, y, z) == pytest.approx(0.0, abs=1e-12)  # type: ignore[operator]
    assert abs(scope["law"](x, y, z + 1.0)) > 0.1  # type: ignore[operator]


def test_the_torus_is_found_over_its_parameters(torus: str) -> None:
    record = json.loads(ask("discover", torus, *PARAMETRIC, "--time", "20", "--json", "--quiet"))
    assert record["best"]["form"] == "parametric"
    assert record["best"]["exact"]
    assert record["best"]["expressions"] == {
        "x": "(3 + cos(v))*cos(u)",
        "y": "(3 + cos(v))*sin(u)",
        "z": "sin(v)",
    }


RANDOM = np.random.default_rng(5)
ROUND = RANDOM.normal(size=(150, 3))
ROUND /= np.linalg.norm(ROUND, axis=1)[:, None]
HEIGHT = np.linspace(0.0, 6.0, 150)
ANGLE, OTHER = RANDOM.uniform(0.0, 6.0, (2, 150))


def xyz(points: np.ndarray) -> dict[str, object]:
    return dict(zip("xyz", points.T, strict=True))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (xyz(ROUND[:5]), "5 distinct points in 3 dimensions lie on very many surfaces"),
        (xyz(np.repeat(ROUND[:3], 20, axis=0)), "3 distinct points"),
        (xyz(np.column_stack([np.cos(HEIGHT), np.sin(HEIGHT), HEIGHT])), "these points lie on a curve"),
        (
            xyz(RANDOM.uniform(size=(200, 3))),
            "these points fill 3 dimensions and lie on no surface",
        ),
    ],
    ids=["few", "duplicates", "curve", "volume"],
)
def test_points_that_are_no_surface(columns: dict[str, object], message: str, tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", **columns)
    assert message in ask("discover", path, *IMPLICIT, "--time", "2", "--quiet", code=2)


def test_axes_of_wildly_different_scales(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", **xyz(ROUND * [1e9, 1e-9, 1.0]))
    record = json.loads(ask("discover", path, *IMPLICIT, "--time", "10", "--json", "--quiet"))
    assert record["best"]["exact"]


def test_parameters_that_are_not_independent_and_an_output_that_is_constant(tmp_path: Path) -> None:
    columns = {"u": ANGLE, "v": 2 * ANGLE + 1, "x": np.cos(ANGLE), "y": np.full(150, 3.0)}
    path = write(tmp_path / "t.csv", **columns)
    record = json.loads(
        ask("discover", path, "--features", "u,v", "--targets", "x,y", "--time", "60", "--json", "--quiet")
    )
    assert record["best"]["expressions"] == {"x": "cos(u)", "y": "3"}
    assert any("not independent: 'v' is a function of 'u'" in warning for warning in record["warnings"])
