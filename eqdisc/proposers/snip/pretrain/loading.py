"""Batches on their way to the trainer: made ahead by processes, and received in order as tensors."""

import collections.abc
import mmap
import os
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing import reduction, resource_tracker
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch.utils.data import DataLoader

from eqdisc.errors import DataError, EqdiscError
from eqdisc.proposers.snip.pretrain.supply import Prepared, Source

_AHEAD = 2  # batches in work for each process, so that none waits for the network
_ALIGNED = 64  # bytes: a line of the cache, more than any number needs


def batches(
    source: Source, first: int, workers: int, pinned: bool = False
) -> "collections.abc.Generator[Prepared]":
    """The batches from the one of number `first` on as tensors, without end.

    They are made by so many processes, by this one for 0, and depend on seed and number alone.

    pinned : in memory that CUDA reads without the processor, while the device and the host do other things

    Close the iterator to end the processes. DataError where one of them dies, and the error of a source.

    >>> supply = batches(Source(seed=0, size=4), 7, 0)
    >>> next(supply).table.shape[0]
    4
    >>> supply.close()
    """
    if not workers:
        for number in count(first):
            yield _alone(source.batch(number), pinned)
    with _received(source, first, workers, pinned) as received:
        while True:
            yield _next(received)


# ------------------------------------------------------------ a batch as one block of memory


