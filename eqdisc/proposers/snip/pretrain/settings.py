"""How a network is trained."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from eqdisc.errors import OptionError
from eqdisc.proposers.snip.architecture import SIZES, Sizes

Device = Literal["auto", "cpu", "cuda"]
DEVICES: tuple[Device, ...] = ("auto", "cpu", "cuda")

#: How often each batch is trained on by device, if that is not said: fifteen processes make tables for some
#: 50 TFLOP/s of the large network (benchmarks/snip/supply.md); a GPU may do more.
ECHOES = {"cpu": 1, "cuda": 4}
#: Peak learning rates; wider networks take smaller steps.
_RATES = {"small": 1e-3, "medium": 7e-4, "large": 5e-4}


@dataclass(frozen=True, slots=True)
class Pretraining:
    """What decides the result of a training: the same settings give the same batches, whatever the workers.

    minutes, steps : how long; one of them, and `minutes` may be fractions
    size     : "small", "medium" or "large"
    batch    : tables of a step
    echo     : how often each batch is trained on, its columns in an order drawn anew (`pretrain.echo`);
        more than once where the device would wait for tables
    seed     : of the weights to start from and of all tables
    exclude  : file of laws that are kept out of the tables (`eqdisc.proposers.snip.excluded`); None for none
    held_out : tables, no two of one skeleton, that measure how far it is
    parts    : parts of laws of like length into which a batch is divided, so that little is padded
    warm_up  : share of the training in which the learning rate grows to its peak; then it falls as a cosine
    decay    : weight decay of the matrices
    clip     : largest norm of a gradient

    >>> Pretraining(steps=10, size="medium").rate
    0.0007
    """

    minutes: float | None = None
    steps: int | None = None
    size: str = "small"
    batch: int = 256
    echo: int = 1
    seed: int = 0
    exclude: Path | None = None
    held_out: int = 1024
    parts: int = 3
    warm_up: float = 0.02
    decay: float = 0.01
    clip: float = 1.0

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise OptionError(f"there is no network of size {self.size!r}; there are {', '.join(SIZES)}")
        if (self.minutes is None) == (self.steps is None):
            raise OptionError("say how long to train: either minutes or steps, and not both")
        if self.minutes is not None and not 0.0 < self.minutes < float("inf"):
            raise OptionError(f"the minutes are {self.minutes}; wanted a number above 0")
        if self.steps is not None and self.steps < 1:
            raise OptionError(f"the steps are {self.steps}; wanted 1 or more")
        if self.batch < 2:
            raise OptionError(f"a batch holds {self.batch} tables; wanted 2 or more, to be told apart")
        if self.echo < 1:
            raise OptionError(f"the echo is {self.echo}; each batch is trained on 1 time or more")
        if self.held_out < 2:
            raise OptionError(f"{self.held_out} tables are held out; wanted 2 or more")
        if self.seed < 0:
            raise OptionError(f"the seed is {self.seed}; wanted 0 or more")

    @property
    def sizes(self) -> Sizes:
        """The network's sizes."""
        return SIZES[self.size]

    @property
    def rate(self) -> float:
        """Peak learning rate."""
        return _RATES[self.size]

    def share(self, step: int, seconds: float) -> float:
        """Share of the training that is done after so many steps and seconds, at most 1."""
        if self.steps is not None:
            return min(1.0, step / self.steps)
        assert self.minutes is not None
        return min(1.0, seconds / (60.0 * self.minutes))


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a network is trained; nothing here changes what the batches hold.

    device           : "auto" takes CUDA where there is one
    threads          : of PyTorch on a CPU; None for two (other numbers may round otherwise)
    workers          : processes that make tables, 0 for none; None for 1 on a CPU, else all cores but one
    checkpoint_every : seconds between checkpoints
    """

    device: Device = "auto"
    threads: int | None = None
    workers: int | None = None
    checkpoint_every: float = 300.0

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise OptionError(f"the device is {self.device!r}; wanted {', '.join(DEVICES)}")
        if self.threads is not None and self.threads < 1:
            raise OptionError(f"the threads are {self.threads}; wanted 1 or more")
        if self.workers is not None and self.workers < 0:
            raise OptionError(f"the workers are {self.workers}; wanted 0 or more")
