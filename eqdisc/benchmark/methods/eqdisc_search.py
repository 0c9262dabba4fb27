"""eqdisc itself: the whole portfolio, or some of its strategies; and surfaces."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from eqdisc.benchmark.method import OPERATORS, Answer, Budget
from eqdisc.benchmark.methods import eqdisc_surfaces
from eqdisc.benchmark.methods.pretrained import ARMS, BASES, missing, unload
from eqdisc.benchmark.methods.withheld import Withheld
from eqdisc.benchmark.task import Form
from eqdisc.data.dataset import Dataset
from eqdisc.data.surfaces import Cloud, JointDataset
from eqdisc.engine.reference import evaluate
from eqdisc.portfolio import DEFAULT_PROPOSERS, named_proposer

if TYPE_CHECKING:
    from eqdisc.search.proposer import Proposer

#: Before and after the search itself: reading the table, error bars of the front.
_AROUND = 0.02
#: Offered wherever the columns have units, the same for every table.
PHYSICAL_CONSTANTS = ("c", "h", "k_B", "G", "e", "epsilon_0", "m_e", "N_A", "R", "g_n")


@dataclass(frozen=True)
class Eqdisc:
    """`discover` with the operators of the comparison; constants of nature are offered where there are units.

    proposer : the strategy to use, or several, as "gp dysymnet"; None for those of the portfolio
    without  : one of `PARTS` that is left out, to see what it earns
    arm      : one of `ARMS`, which hold more and more of what is pretrained
    epochs   : exactly so many instead of looking at the clock, so that a run can be repeated
    operators : what laws may be made of
    """

    proposer: str | None = None
    without: str | None = None
    arm: str | None = None
    epochs: int | None = None
    operators: tuple[str, ...] = OPERATORS

    @property
    def name(self) -> str:
        """`eqdisc`, or `eqdisc-` and the strategies or the arm, or `eqdisc-without-` and the part."""
        if self.without is not None:
            return f"eqdisc-without-{self.without}"
        strategies = self.arm or self.proposer
        return "eqdisc" if strategies is None else f"eqdisc-{strategies.replace(' ', '+')}"

    @property
    def seed_name(self) -> str:
        """Of an arm the search that it adds to, so that arms differ by what they add and not by their luck;
        else its own.

        >>> Eqdisc(arm="gp+bank").seed_name, Eqdisc(arm="all+snip").seed_name, Eqdisc("gp dysymnet").seed_name
        ('eqdisc-gp', 'eqdisc', 'eqdisc-gp+dysymnet')
        """
        return self.name if self.arm is None else BASES[self.arm.partition("+")[0]]

    def available(self) -> str | None:
        """Always; with strategies that are pretrained, where weights and bank can be read."""
        pretrained = self.arm is not None or "snip" in (self.proposer or "")
        return missing() if pretrained else None

    def version(self) -> str:
        """Of eqdisc."""
        from eqdisc.report.citation import version

        return version()

    def warm_up(self) -> None:
        """Compile what the strategies need, on a table without a law; loading weights is left to `solve`."""
        from eqdisc.discovery import discover

        noise = np.random.default_rng(0).normal(size=(40, 2))
        table = Dataset.of(noise[:, :1], noise[:, 1])
        # The network only looks in its first turn; what it fits comes after.
        epochs = 1 if self.arm is None else 2
        discover(table, proposers=self._proposers(), epochs=epochs, observers=())
        unload()

    def solve(self, train: Dataset, budget: Budget, seed: int, validation: Dataset | None) -> Answer:
        """The best law of the front; eqdisc holds out rows of its own, those for validation are not used."""
        from eqdisc.discovery import discover

        found = discover(
            train,
            operators=self.operators,
            time_limit=(1.0 - _AROUND) * budget.seconds,
            epochs=self.epochs,
            seed=seed,
            threads=budget.threads,
            proposers=self._proposers(),
            observers=(),
            physical_constants=PHYSICAL_CONSTANTS if _has_units(train) else (),
        )
        best = found.best
        details = {
            "complexity": best.complexity,
            "found_by": best.found_by,
            "stopped": found.stopped.name.lower(),
            "epochs": found.epochs,
            "evaluations": found.evaluations,
            "seconds": found.seconds,
            "compile_seconds": found.compile_seconds,
            **({"warnings": list(found.warnings)} if found.warnings else {}),
        }
        return Answer(best.expression, partial(evaluate, best.tree), details)

    def with_operators(self, operators: tuple[str, ...]) -> "Eqdisc":
        """The same with other operators."""
        return replace(self, operators=operators)

    def surfaces(self) -> tuple[Form, ...]:
        """All forms; of some of its strategies none: they are about one target."""
        only = (self.proposer, self.without, self.arm)
        return eqdisc_surfaces.FORMS if only == (None, None, None) else ()

    def warm_up_surface(self, form: Form) -> None:
        """Compile what surfaces need."""
        eqdisc_surfaces.warm_up(form)

    def solve_surface(self, form: Form, table: JointDataset | Cloud, budget: Budget, seed: int) -> Answer:
        """The best law of the front of a surface."""
        spare = Budget((1.0 - _AROUND) * budget.seconds, budget.threads)
        return eqdisc_surfaces.solve(form, table, self.operators, spare, seed)

    def _proposers(self) -> "str | tuple[Proposer, ...] | None":
        if self.arm is not None:
            return ARMS[self.arm]()
        return self.proposer if self.without is None else PARTS[self.without]()


def _without_strategy(name: str) -> "tuple[Proposer, ...]":
    return tuple(named_proposer(other) for other in DEFAULT_PROPOSERS if other != name)


def _with_changed(name: str, **changes: object) -> "tuple[Proposer, ...]":
    """All strategies, some settings of one changed."""
    changed: Any = replace(cast(Any, named_proposer(name)), **changes)
    return tuple(changed if other == name else named_proposer(other) for other in DEFAULT_PROPOSERS)


def _withheld(what: Literal["prior", "elites"]) -> "tuple[Proposer, ...]":
    return tuple(Withheld(named_proposer(name), what) for name in DEFAULT_PROPOSERS)


#: What can be left out: a strategy, a part of one, or what strategies tell each other.
PARTS: "Mapping[str, Callable[[], tuple[Proposer, ...]]]" = {
    **{name: partial(_without_strategy, name) for name in DEFAULT_PROPOSERS},
    "rests": partial(_with_changed, "structure", thorough=()),
    "losses": partial(_with_changed, "gp", wide_losses=()),
    "ranks": partial(_with_changed, "gp", wide_losses=("relative", "magnitude", "relative", "absolute")),
    "nesting-rule": partial(_with_changed, "gp", nesting=True),
    "prior": partial(_withheld, "prior"),
    "archive": partial(_withheld, "elites"),
}


def _has_units(table: Dataset) -> bool:
    return any(unit is not None for unit in (*table.feature_units, table.target_unit))
