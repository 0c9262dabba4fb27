"""Is the skeleton of a table's law among the nearest of the bank that ships, as `eqdisc similar` ranks them?

    python -m benchmarks.snip.nearest [--tables 200]

Tables of 128 rows of laws whose skeleton is in the bank, all of different skeletons, with irrelevant columns
and, half of them, noise. The columns that matter and their order are guessed from the heads, as in a search.
Places among all skeletons on all guessed columns, by the cosine alone, and by the cosine with how often a
skeleton was met and how likely the columns are. A skeleton counts as found on the law's own columns, each in
its place. A search fits the first 96 of those with constants inside.
"""

import argparse
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.snip.distinct import bare, distinct
from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.proposers.snip.bank import Bank
from eqdisc.proposers.snip.excluded import hashes_of
from eqdisc.proposers.snip.eye import Eye
from eqdisc.proposers.snip.generator import Generator
from eqdisc.proposers.snip.heads import column_chances
from eqdisc.proposers.snip.knowledge import knowledge
from eqdisc.proposers.snip.people import BAGS, ORDERS
from eqdisc.proposers.snip.retrieval import nearest
from eqdisc.proposers.snip.settings import SHIPPED
from eqdisc.proposers.snip.skeleton import skeleton_of

ROWS = 128
PLACES = (1, 10, 96, 500)
DRAWN = 400  # laws drawn at once
INPUTS = ((1, 1), (2, 2), (3, 3), (4, 10))


class Known(NamedTuple):
    """A table whose law's skeleton is at a place of the bank."""

    features: FloatArray
    target: FloatArray
    law: Expression
    place: int


def known_tables(bank: Bank, count: int) -> Iterator[Known]:
    """So many tables."""
    nodes = {place: skeleton_of(bank.programs.expression(place)) for place in range(len(bank))}
    short = {place: node for place, node in nodes.items() if node is not None}
    where = dict(zip(hashes_of(list(short.values()))[0].tolist(), short, strict=True))
    seen: set[int] = set()
    for seed in range(31, 1000):
        batch, laws = distinct(Generator(seed), DRAWN, ROWS)
        for k, law in enumerate(laws):
            node = skeleton_of(law)
            place = None if node is None else where.get(int(hashes_of([node])[0][0]))
            if place is None or place in seen:
                continue
            seen.add(place)
            yield Known(batch.features[k, :, : batch.columns[k]], batch.target[k], law, place)
            if len(seen) == count:
                return


def ranks(bank: Bank, eye: Eye, table: Known) -> dict[str, int]:
    """Place of the law by each ranking, from 0; beyond all that are asked for where it is not among them."""
    chances = column_chances(eye.look(table.target)).tolist()
    views = list(eye.views(chances, table.target, ORDERS, set(bank.inputs.tolist())))
    law, everywhere = bare(table.law), np.arange(len(bank))
    found: dict[str, int] = {}
    for name, temperature in (("cosine", 0.0), ("with frequency and columns", eye.temperature)):
        skeletons = [near.skeleton for near in nearest(bank, views, everywhere, temperature, PLACES[-1])]
        found[name] = next((k for k, each in enumerate(skeletons) if bare(each) == law), PLACES[-1])
    return found


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tables", type=int, default=200)
    given = parser.parse_args()
    known = knowledge(SHIPPED, SHIPPED)
    found: dict[tuple[str, str], list[int]] = {}
    with threadpool_limits(1, user_api="blas"):
        for table in known_tables(known.bank, given.tables):
            eye = Eye(known.network, np.ascontiguousarray(table.features), 0, BAGS)
            inputs = int(known.bank.inputs[table.place])
            group = next(f"{a} to {b}" if b > a else f"{a}" for a, b in INPUTS if a <= inputs <= b)
            for name, rank in ranks(known.bank, eye, table).items():
                found.setdefault(("all", name), []).append(rank)
                found.setdefault((group, name), []).append(rank)
    print("| inputs | tables | ranking |" + "".join(f" R@{place} % |" for place in PLACES))
    print("|---" * (3 + len(PLACES)) + "|")
    for (group, name), each in sorted(found.items(), key=lambda item: item[0][0]):
        shares = "".join(f" {100 * np.mean(np.array(each) < place):.0f} |" for place in PLACES)
        print(f"| {group} | {len(each)} | {name} |{shares}")


if __name__ == "__main__":
    main()
