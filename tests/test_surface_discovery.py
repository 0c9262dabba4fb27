"""`discover_surface`: what it asks of the methods, keeps, and refuses."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from eqdisc import discover, resume
from eqdisc.data.dataset import Dataset
from eqdisc.data.surfaces import Cloud, JointDataset
from eqdisc.errors import DataError, NoSurfaceError, OptionError
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.kept import load
from eqdisc.search.engine import StopReason
from eqdisc.surface_discovery import discover_surface
from eqdisc.surfaces.law import InterruptedSearch
from eqdisc.surfaces.text import repeat_surface
from tests.surfaces.stand_in import IMPLICIT, PARAMETRIC, SPHERE, sphere_points, stand_in

CLOUD = Cloud.of(sphere_points())
JOINT = JointDataset.of(CLOUD.points[:, :2], CLOUD.points, ["u", "v"], ["x", "y", "z"])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    noted: list[dict[str, Any]] = []
    stand_in(monkeypatch, noted)
    return noted


def test_each_question_goes_to_its_method(asked: list[dict[str, Any]]) -> None:
    assert discover_surface(CLOUD, form="implicit").best is SPHERE
    assert discover_surface(JOINT).form == "parametric"
    found = discover_surface(CLOUD)
    assert (found.question, found.form) == ("surface", "parametric")
    assert [len(call["arrays"]) for call in asked] == [2, 4, 2]
    assert asked[1]["arrays"][2:] == (("u", "v"), ("x", "y", "z"))


def test_settings_reach_the_method(asked: list[dict[str, Any]]) -> None:
    discover_surface(
        CLOUD, operators="+ *", macros=["f(x)=x**2"], time_limit=7, seed=5, threads=1, max_size=9
    )
    (call,) = asked
    assert (call["time_limit"], call["seed"], call["threads"], call["max_size"]) == (7.0, 5, 1, 9)
    assert isinstance(call["operators"], OperatorSet)
    assert call["operators"].macros[0].name == "f"
    found = discover_surface(CLOUD, form="implicit")
    assert asked[1]["operators"] is None
    assert (found.seed, found.n_rows, found.names) == (0, 60, ("x", "y", "z"))
    assert found.ranges[0] == (CLOUD.points[:, 0].min(), CLOUD.points[:, 0].max())
    assert found.cloud is not None
    assert found.cloud is CLOUD


def test_networks_are_not_used_where_they_are_not_wanted(asked: list[dict[str, Any]]) -> None:
    found = discover_surface(JOINT, pretrained=False)
    assert "--no-pretrained" in repeat_surface(found)
    discover(JOINT, pretrained=False)
    discover(JOINT)
    assert [call["pretrained"] for call in asked] == [False, False, True]
    discover_surface(CLOUD, pretrained=False)  # nothing learned is used there


def test_epochs_are_for_points_with_their_parameters(asked: list[dict[str, Any]]) -> None:
    found = discover_surface(JOINT, epochs=4)
    assert asked[0]["epochs"] == found.settings["epochs"] == 4
    assert "--epochs 4" in repeat_surface(found)
    assert "epochs" not in repeat_surface(discover_surface(JOINT))
    with pytest.raises(OptionError, match="epochs is 4; it is for points with their parameters"):
        discover_surface(CLOUD, epochs=4)


@pytest.mark.usefixtures("asked")
def test_a_run_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    found = discover_surface(JOINT, out=folder, seed=2)
    assert load(folder) == found
    settings = json.loads((folder / "settings.json").read_text())
    assert (settings["surface"], settings["seed"], settings["targets"]) == ("parametric", 2, ["x", "y", "z"])
    with pytest.raises(OptionError, match="holds another run"):
        discover_surface(CLOUD, out=folder)
    assert discover_surface(CLOUD, form="implicit", out=folder, overwrite=True) == load(folder)
    with pytest.raises(OptionError, match="looked for a surface, which is not gone on with"):
        resume(folder)


def test_points_that_are_no_surface_leave_the_old_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch)
    folder = tmp_path / "run"
    discover_surface(CLOUD, out=folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}

    stand_in(monkeypatch, refusal=NoSurfaceError("they fill a volume"))
    with pytest.raises(NoSurfaceError, match="fill a volume"):
        discover_surface(CLOUD, out=folder, overwrite=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    with pytest.raises(NoSurfaceError):
        discover_surface(CLOUD, out=tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("data", "settings", "error", "message"),
    [
        (CLOUD, {"form": "parametric"}, OptionError, "wants the parameters of each point: a JointDataset"),
        (JOINT, {"form": "implicit"}, OptionError, "wants points alone: a Cloud"),
        (CLOUD, {"form": "odd"}, OptionError, "the form is 'odd'; wanted implicit, parametric, surface"),
        (CLOUD, {"time_limit": 0.0}, OptionError, "time limit is 0.0 seconds"),
        (CLOUD, {"seed": -1}, OptionError, "seed is -1"),
        (CLOUD, {"threads": 0}, OptionError, "threads is 0"),
        (CLOUD, {"max_size": 0}, OptionError, "max_size is 0"),
        (CLOUD, {"operators": "+ sine"}, OptionError, "sine"),
        (np.ones((5, 3)), {}, DataError, r"got a ndarray; make one of arrays: discover_surface\(Cloud.of"),
        (Dataset.of([[1.0], [2], [3], [4]], [1.0, 2, 3, 5]), {}, DataError, "a Dataset has one target"),
    ],
)
@pytest.mark.usefixtures("asked")
def test_what_cannot_be_asked(
    data: Any, settings: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        discover_surface(data, **settings)


def columns() -> dict[str, Any]:
    return dict(zip("xyz", CLOUD.points.T, strict=True))


@pytest.mark.parametrize(
    "data",
    [
        CLOUD,
        CLOUD.points,
        CLOUD.points.tolist(),
        columns(),
        pd.DataFrame(columns()),
        Dataset.of(CLOUD.points[:, :2], CLOUD.points[:, 2], ["x", "y"], "z"),
    ],
    ids=["cloud", "array", "list", "mapping", "frame", "table"],
)
def test_discover_asks_for_a_form_of_whatever_has_points(asked: list[dict[str, Any]], data: Any) -> None:
    found = discover(data, form="implicit", seed=3, max_size=9)
    direct = discover_surface(CLOUD, form="implicit", seed=3, max_size=9)
    assert found == replace(direct, seconds=found.seconds)
    one, other = asked
    assert np.array_equal(one["arrays"][0], other["arrays"][0])
    assert one["arrays"][1] == other["arrays"][1] == ("x", "y", "z")
    assert (one["seed"], one["max_size"]) == (3, 9)


def test_discover_asks_for_the_surface_of_points_without_being_told(asked: list[dict[str, Any]]) -> None:
    assert discover(CLOUD).question == "surface"
    assert discover(JOINT, epochs=4).question == discover(JOINT, form="parametric").question == "parametric"
    assert asked[1]["epochs"] == 4
    table = Dataset.of(CLOUD.points[:, :2], CLOUD.points[:, 2], ["u", "v"], "z")
    discover(table, form="parametric")
    assert asked[-1]["arrays"][2:] == (("u", "v"), ("z",))


WEIGHTED = Dataset.of(CLOUD.points[:, :2], CLOUD.points[:, 2], weights=np.arange(60.0))


@pytest.mark.parametrize(
    ("data", "settings", "error", "message"),
    [
        (CLOUD, {"form": "odd"}, OptionError, "the form is 'odd'; wanted implicit, parametric, surface"),
        (CLOUD, {"form": "parametric"}, OptionError, "wants the parameters of each point"),
        (CLOUD, {"guesses": ["x"]}, OptionError, "guesses is for the law of one column"),
        (CLOUD, {"proposers": []}, OptionError, "proposers is for the law of one column"),
        (JOINT, {"units": {"u": "m"}}, OptionError, "units is for the law of one column"),
        (CLOUD.points, {"form": "implicit", "stability": 3}, OptionError, "stability is for the law"),
        (CLOUD, {"constants": "named"}, OptionError, "constants is for the law of one column"),
        (CLOUD.points, {"form": "parametric"}, DataError, "does not say which columns are parameters"),
        (CLOUD.points, {}, DataError, "got a ndarray; .* of points on a surface say the form"),
        (WEIGHTED, {"form": "implicit"}, DataError, "has weights or uncertainties"),
        ("torus.csv", {"form": "implicit"}, DataError, r"read the file first: read_cloud\("),
        (None, {"form": "implicit"}, DataError, "the points"),
    ],
)
@pytest.mark.usefixtures("asked")
def test_what_discover_cannot_be_asked_of_points(
    data: Any, settings: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        discover(data, **settings)


def test_fronts_of_the_stand_ins_are_in_order() -> None:
    for front in (IMPLICIT, PARAMETRIC):
        assert [law.complexity for law in front.laws] == sorted(law.complexity for law in front.laws)


SPIRAL = np.linspace(0.5, 9.0, 40)
# No sum of products of functions of one parameter: there is something to search for.
KNOT = np.column_stack([np.sin(SPIRAL * np.log(SPIRAL + 0.2)), np.exp(np.cos(SPIRAL**1.3))])


def test_ctrl_c_amid_a_search_leaves_the_best_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def interrupted(*arguments: object, **settings: object) -> None:
        calls.append(settings)
        raise InterruptedSearch([parse(law, ["t"]) for law in ("sin(t)", "t")])

    monkeypatch.setattr("eqdisc.surfaces.parametric.fit.explicit_solver", interrupted)
    found = discover_surface(JointDataset.of(SPIRAL[:, None], KNOT, ["t"], ["x", "y"]), time_limit=60)
    assert found.stopped is StopReason.INTERRUPTED
    assert len(calls) == 1  # one interrupt ends it all
    assert set(found.best.equations) == {"x", "y"}


def test_ctrl_c_before_there_is_a_law_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("eqdisc.surfaces.implicit.fit.STAGES", (interrupted,))
    with pytest.raises(KeyboardInterrupt):
        discover_surface(CLOUD, form="implicit", time_limit=5)
