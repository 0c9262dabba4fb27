"""The network on one table: what it is asked, and what that costs in the measure of the engine."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from eqdisc._typing import AnyArray, FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.proposers.snip.laying import log_chance, looks
from eqdisc.proposers.snip.look import Look
from eqdisc.proposers.snip.network import Network
from eqdisc.proposers.snip.retrieval import View

#: Node evaluations of genetic programming, 3.5 in a nanosecond, that take as long as a look at a bag of rows
#: (6 ms), as drawing skeletons at all (30 ms), as each of them (1 ms), each from a place of its own (5 ms).
LOOK_NODES, DRAWING_NODES, SAMPLE_NODES, ALONE_NODES = 21_000_000, 105_000_000, 3_500_000, 18_000_000
WOLF_TEMPERATURE = 0.1  # of the decoder, as in the code of the paper


class Eye:
    """A network that looks at the features (n, k) of a table with one target or another; None looks at
    nothing."""

    def __init__(self, network: Network | None, features: FloatArray, seed: int, bags: int) -> None:
        self._seeing = network
        self._features = features
        self._seed = seed
        self._bags = bags
        self._nodes = 0

    @property
    def _network(self) -> Network:
        if self._seeing is None:
            raise ValueError("there is no network to look with")
        return self._seeing

    @property
    def temperature(self) -> float:
        """Of the network's training."""
        return self._network.temperature

    def spent(self) -> int:
        """Node evaluations since this was last asked."""
        nodes, self._nodes = self._nodes, 0
        return nodes

    def look(self, target: FloatArray) -> Look:
        """What the network tells of the features and a target (n,)."""
        look = self._network.look(self._features, target, self._seed, self._bags)
        self._nodes += LOOK_NODES * len(look.latents)
        return look

    def bag(self, target: FloatArray, rows: AnyArray) -> AnyArray:
        """(L, width) latents of some rows."""
        self._nodes += LOOK_NODES
        latents: AnyArray = self._network.look(self._features[rows], target[rows], self._seed, 1).latents[0]
        return latents

    def views(
        self, chances: Sequence[float], target: FloatArray, most: int, sizes: Collection[int]
    ) -> Iterator[View]:
        """The table cut down to columns likely to matter, in so many orders of columns.

        chances : (k,) of the columns to matter
        sizes   : how many columns there may be
        """
        for columns in looks(chances, most, sizes):
            self._nodes += LOOK_NODES
            features = np.ascontiguousarray(self._features[:, list(columns)])
            embedding = self._network.look(features, target, self._seed, 1).embedding
            yield View(columns, log_chance(chances, columns), embedding)

    def sample(
        self, look: Look, count: int, random: np.random.Generator, names: Sequence[str]
    ) -> list[Expression]:
        """Skeletons drawn for a look, of these operators."""
        if count == 0:
            return []
        self._nodes += DRAWING_NODES + SAMPLE_NODES * count
        return self._network.sample(look, count, random, 1.0, names)

    def decoded(
        self, look: Look, latents: AnyArray, random: np.random.Generator, names: Sequence[str]
    ) -> list[Expression]:
        """A skeleton of each of (w, L, width) latents, over the columns of a look, nearly the likeliest."""
        self._nodes += DRAWING_NODES + ALONE_NODES * len(latents)
        seen = replace(look, latents=latents)
        return self._network.sample(seen, len(latents), random, WOLF_TEMPERATURE, names)
