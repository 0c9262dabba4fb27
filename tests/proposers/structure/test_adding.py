"""Joint inputs of which a target of two inputs is a sum of functions."""

from collections.abc import Callable

import numpy as np
import pytest

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.expr.format import format_expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.problem import Problem
from eqdisc.proposers.closed_form import ClosedForm
from eqdisc.proposers.enumeration import Enumeration
from eqdisc.proposers.structure import Structure
from eqdisc.proposers.structure.adding import additions
from eqdisc.scoring.rounding import is_exact
from eqdisc.search.view import View

Law = Callable[[FloatArray, FloatArray], FloatArray]


def table(law: Law, n_rows: int = 5000, noise: float = 0.0) -> Dataset:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-5.0, 5.0, (2, n_rows))
    target = law(x, y)
    target = target + noise * float(np.std(target)) * rng.normal(size=n_rows)
    return Dataset.of(np.stack([x, y], axis=1), target, names=["x", "y"], target_name="z")


def seen(data: Dataset) -> list[set[str]]:
    """The joint inputs of each suggestion."""
    found = additions(View.of(data))
    return [{format_expression(e, ["x", "y"]) for e in h.reduction.inputs(0)} for h in found]


@pytest.mark.parametrize(
    ("law", "inputs"),
    [
        (lambda x, y: np.cos(2 * np.sqrt(0.01 + x**2 + y**2)) / (1 + 0.3 * (x**2 + y**2)), {"x**2 + y**2"}),
        (lambda x, y: (x**2 + y**2) * np.exp(-0.4 * (x**2 + y**2)) + np.tanh(x), {"x", "x**2 + y**2"}),
        (lambda x, y: np.sin(x * y) + np.exp(-x / 2), {"x", "x*y"}),
        (lambda x, y: np.sin(3 * (x - y)) + np.log(1 + y**2), {"y", "x - y"}),
        (lambda x, y: np.exp(np.cos(x * y) + np.sqrt(1 + (x + y) ** 2)), {"x + y", "x*y"}),
    ],
)
def test_functions_of_joint_inputs_are_seen(law: Law, inputs: set[str]) -> None:
    assert seen(table(law))[0] == inputs


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.3])
def test_nothing_is_seen_where_there_is_nothing(noise: float) -> None:
    def law(x: FloatArray, y: FloatArray) -> FloatArray:
        return np.asarray(np.tanh(1.2 * x - 0.8 * y) - 0.3 * x + 0.1 * x * y**2)

    assert seen(table(law, noise=noise)) == []


def test_noise_alone_has_no_joint_inputs() -> None:
    rng = np.random.default_rng(3)
    features = rng.uniform(-5.0, 5.0, (400, 2))
    for _ in range(5):
        data = Dataset.of(features, rng.normal(size=400), names=["x", "y"], target_name="z")
        assert seen(data) == []


def test_parts_of_joint_inputs_are_searched_at_once() -> None:
    data = table(lambda x, y: (x**2 + y**2) * np.exp(-0.4 * (x**2 + y**2)) + 0.1 * np.tanh(x))
    problem = Problem.of(data, OperatorSet.default(), 40, seed=0)
    structure = Structure((ClosedForm(),), (Enumeration(),))
    session = structure.start(problem, np.random.SeedSequence(0), 1)
    session.prepare()
    assert any(is_exact(law, problem.train) for law in session.propose().expressions)
