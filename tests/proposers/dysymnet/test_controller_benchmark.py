"""The policy that the recurrent one is measured against is the product of choices that it is said to be."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from eqdisc.proposers.dysymnet.controller import RecurrentPolicy

SCRIPTS = Path(__file__).parents[3] / "benchmarks" / "dysymnet"


def script(name):
    spec = importlib.util.spec_from_file_location(f"{name}_benchmark", SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def benchmark():
    return script("controller")


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


def test_both_controllers_search_the_laws_of_other_sets(capsys):
    laws = script("laws")
    names = [task.name for task in laws.load_suite("classic").tasks if laws.in_sets(task.name)]
    assert {"Keijzer-6", "R1", "R2a", "Constant-3", "Koza-2"} <= {*names}
    assert not [name for name in names if name.startswith(("Nguyen", "Livermore", "Jin"))]
    laws.compare("recurrent", seeds=1, seconds=20.0, pattern="Keijzer-6")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("|")[2].strip() for line in lines if line.startswith("| Keijzer-6")] == ["1/1"]
    assert "only recurrent: 0" in lines
