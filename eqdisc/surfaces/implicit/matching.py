"""Laws f = a*g + b between any two small expressions, met in the middle: listed once, compared on the points.

Clean points: columns that are the same but for a slope and an intercept, found by sorting, among 10^10 pairs.
Noisy points: all pairs of the smaller expressions, the nearest looked at closely.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.proposers.enumeration.kernels import WIDTH, WILD
from eqdisc.proposers.enumeration.table import Table
from eqdisc.surfaces.implicit.cloud import Cloud
from eqdisc.surfaces.implicit.columns import (
    Columns,
    Court,
    Probes,
    difference,
    distances,
    dominated,
    standardised,
)
from eqdisc.surfaces.implicit.dependency import ONE
from eqdisc.surfaces.implicit.finder import Finder
from eqdisc.surfaces.implicit.library import Terms
from eqdisc.surfaces.implicit.sums import LARGEST, add_sum

MOST_LISTED = 120_000
MOST_COST = 12
LITERALS = (1.0, 2.0)
HALF = WIDTH // 2
ASIDE = 0.02  # of the diagonal: so far off the surface what is true only there is not
SURE = 1e-8  # of a column: two so near are the same
DIGITS = 30.0  # times the last digit given
COARSEST = 1e-4  # beyond, no two can be told from chance
CLEAR = 1e3  # times as far apart beside the surface as on it
GRAIN = 1e9  # of unit columns, when copies are sought
NEIGHBOURS = 24
COMPARED, ROWS, BLOCK, STEP = 3000, 256, 256, 1e-4
SHORTLIST, TRIALS = 60, 5
NODE = 0.05  # of the logarithm of a distance

Pair = tuple[int, int]  # places of f and g; -1 for none


def expressions_by_cost(finder: Finder, most: int = MOST_LISTED) -> Table:
    """The small expressions of the coordinates, distinct near the surface, as many as there is time for."""
    cloud = finder.cloud
    probes = Probes.of(cloud, HALF, ASIDE, seed=3)
    rows = np.resize(probes.points, (HALF, cloud.dimension)), np.resize(probes.moved, (HALF, cloud.dimension))
    table = Table(
        finder.operators or OperatorSet.default(),
        np.concatenate(rows),
        range(cloud.dimension),
        LITERALS,
        most,
        [WILD] * cloud.dimension,
        MOST_COST,
    )
    with ThreadPoolExecutor(1) as pool, np.errstate(all="ignore"):
        for cost in range(2, MOST_COST + 1):
            for _ in table.grow(cost, pool, 1):
                if table.full or finder.seconds_left <= 0.0:
                    return table
    return table


def match(finder: Finder) -> None:
    """Keep the laws f = a*g + b, or f = b, between small expressions."""
    table = expressions_by_cost(finder)
    for f, g in coincidences(table, _tolerance(finder.cloud))[:TRIALS]:
        if finder.seconds_left <= 0.0:
            return
        add_pair(finder, [table.expression(place) for place in (f, g) if place >= 0], "columns alike")
    if finder.exact or finder.seconds_left <= 0.0:
        return
    columns = Columns.of(distinct(table, COMPARED), Probes.of(finder.cloud, ROWS, STEP, seed=4))
    pairs = nearest(columns, finder)
    laws = [
        columns.expressions[f] - float(columns.lines[f, 0]) if g < 0 else difference(columns, f, columns, g)
        for f, g in pairs
    ]
    score = np.log(Court.of(finder.cloud, ROWS, ROWS, seed=4).losses(laws) + 1e-12)
    score += NODE * np.array([len(law) for law in laws])
    for place in np.argsort(score, kind="stable")[:TRIALS]:
        if finder.exact or finder.seconds_left <= 0.0 or not np.isfinite(score[place]):
            return
        members = [columns.expressions[k] for k in pairs[place] if k >= 0]
        add_pair(finder, members, "columns near each other")


def distinct(table: Table, most: int) -> list[Expression]:
    """The cheapest expressions of a table, none a multiple of another plus a constant."""
    return [table.expression(int(place)) for place in np.flatnonzero(_first_of_copies(table.values))[:most]]


def coincidences(table: Table, tolerance: float) -> list[Pair]:
    """Pairs of entries that are the same on the points but for slope and intercept, and not beside them.

    The cheapest first; a single entry that is constant on the points has no partner. The first half of each
    row of the table is on the points, the second beside them.
    """
    if tolerance > COARSEST:
        return []
    on, beside = table.values[:, :HALF], table.values[:, HALF:]
    with np.errstate(all="ignore"):
        mean, deviation = on.mean(axis=1, keepdims=True), on.std(axis=1, keepdims=True)
        aside = (beside - mean) / deviation
        moved = np.median(np.abs(beside - mean), axis=1)
        constant = (deviation[:, 0] < tolerance * moved) & (moved > SURE * np.abs(mean[:, 0]))
    units, fine = standardised(on)
    fine &= ~constant & ~dominated(units) & _first_of_copies(table.values)
    places = np.flatnonzero(fine)
    directions = np.random.default_rng(5).normal(size=(HALF, 2))
    signs = np.sign(units[places] @ directions[:, 0])[:, None]
    units, aside = units[places] * signs, aside[places] * signs
    order = np.argsort(units @ directions[:, 1], kind="stable")
    units, aside, places = units[order], aside[order], places[order]
    costs = table.seen.costs
    found = [(int(costs[place]), int(place), -1) for place in np.flatnonzero(constant)]
    for shift in range(1, NEIGHBOURS):
        gap = np.max(np.abs(units[shift:] - units[:-shift]), axis=1)
        apart = np.median(np.abs(aside[shift:] - aside[:-shift]), axis=1)
        same = np.flatnonzero((gap < tolerance) & (apart > CLEAR * gap))
        if not same.size:
            break
        for k in same.tolist():
            f, g = sorted((int(places[k]), int(places[k + shift])))
            found.append((int(costs[f] + costs[g]), f, g))
    return [(f, g) for _, f, g in sorted(found)]


def nearest(columns: Columns, finder: Finder) -> list[Pair]:
    """The pairs, and single columns, that come nearest to a law; a node counts a little.

    In units of the reach of their parts: what changes fast is near anything.
    """
    sizes, reach = columns.sizes, np.minimum(columns.reach, 1.0)  # no law is farther than a diagonal
    alone = np.log(reach) + NODE * sizes
    found = [(float(alone[k]), int(k), -1) for k in np.argsort(alone, kind="stable")[:SHORTLIST]]
    for start in range(0, len(columns), BLOCK):
        if finder.seconds_left <= 0.0:
            break
        rows = np.arange(start, min(start + BLOCK, len(columns)))
        below = np.arange(rows[-1] + 1)
        apart = np.log(distances(columns.take(rows), columns.take(below)))
        apart -= np.log(np.minimum(reach[rows, None], reach[below]))
        score = apart + NODE * (sizes[rows, None] + sizes[below])
        score[rows[:, None] <= below] = np.inf
        for place in np.argpartition(score, min(SHORTLIST, score.size - 1), axis=None)[:SHORTLIST]:
            k, j = np.unravel_index(place, score.shape)
            found.append((float(score[k, j]), int(rows[k]), int(j)))
    return [(f, g) for score, f, g in sorted(found) if np.isfinite(score)][: 2 * SHORTLIST]


def add_pair(finder: Finder, members: Sequence[Expression], origin: str) -> None:
    """Keep the sum of some expressions and a constant that the points satisfy best."""
    with np.errstate(all="ignore"):
        values = Terms((*members, ONE)).values(finder.cloud.points)
    if np.abs(values).max() < LARGEST:  # NaN is not
        others = np.linalg.lstsq(values[:, 1:], values[:, 0], rcond=None)[0]
        add_sum(finder, members, np.array([1.0, *(-others)]), origin)


def _first_of_copies(values: FloatArray) -> BoolArray:
    """(m,) which rows are no multiple of an earlier one plus a constant."""
    units, fine = standardised(values)
    prints = np.where(fine[:, None], units, 0.0) @ np.random.default_rng(7).normal(size=(WIDTH, 2)) / WIDTH
    whole = np.round(GRAIN * prints * np.where(prints[:, :1] < 0.0, -1.0, 1.0))
    _, first = np.unique(whole[:, 0] + 1j * whole[:, 1], return_index=True)
    found = np.zeros(len(values), dtype=bool)
    found[first] = True
    return found & fine


def _tolerance(cloud: Cloud) -> float:
    """How far apart columns may be that are the same: the digits of the points allow it."""
    return max(SURE, DIGITS * float(np.max(np.median(cloud.resolution, axis=0) / cloud.half)))
