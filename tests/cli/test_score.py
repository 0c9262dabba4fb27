"""`eqdisc score`: one pair, test rows, many pairs, and what it refuses."""

import json
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from eqdisc.cli import app
from eqdisc.cli.score import read_domain
from eqdisc.errors import OptionError
from tests.cli import asking

ask = partial(asking.ask, "score")
FIXED = {"ned", "ned_canonical", "solved", "verdict", "reason"}


def judge(truth: str, answer: str, *others: str) -> dict[str, object]:
    text = ask("--truth", truth, "--answer", answer, "--json", *others)
    found = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert set(found) >= FIXED
    return dict(found)


def test_the_law_in_other_words_is_solved() -> None:
    found = judge("m*c**2/sqrt(1-v**2/c**2)", "m*c**3/sqrt((c-v)*(c+v))", "--domain", "m=1:5,c=3:10,v=1:2")
    assert (found["solved"], found["ned_canonical"], found["verdict"]) == (True, 0.0, "equal")
    assert isinstance(found["ned"], float)


def test_constants_beside_the_law_are_forgiven_and_told() -> None:
    found = judge("x0*x1", "3*x0*x1")
    assert (found["solved"], found["verdict"]) == (True, "equal up to a constant")


def test_another_law_is_not_solved() -> None:
    found = judge("x0*x1", "x0*x1**2", "--domain", "x0=1:5,x1=1:5")
    assert (found["solved"], found["verdict"]) == (False, "different")
    assert found["ned"] > 0.0  # type: ignore[operator]


@pytest.mark.parametrize("answer", ["nan", "oo", "x0 + zoo"])
def test_answers_without_a_value_are_judged(answer: str) -> None:
    assert judge("x0", answer)["solved"] is not True


def test_people_get_a_sheet() -> None:
    sheet = ask("--truth", "x0*x1", "--answer", "x1*x0")
    assert sheet.splitlines()[0].split() == ["verdict", "equal"]
    assert any(line.split() == ["solved", "yes"] for line in sheet.splitlines())


def test_test_rows_give_the_accuracy_and_the_dummies(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).uniform(1.0, 2.0, (50, 3))
    path = tmp_path / "test.csv"
    target = rows[:, 0] * rows[:, 1]
    np.savetxt(path, np.column_stack([rows, target]), delimiter=",", header="m,a,z,F", comments="")
    found = judge("m*a", "m*a + 0.001*z", "--data", str(path), "--target", "F")
    assert found["accurate"] is True
    assert found["dummies"] == ["z"]
    assert found["solved"] is False


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    truths, answers = tmp_path / "truths.csv", tmp_path / "answers.csv"
    truths.write_text('name,truth,domain\nnewton,m*a,"m=1:5,a=1:5"\nhooke,k*x,\nohm,V/R,\n')
    answers.write_text("name,answer\nnewton,a*m\nhooke,k*x**2\nnewton,a+m\n")
    return str(truths), str(answers)


def test_many_pairs_by_name(files: tuple[str, str]) -> None:
    truths, answers = files
    found = json.loads(ask("--truth", truths, "--answer", answers, "--json"))
    assert [(pair["name"], pair["solved"]) for pair in found["pairs"]] == [
        ("newton", True),
        ("newton", False),
        ("hooke", False),
        ("ohm", False),
    ]
    assert found["pairs"][-1]["reason"] == "there is no answer"
    assert (found["total"], found["solved"], found["undecided"]) == (4, 1, 0)
    table = ask("--truth", truths, "--answer", answers)
    assert "1 of 4 solved (0 undecided)" in table
    assert [line.split()[0] for line in table.splitlines()[1:5]] == ["newton", "newton", "hooke", "ohm"]


