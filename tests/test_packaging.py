"""What reaches a user: data files, versions, and the built distributions."""

import json
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.resources import files
from pathlib import Path

import pytest

import eqdisc
from eqdisc.data.tables import example_names
from eqdisc.proposers.snip import Snip

ROOT = Path(__file__).parents[1]
#: What was learned beforehand, and what is to be known of it.
LEARNED = {f"eqdisc/proposers/snip/{name}" for name in ("weights.npz", "bank.npz", "weights.md")}
MOST_LEARNED = 15_000_000  # bytes, in every wheel
DATA = {
    "srsd_data/README.md",
    "srsd_data/srsd_problems.json",
    "srsd_data/checksums.json",
    *(f"eqdisc/benchmark/suites/facts/{name}.json" for name in ("classic", "fastsrb", "feynman")),
    "eqdisc/py.typed",
    "eqdisc/data/tables/provenance.json",
    *(f"eqdisc/data/tables/{name}.csv" for name in example_names()),
    *LEARNED,
}
MODULES = {path.relative_to(ROOT).as_posix() for path in (ROOT / "eqdisc").rglob("*.py")}


def test_problem_facts_are_read_as_package_data() -> None:
    facts = json.loads((files("srsd_data") / "srsd_problems.json").read_text(encoding="utf-8"))
    assert len(facts["problems"]) == facts["meta"]["counts"]["total"] == 120
    licence = (files("srsd_data") / "README.md").read_text(encoding="utf-8")
    assert "Copyright (c) 2022 OMRON SINIC X Corporation" in licence
    assert "Permission is hereby granted" in licence


def test_what_was_learned_beforehand_is_there_and_no_burden() -> None:
    assert sum((ROOT / name).stat().st_size for name in LEARNED) <= MOST_LEARNED
    Snip().check()


def test_one_version_everywhere() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.+)$", citation, re.MULTILINE) == [eqdisc.__version__]
    assert re.findall(r"^## (\S+)", changelog, re.MULTILINE)[0] == eqdisc.__version__


def test_extras_hold_what_the_core_does_not_need() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    core = {re.split(r"[<>=\[]", requirement)[0] for requirement in project["dependencies"]}
    assert core == {
        *("numpy", "scipy", "numba", "pandas", "scikit-learn", "sympy", "matplotlib", "typer", "rich"),
        *("openpyxl", "pyarrow", "latex2mathml", "filelock", "pint", "threadpoolctl"),
    }
    assert set(project["optional-dependencies"]) == {
        *("test", "dev", "docs", "bench", "cluster", "pysr", "pretrain", "surfacebench"),
    }


@pytest.mark.slow
def test_wheel_and_sdist_carry_code_data_and_licence(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "build", "--outdir", str(tmp_path), str(ROOT)], check=True)
    (wheel,), (sdist,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(f"eqdisc-{eqdisc.__version__}.dist-info/METADATA").decode()
        scripts = archive.read(f"eqdisc-{eqdisc.__version__}.dist-info/entry_points.txt").decode()
    assert names >= DATA | MODULES
    assert {name.split("/")[0] for name in names} == {
        "eqdisc",
        "srsd_data",
        f"eqdisc-{eqdisc.__version__}.dist-info",
    }
    assert "License-Expression: MIT" in metadata
    assert "eqdisc = eqdisc.__main__:main" in scripts
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert inside >= DATA | MODULES | {
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "pyproject.toml",
        "tests/conftest.py",
    }


@pytest.mark.slow
def test_a_wheel_installed_elsewhere_finds_its_data(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--target", str(tmp_path / "site"), str(ROOT)], check=True)
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r})\n"
        "import eqdisc, srsd_data\n"
        f"assert all(module.__file__.startswith({str(tmp_path)!r}) for module in (eqdisc, srsd_data))\n"
        "from importlib.resources import files\n"
        "assert (files('srsd_data') / 'srsd_problems.json').is_file()\n"
        "assert eqdisc.read_example('kepler').n_rows == 8\n"
        "from eqdisc.proposers.snip import Snip\n"
        "Snip().check()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path)
