"""Which skeletons of the bank may have made a table, by its place among them.

A network that learns to tell whose skeleton a table has learns how much likelier the skeleton is with the
table than without it: cosine over temperature is the logarithm of that ratio (van den Oord, Li and Vinyals
2018, equations 4 and 5). By Bayes' rule, how often a skeleton is met at all and how likely the columns are
that it is laid on count as well. Of 200 tables whose skeleton is in the bank it is among the first ten for
34 % so and for 22 % by the cosine alone (benchmarks/snip/nearest.md).
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from eqdisc._typing import AnyArray, IntArray
from eqdisc.expr.canonical import canonical
from eqdisc.expr.expression import Expression
from eqdisc.proposers.snip.bank import Bank


class View(NamedTuple):
    """A table cut down to columns in some order: logarithm of the chance that it is these that matter, and
    the embedding (D,)."""

    columns: tuple[int, ...]
    log_chance: float
    embedding: AnyArray


class Near(NamedTuple):
    """A skeleton of the bank on columns of a table.

    likeness : its cosine with the table, less what speaks against it, in the same unit; at most the cosine
    """

    likeness: float
    skeleton: Expression


def nearest(bank: Bank, views: Iterable[View], places: IntArray, temperature: float, most: int) -> list[Near]:
    """Of the skeletons at these places those that are likeliest to have made a table, the likeliest first.

    temperature : of the network's training
    most        : how many; of a law that is the same with its inputs in another order the likeliest counts

    >>> x = Expression.variable(0)
    >>> bank = Bank.of([x, x * x], [8, 2], np.eye(2), "none")
    >>> views = [View((3,), 0.0, np.array([0.6, 0.8]))]
    >>> [str(near.skeleton) for near in nearest(bank, views, np.arange(2), 0.01, 2)]
    ['x3*x3', 'x3']
    >>> [str(near.skeleton) for near in nearest(bank, views, np.arange(2), 1.0, 2)]
    ['x3', 'x3*x3']
    """
    ranked: list[tuple[float, int, tuple[int, ...]]] = []
    for view in views:
        mine = places[bank.inputs[places] == len(view.columns)]
        against = temperature * (bank.familiarity[mine] + view.log_chance)
        likeness = bank.cosines(view.embedding, mine) + against
        first = np.argsort(-likeness, kind="stable")[:most].tolist()
        ranked += [(-float(likeness[k]), int(mine[k]), view.columns) for k in first]
    found: dict[Expression, Near] = {}
    for unlike, place, columns in sorted(ranked):
        if len(found) == most:
            break
        skeleton = bank.expression(place, columns)
        found.setdefault(canonical(skeleton), Near(-unlike, skeleton))
    return list(found.values())
