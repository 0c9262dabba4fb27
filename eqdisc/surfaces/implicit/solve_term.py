"""Laws that can be solved for one simple term: z^2 = f(x, y), x*y = g(z), found by the explicit search."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

import numpy as np
from scipy.spatial import cKDTree

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.format import format_expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.search.engine import StopReason
from eqdisc.settings import Settings
from eqdisc.surfaces.implicit.cloud import Cloud
from eqdisc.surfaces.implicit.finder import Finder
from eqdisc.surfaces.implicit.noisy import add_noisy
from eqdisc.surfaces.implicit.writing import power_of
from eqdisc.surfaces.law import InterruptedSearch
from eqdisc.task import SearchTask


class Solve(Protocol):
    """An explicit search: laws of the target of a table, the best first."""

    def __call__(
        self,
        dataset: Dataset,
        language: OperatorSet,
        *,
        time_limit: float,
        seed: int,
        threads: int | None,
        max_size: int,
    ) -> Sequence[Expression]: ...


NEIGHBOURS = 6
MOST_SPREAD = 0.15  # of the variance of a term, left among neighbours: more is no function of the others
LEAST_SECONDS = 1.0
MOST_TERMS = 6
MOST_LAWS = 3
ROWS = 1500
STRATEGIES = ("closed_form", "structure", "enumeration")


@dataclass(frozen=True)
class SolvedTerm:
    """A term that looks like a function of coordinates that it does not contain.

    term : the term; others : places of the coordinates; spread : of its variance left among neighbours
    """

    term: Expression
    others: tuple[int, ...]
    spread: float


def solve_terms(finder: Finder, solve: Solve, seed: int, threads: int | None) -> None:
    """Regress the terms that look like functions of the other coordinates on those, for the time left."""
    cloud = finder.cloud
    language = finder.operators or OperatorSet.default()
    found = solvable(cloud)[:MOST_TERMS]
    rows = np.random.default_rng(seed).permutation(cloud.train)[:ROWS]
    for i, solved in enumerate(found):
        seconds = finder.seconds_left / (len(found) - i)
        if seconds < LEAST_SECONDS or finder.exact:
            return
        table = Dataset.of(
            np.ascontiguousarray(cloud.points[np.ix_(rows, np.array(solved.others))]),
            evaluate(solved.term, cloud.points[rows]),
            names=[f"x{j}" for j in range(len(solved.others))],
        )
        limit = 0.8 * seconds
        interrupted: InterruptedSearch | None = None
        try:
            laws = solve(
                table, language, time_limit=limit, seed=seed, threads=threads, max_size=finder.max_size
            )
        except InterruptedSearch as stop:
            interrupted, laws = stop, stop.laws
        for law in laws:
            mapped = law.remap_features(dict(enumerate(solved.others)))
            text = format_expression(solved.term, cloud.names)
            add_noisy(finder, solved.term - mapped, f"solved for {text}")
        if interrupted is not None:
            raise interrupted


def solvable(cloud: Cloud) -> list[SolvedTerm]:
    """The terms that change little among points whose other coordinates are alike, the steadiest first."""
    found = []
    for term in atoms(cloud):
        others = tuple(j for j in range(cloud.dimension) if j not in term.features)
        with np.errstate(all="ignore"):
            values = evaluate(term, cloud.points)
        if not others or not np.isfinite(values).all() or np.ptp(values) == 0.0:
            continue
        spread = _spread(cloud.unit(cloud.points)[:, others], values)
        if spread < MOST_SPREAD:
            found.append(SolvedTerm(term, others, spread))
    # Of one set of coordinates the simplest term that does well: z before exp(z).
    return sorted(found, key=lambda one: (len(one.term) + 40.0 * one.spread, one.spread))


def atoms(cloud: Cloud) -> list[Expression]:
    """Terms to solve for: coordinates, squares, products, ratios and sums of squares of two."""
    x = [Expression.variable(j) for j in range(cloud.dimension)]
    found = [*x, *(power_of(one, 2) for one in x)]
    for a, b in combinations(x, 2):
        found += [
            a * b,
            a / b,
            a + b,
            a - b,
            power_of(a, 2) + power_of(b, 2),
            power_of(a, 2) - power_of(b, 2),
        ]
    return found


def quick_solve(
    dataset: Dataset,
    language: OperatorSet,
    *,
    time_limit: float,
    seed: int,
    threads: int | None,
    max_size: int,
) -> Sequence[Expression]:
    """The explicit search with its quick strategies: the law chosen, then the most accurate ones."""
    settings = Settings(time_limit=time_limit, seed=seed, threads=threads, max_size=max_size)
    found = SearchTask.of(dataset, settings, language, STRATEGIES).run()
    laws = [found.best.tree, *(law.tree for law in found.front[::-1][:MOST_LAWS])]
    if found.stopped is StopReason.INTERRUPTED:
        raise InterruptedSearch(laws)
    return tuple(dict.fromkeys(laws))


def _spread(coordinates: FloatArray, values: FloatArray) -> float:
    """Variance of values among neighbours over their variance, the trend among neighbours taken out by
    looking at the nearest few only."""
    count = min(NEIGHBOURS, values.size - 1)
    _, near = cKDTree(coordinates).query(coordinates, k=count)
    return float(np.mean(np.var(values[near], axis=1)) / np.var(values))
