"""Clouds and joint tables: what is read back, and what is refused with row and column."""

from pathlib import Path

import numpy as np
import pytest

from eqdisc.data.surfaces import Cloud, JointDataset, read_cloud, read_joint
from eqdisc.errors import DataError

POINTS = np.random.default_rng(0).normal(size=(7, 3))


def test_a_cloud_is_a_pair_of_points_and_names() -> None:
    points, names = Cloud.of(POINTS)
    assert np.array_equal(points, POINTS)
    assert names == ("x", "y", "z")
    assert Cloud.of(np.ones((4, 5))).names == ("x0", "x1", "x2", "x3", "x4")
    assert Cloud.of(POINTS, ["a", "b", "c"]).names == ("a", "b", "c")


def test_a_table_is_read_by_the_order_of_the_names(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    rows = "".join(f"{x!r},spot,{y!r},{z!r}\n" for x, y, z in POINTS.tolist())
    path.write_text("x [m],what,y,z\n" + rows)
    cloud = read_cloud(path, ["z", "x"])
    assert np.array_equal(cloud.points, POINTS[:, [2, 0]])
    assert cloud.names == ("z", "x")
    joint = read_joint(path, ["y"], ["x", "z"])
    assert np.array_equal(joint.features, POINTS[:, [1]])
    assert np.array_equal(joint.targets, POINTS[:, [0, 2]])
    assert (joint.feature_names, joint.target_names, joint.n_rows) == (("y",), ("x", "z"), 7)


@pytest.mark.parametrize(
    ("points", "names", "message"),
    [
        (np.ones((5, 1)), None, "1 coordinate; a surface needs at least two"),
        (np.ones((3, 2)), None, "at least 4 rows of data, got n_samples=3"),
        (np.ones(5), None, r"shape \(5,\); wanted \(rows, columns\)"),
        (np.ones((5, 2)) * 1j, None, "complex"),
        ([["a", "b"]] * 4, None, "cannot be read as an array of numbers"),
        (np.ones((5, 2)), ["x"], "got 1 names for 2 coordinates"),
        (np.ones((5, 2)), ["x", "x"], "'x' is given to more than one coordinate"),
        (np.ones((5, 2)), ["x", ""], "empty name"),
        ([[1, 2], [3, 4], [5, np.nan], [7, 8]], None, "row 3, column 'y' has no value"),
        ([[1, 2], [np.inf, 4], [5, np.nan], [7, 8]], None, "row 2, column 'x' is infinite .2 of 4 rows"),
    ],
)
def test_points_that_are_no_cloud(points: object, names: list[str] | None, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Cloud.of(points, names)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("features", "targets", "message"),
    [
        (np.ones((5, 1)), np.ones((4, 2)), "5 rows and the targets 4"),
        (np.ones((5, 1)), np.ones((5, 0)), "wanted"),
        (np.ones((5, 1)), [[1, 2], [1, np.nan], [1, 2], [1, 2], [1, 2]], "row 2, column 'y1' has no value"),
        (np.full((5, 1), np.inf), np.ones((5, 2)), "row 1, column 'u0' is infinite .5 of 5 rows"),
        (np.ones((3, 1)), np.ones((3, 2)), "at least 4 rows"),
    ],
)
def test_arrays_that_are_no_joint_table(features: object, targets: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        JointDataset.of(features, targets)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("features", "targets", "message"),
    [
        (["u"], ["x", "x"], "'x' is given to more than one target"),
        (["u", "x"], ["x", "y"], "the target 'x' is also among the features"),
        ([], ["x"], "no feature is named"),
        (["u"], ["xx"], "did you mean 'x'"),
        (["u"], ["x", "y"], r"it: row 2.*column 'y' has no value"),
        (["u"], ["x", "word"], "'word' holds 'a'"),
    ],
)
def test_columns_that_cannot_be_used(
    features: list[str], targets: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("it").write_text("u,x,y,word\n1,2,3,a\n4,5,,b\n7,8,9,c\n1,2,3,d\n")
    with pytest.raises(DataError, match=message):
        read_joint("it", features, targets)
