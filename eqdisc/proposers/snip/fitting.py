"""Skeletons become laws: their constants fitted from several starts, the best at their exact optimum."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.evaluate import predict_programs
from eqdisc.engine.fit import fit_programs
from eqdisc.engine.programs import Blocks, Programs
from eqdisc.engine.reference import evaluate
from eqdisc.expr.canonical import structural_hash
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, OPERATORS, VARIABLE, code_of
from eqdisc.expr.simplify import simplify
from eqdisc.problem import Problem
from eqdisc.proposers.snip.screening import squared_correlations
from eqdisc.search.optimum import optimum
from eqdisc.search.sample import sample
from eqdisc.search.spelling import allowed_codes, respell
from eqdisc.search.starts import Places

ROWS = 256
DRAWN = 8  # starting values that are looked at for each that is followed
ATTEMPTS, MORE_ATTEMPTS = 12, 60
GAIN = 1e-3  # by which a law has to better those no larger than itself
SPELLED = 2  # times the nodes a law may have: larger ones are not looked at
NATS_A_NODE = 2.0
#: Node evaluations of genetic programming, 3.5 in a nanosecond, that take as long as what is around them:
#: of a fit (0.1 ms), of starting values (1.5 ms), of an optimum (5 ms).
FIT_NODES, STARTS_NODES, OPTIMUM_NODES = 400_000, 5_000_000, 18_000_000
ZERO = 1e-9  # of the spread of the target: an intercept below is none


@dataclass(frozen=True)
class Fit:
    """A law with its constants fitted to some rows, and the mean squared error there."""

    law: Expression
    loss: float


class Fitter:
    """The rows that skeletons are fitted to, what was tried and what was proposed.

    spellable : node codes that laws may have before they are written by the operators allowed
    """

    def __init__(self, problem: Problem, starts: int, proposals: int) -> None:
        self._problem = problem
        self._starts = starts
        self._proposals = proposals
        self._allowed = allowed_codes(problem.operators)
        self.spellable = spellable(self._allowed)
        self.rows = sample(problem.train, ROWS)
        self._blocks = self._laid(self.rows.target, centered=True)
        # Where no slope and intercept are solved for, the mean of the target matters.
        self._uncentred = self._laid(self.rows.target, centered=False)
        self.tried: dict[int, None] = {}
        self.best: dict[int, float] = {}  # loss by size of what was proposed
        self._evaluations = self._nodes = 0

    def spent(self) -> tuple[int, int]:
        """Evaluations and node evaluations since this was last asked."""
        spent = self._evaluations, self._nodes
        self._evaluations = self._nodes = 0
        return spent

    def fresh(self, laws: Iterable[Expression]) -> list[Expression]:
        """Those whose skeleton was not tried before and may be written; they count as tried now."""
        found = []
        for law in self.bearable(laws):
            key = structural_hash(law, with_constants=False)
            if key not in self.tried:
                self.tried[key] = None
                if self.spellable.issuperset(law.codes):
                    found.append(law)
        return found

    def bearable(self, laws: Iterable[Expression]) -> list[Expression]:
        """Those that are not far too large and have fewer constants than there are rows."""
        largest, most = SPELLED * self._problem.max_size, self.rows.n_rows - 2
        return [
            law
            for law in laws
            if law.features and law.size <= largest and law.codes.count(CONSTANT) < most
        ]

    def each(self, laws: Sequence[Expression], random: np.random.Generator) -> list[Fit | None]:
        """The fit of each law, whatever was tried before; None for those that cannot be fitted."""
        known = self.bearable(dict.fromkeys(laws))
        found = self._best_by_law(known, random, None)
        fits = {law: found.get(n) for n, law in enumerate(known)}
        return [fits.get(law) for law in laws]

    def joined(self, laws: Sequence[Expression]) -> list[Fit]:
        """Each law fitted from its own constants."""
        fits = self._lined(laws, self._blocks) if laws else []
        return [fit for fit in fits if np.isfinite(fit.loss)]

    def fitted(
        self, laws: Sequence[Expression], random: np.random.Generator, aim: FloatArray | None = None
    ) -> list[Fit]:
        """Each law with a slope and an intercept, the best of several starts, the first of them its own
        constants; those without a finite value on some row left out.

        aim : (n,) what to fit on `rows` instead of the target
        """
        return list(self._best_by_law(laws, random, aim).values())

    def _best_by_law(
        self, laws: Sequence[Expression], random: np.random.Generator, aim: FloatArray | None
    ) -> dict[int, Fit]:
        """The same by place of the law."""
        target = self.rows.target if aim is None else aim
        variants = [(n, v) for n, law in enumerate(laws) for v in self._variants(law, target, random)]
        if not variants:
            return {}
        blocks = self._blocks if aim is None else self._laid(aim, centered=True)
        best: dict[int, Fit] = {}
        for (n, _), fit in zip(variants, self._lined([v for _, v in variants], blocks), strict=True):
            if np.isfinite(fit.loss) and (n not in best or fit.loss < best[n].loss):
                best[n] = fit
        return dict(sorted(best.items()))

    def proposed(self, laws: Sequence[Expression]) -> tuple[Expression, ...]:
        """The laws that better all proposed before that are no larger, at their optimum on all training rows,
        simplest first; at most so many, the best."""
        spelled: dict[Expression, None] = {}
        for near in self._settled(laws) if laws else ():
            law = respell(simplify(near), self._allowed)
            if law is not None and self._problem.admits(law):
                spelled[law] = None
        exact = [self._optimum(law, self._problem.train) for law in spelled]
        front: list[Expression] = []
        for loss, law in sorted(exact, key=lambda found: (found[1].size, found[0])):
            known = min((best for size, best in self.best.items() if size <= law.size), default=np.inf)
            if loss < (1.0 - GAIN) * known:
                self.best[law.size] = loss
                front.append(law)
        return tuple(front[-self._proposals :])

    def chosen(self, fits: Sequence[Fit], most: int) -> list[Expression]:
        """At most so many: half of them the shortest descriptions, half those that no smaller one betters."""
        spread = max((fit.loss for fit in fits), default=1.0) or 1.0
        ranked = sorted(fits, key=lambda fit: (self._score(fit, spread), fit.law.size))
        best: list[Fit] = []
        for fit in sorted(fits, key=lambda fit: (fit.law.size, fit.loss)):
            if not best or fit.loss < best[-1].loss:
                best.append(fit)
        return list(dict.fromkeys(fit.law for fit in (*ranked[: most // 2], *best[-(most // 2) :])))

    def _score(self, fit: Fit, spread: float) -> float:
        rest = np.log(max(fit.loss / spread, 1e-28))
        return float(0.5 * self.rows.n_rows * rest) + NATS_A_NODE * fit.law.size

    def _variants(
        self, law: Expression, target: FloatArray, random: np.random.Generator
    ) -> list[Expression]:
        constants = law.constants
        if not constants.size:
            return [law]
        self._nodes += STARTS_NODES
        formula = _with_parameters(law, self.rows.n_features)
        with np.errstate(all="ignore"):
            places = Places(formula, self.rows.n_features, constants.size, self.rows.features, target)
            drawn = places.draw(random, DRAWN * self._starts)
        drawn = drawn[np.isfinite(drawn).all(axis=1)]
        followed = self._correlating(law, drawn, target)[: self._starts]
        return [law, *(law.with_constants(start) for start in followed)]

    def _correlating(self, law: Expression, drawn: FloatArray, target: FloatArray) -> FloatArray:
        """(s, constants) of a law, those with which it correlates best first, without those of no value."""
        one = Programs.pack([law])
        values = np.tile(one.values, (len(drawn), 1))
        values[:, one.ops == CONSTANT] = drawn
        count = len(drawn)
        offsets = np.arange(count + 1, dtype=np.int64) * law.size
        programs = Programs(np.tile(one.ops, count), np.tile(one.args, count), values.ravel(), offsets)
        self._nodes += values.size * self.rows.n_rows
        with np.errstate(all="ignore"):
            found = predict_programs(programs, self.rows.features)
        share = squared_correlations(found, [target], self.rows.weights)[:, 0]
        order = np.argsort(-share, kind="stable")
        chosen: FloatArray = drawn[order[share[order] > 0.0]]
        return chosen

    def _lined(self, laws: Sequence[Expression], blocks: Blocks) -> list[Fit]:
        """Laws near their optimum, each with a slope and an intercept besides."""
        programs = Programs.pack(laws)
        found = fit_programs(programs, blocks, max_attempts=ATTEMPTS, tolerance=1e-4)
        self._count(programs, ATTEMPTS)
        fitted = Programs(programs.ops, programs.args, found.values, programs.offsets)
        fits = []
        for n, (slope, intercept) in enumerate(found.lines.tolist()):
            finite = np.isfinite([found.losses[n], slope, intercept]).all()
            law = laws[n] if not finite else _scaled(fitted.expression(n), slope, intercept, blocks)
            fits.append(Fit(law, float(found.losses[n]) if finite else np.inf))
        return fits

    def _settled(self, laws: Sequence[Expression]) -> list[Expression]:
        """Laws with all their constants at an optimum on the rows; those without one left out."""
        programs = Programs.pack(laws)
        found = fit_programs(
            programs, self._uncentred, scaling=False, max_attempts=MORE_ATTEMPTS, tolerance=1e-10
        )
        self._count(programs, MORE_ATTEMPTS // 4)  # most end early
        fitted = Programs(programs.ops, programs.args, found.values, programs.offsets)
        return [fitted.expression(n) for n in np.flatnonzero(np.isfinite(found.losses)).tolist()]

    def _laid(self, target: FloatArray, centered: bool) -> Blocks:
        size = -(-self.rows.n_rows // 64) * 64
        return Blocks.of(self.rows.features, target, self.rows.weights, block=size, centered=centered)

    def _count(self, programs: Programs, attempts: int) -> None:
        self._evaluations += len(programs)
        self._nodes += (attempts + 1) * len(programs.ops) * self.rows.n_rows + FIT_NODES * len(programs)

    def _optimum(self, law: Expression, rows: Dataset) -> tuple[float, Expression]:
        """Weighted mean squared error and the law, at its optimum on the rows."""
        self._evaluations += 1
        self._nodes += 8 * law.size * rows.n_rows + OPTIMUM_NODES
        with np.errstate(all="ignore"):
            if CONSTANT in law.codes:
                law = optimum(law, rows).expression
            residuals: FloatArray = rows.target - evaluate(law, rows.features)
            loss = float(np.average(residuals**2, weights=rows.weights))
        return (loss if np.isfinite(loss) else np.inf), law


def _scaled(law: Expression, slope: float, intercept: float, blocks: Blocks) -> Expression:
    """slope * law + intercept beyond the centre of what was fitted, without what is one or zero."""
    spread = float(np.sqrt(blocks.variance / blocks.n_rows))
    intercept += blocks.center
    law = law if slope == 1.0 else Expression.constant(slope) * law
    return law if abs(intercept) <= ZERO * spread else law + Expression.constant(intercept)


def _with_parameters(law: Expression, n_columns: int) -> Expression:
    """The law with its constants as further variables."""
    codes, payload, count = list(law.codes), list(law.payload), 0
    for node, code in enumerate(law.codes):
        if code == CONSTANT:
            codes[node], payload[node] = VARIABLE, float(n_columns + count)
            count += 1
    return Expression(tuple(codes), tuple(payload))


@lru_cache
def spellable(allowed: frozenset[int]) -> frozenset[int]:
    """Node codes of operators that can be written by the allowed ones, whatever they work on; and leaves.

    >>> from eqdisc.expr.operators import ADD, MUL, SQUARE, VARIABLE, SIN
    >>> sorted({SQUARE, SIN} & spellable(frozenset({VARIABLE, ADD, MUL}))) == [SQUARE]
    True
    """
    found = set(allowed)
    for row in OPERATORS:
        operands = [Expression.variable(j) for j in range(row.arity)]
        if respell(Expression.apply(row.name, *operands), allowed) is not None:
            found.add(code_of(row.name))
    return frozenset(found)
