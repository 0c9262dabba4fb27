"""The network's sizes, and the name and shape of each of its arrays: what training and use must agree on.

After SNIP (Meidani et al., ICLR 2024), made small: a Perceiver (Jaegle et al., ICML 2021) reads the rows of a
table into a few latents, among them one of each column, which is told how the target goes with the column; an
encoder of skeletons shares its space of embeddings; a decoder of skeletons reads all latents.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eqdisc._typing import AnyArray
from eqdisc.errors import OptionError
from eqdisc.expr.operators import OPERATORS
from eqdisc.proposers.snip.batch import OUTER
from eqdisc.proposers.snip.inputs import COLUMN, PAIR, POINT, TABLE
from eqdisc.proposers.snip.vocabulary import INPUTS, LENGTH, SIZE

#: Arrays by name, as they are kept in a file, trained and used.
Arrays = Mapping[str, AnyArray]

HOTTEST = 100.0  # largest inverse temperature of the contrast of tables and skeletons, as in CLIP


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the network is.

    width     : numbers of a latent and of a token
    heads     : of each attention
    latents   : besides one of each column and one of the whole table
    layers    : of the encoder of tables; the first and the middle one look at the rows
    symbolic  : layers of the encoder of skeletons
    decoder   : layers of the decoder
    inner     : width of the layers within, in widths
    pair      : width of what tells of pairs of columns
    embedding : numbers of an embedding
    """

    width: int = 128
    heads: int = 4
    latents: int = 16
    layers: int = 4
    symbolic: int = 2
    decoder: int = 3
    inner: int = 3
    pair: int = 32
    embedding: int = 64

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise OptionError(f"a width of {self.width} does not divide into {self.heads} heads")

    @property
    def looks(self) -> tuple[int, ...]:
        """The layers that look at the rows."""
        return tuple(sorted({0, self.layers // 2}))


SIZES: Mapping[str, Sizes] = {
    "small": Sizes(),
    "medium": Sizes(width=192, heads=6),
    "large": Sizes(width=256, heads=8),
}

#: What the embedding of the whole tells, one after another: operators, number of nodes, outermost function.
WHOLE = {"operators": len(OPERATORS), "size": LENGTH + 1, "outer": len(OUTER)}


def shapes(sizes: Sizes) -> dict[str, tuple[int, ...]]:
    """Name and shape of every array; a matrix is (outputs, inputs).

    >>> shapes(Sizes())["embed.weight"]
    (64, 128)
    """
    d, inner = sizes.width, sizes.inner * sizes.width
    found: dict[str, tuple[int, ...]] = {
        "latents": (sizes.latents, d),
        "slots": (INPUTS, d),
        "whole": (1, d),
        "tokens": (SIZE, d),
        "positions": (LENGTH, d),
        "temperature": (1,),
    }
    linear = {
        "points.in": (d, POINT),
        "points.out": (d, d),
        "columns.in": (d, COLUMN),
        "columns.out": (d, d),
        "table.in": (d, TABLE),
        "table.out": (d, d),
        "embed": (sizes.embedding, d),
        "told.in": (d, d),
        "told.out": (sum(WHOLE.values()), d),
        "told_column.in": (d, d),
        "told_column.out": (2, d),
        "told_pair.sum": (sizes.pair, d),
        "told_pair.product": (sizes.pair, d),
        "told_pair.facts": (sizes.pair, PAIR),
        "told_pair.out": (2, sizes.pair),
        "symbolic.embed": (sizes.embedding, d),
    }
    norms = ["points.norm", "norm", "symbolic.norm", "decoder.norm"]
    blocks = [f"{part}.{i}" for part in ("layers", "symbolic", "decoder") for i in range(_depth(sizes, part))]
    for block in blocks:
        linear |= {
            f"{block}.qkv": (3 * d, d),
            f"{block}.attended": (d, d),
            f"{block}.up": (inner, d),
            f"{block}.down": (d, inner),
        }
        norms += [f"{block}.before", f"{block}.between"]
    looking = [f"layers.{i}" for i in sizes.looks] + [f"decoder.{i}" for i in range(sizes.decoder)]
    for block in looking:
        linear |= {f"{block}.query": (d, d), f"{block}.kv": (2 * d, d), f"{block}.looked": (d, d)}
        norms.append(f"{block}.look")
    for name, (outputs, inputs) in linear.items():
        found |= {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}
    for name in norms:
        found |= {f"{name}.weight": (d,), f"{name}.bias": (d,)}
    return found | {"decoder.bias": (SIZE,)}


def _depth(sizes: Sizes, part: str) -> int:
    return {"layers": sizes.layers, "symbolic": sizes.symbolic, "decoder": sizes.decoder}[part]


def initial(sizes: Sizes, rng: np.random.Generator) -> dict[str, AnyArray]:
    """Weights to start training from, float32; drawn in one fixed order.

    Matrices keep the size of what goes through them; those that end a residual branch are smaller by the
    square root of the number of branches, so that the sum of all does not grow with depth (GPT-2).
    """
    branches = 2.0 * max(sizes.layers, sizes.symbolic, sizes.decoder)
    return {name: _drawn(name, shape, branches, rng) for name, shape in shapes(sizes).items()}


def _drawn(name: str, shape: tuple[int, ...], branches: float, rng: np.random.Generator) -> AnyArray:
    if name == "temperature":
        return np.full(shape, np.log(1.0 / 0.07), np.float32)  # of CLIP
    last = name.rsplit(".", 1)[-1]
    if last == "bias":
        return np.zeros(shape, np.float32)
    if last == "weight" and len(shape) == 1:
        return np.ones(shape, np.float32)
    scale = 1.0 / np.sqrt(shape[1]) if last == "weight" else 0.1
    if name.endswith(("attended.weight", "down.weight", "looked.weight")):
        scale /= np.sqrt(branches)
    return (scale * rng.standard_normal(shape)).astype(np.float32)
