"""How many tables a core makes for the training of the network: the table of supply.md.

    eqdisc bench fingerprints --out excluded.npz
    python -m benchmarks.snip.supply --exclude excluded.npz
    python -m benchmarks.snip.supply --transport
    python -m benchmarks.snip.supply --demand
    python -m benchmarks.snip.supply --repeats --batches 100

Tables as one process of `eqdisc pretrain` makes them, labels and all, per second of the processor: all tables
over all seconds, and the slowest and the fastest batch, which have many rows and few. A network that reads
more than that times the cores waits for tables: the progress of `eqdisc pretrain` tells for how much of the
time it did. `--transport`: how many a training could receive, and how many it does (`transport`); `--demand`:
what a table costs the network (`demand`). Both need PyTorch. `--repeats`: how many different skeletons the
tables have (`repeats`).
"""

import argparse
import time
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks.snip import repeats
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
    parser.add_argument("--transport", action="store_true", help="measure receiving, not making")
    parser.add_argument("--demand", action="store_true", help="count what a table costs the network")
    parser.add_argument("--repeats", action="store_true", help="count different skeletons")
    options = parser.parse_args()
    if options.repeats:
        print(repeats.table(options.batches))
        return
    if options.transport or options.demand:
        from benchmarks.snip import demand, transport

        print(demand.table() if options.demand else transport.table(options.batches))
        return
    excluded = None if options.exclude is None else Excluded.read(options.exclude)
    print("| tables of a batch | tables a second of a core | slowest batch | fastest |")
    print("|---|---|---|---|")
    with threadpool_limits(1):
        for size in SIZES:
            found = rates(Source(options.seed, size, excluded), options.batches)
            overall = len(found) / sum(1.0 / rate for rate in found)
            print(f"| {size} | {overall:,.0f} | {min(found):,.0f} | {max(found):,.0f} |")


if __name__ == "__main__":
    main()
