"""Strategies with little work an epoch, and runs with few pictures, for tests of what happens around them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from eqdisc.portfolio import PROPOSERS, Entry
from eqdisc.proposers.dysymnet import DySymNet
from eqdisc.proposers.gp import GeneticProgramming
from eqdisc.report import folder
from eqdisc.report.plots import front_figure


def breeding() -> GeneticProgramming:
    """An epoch of it takes a twentieth of the usual."""
    return GeneticProgramming(population=100, epoch_work=30_000_000)


def networks() -> DySymNet:
    """An epoch of it takes a tenth of the usual."""
    return DySymNet(epoch_work=30_000_000)


@contextmanager
def quick_epochs() -> Iterator[None]:
    """These are the strategies meanwhile that `gp` and `dysymnet` name, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        for name, maker in (("gp", breeding), ("dysymnet", networks)):
            patch.setitem(PROPOSERS, name, Entry(__name__, maker.__name__))  # type: ignore[arg-type]
        yield


@contextmanager
def few_pictures() -> Iterator[None]:
    """Meanwhile a run that is kept, in this process, has a picture of its front alone.

    Four of them, each as PNG, PDF and SVG, take longer than the search of a small table.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folder, "figures", lambda result, dataset: {"front": front_figure(result)})
        yield
