"""The file of SurfaceBench, as far as its layout is known: made here, small."""

import h5py
import numpy as np
import pytest

from eqdisc.benchmark import load_suite
from eqdisc.benchmark.contest import SurfaceCase
from eqdisc.benchmark.surface_judge import judged
from eqdisc.data.dataset import Dataset
from eqdisc.data.surfaces import Cloud, JointDataset
from eqdisc.errors import DataError, OptionError

RNG = np.random.default_rng(0)


def explicit(rows):
    x, y = RNG.uniform(-5.0, 5.0, (2, rows))
    return np.column_stack([x, y, x * y])


def sphere(rows):
    points = RNG.normal(size=(rows, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


@pytest.fixture
def file(tmp_path):
    """Four equations, in the ways in which versions of the file differ."""
    path = tmp_path / "dataset.h5"
    with h5py.File(path, "w") as content:
        for name, outside in (("Eq1", "ood_test"), ("Eq2", "ood_test_data")):
            group = content.create_group(f"Elementary Bivariate/{name}")
            for array, rows in (("train_data", 60), ("test_data", 20), (outside, 20)):
                group[array] = explicit(rows)
        manifold = content.create_group("explicit/Algebraic_Manifolds_of_Higher_Degree/Eq1")
        manifold["train_data"], manifold["test_data"] = sphere(60), sphere(20)
        curves = content.create_group("Parametric_Equations/Eq1")
        u, v = RNG.uniform(0.0, 3.0, (2, 1200))
        for column, values in zip("uvxyz", (u, v, np.cos(u), np.sin(u), u * v), strict=True):
            curves[f"train_data/{column}"] = values
        curves["test_data_eval"] = sphere(20)  # without parameters
    return path


def test_every_equation_becomes_a_task_of_its_form(file):
    suite = load_suite(f"surfacebench:{file}")
    assert {task.name: task.form for task in suite.tasks} == {
        "Elementary_Bivariate/Eq1": "explicit",
        "Elementary_Bivariate/Eq2": "explicit",
        "Algebraic_Manifolds_of_Higher_Degree/Eq1": "implicit",
        "Parametric_Equations/Eq1": "parametric",
    }
    assert all(task.truth is None and task.notes for task in suite.tasks)
    split = suite.task("Elementary_Bivariate/Eq2").data(0)
    assert (split.train.n_rows, split.test.n_rows, split.outside.n_rows) == (60, 20, 20)
    np.testing.assert_allclose(split.train.target, split.train.features[:, 0] * split.train.features[:, 1])


def test_columns_are_x_y_z_and_the_target_is_the_last(file):
    suite = load_suite(f"surfacebench:{file}")
    assert isinstance(suite.task("Elementary_Bivariate/Eq1").data(0).train, Dataset)
    cloud = suite.task("Algebraic_Manifolds_of_Higher_Degree/Eq1").data(0).train
    assert isinstance(cloud, Cloud)
    assert cloud.names == ("x", "y", "z")


def test_rows_are_held_out_where_the_file_has_no_parameters_to_judge_by(file):
    task = load_suite(f"surfacebench:{file}").task("Parametric_Equations/Eq1")
    split = task.data(3)
    assert isinstance(split.train, JointDataset)
    assert (split.train.n_rows, split.test.n_rows) == (700, 500)
    np.testing.assert_allclose(split.test.targets[:, 0], np.cos(split.test.features[:, 0]))
    assert not np.array_equal(split.test.features, task.data(4).test.features)


def test_without_a_truth_only_the_fit_is_told(file):
    suite = load_suite(f"surfacebench:{file}")
    task = suite.task("Elementary_Bivariate/Eq1")
    split = task.data(0)
    score = judged(SurfaceCase(task, "explicit", ("x*y",), None, split.test, split.outside))
    assert "exact" not in score
    assert score["nmse"] == score["outside_nmse"] == 0.0
    cloud = suite.task("Algebraic_Manifolds_of_Higher_Degree/Eq1")
    score = judged(SurfaceCase(cloud, "implicit", ("x**2 + y**2 + z**2 - 1",), None, cloud.data(0).test))
    assert "exact" not in score
    assert score["to_answer"] < 1e-12


def test_what_is_no_such_file_is_explained(tmp_path, file):
    with pytest.raises(OptionError, match=r"there is no file .*nowhere\.h5"):
        load_suite(f"surfacebench:{tmp_path / 'nowhere.h5'}")
    (tmp_path / "text.h5").write_text("x,y,z")
    with pytest.raises(DataError, match=r"text\.h5 cannot be read as HDF5"):
        load_suite(f"surfacebench:{tmp_path / 'text.h5'}")
    with h5py.File(tmp_path / "other.h5", "w") as content:
        content["numbers"] = [1.0, 2.0]
    with pytest.raises(DataError, match="holds no group with an array train_data"):
        load_suite(f"surfacebench:{tmp_path / 'other.h5'}")
    with h5py.File(file, "a") as content:
        content["Wide/Eq1/train_data"] = np.zeros((10, 4))
    with pytest.raises(
        DataError, match=r"Wide/Eq1/train_data has shape \(10, 4\); wanted the columns x, y, z"
    ):
        load_suite(f"surfacebench:{file}")


def test_a_missing_column_is_named(file):
    with h5py.File(file, "a") as content:
        del content["Parametric_Equations/Eq1/train_data/v"]
    with pytest.raises(DataError, match="has no column v; it has u, x, y, z"):
        load_suite(f"surfacebench:{file}")
