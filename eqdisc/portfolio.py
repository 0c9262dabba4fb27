"""Which strategies there are and in what order they have their first turns."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import NamedTuple

from eqdisc.errors import OptionError, WeightsError
from eqdisc.search.proposer import Pretrained, Proposer


class Entry(NamedTuple):
    """Where a strategy is: its module, the class of its settings, the strategies that it may call itself.

    A strategy with others inside takes quick ones as `inner` and those that take their time as `thorough`; it
    knows none of them by name.
    """

    module: str
    settings: str
    inner: tuple[str, ...] = ()
    thorough: tuple[str, ...] = ()


# Strategies by name, in the order of their first turns: those that need no compilation answer first, then the
# network looks, by whose guesses those after it choose inputs and draw operators.
PROPOSERS: Mapping[str, Entry] = {
    "closed_form": Entry("eqdisc.proposers.closed_form", "ClosedForm"),
    "structure": Entry("eqdisc.proposers.structure", "Structure", ("closed_form",), ("enumeration", "gp")),
    "regimes": Entry(
        "eqdisc.proposers.regimes", "Regimes", ("closed_form",), ("structure", "enumeration", "gp")
    ),
    "snip": Entry("eqdisc.proposers.snip", "Snip"),
    "enumeration": Entry("eqdisc.proposers.enumeration", "Enumeration"),
    "dysymnet": Entry("eqdisc.proposers.dysymnet", "DySymNet"),
    "gp": Entry("eqdisc.proposers.gp", "GeneticProgramming"),
}
DEFAULT_PROPOSERS = ("closed_form", "structure", "regimes", "enumeration", "gp")
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


def usable(strategies: Sequence[Proposer], pretrained: bool) -> tuple[tuple[Proposer, ...], tuple[str, ...]]:
    """The strategies without those whose weights cannot be read, or, unless `pretrained`, without all that
    have any; and a warning for each that was asked for in vain.

    OptionError where all are pretrained and that is not wanted; WeightsError where the only one cannot be
    read.

    >>> usable(portfolio("closed_form"), pretrained=False)[1]
    ()
    """
    kept: list[Proposer] = []
    warnings: list[str] = []
    for strategy in strategies:
        if not isinstance(strategy, Pretrained):
            kept.append(strategy)
        elif pretrained:
            try:
                strategy.check()
            except WeightsError as error:
                if len(strategies) == 1:
                    raise
                warnings.append(f"the search went on without {strategy.name}: {error}")
            else:
                kept.append(strategy)
    if strategies and not kept and not warnings:
        raise OptionError(
            f"{strategies[0].name} is pretrained, and pretrained networks are not to be used; "
            "leave out --no-pretrained, or name another proposer"
        )
    return tuple(kept), tuple(warnings)
