"""What pretraining earns: genetic programming, and all strategies, with more and more of `snip`."""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from eqdisc.errors import WeightsError
from eqdisc.portfolio import DEFAULT_PROPOSERS, PROPOSERS, named_proposer

if TYPE_CHECKING:
    from eqdisc.search.proposer import Proposer

#: The strategy with nothing switched on but a bank that is screened by correlation.
BANK: Mapping[str, Any] = {"heads": False, "retrieved": 0, "samples": 0, "residuals": False}
#: What each arm switches on beyond the one before it.
HEADS: Mapping[str, Any] = {**BANK, "heads": True}
RETRIEVAL: Mapping[str, Any] = {key: value for key, value in HEADS.items() if key != "retrieved"}
DECODER: Mapping[str, Any] = {key: value for key, value in RETRIEVAL.items() if key != "samples"}
EVERYTHING: Mapping[str, Any] = {}


def missing() -> str | None:
    """Why nothing pretrained can be used; None where it can."""
    from eqdisc.proposers.snip import Snip

    try:
        Snip().check()
    except WeightsError as error:
        return str(error)
    return None


def unload() -> None:
    """Forget weights and bank, so that the next search reads them."""
    if "eqdisc.proposers.snip.knowledge" in sys.modules:
        sys.modules["eqdisc.proposers.snip.knowledge"].forget()


def _with_snip(names: tuple[str, ...], settings: Mapping[str, Any]) -> "tuple[Proposer, ...]":
    """Each in its place among the first turns: `snip` after the quick ones, before those that draw by it."""
    from eqdisc.proposers.snip import Snip

    order = [name for name in PROPOSERS if name in (*names, "snip")]
    return tuple(Snip(**settings) if name == "snip" else named_proposer(name) for name in order)


_GP, _ALL = ("gp",), tuple(name for name in DEFAULT_PROPOSERS if name != "snip")
#: The methods that arms add to, by what arms begin with.
BASES: Mapping[str, str] = {"gp": "eqdisc-gp", "all": "eqdisc"}
#: Arms by name: cumulative ones, two placebos, the option of searching the latent space.
ARMS: "Mapping[str, Callable[[], tuple[Proposer, ...]]]" = {
    "gp+bank": partial(_with_snip, _GP, BANK),
    "gp+heads": partial(_with_snip, _GP, HEADS),
    "gp+retrieval": partial(_with_snip, _GP, RETRIEVAL),
    "gp+decoder": partial(_with_snip, _GP, DECODER),
    "gp+residuals": partial(_with_snip, _GP, EVERYTHING),
    "gp+untrained": partial(_with_snip, _GP, {"weights": "random"}),
    "gp+misled": partial(_with_snip, _GP, {"misled": True}),
    "gp+wolves": partial(_with_snip, _GP, {"wolves": True}),
    "all+bank": partial(_with_snip, _ALL, BANK),
    "all+snip": partial(_with_snip, _ALL, EVERYTHING),
}
