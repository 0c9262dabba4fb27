"""The laws found so far for a cloud: judged, the best of them known."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.simplify import simplify
from eqdisc.scoring.complexity import complexity
from eqdisc.scoring.description import fixed_constants, nice_numbers, structure_bits
from eqdisc.surfaces.implicit.cloud import Cloud, Fit, fit_of
from eqdisc.surfaces.implicit.writing import joined_powers
from eqdisc.surfaces.law import SurfaceFront, SurfaceLaw

LEAST_DISTANCE = 1e-12
ROUND_BITS_LIMIT = 40.0


@dataclass(frozen=True)
class Found:
    """One F, how it holds and how it was found."""

    expression: Expression
    fit: Fit
    origin: str
    bits: float


@dataclass
class Finder:
    """What has been found of a cloud; one mutable run.

    operators : that laws may be made of, None for any
    deadline  : in seconds of `time.monotonic`
    aside     : laws that are the best only where there is no other
    """

    cloud: Cloud
    deadline: float
    max_size: int
    operators: OperatorSet | None = None
    found: dict[Expression, Found] = field(default_factory=dict)
    aside: set[Expression] = field(default_factory=set)
    nearest: float = np.inf

    @property
    def seconds_left(self) -> float:
        """Until the deadline."""
        return self.deadline - time.monotonic()

    @contextmanager
    def share(self, part: float) -> Iterator[None]:
        """A part of the time left, for what is done inside."""
        whole = self.deadline
        self.deadline = whole - (1.0 - part) * max(self.seconds_left, 0.0)
        try:
            yield
        finally:
            self.deadline = whole

    @property
    def exact(self) -> bool:
        """Whether a law at the rounding floor is among them."""
        return any(law.fit.exact for law in self.found.values())

    @property
    def best(self) -> Found | None:
        """The exact law that is shortest; the shortest description of the rows where none is exact: of laws
        no larger than asked for, where there are some, and not put aside."""
        laws = list(self.found.values())
        exact = [law for law in laws if law.fit.exact]
        if exact:
            return min(exact, key=lambda law: (complexity(law.expression), law.fit.rms))

        def rank(law: Found) -> tuple[bool, bool, float, int]:
            size = complexity(law.expression)
            return law.expression in self.aside, size > self.max_size, law.bits, size

        return min(laws, key=rank, default=None)

    def add(self, expression: Expression, origin: str) -> Found | None:
        """Judge an F and keep it if it tells its points from others; None otherwise."""
        expression = positive(expression)
        if expression in self.found:
            return self.found[expression]
        if not expression.features or not self.allows(expression):
            return None
        fit = fit_of(expression, self.cloud)
        if np.isfinite(fit.held) and fit.off > 0.0:
            self.nearest = min(self.nearest, fit.held / fit.off)
        if not np.isfinite(fit.rms) or not fit.is_margin_wide:
            return None
        law = Found(expression, fit, origin, self._bits(expression, fit))
        self.found[expression] = law
        return law

    def allows(self, expression: Expression) -> bool:
        """Whether an F is made of the operators allowed; powers are products."""
        if self.operators is None:
            return True
        names = set(self.operators.names)
        from eqdisc.expr.operators import CONSTANT, VARIABLE, row_of

        if "mul" in names:
            names |= {"square", "cube", "pow"} if self._whole_powers(expression) else {"square", "cube"}
        if "add" in names or "sub" in names:
            names |= {"add", "sub", "neg"}
        used = {row_of(code).name for code in expression.codes if code not in (VARIABLE, CONSTANT)}
        return used <= names

    @staticmethod
    def _whole_powers(expression: Expression) -> bool:
        from eqdisc.expr.operators import POW

        places = [i for i, code in enumerate(expression.codes) if code == POW]
        exponents = [expression.subtree(i).children[1] for i in places]
        return all(
            len(e.codes) == 1 and e.constants.size == 1 and float(e.payload[0]).is_integer()
            for e in exponents
        )

    def front(self, notes: tuple[str, ...], warnings: tuple[str, ...]) -> SurfaceFront | None:
        """The laws that no other beats in both complexity and distance; None where nothing was found."""
        best = self.best
        if best is None:
            return None
        ordered = sorted(self.found.values(), key=lambda law: (complexity(law.expression), law.fit.rms))
        kept: list[Found] = []
        for law in ordered:
            reached = min((max(other.fit.rms, LEAST_DISTANCE) for other in kept), default=np.inf)
            is_beaten = any(other.fit.exact for other in kept) or max(law.fit.rms, LEAST_DISTANCE) >= reached
            if law is best or not is_beaten:
                kept.append(law)
        return SurfaceFront(tuple(map(self._law, kept)), kept.index(best), notes, warnings)

    def _law(self, law: Found) -> SurfaceLaw:
        joined = joined_powers(law.expression)  # as many nodes, the same values up to rounding
        return SurfaceLaw(
            form="implicit",
            expressions=(joined if self.allows(joined) else law.expression,),
            variables=self.cloud.names,
            targets=(),
            distance=law.fit.rms,
            complexity=complexity(law.expression),
            exact=law.fit.exact,
            origin=law.origin,
        )

    def _bits(self, expression: Expression, fit: Fit) -> float:
        """Description length: nodes, constants and what is missed on the rows held out."""
        n = self.cloud.points.shape[0]
        missed = max(0.5 * (fit.rms**2 + fit.held**2), 1e-24)
        real = 2.0 + 0.5 * np.log2(n) + 5.0
        constants = 0.0
        for value, fixed in zip(expression.constants.tolist(), fixed_constants(expression), strict=True):
            near = nice_numbers(value, 1e-12 * abs(value)) if fixed else ()
            constants += min([real, *(nice.bits for nice in near)])
        return float(0.5 * n * np.log2(missed) + structure_bits(expression) + constants)


def positive(expression: Expression) -> Expression:
    """F without what does not change F = 0: a common sign, a common factor that is a number."""
    from eqdisc.expr.operators import CONSTANT, DIV, MUL, NEG

    while expression.arity_root:
        children = expression.children
        if expression.root == NEG:
            expression = children[0]
        elif expression.root == MUL and children[0].root == CONSTANT and children[0].payload[0] != 0.0:
            expression = children[1]
        elif expression.root in (MUL, DIV) and children[1].root == CONSTANT and children[1].payload[0] != 0.0:
            expression = children[0]
        else:
            return expression
    return expression


def shorter(expression: Expression, cloud: Cloud) -> Expression:
    """Simplified, where that is shorter and holds as well."""
    other = simplify(expression)
    if other.size >= expression.size:
        return expression
    one, two = fit_of(expression, cloud), fit_of(other, cloud)
    return other if two.rms <= max(1.001 * one.rms, 1e-12) else expression
