"""Which known functions of one parameter lie in the span of those that the outputs are built of.

A function that lies in the span alone, a pair whose sum does, and what a greedy search takes to make up the
rest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from eqdisc._typing import BoolArray, FloatArray, IntArray
from eqdisc.expr.expression import Expression
from eqdisc.surfaces.parametric.atoms import ONE, Atom, basic_atoms, product_atoms
from eqdisc.surfaces.parametric.clock import Late, never
from eqdisc.surfaces.parametric.scanning import scan
from eqdisc.surfaces.parametric.separable import Axis

MOST_ATOMS = 20
CHEAPEST = 250  # functions that pairs and sums are made of
GREEDY_TERMS = 5
SAME = 1e-9  # one minus the cosine of what is one function written twice
DEPENDENT = 1e-5
NOISY = 1e-4  # from which on simple functions are tried whether in the span or not
SIMPLE = 5.0  # their cost
NEW = 1e-3  # share of a sum in the span that those found before do not make up
OUTSIDE_COST = 12.0  # nodes that a function at the edge of its tolerance is thought dearer


@dataclass(frozen=True, eq=False)
class _Dictionary:
    """Atoms, the cheapest first, their values on the nodes, of unit length, and how they lie in the span."""

    atoms: list[Atom]
    values: FloatArray
    rests: FloatArray
    misses: FloatArray
    tolerances: FloatArray

    @property
    def inside(self) -> BoolArray:
        return self.misses < self.tolerances

    def ranked(self) -> "_Dictionary":
        """The likeliest first: cheap ones and those well within what noise allows."""
        costs = np.array([atom.cost for atom in self.atoms])
        order = np.argsort(costs + OUTSIDE_COST * (self.misses / self.tolerances) ** 2, kind="stable")
        return self.take(order.astype(np.int64))

    def take(self, chosen: BoolArray | IntArray) -> "_Dictionary":
        atoms = [self.atoms[i] for i in np.arange(len(self.atoms))[chosen]]
        return _Dictionary(
            atoms,
            self.values[:, chosen],
            self.rests[:, chosen],
            self.misses[chosen],
            self.tolerances[chosen],
        )


def members(
    axis: Axis, allowed: frozenset[int] | None, extra: Sequence[Atom] = (), late: Late = never
) -> list[Atom]:
    """Functions of the parameter that the outputs are likely made of, the constant 1 first.

    extra : functions that others have found, always among the answer
    late  : where the time is up, the simplest functions are returned, whether in the span or not
    """
    basic = basic_atoms(axis.nodes, allowed)
    scanned = [atom for atom in scan(axis, late) if allowed is None or atom.is_over(allowed)]
    if late():
        return list(dict.fromkeys([ONE, *extra, *scanned, *basic]))[:MOST_ATOMS]
    every = [ONE, *extra, *scanned, *basic, *product_atoms([*scanned, *basic])]
    table = _dictionary(axis, sorted(dict.fromkeys(every), key=lambda atom: atom.cost))
    inside = table.take(table.inside).ranked()
    found = [ONE, *extra]
    found += [inside.atoms[i] for i in _independent(inside.values, axis.rank)]
    preferred = set(scanned)
    cheap = table.take(
        np.array([i < CHEAPEST or atom in preferred for i, atom in enumerate(table.atoms)], dtype=bool)
    )
    if _explained(axis, found) < axis.rank and not late():
        found += _pairs(cheap.take(~cheap.inside), axis, found)
    if _explained(axis, found) < axis.rank and not late():
        found = [*found, *inside.atoms[: axis.rank], *_greedy(cheap, axis, found)]
    found = list(dict.fromkeys([*found, *inside.atoms]))[:MOST_ATOMS]
    if float(axis.errors[-1]) > NOISY:
        found += [atom for atom in basic if atom.cost <= SIMPLE]
    return list(dict.fromkeys(found))


def _dictionary(axis: Axis, atoms: list[Atom]) -> _Dictionary:
    """The atoms that have values, each function once."""
    known: dict[Expression, FloatArray] = {}
    columns = np.empty((axis.nodes.size, len(atoms)))
    for i, atom in enumerate(atoms):
        columns[:, i] = axis.root
        for factor in atom.factors:
            if factor not in known:
                known[factor] = Atom((factor,)).values(axis.nodes)
            columns[:, i] *= known[factor]
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(columns, axis=0)
        usable = np.isfinite(columns).all(axis=0) & (lengths > 1e-9) & (lengths < 1e9)
    values = columns[:, usable] / lengths[usable]
    again = np.abs(np.triu(values.T @ values, 1)) > 1.0 - SAME
    first = ~again.any(axis=0)
    usable[usable] = first
    values = values[:, first]
    rests = axis.outside(values)
    kept = [atom for atom, is_usable in zip(atoms, usable, strict=True) if is_usable]
    return _Dictionary(kept, values, rests, np.linalg.norm(rests, axis=0), axis.tolerances(values))


def _independent(values: FloatArray, rank: int) -> list[int]:
    """The first columns that are no sums of those before, `rank` of them at most."""
    chosen: list[int] = []
    basis = np.zeros((values.shape[0], 0))
    for i, column in enumerate(values.T):
        rest = column - basis @ (basis.T @ column)
        length = float(np.linalg.norm(rest))
        if length > DEPENDENT and len(chosen) < rank:
            chosen.append(i)
            basis = np.column_stack([basis, rest / length])
    return chosen


def _explained(axis: Axis, atoms: Sequence[Atom]) -> int:
    """How many of the functions are sums of the atoms."""
    basis = _orthonormal(axis, atoms)
    rests = axis.basis - basis @ (basis.T @ axis.basis)
    return int(np.count_nonzero(np.linalg.norm(rests, axis=0) < 3.0 * axis.errors + 1e-7))


def _orthonormal(axis: Axis, atoms: Sequence[Atom]) -> FloatArray:
    columns = np.stack([axis.root * atom.values(axis.nodes) for atom in atoms], axis=1)
    basis, sizes, _ = np.linalg.svd(columns / np.linalg.norm(columns, axis=0), full_matrices=False)
    found: FloatArray = basis[:, sizes > 1e-9 * sizes[0]]
    return found


def _pairs(table: _Dictionary, axis: Axis, found: Sequence[Atom]) -> list[Atom]:
    """Pairs of functions some sum of which lies in the span: what of each lies outside is parallel."""
    if len(table.atoms) < 2:
        return []
    rests = table.rests / table.misses
    cosines = rests.T @ rests
    close: list[tuple[float, int, int]] = []
    for i, j in np.argwhere(np.triu(np.abs(cosines) > 1.0 - 1e-3, 1)):
        # Angles are taken from differences: cosines near 1 have lost half of their digits.
        angle = float(np.linalg.norm(rests[:, i] - np.sign(cosines[i, j]) * rests[:, j]))
        if angle < table.tolerances[i] / table.misses[i] + table.tolerances[j] / table.misses[j]:
            close.append((table.atoms[i].cost + table.atoms[j].cost, int(i), int(j)))
    basis = np.linalg.qr(axis.basis.T @ _orthonormal(axis, found))[0]
    chosen: list[Atom] = []
    for _, i, j in sorted(close):
        joined = table.values[:, i] / table.misses[i] - np.sign(cosines[i, j]) * (
            table.values[:, j] / table.misses[j]
        )
        inside = axis.basis.T @ joined
        rest = inside - basis @ (basis.T @ inside)
        if np.linalg.norm(rest) > NEW * np.linalg.norm(inside) and len(chosen) < 2 * axis.rank:
            basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
            chosen += [table.atoms[i], table.atoms[j]]
    return chosen


def _greedy(table: _Dictionary, axis: Axis, found: Sequence[Atom]) -> list[Atom]:
    """Orthogonal matching pursuit (Pati et al. 1993) of each function that is not explained yet, for all at
    once first (Tropp, Gilbert and Strauss 2006)."""
    chosen: list[Atom] = []
    known = _orthonormal(axis, found)
    costs = np.array([atom.cost for atom in table.atoms])
    sizes = 1.0 / np.maximum(axis.errors, 1e-8)
    functions = axis.basis * (sizes / sizes[0])
    for target in (functions, *(functions[:, [j]] for j in range(axis.rank))):
        basis = known
        enough = (3.0 * float(axis.errors[0]) + 1e-8) ** 2 * float(np.sum(functions[:, 0] ** 2))
        for _ in range(GREEDY_TERMS):
            left = target - basis @ (basis.T @ target)
            total = float(np.sum(left**2))
            if total < enough:
                break
            others = table.values - basis @ (basis.T @ table.values)
            lengths = np.linalg.norm(others, axis=0)
            gains = np.sum((others.T @ left) ** 2, axis=1) / np.maximum(lengths, DEPENDENT) ** 2
            gains[lengths < 1e-4] = 0.0
            worth = np.log(np.maximum(total - gains, enough) / total)
            best = int(np.argmin(worth + 0.02 * costs))
            chosen.append(table.atoms[best])
            basis = np.column_stack([basis, others[:, best] / lengths[best]])
    return list(dict.fromkeys(chosen))


def all_inside(axis: Axis, atoms: Iterable[Atom]) -> bool:
    """Whether the functions of the outputs are all sums of the atoms."""
    return _explained(axis, list(atoms)) == axis.rank
