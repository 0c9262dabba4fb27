import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest

from eqdisc.benchmark.task import Split, Task
from eqdisc.data.dataset import Dataset
from eqdisc.errors import OptionError


@dataclass(frozen=True)
class Products:
    """Two inputs and their product, times `factor`."""

    factor: float = 1.0
    validated: bool = False

    def __call__(self, seed):
        features = np.random.default_rng(seed).uniform(1.0, 2.0, (30, 2))
        whole = Dataset.of(features, self.factor * features.prod(axis=1), ["a", "b"], "c")
        rows = np.arange(30)
        return Split(
            whole.take(rows[:10]), whole.take(rows[10:20]) if self.validated else None, whole.take(rows[20:])
        )


def task(**changes):
    facts = {
        "name": "product",
        "suite": "mine",
        "feature_names": ("a", "b"),
        "target_name": "c",
        "truth": "a*b",
        "domain": {"a": (1.0, 2.0), "b": (1.0, 2.0)},
        "sampler": Products(),
        "relevant": ("a", "b"),
    }
    return Task(**{**facts, **changes})


def test_data_are_those_of_the_sampler():
    split = task(sampler=Products(validated=True)).data(3)
    expected = Products(validated=True)(3)
    for found, wanted in zip(split.tables(), expected.tables(), strict=True):
        assert np.array_equal(found.features, wanted.features)
        assert np.array_equal(found.target, wanted.target)
    assert [table.n_rows for table in split.tables()] == [10, 10, 10]
    assert len(task().data(3).tables()) == 2


def test_units_are_given_only_where_asked_for():
    known = task(feature_units=("m", "s"), target_unit="m*s")
    assert known.data(0).train.feature_units == (None, None)
    assert known.data(0).test.target_unit is None
    with_units = known.data(0, units=True)
    assert with_units.train.feature_units == with_units.test.feature_units == ("m", "s")
    assert with_units.train.target_unit == "m*s"
    assert task().data(0, units=True).train.feature_units == (None, None)


def test_dummies_are_the_inputs_that_the_truth_does_not_use():
    assert task().dummies == ()
    assert task(truth="a**2", relevant=("a",)).dummies == ("b",)
    assert task(truth=None, relevant=None).dummies == ()


@pytest.mark.parametrize("changes", [{"domain": {"z": (0.0, 1.0)}}, {"relevant": ("a", "z")}])
def test_a_task_speaks_of_its_own_inputs_only(changes):
    with pytest.raises(OptionError, match=r"'z'.*a, b"):
        task(**changes)


def test_a_task_survives_a_pickle():
    copy = pickle.loads(pickle.dumps(task()))
    assert copy == task()
    assert hash(copy) == hash(task())
    assert copy.checksum() == task().checksum()


def test_the_checksum_sees_another_number_but_not_another_last_bit():
    found = task().checksum()
    assert len(found) == 16
    int(found, 16)
    assert task(sampler=Products(1.0 + 2.0**-52)).checksum() == found
    assert task(sampler=Products(1.001)).checksum() != found
    assert task(sampler=Products(validated=True)).checksum() != found
    assert task(truth="b*a").checksum() != found
    assert replace(task(), notes=("said of it",)).checksum() == found
