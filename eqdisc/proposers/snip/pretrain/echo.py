"""Batches trained on several times, each time with the columns of every table in an order drawn anew.

Where a device trains faster than tables are made, batches that are kept there make up for it: data echoing
(Choi et al., Faster Neural Network Training with Data Echoing, arXiv 1907.05550, 2019) after the batch, with
the order of the columns as its augmentation. A batch crosses to the device once, whatever the echo.
"""

from collections.abc import Callable, Iterator
from itertools import count, islice
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from eqdisc.proposers.snip.inputs import VALUES
from eqdisc.proposers.snip.pretrain.supply import Prepared
from eqdisc.proposers.snip.vocabulary import INPUTS

T = TypeVar("T")
#: Fresh batches between two times that a batch is trained on: steps that follow each other know nothing of
#: each other, and (echo - 1) times as many batches are kept, of 2048 tables 73 MB each at most.
APART = 4


class Turn(NamedTuple):
    """A step of training: which batch, and for which time after the first."""

    batch: int
    time: int


def turns(echo: int) -> Iterator[Turn]:
    """What the steps of training are trained on, without end: each fresh batch is followed by older ones.

    >>> [tuple(turn) for turn in islice(turns(2), 3, 9)]
    [(3, 0), (4, 0), (0, 1), (5, 0), (1, 1), (6, 0)]
    """
    for newest in count():
        for time in range(min(echo, newest // APART + 1)):
            yield Turn(newest - time * APART, time)


def made(steps: int, echo: int) -> int:
    """How many batches the first steps take.

    >>> made(5, 1), made(9, 2)
    (5, 7)
    """
    return sum(turn.time == 0 for turn in islice(turns(echo), steps))


def oldest(step: int, echo: int) -> int:
    """The first batch that the steps from one on, counted from 0, take."""
    return next(turn.batch for turn in islice(turns(echo), step, None) if turn.time == echo - 1)


def echoed(
    supply: Iterator[Prepared], step: int, echo: int, kept: Callable[[Prepared], T]
) -> Iterator[tuple[T, int]]:
    """What the steps from one on are trained on: a batch, and for which time after the first.

    supply : the fresh batches from the `oldest` on
    kept   : what is kept of a batch until its last time, and where
    """
    store: dict[int, T] = {}
    newest = oldest(step, echo) - 1
    for batch, time in islice(turns(echo), step, None):
        while newest < batch:
            newest += 1
            store[newest] = kept(next(supply))
        yield store[batch], time
        if time == echo - 1:
            del store[batch]


def again(batch: Prepared, time: int) -> Prepared:
    """A batch of tensors with its columns in the order of a time after the first, for 0 as it is."""
    if not time:
        return batch
    order = batch.orders[:, time - 1]
    tables = torch.arange(len(order), device=order.device)[:, None]
    first, second = torch.triu_indices(INPUTS, INPUTS, 1, device=order.device)
    numbers = torch.zeros(INPUTS, INPUTS, dtype=torch.int64, device=order.device)
    numbers[first, second] = numbers[second, first] = torch.arange(len(first), device=order.device)
    pairs = numbers[order[:, first], order[:, second]]
    return batch._replace(
        points=_reordered_points(batch.points, order),
        columns=batch.columns[tables, order],
        pairs=batch.pairs[tables[:, None], order[:, :, None], order[:, None, :]],
        tokens=batch.echo_tokens[:, time - 1],
        keys=batch.echo_keys[:, time - 1],
        columns_told=batch.columns_told[tables, order],
        columns_known=batch.columns_known[tables, order],
        pairs_told=batch.pairs_told[tables, pairs],
        pairs_known=batch.pairs_known[tables, pairs],
    )


def _reordered_points(points: Tensor, order: Tensor) -> Tensor:
    """Rows (B, N, POINT) with the columns in another order; what is told of the target stays."""
    width = INPUTS + 1
    target = torch.full_like(order[:, :1], INPUTS)
    starts = width * torch.arange(VALUES, device=order.device)
    values = (starts[:, None] + torch.cat([order, target], 1)[:, None]).flatten(1)
    others = torch.arange(VALUES * width, points.shape[2], device=order.device).expand(len(order), -1)
    places = torch.cat([values, others], 1)[:, None]
    return points.gather(2, places.expand(-1, points.shape[1], -1))
