"""Where leads are tried: written with allowed operators, fitted to all training rows, compared by size."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.canonical import skeleton
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT
from eqdisc.problem import Problem
from eqdisc.search.optimum import optimum
from eqdisc.search.sample import sample
from eqdisc.search.spelling import allowed_codes, respell

LOOK_ROWS = 400
UNITY = 1e-9
SAMPLE_MARGIN = 1.2  # losses on some rows may be that much above those on all
GAIN = 1e-3  # by which a law has to better those no larger than itself


@dataclass
class Court:
    """Leads of an epoch, and what has been proposed before.

    `looks` counts the leads measured, `nodes` the node evaluations spent on them and on fits.
    """

    problem: Problem
    fits: int
    proposals: int
    best: dict[int, float] = field(default_factory=dict)  # loss by size of what was proposed
    looks: int = 0
    nodes: int = 0
    _leads: dict[Expression, Expression] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._allowed = allowed_codes(self.problem.operators)
        self._rows = sample(self.problem.train, LOOK_ROWS)
        self._tried: set[Expression] = set()

    def hear(self, law: Expression) -> None:
        """Take a lead: a law whose constants are near the optimum."""
        spelled = respell(law, self._allowed)
        if spelled is not None and self.problem.admits(spelled):
            key = skeleton(spelled)
            if key not in self._tried:
                self._leads.setdefault(key, spelled)

    def rule(self) -> tuple[Expression, ...]:
        """The laws that better what was proposed before, fitted; the leads are dealt with."""
        measured = [(self._loss(law, self._rows), law, key) for key, law in self._leads.items()]
        self._leads = {}
        chosen = self._chosen([item for item in measured if np.isfinite(item[0])])
        self._tried.update(key for _, _, key in chosen)
        near = self._improving([self._near(law) for _, law, _ in chosen], self._rows)
        # Numbers of the language may be the constants of the law: a + 1 for a + 1.3.
        near += [self._near(law, every=True) for law in near]
        near += [self._near(_stretched(law)) for law in near[-1:]]
        fitted = [self._final(law) for law in self._improving(near, self._rows)]
        front = self._improving(fitted, self.problem.train)[-self.proposals :]
        for law in front:
            self.best[law.size] = min(self._loss(law, self.problem.train), self.best.get(law.size, np.inf))
        return tuple(front)

    def _chosen(
        self, measured: list[tuple[float, Expression, Expression]]
    ) -> list[tuple[float, Expression, Expression]]:
        """The best of each size first, then the best of all."""
        measured.sort(key=lambda item: (item[0], item[1].size))
        first: dict[int, int] = {}
        for place, (_, law, _) in enumerate(measured):
            first.setdefault(law.size, place)
        order = [*sorted(first.values()), *(p for p in range(len(measured)) if p not in first.values())]
        return [measured[place] for place in order[: self.fits]]

    def _near(self, law: Expression, every: bool = False) -> Expression:
        """Fitted to the rows of the first look; whole numbers stay unless `every` constant is to move."""
        if CONSTANT not in law.codes:
            return law
        free = np.array([every or not float(c).is_integer() for c in law.constants])
        self.nodes += 8 * law.size * self._rows.n_rows
        return optimum(law, self._rows, free).expression

    def _final(self, law: Expression) -> Expression:
        """Fitted to all training rows."""
        if CONSTANT not in law.codes:
            return law
        free = np.array([not float(c).is_integer() for c in law.constants])
        self.nodes += 8 * law.size * self.problem.train.n_rows
        return optimum(law, self.problem.train, free).expression

    def _improving(self, laws: Iterable[Expression], rows: Dataset) -> list[Expression]:
        """Laws that better all no larger ones, those proposed before too, on these rows."""
        front: list[Expression] = []
        losses = {law: self._loss(law, rows) for law in laws if self.problem.admits(law)}
        least = np.inf
        for law in sorted(losses, key=lambda law: (law.size, losses[law])):
            known = min((loss for size, loss in self.best.items() if size <= law.size), default=np.inf)
            margin = 1.0 - GAIN if rows is self.problem.train else SAMPLE_MARGIN
            if losses[law] < (1.0 - GAIN) * least and losses[law] < margin * known:
                front.append(law)
                least = losses[law]
        return front

    def _loss(self, law: Expression, rows: Dataset) -> float:
        self.looks += 1
        self.nodes += law.size * rows.n_rows
        with np.errstate(all="ignore"):
            square: FloatArray = (rows.target - evaluate(law, rows.features)) ** 2
            loss = float(np.average(square, weights=rows.weights))
        return loss if np.isfinite(loss) else np.inf


def scaled(slope: float, law: Expression, intercept: float = 0.0) -> Expression:
    """slope * law + intercept, without what is one or zero.

    >>> str(scaled(1.0, Expression.variable(0))), str(scaled(-2.0, Expression.variable(0), 0.5))
    ('x0', '-2*x0 + 0.5')
    """
    if abs(slope + 1.0) < UNITY:
        law = -law
    elif abs(slope - 1.0) >= UNITY:
        law = Expression.constant(slope) * law
    return law if intercept == 0.0 else law + Expression.constant(intercept)


def _stretched(law: Expression) -> Expression:
    """1*law + 0 with both numbers free to move: not whole ones."""
    return (Expression.constant(1.0 + 2.0**-50) * law) + Expression.constant(2.0**-60)
