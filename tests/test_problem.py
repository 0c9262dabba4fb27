import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.errors import OptionError
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
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


def three_columns(**options):
    data = Dataset.of(np.random.default_rng(0).uniform(1.0, 2.0, (9, 3)), np.arange(9.0), ["a", "b", "c"])
    return Problem.of(data, OperatorSet.of("add", "sin"), **{"max_size": 9, "seed": 0, **options})


def test_required_variables_are_in_every_law_that_is_admitted():
    problem = three_columns(required=[2, 0, 2])
    assert problem.required == (0, 2)
    names = ["a", "b", "c"]
    assert problem.admits(parse("a + sin(c)", names))
    assert not problem.admits(parse("a + b", names))
    assert not problem.admits(parse("a + c + a + c + a + c", names)), "too large"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"required": [3]}, "feature 3 is required.*the table has 3 features"),
        ({"required": [-1]}, "feature -1 is required"),
        ({"required": [0, 1, 2], "max_size": 4}, "a law with a, b, c has at least 5 nodes, the limit is 4"),
    ],
)
def test_variables_that_cannot_be_required(options, message):
    with pytest.raises(OptionError, match=message):
        three_columns(**options)


def test_no_operator_joins_two_required_variables():
    data = three_columns().dataset
    with pytest.raises(OptionError, match="2 variables are required and no operator joins two"):
        Problem.of(data, OperatorSet.of("sin"), 9, seed=0, required=[0, 1])
