"""Files appear whole or not at all, wherever the name leads."""

from pathlib import Path

import pytest

from eqdisc.atomic import write_bytes
from eqdisc.errors import DataError


def test_a_link_stays_a_link_and_its_target_gets_the_content(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_bytes(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert {path.name for path in tmp_path.iterdir()} == {"target", "link"}


@pytest.mark.parametrize("name", [".", "folder", "missing/file"])
def test_what_is_no_place_for_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match=r"is a folder|cannot be written"):
        write_bytes(tmp_path / name, b"content")
    assert [path.name for path in tmp_path.rglob("*")] == ["folder"]


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs a device that is always full")
def test_a_device_is_written_to_and_never_replaced() -> None:
    with pytest.raises(DataError, match="No space left"):
        write_bytes(Path("/dev/full"), b"content")
    write_bytes(Path("/dev/null"), b"content")
    assert Path("/dev/full").is_char_device()
    assert Path("/dev/null").is_char_device()
