"""Building blocks that the user expects: through the command line, from Python, kept, and refused."""

from pathlib import Path

import numpy as np
import pytest

from eqdisc import discover, resume
from eqdisc.data.dataset import Dataset
from eqdisc.data.given_units import with_units
from eqdisc.engine.reference import evaluate
from eqdisc.errors import OptionError
from eqdisc.estimator import SymbolicRegressor
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import ParseError
from eqdisc.proposers.gp import GeneticProgramming
from eqdisc.report.text import repeat_options
from eqdisc.settings import Settings
from eqdisc.task import SearchTask, _block
from tests.quick import few_pictures

SMALL = GeneticProgramming(population=60, epoch_work=20_000_000)


@pytest.fixture
def table() -> Dataset:
    random = np.random.default_rng(0)
    x = random.uniform(1.0, 2.0, (200, 4))
    target = np.exp((x[:, 0] - x[:, 1]) * (x[:, 2] + x[:, 3])) * x[:, 0]
    return Dataset.of(x, target, names=["a", "b", "c", "d"])


def test_a_block_is_used_told_and_kept(table: Dataset, tmp_path: Path) -> None:
    told = {"proposers": [SMALL], "epochs": 3, "blocks": ["(a - b)*(c + d)"]}
    with few_pictures():
        found = discover(table, **told, out=tmp_path / "run")
    assert found.stopped.name == "EXACT"
    assert "--block '(a - b)*(c + d)'" in repeat_options(found)
    with few_pictures():
        again = resume(tmp_path / "run", epochs=3, proposers=[SMALL])
    assert again.best == found.best


def test_the_estimator_takes_blocks(table: Dataset) -> None:
    model = SymbolicRegressor(proposers=[SMALL], epochs=12, blocks=["(x0 - x1)*(x2 + x3)"])
    model.fit(table.features, table.target)
    np.testing.assert_allclose(model.predict(table.features), table.target, rtol=1e-9)


def test_a_block_of_degrees_leaves_the_search_in_kelvin() -> None:
    """The block reads the column as it was given, the law is found on the absolute scale all the same."""
    random = np.random.default_rng(0)
    celsius, length = random.uniform(1.0, 99.0, (2, 80))
    table = Dataset.of(
        np.column_stack([celsius, length]), length * np.exp(-1000.0 / (celsius + 273.15)), names=["t", "l"]
    )
    units = {"t": "degC", "l": "m", "y": "m"}
    found = discover(table, units=units, blocks=["l/t"], proposers="closed_form enumeration", epochs=1)
    assert found.stopped.name == "EXACT"
    task = SearchTask.of(
        with_units(table, units), Settings(blocks=("l*(t + 5)",)), OperatorSet.default(), "closed_form"
    )
    block = _block("l*(t + 5)", task.searched, table, OperatorSet.default())
    kelvin = task.searched.apply(table).features
    np.testing.assert_allclose(evaluate(block, kelvin), length * (celsius + 5.0), rtol=1e-12)


@pytest.mark.parametrize(
    ("block", "settings", "words"),
    [
        ("a", {}, "no more than a column or a number; leave it out"),
        ("2 + 3", {}, "no more than a column or a number; leave it out"),
        ("a - a", {}, "no more than a column or a number; leave it out"),
        ("y = a - b", {}, "is an equation; give the part alone, or a guess"),
        ("sqrt(a - b)", {}, "no finite value on some row; leave it out"),
        ("k*a - b", {}, "contains 'k', which is no column; .* belong into a guess"),
        ("a - ", {}, "got the end of the text"),
        ("sinh(a - b)", {}, "cannot be written with the operators .*; allow those it needs"),
        ("a - b", {"forbid": ["a"]}, "contains 'a', which is forbidden"),
        ("a - b", {"template": "f(a)"}, "leave out proposers, guesses and blocks"),
        (
            "a - b",
            {"units": "a=m,b=s,y=m"},
            r"the units of the building block 'a - b' do not hold: it joins a \[m\], b \[s\]",
        ),
    ],
)
def test_blocks_that_cannot_be(table: Dataset, block: str, settings: dict[str, object], words: str) -> None:
    with pytest.raises((OptionError, ParseError), match=words):
        discover(table, blocks=[block], epochs=1, **settings)
