"""Tables that are as they are: the seed only chooses the rows to be judged by."""

import numpy as np

from eqdisc.benchmark.seeds import seed_for
from eqdisc.benchmark.task import Split
from eqdisc.data.dataset import Dataset

FEWEST = 40  # below, no rows can be spared
SHARE = 0.25
ALL_ROWS = f"below {FEWEST} rows none are held out: judged on the rows learnt from"


def split(whole: Dataset, *names: object) -> Split:
    """A quarter of the rows to judge by, chosen by a seed made of the names; all of them in a small table."""
    if whole.n_rows < FEWEST:
        return Split(whole, None, whole)
    order = np.random.default_rng(seed_for("held out", *names)).permutation(whole.n_rows)
    test = round(SHARE * whole.n_rows)
    return Split(whole.take(np.sort(order[test:])), None, whole.take(np.sort(order[:test])))


def ranges(whole: Dataset) -> dict[str, tuple[float, float]]:
    """Lowest and highest value of each feature."""
    columns = zip(whole.feature_names, whole.features.T, strict=True)
    return {name: (float(column.min()), float(column.max())) for name, column in columns}
