"""The README does what it says: every example in it runs."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner

from eqdisc.cli import app
from eqdisc.search.engine import StopReason
from eqdisc.surfaces.law import Form
from eqdisc.surfaces.result import QUESTIONS
from tests.quick import few_pictures, quick_epochs

SECONDS = "0.5"  # of each search; an epoch is done in any case
README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    """The eqdisc commands of the README in order, of the install line as of the console examples."""
    lines = [part.strip() for block in blocks("sh") for part in block.split("&&")]
    lines += [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("eqdisc ")]


@pytest.fixture(autouse=True)
def _quick() -> Iterator[None]:
    with quick_epochs(), few_pictures():
        yield


def test_every_command_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = 0
    for arguments in commands():
        # The same searches, cut short.
        searches = arguments[0] in {"discover", "resume"} and "--epochs" not in arguments
        limit = ["--time", SECONDS] if searches else []
        if "--stability" in arguments:
            limit += ["--stability", "2"]
        result = CliRunner().invoke(app, [*arguments, *limit])
        assert result.exit_code == 0, (arguments, result.output)
        ran += 1
    assert ran >= 6


@pytest.mark.parametrize("block", blocks("python"))
def test_every_python_example_runs(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    short = re.sub(r"\btime_limit=\d+", f"time_limit={SECONDS}", block)
    exec(compile(short, "README.md", "exec"), {})


def test_every_option_is_described() -> None:
    described = set(re.findall(r"^\| `(--[a-z-]+)", README, re.MULTILINE))
    told = set(
        re.findall(
            r"--[a-z-]+", CliRunner().invoke(app, ["discover", "--help"], env={"COLUMNS": "200"}).stdout
        )
    )
    assert told - described == {"--help", "--target"}
    assert described <= told


def test_every_key_of_the_json_is_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    CliRunner().invoke(app, ["example", "boyle"])
    arguments = ["discover", "boyle.csv", "--target", "pressure", "--epochs", "1", "--json", "--quiet"]
    record = json.loads(CliRunner().invoke(app, arguments).stdout)
    section = README[README.index("## What JSON holds") :]
    names = {*record, *record["best"], *(reason.name.lower() for reason in StopReason)}
    CliRunner().invoke(app, ["example", "torus"])
    arguments = ["discover", "torus.csv", "--implicit", "x,y,z", "--time", "5", "--json", "--quiet"]
    surface = json.loads(CliRunner().invoke(app, arguments).stdout)
    names |= {*surface, *surface["best"], *get_args(Form), *QUESTIONS}
    assert [name for name in sorted(names) if f"`{name}`" not in section] == []
