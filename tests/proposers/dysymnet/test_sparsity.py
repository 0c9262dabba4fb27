"""The penalty deletes what contributes little, by contributions and not by weights."""

import numpy as np
import pytest

from eqdisc.engine.workspace import load
from eqdisc.proposers.dysymnet.kernels.fitting import fit, linearise, project
from eqdisc.proposers.dysymnet.kernels.nets import DEAD
from eqdisc.proposers.dysymnet.kernels.pruning import prepare
from eqdisc.proposers.dysymnet.kernels.room import INNER, OUTER
from eqdisc.proposers.dysymnet.kernels.sparsity import NOTHING, RIDGE, ROUNDED, SWEEPS, shrink
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
    count = shrink(r, net, float(np.sqrt(sampled.variance)), penalty)
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


def by_numpy(products, weights, spread, penalty):
    """Sizes after reweighted least squares, as shares of the spread."""
    norms = np.sqrt(np.diag(products))
    model = products / np.outer(norms, norms) + RIDGE * np.eye(len(norms))
    shares = start = weights * norms / spread
    for _ in range(SWEEPS):
        weight = 0.5 * penalty * (shares**2 + ROUNDED**2) ** -0.75
        shares = np.linalg.solve(model + np.diag(weight), model @ start)
    return shares


@pytest.mark.parametrize("penalty", [3e-4, 3e-3, 3e-2])
def test_it_deletes_what_numpy_would_of_weights_inside_and_columns_alike(penalty):
    random = np.random.default_rng(7)
    points = random.uniform(-1.0, 1.0, (ROWS, 2))
    points[:, 1] += 2.0 * points[:, 0]  # columns that can stand for each other
    target = np.sin(1.3 * points[:, 0] + 0.02 * points[:, 1]) + 0.1 * points[:, 0] + 0.03 * points[:, 1]
    sampled = sampled_of(points, target)
    net = net_of(["sin"], [{0: 1.3, 1: 0.1, 2: 0.01}, {}, {3: 1.0, 0: 0.1, 1: 0.1, 2: 0.1}])
    table, r = table_of_addresses(), room_for(net, sampled)
    load(sampled.sample, 0, r.buffer)
    prepare(table, net, UNITS, 2, r)
    fit(table, sampled.sample, r, net, 30, 0.0, 0.0)
    linearise(table, sampled.sample, r)
    p, k = r.counts[INNER], r.counts[OUTER]
    assert (p, k) == (3, 4)
    edges = np.concatenate([r.inner_edges[:p], r.outer_edges[:k]])
    products = np.triu(r.products[: p + k, : p + k])
    products = products + np.triu(products, 1).T
    spread = float(np.sqrt(sampled.variance))
    shares = by_numpy(products, net.weights[edges], spread, penalty)
    shrink(r, net, spread, penalty)
    assert (net.states[edges] == DEAD).tolist() == (np.abs(shares) < NOTHING).tolist()
    assert 0 < np.sum(net.states == DEAD) < len(edges)


def test_a_weight_without_a_derivative_is_kept():
    """An exponent over a base that is negative on some row: what it contributes cannot be told."""
    points = np.random.default_rng(8).uniform(-2.0, 2.0, (ROWS, 1))
    sampled = sampled_of(points, points[:, 0] ** 2)
    net = net_of(["pow"], [{0: 1.0}, {1: 2.0}, {2: 1.0}])
    table, r = table_of_addresses(), room_for(net, sampled)
    load(sampled.sample, 0, r.buffer)
    prepare(table, net, UNITS, 1, r)
    project(table, sampled.sample, r)
    linearise(table, sampled.sample, r)
    held = [net.sources[r.inner_edges[i]] for i in range(r.counts[INNER]) if r.held[i]]
    assert held == [1]  # the exponent, a multiple of one
    shrink(r, net, float(np.sqrt(sampled.variance)), 1e3)
    assert net.states[1] != DEAD
