"""Batches for training: each made from its own seed, the same in every process."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from eqdisc._typing import AnyArray
from eqdisc.errors import OptionError
from eqdisc.proposers.snip.batch import Batch
from eqdisc.proposers.snip.excluded import Excluded
from eqdisc.proposers.snip.generator import Generator, GeneratorSettings
from eqdisc.proposers.snip.inputs import prepare
from eqdisc.proposers.snip.vocabulary import INPUTS, LENGTH

#: Rows of the tables of a batch: `MANY` in every other batch, else fewer down to `FEW`, uniform in the
#: logarithm. All tables of a batch have the same number, so that no row is padded.
MANY, FEW = 128, 12
#: Streams of random numbers below the seed.
_TRAINING, _HELD_OUT = 0, 1
#: Draws of held-out tables, each of as many as are missing, at least so many.
_MOST_DRAWS, _FEWEST_DRAWN = 40, 16
_PAIRS = np.triu_indices(INPUTS, 1)


class Prepared(NamedTuple):
    """A batch as the network is trained on it: inputs (`inputs.Inputs`, all rows there), tokens and labels.

    columns_told : (B, 10, 2) float32, relevant and periodic; columns_known (B, 10) which columns there are
    pairs_told   : (B, 45, 2) float32, additive and multiplicative; pairs_known (B, 45) both are relevant
    """

    points: AnyArray
    columns: AnyArray
    pairs: AnyArray
    table: AnyArray
    tokens: AnyArray
    keys: AnyArray
    operators: AnyArray
    size: AnyArray
    outer: AnyArray
    columns_told: AnyArray
    columns_known: AnyArray
    pairs_told: AnyArray
    pairs_known: AnyArray


def prepared(batch: Batch) -> Prepared:
    """A batch of tables with equal numbers of rows as the network is trained on it."""
    inputs = prepare(batch.features, batch.target, batch.rows, batch.columns)
    i, j = _PAIRS
    pairs = np.stack([batch.additive[:, i, j], batch.multiplicative[:, i, j]], axis=2)
    return Prepared(
        points=inputs.points,
        columns=inputs.columns,
        pairs=inputs.pairs,
        table=inputs.table,
        tokens=batch.tokens.astype(np.int64),
        keys=batch.keys.astype(np.uint64).view(np.int64),
        operators=batch.operators.astype(np.float32),
        size=np.minimum(batch.size, LENGTH).astype(np.int64),
        outer=batch.outer.astype(np.int64),
        columns_told=np.stack([batch.relevant, batch.periodic], axis=2).astype(np.float32),
        columns_known=inputs.column_mask,
        pairs_told=pairs.astype(np.float32),
        pairs_known=batch.pairs[:, i, j],
    )


@dataclass(frozen=True)
class Source:
    """Where batches come from: `batch(step)` is the same in every process.

    seed     : of all
    size     : tables of a batch
    excluded : laws that are kept out
    """

    seed: int
    size: int
    excluded: Excluded | None = None

    def batch(self, step: int) -> Prepared:
        """The batch of a step of training."""
        rng = np.random.default_rng((self.seed, _TRAINING, step))
        rows = MANY if rng.random() < 0.5 else int(np.exp(rng.uniform(np.log(FEW), np.log(MANY + 1))))
        generator = self._generator(rng, GeneratorSettings(part="training"))
        return prepared(generator.batch(self.size, rows=rows))

    def compile(self) -> None:
        """Compile what a batch takes, before several processes would, each for itself."""
        Generator(self.seed, GeneratorSettings(part="training"), self.excluded).batch(1, rows=FEW)

    def held_out(self, tables: int) -> Prepared:
        """So many tables of 128 rows, all of different skeletons, none trained on.

        OptionError where so many are not found.
        """
        rng = np.random.default_rng((self.seed, _HELD_OUT))
        generator = self._generator(rng, GeneratorSettings(part="held out", reused=0.0))
        parts: list[Prepared] = []
        keys: set[int] = set()
        for _ in range(_MOST_DRAWS):
            drawn = prepared(generator.batch(max(_FEWEST_DRAWN, tables - len(keys)), rows=MANY))
            _, first = np.unique(drawn.keys, return_index=True)
            new = [place for place in np.sort(first).tolist() if int(drawn.keys[place]) not in keys]
            new = new[: tables - len(keys)]
            keys.update(drawn.keys[new].tolist())
            parts.append(Prepared(*(part[new] for part in drawn)))
            if len(keys) == tables:
                return Prepared(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
        raise OptionError(
            f"{tables} tables of different skeletons are to be held out, {len(keys)} were found; ask for less"
        )

    def _generator(self, rng: np.random.Generator, settings: GeneratorSettings) -> Generator:
        return Generator(int(rng.integers(2**63)), settings, self.excluded)
