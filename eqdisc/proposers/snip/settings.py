"""Settings of the strategy that uses the pretrained network."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eqdisc.errors import OptionError

if TYPE_CHECKING:
    import numpy as np

    from eqdisc.problem import Problem
    from eqdisc.proposers.snip.bank import Bank
    from eqdisc.proposers.snip.network import Network
    from eqdisc.search.proposer import Session

SHIPPED, RANDOM = "shipped", "random"
#: Fewest and most of each setting that is a whole number.
_COUNTS = {
    "screened": (0, 100_000),
    "retrieved": (0, 100_000),
    "orders": (1, 720),
    "samples": (0, 100_000),
    "starts": (1, 1000),
    "bags": (1, 100),
    "proposals": (1, 1000),
}


@dataclass(frozen=True)
class Snip:
    """A network trained beforehand on tables of many laws looks at the table and says what it resembles.

    After SNIP (Meidani and others, ICLR 2024). Its first turn, a short one, tells the others which operators
    and inputs are likely. The second fits skeletons of the bank: those that correlate best with the target,
    and those with constants inside that are likeliest by their place. The third fits skeletons that the
    decoder draws. Later ones look at what laws of the front leave, difference or quotient, and join what they
    find there.

    heads     : tell the strategies that begin later which operators and inputs are likely, and lay skeletons
                on the columns that the network takes for those that matter; without, on those with which the
                target goes best, one at a time
    screened  : skeletons of the bank that are fitted because they correlate
    retrieved : skeletons with constants that are fitted because they are likely by the table's place
    orders    : ways to lay the inputs of a skeleton on the columns, those most likely to matter first
    samples   : skeletons drawn from the decoder
    residuals : look at what laws of the front leave
    wolves    : search the latent space by grey wolf optimisation, section 4 of the paper, in pieces
    weights   : "shipped", the path of a file, or "random", a network that has learned nothing, drawn by
                the seed of the run: a placebo
    bank      : "shipped" or the path of a file made with these weights
    misled    : look at the table with its target shuffled: another placebo
    starts    : of each fit, besides the constants given
    bags      : samples of rows that a look takes the mean of
    proposals : laws that a turn proposes at most

    Without `heads`, `retrieved`, `samples` and `wolves` no network is read or asked. `check` says beforehand
    whether the files that are used can be read. WeightsError, from `check` and `start`, where not.

    >>> Snip(samples=32).name
    'snip'
    """

    heads: bool = True
    screened: int = 96
    retrieved: int = 96
    orders: int = 24
    samples: int = 64
    residuals: bool = True
    wolves: bool = False
    weights: str = SHIPPED
    bank: str = SHIPPED
    misled: bool = False
    starts: int = 4
    bags: int = 4
    proposals: int = 16

    name = "snip"

    def __post_init__(self) -> None:
        for name, (low, high) in _COUNTS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise OptionError(f"{name} is {value!r}; it is a whole number between {low} and {high}")
        for name in ("heads", "residuals", "wolves", "misled"):
            if not isinstance(getattr(self, name), bool):
                raise OptionError(f"{name} is {getattr(self, name)!r}; it is True or False")
        for name in ("weights", "bank"):
            value = getattr(self, name)
            if not isinstance(value, str | Path):
                raise OptionError(f"{name} is {value!r}; it is 'shipped' or the path of a file")
            object.__setattr__(self, name, str(value))

    @property
    def uses_network(self) -> bool:
        """Whether anything asks the network; without, weights need not be there.

        >>> Snip(heads=False, retrieved=0, samples=0).uses_network
        False
        """
        return bool(self.heads or self.retrieved or self.samples or self.wolves)

    def check(self) -> None:
        """WeightsError, with what to do, where weights or bank are missing or cannot be used."""
        self._known()

    def start(self, problem: "Problem", seed: "np.random.SeedSequence", threads: int) -> "Session":
        """A fresh session on a problem; it uses one thread."""
        from eqdisc.proposers.snip.session import SnipSession
        from eqdisc.proposers.snip.streams import RANDOM_WEIGHTS, stream

        draw = int(stream(seed, RANDOM_WEIGHTS).generate_state(1)[0])
        return SnipSession(self, *self._known(draw), problem, seed)

    def _known(self, draw: int = 0) -> "tuple[Network | None, Bank]":
        """Network and bank; random weights are those of a draw."""
        from eqdisc.proposers.snip.knowledge import knowledge, skeletons_alone

        if not self.uses_network:
            return None, skeletons_alone(self.bank)
        return knowledge(self.weights, self.bank, draw)
