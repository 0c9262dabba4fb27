"""What training makes small: tables and skeletons apart, wrong tokens, wrong statements."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from eqdisc.proposers.snip.architecture import HOTTEST
from eqdisc.proposers.snip.model import Model, Told
from eqdisc.proposers.snip.pretrain.supply import Prepared
from eqdisc.proposers.snip.vocabulary import PAD


class Losses(NamedTuple):
    """The parts of the loss, in nats: of the contrast, a token, a statement (mean over the kinds)."""

    contrast: Tensor
    decoder: Tensor
    told: Tensor

    @property
    def total(self) -> Tensor:
        """What is minimised."""
        return self.contrast + self.decoder + self.told


def losses(model: Model, batch: Prepared, widths: Sequence[int]) -> Losses:
    """The losses of a batch of tensors.

    widths : of the parts of laws of like length into which the batch is divided where skeletons are read
        (`widths_of` its tokens)
    """
    latents = model.latents(batch.points, batch.columns, batch.table)
    symbols, decoder = read_in_parts(model, latents, batch.tokens, widths)
    return Losses(
        contrast(model.embed(latents), symbols, batch.keys, model.parameters["temperature"]),
        decoder,
        told_losses(model.told(latents, batch.pairs), batch).mean(),
    )


def widths_of(tokens: Tensor, parts: int) -> list[int]:
    """Lengths of the longest law in each of so many parts of laws of like length, of (B, L) tokens.

    To be asked on the host: of tokens on a device each would wait for all that the device has to do.

    >>> widths_of(torch.tensor([[1, 2, 0], [1, 2, 3], [1, 0, 0], [1, 2, 0]]), 2)
    [2, 3]
    """
    lengths = (tokens != PAD).sum(1).sort().values
    return [int(some[-1]) for some in lengths.chunk(parts)]


def read_in_parts(
    model: Model, latents: Tensor, tokens: Tensor, widths: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """(B, embedding) of the skeletons, and the mean loss of a token of the decoder; `widths` as of `losses`.

    Skeletons of like length are read together: padding all to the longest takes half as long again.
    """
    lengths = (tokens != PAD).sum(1)
    order = torch.argsort(lengths, stable=True)
    embedded, lost = [], latents.new_zeros(())
    for some, width in zip(order.chunk(len(widths)), widths, strict=True):
        part = tokens[some, :width]
        embedded.append(model.symbols(part))
        logits = model.decode(latents[some], part[:, :-1])
        lost = lost + functional.cross_entropy(
            logits.float().flatten(0, 1), part[:, 1:].flatten(), ignore_index=PAD, reduction="sum"
        )
    places = torch.empty_like(order)
    places[order] = torch.arange(len(order), device=order.device)
    return torch.cat(embedded)[places], lost / (lengths - 1).sum()


def contrast(tables: Tensor, symbols: Tensor, keys: Tensor, temperature: Tensor) -> Tensor:
    """Symmetric cross entropy of telling which skeleton belongs to a table (InfoNCE, as CLIP).

    Other tables of the same skeleton (equal `keys`) are no wrong answers: they are left out.
    """
    # In half precision near answers could not be told apart.
    with torch.autocast(tables.device.type, enabled=False):
        logits = tables @ symbols.T * temperature.exp().clamp(max=HOTTEST)
    same = keys[:, None] == keys[None, :]
    same.fill_diagonal_(False)
    logits = logits.masked_fill(same, -1e4)
    right = torch.arange(len(logits), device=logits.device)
    return 0.5 * (functional.cross_entropy(logits, right) + functional.cross_entropy(logits.T, right))


def told_losses(told: Told, batch: Prepared) -> Tensor:
    """(7,) mean loss of a statement: operators, size, outer, relevant, periodic, additive, multiplicative."""
    of_columns = _masked(told.columns, batch.columns_told, batch.columns_known)
    of_pairs = _masked(told.pairs, batch.pairs_told, batch.pairs_known)
    operators = functional.binary_cross_entropy_with_logits(told.operators.float(), batch.operators)
    size = functional.cross_entropy(told.size.float(), batch.size)
    outer = functional.cross_entropy(told.outer.float(), batch.outer)
    return torch.cat([torch.stack([operators, size, outer]), of_columns, of_pairs])


def _masked(logits: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """(kinds,) mean loss of (B, n, kinds) statements over the (B, n) of which the truth is known."""
    each = functional.binary_cross_entropy_with_logits(logits.float(), truth, reduction="none")
    return (each * known[:, :, None]).sum((0, 1)) / known.sum().clamp(min=1)
