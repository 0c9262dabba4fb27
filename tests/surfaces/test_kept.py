"""A surface outlives the process: records, tables, folders."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from eqdisc.data.surfaces import Cloud, JointDataset
from eqdisc.errors import DataError
from eqdisc.kept import load
from eqdisc.search.engine import StopReason
from eqdisc.surface_finding import SurfaceDiscovery, load_surface
from eqdisc.surfaces.law import SurfaceFront
from eqdisc.surfaces.record import surface_json, surface_of_json
from eqdisc.surfaces.result import facts_of, reason_of
from eqdisc.surfaces.text import surface_summary
from tests.surfaces.stand_in import DISC, HIDDEN, IMPLICIT, PARAMETRIC, PLANE, SPHERE, law, sphere_points

TOLD = {"time_limit": 30.0, "seed": 3, "names": ["x", "y", "z"], "operators": None}
CLOUD = Cloud.of(sphere_points())
ANGLES = np.random.default_rng(0).uniform(0.0, 6.0, (40, 2))
JOINT = JointDataset.of(ANGLES, PARAMETRIC.laws[1].values(ANGLES), ["u", "v"], ["x", "y", "z"])


def sphere() -> SurfaceDiscovery:
    return SurfaceDiscovery(**facts_of(IMPLICIT, "implicit", CLOUD, TOLD, 1.5))


def torus() -> SurfaceDiscovery:
    told = {"time_limit": 30.0, "seed": 3, "features": ["u", "v"], "targets": ["x", "y", "z"]}
    return SurfaceDiscovery(**facts_of(PARAMETRIC, "parametric", JOINT, told, 1.5))


def saddle() -> SurfaceDiscovery:
    return SurfaceDiscovery(**facts_of(HIDDEN, "surface", CLOUD, TOLD, 1.5))


@pytest.mark.parametrize("found", [sphere(), torus(), saddle()], ids=["implicit", "parametric", "surface"])
def test_what_is_read_is_what_was_written(found: SurfaceDiscovery, tmp_path: Path) -> None:
    again = surface_of_json(surface_json(found), "it", SurfaceDiscovery)
    assert again == found
    assert again.best in again.laws
    folder = found.save(tmp_path / "run")
    kept = load(folder)
    assert isinstance(kept, SurfaceDiscovery)
    assert kept == found
    assert load(folder / "result.json") == found
    assert {path.name for path in folder.iterdir()} >= {"result.json", "data.npz", "front.csv", "report.html"}
    assert found.data is not None
    assert type(kept.data) is type(found.data)
    assert kept.cloud is not None
    assert found.cloud is not None
    assert np.array_equal(kept.cloud.points, found.cloud.points)
    assert kept.cloud.names == found.cloud.names


def test_names_that_cannot_be_symbols_are_told_with_their_symbols() -> None:
    odd = law("implicit", ["x0*x0 + x1 - 1"], ["x0", "x1"], ())
    odd = replace(odd, variables=("my col", "lambda"))
    record = replace(sphere(), best=odd, laws=(odd,)).record()
    assert record["symbols"] == {"my col": "my_col", "lambda": "lambda_"}
    assert all(symbol in record["best"]["expression"] for symbol in record["symbols"].values())
    assert sphere().record()["symbols"] == {}
    lonely = replace(odd, variables=("my col", "my_col"))  # there the second name has to give way
    both = replace(sphere(), best=lonely, laws=(odd, lonely)).record()
    assert all(both["symbols"].get(name, name) in both["best"]["expression"] for name in lonely.variables)


def test_distances_that_are_not_finite_come_back() -> None:
    far = law("implicit", ["x - y"], "xyz", distance=float("inf"), exact=False)
    found = replace(sphere(), laws=(far, SPHERE))
    assert surface_of_json(found.to_json(), "it", SurfaceDiscovery) == found
    json.dumps(found.record(), allow_nan=False)


def test_the_front_as_csv_has_a_row_for_each_equation(tmp_path: Path) -> None:
    rows = list(csv.DictReader((torus().save(tmp_path / "run") / "front.csv").open()))
    assert [(row["number"], row["target"], row["chosen"]) for row in rows] == [
        (number, target, chosen) for number, chosen in (("1", ""), ("2", "yes")) for target in "xyz"
    ]
    assert rows[3]["expression"] == torus().best.equations["x"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"version": 1', '"version": 99', "made by a newer eqdisc"),
        ('"question": "implicit"', '"question": "riddle"', 'question is "riddle", which makes no sense'),
        ('"form": "implicit"', '"form": "odd"', "best.form"),
        ('"exact": true', '"exact": 1', "best.exact is 1; wanted true or false"),
        ("x0**2 + ", "x0**2 + (", "best.trees is no expression"),
        ('"targets": []', '"targets": ["w"]', None),
        ('"seed": 3', '"sead": 3', "seed is missing"),
        ("]", "", "no whole JSON file"),
    ],
)
def test_a_damaged_record(old: str, new: str, message: str | None) -> None:
    text = surface_json(sphere())
    assert old in text
    if message is None:
        assert surface_of_json(text.replace(old, new), "it", SurfaceDiscovery).best.targets == ("w",)
        return
    with pytest.raises(DataError, match=message):
        surface_of_json(text.replace(old, new), "it", SurfaceDiscovery)


def test_trees_for_other_targets_are_refused() -> None:
    record = json.loads(surface_json(torus()))
    record["best"]["targets"] = ["x", "y"]
    with pytest.raises(DataError, match="trees holds 3 expressions for 2 targets"):
        surface_of_json(json.dumps(record), "it", SurfaceDiscovery)


def test_a_damaged_table_is_said(tmp_path: Path) -> None:
    folder = sphere().save(tmp_path / "run")
    (folder / "data.npz").write_bytes(b"PK nothing")
    with pytest.raises(DataError, match=r"data\.npz is no table that eqdisc wrote"):
        load_surface(folder)
    (folder / "data.npz").unlink()
    assert load_surface(folder).data is None


def test_the_summary_tells_law_front_form_and_how_to_repeat() -> None:
    lines = surface_summary(sphere()).splitlines()
    assert lines[0] == "x**2 + y**2 + z**2 - 4 = 0"
    (chosen,) = [line for line in lines if line.startswith(">")]
    assert chosen.split()[1:5] == ["2", "10", "0", "yes"]
    assert "repeat   --implicit x,y,z --seed 3 --time 30" in lines
    assert "note     two points stand twice" in lines
    assert any(line.startswith("form     implicit") for line in lines)
    text = surface_summary(torus())
    assert text.startswith("x = (3 + cos(v))*cos(u)\ny = (3 + cos(v))*sin(u)\nz = sin(v)\n")
    assert "repeat   --features u,v --targets x,y,z --seed 3" in text
    assert "warning  few points" in surface_summary(saddle())
    assert "the form found is parametric" in surface_summary(saddle())


def test_the_reason_is_told_of_laws_that_are_not_exact() -> None:
    near = law("implicit", ["x*y - z"], "xyz", distance=0.1, exact=False)
    reason = reason_of(
        SurfaceFront((PLANE, near, replace(near, distance=0.05, complexity=40)), 1), "implicit"
    )
    assert "the points lie 0.1 of the diagonal" in reason
    assert "the next simpler law is 4 times as far" in reason
    assert "longer laws, of up to 40 nodes, come to 0.05" in reason


@pytest.mark.parametrize(
    ("exact", "seconds", "stopped"),
    [(True, 29.9, StopReason.EXACT), (False, 29.9, StopReason.TIME), (False, 2.0, StopReason.EXHAUSTED)],
)
def test_why_it_stopped(exact: bool, seconds: float, stopped: StopReason) -> None:
    front = SurfaceFront((replace(SPHERE, exact=exact),), 0)
    assert facts_of(front, "implicit", CLOUD, TOLD, seconds)["stopped"] is stopped
    cut = replace(front, interrupted=True)
    assert facts_of(cut, "implicit", CLOUD, TOLD, seconds)["stopped"] is StopReason.INTERRUPTED


def test_sampled_points_lie_on_the_surface() -> None:
    on_sphere = sphere().sample(200, seed=1)
    assert np.allclose(np.linalg.norm(on_sphere, axis=1), 2.0)
    assert np.array_equal(on_sphere, sphere().sample(200, seed=1))
    x, y, z = torus().sample(200).T
    assert np.allclose((np.hypot(x, y) - 3.0) ** 2 + z**2, 1.0)
    x, y, z = saddle().sample(50).T
    assert np.allclose(z, x**2 - y**2)
    assert np.allclose(sphere().distances([[0.0, 0.0, 3.0]]), 1.0)


def test_points_in_one_plane_still_have_a_box() -> None:
    flat = Cloud.of(np.column_stack([CLOUD.points[:, :2], np.full(60, 0.1)]))
    found = SurfaceDiscovery(**facts_of(SurfaceFront((PLANE,), 0), "implicit", flat, TOLD, 1.0))
    assert np.allclose(found.sample(20)[:, 2], 0.1)


def test_predictions_take_arrays_and_data_frames() -> None:
    import pandas as pd

    frame = pd.DataFrame({"v": ANGLES[:, 1], "other": 1.0, "u": ANGLES[:, 0]})
    assert np.array_equal(torus().predict(frame), torus().predict(ANGLES))
    assert np.allclose(torus().predict(ANGLES), JOINT.targets)
    assert np.allclose(sphere().predict(CLOUD.points), 0.0, atol=1e-14)
    with pytest.raises(DataError, match="no column 'v'"):
        torus().predict(frame[["u"]])


def test_the_page_needs_no_network(tmp_path: Path) -> None:
    page = torus().to_html(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<math" in page
    assert "default-src 'none'" in page
    assert "://" not in page.replace("http://www.w3.org", "")
    assert DISC.lines()[0].split("=")[1].strip() in page or "3*cos(u)" in page