@dataclass(frozen=True, slots=True)
class Layout:
    """How the parts of a batch lie in a block of `size` bytes: each part's start, type and shape."""

    parts: tuple[tuple[int, str, tuple[int, ...]], ...]
    size: int

    @classmethod
    def of(cls, batch: Prepared) -> "Layout":
        """Of the parts of a batch, one behind the other."""
        parts, end = [], 0
        for part in batch:
            parts.append((end, part.dtype.str, part.shape))
            end += -(-part.nbytes // _ALIGNED) * _ALIGNED
        return cls(tuple(parts), end)

    def arrays(self, memory: Any) -> Prepared:
        """A batch as arrays in memory of `size` bytes."""
        return Prepared(*(np.ndarray(shape, kind, memory, start) for start, kind, shape in self.parts))


@dataclass(frozen=True)
class Sent:
    """A batch on its way from the process that made it.

    It lies in anonymous memory (memfd_create) of which only the descriptor goes through the pipe: a batch of
    2048 tables is larger than the 64 MiB of /dev/shm in a container, where PyTorch's own tensors would go
    with either of its sharing strategies; and where all processes are killed, nothing of it is left. Where
    there is no such memory (other systems than Linux), or no way for descriptors, the bytes go through the
    pipe, which is slower.
    """

    memory: Any  # reduction.DupFd of the descriptor, or (bytes,) uint8
    layout: Layout

    @classmethod
    def of(cls, batch: Prepared) -> "Sent":
        """A batch made here, for another process."""
        layout = Layout.of(batch)
        memory = _shared(batch, layout)
        if memory is None:
            memory = np.empty(layout.size, np.uint8)
            _write(batch, layout, memory)
        return cls(memory, layout)

    def received(self) -> Prepared:
        """The batch in the process it was sent to; OSError or EOFError where its maker is gone."""
        if isinstance(self.memory, np.ndarray):
            return _tensors(self.layout.arrays(self.memory))
        handle = self.memory.detach()
        try:
            # The tensors keep the arrays, these keep the memory.
            memory = mmap.mmap(handle, self.layout.size)
        finally:
            os.close(handle)
        return _tensors(self.layout.arrays(memory))

    def pin_memory(self) -> Prepared:
        """The batch in memory that CUDA reads without the processor; called by the `DataLoader`."""
        # Each part for itself: such memory comes in powers of two.
        parts: tuple[Any, ...] = self.received()
        return Prepared(*(part.pin_memory() for part in parts))


def _shared(batch: Prepared, layout: Layout) -> Any:
    """A descriptor of anonymous memory that holds the batch, to be sent; None where that cannot be."""
    try:
        handle = os.memfd_create("eqdisc")
    except (AttributeError, OSError):  # another system, or one that forbids it
        return None
    try:
        os.ftruncate(handle, layout.size)
        with mmap.mmap(handle, layout.size) as memory:
            _write(batch, layout, memory)
        return reduction.DupFd(handle)
    except OSError:  # the folder for temporary files has too long a name for a socket
        return None
    finally:
        os.close(handle)


def _write(batch: Prepared, layout: Layout, memory: Any) -> None:
    for place, part in zip(layout.arrays(memory), batch, strict=True):
        place[...] = part


def _tensors(arrays: Prepared) -> Prepared:
    return Prepared(*(torch.from_numpy(array) for array in arrays))


def _alone(batch: Prepared, pinned: bool) -> Prepared:
    """A batch made in this process as tensors."""
    parts = [torch.from_numpy(np.ascontiguousarray(part)) for part in batch]
    return Prepared(*(part.pin_memory() if pinned else part for part in parts))


# ------------------------------------------------------------ processes


@dataclass(frozen=True, slots=True)
class _Numbered:
    """What a process of the loader makes of the number of a batch.

    An error of ours is a value: the loader would put its traceback into the message.
    """

    source: Source

    def __getitem__(self, number: int) -> Sent | EqdiscError:
        try:
            return Sent.of(self.source.batch(number))
        except EqdiscError as error:
            return error


@contextmanager
def _received(source: Source, first: int, workers: int, pinned: bool) -> Iterator[Iterator[Any]]:
    """Within, what processes make of the numbers from `first` on, in order; they end with it."""
    # Forked processes would inherit threads that hold locks. The generator is that of the seeds of the
    # processes, which nothing here uses: PyTorch's own stream of random numbers stays where it was.
    settings: dict[str, Any] = {
        "batch_size": None,
        "sampler": count(first),
        "num_workers": workers,
        "prefetch_factor": _AHEAD,
        "pin_memory": pinned,
        "worker_init_fn": _enter,
        "multiprocessing_context": "spawn",
        "generator": torch.Generator(),
    }
    received = None
    try:
        with warnings.catch_warnings(), _undisturbed():
            # More processes than cores are the user's choice.
            warnings.filterwarnings("ignore", message="This DataLoader will create")
            received = iter(DataLoader(_Numbered(source), **settings))
        yield received
    finally:
        # An error that is on its way keeps the iterator alive, and with it the processes, if they are left to
        # the end of its last reference.
        if received is not None:
            received._shutdown_workers()


def _next(received: Iterator[Any]) -> Prepared:
    """The next batch; DataError where a process died, and the error that one of them met."""
    try:
        found = next(received)
        if isinstance(found, Sent):
            found = found.received()
    except (RuntimeError, OSError, EOFError) as error:
        # An error met in a process is told as "Caught ... in DataLoader worker process", a death otherwise.
        text = str(error)
        if text.startswith("Caught") or (isinstance(error, RuntimeError) and "DataLoader" not in text):
            raise
        raise DataError(
            "a process that makes tables died, perhaps for want of memory; --resume goes on from the last "
            "checkpoint, --workers 0 takes no further process"
        ) from error
    if isinstance(found, EqdiscError):
        raise found
    assert isinstance(found, Prepared)
    return found


def _enter(worker: int) -> None:
    """Begin as a process that makes batches; who interrupts the training lets the training end it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threadpool_limits(1)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Within, processes are started that no Ctrl-C reaches, and that leave SIGCHLD as it was.

    Before they come to `_enter` they import for seconds; an interrupt in that time would end them with a
    traceback each. A mask is inherited, and what is blocked here comes afterwards.

    The loader would answer SIGCHLD by an error wherever the training is, in the midst of a checkpoint too;
    without, a death is noticed when the next batch is asked for and does not come (after five seconds).
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # where it has to start it takes the mask away
    child = signal.getsignal(signal.SIGCHLD)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        if child is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGCHLD, child)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
