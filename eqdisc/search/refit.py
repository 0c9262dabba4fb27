"""A large table: some rows are searched, all of them fit and judge.

A search compares thousands of laws, and twenty thousand rows tell these apart as well as a million do; what a
million rows say more is the last digits of constants, whether a law holds everywhere, and whether it is
exact. That is asked at the end, of the few laws on the front, in blocks of rows: memory stays that of the
table.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.data.dataset import Dataset
from eqdisc.data.split import heldout_split
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, VARIABLE
from eqdisc.problem import Problem
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.description import fixed_constants
from eqdisc.scoring.rounding import is_exact
from eqdisc.scoring.scorer import Scorer
from eqdisc.search.choice import choose
from eqdisc.search.engine import SearchResult, StopReason
from eqdisc.search.exactness import drowns_rows
from eqdisc.search.front import ParetoFront
from eqdisc.search.least_squares import Model, Point
from eqdisc.search.optimum import RANK_TOLERANCE

SEARCH_ROWS = 20_000
MAX_STEPS = 4  # from the optimum of the sample to that of the table is a short way
NEGLIGIBLE = 1e-9  # relative fall of the loss that is not worth a step
HALVINGS = 4


def search_rows(dataset: Dataset, seed: int, max_rows: int = SEARCH_ROWS) -> IntArray | None:
    """Numbers of the rows to search, rising, drawn from the seed; None for all, where these are not too many.

    The rows with the smallest and the largest value of every column are among them, so that a law which
    breaks at the edge of the table is noticed early.

    >>> table = Dataset.of(np.arange(100.0)[:, None], np.arange(100.0) ** 2)
    >>> search_rows(table, seed=0) is None, search_rows(table, seed=0, max_rows=5).tolist()[:: 6]
    (True, [0, 99])
    """
    if dataset.n_rows <= max_rows:
        return None
    stream = np.random.default_rng(np.random.SeedSequence([seed, dataset.n_rows, max_rows]))
    drawn = stream.choice(dataset.n_rows, max_rows, replace=False)
    edges = [find(columns, axis=0) for find in (np.argmin, np.argmax) for columns in _columns(dataset)]
    rows: IntArray = np.unique(np.concatenate([drawn, *edges]))
    return rows


def on_all_rows(problem: Problem, dataset: Dataset, rows: IntArray, seed: int) -> Problem:
    """The problem that was searched on some rows of a table, now on all of it.

    The held-out rows stay the same; in the rows to train on their weight is zero, so that no copy of the
    table is needed.
    """
    weights = np.ones(dataset.n_rows) if dataset.weights is None else dataset.weights.copy()
    if problem.heldout is not None:
        weights[rows[heldout_split(rows.size, seed)[1]]] = 0.0
    return replace(problem, dataset=dataset, train=replace(dataset, weights=weights))


def refit(result: SearchResult, problem: Problem, threads: int = 1) -> SearchResult:
    """The result of a search on some rows, fitted and judged anew on all rows of `problem`.

    Constants that are no short numbers move to their optimum; laws that are not finite on every row are left
    out; the choice is made again. Does not depend on the number of threads.
    """
    scorer = Scorer(problem)
    with ThreadPoolExecutor(threads) as pool:
        found = pool.map(lambda law: _refitted(law, scorer), result.front)
        laws = [law for law in found if law is not None]
    front = ParetoFront()
    for law in (*laws, *_mean(scorer)):
        front.add(law)
    if drowns_rows(problem.dataset):  # there an exact law need not have the smallest loss
        exact = [law for law in laws if is_exact(law.expression, problem.dataset)]
        for law in sorted(exact, key=lambda law: law.complexity)[:1]:
            front.crown(law)
    choice = choose(front.candidates, problem)
    stopped = result.stopped
    if stopped is StopReason.EXACT and not choice.exact:
        stopped = StopReason.EXACT_ON_SAMPLE
    return replace(
        result,
        front=front.candidates,
        best=choice.candidate,
        reason=choice.reason,
        stopped=stopped,
        rivals=choice.rivals,
    )


def fit_constants(expression: Expression, dataset: Dataset) -> Expression:
    """The constants that are no short numbers at their optimum on all rows, by Gauss-Newton steps.

    Meant for constants that are near already; memory is that of a block of rows. The expression itself where
    a value is not finite.

    >>> from eqdisc.expr.parse import parse
    >>> x = np.linspace(0, 1, 9)[:, None]
    >>> table = Dataset.of(x, np.exp(0.513 * x[:, 0]))
    >>> [round(v, 12) for v in fit_constants(parse("exp(0.511111111*x)", ["x"]), table).constants.tolist()]
    [0.513]
    """
    free = ~fixed_constants(expression)
    if not free.any():
        return expression
    places = [node for node, code in enumerate(expression.codes) if code == CONSTANT]
    moving = [node for node, is_free in zip(places, free, strict=True) if is_free]
    form = _with_parameters(expression, moving, dataset.n_features)
    model = Model(form, dataset.n_features, len(moving), dataset)
    constants = np.array(expression.constants)
    constants[free] = _optimum(model, constants[free])
    return expression.with_constants(constants)


def _refitted(candidate: Candidate, scorer: Scorer) -> Candidate | None:
    expression, dataset = candidate.expression, scorer.problem.dataset
    if not (drowns_rows(dataset) and is_exact(expression, dataset)):
        expression = fit_constants(expression, scorer.problem.train)
    return scorer.score(expression, candidate.found_by)


def _mean(scorer: Scorer) -> list[Candidate]:
    """The law that there always is."""
    train = scorer.problem.train
    mean = float(np.average(train.target, weights=train.weights))
    law = scorer.score(Expression.constant(mean), "mean")
    return [] if law is None else [law]


def _with_parameters(expression: Expression, places: list[int], first: int) -> Expression:
    """The expression with the constants at these nodes as variables, numbered from `first`."""
    codes, payload = list(expression.codes), list(expression.payload)
    for number, node in enumerate(places):
        codes[node], payload[node] = VARIABLE, float(first + number)
    return Expression(tuple(codes), tuple(payload))


def _optimum(model: Model, start: FloatArray) -> FloatArray:
    here = model.at(start)
    for _ in range(MAX_STEPS):
        step = None if here is None else _step(model, here)
        if here is None or step is None:
            break
        there = _lower(model, here, step)
        if there is None:
            break
        here = there
    return start if here is None else here.parameters


def _step(model: Model, here: Point) -> FloatArray | None:
    """The Gauss-Newton step; None where it promises next to nothing."""
    matrix, right = here.factor[:-1, :-1], here.factor[:-1, -1]
    lengths = np.sqrt(np.sum(matrix**2, axis=0))
    lengths[lengths == 0.0] = 1.0
    scaled = np.linalg.lstsq(matrix / lengths, right, rcond=RANK_TOLERANCE)[0]
    if np.sum((matrix / lengths @ scaled) ** 2) <= NEGLIGIBLE * np.sum(here.factor[:, -1] ** 2):
        return None
    step = np.zeros(scaled.size)
    step[model.order] = scaled / lengths
    return step


def _lower(model: Model, here: Point, step: FloatArray) -> Point | None:
    """The first of step, step/2, step/4, ... that lowers the loss; None where none does."""
    for halving in range(HALVINGS):
        parameters = here.parameters + step / 2**halving
        if np.isfinite(parameters).all():
            there = model.at(parameters)
            if there is not None and there.loss < here.loss:
                return there
    return None


def _columns(dataset: Dataset) -> tuple[FloatArray, FloatArray]:
    return dataset.features, dataset.target[:, None]
