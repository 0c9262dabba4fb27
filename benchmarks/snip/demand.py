"""What a table costs the network in training: floating-point operations, forward and backward.

    python -m benchmarks.snip.supply --demand

Counted by PyTorch on batches of few tables, with many rows and with few, as a training takes them by halves;
elementwise operations are not counted. Tables a second times this is what a device has to do.
"""

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from eqdisc.proposers.snip.architecture import SIZES, Sizes, initial
from eqdisc.proposers.snip.model import Model
from eqdisc.proposers.snip.pretrain.losses import losses, widths_of
from eqdisc.proposers.snip.pretrain.settings import Pretraining
from eqdisc.proposers.snip.pretrain.supply import MANY, Prepared, Source

TABLES = 64


def operations(sizes: Sizes, batch: Prepared) -> float:
    """For a table of the batch."""
    parts: tuple[np.ndarray, ...] = batch
    tensors = Prepared(*(torch.from_numpy(np.ascontiguousarray(part)) for part in parts))
    model = Model(sizes, initial(sizes, np.random.default_rng(0)), "cpu")
    with FlopCounterMode(display=False) as counter:
        losses(model, tensors, widths_of(tensors.tokens, Pretraining(steps=1).parts)).total.backward()
    return counter.get_total_flops() / len(parts[0])


def table() -> str:
    """The table of supply.md."""
    source = Source(0, TABLES)
    drawn = [source.batch(step) for step in range(16)]
    many = next(batch for batch in drawn if batch.points.shape[1] == MANY)
    few = [batch for batch in drawn if batch.points.shape[1] < MANY]
    middle = sorted(few, key=lambda batch: batch.points.shape[1])[len(few) // 2]
    rows = middle.points.shape[1]
    lines = [
        f"| network | parameters | GFLOP, {MANY} rows | GFLOP, {rows} rows | mean |",
        "|---|---|---|---|---|",
    ]
    for name, sizes in SIZES.items():
        parameters = sum(array.size for array in initial(sizes, np.random.default_rng(0)).values())
        one, other = (operations(sizes, batch) / 1e9 for batch in (many, middle))
        lines.append(
            f"| {name} | {parameters / 1e6:.1f} M | {one:.2f} | {other:.2f} | {0.5 * (one + other):.2f} |"
        )
    return "\n".join(lines)
