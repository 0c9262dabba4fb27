"""The file of weights: what is read is what was written, and everything else is refused with reasons."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eqdisc.errors import InputError, OptionError, WeightsError
from eqdisc.proposers.snip import weights
from eqdisc.proposers.snip.architecture import SIZES, Sizes, initial, shapes
from eqdisc.proposers.snip.network import Network

TINY = Sizes(width=8, heads=2, latents=2, layers=2, symbolic=1, decoder=1, inner=2, pair=4, embedding=6)


@pytest.fixture
def content() -> bytes:
    return weights.packed(initial(TINY, np.random.default_rng(0)), TINY, {"trained": True, "minutes": 3})


def test_what_is_read_is_what_was_written(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    path.write_bytes(content)
    found = weights.read(path)
    wanted = weights.rounded(initial(TINY, np.random.default_rng(0)))
    assert found.sizes == TINY
    assert found.card == {"trained": True, "minutes": 3}
    assert found.arrays.keys() == wanted.keys()
    for name, array in found.arrays.items():
        assert array.dtype == np.float32
        assert np.array_equal(array, wanted[name])
    assert Network.read(path).card["minutes"] == 3


def test_rounding_is_that_of_half_precision() -> None:
    array = np.array([1.0, 1.0 / 3.0, 1e-3, -2.5], np.float32)
    found = weights.rounded({"a": array})["a"]
    assert found.dtype == np.float32
    assert np.allclose(found, array, rtol=2.0**-11)
    with pytest.raises(ValueError, match="'a' holds values that half precision cannot hold"):
        weights.rounded({"a": np.array([1e6])})


def rewritten(content: bytes, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> bytes:
    with np.load(io.BytesIO(content)) as file:
        arrays = dict(file)
    about = json.loads(arrays.pop("about").tobytes())
    change(about, arrays)
    stream = io.BytesIO()
    np.savez(stream, about=np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays)
    return stream.getvalue()


CHANGES: dict[str, Callable[[dict[str, Any], dict[str, Any]], None]] = {
    "are of format 99, this version of eqdisc reads": lambda about, arrays: about.update(format=99),
    "were trained with other operators": lambda about, arrays: about["vocabulary"]["names"].pop(),
    "do not tell their sizes": lambda about, arrays: (
        about["sizes"].pop("width") and about["sizes"].update(w=8)
    ),
    "a width of 7 does not divide": lambda about, arrays: about["sizes"].update(width=7),
    "'embed.bias' is of shape None, wanted": lambda about, arrays: arrays.pop("embed.bias") is None,
    "'whole' is of shape .3, 8., wanted .1, 8.": lambda about, arrays: arrays.update(
        whole=np.zeros((3, 8), np.float16)
    ),
    "no finite numbers of half precision": lambda about, arrays: arrays["whole"].fill(np.nan),
}


@pytest.mark.parametrize("message", CHANGES)
def test_weights_that_do_not_fit_are_refused(message: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    path.write_bytes(rewritten(content, CHANGES[message]))
    with pytest.raises(WeightsError, match=message):
        weights.read(path)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_part_of_a_file_is_refused(share: float, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(WeightsError, match="is no file of weights, or only part of one"):
        weights.read(path)


@pytest.mark.parametrize("place", np.linspace(0.05, 0.95, 7))
def test_a_byte_that_was_changed_is_seen(place: float, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    changed = bytearray(content)
    changed[int(place * len(content))] ^= 0x55
    path.write_bytes(changed)
    with pytest.raises(WeightsError):
        weights.read(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    with pytest.raises(WeightsError, match=r"there are no weights at .*eqdisc pretrain"):
        weights.read(path)
    for content in (b"", b"x,y\n1,2\n"):
        path.write_bytes(content)
        with pytest.raises(WeightsError, match="is no file of weights"):
            weights.read(path)
    np.savez(path, a=np.zeros(3))
    with pytest.raises(WeightsError, match="is no file of weights"):
        weights.read(path)
    np.save(tmp_path / "array.npy", np.zeros(3))
    with pytest.raises(WeightsError, match=r"no file of weights.* one array of shape \(3,\) \(NPY\)"):
        weights.read(tmp_path / "array.npy")
    with pytest.raises(WeightsError, match="cannot be read"):
        weights.read(tmp_path)
    assert issubclass(WeightsError, InputError)


def test_sizes() -> None:
    with pytest.raises(OptionError, match="width of 10 does not divide into 4 heads"):
        Sizes(width=10)
    with pytest.raises(OptionError, match="no network of size 'huge'; there are small, medium, large"):
        Network.random(0, "huge")
    counts = [sum(int(np.prod(shape)) for shape in shapes(sizes).values()) for sizes in SIZES.values()]
    assert counts == sorted(counts)
    assert 2 * counts[0] < 4.5e6  # bytes: it ships with the package
