"""Settings of the dynamic symbolic networks."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from eqdisc.errors import OptionError
from eqdisc.proposers.dysymnet.controller import Controller
from eqdisc.proposers.dysymnet.kernels.operators import SUMS, UNITS, usable_units

if TYPE_CHECKING:
    from eqdisc.problem import Problem
    from eqdisc.search.proposer import Session

MOST_LAYERS, MOST_UNITS = 8, 16
#: Least and most of the counts; rooms for as many weights, rows and tries fit in memory.
_COUNTS = {
    "inputs": (1, 1000),
    "weights": (1, 1000),
    "rows": (4, 20_000),
    "refit_rows": (1, 10**9),
    "epoch_work": (1, 10**15),
    "attempts": (1, 10_000),
    "more_attempts": (0, 10_000),
    "survivors": (1, 10**6),
    "tries": (1, 64),
}
Wiring = Literal["mixed", "dense", "sparse"]


@dataclass(frozen=True)
class DySymNet:
    """Networks whose units are operators, sampled, fitted and pruned to laws (Li et al., ICLR 2024).

    layers, width : most layers, most units of a layer, or the fewest and the most; both are drawn for each
                    structure
    operators     : names of the unit operators, a sequence or a text such as "sin, mul", drawn alike, one
                    named twice twice as often; None for those of the problem that can be units, drawn by
                    their prior weights. "id", "add" and "sub" name a unit that only sums, which a network
                    with skip connections does not need
    palette       : most different operators of a structure; None for units independent of each other
    skip, bias    : whether units and the output read every earlier slot; whether sums have offsets
    same_width    : whether all layers of a structure have equally many units
    wiring        : "sparse": one or two slots an argument; "dense": every slot; "mixed": some of both,
                    `sparse` is the share of sparse ones
    inputs        : most inputs a structure reads, drawn by their relevance where there are more
    weights       : inner weights of a dense structure at most, about; beyond, edges are left out at random
    rows          : rows that the search looks at (a seeded sample); what is proposed is refitted to
                    `refit_rows`
    epoch_work    : node evaluations of an epoch, about
    attempts, more_attempts : steps of the fit for all structures, and for the best `share` of them
    survivors     : structures of an epoch that are pruned
    tries         : edges of the least saliency tried before pruning stops
    price         : nats that an edge or a unit must save
    embedded      : share of the work that goes into laws the whole search has found: each is embedded in a
                    wider network, fitted and pruned, a mutation that follows the gradient. Without skip
                    connections or offsets there is no place for most laws and none is embedded
    controller    : who samples structures: "uniform", "recurrent", or a recurrent one by its settings

    OptionError for sizes out of range; `start` raises it for operators given that no unit can be made of.
    Where the problem's own are none, a session has nothing to propose.

    >>> DySymNet(layers=2, operators=("sin", "mul")).name
    'dysymnet'
    """

    layers: int | tuple[int, int] = 3
    width: int | tuple[int, int] = 4
    operators: Sequence[str] | None = None
    skip: bool = True
    bias: bool = True
    same_width: bool = False
    palette: int | None = 3
    wiring: Wiring = "mixed"
    sparse: float = 0.75
    inputs: int = 6
    weights: int = 30
    rows: int = 256
    refit_rows: int = 5000
    epoch_work: int = 300_000_000
    attempts: int = 7
    more_attempts: int = 25
    share: float = 0.15
    survivors: int = 100
    tries: int = 4
    price: float = 4.0
    penalty: float = 3e-3
    embedded: float = 0.1
    controller: Literal["uniform", "recurrent"] | Controller = "uniform"

    name = "dysymnet"

    def __post_init__(self) -> None:
        for name, (low, high) in _COUNTS.items():
            _in_range(name, getattr(self, name), low, high, whole=True)
            object.__setattr__(self, name, int(getattr(self, name)))
        for name, most in (("layers", MOST_LAYERS), ("width", MOST_UNITS)):
            _limits(name, getattr(self, name), most)
        if self.palette is not None:
            _in_range("palette", self.palette, 1, 100, whole=True)
        for name in ("sparse", "share", "embedded"):
            _in_range(name, getattr(self, name), 0.0, 1.0)
        for name in ("price", "penalty"):
            _in_range(name, getattr(self, name), 0.0, 1e6)
            object.__setattr__(self, name, float(getattr(self, name)))  # as the kernels are compiled for
        if self.wiring not in ("mixed", "dense", "sparse"):
            raise OptionError(f"the wiring is {self.wiring!r}; it is mixed, dense or sparse")
        if self.controller not in ("uniform", "recurrent") and not isinstance(self.controller, Controller):
            raise OptionError(
                f"the controller is {self.controller!r}; it is 'uniform', 'recurrent' or Controller(...)"
            )
        if self.operators is not None:
            text = self.operators
            names = text.replace(",", " ").split() if isinstance(text, str) else text
            object.__setattr__(self, "operators", tuple(names))

    @classmethod
    def paper(cls) -> "DySymNet":
        """The structures of the paper: dense, no skip connections, no offsets, one width for all layers.

        Two to five layers of two to six units, drawn alike as its controller does before it has learned, each
        unit of its default operators: id, +, - and others. The first three are one unit here, a weighted sum.
        Fit and pruning are ours; on few rows edges are left out, for inner weights are a third of the rows at
        most. Its training is in `benchmarks/dysymnet/original.py`.

        >>> DySymNet.paper().depths
        (2, 5)
        """
        units = ("id", "add", "sub", "sin", "cos", "square", "mul")
        return cls(
            layers=(2, 5), width=(2, 6), operators=units, skip=False, bias=False, same_width=True,
            palette=None, wiring="dense", weights=420,
        )  # fmt: skip

    @property
    def depths(self) -> tuple[int, int]:
        """Fewest and most layers."""
        return self.layers if isinstance(self.layers, tuple) else (1, self.layers)

    @property
    def widths(self) -> tuple[int, int]:
        """Fewest and most units of a layer."""
        return self.width if isinstance(self.width, tuple) else (1, self.width)

    def units(self, problem: "Problem") -> dict[str, float]:
        """Unit operators on a problem, how often each is to be drawn; none where it allows but sums.

        OptionError where operators were given of which the problem allows none.
        """
        allowed = usable_units(problem.operators)
        if self.operators is None:
            return allowed if self.skip or not allowed else {"id": 1.0, **allowed}
        named = Counter("id" if name in SUMS else name for name in self.operators)
        for name in named:
            if name not in UNITS:
                raise OptionError(f"{name!r} cannot be a unit; units are {', '.join(UNITS)}")
        usable = {name: float(count) for name, count in named.items() if name == "id" or name in allowed}
        if not usable.keys() - {"id"}:
            raise OptionError(
                f"of the units {', '.join(named) or '(none)'} the problem allows none; it has "
                f"{', '.join(allowed) or 'none that can be units'}"
            )
        return usable

    def start(self, problem: "Problem", seed: np.random.SeedSequence, threads: int) -> "Session":
        """A fresh session on a problem; the threads change its speed and nothing else."""
        from eqdisc.proposers.dysymnet.session import NetworkSession, NoNetworks

        if not self.units(problem):
            return NoNetworks()
        return NetworkSession(self, problem, seed, threads)


def _limits(name: str, value: object, most: int) -> None:
    """Whether it is the most of something, or the fewest and the most."""
    if not isinstance(value, tuple):
        _in_range(name, value, 1, most, whole=True)
        return
    if len(value) != 2:
        raise OptionError(f"{name} is {value!r}; it is a whole number, or two: the fewest and the most")
    for number in value:
        _in_range(name, number, 1, most, whole=True)
    if value[0] > value[1]:
        raise OptionError(f"{name} is {value!r}; the fewest come first")


def _in_range(name: str, value: object, low: float, high: float, whole: bool = False) -> None:
    number = isinstance(value, Integral if whole else Real) and not isinstance(value, bool)
    if not number or not low <= cast(float, value) <= high:
        kind = "a whole number" if whole else "a number"
        raise OptionError(f"{name} is {value!r}; it is {kind} between {low:g} and {high:g}")
