"""Is the answer the truth? Proof by numbers and by SymPy, in words."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.errors import InputError, ParseError, TooDeep
from eqdisc.expr.parse import parse
from eqdisc.metrics.formulas import Formula, read_pair, tidy
from eqdisc.metrics.high_precision import DIGITS, MORE_DIGITS
from eqdisc.metrics.identity import MAX_CONSTANTS, PROVEN_DIGITS, Comparison, Match, Mode, OutOfTime
from eqdisc.metrics.peers import fastsrb_rule, srbench_rule, values
from eqdisc.metrics.points import Domain, checked_domain, draw_points, rows_of
from eqdisc.metrics.worker import Failed, ask

if TYPE_CHECKING:
    import sympy

EQUAL = "equal"
UP_TO_A_CONSTANT = "equal up to a constant"
DATA_PRECISION = "within data precision only"
DIFFERENT = "different"
UNDECIDED = "undecided"

TOLERANCE = 1e-6
PRECISION = 1e-12
_SOLVED = {EQUAL: True, UP_TO_A_CONSTANT: True, DATA_PRECISION: False, DIFFERENT: False, UNDECIDED: None}
_POINTS = 40
_FEWEST = 10  # points below which numbers prove nothing
_TRIES = 60  # draws for each point wanted: laws are undefined in much of some domains
_CLEAR = 4  # points that suffice where the two are plainly apart
_ROWS = 12  # of the data, looked at beside the points drawn
_FAR = 1e-3  # relative
_SYMBOLIC_LIMIT = 3.0  # seconds for SymPy to confirm what the numbers have shown


@dataclass(frozen=True)
class Verdict:
    """What the judge says of an answer.

    verdict : "equal" | "equal up to a constant" | "within data precision only" | "different" | "undecided"
    solved  : True for the first two, False for the next two, None for "undecided"
    reason  : the verdict in a sentence
    proofs  : what proves it: "numeric", "symbolic" or both; empty where it is not solved
    moved   : largest relative move of a constant that makes the two the same function; None if none does
    srbench : what SRBench's own rule says; None where it came to no end
    fastsrb : what FastSRB's rule says; None where it came to no end
    """

    verdict: str
    reason: str
    proofs: tuple[str, ...] = ()
    moved: float | None = None
    srbench: bool | None = None
    fastsrb: bool | None = None

    @property
    def solved(self) -> bool | None:
        """Whether the answer is the truth up to an additive or a non-zero multiplicative constant."""
        return _SOLVED[self.verdict]


def check_solution(
    answer: "str | sympy.Basic",
    truth: "str | sympy.Basic",
    *,
    names: Sequence[str] | None = None,
    domain: Domain | None = None,
    data: FloatArray | None = None,
    accepted: Sequence[str] = (),
    tolerance: float = TOLERANCE,
    precision: float = PRECISION,
    time_limit: float = 20.0,
    seed: int = 0,
    peers: bool = True,
) -> Verdict:
    """Whether an answer is the truth, and what the rules of SRBench and FastSRB say beside it.

    answer, truth : text of our language or of SymPy (no text is run as Python), or SymPy objects
    names     : of the features; those in the two formulas if None (E and e only if they have a domain)
    domain    : name -> (low, high), where the inputs were sampled. Inputs without one are taken to be
                positive: of order 1, and of the orders of magnitude of extreme constants.
    data      : (n, k) rows of inputs, in the order of `names`, looked at as well
    accepted  : further forms that FastSRB's rule accepts
    tolerance : relative; constants this close are the same. Constants fitted to doubles come out to 1e-7 or
                better, those of methods in single precision to 1e-6, while different values of one physical
                constant (rounded to four digits or not) are 1e-5 apart.
    precision : relative; values this close cannot be told apart in the data
    time_limit : seconds for everything; what is not decided by then is "undecided"

    Values are real numbers: where the answer is NaN and the truth is not, they differ. An answer that agrees
    with the truth only to within the precision of data, because a term is too small to be seen in the
    domain, is "within data precision only". ParseError for what cannot be read, InputError for names that
    have nothing in common or a domain of other names.

    >>> check_solution("0.4999999999*m*v**2 + 1", "m*v**2/2", peers=False).verdict
    'equal up to a constant'
    >>> check_solution("m*v**3/2", "m*v**2/2", peers=False).verdict
    'different'
    """
    deadline = time.monotonic() + time_limit
    try:
        given, true = read_pair(answer, truth, names, domain or ())
    except TooDeep as error:
        return Verdict(UNDECIDED, str(error))
    if not tidy(true.tree).features:  # a constant in disguise, as 0*x
        true = replace(true, tree=tidy(true.tree))
    limits = checked_domain(domain, true.names)
    rows = _checked_data(data, true.names)
    for digits in (DIGITS, MORE_DIGITS):
        comparison = Comparison(given.tree, true.tree, tolerance, deadline, digits)
        verdict = _judged(comparison, given, true, limits, rows, precision, np.random.default_rng(seed))
        if verdict.solved is not None or not comparison.imprecise:
            break
    positive = all(low >= 0.0 for low, _ in limits.values())
    verdict = _with_symbolic_proof(verdict, given, true, positive, deadline)
    if not peers:
        return verdict
    table = values(given, true, limits, rows, np.random.default_rng(seed))
    return replace(
        verdict,
        srbench=srbench_rule(given, true, table, deadline),
        fastsrb=fastsrb_rule(given, true, table, accepted, deadline),
    )


def _checked_data(data: FloatArray | None, names: Sequence[str]) -> FloatArray:
    if data is None:
        return np.empty((0, len(names)))
    rows = np.asarray(data, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != len(names):
        raise InputError(f"the data have shape {rows.shape}; wanted (rows, {len(names)}): {', '.join(names)}")
    return rows


# ---------------------------------------------------------------- by numbers


def _judged(
    comparison: Comparison,
    given: Formula,
    true: Formula,
    domain: Domain,
    rows: FloatArray,
    precision: float,
    rng: np.random.Generator,
) -> Verdict:
    constant = not true.tree.features
    if constant and not np.isfinite(evaluate(true.tree, np.zeros((1, 1)))).all():
        return Verdict(UNDECIDED, "the truth is a number that has no finite value")
    if given.tree == true.tree:
        return Verdict(EQUAL, "the answer is the truth as it is written", ("numeric",), 0.0)
    if constant:
        comparison.possible &= {Mode.EQUAL}  # any two constants differ by a constant
    try:
        _look(comparison, true, domain, rows, rng, precision)
        found = len(comparison.points) + len(comparison.nowhere)
        if found < (1 if constant else _FEWEST if comparison.possible else _CLEAR):
            if not found and _apart_in_doubles(comparison.beyond, given, true):
                return Verdict(DIFFERENT, "the answer leaves the range of numbers, and the truth does not")
            return Verdict(UNDECIDED, f"only at {found} of the points tried the truth has a value")
        match = comparison.match() or _match_of_forms(comparison, given)
    except OutOfTime:
        return Verdict(UNDECIDED, "the time limit was reached before the two could be compared")
    except RecursionError:
        return Verdict(UNDECIDED, "the answer is nested too deep to be evaluated")
    if match is None and comparison.possible and comparison.many_constants:
        return Verdict(
            UNDECIDED,
            f"the two differ by up to {comparison.worst_difference():.1g} times the value, and there are too "
            "many constants to tell whether these make it",
        )
    if match is not None:
        return _agreeing(match, comparison, true, domain)
    return _disagreeing(comparison, precision)


def _apart_in_doubles(points: Sequence[Sequence[float]], given: Formula, true: Formula) -> bool:
    """Whether double precision, all that can be asked where numbers are too large, shows them far apart."""
    if len(points) < _FEWEST:
        return False
    rows = np.array(points)
    wanted, values = evaluate(true.tree, rows), evaluate(given.tree, rows)
    return bool(np.isfinite(values).all()) and not np.isclose(values, wanted, rtol=_FAR, atol=0.0).any()


def _match_of_forms(comparison: Comparison, given: Formula) -> Match | None:
    """Where the answer comes as close as its constants can make it, SymPy's forms of it are tried as well."""
    if not comparison.possible or comparison.many_constants:
        return None
    limit = min(comparison.deadline - time.monotonic(), _SYMBOLIC_LIMIT)
    try:
        forms = ask(
            "rewritten",
            limit,
            text=given.sympy_text,
            symbols=given.symbols,
            tolerance=comparison.tolerance,
        )
    except Failed:
        return None
    for form in forms:
        try:
            found = comparison.match_of(parse(form, given.symbols))
        except ParseError:  # a function that the language does not have
            continue
        if found is not None:
            return found
    return None


