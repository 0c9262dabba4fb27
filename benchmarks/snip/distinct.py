"""Laws to measure with, all of different skeletons, slope and intercept not counted."""

from dataclasses import fields

import numpy as np

from eqdisc.errors import OptionError
from eqdisc.expr.expression import Expression
from eqdisc.proposers.snip.batch import Batch
from eqdisc.proposers.snip.generator import Generator
from eqdisc.proposers.snip.skeleton import plain, skeleton_of

Skeleton = tuple[tuple[int, ...], tuple[int, ...]]

#: Draws, each of as many laws as are missing, at least so many.
MOST_DRAWS, FEWEST_DRAWN = 40, 16


def bare(law: Expression) -> Skeleton:
    """The law's skeleton without slope and intercept, its inputs as they are numbered.

    >>> x = Expression.variable(0)
    >>> bare(3.0 * (x * x) - 1.0) == bare(x * x), bare(x * x) == bare(x)
    (True, False)
    """
    node = skeleton_of(law)
    if node is None:
        raise OptionError(f"a law of {law.size} nodes is too large to be compared")
    node = plain(node)
    return node.codes, node.features


def distinct(generator: Generator, count: int, rows: int) -> tuple[Batch, list[Expression]]:
    """The first laws of a generator with their tables, of each skeleton the first.

    OptionError where so many are not found: a generator that runs out of skeletons makes those it had again.
    """
    batches: list[Batch] = []
    laws: list[Expression] = []
    keys: set[Skeleton] = set()
    for _ in range(MOST_DRAWS):
        batch, drawn = generator.labelled_laws(max(FEWEST_DRAWN, count - len(keys)), rows)
        first = {bare(law): place for place, law in reversed([*enumerate(drawn)])}
        new = sorted(place for key, place in first.items() if key not in keys)[: count - len(keys)]
        keys.update(bare(drawn[place]) for place in new)
        batches.append(Batch(*(getattr(batch, field.name)[new] for field in fields(Batch))))
        laws += [drawn[place] for place in new]
        if len(keys) == count:
            return _joined(batches), laws
    raise OptionError(f"{count} laws of different skeletons were asked for, {len(keys)} found; ask for less")


def _joined(batches: list[Batch]) -> Batch:
    names = [field.name for field in fields(Batch)]
    return Batch(*(np.concatenate([getattr(batch, name) for batch in batches]) for name in names))
