import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.data.dataset import Dataset
from eqdisc.data.scale import Scaling
from eqdisc.engine.reference import evaluate
from eqdisc.expr.parse import parse

X = np.random.default_rng(3).uniform(0.5, 2.0, size=(12, 2))
LAWS = ["x0", "x1*x0 + 0.3", "sqrt(x0/x1) - x1*x1", "exp(-x0*x1)*sin(3*x1)", "2.5"]


@given(st.integers(-300, 300), st.integers(-300, 300), st.integers(-300, 300))
def test_working_units_are_comfortable_and_exact(p: int, q: int, r: int) -> None:
    data = Dataset.of(X * 10.0 ** np.array([p, q]), X[:, 0] * X[:, 1] * 10.0**r)
    scaling = Scaling.of(data)
    scaled = scaling.apply(data)
    for factor, column, before in zip(
        (*scaling.features, scaling.target),
        (*scaled.features.T, scaled.target),
        (*data.features.T, data.target),
        strict=True,
    ):
        assert np.frexp(factor)[0] == 0.5  # a power of two
        assert 1e-3 <= np.sqrt(np.mean(np.square(column))) <= 1e3
        assert np.array_equal(column / factor, before)
    assert np.allclose(scaled.target_resolution / scaled.target, data.target_resolution / data.target)
    assert np.allclose(
        scaled.feature_resolution.T / scaled.features, data.feature_resolution.T / data.features
    )


def test_ordinary_columns_are_left_alone() -> None:
    data = Dataset.of(X * [1e-2, 1e2], X[:, 0])
    assert Scaling.of(data).is_identity
    assert Scaling.of(data).apply(data) is data


def test_a_column_of_zeros_is_left_alone() -> None:
    data = Dataset.of(X * [0.0, 1.0], X[:, 0] * 1e40)
    assert Scaling.of(data).features == (1.0, 1.0)


@pytest.mark.parametrize("text", LAWS)
def test_restored_laws_have_exactly_the_right_values(text: str) -> None:
    scaling = Scaling((2.0**-80, 2.0**33), 2.0**55)
    law = parse(text, ["x0", "x1"])
    original = X / np.array(scaling.features)
    expected = evaluate(law, X) / scaling.target
    assert np.array_equal(evaluate(scaling.restore(law), original), expected)


def test_identity_restores_the_law_itself() -> None:
    law = parse("x0*x1 + 2", ["x0", "x1"])
    assert Scaling((1.0, 1.0), 1.0).restore(law) == law


def test_columns_of_like_size_are_scaled_alike():
    random = np.random.default_rng(0)
    sizes = np.array([3e24, 5e22, 2.0, 4e-12])
    table = Dataset.of(random.uniform(0.5, 1.0, (50, 4)) * sizes, random.uniform(1e23, 2e23, 50))
    first, second, third, fourth = Scaling.of(table).features
    assert first == second == Scaling.of(table).target != 1.0
    assert third == 1.0
    assert fourth > 1e9


def test_a_column_near_one_of_comfortable_size_is_left_alone():
    table = Dataset.of(np.random.default_rng(0).uniform(0.5, 1.0, (50, 2)) * [6000.0, 300.0], np.arange(50.0))
    assert Scaling.of(table).is_identity
