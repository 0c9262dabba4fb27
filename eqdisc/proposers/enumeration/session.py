"""A run of the enumeration: levels of the table, each judged, and pairs of what is listed, epoch by epoch."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.fit import fit_programs
from eqdisc.engine.programs import Blocks, Programs
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.units import UnitError, propagate
from eqdisc.proposers.enumeration.court import Court, scaled
from eqdisc.proposers.enumeration.dimensions import code_of_dimension
from eqdisc.proposers.enumeration.kernels import WIDTH, WILD
from eqdisc.proposers.enumeration.matching import LOOKUPS, Lookups, Scanner, combination
from eqdisc.proposers.enumeration.polynomials import polynomial_bases, pruned_combination
from eqdisc.proposers.enumeration.scores import judge, judge_beyond
from eqdisc.proposers.enumeration.skeletons import Fitting, one_constant, two_constants
from eqdisc.proposers.enumeration.table import Table, capacity_for
from eqdisc.proposers.enumeration.targets import Aim, aims, input_aims, seconds
from eqdisc.search.proposer import Proposals, State
from eqdisc.search.sample import sample
from eqdisc.search.spelling import allowed_codes

if TYPE_CHECKING:
    from eqdisc.problem import Problem
    from eqdisc.proposers.enumeration.settings import Enumeration
    from eqdisc.scoring.candidate import Candidate

JUDGED = 16384  # vectors at a time
EXACT_KEPT, BEST_KEPT = 4, 2
FIT_ROWS = 256
#: Rows that pairs need: fewer are met by chance.
FEWEST_ROWS = 12
COARSEST = 1e-4  # relative digits of a table beyond which no pair can be told from chance
FINEST = 2e-11
#: Rough nanoseconds: they cut the work into epochs, whatever the machine.
NS_TRIED, NS_JUDGED, NS_LOOKUP, NS_PAIR, NS_FIT = 800, 12, 300, 1, 60_000
NODES_A_NS = 3  # what the genetic programming evaluates meanwhile: work is compared between strategies
#: A table has to have grown by this before its pairs are looked at again.
GROWTH = 3
#: Targets that may be a polynomial and one more term.
BEYOND, EXACT_BEYOND = ("y", "1/y", "y**2", "log(y)"), 1e-12
SUMS, SHAPES = LOOKUPS[:2], LOOKUPS[2:4]
#: First and second parts of the linear conditions while the table grows, and at the end.
EARLY, LATE = (400, 40_000), (3000, 400_000)
#: Entries whose partners are looked for where the target is joined with an input.
FEW = 60_000
_TRANSCENDENTAL = ("log(y)", "exp(y)", "asin(y)", "acos(y)", "atanh(y)", "tan(y)", "sin(y)", "cos(y)")


class EnumerationSession:
    """One run. It needs no randomness beyond its choice of rows and learns nothing from others, so that its
    state is the number of epochs: `restore` works through them again."""

    def __init__(
        self,
        settings: "Enumeration",
        problem: "Problem",
        seed: np.random.SeedSequence,
        threads: int,
    ) -> None:
        self._settings, self._problem, self._threads = settings, problem, max(1, threads)
        train = problem.train
        rows = np.resize(np.random.default_rng(seed).permutation(train.n_rows), WIDTH)
        self._features, self._target = train.features[rows], train.target[rows]
        self._tolerance = _tolerance(train)
        variables = chosen_variables(problem, settings.max_variables)
        units = problem.units
        known = [WILD] * train.n_features
        if units is not None:
            known = [code_of_dimension(unit) for unit in units.features]
        forms, of_forms = usable_forms(problem, self._features)
        self._table = Table(
            problem.operators,
            self._features,
            variables,
            settings.literals,
            capacity_for(settings.memory, self._threads),
            [*known, *of_forms],
            settings.max_cost,
            forms,
        )
        allowed = allowed_codes(problem.operators)
        with np.errstate(all="ignore"):
            self._aims = aims(self._target, variables, self._features, allowed)
            self._seconds = seconds(allowed)
        self._input_aims = input_aims(self._target, variables, self._features, allowed)
        self._court = Court(problem, settings.fits, settings.proposals)
        self._pool = ThreadPoolExecutor(self._threads)
        plain = [aim for aim in self._aims if aim.name in BEYOND]
        self._bases = polynomial_bases(variables, self._features, plain, allowed)
        self._best_beyond = [np.full(len(basis.aims), np.inf) for basis in self._bases]
        self._judged = 0
        self._best_scores = np.full(2 * len(self._aims), np.inf)
        self._evaluations = self._nodes = self._effort = 0
        self._epochs = 0
        self._exhausted = False
        self._program = self._stages()

    # ------------------------------------------------------------ the contract

    def prepare(self) -> float:
        """Compile the kernels; the seconds it took."""
        start = time.perf_counter()
        _compile()
        return time.perf_counter() - start

    def propose(self) -> Proposals:
        """Go on with the next levels and pairs until the epoch's work is done."""
        before = self._evaluations, self._nodes, self._court.looks, self._court.nodes
        self._effort = 0
        with np.errstate(all="ignore"):
            if not self._exhausted:
                self._exhausted = next(self._program, True) is True
            laws = self._court.rule()
        self._epochs += 1
        evaluations = self._evaluations - before[0] + self._court.looks - before[2]
        nodes = self._nodes - before[1] + self._court.nodes - before[3]
        return Proposals(laws, evaluations, max(nodes, NODES_A_NS * self._effort), self._exhausted)

    def observe(self, front: Sequence["Candidate"], elites: Sequence["Candidate"] = ()) -> None:
        """What is listed does not depend on what others find."""

    def state(self) -> State:
        """Epochs done."""
        return {"epochs": self._epochs}

    def restore(self, state: State) -> None:
        """Work through as many epochs again."""
        for _ in range(int(state["epochs"]) - self._epochs):
            self.propose()

    # ------------------------------------------------------------ the stages

    def _stages(self) -> Iterator[None]:
        """All the work in order; a pause wherever an epoch's work is done."""
        table = self._table
        yield from self._judge()
        met = 0
        for cost in range(2, table.max_cost + 1):
            for tried in table.grow(cost, self._pool, self._threads):
                yield from self._spent(tried, tried * WIDTH, tried * NS_TRIED)
                if table.count - self._judged >= 4 * JUDGED:
                    yield from self._judge()
            yield from self._judge()
            if table.count >= max(GROWTH * met, 40) or table.full:
                met = table.count
                yield from self._meet(EARLY)
            if cost == 4:
                yield from self._fit(one_constant(table, self._names(), 24, 8))
                yield from self._fit(two_constants(table, self._names(), 1))
            if table.full:
                break
        if met < table.count:
            yield from self._meet(EARLY)
        yield from self._fit(one_constant(table, self._names()))
        yield from self._meet(LATE)
        yield from self._fit(two_constants(table, self._names()))

    def _names(self) -> frozenset[str]:
        names = set(self._problem.operators.names)
        return frozenset(names | ({"inv"} if "div" in names else set()))

    def _spent(self, evaluations: int, nodes: int, effort: int) -> Iterator[None]:
        self._evaluations += evaluations
        self._nodes += nodes
        self._effort += effort
        if self._effort >= self._settings.epoch_work:
            yield

    def _judge(self) -> Iterator[None]:
        """Compare what is new in the table with every aim: as it is, stretched, shifted."""
        count = len(self._aims)
        values = np.array([aim.values for aim in self._aims])
        centred = values - values.mean(axis=1, keepdims=True)
        centred /= np.sqrt(np.sum(centred**2, axis=1, keepdims=True))
        with np.errstate(all="ignore"):
            inverses = 1.0 / values
        starts = range(self._judged, self._table.count, JUDGED)
        stop = self._table.count
        scores = [np.empty((min(JUDGED, stop - start), 2 * count)) for start in starts]
        running = [
            self._pool.submit(judge, self._table.values[a : a + JUDGED], centred, inverses, found)
            for a, found in zip(starts, scores, strict=True)
        ]
        self._judged = stop
        for start, done, found in zip(starts, running, scores, strict=True):
            done.result()
            self._hear_best(start, found)
            new = len(found)
            yield from self._spent(0, new * count * WIDTH, new * count * NS_JUDGED)
            self._judge_beyond(start, start + new)
            spent = new * sum(len(basis.rows) + len(basis.aims) for basis in self._bases)
            yield from self._spent(0, spent * WIDTH, spent * NS_JUDGED // 4)

    def _judge_beyond(self, start: int, stop: int) -> None:
        """Look for one more term beside a polynomial."""
        values = self._table.values[start:stop]
        scores = [np.empty((stop - start, len(basis.aims))) for basis in self._bases]
        running = [
            self._pool.submit(judge_beyond, values, basis.rows, basis.rests, found)
            for basis, found in zip(self._bases, scores, strict=True)
        ]
        for done, basis, found, least in zip(running, self._bases, scores, self._best_beyond, strict=True):
            done.result()
            found[~np.isfinite(found)] = np.inf
            for k, aim in enumerate(basis.aims):
                best = int(np.argmin(found[:, k]))
                chosen = [best] if found[best, k] < (1.0 - 1e-3) * least[k] else []
                chosen += np.flatnonzero(found[:, k] <= EXACT_BEYOND)[:BEST_KEPT].tolist()
                least[k] = min(least[k], found[best, k])
                for n in dict.fromkeys(chosen):
                    term, z = self._table.expression(start + n), values[n]
                    law = pruned_combination(aim.values, [z, *basis.columns], [term, *basis.terms])
                    if law is not None:
                        self._court.hear(aim.back(law))

    def _hear_best(self, start: int, scores: FloatArray) -> None:
        """Leads: for every aim the first that fit it exactly, and the nearest if nearer than any before."""
        count = len(self._aims)
        exact = max(1e-13, (10.0 * self._tolerance) ** 2)
        scores = np.where(np.isfinite(scores), scores, np.inf)
        for column in range(2 * count):
            found = scores[:, column]
            near = np.argpartition(found, min(BEST_KEPT, len(found) - 1))[:BEST_KEPT]
            chosen = [int(n) for n in near if found[n] < (1.0 - 1e-3) * self._best_scores[column]]
            chosen += [int(n) for n in np.flatnonzero(found <= exact)[:EXACT_KEPT]]
            for n in dict.fromkeys(chosen):
                self._hear(self._aims[column % count], start + n, relative=column >= count)
            self._best_scores[column] = min(self._best_scores[column], float(found.min()))

    def _hear(self, aim: Aim, place: int, relative: bool) -> None:
        """f, a*f or a*f + b for an aim, whichever the court finds worth it."""
        f, z = self._table.expression(place), self._table.values[place]
        slope = float(np.mean(aim.values / z)) if np.all(z != 0.0) else float("nan")
        self._court.hear(aim.back(f))
        if np.isfinite(slope) and slope != 0.0:
            self._court.hear(aim.back(scaled(slope, f)))
        if relative:
            law = combination(aim.values, [z], [f], True)
        else:
            a, b = (float(c) for c in np.polyfit(z, aim.values, 1))
            law = scaled(a, f, b) if np.isfinite([a, b]).all() and a != 0.0 else None
        if law is not None:
            self._court.hear(aim.back(law))

    def _meet(self, sizes: tuple[int, int]) -> Iterator[None]:
        """Pairs of what is in the table that make the target."""
        if self._tolerance > COARSEST or self._problem.train.n_rows < FEWEST_ROWS:
            return
        lookups = Lookups(self._table, self._tolerance)
        for aim in self._aims:
            for kind, shape in self._kinds(aim):
                hits, asked = lookups.hits(aim, kind, shape, self._pool, self._threads)
                for hit in hits:
                    self._court.hear(hit.law)
                yield from self._spent(asked, asked * WIDTH, asked * NS_LOOKUP)
        for aim in self._input_aims:
            for kind, shape in SUMS:
                hits, asked = lookups.hits(aim, kind, shape, self._pool, self._threads, FEW)
                for hit in hits:
                    self._court.hear(hit.law)
                yield from self._spent(asked, asked * WIDTH, asked * NS_LOOKUP)
        scanner = Scanner(self._table, *sizes, self._target, self._tolerance)
        near = [aim for aim in self._aims if aim.extra < 2 or aim.name == "1/y"]
        for one in scanner.scans(near, self._seconds):
            hits, pairs = scanner.hits(one, self._pool, self._threads)
            for hit in hits:
                self._court.hear(hit.law)
            yield from self._spent(pairs, 3 * pairs, pairs * NS_PAIR)

    def _kinds(self, aim: Aim) -> tuple[tuple[int, bool], ...]:
        """What is looked up for an aim: products of powers of the target give nothing new."""
        if aim.name == "y":
            return LOOKUPS
        if aim.by_input or aim.name in _TRANSCENDENTAL:
            return SUMS + SHAPES
        return SUMS

    def _fit(self, source: Iterator[Expression]) -> Iterator[None]:
        """Skeletons with constants inside."""
        rows = sample(self._problem.train, FIT_ROWS)
        size = -(-rows.n_rows // 64) * 64
        blocks = Blocks.of(rows.features, rows.target, rows.weights, block=size)
        fitting = Fitting(source, rows.features, blocks, self._problem.max_size)
        while True:
            fits, nodes = fitting.fits, fitting.nodes
            laws = fitting.batch()
            if laws is None:
                return
            for law in laws:
                self._court.hear(law)
            fits = fitting.fits - fits
            yield from self._spent(fits, fitting.nodes - nodes, fits * NS_FIT)


@lru_cache
def _compile() -> None:
    """Use every kernel once, on next to nothing."""
    x = np.linspace(1.0, 2.0, WIDTH)[:, None]
    table = Table(OperatorSet.parse("+ - * / exp"), x, (0,), (1.0,), 99, [WILD], 3)
    y = np.sin(9.0 * x[:, 0])
    with ThreadPoolExecutor(1) as pool:
        for _ in table.grow(3, pool, 1):
            pass
        judge(table.values, y[None, :], y[None, :], np.empty((table.count, 2)))
        judge_beyond(table.values, y[None, :], y[None, :], np.empty((table.count, 1)))
        aim = Aim("y", y, lambda e: e, 0)
        Lookups(table, FINEST).hits(aim, 0, False, pool, 1)
        scanner = Scanner(table, 9, 9, y, FINEST)
        scanner.hits(next(scanner.scans([aim], ())), pool, 1)
    law = Expression.apply("exp", Expression.constant(0.5) * Expression.variable(0))
    fit_programs(Programs.pack([law]), Blocks.of(x, y, block=64), max_attempts=1)


def chosen_variables(problem: "Problem", most: int) -> list[int]:
    """The inputs that take part: those required, then by relevance, without those that show no influence; in
    rising order.

    >>> from eqdisc.problem import Problem
    >>> table = Dataset.of(np.arange(12.0).reshape(4, 3) ** 2, np.arange(4.0))
    >>> problem = Problem.of(table, OperatorSet.of("add"), max_size=9, seed=0, required=[2])
    >>> chosen_variables(problem, 2)
    [0, 2]
    """
    relevance = problem.prior.relevance or (1.0,) * problem.train.n_features
    order = sorted(range(len(relevance)), key=lambda j: (j not in problem.required, -relevance[j], j))
    known = problem.prior.irrelevance
    idle = {*(known.sure_dummies if known is not None else ()), *(j for j in order if relevance[j] == 0.0)}
    idle.difference_update(problem.required)
    return sorted([j for j in order if j not in idle][: max(most, 1)])


def usable_forms(problem: "Problem", features: FloatArray) -> tuple[list[Expression], list[int]]:
    """Building blocks that are finite on the rows and whose units hold, and the codes of their dimensions."""
    forms: list[Expression] = []
    codes: list[int] = []
    for form in problem.prior.forms:
        code = WILD
        if problem.units is not None:
            try:
                code = code_of_dimension(propagate(form, problem.units.features, problem.units.constants))
            except UnitError:
                continue
        if np.isfinite(evaluate(form, features)).all():
            forms.append(form)
            codes.append(code)
    return forms, codes


def _tolerance(train: Dataset) -> float:
    """Relative difference that the digits of the table may make."""
    with np.errstate(all="ignore"):
        parts = [np.median(train.target_resolution / np.abs(train.target))]
        for column, digits in zip(train.features.T, train.feature_resolution, strict=True):
            parts.append(np.median(digits / np.abs(column)))
    total = float(np.sum([part for part in parts if np.isfinite(part)]))
    return max(FINEST, 10.0 * total)
