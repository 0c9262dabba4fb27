"""The clouds that ship are what their provenance says."""

from importlib.resources import files

import numpy as np
import pytest

from eqdisc.data.clouds import cloud_examples
from eqdisc.data.surfaces import read_cloud
from eqdisc.data.tables import example_names, read_example, write_example
from eqdisc.engine.reference import evaluate
from eqdisc.errors import OptionError
from eqdisc.expr.parse import parse

CLOUDS = {cloud.name: cloud for cloud in cloud_examples()}


def columns(name: str) -> dict[str, np.ndarray]:
    points, names = read_cloud(CLOUDS[name].path, CLOUDS[name].columns)
    return dict(zip(names, points.T, strict=True))


def test_no_other_cloud_is_there_and_no_name_is_that_of_a_table() -> None:
    folder = files("eqdisc.data.clouds")
    assert {entry.name for entry in folder.iterdir() if entry.name.endswith(".csv")} == {
        f"{name}.csv" for name in CLOUDS
    }
    assert not set(CLOUDS) & set(example_names())


@pytest.mark.parametrize("name", CLOUDS)
def test_rows_and_law(name: str) -> None:
    cloud = CLOUDS[name]
    assert {len(column) for column in columns(name).values()} == {cloud.rows}
    coordinates = [column for column in cloud.columns if column in "xyz"]
    points = np.column_stack([columns(name)[column] for column in coordinates])
    misses = evaluate(parse(cloud.law.removesuffix(" = 0"), coordinates), points)
    assert np.abs(misses).max() < (0.4 if name == "ball" else 1e-12)


def test_the_torus_is_made_as_it_says() -> None:
    found = columns("torus")
    u, v = np.random.default_rng(0).uniform(0.0, 2.0 * np.pi, (2, 300)).round(6)
    assert np.array_equal([found["u"], found["v"]], [u, v])
    made = [(3 + np.cos(v)) * np.cos(u), (3 + np.cos(v)) * np.sin(u), np.sin(v)]
    assert np.allclose([found[name] for name in "xyz"], made, rtol=0, atol=1e-14)


def test_the_cardioid_is_made_as_it_says() -> None:
    found = columns("cardioid")
    t = np.random.default_rng(1).uniform(0.0, 2.0 * np.pi, 200).round(6)
    assert np.array_equal(found["t"], t)
    made = [(1 - np.cos(t)) * np.cos(t), (1 - np.cos(t)) * np.sin(t)]
    assert np.allclose([found["x"], found["y"]], made, rtol=0, atol=1e-14)


def test_the_ball_is_made_as_it_says() -> None:
    found = columns("ball")
    rng = np.random.default_rng(2)
    outward = rng.normal(size=(250, 3))
    outward /= np.linalg.norm(outward, axis=1)[:, None]
    made = np.array([1.0, -2.0, 0.5]) + 2.5 * outward + rng.normal(scale=0.02, size=(250, 3))
    assert np.allclose(np.column_stack([found[name] for name in "xyz"]), made, rtol=0, atol=5.1e-5)


def test_a_cloud_is_written_as_tables_are_and_is_no_table(tmp_path: object) -> None:
    path = write_example("torus", str(tmp_path))
    assert path.read_bytes() == CLOUDS["torus"].path.read_bytes()
    with pytest.raises(OptionError, match="'torus' is a cloud of points"):
        read_example("torus")
    with pytest.raises(OptionError, match="did you mean 'torus'"):
        read_example("tours")
