"""Whether two formulas are the same function, constants within a relative tolerance: proof by numbers.

Both are evaluated with 200 digits at random points. Two formulas whose constants are exact agree there to
the last digits or not at all. Constants that were fitted are a little off; then the constants nearby are
looked for at which the two do agree to the last digits (Newton's method, which converges quadratically if
there are any). So a law that merely comes close in the domain is never taken for the truth: no small move of
its constants makes it that.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

import numpy as np

from eqdisc.expr.expression import Expression
from eqdisc.metrics.formulas import tidy
from eqdisc.metrics.high_precision import (
    DIGITS,
    HighPrecision,
    Number,
    movable_constants,
    with_whole_exponents,
)
from eqdisc.metrics.sparse_step import sparse_step

PROVEN_DIGITS = 90  # of 200; the others may be lost to cancellation
EXACT = 10.0**-PROVEN_DIGITS
_SLACK = 4.0  # times the first-order effect of the tolerance: what the second order may add
_STEP = 1e-35  # relative, of the difference quotients that make the Jacobian
_MAX_STEPS = 16
_PROGRESS = 0.1  # share of the residual left by a step of Newton's method that converges
_ATTEMPTS = 3
_SIMPLE_DENOMINATOR = 12
MAX_CONSTANTS = 60  # more are not moved
_ROUGHLY = 1e-3  # relative difference that fitted constants may make at most of the points
_PRECISE = 1e-3  # of what is still exact: the rounding error a value may have
_LARGEST = 1e300  # beyond it, and below its inverse, there are no data in double precision
_SPARE_POINTS = 10  # beyond the number of constants


class Mode(Enum):
    """In what sense an answer may be the truth."""

    EQUAL = "equal"
    OFFSET = "equal up to an additive constant"
    FACTOR = "equal up to a constant factor"


class OutOfTime(Exception):  # noqa: N818  (an outcome, which the judge turns into a verdict)
    """The deadline has passed."""


@dataclass(frozen=True)
class Match:
    """The sense in which two formulas agree, and the largest relative move of a constant that it took."""

    mode: Mode
    moved: float


@dataclass
class Comparison:
    """Two formulas at the points seen so far.

    tolerance : relative, of constants; deadline : of time.monotonic()
    points    : where both have values; wanted, given : values of truth and answer there
    nowhere   : points where the truth has a value and the answer has none
    imprecise : how many points were left out because too many digits cancel there
    possible  : in which senses the two may still agree
    beyond    : points where the truth has a value and numbers too large to be worked with are in the answer
    """

    answer: Expression
    truth: Expression
    tolerance: float
    deadline: float
    digits: int = DIGITS
    points: list[tuple[Number, ...]] = field(default_factory=list)
    wanted: list[Number] = field(default_factory=list)
    given: list[Number] = field(default_factory=list)
    nowhere: list[tuple[Number, ...]] = field(default_factory=list)
    imprecise: int = 0
    possible: set[Mode] = field(default_factory=lambda: set(Mode))
    beyond: list[list[float]] = field(default_factory=list)
    _uncertain: list[Number] = field(default_factory=list)  # how far the tolerance can move the difference

    def __post_init__(self) -> None:
        self.answer, self.truth = with_whole_exponents(self.answer), with_whole_exponents(self.truth)
        self.arithmetic = HighPrecision(self.digits)
        numbers = self.arithmetic.number
        self.answer_constants = [numbers(value) for value in self.answer.constants.tolist()]
        self.many_constants = (
            sum(movable_constants(self.answer) + movable_constants(self.truth)) > MAX_CONSTANTS
        )
        self.truth_constants = [numbers(value) for value in self.truth.constants.tolist()]

    def add(self, point: Sequence[float]) -> bool:
        """Look at one more point; False if the truth has no value there (or none that can be worked with)."""
        self.check_time()
        arithmetic = self.arithmetic
        at = tuple(arithmetic.number(value) for value in point)
        finite = arithmetic.context.isfinite
        moves = not self.many_constants
        wanted, truth_bound = arithmetic.evaluate(self.truth, at, self.truth_constants, sensitive=moves)
        if not finite(wanted) or (self.truth.features and not 1.0 / _LARGEST < abs(wanted) < _LARGEST):
            return False
        given, answer_bound = arithmetic.evaluate(self.answer, at, self.answer_constants, sensitive=moves)
        if arithmetic.context.isnan(given):
            self.nowhere.append(at)
            self.possible.clear()
            return True
        if not finite(given):
            self.beyond.append([float(value) for value in point])
            return False
        if not self._is_precise(at, wanted, given):
            self.imprecise += 1
            return False
        self.points.append(at)
        self.wanted.append(wanted)
        self.given.append(given)
        effect = _SLACK * self.tolerance * (truth_bound + answer_bound)
        if self.many_constants:
            effect = _ROUGHLY * abs(wanted)
        self._uncertain.append(effect + EXACT * (abs(wanted) + abs(given)))
        self.possible = {mode for mode in self.possible if self._may_be(mode)}
        return True

    def _is_precise(self, at: Sequence[Number], wanted: Number, given: Number) -> bool:
        enough = _PRECISE * EXACT * (abs(wanted) or 1)
        rounding_error = self.arithmetic.rounding_error
        return bool(
            rounding_error(self.answer, at, self.answer_constants, given) <= enough
            and rounding_error(self.truth, at, self.truth_constants, wanted) <= enough
        )

    def check_time(self) -> None:
        """Raise OutOfTime after the deadline."""
        if time.monotonic() > self.deadline:
            raise OutOfTime

    def worst_difference(self) -> float:
        """Largest relative difference of the two over the points."""
        worst = 0.0
        for wanted, given in zip(self.wanted, self.given, strict=True):
            difference = abs(given - wanted)
            worst = max(worst, float(difference / (abs(wanted) or 1)))
        return worst

    def _may_be(self, mode: Mode) -> bool:
        """Whether the newest point leaves room for this sense, given how far the constants may move."""
        wanted, given, uncertain = self.wanted, self.given, self._uncertain
        if mode is Mode.EQUAL:
            return bool(abs(wanted[-1] - given[-1]) <= uncertain[-1])
        if mode is Mode.OFFSET:
            difference = (wanted[-1] - given[-1]) - (wanted[0] - given[0])
            return bool(abs(difference) <= uncertain[-1] + uncertain[0])
        # wanted/given alike at both points, written without the quotient
        cross = wanted[-1] * given[0] - wanted[0] * given[-1]
        room = uncertain[-1] * (abs(given[0]) + abs(wanted[0]))
        room += uncertain[0] * (abs(given[-1]) + abs(wanted[-1]))
        return bool(abs(cross) <= room)

    def match(self) -> Match | None:
        """The first sense in which the two are the same function; None if none is.

        First with the answer tidied: with 2 for 1.9999999 there is less to be found. Copies of a part whose
        constants differ by rounding, as in sin(x) + sin(1.0000000000000002*x), make Newton's method crawl.
        """
        if not self.possible:
            return None
        neat, snapped = tidied(self.answer, self.tolerance)
        if neat != self.answer:
            found = self.match_of(neat)
            if found is not None:
                return Match(found.mode, max(found.moved, snapped))
        return self._match()

    def match_of(self, rewritten: Expression) -> Match | None:
        """The same for another form of the answer, which must have nearly its values."""
        other = Comparison(rewritten, self.truth, self.tolerance, self.deadline, self.digits)
        for point in self.points:
            other.add([float(value) for value in point])
        return other._match() if self._is_near(other) else None

    def _is_near(self, other: "Comparison") -> bool:
        """Whether another answer has nearly the values of this one."""
        if len(other.points) < len(self.points):
            return False
        pairs = zip(self.given, other.given, strict=True)
        changes = sorted(abs(new - old) / (abs(old) or 1) for old, new in pairs)
        return bool(changes[len(changes) // 2] <= _ROUGHLY)

    def _match(self) -> Match | None:
        """The constants of the answer are moved; if that does not do, those of the truth as well.

        For 0.333... in the truth may be x/3 in the answer.
        """
        of_answer = [(False, i) for i, free in enumerate(movable_constants(self.answer)) if free]
        of_truth = [(True, i) for i, free in enumerate(movable_constants(self.truth)) if free]
        attempts = [of_answer, of_answer + of_truth] if of_truth else [of_answer]
        if self.many_constants:
            attempts = [[]]
        for mode in Mode:
            if mode in self.possible:
                for movable in attempts:
                    moved = _Family(self, mode, movable).largest_move()
                    if moved is not None:
                        return Match(mode, moved)
        return None


@dataclass(frozen=True)
class _Family:
    """Answer and truth with constants moved by small shares of themselves, and the answer shifted.

    movable : which constants: (whether it is the truth's, its place)
    A shift is added to the answer (OFFSET) or multiplies it (FACTOR).
    """

    seen: Comparison
    mode: Mode
    movable: list[tuple[bool, int]]

    def largest_move(self) -> float | None:
        """Of those that make the two the same function; None if none within the tolerance do.

        Where constants do the same work, as in sqrt(2*x)*sqrt(3*y), moving one for another can lead to a
        point where Newton's method crawls; then the one moved first is held and it is tried again.
        """
        held: set[int] = set()
        if len(self.seen.points) < len(self.movable) + 2:
            return None
        for _ in range(_ATTEMPTS):
            moves, first = self._descend(held)
            if moves is not None or first is None:
                return moves
            held.add(first)
        return None

    def _descend(self, held: set[int]) -> tuple[float | None, int | None]:
        """Largest move of a solution, or None and the constant that was moved most in the first step."""
        at = range(min(len(self.seen.points), len(self.movable) + _SPARE_POINTS))
        shift, moves = self._first_shift(), [self.seen.arithmetic.number(0.0)] * len(self.movable)
        first: int | None = None
        before = self.seen.arithmetic.inf
        for _ in range(_MAX_STEPS):
            residuals = self._residuals(shift, moves, at)
            if residuals is None:
                return None, first
            worst = max(abs(residual) for residual in residuals)
            if worst <= EXACT:
                return self._verified(shift, moves), None
            if worst > _PROGRESS * before:
                return None, first
            before = worst
            columns = self._columns(shift, moves, residuals, at, held)
            if columns is None:
                return None, first
            step = sparse_step(columns, [-residual for residual in residuals], 2.0 * self.seen.tolerance)
            if first is None and any(step[1:]):
                first = max(range(len(moves)), key=lambda i: abs(step[1 + i]))
            shift += step[0]
            moves = [move + change for move, change in zip(moves, step[1:], strict=True)]
            if any(abs(move) > self.seen.tolerance for move in moves):
                return None, first
        return None, first

    def _first_shift(self) -> Number:
        wanted, given = self.seen.wanted[0], self.seen.given[0]
        if self.mode is Mode.OFFSET:
            return wanted - given
        if self.mode is Mode.FACTOR and given:
            return wanted / given
        return self.seen.arithmetic.number(0.0)

    def _residuals(self, shift: Number, moves: Sequence[Number], at: range) -> list[Number] | None:
        """Differences relative to the truth at some of the points; None where there is no value."""
        seen, arithmetic = self.seen, self.seen.arithmetic
        seen.check_time()
        constants = ([*seen.answer_constants], [*seen.truth_constants])
        for (of_truth, index), move in zip(self.movable, moves, strict=True):
            constants[of_truth][index] *= 1 + move
        truth_moves = any(of_truth for of_truth, _ in self.movable)
        found = []
        for j in at:
            given, _ = arithmetic.evaluate(seen.answer, seen.points[j], constants[0])
            wanted = seen.wanted[j]
            if truth_moves:
                wanted, _ = arithmetic.evaluate(seen.truth, seen.points[j], constants[1])
            if self.mode is not Mode.EQUAL:
                given = given + shift if self.mode is Mode.OFFSET else given * shift
            difference = (given - wanted) / (abs(seen.wanted[j]) or 1)
            if not arithmetic.context.isfinite(difference):
                return None
            found.append(difference)
        return found

    def _columns(
        self,
        shift: Number,
        moves: Sequence[Number],
        residuals: Sequence[Number],
        at: range,
        held: set[int],
    ) -> list[list[Number]] | None:
        """Derivatives of the residuals by the shift (first) and by each move; zeros for what is held."""
        none = [self.seen.arithmetic.number(0.0)] * len(residuals)
        columns = [none]
        if self.mode is not Mode.EQUAL:
            if not shift and self.mode is Mode.FACTOR:
                return None
            step = shift * _STEP or self.seen.arithmetic.number(_STEP)
            others = self._residuals(shift + step, moves, at)
            if others is None:
                return None
            columns = [[(b - a) / step for a, b in zip(residuals, others, strict=True)]]
        for i in range(len(moves)):
            if i in held:
                columns.append(none)
                continue
            moved = [*moves]
            moved[i] += _STEP
            others = self._residuals(shift, moved, at)
            if others is None:
                return None
            columns.append([(b - a) / _STEP for a, b in zip(residuals, others, strict=True)])
        return columns

    def _verified(self, shift: Number, moves: Sequence[Number]) -> float | None:
        """Largest move if the two agree at all points, and nearly do without the moves."""
        every = range(len(self.seen.points))
        residuals = self._residuals(shift, moves, every)
        if residuals is None or max(abs(residual) for residual in residuals) > EXACT:
            return None
        unmoved = self._residuals(shift, [0 * move for move in moves], every)
        if unmoved is None or sorted(map(abs, unmoved))[len(unmoved) // 2] > _ROUGHLY:
            return None  # the constants are near those of the truth, the values are not
        return max((float(abs(move)) for move in moves), default=0.0)


def tidied(expression: Expression, tolerance: float) -> tuple[Expression, float]:
    """Simplified, constants that are simple fractions within the tolerance made so; and how far one moved.

    >>> from eqdisc.expr.parse import parse
    >>> tidied(parse("0.99999999*x*1.3/1.3 + 2", ["x"]), 1e-6)
    (<Expression x0 + 2>, 1.0...e-08)
    """
    moved = 0.0
    for _ in range(2):
        constants = expression.constants
        simple = np.array([_simple(value, tolerance) for value in constants.tolist()])
        if simple.size:
            size = np.where(constants == 0.0, 1.0, np.abs(constants))
            moved = max(moved, float(np.max(np.abs(simple - constants) / size)))
        expression = tidy(expression.with_constants(simple))
    return expression, moved


def _simple(value: float, tolerance: float) -> float:
    if abs(value) > 1.0 / tolerance or abs(value) < tolerance:
        return value
    fraction = float(Fraction(value).limit_denominator(_SIMPLE_DENOMINATOR))
    return fraction if abs(fraction - value) <= tolerance * abs(value) else value
