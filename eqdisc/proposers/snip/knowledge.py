"""What was learned beforehand: the network, and the bank of skeletons that belongs to it."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from eqdisc.proposers.snip.bank import Bank, Stamp, digest_of, forget_banks, stamp
from eqdisc.proposers.snip.network import Network
from eqdisc.proposers.snip.settings import RANDOM, SHIPPED

WEIGHTS_FILE = Path(__file__).with_name("weights.npz")
BANK_FILE = Path(__file__).with_name("bank.npz")


class Knowledge(NamedTuple):
    """A network and a bank whose skeletons were embedded by it."""

    network: Network
    bank: Bank


def knowledge(weights: str = SHIPPED, bank: str = SHIPPED, draw: int = 0) -> Knowledge:
    """What `Snip(weights=..., bank=...)` uses; a network of random weights gets a bank at random places.

    draw : seed of random weights and places

    WeightsError, with what to do, where a file is missing, damaged, of another version, or the two do not
    belong together.
    """
    if weights == RANDOM:
        return _untrained(Bank.read(_bank_file(bank)), draw)
    network, digest = network_and_digest(weights)
    skeletons = Bank.read(_bank_file(bank))
    skeletons.check(digest)
    return Knowledge(network, skeletons)


def skeletons_alone(bank: str = SHIPPED) -> Bank:
    """The bank for what needs no network; WeightsError where it is missing or cannot be used."""
    return Bank.read(_bank_file(bank))


def network_and_digest(weights: str = SHIPPED) -> tuple[Network, str]:
    """The network and the digest of its file, read once for as long as the file does not change.

    WeightsError where it is missing or cannot be used.
    """
    path = WEIGHTS_FILE if weights == SHIPPED else Path(weights)
    try:
        known: Stamp | None = stamp(path)
    except OSError:
        known = None  # reading it says why
    return _network(path, known)


def _bank_file(bank: str) -> Path:
    return BANK_FILE if bank == SHIPPED else Path(bank)


def forget() -> None:
    """Read files anew when they are asked for next: what loading takes is measured so."""
    _network.cache_clear()
    _untrained.cache_clear()
    forget_banks()


@lru_cache(maxsize=2)
def _network(path: Path, known: Stamp | None) -> tuple[Network, str]:
    return Network.read(path), digest_of(path)


@lru_cache(maxsize=2)
def _untrained(skeletons: Bank, draw: int) -> Knowledge:
    network = Network.random(draw)
    return Knowledge(network, skeletons.misplaced(network.sizes.embedding, draw))
