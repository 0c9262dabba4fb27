import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.errors import OptionError
from eqdisc.expr.operators import OperatorSet
from eqdisc.problem import Problem


def table(n_rows):
    x = np.arange(1.0, n_rows + 1.0)
    return Dataset.of(x[:, None], x**2)


def test_train_and_heldout_are_the_table_cut_in_two():
    problem = Problem.of(table(100), OperatorSet.of("add"), 10, seed=3)
    both = np.concatenate([problem.train.target, problem.heldout.target])
    assert np.array_equal(np.sort(both), problem.dataset.target)


def test_the_seed_cuts():
    first, again, other = (Problem.of(table(100), OperatorSet.of("add"), 10, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.heldout.target, again.heldout.target)
    assert not np.array_equal(first.heldout.target, other.heldout.target)


def test_a_size_limit_of_nothing():
    with pytest.raises(OptionError, match="size limit is 0 nodes"):
        Problem.of(table(10), OperatorSet.of("add"), 0, seed=0)
