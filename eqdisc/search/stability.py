"""How often a law comes back when the rows it was found from are drawn again.

The bootstrap (Efron 1979): each resample draws as many rows as the table has, with replacement, and is
searched afresh.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import MIN_ROWS, Dataset
from eqdisc.errors import OptionError
from eqdisc.expr.expression import Expression
from eqdisc.expr.format import format_expression
from eqdisc.expr.operators import CONSTANT, VARIABLE
from eqdisc.expr.simplify import simplify
from eqdisc.scoring.description import fixed_constants
from eqdisc.search.optimum import optimum
from eqdisc.search.same_law import between_rows, is_same_law

MOST_DRAWS = 1000
QUANTILES = (0.16, 0.5, 0.84)  # one standard deviation to either side, were they normally distributed
DIGITS = 6  # of the exact constants of a law that is named


@dataclass(frozen=True)
class Stability:
    """Outcome of resampling.

    resamples : tables drawn with replacement from the rows and searched afresh
    returned  : how many of them gave the same law, constants that were fitted aside
    others    : the other laws that came, as text with constants named, and how often; most frequent first
    spread    : for each constant of the law in postfix order, its 16 %, 50 % and 84 % quantiles when the law
                is fitted to the resamples that gave it; an exact constant is three times itself. Empty
                where the law never returned
    """

    resamples: int
    returned: int
    others: tuple[tuple[str, int], ...]
    spread: tuple[tuple[float, float, float], ...] = ()

    @property
    def share(self) -> float:
        """Share of the resamples that gave the same law; NaN without any."""
        return self.returned / self.resamples if self.resamples else float("nan")

    def record(self) -> dict[str, Any]:
        """As plain data, ready for JSON."""
        return {
            "resamples": self.resamples,
            "returned": self.returned,
            "others": [[law, count] for law, count in self.others],
            "spread": [list(quantiles) for quantiles in self.spread],
        }

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self:
        """From what `record` gave."""
        return cls(
            resamples=int(record["resamples"]),
            returned=int(record["returned"]),
            others=tuple((str(law), int(count)) for law, count in record["others"]),
            spread=tuple((float(low), float(middle), float(high)) for low, middle, high in record["spread"]),
        )


def stability(
    dataset: Dataset,
    law: Expression,
    solve: Callable[[Dataset, int], Expression],
    resamples: int,
    seed: int,
) -> Stability:
    """Draw the rows again, search each resample, and count how often the law comes back.

    solve     : from a table and a seed to the law it believes
    resamples : how many tables to draw, at least 1 (OptionError)
    seed      : same seed and same `solve`: same outcome

    A row drawn twice is one row of double weight, so that no search holds out a row it also trains on. Ctrl-C
    ends the drawing; what was drawn till then counts.

    >>> from eqdisc.expr.parse import parse
    >>> x = np.linspace(1, 2, 20)
    >>> law = parse("1.2345678*x**2", ["x"])
    >>> table = Dataset.of(x[:, None], 1.2345678 * x**2, names=["x"])
    >>> found = stability(table, law, lambda table, seed: parse("1.3*x*x", ["x"]), resamples=3, seed=0)
    >>> found.returned, found.share
    (3, 1.0)
    """
    if resamples < 1:
        raise OptionError(f"got {resamples} resamples; wanted at least 1, 20 tell how stable a law is")
    fixed = fixed_constants(law)
    fits: list[FloatArray] = []
    others: Counter[Expression] = Counter()
    points = between_rows(dataset)
    try:
        for stream in np.random.SeedSequence(seed).spawn(resamples):
            table = resampled(dataset, np.random.default_rng(stream))
            answer = solve(table, int(stream.generate_state(1)[0]))
            if is_same_law(law, answer, points):
                fits.append(optimum(law, table, ~fixed).expression.constants)
            else:
                others[next((o for o in others if is_same_law(o, answer, points)), answer)] += 1
    except KeyboardInterrupt:  # who waits no longer gets what there is
        pass
    ranked = sorted(others.items(), key=lambda found: (-found[1], found[0].size))
    named = tuple((with_named_constants(other, dataset.feature_names), count) for other, count in ranked)
    quantiles = np.quantile(np.array(fits), QUANTILES, axis=0).T.tolist() if fits else []
    spread = tuple((low, middle, high) for low, middle, high in quantiles)
    return Stability(len(fits) + others.total(), len(fits), named, spread)


def resampled(dataset: Dataset, random: np.random.Generator) -> Dataset:
    """As many rows as the table has, drawn with replacement; how often a row was drawn is its weight.

    Drawn again while fewer than 4 rows are distinct or the target is the same in all of them.

    >>> table = Dataset.of(np.arange(8.0)[:, None], np.arange(8.0) ** 2)
    >>> drawn = resampled(table, np.random.default_rng(0))
    >>> drawn.n_rows, float(drawn.weights.sum())
    (5, 8.0)
    """
    for _ in range(MOST_DRAWS):
        drawn = random.integers(dataset.n_rows, size=dataset.n_rows)
        counts = np.bincount(drawn, minlength=dataset.n_rows)
        rows = np.flatnonzero(counts)
        if rows.size >= MIN_ROWS and np.ptp(dataset.target[rows]) > 0.0:
            break
    else:  # a target that hardly ever varies
        rows, counts = np.arange(dataset.n_rows), np.ones(dataset.n_rows, dtype=np.int64)
    table, times = dataset.take(rows), counts[rows].astype(np.float64)
    if np.all(times == times[0]):
        return table
    return replace(
        table,
        weights=times if table.weights is None else times * table.weights,
        sigma=None if table.sigma is None else table.sigma / np.sqrt(times),
    )


def with_named_constants(law: Expression, names: Sequence[str]) -> str:
    """The text of a law with its fitted constants called c1, c2, ...; exact ones stay numbers.

    >>> from eqdisc.expr.parse import parse
    >>> with_named_constants(parse("2*x + 0.7312345", ["x"]), ["x"])
    '2*x + c1'
    """
    law = simplify(law)
    letter = "c"
    while any(name.startswith(letter) for name in names):
        letter += "_"
    fitted = iter(~fixed_constants(law))
    codes, payload = list(law.codes), list(law.payload)
    called: list[str] = []
    for node, code in enumerate(law.codes):
        if code == CONSTANT and next(fitted):
            codes[node], payload[node] = VARIABLE, float(len(names) + len(called))
            called.append(f"{letter}{len(called) + 1}")
    return format_expression(Expression(tuple(codes), tuple(payload)), [*names, *called], DIGITS)
