"""Some rows that stand for all."""

import numpy as np

from eqdisc.data.dataset import Dataset


def sample(dataset: Dataset, max_rows: int) -> Dataset:
    """At most so many rows, drawn without replacement and in order; always the same of a table of the same
    length.

    >>> table = Dataset.of(np.arange(10.0)[:, None], np.arange(10.0) ** 2)
    >>> sample(table, 4).n_rows, sample(table, 20) is table
    (4, True)
    """
    if dataset.n_rows <= max_rows:
        return dataset
    rows = np.random.default_rng(dataset.n_rows).choice(dataset.n_rows, max_rows, replace=False)
    return dataset.take(np.sort(rows))
