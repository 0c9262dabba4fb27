"""How many tables a training can receive from the processes that make them, and how many it does.

    python -m benchmarks.snip.supply --transport

First as if the making were free: a batch of 2048 tables of 128 rows is kept by each process and sent again
and again. Measured in the process that receives: tables a second of the clock, and seconds of its processor
for 1,000 tables, all threads counted. Each batch is copied once into memory that is kept, in place of the
copy to a device; without that, memory that is shared would not be looked at.

"pool and pipe" is a ProcessPoolExecutor whose answers are pickled, "loader" what `eqdisc pretrain` does.
The last lines are of that with real tables, of many rows and few: all tables over all seconds, each trained
on once or several times (`pretrain.echo`) by a device that takes no time: PyTorch's "meta", whose tensors
have shapes and no values. Seconds of the processor are those of the process that trains.
"""

import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from itertools import count
from multiprocessing import get_context

import numpy as np

from eqdisc.proposers.snip.pretrain.settings import ECHOES
from eqdisc.proposers.snip.pretrain.supply import MANY, Prepared, Source

TABLES = 2048
WARM = 4  # batches that are not counted: the processes start


@dataclass(frozen=True)
class Kept:
    """A source that makes one batch of zeros; parts: type and shape of each."""

    parts: tuple[tuple[str, tuple[int, ...]], ...]

    @classmethod
    def like(cls, source: Source) -> "Kept":
        """A batch like those of a source, of `TABLES` tables of `MANY` rows."""
        batch = source.batch(0)
        points = (batch.points.dtype.str, (TABLES, MANY, *batch.points.shape[2:]))
        return cls((points, *((part.dtype.str, (TABLES, *part.shape[1:])) for part in batch[1:])))

    def batch(self, step: int) -> Prepared:
        """The same one of every step."""
        return _made(self)


@cache
def _made(kept: Kept) -> Prepared:
    return Prepared(*(np.ones(shape, kind) for kind, shape in kept.parts))


def by_pool(source: Kept, first: int, workers: int) -> Generator[Prepared]:
    """Batches by pickles through one pipe."""
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        waiting: deque[Future[Prepared]] = deque()
        for step in count(first):
            waiting.append(pool.submit(source.batch, step))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()


def by_loader(source: Kept, first: int, workers: int) -> Generator[Prepared]:
    """Batches as a training receives them."""
    from eqdisc.proposers.snip.pretrain.loading import batches

    return batches(source, first, workers)  # type: ignore[arg-type]


WAYS: dict[str, Callable[[Kept, int, int], Generator[Prepared]]] = {
    "pool and pipe": by_pool,
    "loader": by_loader,
}


def received(source: Kept, way: str, workers: int, batches: int) -> tuple[float, float]:
    """Medians over so many batches: tables a second, seconds of the processor for 1,000 tables."""
    memory = [np.ones(shape, kind) for kind, shape in source.parts]
    clock, processor = [], []
    with closing(WAYS[way](source, 0, workers)) as supply:
        for at in range(WARM + batches):
            started, used = time.perf_counter(), time.process_time()
            for place, part in zip(memory, next(supply), strict=True):
                np.copyto(place, np.asarray(part))
            if at >= WARM:
                clock.append(time.perf_counter() - started)
                processor.append(time.process_time() - used)
    return TABLES / float(np.median(clock)), 1000 / TABLES * float(np.median(processor))


def supplied(workers: int, batches: int, echo: int) -> tuple[float, float]:
    """Of the tables that so many processes make: how many a second of the clock are trained on, and seconds
    of the processor for 1,000 of them."""
    import torch

    from eqdisc.proposers.snip.pretrain.echo import APART, again, echoed
    from eqdisc.proposers.snip.pretrain.loading import batches as arriving

    def kept(batch: Prepared) -> Prepared:
        for part in batch:
            np.asarray(part).copy()  # in place of the copy to a device
        parts: tuple[torch.Tensor, ...] = batch
        return Prepared(*(part.to("meta") for part in parts))

    with closing(arriving(Source(0, TABLES, echo=echo), 0, workers)) as supply:
        trained_on = echoed(supply, 0, echo, kept)
        for _ in range(echo * (WARM * workers + echo * APART)):
            again(*next(trained_on))
        clock, processor = time.perf_counter(), time.process_time()
        for _ in range(echo * batches):
            again(*next(trained_on))
        clock, processor = time.perf_counter() - clock, time.process_time() - processor
    tables = TABLES * echo * batches
    return tables / clock, 1000 / tables * processor


def table(batches: int) -> str:
    """The table of supply.md."""
    source = Kept.like(Source(0, 2))
    kilobytes = sum(part.nbytes for part in source.batch(0)) / TABLES / 1000
    lines = [
        f"{TABLES} tables of {MANY} rows, {kilobytes:.1f} kB each.",
        "",
        "| way | processes | tables a second | seconds of the processor for 1,000 tables |",
        "|---|---|---|---|",
    ]
    for workers in (1, 2):
        for way in WAYS:
            rate, seconds = received(source, way, workers, batches)
            lines.append(f"| {way} | {workers} | {rate:,.0f} | {seconds:.4f} |")
    lines += [
        "",
        "| processes that make tables | echo | tables a second trained on | processor's seconds for 1,000 |",
        "|---|---|---|---|",
    ]
    for workers in (1, 2):
        for echo in sorted(ECHOES.values()):
            rate, seconds = supplied(workers, batches, echo)
            lines.append(f"| {workers} | {echo} | {rate:,.0f} | {seconds:.4f} |")
    return "\n".join(lines)
