import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from eqdisc.data.tables import example_names, example_path, examples, read_example, write_example
from eqdisc.engine.reference import evaluate
from eqdisc.errors import DataError, OptionError
from eqdisc.expr.parse import parse


def test_every_table_has_its_provenance_and_no_other_is_there() -> None:
    folder = files("eqdisc.data.tables")
    assert {entry.name for entry in folder.iterdir() if entry.name.endswith(".csv")} == {
        f"{name}.csv" for name in example_names()
    }
    for table in json.loads((folder / "provenance.json").read_text(encoding="utf-8"))["tables"]:
        header, *rows = example_path(table["name"]).read_text(encoding="utf-8").splitlines()
        assert header.split(",") == [column["name"] for column in table["columns"]]
        assert len(rows) == table["rows"]
        assert table["source"]
        assert table["verified"]


@pytest.mark.parametrize("name", example_names())
def test_every_table_can_be_read(name: str) -> None:
    data = read_example(name)
    (facts,) = [table for table in examples() if table.name == name]
    assert data.target_name == facts.target
    assert data.n_rows == facts.rows


@pytest.mark.parametrize(
    ("name", "law", "relative"),
    [
        ("kepler", "semi_major_axis**1.5", 2e-3),
        ("boyle", "1406.9/volume", 1e-2),
        ("balmer", "364.6*n**2/(n**2-4)", 1e-5),
        ("danwood", "0.76886226176*temperature**3.8604055871", 2e-2),
        ("misra1a", "238.94212918*(1-exp(-5.5015643181E-4*pressure))", 1e-2),
        ("water_vapour", "exp(16.596-4002.4/(temperature-38.954))", 2e-3),
    ],
)
def test_the_known_laws_hold(name: str, law: str, relative: float) -> None:
    data = read_example(name)
    assert np.allclose(evaluate(parse(law, data.feature_names), data.features), data.target, rtol=relative)


def test_unknown_name() -> None:
    with pytest.raises(OptionError, match="no example 'keplr'; did you mean 'kepler'"):
        read_example("keplr")


def test_write_makes_the_folder_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = write_example("boyle", tmp_path / "new" / "folder")
    assert path.read_bytes() == example_path("boyle").read_bytes()
    assert [entry.name for entry in path.parent.iterdir()] == ["boyle.csv"]
    assert write_example("boyle", path.parent) == path  # the same table again is no harm


def test_a_different_file_is_not_overwritten_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "boyle.csv"
    path.write_text("mine\n")
    with pytest.raises(DataError, match=r"exists already and is another table.*--force"):
        write_example("boyle", tmp_path)
    assert path.read_text() == "mine\n"
    write_example("boyle", tmp_path, force=True)
    assert path.read_bytes() == example_path("boyle").read_bytes()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        write_example("boyle", tmp_path / "file")
