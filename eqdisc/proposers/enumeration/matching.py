"""Meeting in the middle: pairs of listed expressions that make the target together.

Two ways. Where no constant is involved, or only a factor in front, the second partner follows from the target
and the first: it is looked up by its key. Where slopes and intercepts are free, three rows give a linear
condition on the second partner for every first one, three products a pair, and what they do not refute is
fitted on all rows of the value vectors.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from eqdisc._typing import FloatArray, IntArray
from eqdisc.expr.expression import Expression
from eqdisc.proposers.enumeration.court import scaled
from eqdisc.proposers.enumeration.kernels import KEY_UNITS, WIDTH
from eqdisc.proposers.enumeration.partners import LEAST, Index, match, scan, shape_keys
from eqdisc.proposers.enumeration.table import Table
from eqdisc.proposers.enumeration.targets import Aim, Second

#: Kinds of partners by number, see `partners._partner`: (kind, up to a factor).
LOOKUPS = (
    (0, False),
    (1, False),
    (2, True),
    (3, True),
    (4, True),
    (5, True),
    (6, True),
    (7, True),
    (8, True),
    (9, True),
)
AFFINE, SUM, SUM_AND_ONE, PRODUCT, QUOTIENT = range(5)
MOST_HITS = 4096
#: Hits that are written as laws: the simplest.
KEPT = 6
CHUNK = 16384
_ROWS = 4  # that the linear conditions look at


@dataclass(frozen=True)
class Hit:
    """A law found, with the cost of its parts."""

    cost: int
    law: Expression


# ------------------------------------------------------------------ by key


def index_of(keys: IntArray) -> Index:
    """The keys in order, with a bucket for every pattern of the leading bits."""
    width = max(2, int(np.ceil(np.log2(max(len(keys), 2)))))
    order = np.argsort(keys, kind="stable").astype(np.int32)
    ordered = keys[order]
    edges = np.arange(-(1 << (width - 1)), 1 << (width - 1), dtype=np.int64) << np.int64(64 - width)
    starts = np.append(np.searchsorted(ordered, edges), len(keys)).astype(np.int32)
    return Index(ordered, order, starts, 64 - width)


class Lookups:
    """The table as it is now, to be asked for partners."""

    def __init__(self, table: Table, tolerance: float) -> None:
        self.table = table
        self.count = table.count
        self.tolerance = tolerance
        self.slack = max(1 << 26, int(3.0 * tolerance * KEY_UNITS))
        self._plain = index_of(table.seen.keys[: self.count])
        shapes = np.empty(self.count, np.int64)
        with np.errstate(all="ignore"):
            shape_keys(table.values, shapes)
        self._shape = index_of(shapes)

    def hits(
        self, aim: Aim, kind: int, shape: bool, pool: Executor, threads: int, most: int | None = None
    ) -> tuple[list[Hit], int]:
        """The simplest laws of one kind and how many partners were looked for: all, or those of the first
        `most` entries."""
        index = self._shape if shape else self._plain
        asked = min(self.count, most or self.count)
        starts = range(0, asked, CHUNK)
        found: list[IntArray] = []
        for wave in range(0, len(starts), threads):
            running = [
                pool.submit(self._asked, index, aim.values, kind, shape, start)
                for start in starts[wave : wave + threads]
            ]
            found += [done.result() for done in running]
        pairs = np.concatenate(found)
        costs = self.table.seen.costs[pairs[:, 0]] + self.table.seen.costs[pairs[:, 1]]
        best = np.lexsort((pairs[:, 1], pairs[:, 0], costs))[:KEPT]
        with np.errstate(all="ignore"):
            laws = [(int(costs[b]), self._law(aim, kind, *(int(p) for p in pairs[b]))) for b in best]
        return [Hit(cost, law) for cost, law in laws if law is not None], asked

    def _asked(self, index: Index, target: FloatArray, kind: int, shape: bool, start: int) -> IntArray:
        hits = np.empty((MOST_HITS, 2), np.int64)
        stop = min(start + CHUNK, self.count)
        found = match(
            self.table.seen.values, self.count, index, target, kind, shape, start, stop, self.tolerance,
            self.slack, hits,
        )  # fmt: skip
        return hits[:found]

    def _law(self, aim: Aim, kind: int, first: int, second: int) -> Expression | None:
        v, w = self.table.expression(first), self.table.expression(second)
        x, z = self.table.seen.values[first], self.table.seen.values[second]
        t = aim.values
        if kind < 2:  # t = v + s w and t = s w - v
            rest = t - x if kind == 0 else t + x
            positive = float(np.sum(rest * z)) > 0.0
            if kind == 0:
                return aim.back(v + w if positive else v - w)
            return aim.back(w - v if positive else -w - v)
        law, value = _product(kind, v, w, x, z)
        slope = float(t @ value / (value @ value))
        if abs(abs(slope) - 1.0) < self.tolerance:  # what coarse digits leave of one
            slope = float(np.sign(slope))
        return aim.back(scaled(slope, law)) if np.isfinite(slope) and slope != 0.0 else None


def _product(
    kind: int, v: Expression, w: Expression, x: FloatArray, z: FloatArray
) -> tuple[Expression, FloatArray]:
    """w times or divided by a power of v, and its values."""
    if kind == 2:
        return v * w, x * z
    if kind == 3:
        return w / v, z / x
    name, value = {4: ("square", x**2), 6: ("sqrt", np.sqrt(np.abs(x))), 8: ("cube", x**3)}[kind // 2 * 2]
    base = -v if kind // 2 == 3 and np.all(x < 0.0) else v
    power = Expression.apply(name, base)
    return (power * w, value * z) if kind % 2 == 0 else (w / power, z / value)


# ------------------------------------------------------------------ by linear conditions


@dataclass(frozen=True)
class Scan:
    """All pairs of a first and a second part that may make one aim with free coefficients.

    lines  : (M, 3) the conditions
    fitted : (M, WIDTH) what the second part is fitted to
    places : (M,) entries of the first parts
    """

    kind: int
    lines: FloatArray
    fitted: FloatArray
    places: IntArray
    aim: Aim
    second: Second | None = None


class Scanner:
    """The first entries of the table, on the rows that the linear conditions look at."""

    def __init__(
        self, table: Table, firsts: int, partners: int, target: FloatArray, tolerance: float
    ) -> None:
        self.table = table
        self.firsts = min(firsts, table.count)
        self.partners = min(partners, table.count)
        self.tolerance = tolerance
        order = np.argsort(np.abs(target), kind="stable")
        # Rows where the target is neither large nor small, so that none outweighs the others.
        self._rows = order[np.array([7, 13, 18, 24]) * WIDTH // 32]
        columns = table.values[: self.partners][:, self._rows].T
        with np.errstate(all="ignore"):
            self._columns = {
                AFFINE: np.ascontiguousarray(columns[:3]),
                SUM_AND_ONE: np.ascontiguousarray(columns[1:] - columns[0]),
                QUOTIENT: np.ascontiguousarray(1.0 / columns[:3]),
            }

    def scans(self, aims: Sequence[Aim], seconds: Sequence[Second]) -> Iterator[Scan]:
        """All scans, one for every kind, aim and second function."""
        for aim in aims:
            # Products with an input are affine relations and are looked at as such below.
            kinds = (SUM,) if aim.by_input else (SUM, SUM_AND_ONE, PRODUCT, QUOTIENT)
            for kind in kinds:
                yield self._linear(kind, aim)
        y = aims[0]
        if np.all(y.values < 0.0):
            y = Aim("-y", -y.values, lambda e: -e, 1)
        for second in seconds:
            yield self._second(second, y)

    def _linear(self, kind: int, aim: Aim) -> Scan:
        first = self.table.values[: self.firsts]
        t = np.broadcast_to(aim.values, first.shape)
        f, u = first[:, self._rows], t[:, self._rows]
        with np.errstate(all="ignore"):
            if kind == SUM:
                lines = np.cross(f[:, :3], u[:, :3])
            elif kind == SUM_AND_ONE:
                lines = np.cross(f[:, 1:] - f[:, :1], u[:, 1:] - u[:, :1])
            else:
                lines = _differences(u) * f[:, :3]
        return self._kept(Scan(kind, lines, t, np.arange(self.firsts), aim))

    def _second(self, second: Second, aim: Aim) -> Scan:
        first = self.table.values[: self.firsts]
        with np.errstate(all="ignore"):
            u = second.forward(aim.values, first)
            lines = _differences(u[:, self._rows])
        return self._kept(Scan(AFFINE, lines, u, np.arange(self.firsts), aim, second))

    def _kept(self, whole: Scan) -> Scan:
        good = np.isfinite(whole.lines).all(axis=1) & np.isfinite(whole.fitted).all(axis=1)
        good &= (np.abs(whole.lines) > 0.0).any(axis=1)
        return Scan(
            whole.kind,
            np.ascontiguousarray(whole.lines[good]),
            np.ascontiguousarray(whole.fitted[good]),
            whole.places[good],
            whole.aim,
            whole.second,
        )

    def hits(self, one: Scan, pool: Executor, threads: int) -> tuple[list[Hit], int]:
        """The simplest laws that a scan finds, and how many pairs it looked at."""
        firsts = np.ascontiguousarray(self.table.values[one.places])
        step = 8192
        starts = range(0, self.partners, step)
        columns = self._columns.get(one.kind, self._columns[AFFINE])
        found: list[IntArray] = []
        for wave in range(0, len(starts), threads):
            running = [
                pool.submit(self._scanned, one, firsts, columns, start, min(start + step, self.partners))
                for start in starts[wave : wave + threads]
            ]
            found += [done.result() for done in running]
        pairs = np.concatenate(found)
        costs = self.table.seen.costs[one.places[pairs[:, 0]]] + self.table.seen.costs[pairs[:, 1]]
        best = np.lexsort((pairs[:, 1], pairs[:, 0], costs))[:KEPT]
        with np.errstate(all="ignore"):
            laws = [(int(costs[b]), self._law(one, *(int(p) for p in pairs[b]))) for b in best]
        return [Hit(cost, law) for cost, law in laws if law is not None], len(one.places) * self.partners

    def _scanned(self, one: Scan, firsts: FloatArray, columns: FloatArray, start: int, stop: int) -> IntArray:
        hits = np.empty((MOST_HITS, 2), np.int64)
        found = scan(
            one.kind, one.lines, one.fitted, firsts, columns, self.table.seen.values, start, stop,
            self.tolerance, hits,
        )  # fmt: skip
        return hits[:found]

    def _law(self, one: Scan, row: int, second: int) -> Expression | None:
        place = int(one.places[row])
        x, z = self.table.values[place], self.table.values[second]
        f, g = self.table.expression(place), self.table.expression(second)
        parts, terms = {
            AFFINE: ([z], [g]),
            SUM: ([x, z], [f, g]),
            SUM_AND_ONE: ([x, z], [f, g]),
            PRODUCT: ([x * z], [f * g]),
            QUOTIENT: ([x / z], [f / g]),
        }[one.kind]
        law = combination(one.fitted[row], parts, terms, one.kind != SUM)
        if law is None:
            return None
        return one.aim.back(law if one.second is None else one.second.back(f, law))


def combination(
    aim: FloatArray, columns: Sequence[FloatArray], terms: Sequence[Expression], intercept: bool
) -> Expression | None:
    """The combination of terms nearest to the aim, relative to its values; None where a slope is nothing."""
    weight = 1.0 / (np.abs(aim) + LEAST * np.mean(np.abs(aim)))
    design = np.stack([*columns, *([np.ones(len(aim))] if intercept else [])], axis=1) * weight[:, None]
    if not np.isfinite(design).all():
        return None
    norms = np.sqrt(np.sum(design**2, axis=0))
    solution = np.linalg.lstsq(design / norms, aim * weight, rcond=1e-14)[0]
    coefficients = solution / norms
    significant = np.abs(solution) > 1e-9 * np.max(np.abs(solution))
    if not np.isfinite(coefficients).all() or not significant[: len(terms)].all():
        return None
    intercept = intercept and bool(significant[-1])
    law: Expression | None = None
    for coefficient, term in zip(coefficients, terms, strict=False):
        c = float(coefficient)
        negative = law is not None and c < 0.0
        term = scaled(-c if negative else c, term)
        law = term if law is None else law - term if negative else law + term
    return law if law is None or not intercept else law + Expression.constant(float(coefficients[-1]))


def _differences(u: FloatArray) -> FloatArray:
    """(M, 3) conditions on what u is a slope times, plus an intercept, on three rows."""
    return np.stack([u[:, 1] - u[:, 2], u[:, 2] - u[:, 0], u[:, 0] - u[:, 1]], axis=1)
