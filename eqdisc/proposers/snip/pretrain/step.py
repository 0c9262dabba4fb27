"""A step that was handed to the device, to be read when the next one is under way."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from eqdisc.errors import DataError
from eqdisc.proposers.snip.pretrain.losses import Losses


@dataclass(frozen=True, slots=True)
class Step:
    """A step of training under way, or done.

    number : of the step, from 1
    values : (3,) its losses, on the host; there when `ended` is
    asked  : seconds that the host waited for the tables
    came   : event behind the copy of the tables; None where the device is the host
    ended  : event behind the step and the copy of its losses
    before : `ended` of the step before; None for the first
    """

    number: int
    values: Tensor
    asked: float
    came: Any = None
    ended: Any = None
    before: Any = None

    @classmethod
    def of(cls, number: int, found: Losses, asked: float, came: Any, last: "Step | None") -> "Step":
        """A step whose losses were just asked for; `last` is the one before, if there was one."""
        values = torch.stack([loss.detach().float() for loss in found])
        if not values.is_cuda:
            return cls(number, values, asked)
        # The copy is behind this step on the stream. One that is asked for later, as by `float`, would be
        # behind the next step, and wait for that one too.
        values = values.to("cpu", non_blocking=True)
        return cls(number, values, asked, came, event(), None if last is None else last.ended)

    def losses(self) -> dict[str, float]:
        """The losses by name; DataError where one is no number. Waits for the end of the step."""
        self._wait()
        told = dict(zip(Losses._fields, self.values.tolist(), strict=True))
        if not all(math.isfinite(loss) for loss in told.values()):
            raise DataError(f"the losses are no numbers any more at step {self.number}: {told}")
        return told

    def waited(self) -> float:
        """Seconds that the network waited for the tables: the host did, and the device had nothing to do."""
        if self.before is None:
            return self.asked
        self._wait()
        return min(self.asked, float(self.before.elapsed_time(self.came)) / 1e3)

    def _wait(self) -> None:
        if self.ended is not None:
            self.ended.synchronize()


def event() -> Any:
    """An event of CUDA at this place of the stream."""
    here = torch.cuda.Event(enable_timing=True)
    here.record()
    return here
