"""Few columns of many that explain an output: best subsets by steps, exchanges and description length."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from eqdisc._typing import BoolArray, FloatArray, IntArray
from eqdisc.scoring.triangle import triangle
from eqdisc.surfaces.parametric.clock import Late, never

MOST_TERMS = 10
BITS_PER_NODE = 4.0
ROUNDS = 25
STARTS = 2
SHARED = 0.5  # of its cost: what a column still costs that another output has
DEPENDENT = 1e-9  # of its squared length: what is left of a column that others make up
FINEST = 1e-7  # root mean square residual, of the output's spread: differences of squares say no more


@dataclass(frozen=True)
class Subset:
    """Columns chosen for an output.

    columns : rising numbers
    weights : their coefficients
    rms     : root mean square residual, in units of the output
    bits    : description length, up to a constant
    """

    columns: tuple[int, ...]
    weights: FloatArray = field(compare=False)
    rms: float
    bits: float


class Library:
    """Columns that outputs are sums of some of, factored once.

    columns  : (n, p), none of them zero; outputs : (n, m); costs : (p,) nodes that each brings into a formula
    families : masks (p,) of columns of one kind, which are searched by themselves first

    >>> t = np.linspace(0.0, 3.0, 200)
    >>> columns = np.stack([np.ones(200), t, t**2, np.sin(t)], axis=1)
    >>> output = 2 * t + 3 * np.sin(t)
    >>> found = Library(columns, output[:, None], np.array([1.0, 2.0, 4.0, 3.0])).best(0)
    >>> found.columns, found.weights.round(9).tolist()
    ((1, 3), [2.0, 3.0])
    """

    def __init__(
        self,
        columns: FloatArray,
        outputs: FloatArray,
        costs: FloatArray,
        families: Sequence[BoolArray] = (),
    ) -> None:
        self.families = [*(family for family in families if family.any()), np.ones(costs.size, dtype=bool)]
        self.lengths = np.linalg.norm(columns, axis=0)
        factor = triangle(np.zeros((0, columns.shape[1] + outputs.shape[1])), np.column_stack(
            [columns / self.lengths, outputs]
        ))  # fmt: skip
        self.table: FloatArray = factor[:, : columns.shape[1]]
        self.outputs: FloatArray = factor[:, columns.shape[1] :]
        self.costs = costs
        self.n_rows = len(columns)
        self.spread = np.maximum(np.std(outputs, axis=0), 1e-300)

    def best(self, output: int, used: Collection[int] = (), noise: float = 0.0, late: Late = never) -> Subset:
        """The subset with the shortest description.

        used  : columns of other outputs, which cost less here
        noise : root mean square residual below which nothing is gained, over the output's spread
        late  : where the time is up, columns are added one by one and none is exchanged any more
        """
        search = _Search(self, output, used, max(noise, FINEST), late)
        return search.run()

    def noise(self, output: int) -> float:
        """Root mean square of what all columns together leave, degrees of freedom allowed for."""
        p = self.table.shape[1]
        free = self.n_rows - p
        if free < 1:
            return 0.0
        return float(np.linalg.norm(self.outputs[p:, output]) / np.sqrt(free))

    def path(self, output: int, chosen: Subset) -> list[Subset]:
        """The chosen subset and what is left of it when the least useful columns are dropped one by one."""
        search = _Search(self, output, (), FINEST)
        found = [chosen]
        columns = list(chosen.columns)
        while len(columns) > 1:
            columns = min(
                ([c for c in columns if c != dropped] for dropped in columns),
                key=lambda rest: search.squares(rest),
            )
            found.append(search.subset(columns))
        return found[::-1]


class _Search:
    """One output's search for its subset."""

    def __init__(
        self, library: Library, output: int, used: Collection[int], noise: float, late: Late = never
    ) -> None:
        self.library = library
        self.late = late
        self.target: FloatArray = library.outputs[:, output]
        self.least = library.n_rows * float(noise * library.spread[output]) ** 2
        self.costs = library.costs.copy()
        self.costs[list(used)] *= SHARED
        self.known: dict[frozenset[int], float] = {}
        self.open: IntArray = np.arange(self.costs.size)

    def run(self) -> Subset:
        results: list[list[int]] = [[]]
        for family in self.library.families[-1:] if self.late() else self.library.families:
            if self.late() and len(results) > 1:
                break
            self.open = np.flatnonzero(family)
            best = min(results, key=self.bits)
            starts = [best]
            # Else there is only to find something shorter.
            if self.squares(best) > 2.0 * self.least and not self.late():
                first = self.open[np.argsort(self.gains([]))]
                starts += [[int(c)] for c in first[:STARTS]]
            results += [self.improved(start) for start in starts]
        return self.subset(min(results, key=self.bits))

    def improved(self, columns: list[int]) -> list[int]:
        """Add, exchange and drop columns while the description gets shorter."""
        best = self.bits(columns)
        for _ in range(ROUNDS):
            trials = [self.extended(columns)]
            for dropped in columns:
                if self.late():
                    break
                rest = [c for c in columns if c != dropped]
                trials += [rest, self.extended(rest)]
            trial = min(trials, key=self.bits)
            bits = self.bits(trial)
            if bits >= best - 1e-6:
                more = len(columns) < MOST_TERMS - 1 and not self.late()
                further = self.two_more(columns) if more else columns
                bits = self.bits(further)
                if bits >= best - 1e-6:
                    break
                trial = further
            columns, best = trial, bits
        return columns

    def two_more(self, columns: list[int]) -> list[int]:
        return self.extended(self.extended(columns))

    def extended(self, columns: list[int]) -> list[int]:
        """With the column more that shortens the description most."""
        if len(columns) >= MOST_TERMS:
            return columns
        bits = self.gains(columns)
        return [*columns, int(self.open[np.argmin(bits)])] if np.isfinite(bits).any() else columns

    def gains(self, columns: list[int]) -> FloatArray:
        """Description length with each further column of those open."""
        basis, left = self.basis(columns)
        table = self.library.table[:, self.open]
        # Columns have unit length: what of one lies in a subspace leaves the rest of it.
        inside = basis.T @ table
        rests = np.maximum(1.0 - np.sum(inside**2, axis=0), 0.0)
        products = left @ table
        squares = float(left @ left) - products**2 / np.maximum(rests, DEPENDENT)
        bits = self.residual_bits(squares) + BITS_PER_NODE * self.costs[self.open]
        bits[rests < 10.0 * DEPENDENT] = np.inf
        return bits

    def residual_bits(self, squares: FloatArray) -> FloatArray:
        found: FloatArray = 0.5 * self.library.n_rows * np.log2(np.maximum(squares, self.least) + 1e-300)
        return found

    def basis(self, columns: list[int]) -> tuple[FloatArray, FloatArray]:
        if not columns:
            return np.zeros((len(self.target), 0)), self.target
        basis = np.linalg.qr(self.library.table[:, columns])[0]
        left = self.target - basis @ (basis.T @ self.target)
        return basis, left - basis @ (basis.T @ left)

    def squares(self, columns: list[int]) -> float:
        left = self.basis(columns)[1]
        return float(left @ left)

    def bits(self, columns: list[int]) -> float:
        key = frozenset(columns)
        if key not in self.known:
            self.known[key] = self.length(columns)
        return self.known[key]

    def length(self, columns: list[int]) -> float:
        cost = BITS_PER_NODE * float(np.sum(self.costs[columns]))
        # Each weight is a number to write, to the precision that the rows support.
        numbers = 0.5 * np.log2(self.library.n_rows) * len(columns)
        return float(self.residual_bits(np.array(self.squares(columns))) + cost + numbers)

    def subset(self, columns: list[int]) -> Subset:
        order: IntArray = np.sort(np.array(columns, dtype=np.int64))
        table = self.library.table[:, order]
        weights = np.linalg.lstsq(table, self.target, rcond=None)[0]
        weights += np.linalg.lstsq(table, self.target - table @ weights, rcond=None)[0]
        left = self.target - table @ weights
        rms = float(np.linalg.norm(left) / np.sqrt(self.library.n_rows))
        return Subset(
            tuple(order.tolist()), weights / self.library.lengths[order], rms, self.bits(order.tolist())
        )
