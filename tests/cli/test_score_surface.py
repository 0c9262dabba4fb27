"""`eqdisc score --form`: surfaces, points to measure them on, and what it refuses."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.cli import asking

ask = partial(asking.ask, "score")
CIRCLE = ("--form", "implicit", "--truth", "x**2 + y**2 - 1", "--domain", "x=-2:2,y=-2:2")
ARC = ("--form", "parametric", "--truth", "cos(t); sin(t)", "--domain", "t=0:2*pi")


def judge(*arguments: str) -> dict[str, object]:
    found = json.loads(ask(*arguments, "--json"), parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    return dict(found)


@pytest.fixture
def points(tmp_path: Path) -> str:
    turn = np.linspace(0.0, 6.0, 50)
    path = tmp_path / "points.csv"
    table = 1.5 * np.column_stack([np.cos(turn), np.sin(turn)])
    np.savetxt(path, table, delimiter=",", header="x,y", comments="")
    return str(path)


def test_an_implicit_surface(points: str) -> None:
    found = judge(*CIRCLE, "--answer", "2 - 2*x^2 - 2*y^2", "--data", points)
    assert (found["solved"], found["verdict"], found["proof"]) == (True, "equal", "polynomial")
    assert found["points_distance_max"] == pytest.approx(0.5, abs=1e-9)
    assert found["points_distance_rms_scaled"] == pytest.approx(0.5 / (3.0 * 2.0**0.5), rel=0.01)
    assert found["points_chamfer"] == pytest.approx(1.0, rel=0.05)
    sheet = ask(*CIRCLE, "--answer", "x - y")
    assert sheet.splitlines()[0].split() == ["verdict", "different"]


def test_an_answer_that_is_no_surface_is_different(points: str) -> None:
    found = judge(*CIRCLE, "--answer", "x - x", "--data", points)
    assert (found["solved"], found["to_truth"], found["points_chamfer"]) == (False, None, None)
    assert "no surface" in str(found["reason"])


def test_a_parametric_surface(points: str) -> None:
    found = judge(*ARC, "--answer", "sin(t + pi/2); cos(t - pi/2)", "--data", points, "--target", "x,y")
    assert (found["solved"], found["proof"]) == (True, "functions")
    assert found["points_distance_median"] == pytest.approx(0.5, abs=1e-9)
    assert judge(*ARC, "--answer", "cos(t); -sin(t)")["solved"] is False
    other = ("--hidden", "--answer", "sin(s); cos(s)", "--domain", "t=0:2*pi,s=-pi:pi")
    hidden = judge(*ARC[:-2], *other)
    assert (hidden["solved"], hidden["proof"]) == (True, "distance")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*CIRCLE, "--answer", "x + w"), "the answer has w, which --domain gives no range"),
        ((*CIRCLE, "--answer", "x; y"), "the answer has several formulas"),
        ((*CIRCLE, "--answer", "x +"), "the answer: "),
        ((*CIRCLE, "--answer", " "), "the answer: there is no formula"),
        ((*CIRCLE, "--answer", "x", "--hidden"), "leave it out"),
        ((*CIRCLE, "--answer", "x.csv"), "files of many"),
        ((*CIRCLE, "--answer", "x", "--target", "x"), "--data"),
        ((*CIRCLE, "--answer", "x", "--data", "nowhere.csv"), "there is no file"),
        ((*CIRCLE[:-2], "--answer", "x"), "give the ranges"),
        ((*CIRCLE[:-1], "x=-2:2", "--answer", "x"), "the truth has y"),
        (("--form", "implicit", "--truth", "0*x", "--answer", "x", *CIRCLE[-2:]), "the truth is no surface"),
        (("--form", "implicit", "--truth", "x-9", "--answer", "x", *CIRCLE[-2:]), "nowhere 0 in the box"),
        (("--form", "implicit", "--truth", "log(-1-x**2)", "--answer", "x", *CIRCLE[-2:]), "no finite value"),
        ((*ARC, "--answer", "cos(t)"), "the answer has 1 formula, the truth 2 formulas"),
        ((*ARC, "--answer", "cos(t);"), "before or after a semicolon"),
        (("--form", "parametric", "--truth", "t;t", "--answer", "1;2", "--domain", "s=0:1"), "t, which"),
        (("--form", "parametric", "--truth", "1;2", "--answer", "t;t", "--domain", "t=0:1"), "it is a point"),
        (("--truth", "x", "--answer", "x", "--hidden"), "--form parametric"),
    ],
)
def test_refuses(arguments: tuple[str, ...], words: str) -> None:
    assert words in ask(*arguments, code=2)


def test_points_that_cannot_be_used(points: str, tmp_path: Path) -> None:
    assert "--target has to name" in ask(*ARC, "--answer", "cos(t); sin(t)", "--data", points, code=2)
    broken = tmp_path / "broken.csv"
    broken.write_text("x,y\n1,0\n0,\n")
    assert "row 2 has no finite number in column 'y'" in ask(
        *CIRCLE, "--answer", "x", "--data", str(broken), code=2
    )
