"""Make the bank of skeletons that belongs to weights of the pretrained network.

    python -m benchmarks.snip.bank --weights weights.npz --exclude excluded.npz --out bank.npz

Laws are drawn from the generator that the network was trained on, with another seed; of each skeleton, slope,
intercept and the names of its inputs left out, the most frequent spelling is kept and embedded. The first are
those met most often. Nothing is in the bank whose skeleton or values are in the file of excluded laws.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from eqdisc.expr.expression import Expression
from eqdisc.proposers.snip.bank import MOST_NODES, Bank, body, renumbered
from eqdisc.proposers.snip.excluded import Excluded, hashes_of
from eqdisc.proposers.snip.generator import Generator
from eqdisc.proposers.snip.knowledge import BANK_FILE, WEIGHTS_FILE, network_and_digest
from eqdisc.proposers.snip.network import Network
from eqdisc.proposers.snip.skeleton import plain, skeleton_of

PORTION = 4096  # laws drawn at a time


def skeletons(laws: Iterable[Expression]) -> list[tuple[Expression, int]]:
    """Skeletons of laws in their most frequent spelling, without slope and intercept, inputs renumbered; each
    with the number of laws that have it, the most frequent first.

    >>> x, y = Expression.variable(3), Expression.variable(1)
    >>> skeletons([2.0 * x / y + 1.0, 0.5 * y / x, x * x])
    [(<Expression x0/x1>, 2), (<Expression x0**2>, 1)]
    """
    spellings: dict[int, Counter[Expression]] = {}
    nodes = [node for law in laws if (node := skeleton_of(law)) is not None]
    hashes = hashes_of(nodes)[0].tolist() if nodes else []
    for node, key in zip(nodes, hashes, strict=True):
        law = renumbered(body(plain(node).expression()))
        if law.features and law.size <= MOST_NODES:
            spellings.setdefault(key, Counter())[law] += 1
    return _ranked(spellings.values())


def _ranked(spellings: Iterable[Counter[Expression]]) -> list[tuple[Expression, int]]:
    found: Counter[Expression] = Counter()
    for same in spellings:
        found[same.most_common(1)[0][0]] += same.total()
    return sorted(found.items(), key=lambda item: (-item[1], item[0].size, item[0].codes, item[0].payload))


def drawn(seed: int, count: int, excluded: Excluded | None) -> Iterator[Expression]:
    """So many laws. A generator makes no skeleton twice, so that each portion has its own: common ones come
    again."""
    starts = range(0, count, PORTION)
    for start, stream in zip(starts, np.random.SeedSequence(seed).spawn(len(starts)), strict=True):
        yield from Generator(stream, excluded=excluded).laws(min(PORTION, count - start))


def make_bank(
    network: Network, digest: str, laws: Iterable[Expression], size: int, excluded: Excluded | None
) -> Bank:
    """The bank of the `size` most frequent skeletons of these laws, none of them excluded."""
    found = skeletons(laws)
    if excluded is not None:
        held = excluded.holds([law for law, _ in found])
        found = [one for one, out in zip(found, held.tolist(), strict=True) if not out]
    vectors = network.embed_expressions([law for law, _ in found])
    known = np.flatnonzero(np.isfinite(vectors).all(axis=1))[:size]
    kept = [found[k] for k in known.tolist()]
    return Bank.of([law for law, _ in kept], [count for _, count in kept], vectors[known], digest)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--weights", type=Path, default=WEIGHTS_FILE)
    parser.add_argument("--exclude", type=Path, help="file of excluded laws")
    parser.add_argument("--out", type=Path, default=BANK_FILE)
    parser.add_argument("--size", type=int, default=12_000, help="skeletons to keep")
    parser.add_argument("--laws", type=int, default=200_000, help="laws to draw")
    parser.add_argument("--seed", type=int, default=1_000_003)
    asked = parser.parse_args()
    network, digest = network_and_digest(str(asked.weights))
    excluded = None if asked.exclude is None else Excluded.read(asked.exclude)
    bank = make_bank(network, digest, drawn(asked.seed, asked.laws, excluded), asked.size, excluded)
    bank.write(asked.out)
    constant = int(np.count_nonzero(bank.holes))
    print(f"{len(bank)} skeletons, {constant} with constants inside, {asked.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
