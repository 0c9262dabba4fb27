"""What is asked: data to explain, operators allowed, size allowed."""

from dataclasses import dataclass

from eqdisc.data.dataset import Dataset
from eqdisc.data.split import heldout_split
from eqdisc.errors import OptionError
from eqdisc.expr.operators import OperatorSet


@dataclass(frozen=True)
class Problem:
    """A table with its held-out rows set apart, and the language a law may be written in.

    dataset   : all rows
    train     : the rows that constants are fitted to
    heldout   : the rows that only judge; None for a small table, where cross-validation judges instead
    operators : what a law may be made of
    max_size  : nodes a law may have
    """

    dataset: Dataset
    train: Dataset
    heldout: Dataset | None
    operators: OperatorSet
    max_size: int

    def __post_init__(self) -> None:
        if self.max_size < 1:
            raise OptionError(
                f"the size limit is {self.max_size} nodes; a law has at least 1, the default is 60"
            )

    @classmethod
    def of(cls, dataset: Dataset, operators: OperatorSet, max_size: int, seed: int) -> "Problem":
        """Hold a quarter of the rows out, drawn from `seed`; none of a table below 60 rows."""
        train, heldout = heldout_split(dataset.n_rows, seed)
        if heldout.size == 0:
            return cls(dataset, dataset, None, operators, max_size)
        return cls(dataset, dataset.take(train), dataset.take(heldout), operators, max_size)
