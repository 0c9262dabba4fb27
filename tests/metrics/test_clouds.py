"""Distances of clouds, against their definitions."""

import numpy as np
import pytest

from eqdisc.errors import DataError
from eqdisc.metrics.clouds import chamfer_distance, cloud_diagonal, hausdorff_distance


def test_against_the_definitions():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(40, 3)), rng.normal(size=(60, 3))
    table = np.linalg.norm(a[:, None] - b[None], axis=2)
    there, back = table.min(axis=1), table.min(axis=0)
    assert chamfer_distance(a, b) == pytest.approx(there.mean() + back.mean(), rel=1e-12)
    assert hausdorff_distance(a, b) == pytest.approx(max(there.max(), back.max()), rel=1e-12)
    assert hausdorff_distance(b, a) == hausdorff_distance(a, b)
    size = cloud_diagonal(b)
    assert chamfer_distance(a, b, diagonal=size) == pytest.approx(chamfer_distance(a, b) / size)
    assert chamfer_distance(a, a) == 0.0
    scaled = chamfer_distance(7.0 * a, 7.0 * b, diagonal=cloud_diagonal(7.0 * b))
    assert scaled == pytest.approx(chamfer_distance(a, b, diagonal=size))


@pytest.mark.parametrize(
    ("answer", "truth", "words"),
    [
        (np.zeros((0, 2)), np.zeros((1, 2)), "of the answer .* at least one"),
        (np.zeros((1, 2)), np.zeros(2), "of the truth"),
        (np.zeros((1, 2)), np.zeros((1, 3)), "2 coordinates, the truth's 3"),
        (np.array([[0.0, 0.0], [np.nan, 1.0]]), np.zeros((1, 2)), "row 1 of the points of the answer"),
    ],
)
def test_clouds_that_are_none(answer, truth, words):
    with pytest.raises(DataError, match=words):
        chamfer_distance(answer, truth)


def test_a_diagonal_that_is_none():
    with pytest.raises(DataError, match="diagonal"):
        hausdorff_distance([[0.0, 1.0]], [[0.0, 1.0]], diagonal=0.0)
