"""An archive of laws of many kinds, shared by all strategies: MAP-Elites (Mouret and Clune 2015).

A front forgets whatever is beaten. The archive keeps the best law of each of 1440 kinds; every strategy is
shown a few of these, drawn anew, beside the front at each of its turns.
"""

from collections.abc import Collection, Sequence

import numpy as np

from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import code_of
from eqdisc.expr.units import UnitRules
from eqdisc.scoring.candidate import Candidate

#: Bins of the descriptors.
SIZE_STEP, SIZES, CONSTANTS = 4, 9, 5
#: Operators by kind; a law has any of them or not. Sums and products are everywhere and tell nothing.
KINDS: tuple[tuple[str, ...], ...] = (
    ("div", "inv"),
    ("sqrt", "cbrt", "square", "cube", "pow"),
    ("exp", "log", "log10", "sinh", "cosh", "tanh"),
    ("sin", "cos", "tan", "asin", "acos", "atan"),
)
_CODES = tuple(frozenset(map(code_of, kind)) for kind in KINDS)
SHOWN = 8  # elites that a strategy is shown at a turn

Cell = tuple[int, int, int, bool]


class Archive:
    """The law of the smallest loss in every cell of a grid; its content depends on what was added, not when.

    The descriptors and their bins: nodes (1 to 4, 5 to 8, ..., 33 and more), kinds of operators (with and
    without each of `KINDS`), constants (0, 1, 2, 3, 4 and more), and whether the units hold without a
    constant that carries one.

    >>> from eqdisc.expr.parse import parse
    >>> archive = Archive()
    >>> for text, loss in (("2*a", 4.0), ("3*a", 3.0), ("sin(a)", 9.0)):
    ...     law = parse(text, ["a"])
    ...     _ = archive.add(Candidate(law, loss, None, law.size, "example"))
    >>> [str(law.expression) for law in archive.elites]
    ['3*x0', 'sin(x0)']
    """

    def __init__(self, units: UnitRules | None = None) -> None:
        self._bare = None if units is None else UnitRules(units.features, units.target, "dimensionless")
        self._elites: dict[Cell, Candidate] = {}

    def __len__(self) -> int:
        return len(self._elites)

    @property
    def elites(self) -> tuple[Candidate, ...]:
        """The laws, by their cells."""
        return tuple(self._elites[cell] for cell in sorted(self._elites))

    def cell(self, law: Expression) -> Cell:
        """Where a law belongs: bin of its nodes, kinds of its operators as bits, its constants, its units."""
        codes = frozenset(law.codes)
        kinds = sum(1 << bit for bit, kind in enumerate(_CODES) if kind & codes)
        bare = self._bare is None or self._bare.admit(law)
        return (
            min((law.size - 1) // SIZE_STEP, SIZES - 1),
            kinds,
            min(len(law.constants), CONSTANTS - 1),
            bare,
        )

    def add(self, candidate: Candidate) -> bool:
        """Keep the candidate if it is the best of its kind; of equals the smaller one stays."""
        cell = self.cell(candidate.expression)
        elite = self._elites.get(cell)
        if elite is not None and _rank(elite) <= _rank(candidate):
            return False
        self._elites[cell] = candidate
        return True

    def drawn(self, keys: Sequence[int], known: Collection[Candidate] = ()) -> tuple[Candidate, ...]:
        """`SHOWN` elites, or all where there are fewer, drawn alike by the numbers given; none that are
        known."""
        elites = [elite for elite in self.elites if elite not in known]
        if len(elites) <= SHOWN:
            return tuple(elites)
        chosen = np.random.default_rng(np.random.SeedSequence(list(keys))).choice(
            len(elites), SHOWN, replace=False
        )
        return tuple(elites[k] for k in sorted(chosen.tolist()))


def _rank(candidate: Candidate) -> tuple[float, int, tuple[int, ...], tuple[float, ...], str]:
    law = candidate.expression
    return candidate.loss, candidate.complexity, law.codes, law.payload, candidate.found_by
