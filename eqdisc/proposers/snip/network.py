"""The pretrained network as it is used: in NumPy, on one table at a time."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eqdisc._typing import AnyArray, FloatArray, IntArray
from eqdisc.errors import DataError, OptionError
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OPERATORS
from eqdisc.proposers.snip import weights as files
from eqdisc.proposers.snip.architecture import HOTTEST, SIZES, WHOLE, Sizes, initial
from eqdisc.proposers.snip.batch import OUTER
from eqdisc.proposers.snip.decoder import draw, usable
from eqdisc.proposers.snip.inputs import FEWEST, Inputs, association, prepare
from eqdisc.proposers.snip.layers import Layers, sigmoid, silu, softmax, unit
from eqdisc.proposers.snip.look import Look
from eqdisc.proposers.snip.vocabulary import INPUTS, PAD, decode, encode, padded

#: Most rows of a bag; training shows no more.
MOST = 128
#: A table with more rows than this is looked at through so many, drawn at random.
_CONSIDERED = 10_000
_CHUNK = 256  # skeletons that are embedded at once
_PAIRS = np.triu_indices(INPUTS, 1)


class Network:
    """A network with its weights; nothing of it changes.

    sizes : how large it is
    card  : what the file tells of its training

    >>> network = Network.random(0)
    >>> x = np.linspace(1.0, 2.0, 20)[:, None]
    >>> look = network.look(x, x[:, 0] ** 2)
    >>> look.embedding.shape, look.columns
    ((64,), (0,))
    >>> len(network.sample(look, 3, np.random.default_rng(0)))
    3
    """

    def __init__(self, weights: files.Weights) -> None:
        self.sizes: Sizes = weights.sizes
        self.card: Mapping[str, Any] = weights.card
        self._layers = Layers(weights.arrays, weights.sizes)

    @staticmethod
    def read(path: Path) -> "Network":
        """A network from a file; WeightsError where it is missing, broken or of another version."""
        return Network(files.read(Path(path)))

    @staticmethod
    def random(seed: int, size: str | Sizes = "small") -> "Network":
        """An untrained network: what training starts from, and a placebo. OptionError for an unknown size."""
        sizes = sizes_of(size)
        arrays = files.rounded(initial(sizes, np.random.default_rng(seed)))
        return Network(files.Weights(arrays, sizes, {"trained": False}))

    @property
    def temperature(self) -> float:
        """By which cosines were divided in training."""
        return float(1.0 / min(np.exp(self._layers.arrays["temperature"][0]), HOTTEST))

    # ------------------------------------------------------------ tables

    def look(self, features: FloatArray, target: FloatArray, seed: int = 0, bags: int = 4) -> Look:
        """What the network tells of (n, k) features and an (n,) target.

        Up to 128 rows are looked at as they are, of more up to `bags` times 128 that are drawn. Of more than
        ten columns those ten are looked at with which the target goes best, one at a time. The order of the
        rows does not matter. DataError for fewer than 4 rows or values that are not finite.
        """
        features, target = _checked(features, target)
        rng = np.random.default_rng(seed)
        rows = _drawn(features, target, rng)
        columns = _watched(features[rows], target[rows])
        inputs = _bags(features[rows][:, columns], target[rows], bags)
        return self._told(inputs, columns, features.shape[1])

    def embed_tables(self, tables: Sequence[tuple[FloatArray, FloatArray]]) -> AnyArray:
        """(len(tables), D) embeddings of (features, target) tables, as `look` has them."""
        found = [self.look(features, target).embedding for features, target in tables]
        return np.array(found, np.float32).reshape(len(tables), self.sizes.embedding)

    def latents(self, inputs: Inputs) -> AnyArray:
        """(B, L, width) latents of prepared tables, which must all have the same number of rows."""
        layers, count = self._layers, len(inputs.points)
        rows = layers.norm("points.norm", layers.two("points", inputs.points))
        free = np.broadcast_to(layers.arrays["latents"], (count, *layers.arrays["latents"].shape))
        slots = layers.arrays["slots"] + layers.two("columns", inputs.columns)
        whole = layers.arrays["whole"] + layers.two("table", inputs.table)[:, None]
        x = np.concatenate([free, slots, whole], axis=1)
        for i in range(self.sizes.layers):
            block = f"layers.{i}"
            if i in self.sizes.looks:
                x = x + layers.look(block, x, layers.memory(block, rows))
            x = x + layers.attend(block, x)
            x = x + layers.feed(block, x)
        return layers.norm("norm", x)

    def _told(self, inputs: Inputs, columns: IntArray, count: int) -> Look:
        latents = self.latents(inputs)
        operators, size, outer = self._whole(latents[:, -1])
        of_columns, of_pairs = self._parts(latents[:, -INPUTS - 1 : -1], inputs.pairs)
        vectors = unit(self._layers.linear("embed", latents[:, -1]))
        each = np.full((2, count), np.nan)
        each[:, columns] = of_columns[: len(columns)].T
        pairs = np.full((2, count, count), np.nan)
        i, j = _PAIRS
        there = j < len(columns)
        first, second = columns[i[there]], columns[j[there]]
        pairs[:, first, second] = pairs[:, second, first] = of_pairs[there].T
        return Look(
            embedding=unit(vectors.mean(0)),
            latents=latents,
            columns=tuple(int(column) for column in columns),
            relevance=each[0],
            periodic=each[1],
            additive=pairs[0],
            multiplicative=pairs[1],
            operators={row.name: float(p) for row, p in zip(OPERATORS, operators, strict=True)},
            outer={name: float(p) for name, p in zip(OUTER, outer, strict=True)},
            size=float(size @ np.arange(len(size))),
        )

    def _whole(self, whole: AnyArray) -> list[AnyArray]:
        """Probabilities of operators, sizes and outermost functions, mean over (B, width) latents."""
        stops = np.cumsum(list(WHOLE.values()))[:-1]
        operators, size, outer = np.split(self._layers.two("told", whole), stops, axis=1)
        return [sigmoid(operators).mean(0), softmax(size).mean(0), softmax(outer).mean(0)]

    def _parts(self, slots: AnyArray, facts: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Probabilities of columns (10, 2) and of pairs of them (45, 2), mean over tables."""
        layers, (i, j) = self._layers, _PAIRS
        added, factor = layers.linear("told_pair.sum", slots), layers.linear("told_pair.product", slots)
        hidden = added[:, i] + added[:, j] + factor[:, i] * factor[:, j]
        hidden = silu(hidden + layers.linear("told_pair.facts", facts[:, i, j]))
        pairs = layers.linear("told_pair.out", hidden)
        return sigmoid(layers.two("told_column", slots)).mean(0), sigmoid(pairs).mean(0)

    # ------------------------------------------------------------ skeletons

    def embed_expressions(self, expressions: Sequence[Expression]) -> AnyArray:
        """(n, D) embeddings of the expressions' skeletons; NaN for one that has no tokens (`encode`)."""
        found = np.full((len(expressions), self.sizes.embedding), np.nan, np.float32)
        coded = [(at, encode(expression)) for at, expression in enumerate(expressions)]
        known = [(at, sequence) for at, sequence in coded if sequence is not None]
        known.sort(key=lambda pair: len(pair[1]))  # like lengths together: little padding
        for start in range(0, len(known), _CHUNK):
            places, sequences = zip(*known[start : start + _CHUNK], strict=True)
            tokens = padded(sequences)[:, : len(sequences[-1])]
            found[list(places)] = self._symbols(tokens)
        return found

    def _symbols(self, tokens: IntArray) -> AnyArray:
        """(B, D) embeddings of (B, L) tokens."""
        layers = self._layers
        x = layers.arrays["tokens"][tokens] + layers.arrays["positions"][: tokens.shape[1]]
        mask = (tokens != PAD)[:, None, None, :]
        for i in range(self.sizes.symbolic):
            block = f"symbolic.{i}"
            x = x + layers.attend(block, x, mask)
            x = x + layers.feed(block, x)
        return unit(layers.linear("symbolic.embed", layers.norm("symbolic.norm", x[:, 0])))

    def sample(
        self,
        seen: Look | AnyArray,
        count: int,
        rng: np.random.Generator,
        temperature: float = 1.0,
        allowed: Collection[str] | None = None,
    ) -> list[Expression]:
        """`count` skeletons for a table, with every constant 1, over the columns of the table.

        seen        : what `look` told, or latents (bags, L, width) or (L, width), then over ten inputs
        temperature : above 1 more various, below 1 likelier ones; 0 is the likeliest, again and again
        allowed     : the operators they may have, by name; all if not given
        Skeletons may come several times. OptionError for an unknown operator or an impossible temperature.
        """
        columns = seen.columns if isinstance(seen, Look) else tuple(range(INPUTS))
        latents = np.asarray(seen.latents if isinstance(seen, Look) else seen, np.float32)
        latents = latents.reshape(-1, *latents.shape[-2:])
        counts = [len(part) for part in np.array_split(np.arange(count), len(latents))]
        tokens = draw(self._layers, latents, counts, usable(len(columns), allowed), rng, temperature)
        mapping = dict(enumerate(columns))
        return [decode(sequence.tolist()).remap_features(mapping) for sequence in tokens]


