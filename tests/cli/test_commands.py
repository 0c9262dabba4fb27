import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from eqdisc import __version__
from eqdisc.cli import app
from eqdisc.data.clouds import cloud_examples
from eqdisc.data.tables import example_names, example_path
from tests.quick import quick_epochs


def test_example_is_written_with_the_next_command(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["example", "kepler", "--out", str(tmp_path / "new")])
    path = tmp_path / "new" / "kepler.csv"
    assert result.exit_code == 0
    assert path.read_bytes() == example_path("kepler").read_bytes()
    assert f"eqdisc discover {path} --target period" in result.stdout


def test_a_cloud_is_written_with_all_that_can_be_asked_of_it(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["example", "torus", "--out", str(tmp_path)])
    path = tmp_path / "torus.csv"
    assert result.exit_code == 0
    assert f"eqdisc discover {path} --implicit x,y,z\n" in result.stdout
    assert f"eqdisc discover {path} --features u,v --targets x,y,z\n" in result.stdout


@pytest.mark.parametrize("arguments", [["example", "--list"], ["example"]])
def test_examples_are_listed(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    clouds = [cloud.name for cloud in cloud_examples()]
    assert [line.split()[0] for line in result.stdout.splitlines()] == [*example_names(), *clouds]
    assert list(tmp_path.iterdir()) == []


def test_example_refuses_an_unknown_name_and_a_different_file(tmp_path: Path) -> None:
    unknown = CliRunner().invoke(app, ["example", "keplr", "--out", str(tmp_path)])
    assert (unknown.exit_code, unknown.stdout) == (2, "")
    assert "did you mean 'kepler'" in unknown.stderr

    mine = tmp_path / "kepler.csv"
    mine.write_text("mine\n")
    refused = CliRunner().invoke(app, ["example", "kepler", "--out", str(tmp_path)])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "exists already" in refused.stderr
    assert mine.read_text() == "mine\n"

    assert CliRunner().invoke(app, ["example", "kepler", "--out", str(tmp_path), "--force"]).exit_code == 0
    assert mine.read_bytes() == example_path("kepler").read_bytes()


def test_version() -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout == f"eqdisc {__version__}\n"


def test_warmup_reports_the_compilation() -> None:
    with quick_epochs():
        result = CliRunner().invoke(app, ["warmup"])
    assert result.exit_code == 0
    assert result.stdout.startswith("compiled in ")


HEAVY = ["numba", "scipy", "pandas", "sympy", "matplotlib", "sklearn", "distributed", "pint"]


@pytest.mark.parametrize("arguments", [["--help"], ["discover", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    told = f"""
import atexit, sys
atexit.register(lambda: print("loaded:", [name for name in {HEAVY!r} if name in sys.modules]))
sys.argv[1:] = {arguments!r}
from eqdisc.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_import_brings_nothing_heavy() -> None:
    heavy = "{'numpy', 'scipy', 'numba', 'pandas', 'sklearn', 'sympy', 'typer', 'rich'}"
    subprocess.run(
        [sys.executable, "-c", f"import sys, eqdisc; assert not {heavy} & set(sys.modules)"], check=True
    )
