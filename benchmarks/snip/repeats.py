"""How many different skeletons the batches of a training hold: the last table of supply.md.

    python -m benchmarks.snip.supply --repeats --batches 100

Batches do not know of each other. Long skeletons hardly ever come twice; short ones are few, and come in
every batch with other constants, inputs and rows. Inputs are told apart by their numbers, as by the network.
"""

import numpy as np

from eqdisc._typing import AnyArray
from eqdisc.proposers.snip.pretrain.supply import Source
from eqdisc.proposers.snip.vocabulary import PAD

TABLES = 2048
#: Longest skeletons of each line, in tokens with begin and end.
LONGEST = (4, 6, 8, 10, 12, 16, 24)


def drawn(batches: int) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Keys of the skeletons of all tables, their tokens, and the batch that each is of."""
    keys, lengths = [], []
    for number in range(batches):
        batch = Source(0, TABLES).batch(number)
        keys.append(batch.keys)
        lengths.append((batch.tokens != PAD).sum(axis=1))
    return np.concatenate(keys), np.concatenate(lengths), np.repeat(np.arange(batches), TABLES)


def line(name: str, total: int, keys: AnyArray, batch: AnyArray) -> str:
    """Share of all tables, different skeletons, and their number over that of tables: of a batch, of all."""
    different = len(np.unique(keys))
    inside = sum(len(np.unique(keys[batch == number])) for number in np.unique(batch))
    share, within, overall = len(keys) / total, inside / len(keys), different / len(keys)
    return f"| {name} | {share:.1%} | {different:,} | {within:.0%} | {overall:.0%} |"


def table(batches: int) -> str:
    """The table."""
    keys, lengths, batch = drawn(batches)
    lines = [
        f"{len(keys):,} tables in {batches} batches.",
        "",
        "| tokens | tables | skeletons | for the tables of a batch | for all tables |",
        "|---|---|---|---|---|",
    ]
    shortest = 3
    for longest in LONGEST:
        some = (lengths >= shortest) & (lengths <= longest)
        lines.append(line(f"{shortest} to {longest}", len(keys), keys[some], batch[some]))
        shortest = longest + 1
    return "\n".join([*lines, line("all", len(keys), keys, batch)])
