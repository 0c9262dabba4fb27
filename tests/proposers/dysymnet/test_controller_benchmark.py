"""The policy that the recurrent one is measured against is the product of choices that it is said to be."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from eqdisc.proposers.dysymnet.controller import RecurrentPolicy

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "dysymnet" / "controller.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("controller_benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def listed(benchmark):
    return benchmark.every(benchmark.TOY)


def test_both_policies_begin_as_the_uniform_one(benchmark, listed):
    factorised = benchmark.FactorisedPolicy(benchmark.TOY, benchmark.SETTINGS)
    told = factorised.log_probability(listed)
    np.testing.assert_allclose(RecurrentPolicy(benchmark.TOY).log_probability(listed), told, rtol=1e-12)
    assert np.exp(told).sum() == pytest.approx(1.0)


def test_a_product_learns_what_a_product_can_be(benchmark, listed):
    policy, random = benchmark.FactorisedPolicy(benchmark.TOY, benchmark.LONGER), np.random.default_rng(0)
    for _ in range(60):
        s = policy.sample(300, random)
        policy.learn(s, ((s.depths == 2) & np.all(s.units[:, 0] < 2, axis=1)).astype(float))
    good = (listed.depths == 2) & np.all(listed.units[:, 0] < 2, axis=1)
    p = np.exp(policy.log_probability(listed))
    assert p.sum() == pytest.approx(1.0)
    assert p[good].sum() > 0.9


def test_no_product_tells_rewarded_structures_better_than_the_fitted_one(benchmark, listed):
    for rule in benchmark.RULES:
        good = benchmark.taken(listed, rule(listed))
        policy = benchmark.FactorisedPolicy(benchmark.TOY, benchmark.SETTINGS)
        policy.fit(good)
        best = policy.log_probability(good).mean()
        random = np.random.default_rng(0)
        for _ in range(5):
            other = benchmark.FactorisedPolicy(benchmark.TOY, benchmark.SETTINGS)
            other.scores[:] = policy.scores + random.normal(0, 0.3, policy.scores.size)
            assert other.log_probability(good).mean() < best
