"""Laws that are sums of products of functions of one parameter each, for all outputs together."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import COS
from eqdisc.surfaces.parametric.atoms import ONE, Atom, T, basic_atoms, powers, product_atoms, waves
from eqdisc.surfaces.parametric.clock import Late, never
from eqdisc.surfaces.parametric.factoring import Term, factored, plain_sum, reread
from eqdisc.surfaces.parametric.membership import members
from eqdisc.surfaces.parametric.refine import refine
from eqdisc.surfaces.parametric.selection import Library, Subset
from eqdisc.surfaces.parametric.separable import along, separate
from eqdisc.surfaces.parametric.table import Choice, Table

ROWS = 2000
MOST_COLUMNS = 360
CURVE_ATOMS = 200
TERM_NODES = 2.0  # a coefficient and the sign of addition
BELOW_NOISE = 0.7  # of the noise that a smooth fit leaves: no law gains by missing less
TOLERATED = 1.15  # times the noise: a law that misses so little explains all there is
ORIGIN = "sum of separable products"


@dataclass(frozen=True, eq=False)
class SumLaws:
    """Laws of rising size for each output, what a smooth fit leaves of each (m,), atoms of each parameter."""

    choices: dict[int, list[Choice]]
    noise: FloatArray
    atoms: tuple[tuple[Atom, ...], ...]

    def explains(self, output: int) -> bool:
        """Whether the last law of an output leaves no more than rounding or the noise."""
        found = self.choices.get(output, [])
        return len(found) > 0 and (found[-1].exact or found[-1].rms <= TOLERATED * float(self.noise[output]))


@dataclass(frozen=True, eq=False)
class _Column:
    """A product of functions, one of each parameter."""

    factors: tuple[Expression, ...]
    cost: float
    is_power: bool
    is_wave: bool


def sum_laws(table: Table, allowed: frozenset[int] | None, late: Late = never) -> SumLaws | None:
    """Laws for all outputs over one, two or three parameters; None where no sum of products can be.

    allowed : node codes that laws may have; None for all
    late    : where the time is up, laws are those of the simplest functions, and as good as they have become
    """
    axes = table.active
    if len(axes) not in (1, 2, 3):
        return None
    separation = None
    if len(axes) < 3 and not late():
        separation = separate(table.data.features[:, list(axes)], _standard(table), late)
        if separation is None and not late():
            return None
    if separation is None:
        atoms = [_few(allowed)] * len(axes)
        return _laws(table, atoms, np.zeros(len(table.spread)), table.varying, late)
    found = [members(axis, allowed, late=late) for axis in separation.axes]
    if len(axes) == 1:
        found = [list(dict.fromkeys([*found[0], *_many(table.data.features[:, axes[0]], allowed)]))]
    noise = np.zeros(len(table.spread))
    noise[list(table.varying)] = separation.noise
    laws = _laws(table, found, noise * table.spread, table.varying, late)
    missing = [j for j in table.varying if not laws.explains(j)]
    if missing and len(axes) == 2:
        again = _steep_laws(table, laws, missing, allowed, late)
        if again is not None:
            better = {
                j: min((laws.choices[j], again.choices[j]), key=lambda choices: choices[-1].bits)
                for j in missing
            }
            return SumLaws({**laws.choices, **better}, laws.noise, again.atoms)
    return laws


def _standard(table: Table) -> FloatArray:
    columns = list(table.varying)
    targets = table.data.targets[:, columns]
    found: FloatArray = (targets - np.mean(targets, axis=0)) / table.spread[columns]
    return found


def _few(allowed: frozenset[int] | None) -> list[Atom]:
    atoms = [ONE, *powers(2), *waves((1.0, 2.0))]
    return [atom for atom in atoms if allowed is None or atom.is_over(allowed)]


def _many(t: FloatArray, allowed: frozenset[int] | None) -> list[Atom]:

    basic = basic_atoms(t, allowed)
    products = sorted(product_atoms(basic), key=lambda atom: atom.cost)
    return [*basic, *products][:CURVE_ATOMS]


def _steep_laws(
    table: Table, laws: SumLaws, missing: Sequence[int], allowed: frozenset[int] | None, late: Late
) -> SumLaws | None:
    """Laws of outputs that bend too much along one parameter for a smooth fit over both."""
    used = [set(_used(laws, axis)) for axis in range(2)]
    best: SumLaws | None = None
    for steep in range(2):
        if late():
            break
        other = 1 - steep
        beside = list(dict.fromkeys([ONE, Atom((T,)), *used[other], *waves((1.0,))]))[:8]
        beside = [atom for atom in beside if allowed is None or atom.is_over(allowed)]
        t = table.data.features[:, table.active[other]]
        values = np.stack([atom.values(t) for atom in beside], axis=1)
        columns = [table.varying.index(j) for j in missing]
        seen = along(table.data.features[:, list(table.active)], _standard(table)[:, columns], steep, values)
        if seen is None:
            continue
        axis, left = seen
        atoms: list[list[Atom]] = [[], []]
        atoms[other], atoms[steep] = beside, members(axis, allowed, late=late)
        noise = laws.noise.copy()
        noise[list(missing)] = left * table.spread[list(missing)]
        found = _laws(table, atoms, noise, missing, late)
        if best is None or _bits(found, missing) < _bits(best, missing):
            best = found
    return best


def _bits(laws: SumLaws, outputs: Sequence[int]) -> float:
    return sum(laws.choices[j][-1].bits for j in outputs)


def _used(laws: SumLaws, axis: int) -> list[Atom]:
    """Atoms of a parameter that occur in the laws found, the most frequent first."""
    texts = [laws.choices[j][-1].expression for j in laws.choices if laws.explains(j)]
    subtrees = {e.subtree(i) for e in texts for i in range(e.size)}
    return [
        atom
        for atom in laws.atoms[axis]
        if atom.factors and all(factor.remap_features({0: axis}) in subtrees for factor in atom.factors)
    ]


def _laws(
    table: Table, atoms: Sequence[Sequence[Atom]], noise: FloatArray, outputs: Sequence[int], late: Late
) -> SumLaws:
    """Laws of some outputs from the products of atoms, one list for each parameter."""
    columns = _columns(atoms, table.active)
    rows = np.random.default_rng(len(table.data.features)).permutation(table.data.n_rows)[:ROWS]
    values, columns = _values(columns, table.data.features[rows])
    targets = table.data.targets[np.ix_(rows, np.array(outputs))]
    costs = np.array([column.cost for column in columns])
    is_power = np.array([column.is_power for column in columns])
    is_wave = np.array([column.is_wave for column in columns])
    library = Library(values, targets, costs, [is_power, is_wave, is_power | is_wave])
    if len(atoms) > 2:
        noise = noise.copy()
        noise[list(outputs)] = [library.noise(place) for place in range(len(outputs))]
    subsets: dict[int, Subset] = {}
    for _ in range(2):
        for place, j in enumerate(outputs):
            used = {c for other, subset in subsets.items() if other != j for c in subset.columns}
            level = BELOW_NOISE * float(noise[j] / table.spread[j])
            subsets[j] = library.best(place, used, level, late)
        if len(outputs) == 1 or late():
            break
    choices = _choices(table, library, columns, subsets, late)
    return SumLaws(choices, noise, tuple(tuple(axis) for axis in atoms))


def _choices(
    table: Table, library: Library, columns: Sequence[_Column], subsets: dict[int, Subset], late: Late
) -> dict[int, list[Choice]]:
    outputs = list(subsets)
    terms = {j: _terms(subsets[j], columns) for j in outputs}
    fitted = refine(
        [plain_sum(terms[j]) for j in outputs], table.data.features, table.data.targets[:, outputs], late
    )
    found: dict[int, list[Choice]] = {}
    for place, j in enumerate(outputs):
        shorter = library.path(place, subsets[j])[:-1]
        laws = [factored(_terms(subset, columns)) for subset in shorter]
        laws.append(factored(reread(terms[j], fitted[place])))
        choices = [table.choice(j, law, ORIGIN) for law in laws]
        found[j] = [choice for choice in choices if choice is not None]
    return {j: choices for j, choices in found.items() if choices}


def _terms(subset: Subset, columns: Sequence[_Column]) -> tuple[Term, ...]:
    return tuple(
        Term(float(weight), columns[c].factors)
        for c, weight in zip(subset.columns, subset.weights, strict=True)
    )


def _columns(atoms: Sequence[Sequence[Atom]], axes: Sequence[int]) -> list[_Column]:
    """Products of an atom of each parameter, the cheapest, and waves of sums of two parameters."""
    found = []
    for combination in product(*atoms):
        factors = tuple(f for atom, axis in zip(combination, axes, strict=True) for f in atom.on(axis))
        cost = sum(atom.cost for atom in combination) + TERM_NODES
        found.append(
            _Column(
                factors,
                cost,
                all(atom.is_power for atom in combination),
                all(atom.is_wave for atom in combination),
            )
        )
    found.sort(key=lambda column: column.cost)
    return [*_slanted(atoms, axes), *found[:MOST_COLUMNS]]


def _slanted(atoms: Sequence[Sequence[Atom]], axes: Sequence[int]) -> list[_Column]:
    """cos(p*u + q*v) and sin(p*u + q*v) where both parameters have waves of these frequencies."""
    if len(axes) != 2:
        return []
    arguments = []
    for own, axis in zip(atoms, axes, strict=True):
        simple = {atom.factors[0] for atom in own if len(atom.factors) == 1}
        inner = [factor.children[0] for factor in simple if factor.root == COS]
        inner = [t for t in inner if Expression.apply("sin", t) in simple]
        arguments.append(
            sorted((t.remap_features({0: axis}) for t in inner), key=lambda t: (t.size, str(t)))[:4]
        )
    found = []
    for first, second in product(*arguments):
        for argument in (first + second, first - second):
            for kind in ("cos", "sin"):
                slanted = Expression.apply(kind, argument)
                found.append(_Column((slanted,), slanted.size + 1.0 + TERM_NODES, False, True))
    return found


def _values(columns: Sequence[_Column], features: FloatArray) -> tuple[FloatArray, list[_Column]]:
    """Values (n, p) of the columns that are finite and not zero, each function evaluated once."""

    known: dict[Expression, FloatArray] = {}
    values, kept = [], []
    with np.errstate(all="ignore"):
        for column in columns:
            found = np.ones(len(features))
            for factor in column.factors:
                if factor not in known:
                    known[factor] = evaluate(factor, features)
                found = found * known[factor]
            if np.isfinite(found).all() and 1e-12 < float(np.linalg.norm(found)) < 1e12:
                values.append(found)
                kept.append(column)
    return np.stack(values, axis=1), kept
