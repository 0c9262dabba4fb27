"""The card of a network: what it was trained on, how long, where, and how far it came."""

import math
import os
import platform
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import torch

from eqdisc.proposers.snip.architecture import shapes
from eqdisc.proposers.snip.excluded import Excluded
from eqdisc.proposers.snip.generator.settings import VERSION
from eqdisc.proposers.snip.pretrain import checkpoint
from eqdisc.proposers.snip.pretrain.echo import made
from eqdisc.proposers.snip.pretrain.settings import Pretraining

if TYPE_CHECKING:
    from eqdisc.proposers.snip.pretrain.trainer import Progress


def card_of(
    settings: Pretraining, excluded: Excluded | None, progress: "Progress", device: str, held_out: int
) -> dict[str, Any]:
    """The card as plain values, to be kept as JSON with the weights.

    excluded : what the file of the settings holds; the card names number and digest, for files change
    """
    weights = sum(math.prod(shape) for shape in shapes(settings.sizes).values())
    return {
        "trained": True,
        "eqdisc": str(import_module("eqdisc").__version__),
        "settings": {**checkpoint.plain(settings), "exclude": settings.exclude and settings.exclude.name},
        "excluded": None if excluded is None else {"skeletons": len(excluded), "digest": excluded.digest},
        "weights": weights,
        "steps": progress.step,
        "tables": made(progress.step, settings.echo) * settings.batch,
        "generator": VERSION,
        "minutes": round(progress.seconds / 60.0, 2),
        "hardware": _hardware(device),
        "held_out": held_out,
        "figures": _rounded(progress.figures),
        "losses": _rounded(progress.losses),
    }


def card_text(card: Mapping[str, Any]) -> str:
    """The card as Markdown, for people."""
    settings = card["settings"]
    kept_out = "nothing"
    if card["excluded"] is not None:
        kept = card["excluded"]
        kept_out = f"{settings['exclude']}, {kept['skeletons']:,} skeletons, SHA-256 {kept['digest']}"
    told = {
        "size": f"{settings['size']}, {card['weights']:,} weights",
        "trained on": f"{card['tables']:,} tables of the generator's laws, {card['steps']:,} steps",
        "times each": settings["echo"],
        "generator": card["generator"],
        "kept away from": kept_out,
        "seed": settings["seed"],
        "minutes": card["minutes"],
        "hardware": card["hardware"],
        "eqdisc": card["eqdisc"],
    }
    lines = ["# Pretrained network", "", *_table(("", ""), told)]
    lines += [
        "",
        f"On {card['held_out']} tables of skeletons that are held out of the training, no two alike:",
        "",
        *_table(("figure", "value"), card["figures"]),
    ]
    lines += ["", "Losses of the last step:", "", *_table(("loss", "nats"), card["losses"])]
    return "\n".join(lines) + "\n"


def _table(head: tuple[str, str], rows: Mapping[str, Any]) -> list[str]:
    cells = [head, ("---", "---"), *rows.items()]
    return [f"| {name} | {value} |" for name, value in cells]


def _rounded(figures: Mapping[str, float]) -> dict[str, float | None]:
    """To four digits; None for what could not be measured, since JSON has no NaN."""
    return {name: None if math.isnan(value) else round(value, 4) for name, value in figures.items()}


def _hardware(device: str) -> str:
    if device == "cuda":
        return f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}"
    kind = platform.processor() or platform.machine()
    return f"{kind}, {torch.get_num_threads()} threads of {os.cpu_count()} cores, PyTorch {torch.__version__}"
