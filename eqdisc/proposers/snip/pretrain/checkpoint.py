"""The state of a training, to go on from."""

import io
import pickle
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from eqdisc._typing import AnyArray
from eqdisc.errors import DataError, OptionError
from eqdisc.proposers.snip.pretrain.settings import Pretraining

FORMAT = 1
FILE = "checkpoint.pt"
#: Settings that may be others when a training goes on: how long.
_MAY_CHANGE = ("minutes", "steps")


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


def plain(settings: Pretraining) -> dict[str, Any]:
    """Settings as plain values."""
    return {key: str(value) if isinstance(value, Path) else value for key, value in asdict(settings).items()}


def read(folder: Path, settings: Pretraining) -> Checkpoint:
    """The checkpoint in a folder; DataError where there is none or it is broken.

    OptionError where it was made by other settings.
    """
    path = folder / FILE
    try:
        state = torch.load(io.BytesIO(path.read_bytes()), map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise DataError(f"there is no training to go on with in {folder}: {path} is missing") from None
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise DataError(f"{path} is no checkpoint, or only part of one: {error}") from error
    if not isinstance(state, dict) or state.pop("format", None) != FORMAT:
        raise DataError(f"{path} was written by another version of eqdisc; start anew in another folder")
    found = Checkpoint(**state)
    for key, value in plain(settings).items():
        before = found.settings.get(key)
        if key not in _MAY_CHANGE and before != value:
            raise OptionError(f"the training in {folder} has {key} {before}, got {value}; it cannot change")
    return found
