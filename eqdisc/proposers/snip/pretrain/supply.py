"""Batches for training: each made from its own seed, the same in every process."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from eqdisc._typing import AnyArray, IntArray
from eqdisc.errors import OptionError
from eqdisc.proposers.snip.batch import Batch
from eqdisc.proposers.snip.excluded import Excluded
from eqdisc.proposers.snip.generator import Generator, GeneratorSettings
from eqdisc.proposers.snip.generator.grammar import reordered
from eqdisc.proposers.snip.inputs import prepare
from eqdisc.proposers.snip.vocabulary import INPUTS, LENGTH, keys_of

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
    orders       : (B, E, 10) int64, orders of the columns in which the tables are trained on again (`echo`):
        the column that each was before; E = 0 where they are trained on once
    echo_tokens  : (B, E, LENGTH) int64, the skeletons then; echo_keys (B, E) int64 their keys
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
    orders: AnyArray
    echo_tokens: AnyArray
    echo_keys: AnyArray


def prepared(batch: Batch, orders: IntArray | None = None) -> Prepared:
    """A batch of tables with equal numbers of rows as the network is trained on it.

    orders : (B, E, 10) other orders of the columns in which it is trained on again, if it is
    """
    if orders is None:
        orders = np.zeros((len(batch), 0, INPUTS), np.int64)
    echoes = orders.shape[1]
    tokens = reordered(np.repeat(batch.tokens, echoes, axis=0), orders.reshape(-1, INPUTS))
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
        orders=orders,
        echo_tokens=tokens.astype(np.int64).reshape(len(batch), echoes, LENGTH),
        echo_keys=keys_of(tokens).view(np.int64).reshape(len(batch), echoes),
    )


def column_orders(columns: IntArray, echoes: int, rng: np.random.Generator) -> IntArray:
    """(B, echoes, 10) orders of the columns of each table, at random; those that are not there stay last.

    >>> column_orders(np.array([1]), 1, np.random.default_rng(0)).tolist()
    [[[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]]
    """
    places = np.where(np.arange(INPUTS) < columns[:, None], 0.0, 1.0 + np.arange(INPUTS))[:, None]
    return np.argsort(places + rng.random((len(columns), echoes, INPUTS)) * (places == 0.0), axis=2)


@dataclass(frozen=True)
class Source:
    """Where batches come from: `batch(number)` is the same in every process.

    seed     : of all
    size     : tables of a batch
    excluded : laws that are kept out
    echo     : how often each batch is trained on
    """

    seed: int
    size: int
    excluded: Excluded | None = None
    echo: int = 1

    def batch(self, number: int) -> Prepared:
        """A batch for training."""
        rng = np.random.default_rng((self.seed, _TRAINING, number))
        rows = MANY if rng.random() < 0.5 else int(np.exp(rng.uniform(np.log(FEW), np.log(MANY + 1))))
        generator = self._generator(rng, GeneratorSettings(part="training"))
        batch = generator.batch(self.size, rows=rows)
        return prepared(batch, column_orders(batch.columns, self.echo - 1, rng))

    def compile(self) -> None:
        """Compile what a batch takes, before several processes would, each for itself."""
        generator = Generator(self.seed, GeneratorSettings(part="training"), self.excluded)
        prepared(generator.batch(1, rows=FEW))

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
