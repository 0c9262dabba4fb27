"""Where to measure next, when a table cannot tell two laws apart."""

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.search.sample import sample

TRIES = 2000
ROUNDS = 12
SHRINK = 0.6


def most_telling_point(a: Expression, b: Expression, dataset: Dataset) -> FloatArray:
    """(k,) features, within the range of the table, at which two laws differ most: measure there to decide.

    A shrinking random search over the box that the rows span, always the same. Columns of whole numbers get
    whole numbers; a feature in neither law gets its median. Points where a law is not finite do not count.

    >>> from eqdisc.expr.parse import parse
    >>> x = np.linspace(0.0, 1.0, 20)[:, None]
    >>> table = Dataset.of(x, x[:, 0], names=["x"])
    >>> most_telling_point(parse("x", ["x"]), parse("x**2", ["x"]), table).round(3)
    array([0.5])
    """
    random = np.random.default_rng(dataset.n_rows)
    low, high = dataset.features.min(axis=0), dataset.features.max(axis=0)
    whole = np.all(dataset.features == np.round(dataset.features), axis=0)
    idle = np.setdiff1d(np.arange(dataset.n_features), [*a.features, *b.features])
    middle = np.median(dataset.features[:, idle], axis=0)
    best: FloatArray = sample(dataset, TRIES).features[:1]
    width = 1.0
    points = np.vstack([sample(dataset, TRIES).features, random.uniform(low, high, (TRIES, low.size))])
    for _ in range(ROUNDS):
        points = np.vstack([best, np.where(whole, np.round(points), points)])
        points[:, idle] = middle
        with np.errstate(all="ignore"):
            gaps = np.abs(evaluate(a, points) - evaluate(b, points))
        best = points[[int(np.argmax(np.where(np.isfinite(gaps), gaps, -1.0)))]]
        width *= SHRINK
        steps = random.uniform(-0.5, 0.5, (TRIES, low.size)) * (width * (high - low))
        points = np.clip(best + steps, low, high)
    point: FloatArray = best[0]
    return point
