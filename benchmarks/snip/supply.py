"""How many tables a core makes for the training of the network: the table of supply.md.

    eqdisc bench fingerprints --out excluded.npz
    python -m benchmarks.snip.supply --exclude excluded.npz

Tables as one process of `eqdisc pretrain` makes them, labels and all, per second of the processor; median,
least and largest of some batches. A network that reads more than that times the cores waits for tables: the
progress of `eqdisc pretrain` tells for how much of the time it did.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from eqdisc.proposers.snip.excluded import Excluded
from eqdisc.proposers.snip.pretrain.supply import Source

SIZES = (256, 2048)  # tables of a batch: of a training on a CPU, and of one on CUDA


def rates(source: Source, batches: int) -> list[float]:
    """Tables a second of the processor, of so many batches; one before, which compiles, is not counted."""
    source.batch(0)
    found: list[float] = []
    for step in range(1, batches + 1):
        started = time.process_time()
        source.batch(step)
        found.append(source.size / (time.process_time() - started))
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Tables that a core makes for a training, per second.")
    parser.add_argument("--exclude", type=Path, help="laws that are kept out of the tables")
    parser.add_argument("--batches", type=int, default=20, help="batches of each size")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    excluded = None if options.exclude is None else Excluded.read(options.exclude)
    print("| tables of a batch | tables a second of a core | least | largest |")
    print("|---|---|---|---|")
    with threadpool_limits(1):
        for size in SIZES:
            found = rates(Source(options.seed, size, excluded), options.batches)
            print(f"| {size} | {np.median(found):,.0f} | {min(found):,.0f} | {max(found):,.0f} |")


if __name__ == "__main__":
    main()
