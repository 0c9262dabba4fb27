"""The state of a training, to go on from."""

import io
import pickle
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from eqdisc._typing import AnyArray
from eqdisc.errors import DataError, OptionError
from eqdisc.proposers.snip.architecture import shapes
from eqdisc.proposers.snip.excluded import Excluded
from eqdisc.proposers.snip.generator.settings import VERSION
from eqdisc.proposers.snip.pretrain.settings import Pretraining

FORMAT = 3
FILE = "checkpoint.pt"
#: Settings that may be others when a training goes on: how long.
_MAY_CHANGE = ("minutes", "steps")
#: Beside the settings: which laws are kept out, wherever their file lies; None for none.
_EXCLUDED = "excluded"
#: And which generator made the tables, by its version.
_GENERATOR = "generator"
#: What reading a file that is no checkpoint, or no longer one, has been seen to raise.
_UNREADABLE = (
    OSError,
    RuntimeError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    MemoryError,
    struct.error,
    pickle.UnpicklingError,
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A training after `step` steps and `seconds` seconds.

    parameters : tensors by name
    optimizer  : state of the optimiser
    """

    settings: Mapping[str, Any]
    step: int
    seconds: float
    parameters: Mapping[str, Tensor]
    optimizer: Mapping[str, Any]

    def arrays(self) -> dict[str, AnyArray]:
        """The parameters as NumPy arrays."""
        return {name: tensor.numpy() for name, tensor in self.parameters.items()}

    def packed(self) -> bytes:
        """The content of a file."""
        stream = io.BytesIO()
        state = {field.name: getattr(self, field.name) for field in fields(self)}
        torch.save({"format": FORMAT, **state}, stream)
        return stream.getvalue()


def told(settings: Pretraining, excluded: Excluded | None) -> dict[str, Any]:
    """What a checkpoint keeps of its settings."""
    digest = None if excluded is None else excluded.digest
    return {**plain(settings), _EXCLUDED: digest, _GENERATOR: VERSION}


def plain(settings: Pretraining) -> dict[str, Any]:
    """Settings as plain values."""
    return {key: str(value) if isinstance(value, Path) else value for key, value in asdict(settings).items()}


def read(folder: Path, settings: Pretraining, excluded: Excluded | None = None) -> Checkpoint:
    """The checkpoint in a folder; DataError where there is none or it is broken.

    excluded : the laws that are kept out now
    OptionError where it was made by other settings, or with other laws kept out.
    """
    path = folder / FILE
    try:
        state = torch.load(io.BytesIO(path.read_bytes()), map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise DataError(f"there is no training to go on with in {folder}: {path} is missing") from None
    except _UNREADABLE as error:
        raise DataError(f"{path} is no checkpoint, or only part of one: {error}") from error
    if not isinstance(state, dict) or "format" not in state:
        raise DataError(f"{path} is no checkpoint of eqdisc; start anew in another folder")
    if state.pop("format") != FORMAT:
        raise DataError(f"{path} was written by another version of eqdisc; start anew in another folder")
    found = _checked(path, state)
    _check_same(found.settings, settings, excluded, folder)
    wanted = shapes(settings.sizes)
    if {name: tuple(tensor.shape) for name, tensor in found.parameters.items()} != wanted:
        raise DataError(f"{path} is damaged: its arrays are not those of a {settings.size} network")
    return found


def _checked(path: Path, state: dict[str, Any]) -> Checkpoint:
    """The state as a checkpoint; DataError where it lacks something, or has something else in its place."""
    kinds: dict[str, Any] = {
        "settings": dict,
        "step": int,
        "seconds": int | float,
        "parameters": dict,
        "optimizer": dict,
    }
    for key in sorted(kinds.keys() | state.keys(), key=str):
        if key not in kinds or not isinstance(state.get(key), kinds[key]):
            raise DataError(f"{path} is no checkpoint of eqdisc, or a damaged one: {key!r} makes no sense")
    if not all(isinstance(tensor, Tensor) for tensor in state["parameters"].values()):
        raise DataError(f"{path} is no checkpoint of eqdisc, or a damaged one: its arrays make no sense")
    return Checkpoint(**state)


def _check_same(
    before: Mapping[str, Any], settings: Pretraining, excluded: Excluded | None, folder: Path
) -> None:
    """OptionError where the settings of a checkpoint are others.

    Of laws kept out the content counts; only the name of their file where an older version kept no more.
    """
    now = told(settings, excluded)
    left_out = (*_MAY_CHANGE, "exclude" if _EXCLUDED in before else _EXCLUDED)
    for key, value in now.items():
        if key in left_out or before.get(key) == value:
            continue
        if key == _EXCLUDED:
            kept, given = before.get("exclude") or "nothing", settings.exclude or "nothing"
            raise OptionError(
                f"the training in {folder} keeps out other laws (exclude {kept}, as it was then) than are "
                f"given now ({given}); go on with the same ones, or start anew in another folder"
            )
        raise OptionError(
            f"the training in {folder} has {key} {before.get(key)}, got {value}; it cannot change: "
            + ("start anew in another folder" if key == _GENERATOR else f"go on with {key} {before.get(key)}")
        )