def _look(
    comparison: Comparison,
    true: Formula,
    domain: Domain,
    rows: FloatArray,
    rng: np.random.Generator,
    precision: float,
) -> None:
    """Go to points until there are enough, or until it is clear that the two differ."""
    constants = true.tree.constants.tolist()
    unlimited = any(name not in domain for name in true.used)
    wanted = _POINTS + 2 * min(len(comparison.answer_constants), MAX_CONSTANTS)
    for row in rows_of(rows, _ROWS, rng):
        comparison.add(row)
    for signed in (False, True) if unlimited else (False,):
        draws = draw_points(true.names, domain, constants, rng, signed)
        for _ in range(_TRIES * wanted):
            seen = len(comparison.points) + len(comparison.nowhere)
            apart = comparison.nowhere or comparison.worst_difference() > precision
            clear = apart and not comparison.possible
            if seen >= (_CLEAR if clear else wanted):
                return
            comparison.add(next(draws))


def _agreeing(match: Match, comparison: Comparison, true: Formula, domain: Domain) -> Verdict:
    where = _described_domain(true, domain)
    digits = f"at {len(comparison.points)} points to {PROVEN_DIGITS} digits{where}"
    moved = ""
    if match.moved > 1e-15:
        moved = f", with constants moved by at most {match.moved:.1g} of themselves"
    reason = f"{match.mode.value}: the two agree {digits}{moved}"
    verdict = EQUAL if match.mode is Mode.EQUAL else UP_TO_A_CONSTANT
    return Verdict(verdict, reason, ("numeric",), match.moved)


