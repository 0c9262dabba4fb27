"""A small bank and a small network for tests: nothing was learned, all is there."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from eqdisc.expr.parse import parse
from eqdisc.proposers.snip import Snip
from eqdisc.proposers.snip.bank import Bank

NAMES = ("x0", "x1", "x2")
SKELETONS = (
    "x0", "x0*x1", "x0/x1", "x0**2", "sqrt(x0)", "sqrt(x0)/x1", "exp(x0)", "x0*x1**2", "x0/(x1*x2)", "1/x0",
    "exp(1*x0)", "x0*exp(1*x1)", "1/(x0 + 1)", "sqrt(x0 + 1)", "x0/(x1 + 1)", "exp(1*x0*x1)", "sin(1*x0)",
    "x0 + x1", "x0 - x1", "x0 + 1*x1", "sqrt(x0) + 1*x1", "x0*x1*x2", "exp(x0/x1)", "log(x0)", "x0**2 + 1*x1",
)  # fmt: skip

_folder = TemporaryDirectory(prefix="eqdisc-bank-")


def small_bank(weights="none", dimensions=64):
    skeletons = [parse(text, NAMES) for text in SKELETONS]
    places = np.random.default_rng(3).standard_normal((len(skeletons), dimensions))
    return Bank.of(skeletons, range(len(skeletons), 0, -1), places, weights)


@cache
def bank_file():
    path = Path(_folder.name) / "bank.npz"
    small_bank().write(path)
    return str(path)


def small_snip(**settings):
    """The strategy with a network of random weights; quick."""
    given = {"weights": "random", "bank": bank_file(), "samples": 16, "orders": 6, "starts": 2, "bags": 2}
    return Snip(**{**given, **settings})
