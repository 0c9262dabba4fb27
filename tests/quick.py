"""Strategies with little work an epoch, for tests of what happens around them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from eqdisc.portfolio import PROPOSERS, Entry
from eqdisc.proposers.dysymnet import DySymNet
from eqdisc.proposers.gp import GeneticProgramming


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
