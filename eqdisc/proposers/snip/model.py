"""The network in PyTorch, for training; `network` is the same in NumPy. Names of arrays: `architecture`."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from eqdisc._typing import AnyArray
from eqdisc.proposers.snip.architecture import WHOLE, Arrays, Sizes
from eqdisc.proposers.snip.vocabulary import INPUTS, PAD


class Told(NamedTuple):
    """Logits of what the network tells of B tables.

    operators: (B, operators)   size: (B, LENGTH + 1)   outer: (B, outer functions)
    columns  : (B, 10, 2) relevant, periodic
    pairs    : (B, 45, 2) additive, multiplicative, of the pairs i < j in the order of numpy.triu_indices
    """

    operators: Tensor
    size: Tensor
    outer: Tensor
    columns: Tensor
    pairs: Tensor


class Model:
    """The network's arrays as tensors, and what is computed with them.

    parameters : tensors by name, on one device; they ask for gradients

    >>> import numpy as np
    >>> from eqdisc.proposers.snip.architecture import initial
    >>> sizes = Sizes(width=16, heads=2, latents=2, layers=2, symbolic=1, decoder=1)
    >>> model = Model(sizes, initial(sizes, np.random.default_rng(0)))
    >>> model.symbols(torch.tensor([[1, 4, 2, 0]])).shape
    torch.Size([1, 64])
    """

    def __init__(self, sizes: Sizes, arrays: Arrays, device: str = "cpu") -> None:
        self.sizes = sizes
        self.parameters = {
            name: torch.from_numpy(array.copy()).to(device).requires_grad_() for name, array in arrays.items()
        }
        pairs = torch.triu_indices(INPUTS, INPUTS, 1, device=device)
        self._first, self._second = pairs[0], pairs[1]

    def arrays(self) -> dict[str, AnyArray]:
        """The parameters as NumPy arrays, copied."""
        return {name: tensor.detach().cpu().numpy().copy() for name, tensor in self.parameters.items()}

    # ------------------------------------------------------------ tables

    def latents(
        self, points: Tensor, columns: Tensor, table: Tensor, point_mask: Tensor | None = None
    ) -> Tensor:
        """(B, latents + 10 + 1, width): free latents, one of each column, one of the whole, in this order.

        point_mask : (B, N) which rows are there; None for all
        """
        p = self.parameters
        rows = self._norm("points.norm", self._two("points", points))
        free = p["latents"].expand(len(points), -1, -1)
        slots = p["slots"] + self._two("columns", columns)
        whole = p["whole"] + self._two("table", table)[:, None]
        x = torch.cat([free, slots, whole], 1)
        mask = None if point_mask is None else point_mask[:, None, None, :]
        for i in range(self.sizes.layers):
            block = f"layers.{i}"
            if i in self.sizes.looks:
                x = x + self._look(block, x, rows, mask)
            x = x + self._attend(block, x, None, False)
            x = x + self._feed(block, x)
        return self._norm("norm", x)

    def embed(self, latents: Tensor) -> Tensor:
        """(B, embedding) of unit length."""
        return functional.normalize(self._linear("embed", latents[:, -1]).float(), dim=1)

    def told(self, latents: Tensor, pairs: Tensor) -> Told:
        """What is told of the tables; `pairs` as in the inputs."""
        operators, size, outer = self._two("told", latents[:, -1]).split(list(WHOLE.values()), 1)
        slots = latents[:, -INPUTS - 1 : -1]
        added, factor = self._linear("told_pair.sum", slots), self._linear("told_pair.product", slots)
        i, j = self._first, self._second
        hidden = added[:, i] + added[:, j] + factor[:, i] * factor[:, j]
        hidden = functional.silu(hidden + self._linear("told_pair.facts", pairs[:, i, j]))
        return Told(
            operators, size, outer, self._two("told_column", slots), self._linear("told_pair.out", hidden)
        )

    # ------------------------------------------------------------ skeletons

    def symbols(self, tokens: Tensor) -> Tensor:
        """(B, embedding) of unit length, of skeletons as (B, L) tokens."""
        x = self._read(tokens)
        mask = (tokens != PAD)[:, None, None, :]
        for i in range(self.sizes.symbolic):
            block = f"symbolic.{i}"
            x = x + self._attend(block, x, mask, False)
            x = x + self._feed(block, x)
        first = self._norm("symbolic.norm", x[:, 0])
        return functional.normalize(self._linear("symbolic.embed", first).float(), dim=1)

    def decode(self, latents: Tensor, tokens: Tensor) -> Tensor:
        """(B, L, vocabulary) logits of the tokens that follow each of (B, L) tokens."""
        x = self._read(tokens)
        for i in range(self.sizes.decoder):
            block = f"decoder.{i}"
            x = x + self._attend(block, x, None, True)
            x = x + self._look(block, x, latents, None)
            x = x + self._feed(block, x)
        x = self._norm("decoder.norm", x)
        return functional.linear(x, self.parameters["tokens"], self.parameters["decoder.bias"])

    def _read(self, tokens: Tensor) -> Tensor:
        return (
            functional.embedding(tokens, self.parameters["tokens"])
            + self.parameters["positions"][: tokens.shape[1]]
        )

    # ------------------------------------------------------------ layers

    def _linear(self, name: str, x: Tensor) -> Tensor:
        return functional.linear(x, self.parameters[f"{name}.weight"], self.parameters[f"{name}.bias"])

    def _two(self, name: str, x: Tensor) -> Tensor:
        return self._linear(f"{name}.out", functional.silu(self._linear(f"{name}.in", x)))

    def _norm(self, name: str, x: Tensor) -> Tensor:
        p = self.parameters
        return functional.layer_norm(x, x.shape[-1:], p[f"{name}.weight"], p[f"{name}.bias"])

    def _attend(self, block: str, x: Tensor, mask: Tensor | None, causal: bool) -> Tensor:
        """Attention of a block to itself."""
        qkv = self._linear(f"{block}.qkv", self._norm(f"{block}.before", x))
        q, k, v = (self._heads(part) for part in qkv.chunk(3, 2))
        found = functional.scaled_dot_product_attention(q, k, v, mask, is_causal=causal)
        return self._linear(f"{block}.attended", _joined(found))

    def _look(self, block: str, x: Tensor, memory: Tensor, mask: Tensor | None) -> Tensor:
        """Attention of a block to something else."""
        q = self._heads(self._linear(f"{block}.query", self._norm(f"{block}.look", x)))
        k, v = (self._heads(part) for part in self._linear(f"{block}.kv", memory).chunk(2, 2))
        found = functional.scaled_dot_product_attention(q, k, v, mask)
        return self._linear(f"{block}.looked", _joined(found))

    def _feed(self, block: str, x: Tensor) -> Tensor:
        hidden = self._linear(f"{block}.up", self._norm(f"{block}.between", x))
        return self._linear(f"{block}.down", functional.silu(hidden))

    def _heads(self, x: Tensor) -> Tensor:
        """(B, L, width) -> (B, heads, L, width / heads)."""
        return x.unflatten(2, (self.sizes.heads, -1)).transpose(1, 2)


def _joined(x: Tensor) -> Tensor:
    """(B, heads, L, width / heads) -> (B, L, width)."""
    return x.transpose(1, 2).flatten(2)