def sizes_of(size: str | Sizes) -> Sizes:
    """The sizes of that name; OptionError for an unknown one."""
    if isinstance(size, Sizes):
        return size
    if size not in SIZES:
        raise OptionError(f"there is no network of size {size!r}; there are {', '.join(SIZES)}")
    return SIZES[size]


def _checked(features: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray]:
    features, target = np.asarray(features, np.float64), np.asarray(target, np.float64)
    if features.ndim != 2 or target.shape != features.shape[:1] or not features.shape[1]:
        raise DataError(
            f"got features of shape {features.shape} and a target of shape {target.shape}; "
            "wanted (rows, columns) and (rows,)"
        )
    if len(target) < FEWEST:
        raise DataError(f"the table has {len(target)} rows; the network needs at least {FEWEST}")
    if not (np.isfinite(features).all() and np.isfinite(target).all()):
        raise DataError("the table has values that are not finite; leave out their rows first")
    return features, target


def _drawn(features: FloatArray, target: FloatArray, rng: np.random.Generator) -> IntArray:
    """Rows in an order that depends on the seed and the rows, not on the order they came in."""
    rows = np.arange(len(target))
    if len(rows) > _CONSIDERED:
        rows = rng.choice(rows, _CONSIDERED, replace=False)
    ordered = rows[np.lexsort((*features[rows].T, target[rows]))]
    return rng.permutation(ordered)


def _watched(features: FloatArray, target: FloatArray) -> IntArray:
    """The columns to look at, ascending."""
    count = features.shape[1]
    if count <= INPUTS:
        return np.arange(count)
    best = np.argsort(-association(features, target), kind="stable")[:INPUTS]
    return np.sort(best)


def _bags(features: FloatArray, target: FloatArray, bags: int) -> Inputs:
    """Prepared bags of as many rows each, at most 128."""
    if bags < 1:
        raise OptionError(f"the number of bags is {bags}; wanted 1 or more")
    total, columns = features.shape
    bags = max(1, min(bags, total * 4 // (3 * MOST)))  # none smaller than three quarters of the most
    rows = min(MOST, total // bags)
    padded = np.zeros((bags, rows, INPUTS))
    padded[:, :, :columns] = features[: bags * rows].reshape(bags, rows, columns)
    targets = target[: bags * rows].reshape(bags, rows)
    return prepare(padded, targets, np.full(bags, rows), np.full(bags, columns))
