"""The file of a pretrained network: its arrays in half precision, its sizes, its vocabulary and its card."""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eqdisc._typing import AnyArray
from eqdisc.errors import WeightsError
from eqdisc.proposers.snip.architecture import Arrays, Sizes, shapes
from eqdisc.proposers.snip.arrays import named_arrays
from eqdisc.proposers.snip.vocabulary import LENGTH, NAMES

#: Version of the layout; raised whenever inputs, architecture or tokens change their meaning.
FORMAT = 1
_ABOUT = "about"


@dataclass(frozen=True, slots=True)
class Weights:
    """What a file holds: float32 arrays by name (rounded to half precision), sizes and the card."""

    arrays: Arrays
    sizes: Sizes
    card: Mapping[str, Any]


def rounded(arrays: Arrays) -> dict[str, AnyArray]:
    """Arrays as they come back from a file: float32 with the values of half precision.

    ValueError where a value is too large for half precision or not finite.
    """
    return {name: _half(name, array).astype(np.float32) for name, array in arrays.items()}


def packed(arrays: Arrays, sizes: Sizes, card: Mapping[str, Any]) -> bytes:
    """The content of a file of weights; `card` is kept as JSON."""
    about = {"format": FORMAT, "sizes": asdict(sizes), "vocabulary": _vocabulary(), "card": dict(card)}
    kept: dict[str, Any] = {_ABOUT: np.frombuffer(json.dumps(about).encode(), np.uint8)}
    kept |= {name: _half(name, array) for name, array in arrays.items()}
    stream = io.BytesIO()
    np.savez(stream, **kept)
    return stream.getvalue()


def read(path: Path) -> Weights:
    """The weights in a file; WeightsError where there are none, or they are broken or of another version."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise WeightsError(
            f"there are no weights at {path}; `eqdisc pretrain --out FOLDER` makes FOLDER/weights.npz"
        ) from None
    except OSError as error:
        raise WeightsError(f"the weights {path} cannot be read: {error.strerror or error}") from error
    try:
        arrays = named_arrays(content)
        about = json.loads(arrays.pop(_ABOUT).tobytes())
    except (KeyError, ValueError) as error:
        raise WeightsError(f"{path} is no file of weights, or only part of one: {error}") from error
    return _checked(path, about, arrays)


def _checked(path: Path, about: Any, arrays: Mapping[str, AnyArray]) -> Weights:
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        came = about.get("format") if isinstance(about, dict) else None
        raise WeightsError(f"the weights {path} are of format {came}, this version of eqdisc reads {FORMAT}")
    if about.get("vocabulary") != _vocabulary():
        raise WeightsError(
            f"the weights {path} were trained with other operators than this version of eqdisc has; "
            "pretrain again or install the version that wrote them"
        )
    try:
        sizes = Sizes(**about["sizes"])
        card = dict(about["card"])
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"the weights {path} do not tell their sizes: {error}") from error
    wanted, came_shapes = shapes(sizes), {name: array.shape for name, array in arrays.items()}
    if wanted != came_shapes:
        names = wanted.keys() | came_shapes.keys()
        name = min(name for name in names if wanted.get(name) != came_shapes.get(name))
        raise WeightsError(
            f"in the weights {path} the array {name!r} is of shape {came_shapes.get(name)}, "
            f"wanted {wanted.get(name)}"
        )
    if not all(array.dtype == np.float16 and np.isfinite(array).all() for array in arrays.values()):
        raise WeightsError(f"the weights {path} hold values that are no finite numbers of half precision")
    return Weights({name: array.astype(np.float32) for name, array in arrays.items()}, sizes, card)


def _vocabulary() -> dict[str, Any]:
    """What the tokens stand for."""
    return {"length": LENGTH, "names": list(NAMES)}


def _half(name: str, array: AnyArray) -> AnyArray:
    with np.errstate(over="ignore"):
        half = np.asarray(array).astype(np.float16)
    if not np.isfinite(half).all():
        raise ValueError(f"the array {name!r} holds values that half precision cannot hold")
    return half
