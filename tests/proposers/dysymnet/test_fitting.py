"""Fitted networks against the slow meaning of expressions, and derivatives against differences."""

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.engine.workspace import load
from eqdisc.expr.operators import OperatorSet
from eqdisc.problem import Problem
from eqdisc.proposers.dysymnet import DySymNet
from eqdisc.proposers.dysymnet.extraction import expression_of, unscaled_weights
from eqdisc.proposers.dysymnet.kernels.fitting import FIT, LINEARISE, PROJECT, fit, linearise, project
from eqdisc.proposers.dysymnet.kernels.nets import DEAD
from eqdisc.proposers.dysymnet.kernels.pruning import PREPARE, prepare
from eqdisc.proposers.dysymnet.kernels.room import INNER, OUTER
from tests.proposers.dysymnet.networks import NAMES, UNITS, net_of, room_for, sampled_of, table_of_addresses

OPERATORS = OperatorSet.parse("+ - * / sqrt exp log sin cos tanh square pow")


def values_of(net, sampled):
    law = expression_of(net, NAMES, len(sampled.scales), largest=10_000)
    features = sampled.sample.features[0, :, : sampled.n_rows].T
    return evaluate(law, features)


@pytest.mark.parametrize("wiring", ["sparse", "dense"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_loss_of_a_network_is_that_of_its_expression(wiring, weighted):
    random = np.random.default_rng(3)
    features = random.uniform(0.5, 3.0, (90, 3))
    target = features[:, 0] * np.sin(features[:, 1]) + features[:, 2]
    weights = random.uniform(0.5, 2.0, 90) if weighted else None
    problem = Problem.of(Dataset.of(features, target, weights=weights), OPERATORS, 60, 0)
    session = DySymNet(wiring=wiring).start(problem, np.random.SeedSequence(0), 1)
    session.prepare()
    structures = session._policy.sample(300, random)
    fits = session._fitted(structures, random.integers(1, 2**63, 300, dtype=np.uint64))
    train = problem.train
    roots = np.sqrt(np.ones(train.n_rows) if weights is None else train.weights / np.mean(train.weights))
    checked = 0
    for place in np.flatnonzero(np.isfinite(fits.losses)).tolist():
        plain = unscaled_weights(fits.nets.one(place), session._rows.scales)
        law = expression_of(plain, session._names, 3, largest=3000)
        if law is None:
            continue  # units read many times make large trees
        residual = roots * (train.target - evaluate(law, train.features))
        loss = np.sum(residual**2)
        assert loss == pytest.approx(fits.losses[place], rel=1e-6, abs=1e-12 * np.sum(target**2))
        checked += 1
    assert checked > 100


def wavy():
    """A network with a unit that is read twice, sums inside, and all kinds of edges."""
    return net_of(
        ["sin", "mul", "pow", "div"],
        [
            {0: 1.3, 1: 0.4, 2: 0.2}, {},
            {3: 0.8, 0: 0.5}, {1: 1.1},
            {1: 0.7, 2: 0.9}, {2: 1.7, 0: 0.2},
            {4: 0.6, 5: 0.3}, {0: 0.4, 2: 2.5},
            {3: 1.0, 4: 1.0, 5: 1.0, 6: 1.0, 2: 0.0},
        ],
    )  # fmt: skip


def lying_sample(weights=None):
    random = np.random.default_rng(5)
    features = random.uniform(0.5, 2.0, (70, 2))
    return sampled_of(features, np.cos(features[:, 0]) * features[:, 1] ** 2, weights)


@pytest.mark.parametrize("weighted", [False, True])
def test_derivatives_agree_with_differences(weighted):
    sampled = lying_sample(np.random.default_rng(1).uniform(0.5, 2.0, 70) if weighted else None)
    net, table = wavy(), table_of_addresses()
    r = room_for(net, sampled)
    load(sampled.sample, 0, r.buffer)
    prepare(table, net, UNITS, 2, r)
    project(table, sampled.sample, r)
    p, k = int(r.counts[INNER]), int(r.counts[OUTER])
    net.weights[r.outer_edges[:k]] = r.coefficients[:k]
    linearise(table, sampled.sample, r)
    roots = sampled.sample.seed[0, : sampled.n_rows]
    columns = []
    for e in [*r.inner_edges[:p], *r.outer_edges[:k]]:
        step = 1e-5 * max(1.0, abs(net.weights[e]))
        moved = []
        for sign in (1.0, -1.0):
            other = net.copy()
            other.weights[e] += sign * step
            moved.append(values_of(other, sampled))
        columns.append(roots * (moved[0] - moved[1]) / (2.0 * step))
    jacobian = np.array(columns).T
    expected = jacobian.T @ jacobian
    given = np.triu(r.products[: p + k, : p + k])
    sizes = np.sqrt(np.diag(expected))
    assert np.abs((given - np.triu(expected)) / np.outer(sizes, sizes)).max() < 1e-7


def test_output_weights_are_the_least_squares_ones():
    sampled = lying_sample()
    net, table = wavy(), table_of_addresses()
    r = room_for(net, sampled)
    load(sampled.sample, 0, r.buffer)
    prepare(table, net, UNITS, 2, r)
    loss = project(table, sampled.sample, r)
    k = int(r.counts[OUTER])
    columns = []
    for j in range(k):
        net.weights[r.outer_edges[:k]] = np.eye(k)[j]
        columns.append(values_of(net, sampled))
    target = sampled.sample.target[0, : sampled.n_rows]
    matrix = np.array(columns).T
    solution = np.linalg.lstsq(matrix, target, rcond=None)[0]
    assert loss == pytest.approx(np.sum((target - matrix @ solution) ** 2), rel=1e-8)


def test_a_fit_reaches_a_law_that_the_network_holds():
    random = np.random.default_rng(2)
    features = random.uniform(-2.0, 2.0, (60, 1))
    sampled = sampled_of(features, 3.0 * np.sin(1.7 * features[:, 0] + 0.4) - 1.0)
    net, table = net_of(["sin"], [{0: 2.0, 1: 0.1}, {}, {2: 1.0, 1: 0.0}]), table_of_addresses()
    r = room_for(net, sampled)
    load(sampled.sample, 0, r.buffer)
    prepare(table, net, UNITS, 1, r)
    loss = fit(table, sampled.sample, r, net, 40, 1e-3, 0.0)
    assert loss < 1e-24 * sampled.variance
    assert net.weights[0] == pytest.approx(1.7 * sampled.scales[0], rel=1e-9)


@pytest.mark.parametrize(("frequency", "finite"), [(1e6, True), (1e9, False)])
def test_a_sine_of_angles_that_rounding_spoils_is_no_fit(frequency, finite):
    features = np.random.default_rng(2).uniform(1.0, 2.0, (60, 1))
    sampled = sampled_of(features, np.exp(features[:, 0]))
    net, table = net_of(["sin"], [{0: frequency, 1: 0.1}, {}, {2: 1.0, 1: 0.0}]), table_of_addresses()
    r = room_for(net, sampled)
    load(sampled.sample, 0, r.buffer)
    prepare(table, net, UNITS, 1, r)
    assert np.isfinite(fit(table, sampled.sample, r, net, 0, 0.0, 0.0)) == finite


def test_the_table_of_addresses_is_in_the_order_of_its_numbers():
    assert list(range(PROJECT, PROJECT + 4)) == [PROJECT, LINEARISE, FIT, PREPARE]
    assert len(table_of_addresses()) == PROJECT + 7


def test_what_does_not_reach_the_output_is_dead():
    sampled = lying_sample()
    net = wavy()
    output = slice(int(net.offsets[8]), int(net.offsets[9]))
    net.states[output][net.sources[output] == 6] = DEAD
    prepare(table_of_addresses(), net, UNITS, 2, room_for(net, sampled))
    assert net.units.tolist()[3] == -1
    assert (net.states[net.offsets[6] : net.offsets[8]] == DEAD).all()
    assert (net.units[:3] >= 0).all()
