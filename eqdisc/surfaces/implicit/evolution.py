"""Genetic programming over any F: trees bred, each joined with the best partner of a table of small ones.

A tree g stands for F = g - a*t - b with the t of the table, a and b that bring the points nearest: breeding
has half of a law to find. What counts is the distance of the points from F = 0 in units of that of points
anywhere (`columns.Court`), against the best that is known of at most its size (Cranmer 2023).
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import ARITY, CONSTANT, OperatorSet, row_of
from eqdisc.surfaces.implicit.cloud import Cloud
from eqdisc.surfaces.implicit.columns import Columns, Court, Probes, difference, distances
from eqdisc.surfaces.implicit.finder import Finder
from eqdisc.surfaces.implicit.polish import polished
from eqdisc.surfaces.implicit.sums import add_sum, summands

ROWS, BESIDE, STEP = 192, 96, 1e-4
POPULATION, BROOD, CONTESTANTS = 600, 200, 5
LARGEST, LARGEST_LAW = 20, 30  # nodes of a tree, and of what it stands for
JOINED, CROSSOVER, ELITES = 0.1, 0.35, 0.1
BENT, SCALES, STRETCHED = ("exp", "sin", "cos", "tanh"), tuple(np.geomspace(0.3, 5.0, 10)), 25
NODE = 0.03  # of the logarithm of a distance
STRATIFICATION = 0.5
POLISHED, PROMISING = 3, 1.2  # of a brood; times the loss known
BETTER = 0.98  # times the loss known: progress
PATIENCE, RESTARTS = 60, 3  # broods without progress; such populations without any
VANISHES = 1e-7  # of the distance anywhere: handed over at once
RESERVE = 0.15  # of the time, for the last constants
HANDED, REMEMBERED = 4, 400_000
CONSTANT_SHARE = 0.15  # of what is put in


@dataclass(frozen=True)
class Individual:
    """A tree, the F it stands for, and the loss of that."""

    tree: Expression
    law: Expression
    loss: float

    @property
    def joined(self) -> Expression:
        """The law without its last constant, where it is one."""
        left, *right = self.law.children
        return left if right and right[0].root == CONSTANT else self.law


@dataclass
class Evolution:
    """One run; `brood` is a step.

    cloud  : that laws are sought for; sample: some rows of it, on which constants are moved
    blocks : small trees to put in and to join with, smallest first
    front  : the best of each size of F that nothing shorter reaches
    seen   : trees that need not be looked at again; kept: the best of populations before
    """

    cloud: Cloud
    language: OperatorSet
    blocks: Columns
    probes: Probes
    court: Court
    operators: dict[int, tuple[list[int], FloatArray]]
    rng: np.random.Generator
    population: "deque[Individual]" = field(default_factory=lambda: deque(maxlen=POPULATION))
    front: dict[int, Individual] = field(default_factory=dict)
    seen: set[Expression] = field(default_factory=set)
    kept: list[Individual] = field(default_factory=list)

    @classmethod
    def of(cls, finder: Finder, trees: Sequence[Expression], seed: int) -> "Evolution":
        """A run whose first population are the small trees given."""
        cloud = finder.cloud
        probes = Probes.of(cloud, ROWS, STEP, seed)
        language = finder.operators or OperatorSet.default()
        blocks = Columns.of([*trees, *stretched(trees[:STRETCHED], language, probes)], probes)
        court = Court.of(cloud, ROWS, BESIDE, seed)
        rng = np.random.default_rng(seed)
        return cls(cloud, language, blocks, probes, court, operators_by_arity(language), rng)

    def brood(self) -> bool:
        """Breed, judge and take in some offspring, at first the blocks; whether the front has moved on."""
        trees = self._offspring() if self.population else self.blocks
        found = sorted(self._judged(trees), key=lambda one: one.loss)
        self.population.extend(found[:POPULATION])
        promising = [one for one in found if one.loss < PROMISING * self._known(len(one.law))]
        found += self._refitted(promising[:POLISHED])
        kept = [self._keep(one) for one in found]
        return any(kept)

    def restart(self) -> None:
        """Begin anew, the best laws put aside: what is near without being the law leads nowhere else."""
        self.kept += self.best()[:HANDED]
        self.front.clear()
        self.population.clear()
        self.seen.clear()

    @property
    def least(self) -> Individual:
        """The law of least loss."""
        return min(self.front.values(), key=lambda one: one.loss)

    def best(self) -> list[Individual]:
        """The front, and what was put aside, by description length: distances on all points, nodes."""
        n = len(self.cloud.points)
        laws = dict.fromkeys([*self.front.values(), *self.kept])
        return sorted(laws, key=lambda one: n * np.log2(one.loss + 1e-15) + 4.0 * len(one.law))

    # ------------------------------------------------------------ judging

    def _judged(self, trees: Columns) -> list[Individual]:
        """Trees with the partners that suit them, those that are finite."""
        if not len(trees):
            return []
        blocks, far = self.blocks, self.court.far
        with np.errstate(divide="ignore"):
            joined = np.log(distances(trees, blocks) / np.minimum(blocks.reach, far)) + NODE * blocks.sizes
            alone = np.log(trees.reach / far)
        partners = np.argmin(joined, axis=1)
        laws = [
            trees.expressions[k] - float(trees.lines[k, 0])
            if alone[k] <= joined[k, j]
            else difference(trees, k, blocks, int(j))
            for k, j in enumerate(partners)
        ]
        judged = zip(trees.expressions, laws, self.court.losses(laws), strict=True)
        return [Individual(tree, law, float(loss)) for tree, law, loss in judged if np.isfinite(loss)]

    def _refitted(self, individuals: Sequence[Individual]) -> list[Individual]:
        """Those whose F is nearer with other constants; a short F is a tree of its own."""
        rows = self.court.rows[: self.court.count]
        sample = replace(self.cloud, points=rows)
        laws = [polished(one.law, sample) for one in individuals]
        found = []
        for law, loss, one in zip(laws, self.court.losses(laws), individuals, strict=True):
            if loss < one.loss:
                found.append(Individual(law, law, float(loss)))
                if len(law) <= LARGEST:
                    self.population.append(found[-1])
        return found

    def _keep(self, one: Individual) -> bool:
        size = len(one.law)
        if size > LARGEST_LAW or not one.loss < BETTER * self._known(size):
            return False
        self.front[size] = one
        for n in [n for n, other in self.front.items() if n > size and other.loss >= one.loss]:
            del self.front[n]
        return True

    def _known(self, size: int) -> float:
        """The least loss of the laws of at most a size."""
        return min((one.loss for n, one in self.front.items() if n <= size), default=np.inf)

    def _scores(self) -> FloatArray:
        """(population,) low for parents: the logarithm of the loss, less that of the front at its size."""
        sizes = np.array([len(one.law) for one in self.population])
        known = np.minimum([self._known(n) for n in range(sizes.max() + 1)], 1.0)
        losses = np.array([one.loss for one in self.population])
        return np.asarray(
            np.log(losses + 1e-12) - STRATIFICATION * np.log(known[sizes] + 1e-12) + NODE * sizes
        )

    # ------------------------------------------------------------ breeding

    def _offspring(self) -> Columns:
        """Children that have not been looked at yet and are not too large."""
        children = dict.fromkeys(self._children())
        fresh = [c for c in children if len(c) <= LARGEST and c.features and c not in self.seen]
        if len(self.seen) > REMEMBERED:
            self.seen.clear()
        self.seen.update(fresh)
        return Columns.of(fresh, self.probes) if fresh else self.blocks.take(np.arange(0))

    def _children(self) -> list[Expression]:
        scores = self._scores()
        contestants = self.rng.integers(len(scores), size=(2 * BROOD, CONTESTANTS))
        winners = np.argmin(scores[contestants], axis=1)
        parents = [self.population[int(row[k])] for row, k in zip(contestants, winners, strict=True)]
        fame = sorted(self.front.items())
        for k in np.flatnonzero(self.rng.random(len(parents)) < ELITES) if fame else ():
            parents[k] = fame[self._below(len(fame))][1]
        return [self._child(*pair) for pair in zip(parents[::2], parents[1::2], strict=True)]

    def _child(self, mother: Individual, father: Individual) -> Expression:
        """The law of a parent as it is, to be joined with one more block; or bred."""
        draw = self.rng.random()
        if draw < JOINED:
            return mother.joined
        tree = mother.tree if self.rng.random() < 0.5 else mother.joined
        place = self._below(len(tree))
        if draw < JOINED + CROSSOVER:
            return tree.replace_subtree(place, father.tree.subtree(self._below(len(father.tree))))
        mutations = (self._point, self._insert, self._hoist, self._replace, self._move)
        return mutations[self._below(len(mutations))](tree, place)

    def _point(self, tree: Expression, place: int) -> Expression:
        """Another leaf for a leaf, another operator of as many operands for an operator."""
        arity = int(ARITY[tree.codes[place]])
        if arity == 0:
            return tree.replace_subtree(place, self._leaf())
        if arity not in self.operators:
            return tree
        return tree.replace_subtree(
            place, Expression.apply(self._operator(arity), *tree.subtree(place).children)
        )

    def _insert(self, tree: Expression, place: int) -> Expression:
        """An operator above a subtree, its other operand a block."""
        arity = 1 if self.rng.random() < 0.4 else 2
        if arity not in self.operators:
            return tree
        operands = [tree.subtree(place)] + [self._block() for _ in range(arity - 1)]
        if self.rng.random() < 0.5:
            operands.reverse()
        return tree.replace_subtree(place, Expression.apply(self._operator(arity), *operands))

    def _hoist(self, tree: Expression, place: int) -> Expression:
        """A part of a subtree in its place."""
        start = tree.subtree_start(place)
        return tree.replace_subtree(place, tree.subtree(start + self._below(place - start + 1)))

    def _replace(self, tree: Expression, place: int) -> Expression:
        """A block for a subtree."""
        return tree.replace_subtree(place, self._block())

    def _move(self, tree: Expression, place: int) -> Expression:
        """A constant changed; a factor where there is none."""
        constants = [i for i, code in enumerate(tree.codes) if code == CONSTANT]
        if constants:
            i = constants[self._below(len(constants))]
            value = tree.payload[i] * float(np.exp(self.rng.normal()))
            return tree.replace_subtree(i, Expression.constant(value if np.isfinite(value) else 1.0))
        if "mul" not in self.language:
            return tree
        return tree.replace_subtree(place, self._constant() * tree.subtree(place))

    def _leaf(self) -> Expression:
        if self.rng.random() < CONSTANT_SHARE:
            return self._constant()
        return Expression.variable(self._below(self.cloud.dimension))

    def _block(self) -> Expression:
        """A small tree, small ones more often; now and then a constant."""
        if self.rng.random() < CONSTANT_SHARE:
            return self._constant()
        return self.blocks.expressions[int(len(self.blocks) * self.rng.random() ** 3)]

    def _constant(self) -> Expression:
        size = float(np.exp(self.rng.normal()))
        return Expression.constant(size if self.rng.random() < 0.75 else -size)

    def _operator(self, arity: int) -> int:
        codes, weights = self.operators[arity]
        return codes[min(int(np.searchsorted(weights, self.rng.random() * weights[-1])), len(codes) - 1)]

    def _below(self, n: int) -> int:
        return int(self.rng.random() * n)


def operators_by_arity(language: OperatorSet) -> dict[int, tuple[list[int], FloatArray]]:
    """Node codes of the operators of one and of two operands, and their cumulative weights."""
    found: dict[int, tuple[list[int], FloatArray]] = {}
    for arity in (1, 2):
        codes = [code for code in language.codes if ARITY[code] == arity]
        if codes:
            found[arity] = codes, np.cumsum([language.weights[row_of(code).name] for code in codes])
    return found


def stretched(trees: Sequence[Expression], language: OperatorSet, probes: Probes) -> list[Expression]:
    """Functions of a constant times each of some trees, for constants on a grid: the inner ones of a law."""
    names = [name for name in BENT if name in language]
    if "mul" not in language:
        return []
    inner = Columns.of(trees, probes)
    return [
        Expression.apply(name, sign * scale / float(spread) * tree)
        for tree, (_, spread) in zip(inner.expressions, inner.lines, strict=True)
        for name in names
        for scale in SCALES
        for sign in ((1.0, -1.0) if name == "exp" else (1.0,))
    ]


def evolve(finder: Finder, trees: Sequence[Expression], seed: int) -> None:
    """Keep the laws that breeding finds until the time is over, or nothing new has come for long.

    trees : small ones to begin with
    Ctrl-C leaves what has been found so far with the finder.
    """
    until = RESERVE * finder.seconds_left
    run = Evolution.of(finder, trees, seed)
    if not len(run.blocks):
        return
    idle = fruitless = 0
    try:
        while finder.seconds_left > until and fruitless < RESTARTS and not finder.exact:
            moved = run.brood()
            if moved and run.least.loss < VANISHES:
                _hand_over(finder, run.least)
            idle = 0 if moved else idle + 1
            if idle >= PATIENCE:
                idle, fruitless = 0, fruitless + 1
                run.restart()
    finally:
        for one in run.best()[:HANDED]:
            if finder.exact or finder.seconds_left <= 0.0:
                break
            _hand_over(finder, one)


def _hand_over(finder: Finder, one: Individual) -> None:
    terms = summands(polished(one.law, finder.cloud))
    if terms:
        add_sum(finder, list(terms), np.array(list(terms.values())), "genetic programming")
