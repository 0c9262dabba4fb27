"""How far a network is: retrieval, statements and tokens on tables that it was not trained on."""

import math

import numpy as np
import torch
from scipy.stats import rankdata

from eqdisc._typing import AnyArray, BoolArray
from eqdisc.proposers.snip.model import Model, Told
from eqdisc.proposers.snip.pretrain.losses import read_in_parts, widths_of
from eqdisc.proposers.snip.pretrain.supply import Prepared
from eqdisc.proposers.snip.vocabulary import PAD

RECALLS = (1, 10, 100)
_CHUNK = 256


def validate(model: Model, held_out: Prepared, device: str = "cpu") -> dict[str, float]:
    """Figures by name on held-out tables, whose skeletons are all different.

    recall@k       : share of tables whose own skeleton is among the k nearest of all held out
    decoder        : loss of a token in nats
    operators, relevant, periodic, additive, multiplicative : area under the curve of true and false alarms
        (of operators the mean over those of which there are both); 0.5 is chance, NaN where all are alike
    outer          : share of tables whose outermost function is told right
    size           : mean absolute error of the number of nodes
    """
    lost, parts = 0.0, []
    for start in range(0, len(held_out.tokens), _CHUNK):
        part = Prepared(*(torch.from_numpy(a[start : start + _CHUNK]).to(device) for a in held_out))
        with torch.no_grad():
            latents = model.latents(part.points, part.columns, part.table)
            symbols, mean = read_in_parts(model, latents, part.tokens, widths_of(part.tokens, 4))
            found = (model.embed(latents), symbols, *model.told(latents, part.pairs))
        lost += float(mean) * int((part.tokens[:, 1:] != PAD).sum())
        parts.append([tensor.float().cpu().numpy() for tensor in found])
    vectors, symbols, *told = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return {
        **_recalls(vectors @ symbols.T),
        "decoder": lost / int((held_out.tokens[:, 1:] != PAD).sum()),
        **_statements(told, held_out),
    }


def _recalls(likeness: AnyArray) -> dict[str, float]:
    rank = (likeness > np.diagonal(likeness)[:, None]).sum(1)
    return {f"recall@{k}": float(np.mean(rank < k)) for k in RECALLS}


def _statements(logits: list[AnyArray], truth: Prepared) -> dict[str, float]:
    told = Told(*logits)
    columns, pairs = truth.columns_known, truth.pairs_known
    areas = [auc(told.operators[:, k], truth.operators[:, k] > 0.5) for k in range(truth.operators.shape[1])]
    known = [area for area in areas if not math.isnan(area)]
    figures = {"operators": float(np.mean(known)) if known else math.nan}
    for name, scores, answers, there in (
        ("relevant", told.columns[:, :, 0], truth.columns_told[:, :, 0], columns),
        ("periodic", told.columns[:, :, 1], truth.columns_told[:, :, 1], columns),
        ("additive", told.pairs[:, :, 0], truth.pairs_told[:, :, 0], pairs),
        ("multiplicative", told.pairs[:, :, 1], truth.pairs_told[:, :, 1], pairs),
    ):
        figures[name] = auc(scores[there], answers[there] > 0.5)
    figures["outer"] = float(np.mean(told.outer.argmax(1) == truth.outer))
    weight = np.exp(told.size - told.size.max(1, keepdims=True))
    expected = (weight @ np.arange(weight.shape[1])) / weight.sum(1)
    figures["size"] = float(np.abs(expected - truth.size).mean())
    return figures


def auc(scores: AnyArray, answers: BoolArray) -> float:
    """Chance that a true one scores above a false one (ties count half); NaN where there are not both.

    >>> auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    0.75
    """
    right = int(answers.sum())
    wrong = len(answers) - right
    if not right or not wrong:
        return math.nan
    return float((rankdata(scores)[answers].sum() - right * (right + 1) / 2) / (right * wrong))
