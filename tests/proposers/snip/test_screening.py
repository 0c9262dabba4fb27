"""Brute force finds what NumPy's correlation finds, whatever slope, intercept and weights are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import EXP, INV, SQRT
from eqdisc.proposers.snip.laying import layings
from eqdisc.proposers.snip.screening import Screen, aims_of, law_of, squared_correlations
from tests.proposers.snip.small import SKELETONS, small_bank

ALL = frozenset((EXP, INV, SQRT))


def table(target, rows=60, columns=3, seed=0, weights=None):
    features = np.random.default_rng(seed).uniform(0.5, 2.0, (rows, columns))
    return Dataset.of(features, target(features), weights=weights)


@given(st.integers(0, 2**31), st.booleans(), st.booleans())
def test_correlations_agree_with_plain_ones(seed, weighted, beside):
    random = np.random.default_rng(seed)
    values = random.standard_normal((4, 30)) * 10.0 ** random.uniform(-30, 30, (4, 1)) + 3.0
    aims = random.standard_normal((3, 30)) * 1e20
    weights = random.uniform(0.1, 2.0, 30) if weighted else np.ones(30)
    other = random.standard_normal(30) + 5.0 if beside else None
    found = squared_correlations(values, list(aims), weights if weighted else None, other)
    design = np.ones((30, 1)) if other is None else np.column_stack([np.ones(30), other])
    root = np.sqrt(weights)[:, None]
    basis = np.linalg.qr(root * design)[0]

    def rest(vector):
        scaled = vector / np.max(np.abs(vector)) * root[:, 0]
        return scaled - basis @ (basis.T @ scaled)

    for value, row in zip(values, found, strict=True):
        for aim, got in zip(aims, row, strict=True):
            a, b = rest(value), rest(aim)
            if np.sum(a**2) > 1e-12 * np.sum((value / np.max(np.abs(value))) ** 2):
                assert got == pytest.approx((a @ b) ** 2 / ((a @ a) * (b @ b)), abs=1e-5)


def test_what_is_not_finite_or_does_not_vary_correlates_with_nothing():
    x = np.linspace(1.0, 2.0, 8)
    values = np.array([x, x * np.nan, np.where(x > 1.5, np.inf, x), np.full(8, 7.0), 1e12 + 0.0 * x])
    found = squared_correlations(values, [2.0 - x])[:, 0]
    assert found[0] == pytest.approx(1.0)
    assert found[1:].tolist() == [0.0] * 4
    assert squared_correlations(x[None, :], [x**2], beside=3.0 * x - 1.0)[0, 0] < 1e-9


@pytest.mark.parametrize(
    ("target", "skeleton", "columns"),
    [
        (lambda x: 3.0 * x[:, 2] / x[:, 0] - 7.0, "x0/x1", (2, 0)),
        (lambda x: x[:, 1] * x[:, 0] ** 2, "x0*x1**2", (1, 0)),
        (lambda x: 1.0 - x[:, 1] / (x[:, 0] * x[:, 2]), "x0/(x1*x2)", (1, 0, 2)),
    ],
)
def test_a_law_of_the_bank_is_found_on_its_columns(target, skeleton, columns):
    data, bank = table(target), small_bank()
    screen = Screen(bank, data, (0.5, 0.5, 0.5), 24)
    hits = screen.plain(np.arange(len(bank)), aims_of(data.target, frozenset()), 3)
    best = hits.found[0]
    assert (SKELETONS[best.place], best.columns) == (skeleton, columns)
    plain = [k for k in range(len(bank)) if not bank.holes[k]]
    orders = {inputs: len(layings((0.5,) * 3, inputs, 24)) for inputs in (1, 2, 3)}
    assert hits.evaluations == sum(orders[int(bank.inputs[k])] for k in plain)
    # Most of a screen's time goes into the correlations, which a charge by nodes alone would leave out.
    assert hits.node_evaluations > 50 * hits.evaluations * data.n_rows


def test_a_function_of_a_law_of_the_bank_is_found_by_what_undoes_it():
    data, bank = table(lambda x: np.exp(1.5 * x[:, 0] * x[:, 1] - 0.3)), small_bank()
    aims = aims_of(data.target, ALL)
    hits = Screen(bank, data, (0.5, 0.5, 0.5), 24).plain(np.arange(len(bank)), aims, 2)
    law = law_of(bank, hits.found[0], aims, data)
    np.testing.assert_allclose(evaluate(law, data.features), data.target, rtol=1e-9)
    assert law.root == EXP


def test_aims_are_those_that_a_law_can_undo():
    assert [aim.undo for aim in aims_of(np.array([1.0, 2.0]), ALL)] == [None, EXP, INV, SQRT]
    assert [aim.undo for aim in aims_of(np.array([-1.0, 2.0]), ALL)] == [None, INV]
    assert [aim.undo for aim in aims_of(np.array([0.0, 2.0]), ALL)] == [None, SQRT]
    assert [aim.undo for aim in aims_of(np.array([1.0, 2.0]), frozenset())] == [None]
    assert [aim.undo for aim in aims_of(np.array([1e200, 1e210]), ALL)] == [None, EXP, INV]


def test_a_term_is_found_beside_a_stronger_one():
    data, bank = table(lambda x: 100.0 * np.sqrt(x[:, 0]) + x[:, 1] * x[:, 2]), small_bank()
    strong = np.sqrt(data.features[:, 0])
    screen = Screen(bank, data, (0.5, 0.5, 0.5), 24, 2.0 * strong + 5.0)
    best = screen.plain(np.arange(len(bank)), aims_of(data.target, frozenset()), 1).found[0]
    assert (SKELETONS[best.place], set(best.columns)) == ("x0*x1", {1, 2})


def test_weights_count():
    weights = np.where(np.arange(60) < 30, 1.0, 1e-9)
    data = table(lambda x: np.where(np.arange(60) < 30, x[:, 0] * x[:, 1], x[:, 2]), weights=weights)
    screen = Screen(small_bank(), data, (0.5, 0.5, 0.5), 24)
    best = screen.plain(np.arange(len(SKELETONS)), aims_of(data.target, frozenset()), 1).found[0]
    assert SKELETONS[best.place] == "x0*x1"


def test_constants_are_drawn_in_units_of_the_columns():
    features = np.random.default_rng(1).uniform(0.5, 2.0, (60, 2)) * [1e-8, 1e7]
    data, bank = Dataset.of(features, np.exp(-features[:, 0] / 1e-8)), small_bank()
    hits = Screen(bank, data, (0.9, 0.1), 6).drawn(
        np.arange(len(bank)), aims_of(data.target, frozenset()), 5, np.random.default_rng(0)
    )
    assert hits.found
    assert all(bank.holes[hit.place] for hit in hits.found)
    assert hits.found[0].columns == (0,)
