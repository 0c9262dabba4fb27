"""Whether two expressions are one law, however they are written and whatever was fitted in them."""

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.scoring.description import fixed_constants
from eqdisc.search.optimum import optimum
from eqdisc.search.sample import sample

POINTS = 200  # at which two laws are held against each other
STEPS = 25
SAME = 1e-6  # of the spread of the values


def is_same_law(law: Expression, answer: Expression, points: FloatArray) -> bool:
    """Whether an answer is the law, constants that were fitted aside.

    points : (n, k) where the two are held against each other

    Each must become the other when its constants are fitted: the law with its exact ones (2, pi) kept. So the
    way a law is written does not matter, and a special case of it, or a law that contains it, is another.

    >>> from eqdisc.expr.parse import parse
    >>> points = np.random.default_rng(0).uniform(1, 2, (50, 2))
    >>> law = parse("2*x - 0.7312345*y", ["x", "y"])
    >>> texts = ("(x - 0.35*y)*2", "3*x - 0.7*y", "2*x - 0.7*y + 0.1")
    >>> [is_same_law(law, parse(text, ["x", "y"]), points) for text in texts]
    [True, False, False]
    """
    if law.features != answer.features:
        return False
    if not law.features:
        return True
    everything = np.ones(len(answer.constants), dtype=np.bool_)
    return _becomes(law, ~fixed_constants(law), answer, points) and _becomes(answer, everything, law, points)


def between_rows(dataset: Dataset) -> FloatArray:
    """(n, k) rows of a table and points half-way between two of them; always the same.

    >>> between_rows(Dataset.of([[1.0], [2.0], [4.0], [9.0]], [1.0, 2.0, 3.0, 4.0])).shape
    (204, 1)
    """
    random = np.random.default_rng(dataset.n_rows)
    rows = sample(dataset, POINTS).features
    first, second = random.integers(len(rows), size=(2, POINTS))
    return np.vstack([rows, 0.5 * rows[first] + 0.5 * rows[second]])


def _becomes(law: Expression, free: BoolArray, other: Expression, points: FloatArray) -> bool:
    """Whether the free constants of a law can be such that it has the values of the other."""
    wanted = evaluate(other, points)
    usable = np.isfinite(wanted) & np.isfinite(evaluate(law, points))
    if usable.sum() <= free.sum():
        return False
    features, target = points[usable], wanted[usable]
    exactly = np.zeros((features.shape[1], target.size)), np.zeros(target.size)
    names = tuple(f"x{j}" for j in range(features.shape[1]))
    table = Dataset(features, target, names, "y", None, *exactly)
    fitted = optimum(law, table, free, max_steps=STEPS)
    return bool(np.sqrt(fitted.mean_square) <= SAME * np.std(target))
