"""Skeletons drawn from the decoder, many at once: each step extends all that are not complete."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from eqdisc._typing import AnyArray, BoolArray, IntArray
from eqdisc.errors import OptionError
from eqdisc.expr.operators import OPERATORS, operator
from eqdisc.proposers.snip.layers import Layers, attention, joined
from eqdisc.proposers.snip.vocabulary import (
    ARITY,
    BEGIN,
    CONSTANT,
    END,
    FIRST_INPUT,
    FIRST_OPERATOR,
    LENGTH,
    SIZE,
)

Memory = tuple[AnyArray, AnyArray]


def usable(inputs: int, allowed: Collection[str] | None) -> BoolArray:
    """(vocabulary,) the tokens a skeleton may have: the constant, `inputs` inputs and the allowed operators.

    allowed : names or aliases of operators; None for all. OptionError for an unknown one.
    """
    found = np.zeros(SIZE, np.bool_)
    found[CONSTANT] = True
    found[FIRST_INPUT : FIRST_INPUT + inputs] = True
    names = None if allowed is None else {operator(word).name for word in allowed}
    found[FIRST_OPERATOR:] = [names is None or row.name in names for row in OPERATORS]
    return found


def draw(
    layers: Layers,
    latents: AnyArray,
    counts: Sequence[int],
    tokens: BoolArray,
    rng: np.random.Generator,
    temperature: float,
) -> IntArray:
    """(sum of counts, LENGTH) valid skeletons: counts[g] of them told by latents[g].

    latents     : (G, L, width)
    tokens      : (vocabulary,) which may be used; a constant or an input among them
    temperature : logits are divided by it; 0 takes the likeliest token each time. OptionError if negative
    Valid by counting open places: a token is not taken if what it opens cannot be filled in LENGTH tokens.
    """
    if not temperature >= 0.0:
        raise OptionError(f"the temperature is {temperature}; wanted 0 (the likeliest) or more")
    total = int(sum(counts))
    found = np.zeros((total, LENGTH), np.int64)
    found[:, 0] = BEGIN
    state = _State(layers, latents, counts)
    alive, open_places = np.arange(total), np.ones(total, np.int64)
    for t in range(1, LENGTH - 1):
        if not alive.size:
            break
        logits = state.advance(found[alive, t - 1], t - 1).astype(np.float64)
        after = open_places[:, None] - 1 + ARITY
        logits[~(tokens & (after <= LENGTH - 2 - t))] = -np.inf
        chosen = _chosen(logits, temperature, rng)
        found[alive, t] = chosen
        open_places = after[np.arange(len(alive)), chosen]
        complete = open_places == 0
        found[alive[complete], t + 1] = END
        if complete.any():
            state.keep(~complete)
            alive, open_places = alive[~complete], open_places[~complete]
    return found


def _chosen(logits: AnyArray, temperature: float, rng: np.random.Generator) -> IntArray:
    """One token of each row, by Gumbel's trick."""
    if temperature > 0.0:
        logits = logits / temperature + rng.gumbel(size=logits.shape)
    best: IntArray = logits.argmax(1)
    return best


class _State:
    """What the decoder keeps of S incomplete sequences: keys and values of the tokens so far.

    Sequences that look at the same latents stand together, so that they look at them in one product.
    """

    def __init__(self, layers: Layers, latents: AnyArray, counts: Sequence[int]) -> None:
        self._layers = layers
        self._blocks = [f"decoder.{i}" for i in range(layers.sizes.decoder)]
        self._memory: list[Memory] = [layers.memory(block, latents) for block in self._blocks]
        self._group = np.repeat(np.arange(len(counts)), counts)
        heads, size = layers.sizes.heads, layers.sizes.width // layers.sizes.heads
        shape = (len(self._blocks), 2, int(sum(counts)), heads, LENGTH, size)
        self._kept = np.zeros(shape, np.float32)

    def keep(self, sequences: BoolArray) -> None:
        """Forget the other sequences."""
        self._kept = self._kept[:, :, sequences]
        self._group = self._group[sequences]

    def advance(self, tokens: IntArray, t: int) -> AnyArray:
        """(S, vocabulary) logits of the next token, after (S,) tokens at place t."""
        layers = self._layers
        arrays = layers.arrays
        x = (arrays["tokens"][tokens] + arrays["positions"][t])[:, None]
        for block, kept, memory in zip(self._blocks, self._kept, self._memory, strict=True):
            q, kept[0][:, :, t : t + 1], kept[1][:, :, t : t + 1] = layers.qkv(block, x)
            seen = attention(q, kept[0][:, :, : t + 1], kept[1][:, :, : t + 1])
            x = x + layers.linear(f"{block}.attended", joined(seen))
            x = x + self._look(block, x, memory)
            x = x + layers.feed(block, x)
        x = layers.norm("decoder.norm", x[:, 0])
        logits: AnyArray = x @ arrays["tokens"].T + arrays["decoder.bias"]
        return logits

    def _look(self, block: str, x: AnyArray, memory: Memory) -> AnyArray:
        found = np.empty_like(x)
        for rows, group in self._groups():
            keys_values = (memory[0][group : group + 1], memory[1][group : group + 1])
            found[rows] = self._layers.look(block, x[rows].swapaxes(0, 1), keys_values).swapaxes(0, 1)
        return found

    def _groups(self) -> Iterator[tuple[slice, int]]:
        """The groups that are left, each with its sequences."""
        if not self._group.size:
            return
        starts = np.flatnonzero(np.diff(self._group, prepend=-1))
        for start, stop in zip(starts, [*starts[1:], len(self._group)], strict=True):
            yield slice(start, stop), int(self._group[start])
