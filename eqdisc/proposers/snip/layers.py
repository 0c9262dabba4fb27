"""The layers of the network in NumPy, float32; `model` is the same in PyTorch."""

import math

import numpy as np

from eqdisc._typing import AnyArray
from eqdisc.proposers.snip.architecture import Arrays, Sizes


class Layers:
    """Layers over the arrays of a network; blocks and arrays are called as in `architecture`."""

    def __init__(self, arrays: Arrays, sizes: Sizes) -> None:
        # Matrices transposed once and in one piece: x @ w is then a plain product of two matrices.
        self.arrays = {
            name: np.ascontiguousarray(array.T) if name.endswith(".weight") else array
            for name, array in arrays.items()
        }
        self.sizes = sizes

    def linear(self, name: str, x: AnyArray) -> AnyArray:
        """x times a matrix, plus its bias."""
        weight = self.arrays[f"{name}.weight"]
        found: AnyArray = x.reshape(-1, x.shape[-1]) @ weight
        found += self.arrays[f"{name}.bias"]
        return found.reshape(*x.shape[:-1], weight.shape[1])

    def two(self, name: str, x: AnyArray) -> AnyArray:
        """Two linear layers with a smooth step between them."""
        return self.linear(f"{name}.out", silu(self.linear(f"{name}.in", x)))

    def norm(self, name: str, x: AnyArray) -> AnyArray:
        """Mean 0 and deviation 1 over the last axis, then scaled and shifted as learned."""
        centred = x - x.mean(-1, keepdims=True)
        variance = np.einsum("...d,...d->...", centred, centred)[..., None] / np.float32(x.shape[-1])
        centred *= 1.0 / np.sqrt(variance + np.float32(1e-5))
        found: AnyArray = centred * self.arrays[f"{name}.weight"] + self.arrays[f"{name}.bias"]
        return found

    def attend(self, block: str, x: AnyArray, mask: AnyArray | None = None) -> AnyArray:
        """Attention of a block to itself; `mask` (B, 1, 1, L) says what may be looked at."""
        q, k, v = self.qkv(block, x)
        return self.linear(f"{block}.attended", joined(attention(q, k, v, mask)))

    def qkv(self, block: str, x: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Queries, keys and values of a block that attends to itself: (B, heads, L, width / heads) each."""
        q, k, v = np.split(self.linear(f"{block}.qkv", self.norm(f"{block}.before", x)), 3, axis=-1)
        return self._heads(q), self._heads(k), self._heads(v)

    def memory(self, block: str, x: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Keys and values of what a block looks at."""
        k, v = np.split(self.linear(f"{block}.kv", x), 2, axis=-1)
        return self._heads(k), self._heads(v)

    def look(self, block: str, x: AnyArray, memory: tuple[AnyArray, AnyArray]) -> AnyArray:
        """Attention of a block to something else, of which `memory` holds keys and values."""
        q = self._heads(self.linear(f"{block}.query", self.norm(f"{block}.look", x)))
        return self.linear(f"{block}.looked", joined(attention(q, *memory)))

    def feed(self, block: str, x: AnyArray) -> AnyArray:
        """The layers within a block."""
        hidden = self.linear(f"{block}.up", self.norm(f"{block}.between", x))
        return self.linear(f"{block}.down", silu(hidden))

    def _heads(self, x: AnyArray) -> AnyArray:
        b, length, _ = x.shape
        return x.reshape(b, length, self.sizes.heads, -1).swapaxes(1, 2)


def attention(q: AnyArray, k: AnyArray, v: AnyArray, mask: AnyArray | None = None) -> AnyArray:
    """Softmax of scaled products of queries and keys, times values: (..., L, width / heads)."""
    scores = (q * np.float32(1.0 / math.sqrt(q.shape[-1]))) @ k.swapaxes(-1, -2)
    if mask is not None:
        scores = np.where(mask, scores, np.float32(-np.inf))
    scores -= scores.max(-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(-1, keepdims=True)
    return scores @ v


def joined(x: AnyArray) -> AnyArray:
    """(B, heads, L, width / heads) -> (B, L, width)."""
    b, heads, length, size = x.shape
    return x.swapaxes(1, 2).reshape(b, length, heads * size)


def silu(x: AnyArray) -> AnyArray:
    """x times the logistic function of x: of the usual smooth steps the cheapest, here and in PyTorch.

    Written by way of tanh, which cannot overflow. GELU in its tanh form takes two and a half times as long in
    training, a twentieth of a step.
    """
    found = np.tanh(np.float32(0.5) * x)
    found += np.float32(1.0)
    found *= np.float32(0.5) * x
    return found


def unit(x: AnyArray) -> AnyArray:
    """Vectors along the last axis scaled to length 1."""
    found: AnyArray = x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), np.float32(1e-12))
    return found


def sigmoid(x: AnyArray) -> AnyArray:
    """1 / (1 + exp(-x)), by way of tanh, which cannot overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def softmax(x: AnyArray) -> AnyArray:
    """Probabilities along the last axis."""
    found: AnyArray = np.exp(x - x.max(-1, keepdims=True))
    found /= found.sum(-1, keepdims=True)
    return found