class TestRefuses:
    @pytest.mark.parametrize(
        ("truth", "answer", "words"),
        [
            ("x0*(x1", "x0", "^"),
            ("x0", "x0 + * 2", "^"),
            ("x0*x1", "a*b", "names"),
            ("", "x0", "truth"),
        ],
    )
    def test_formulas_that_cannot_be_judged(self, truth: str, answer: str, words: str) -> None:
        assert words in ask("--truth", truth, "--answer", answer, code=2)

    def test_which_of_the_two_cannot_be_read(self) -> None:
        assert ask("--truth", "x0*(x1", "--answer", "x0", code=2).startswith("error: the truth: ")
        assert ask("--truth", "x0", "--answer", "x0 +", code=2).startswith("error: the answer: ")

    @pytest.mark.parametrize(
        "domain", ["x0", "x0=1", "x0=a:b", "x0=2:1", "x0=1:inf", "=1:2", "x0=1:2,x0=1:3"]
    )
    def test_domains_that_are_none(self, domain: str) -> None:
        assert "the domain" in ask("--truth", "x0", "--answer", "x0", "--domain", domain, code=2)

    def test_half_a_table(self, tmp_path: Path) -> None:
        pair = ("--truth", "x0", "--answer", "x0")
        assert "go together" in ask(*pair, "--data", "test.csv", code=2)
        assert "there is no file" in ask(*pair, "--data", "test.csv", "--target", "y", code=2)

    def test_files_that_do_not_fit(self, files: tuple[str, str], tmp_path: Path) -> None:
        truths, _ = files
        assert "two formulas or two CSV files" in ask("--truth", truths, "--answer", "x", code=2)
        assert "cannot be read" in ask("--truth", truths, "--answer", "nowhere.csv", code=2)
        other = tmp_path / "other.csv"
        other.write_text("name,answer\nnewtn,m*a\n")
        assert "did you mean 'newton'?" in ask("--truth", truths, "--answer", str(other), code=2)
        other.write_text("name,answer\nnewton,m*(a\n")
        other.write_text("who,what\nnewton,m*a\n")
        assert "has the columns who, what; wanted name and answer" in ask(
            "--truth", truths, "--answer", str(other), code=2
        )


def test_domains() -> None:
    assert read_domain("a=1:2, b=-1e-3:4") == {"a": (1.0, 2.0), "b": (-0.001, 4.0)}
    assert read_domain("") == {}
    with pytest.raises(OptionError):
        read_domain("a=2:1")


def test_an_answer_that_cannot_be_read_does_not_keep_the_others(
    files: tuple[str, str], tmp_path: Path
) -> None:
    answers = tmp_path / "half.csv"
    answers.write_text("name,answer\nnewton,m*(a\nhooke,x*k\n")
    done = CliRunner().invoke(app, ["score", "--truth", files[0], "--answer", str(answers), "--json"])
    assert done.exit_code == 0, done.output
    assert "newton: the answer: cannot read the formula" in done.stderr
    found = {pair["name"]: pair for pair in json.loads(done.stdout)["pairs"]}
    assert found["newton"]["solved"] is False
    assert "cannot be judged" in found["newton"]["reason"]
    assert found["hooke"]["solved"] is True


def test_letters_that_are_numbers_elsewhere_are_names_where_they_are_columns(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("E,m,y\n1,2,2\n2,3,6\n3,4,12\n4,5,20\n")
    rows = ["--data", str(tmp_path / "table.csv"), "--target", "y"]
    by_table = json.loads(ask("--truth", "E*m", "--answer", "m*E", *rows, "--json"))
    assert by_table["solved"] is True
    assert by_table["dummies"] == []
    by_domain = json.loads(ask("--truth", "m*E", "--answer", "2*m", "--domain", "m=1:2,E=1:5", "--json"))
    assert by_domain["solved"] is False


def test_a_pathological_answer_ends_at_the_time_limit() -> None:
    begin = time.monotonic()
    found = json.loads(ask("--truth", "x", "--answer", "10**10**10*x", "--time-limit", "6", "--json"))
    assert time.monotonic() - begin < 60.0
    assert found["verdict"] == "undecided"
    assert found["ned"] == 1.0
    assert "above 0" in ask("--truth", "x", "--answer", "x", "--time-limit", "0", code=2)
