"""Which strategies there are and in what order they have their first turns."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import NamedTuple

from eqdisc.errors import OptionError
from eqdisc.search.proposer import Proposer


class Entry(NamedTuple):
    """Where a strategy is: its module, the class of its settings, the strategies that it may call itself.

    A strategy with others inside takes quick ones as `inner` and those that take their time as `thorough`; it
    knows none of them by name.
    """

    module: str
    settings: str
    inner: tuple[str, ...] = ()
    thorough: tuple[str, ...] = ()


# Strategies by name, in the order of their first turns: those that need no compilation answer first, then
# those whose turns are short.
PROPOSERS: Mapping[str, Entry] = {
    "closed_form": Entry("eqdisc.proposers.closed_form", "ClosedForm"),
    "structure": Entry("eqdisc.proposers.structure", "Structure", ("closed_form",), ("enumeration", "gp")),
    "enumeration": Entry("eqdisc.proposers.enumeration", "Enumeration"),
    "dysymnet": Entry("eqdisc.proposers.dysymnet", "DySymNet"),
    "gp": Entry("eqdisc.proposers.gp", "GeneticProgramming"),
}
DEFAULT_PROPOSERS = ("closed_form", "structure", "enumeration", "gp")
#: What is changed in strategies inside others: several of them are at work at once.
INSIDE: Mapping[str, Mapping[str, int]] = {"enumeration": {"memory": 128 * 2**20}}


def named_proposer(name: str) -> Proposer:
    """A strategy with its default settings; OptionError, with the names there are, for an unknown name.

    >>> named_proposer("closed_form").name
    'closed_form'
    """
    if name not in PROPOSERS:
        raise OptionError(f"there is no proposer {name!r}; there are {', '.join(PROPOSERS)}")
    entry = PROPOSERS[name]
    settings = getattr(import_module(entry.module), entry.settings)
    parts: dict[str, tuple[Proposer, ...]] = {
        "inner": tuple(map(_inside, entry.inner)),
        "thorough": tuple(map(_inside, entry.thorough)),
    }
    strategy: Proposer = settings(**{part: members for part, members in parts.items() if members})
    return strategy


def _inside(name: str) -> Proposer:
    strategy = named_proposer(name)
    return replace(strategy, **INSIDE[name]) if name in INSIDE else strategy  # type: ignore[type-var]


def portfolio(proposers: str | Sequence[str | Proposer] | None) -> tuple[Proposer, ...]:
    """The strategies asked for, by name ("gp,closed_form") or as objects; all there are for None.

    Objects come first: they are suggestions of the user. Those named follow in the order of `PROPOSERS`.

    >>> [strategy.name for strategy in portfolio("gp closed_form")]
    ['closed_form', 'gp']
    """
    if proposers is None:
        proposers = DEFAULT_PROPOSERS
    elif isinstance(proposers, str):
        proposers = proposers.replace(",", " ").split()
    objects = [strategy for strategy in proposers if not isinstance(strategy, str)]
    names = {strategy for strategy in proposers if isinstance(strategy, str)}
    order = sorted(sorted(names), key=lambda name: [*PROPOSERS, name].index(name))
    return (*objects, *(named_proposer(name) for name in order))
