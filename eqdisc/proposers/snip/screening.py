"""Skeletons held against a table by brute force: the squared correlation of each with every aim.

Blocks of skeletons are evaluated by the compiled engine on columns laid out in one order; a matrix product
gives their covariances with all aims. Slope and intercept do not matter, so that a skeleton without constants
is found whatever they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.evaluate import predict_programs
from eqdisc.engine.programs import Programs
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import CONSTANT, EXP, INV, SQRT, VARIABLE
from eqdisc.proposers.snip.bank import Bank
from eqdisc.proposers.snip.laying import layings

BLOCK = 1024  # skeletons evaluated together: 1 MiB of values on 128 rows
LEAST_SPREAD = 1e-13  # of the mean square: a variance below is rounding
FLOOR = 1e-15  # of what a correlation leaves: below, laws are alike
NATS_A_NODE = 2.0  # that a node has to gain
#: Nodes that take as long as what is done with the values of a skeleton besides: its correlations, its place
#: among the others. By nodes alone a screen of six inputs was charged a twentieth of its time.
BESIDES = 100


@dataclass(frozen=True)
class Aim:
    """What a skeleton may give up to slope and intercept: values (n,), and the node code of the function that
    leads from there to the target, None for the target itself."""

    values: FloatArray
    undo: int | None = None


@dataclass(frozen=True)
class Hit:
    """A skeleton of the bank on columns of the table, for an aim; the lower the score the better."""

    score: float
    place: int
    columns: tuple[int, ...]
    aim: int = 0


@dataclass(frozen=True)
class Hits:
    """What a screen found, best first, and its work in nodes times rows."""

    found: tuple[Hit, ...]
    evaluations: int
    node_evaluations: int


def aims_of(target: FloatArray, allowed: frozenset[int]) -> tuple[Aim, ...]:
    """The target, and what its logarithm, inverse and square are where a law can undo them.

    >>> [aim.undo == EXP for aim in aims_of(np.array([1.0, 2.0]), frozenset({EXP}))]
    [False, True]
    """
    aims = [Aim(target)]
    with np.errstate(all="ignore"):
        if EXP in allowed and np.all(target > 0.0):
            aims.append(Aim(np.log(target), EXP))
        if INV in allowed and np.all(target != 0.0):
            aims.append(Aim(1.0 / target, INV))
        if SQRT in allowed and np.all(target >= 0.0):
            aims.append(Aim(np.square(target), SQRT))
    return tuple(aim for aim in aims if np.isfinite(aim.values).all() and np.ptp(aim.values) > 0.0)


@dataclass(frozen=True, eq=False)
class Screen:
    """A bank held against the rows of a table.

    rows    : at most a few hundred
    chances : of each column to matter
    orders  : in which the columns are laid, for each number of inputs
    beside  : (n,) a term that the law has besides, with a slope to fit; None for none
    """

    bank: Bank
    rows: Dataset
    chances: tuple[float, ...]
    orders: int
    beside: FloatArray | None = None

    def plain(self, places: IntArray, aims: Sequence[Aim], most: int) -> Hits:
        """The best skeletons without constants, at most so many for each aim."""
        return self._screened(places[self.bank.holes[places] == 0], aims, most, None)

    def drawn(self, places: IntArray, aims: Sequence[Aim], most: int, random: np.random.Generator) -> Hits:
        """The best with constants, which are drawn anew for each order, on columns of size one."""
        return self._screened(places[self.bank.holes[places] > 0], aims, most, random)

    def _screened(
        self, places: IntArray, aims: Sequence[Aim], most: int, random: np.random.Generator | None
    ) -> Hits:
        hits: list[Hit] = []
        evaluations = nodes = 0
        inputs, sizes = self.bank.inputs[places], np.diff(self.bank.programs.offsets)[places]
        with np.errstate(all="ignore"):
            for count in range(1, self.rows.n_features + 1):
                mine = places[inputs == count]
                for columns in layings(self.chances, count, self.orders) if mine.size else ():
                    for start in range(0, mine.size, BLOCK):
                        block = mine[start : start + BLOCK]
                        hits += self._hits(block, columns, aims, most, random)
                    evaluations += mine.size
                    nodes += int(np.sum(sizes[inputs == count] + BESIDES)) * self.rows.n_rows
        return Hits(_best(hits, len(aims), most), evaluations, nodes)

    def _hits(
        self,
        places: IntArray,
        columns: tuple[int, ...],
        aims: Sequence[Aim],
        most: int,
        random: np.random.Generator | None,
    ) -> list[Hit]:
        programs = self.bank.take(places)
        if random is not None:
            programs = self._filled(programs, columns, random)
        values = predict_programs(programs, np.ascontiguousarray(self.rows.features[:, list(columns)]))
        targets = [aim.values for aim in aims]
        rest = 1.0 - squared_correlations(values, targets, self.rows.weights, self.beside)
        sizes = np.diff(programs.offsets)[:, None]
        scores = 0.5 * self.rows.n_rows * np.log(np.maximum(rest, FLOOR)) + NATS_A_NODE * sizes
        hits = []
        for a in range(len(aims)):
            for p in np.argsort(scores[:, a], kind="stable")[:most]:
                if rest[p, a] < 1.0:
                    hits.append(Hit(float(scores[p, a]), int(places[p]), columns, a))
        return hits

    def _filled(self, programs: Programs, columns: tuple[int, ...], random: np.random.Generator) -> Programs:
        """Constants of size one, of either sign; columns in units of their root mean square."""
        sizes = np.sqrt(np.mean(self.rows.features[:, list(columns)] ** 2, axis=0))
        weights = 1.0 / np.where((sizes > 0.0) & np.isfinite(sizes), sizes, 1.0)
        drawn = np.exp(random.standard_normal(programs.ops.size))
        drawn *= np.where(random.random(programs.ops.size) < 0.75, 1.0, -1.0)
        is_input = programs.ops == VARIABLE
        values = np.where(programs.ops == CONSTANT, drawn, programs.values)
        values[is_input] = weights[programs.args[is_input]]
        return Programs(programs.ops, programs.args, values, programs.offsets)


def squared_correlations(
    values: FloatArray,
    aims: Sequence[FloatArray],
    weights: FloatArray | None = None,
    beside: FloatArray | None = None,
) -> FloatArray:
    """(p, a) squared correlations of (p, n) values with aims of (n,); 0 where a value is not finite or alike.

    beside : (n,) what both have a multiple of that does not count: partial correlations

    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> np.round(squared_correlations(np.array([2.0 - x, x * np.nan]), [x, x**2]), 3).tolist()
    [[1.0, 0.918], [0.0, 0.0]]
    """
    n = values.shape[1]
    shares = np.full(n, 1.0 / n) if weights is None else weights / np.sum(weights)
    centred = np.array([aim - np.sum(shares * aim) for aim in aims])
    other = np.zeros((1, n)) if beside is None else (beside - np.sum(shares * beside))[None, :]
    with np.errstate(all="ignore"):
        other = np.nan_to_num(other / np.sqrt(np.sum(shares * other**2)))
        centred = centred - (shares * centred) @ other.T * other
        centred /= np.max(np.abs(centred), axis=1, keepdims=True)
        spreads = np.sum(shares * centred**2, axis=1)
        shifted = values - values[:, :1]  # so that a small spread on a large value is not lost
        shifted /= np.max(np.abs(shifted), axis=1, keepdims=True)
        squares = shifted**2 @ shares
        variances = squares - (shifted @ shares) ** 2 - ((shifted @ (shares * other).T) ** 2)[:, 0]
        covariances = shifted @ (shares * centred).T
        found: FloatArray = covariances**2 / (variances[:, None] * spreads)
    known = np.isfinite(found) & (variances > LEAST_SPREAD * squares)[:, None]
    return np.where(known, np.minimum(found, 1.0), 0.0)


def law_of(bank: Bank, hit: Hit, aims: Sequence[Aim], rows: Dataset) -> Expression:
    """The skeleton over the table's columns; where the aim is not the target, the function that leads back of
    it with slope and intercept as they fit the aim."""
    law = bank.expression(hit.place, hit.columns)
    aim = aims[hit.aim]
    if aim.undo is None:
        return law
    shares = np.ones(rows.n_rows) if rows.weights is None else rows.weights
    with np.errstate(all="ignore"):
        values = evaluate(law, rows.features)
        spread = values - np.average(values, weights=shares)
        slope = float(np.sum(shares * spread * aim.values) / np.sum(shares * spread**2))
        intercept = float(np.average(aim.values - slope * values, weights=shares))
    if not np.isfinite([slope, intercept]).all():
        slope, intercept = 1.0, 0.0
    return Expression.apply(aim.undo, slope * law + intercept)


def _best(hits: Sequence[Hit], n_aims: int, most: int) -> tuple[Hit, ...]:
    chosen: list[Hit] = []
    for a in range(n_aims):
        mine = sorted((hit for hit in hits if hit.aim == a), key=lambda hit: (hit.score, hit.place))
        chosen += mine[:most]
    return tuple(sorted(chosen, key=lambda hit: (hit.score, hit.place, hit.columns)))

