"""Exact laws of tables whose target spans so many decades that the loss does not see all of its rows.

Squared residuals add up what is rounded in the largest rows and drown the smallest: of a table from 1e-30 to
1e30 they judge a handful of rows, and a law that is wrong in all others may have the smaller loss. There an
exact law is told row by row, its constants fitted to every row by what rounding leaves of it.
"""

from dataclasses import replace

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.expr.expression import Expression
from eqdisc.expr.simplify import simplify
from eqdisc.scoring.description import LAST_DIGITS, nice_numbers
from eqdisc.scoring.rounding import is_exact
from eqdisc.search.optimum import optimum
from eqdisc.search.sample import sample

DROWNED = 100.0  # times the rounding of the largest row: a value so small is lost beside it ...
FINER = 1e-3  # ... although it is given so much more finely
FEW = 0.02  # share of the rows that may be lost without a law being mistaken for another
ROWS = 1000
STEPS = 12
NEAR = 1e-6  # relative; short numbers tried for a constant
TRIED = 2


def drowns_rows(dataset: Dataset) -> bool:
    """Whether the rounding of the largest rows exceeds what the smallest say, so that no loss hears them.

    >>> x = np.logspace(-12.0, 12.0, 50)
    >>> drowns_rows(Dataset.of(x[:, None], np.sqrt(2.0) * x)), drowns_rows(Dataset.of(x[:, None], np.log(x)))
    (True, False)
    """
    magnitude, given = np.abs(dataset.target), dataset.target_resolution
    coarsest = float(np.max(given))
    lost = (magnitude > 0.0) & (magnitude < DROWNED * coarsest) & (given < FINER * coarsest)
    return bool(np.mean(lost) > FEW)


def exact_form(expression: Expression, train: Dataset, dataset: Dataset) -> Expression | None:
    """The expression with constants for which it is exact on the data set, short ones where these will do.

    train : the rows that constants are fitted to, each by its own rounding. None where no such constants are
    near those given.

    >>> from eqdisc.expr.parse import parse
    >>> x = np.logspace(-12.0, 12.0, 50)
    >>> table = Dataset.of(x[:, None], 0.7 * x * x + 3.0 * x, names=["x"])
    >>> str(exact_form(parse("0.7000000001*x*x + 1e5*x", ["x"]), table, table))
    '0.7*x0**2 + 3*x0'
    """
    rows = sample(train, ROWS)
    rows = replace(rows, weights=_weights(rows), sigma=None)
    with np.errstate(all="ignore"):
        found = expression
        if not is_exact(expression, dataset):
            found = optimum(expression, rows, None, STEPS).expression
            if not is_exact(found, dataset):
                return None
        found = _rounded(found, rows, dataset)
        simpler = simplify(found)
        return simpler if simpler.size < found.size and is_exact(simpler, dataset) else found


def _weights(rows: Dataset) -> FloatArray:
    """(n,) that count every row by its own rounding; rows without weight stay so."""
    given = rows.target_resolution
    least = float(np.min(given[given > 0.0], initial=np.max(given)))
    weights: FloatArray = np.ones(rows.n_rows)
    if least > 0.0:
        weights = (np.max(given) / np.maximum(given, least)) ** 2
    return weights if rows.weights is None else np.where(rows.weights > 0.0, weights, 0.0)


def _rounded(expression: Expression, rows: Dataset, dataset: Dataset) -> Expression:
    """Constants one after the other made short, the others refitted, as long as the law stays exact."""
    pinned = np.zeros(len(expression.constants), dtype=np.bool_)
    for place in range(pinned.size):
        value = float(expression.constants[place])
        pinned[place] = True
        for nice in nice_numbers(value, (NEAR + LAST_DIGITS) * abs(value))[:TRIED]:
            constants = expression.constants.copy()
            constants[place] = nice.value
            trial = optimum(expression.with_constants(constants), rows, ~pinned).expression
            if is_exact(trial, dataset):
                expression = trial
                break
        else:
            pinned[place] = False
    return expression
