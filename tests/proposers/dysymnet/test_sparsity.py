"""The penalty deletes what contributes little, by contributions and not by weights."""

import numpy as np
import pytest

from eqdisc.engine.workspace import load
from eqdisc.proposers.dysymnet.kernels.fitting import linearise, project
from eqdisc.proposers.dysymnet.kernels.nets import DEAD
from eqdisc.proposers.dysymnet.kernels.pruning import prepare
from eqdisc.proposers.dysymnet.kernels.sparsity import NOTHING, shrink
from tests.proposers.dysymnet.networks import UNITS, net_of, room_for, sampled_of, table_of_addresses

ROWS = 80
FEATURES = np.random.default_rng(4).normal(size=(ROWS, 5))


def deleted(coefficients, penalty, scales=1.0, noise=0.0):
    """Which terms of a linear law are deleted from the network fitted to it."""
    target = FEATURES @ coefficients + noise * np.random.default_rng(5).normal(size=ROWS)
    sampled = sampled_of(FEATURES * scales, target)
    net = net_of([], [dict.fromkeys(range(len(coefficients)), 1.0)])
    table, r = table_of_addresses(), room_for(net, sampled)
    load(sampled.sample, 0, r.buffer)
    prepare(table, net, UNITS, len(coefficients), r)
    project(table, sampled.sample, r)
    net.weights[r.outer_edges[: len(coefficients)]] = r.coefficients[: len(coefficients)]
    linearise(table, sampled.sample, r)
    count = shrink(r, net, float(np.linalg.norm(sampled.sample.target)), penalty)
    gone = net.states == DEAD
    assert count == np.sum(gone)
    assert not net.weights[gone].any()
    return gone.tolist()


def test_what_contributes_little_is_deleted():
    assert deleted([2.0, 0.01, -1.0, 0.02, 0.5], 3e-3) == [False, True, False, True, False]


def test_without_a_penalty_nothing_goes_but_what_is_nothing():
    assert deleted([2.0, 0.01, -1.0, 0.02, 0.1 * NOTHING], 0.0) == [False, False, False, False, True]


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_unit_of_a_column_does_not_matter(scale):
    coefficients = [2.0, 0.01, -1.0, 0.02, 0.5]
    scales = np.array([1.0, scale, 1.0 / scale, 1.0, scale])
    assert deleted(coefficients, 3e-3, scales) == deleted(coefficients, 3e-3)


def test_a_stronger_penalty_deletes_no_less():
    random = np.random.default_rng(6)
    for _ in range(20):
        coefficients = random.normal(size=5) * 10.0 ** random.uniform(-2.0, 0.0, 5)
        counts = [np.sum(deleted(coefficients, penalty, noise=0.05)) for penalty in (0.0, 1e-3, 1e-2, 1e-1)]
        assert counts == sorted(counts)
