import io
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.errors import DataError
from eqdisc.report.dataset_file import read_dataset, write_dataset

Case = Any  # a result and its table


def assert_same(a: Dataset, b: Dataset) -> None:
    for field in fields(Dataset):
        left, right = getattr(a, field.name), getattr(b, field.name)
        if isinstance(left, np.ndarray):
            np.testing.assert_array_equal(left, right, field.name)
            assert left.dtype == right.dtype
        else:
            assert left == right, field.name


def test_what_is_read_is_what_was_written(case: Case, tmp_path: Path) -> None:
    write_dataset(case[1], tmp_path / "data.npz")
    assert_same(read_dataset(tmp_path / "data.npz"), case[1])


def test_weights_and_names_of_any_letters(tmp_path: Path) -> None:
    table = Dataset.of(
        np.arange(8.0).reshape(4, 2) ** 2,
        [1.5, 2, 3, 5],
        names=["a\0", "\ud800"],
        target_name=" ",
        weights=[1.0, 2, 3, 0],
        notes=["ß", ""],
    )
    write_dataset(table, tmp_path / "data.npz")
    assert_same(read_dataset(tmp_path / "data.npz"), table)


def test_a_file_cut_short_anywhere_is_refused(noisy: Case, tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    write_dataset(noisy[1], path)
    content = path.read_bytes()
    for end in range(0, len(content), len(content) // 20):
        path.write_bytes(content[:end])
        with pytest.raises(DataError, match=r"data\.npz"):
            read_dataset(path)


def test_bytes_that_were_changed_are_noticed(noisy: Case, tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    write_dataset(noisy[1], path)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read_dataset(path)


def test_pickles_are_not_opened(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", about=np.array([{}], dtype=object))
    with pytest.raises(DataError):
        read_dataset(tmp_path / "data.npz")


def test_arrays_that_do_not_fit_are_refused(noisy: Case, tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    write_dataset(noisy[1], path)
    with np.load(path) as stored:
        arrays = dict(stored)
    arrays["target"] = arrays["target"][:-1]
    np.savez(path, **arrays)
    with pytest.raises(DataError, match="target is an array of shape"):
        read_dataset(path)


def test_a_newer_version_is_refused(kepler: Case, tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    write_dataset(kepler[1], path)
    with np.load(path) as stored:
        arrays = dict(stored)
    about = arrays["about"].tobytes().replace(b'"version": 1', b'"version": 2')
    arrays["about"] = np.frombuffer(about, dtype=np.uint8)
    np.savez(path, **arrays)
    with pytest.raises(DataError, match="newer eqdisc"):
        read_dataset(path)


def test_other_archives_are_refused(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("hello.txt", "hello")
    (tmp_path / "data.npz").write_bytes(content.getvalue())
    with pytest.raises(DataError):
        read_dataset(tmp_path / "data.npz")
