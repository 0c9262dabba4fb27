"""Short searches whose answers are kept, to notice when they change.

Rewrite the kept answers, after a change that is meant to change them:

    python -m tests.golden.runs
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from eqdisc.data.dataset import Dataset
from eqdisc.discovery import discover
from eqdisc.expr.format import format_expression
from eqdisc.proposers.dysymnet import DySymNet
from eqdisc.proposers.gp.settings import GeneticProgramming
from eqdisc.result import Law
from tests.proposers.snip.small import small_snip

FOLDER = Path(__file__).with_name("fronts")
DIGITS = 8


def closed_form(dataset: Dataset) -> list[Law]:
    """The whole front: nothing in it depends on a close decision between roundings."""
    return list(discover(dataset, proposers="closed_form", epochs=2, seed=0, threads=1).front)


def gp(dataset: Dataset) -> list[Law]:
    """The law chosen: breeding decides by last digits, which depend on the processor."""
    strategy = GeneticProgramming(population=100, epoch_work=2_000_000)
    return [discover(dataset, proposers=[strategy], epochs=2, seed=0, threads=1).best]


def networks(dataset: Dataset) -> list[Law]:
    """The law chosen, as of breeding."""
    strategy = DySymNet(epoch_work=2_000_000)
    return [discover(dataset, proposers=[strategy], epochs=2, seed=0, threads=1).best]


def snip(dataset: Dataset) -> list[Law]:
    """The law chosen by a network that has learned nothing and a small bank: files that training replaces
    play no part."""
    return [discover(dataset, proposers=[small_snip()], epochs=3, seed=0, threads=1).best]


def pendulum() -> Dataset:
    length, gravity = np.random.default_rng(0).uniform(1.0, 4.0, (2, 80))
    period = 2.0 * np.pi * np.sqrt(length / gravity)
    return Dataset.of(np.column_stack([length, gravity]), period, ["length", "gravity"], "period")


def lens() -> Dataset:
    x, y = np.random.default_rng(1).uniform(1.0, 4.0, (2, 80))
    return Dataset.of(np.column_stack([x, y]), 2.5 * x / y + 1.25, names=["x", "y"], target_name="z")


def attraction() -> Dataset:
    a, b, r = np.random.default_rng(2).uniform(1.0, 4.0, (3, 80))
    return Dataset.of(np.column_stack([a, b, r]), 6.674 * a * b / r**2, ["a", "b", "r"], "force")


RUNS: dict[str, Callable[[], list[Law]]] = {
    "closed_form_pendulum": lambda: closed_form(pendulum()),
    "closed_form_lens": lambda: closed_form(lens()),
    "closed_form_attraction": lambda: closed_form(attraction()),
    "gp_lens": lambda: gp(lens()),
    "dysymnet_lens": lambda: networks(lens()),
    "snip_lens": lambda: snip(lens()),
}


def rounded(law: Law) -> dict[str, Any]:
    """The law as kept: its formula with constants to a few digits, and whose it is."""
    tree = law.tree.with_constants([float(f"{value:.{DIGITS}g}") for value in law.tree.constants])
    return {"law": format_expression(tree, law.feature_names), "found_by": law.found_by}


def kept(name: str) -> list[dict[str, Any]]:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def main() -> None:
    for name, run in RUNS.items():
        text = json.dumps([rounded(law) for law in run()], indent=2)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