def _described_domain(true: Formula, domain: Domain) -> str:
    free = [name for name in true.used if name not in domain]
    return f" ({', '.join(free)} positive, for want of a domain)" if free else ""


def _disagreeing(comparison: Comparison, precision: float) -> Verdict:
    if comparison.nowhere:
        if not comparison.points:
            return Verdict(DIFFERENT, "the answer has no real value where the truth has one")
        share = len(comparison.nowhere) / (len(comparison.points) + len(comparison.nowhere))
        return Verdict(
            DIFFERENT, f"the answer has no real value at {share:.0%} of the points where the truth has one"
        )
    worst = comparison.worst_difference()
    if worst <= precision:
        return Verdict(
            DATA_PRECISION,
            f"the two differ by at most {worst:.1g} times the value, which no data of relative precision "
            f"{precision:.1g} show, but they are not the same function",
        )
    if worst <= 1e-5:
        return Verdict(
            DIFFERENT,
            f"the two differ by up to {worst:.1g} times the value, and no move of the constants by "
            f"{comparison.tolerance:.1g} of themselves makes them the same function",
        )
    return Verdict(DIFFERENT, f"the two differ by up to {worst:.2g} times the value")


# ---------------------------------------------------------------- by SymPy


def _with_symbolic_proof(
    verdict: Verdict, given: Formula, true: Formula, positive: bool, deadline: float
) -> Verdict:
    """Let SymPy confirm agreement, or decide what numbers could not."""
    if verdict.solved is False:
        return verdict
    left = deadline - time.monotonic()
    limit = left if verdict.solved is None else min(left, _SYMBOLIC_LIMIT)
    if limit <= 0.0:
        return verdict
    try:
        proven = ask(
            "prove",
            limit,
            answer=given.sympy_text,
            truth=true.sympy_text,
            symbols=true.symbols,
            positive=positive,
        )
    except Failed:
        return verdict
    if proven is None:
        return verdict
    if verdict.solved:
        agrees = (proven == "equal") == (verdict.verdict == EQUAL)
        return replace(verdict, proofs=(*verdict.proofs, "symbolic")) if agrees else verdict
    kind = EQUAL if proven == "equal" else UP_TO_A_CONSTANT
    return Verdict(kind, f"SymPy simplifies the two to the same formula ({proven})", ("symbolic",))
