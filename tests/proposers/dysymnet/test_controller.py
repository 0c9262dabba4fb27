"""The recurrent policy: its gradients, its probabilities, what it can learn, what it keeps."""

from collections import Counter
from itertools import combinations_with_replacement, product
from math import factorial, log, prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.errors import OptionError
from eqdisc.proposers.dysymnet.adam import Adam
from eqdisc.proposers.dysymnet.controller import Controller, RecurrentPolicy, elite, rank_weights
from eqdisc.proposers.dysymnet.grammar import NONE, Grammar
from eqdisc.proposers.dysymnet.recurrent import RecurrentNetwork, entropies, log_probabilities
from eqdisc.proposers.dysymnet.structures import Structures

STEADY = Controller(patience=None, collapse=0.0)
SMALL = Grammar(operators=3, layers=2, width=2)


def rng(seed=0):
    return np.random.default_rng(seed)


def every(grammar):
    """All structures of a small grammar."""
    layers = [
        layer
        for width in range(grammar.narrowest, grammar.width + 1)
        for layer in combinations_with_replacement(range(grammar.operators), width)
    ]
    nets = [
        (sparse, net)
        for sparse in grammar.wirings
        for depth in range(grammar.shallowest, grammar.layers + 1)
        for net in product(layers, repeat=depth)
    ]
    units = np.full((len(nets), grammar.layers, grammar.width), NONE)
    for b, (_, net) in enumerate(nets):
        for place, layer in enumerate(net):
            units[b, place, : len(layer)] = layer
    widths = np.sum(units >= 0, axis=2)
    return Structures(np.sum(widths > 0, axis=1), widths, units, np.array([sparse for sparse, _ in nets]))


def some(structures, which):
    s = structures
    return Structures(s.depths[which], s.widths[which], s.units[which], s.sparse[which])


def stirred(network, seed=1):
    """Give a network parameters far from its first ones."""
    network.parameters += rng(seed).normal(0, 0.7, network.parameters.size)
    return network


def stirred_policy(grammar, settings=STEADY):
    g = grammar
    policy = RecurrentPolicy(g, settings)
    stirred(policy.network)
    return policy


def same(a, b):
    return all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in ("depths", "widths", "units", "sparse")
    )


# ------------------------------------------------------------------ gradients


@pytest.mark.parametrize("of", [log_probabilities, entropies])
@pytest.mark.parametrize("wirings", [(True,), (False, True)])
def test_gradients_are_those_of_finite_differences(of, wirings):
    grammar = Grammar(3, 2, 2, wirings)
    network = stirred(RecurrentNetwork(grammar, 4, rng()))
    tokens = grammar.encode(grammar.uniform(9, rng(2)))
    weights = rng(3).normal(size=9)
    none = np.zeros(9)
    moments = list(network.walk(tokens))
    told = (weights, none) if of is log_probabilities else (none, weights)
    gradient = network.gradient(moments, *told)
    step = 1e-5
    numeric = np.zeros_like(gradient)
    for k in range(gradient.size):
        kept = network.parameters[k]
        for sign in (1, -1):
            network.parameters[k] = kept + sign * step
            numeric[k] += sign * (weights @ of(network.walk(tokens), 9)) / (2 * step)
        network.parameters[k] = kept
    np.testing.assert_allclose(gradient, numeric, atol=1e-8, rtol=1e-6)
    groups = network.views(gradient)
    assert all(np.abs(group).max() > 1e-3 for group in groups)


def test_entropy_is_the_distance_to_the_uniform_policy():
    network = RecurrentNetwork(SMALL, 4, rng())
    tokens = SMALL.encode(SMALL.uniform(50, rng(2)))
    np.testing.assert_allclose(entropies(network.walk(tokens), 50), 0.0, atol=1e-12)
    assert np.all(entropies(stirred(network).walk(tokens), 50) < -0.1)


def test_adam_climbs():
    at, adam = np.array([3.0, -20.0]), Adam(2, 0.1)
    for _ in range(6000):
        at += adam.step(-np.array([2.0, 1e-3]) * at)
    np.testing.assert_allclose(at, 0.0, atol=1e-3)


# ------------------------------------------------------------------ probabilities


def test_probabilities_of_all_structures_sum_to_one():
    policy = stirred_policy(SMALL)
    p = np.exp(policy.log_probability(every(SMALL)))
    assert len(p) == 2 * (9 + 81)
    assert p.sum() == pytest.approx(1.0, abs=1e-12)
    assert p.max() > 20 * p.min()


@pytest.mark.parametrize("same_width", [False, True])
def test_untrained_it_draws_operators_by_their_shares(same_width):
    shares = np.array([0.1, 0.6, 0.3])
    grammar = Grammar(3, 2, 2, shares=tuple(10.0 * shares), same_width=same_width)
    structures = every(grammar)
    if same_width:
        structures = some(
            structures, (structures.depths == 1) | (structures.widths[:, 0] == structures.widths[:, 1])
        )
    policy = RecurrentPolicy(grammar)
    p = np.exp(policy.log_probability(structures))
    assert p.sum() == pytest.approx(1.0, abs=1e-12)
    deepest = structures.units[:, 1, :]
    told = (structures.depths == 2) & (structures.widths[:, 1] == 2)
    layer = told & (deepest[:, 0] == 1) & (deepest[:, 1] == 2)
    assert p[layer].sum() / p[told].sum() == pytest.approx(2 * shares[1] * shares[2])
    drawn = policy.sample(500, rng())
    assert not same_width or np.all((drawn.widths[:, 0] == drawn.widths[:, 1]) | (drawn.depths == 1))


def test_the_floor_is_drawn_by_the_policy_that_is_given():
    one = SMALL.uniform(1, rng(3))
    repeated = lambda count, random: some(one, np.zeros(count, int))  # noqa: E731
    policy = RecurrentPolicy(SMALL, Controller(floor=0.4), uniform=repeated)
    sentences = SMALL.encode(policy.sample(5000, rng()))
    assert np.mean(np.all(sentences == SMALL.encode(one), axis=1)) == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize(
    "grammar",
    [
        SMALL,
        Grammar(4, 1, 4, (False,)),
        Grammar(1, 3, 2, (True,)),
        Grammar(2, 3, 3, shallowest=2, narrowest=2),
    ],
)
def test_untrained_it_is_the_uniform_policy(grammar):
    """Wiring, depth, widths and operators independent; a layer comes from as many orders as it has."""
    g, structures = grammar, every(grammar)
    policy = RecurrentPolicy(g)
    depths, widths = g.layers - g.shallowest + 1, g.width - g.narrowest + 1
    expected = np.full(len(structures.depths), -log(len(g.wirings) * depths))
    for b, units in enumerate(structures.units):
        for layer in units[: structures.depths[b]]:
            told = layer[layer >= 0].tolist()
            orders = factorial(len(told)) // prod(factorial(c) for c in Counter(told).values())
            expected[b] += log(orders / widths / g.operators ** len(told))
    np.testing.assert_allclose(policy.log_probability(structures), expected, rtol=1e-12)


def test_uniform_structures_are_drawn_with_their_probabilities():
    structures, count = every(SMALL), 40_000
    p = np.exp(RecurrentPolicy(SMALL).log_probability(structures))
    drawn = SMALL.encode(SMALL.uniform(count, rng()))
    seen = Counter(map(tuple, drawn.tolist()))
    expected = count * p
    found = np.array([seen[tuple(sentence)] for sentence in SMALL.encode(structures).tolist()])
    assert np.all(np.abs(found - expected) < 5 * np.sqrt(expected) + 1)


def test_what_it_draws_has_the_probability_that_it_tells():
    policy = stirred_policy(SMALL, Controller(floor=0.0))
    structures, count = every(SMALL), 40_000
    expected = count * np.exp(policy.log_probability(structures))
    drawn = SMALL.encode(policy.sample(count, rng()))
    seen = Counter(map(tuple, drawn.tolist()))
    found = np.array([seen[tuple(sentence)] for sentence in SMALL.encode(structures).tolist()])
    assert np.all(np.abs(found - expected) < 5 * np.sqrt(expected) + 1)


def test_the_log_probability_of_drawing_is_that_of_telling():
    network = stirred(RecurrentNetwork(Grammar(5, 4, 3), 16, rng()))
    tokens = np.full((200, network.grammar.steps), NONE)
    drawn = log_probabilities(network.walk(tokens, rng(3)), 200)
    np.testing.assert_allclose(log_probabilities(network.walk(tokens.copy()), 200), drawn, rtol=1e-12)


@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 5), st.integers(0, 10**6))
def test_sentences_tell_structures(operators, layers, width, seed):
    grammar = Grammar(operators, layers, width)
    structures = grammar.uniform(30, rng(seed))
    told = grammar.decode(grammar.encode(structures))
    assert same(told, structures)
    s = structures
    assert np.array_equal(s.widths > 0, np.arange(layers) < s.depths[:, np.newaxis])
    assert np.array_equal(s.units >= 0, np.arange(width) < s.widths[:, :, np.newaxis])
    assert s.units.max() < operators


def test_neither_the_order_of_units_nor_what_is_unused_matters():
    grammar = Grammar(5, 3, 4)
    policy, structures = stirred_policy(grammar), grammar.uniform(40, rng(5))
    other = Structures(
        structures.depths, structures.widths.copy(), structures.units.copy(), structures.sparse
    )
    for b in range(40):
        for place, width in enumerate(structures.widths[b]):
            rng(b).shuffle(other.units[b, place, :width])
            other.units[b, place, width:] = 99
        other.widths[b, structures.depths[b] :] = 7
    assert not same(other, structures)
    assert np.array_equal(policy.log_probability(other), policy.log_probability(structures))


# ------------------------------------------------------------------ learning


def echo(s):
    """The second layer's operator is that of the first."""
    return (s.depths == 2) & (s.units[:, 0, 0] == s.units[:, 1, 0])


def answer(s):
    """Operator 0 follows the first three, operator 1 the others."""
    return (s.depths == 2) & (s.units[:, 1, 0] == (s.units[:, 0, 0] >= 3))


def best_product(structures, grammar):
    """The largest mean log-probability that a product of independent choices can give to structures.

    The mean is a sum over choices of sum_k f_k log p_k, f_k how often choice k is made, which p = f makes
    largest. A product with logits at each place of the sentence is at least what one with fewer can be.
    """
    tokens = grammar.encode(structures)
    found = 0.0
    for place in tokens.T:
        told = np.unique(place[place >= 0], return_counts=True)[1] / len(tokens)
        found += np.sum(told * np.log(told / told.sum()))
    return found


@pytest.mark.parametrize("rule", [echo, answer])
def test_it_learns_what_no_product_of_independent_choices_can(rule):
    grammar = Grammar(operators=6, layers=2, width=1, wirings=(False,))
    listed = every(grammar)
    good = some(listed, rule(listed))
    policy, random = RecurrentPolicy(grammar, STEADY), rng(7)
    for _ in range(100):
        structures = policy.sample(200, random)
        policy.learn(structures, rule(structures).astype(float))
    log_p = policy.log_probability(good)
    ceiling, best = best_product(good, grammar), -log(len(good.depths))
    assert ceiling < best - 0.2
    assert log_p.mean() > best - 0.1 * (best - ceiling)
    assert np.exp(log_p).sum() > 0.95


def test_the_ceiling_of_a_product_that_echoes():
    """sum_k log(a_k b_k) / K <= -2 log K, for a mean of logarithms is at most the logarithm of the mean."""
    grammar = Grammar(operators=6, layers=2, width=1, wirings=(False,))
    listed = every(grammar)
    assert best_product(some(listed, echo(listed)), grammar) == pytest.approx(-2 * log(6))


def test_it_learns_from_what_others_found():
    """Structures of no policy, told again and again beside its own."""
    policy, random = RecurrentPolicy(Grammar(6, 4, 4), STEADY), rng()
    found = policy.grammar.uniform(5, random)
    before = policy.log_probability(found)
    for _ in range(20):
        own = policy.sample(95, random)
        parts = zip(*(vars(s).values() for s in (own, found)), strict=True)
        policy.learn(Structures(*(np.concatenate(pair) for pair in parts)), np.r_[np.zeros(95), np.ones(5)])
    assert np.all(policy.log_probability(found) > before + 1)


def test_the_floor_keeps_every_structure_within_reach():
    policy = stirred_policy(SMALL, Controller(floor=0.3))
    policy.network.weights.bias[:] = 0.0
    policy.network.weights.bias[:, SMALL.columns[0].start] = 100.0
    policy.network.weights.bias[:, [column.start for column in SMALL.columns[1:4]]] = 100.0
    listed = every(SMALL)
    assert np.exp(policy.log_probability(listed)).min() < 1e-40
    drawn = policy.sample(30_000, rng())
    assert len(np.unique(SMALL.encode(drawn), axis=0)) == len(listed.depths)
    bare = np.all(SMALL.encode(drawn) == SMALL.encode(some(listed, [0])), axis=1)
    uniform = np.exp(RecurrentPolicy(SMALL).log_probability(some(listed, [0])))[0]
    assert bare.mean() == pytest.approx(0.7 + 0.3 * uniform, abs=0.02)


# ------------------------------------------------------------------ the elite


rewards = st.lists(st.integers(-3, 6).map(float) | st.just(-np.inf), min_size=2, max_size=40).map(np.array)
risks = st.sampled_from([0.05, 0.1, 0.5, 0.9])


@given(rewards, risks)
def test_weights_know_the_order_of_rewards_and_nothing_else(rewards, risk):
    weights = rank_weights(rewards, risk)
    bent = np.where(rewards == -np.inf, -np.inf, np.exp(rewards / 3))
    assert np.array_equal(rank_weights(bent, risk), weights)
    order = np.argsort(rewards)
    assert np.all(np.diff(weights[order]) >= 0)
    for value in np.unique(rewards):
        assert np.ptp(weights[rewards == value]) == 0
    assert np.all(weights[rewards == -np.inf] == 0)
    stands_out = np.unique(rewards).size > 1
    assert weights.sum() == pytest.approx(1.0 if stands_out else 0.0)


def test_the_elite_is_a_share_of_the_batch():
    weights = rank_weights(rng().normal(size=1000), 0.05)
    assert np.count_nonzero(weights) == 50
    assert weights.max() / weights[weights > 0].min() == pytest.approx(50)


def test_a_sentence_told_often_weighs_once_by_its_best_reward():
    tokens = np.array([[1, 1], [2, 2], [1, 1], [1, 1], [3, 3], [4, 4]])
    found, weights = elite(tokens, np.array([0.0, 4.0, np.nan, 5.0, -np.inf, 1.0]), risk=0.5)
    assert found.tolist() == [[1, 1], [2, 2]]
    np.testing.assert_allclose(weights, [2 / 3, 1 / 3])


@pytest.mark.parametrize("told", [-np.inf, np.nan, 3.0, np.inf])
def test_from_rewards_all_alike_nothing_is_learned(told):
    policy = stirred_policy(SMALL)
    before = policy.network.parameters.copy()
    policy.learn(policy.sample(50, rng()), np.full(50, told))
    assert np.array_equal(policy.network.parameters, before)


def test_perfect_and_divergent_structures_are_told_apart():
    policy, random = RecurrentPolicy(SMALL, settings=STEADY), rng()
    for _ in range(30):
        s = policy.sample(100, random)
        policy.learn(s, np.where(s.sparse, np.inf, -np.inf))
    assert np.isfinite(policy.network.parameters).all()
    assert policy.sample(1000, random).sparse.mean() > 0.75


# ------------------------------------------------------------------ starting afresh


def test_it_starts_afresh_where_nothing_is_gained():
    policy, random = RecurrentPolicy(SMALL, settings=Controller(patience=5, collapse=0.0)), rng()
    first = policy.network.parameters.copy()
    reward = np.arange(100.0)
    restarts = []
    for _ in range(12):
        policy.learn(policy.sample(100, random), reward)
        restarts.append(policy.restarts)
    assert restarts == [0] * 5 + [1] * 6 + [2]
    assert np.array_equal(policy.network.parameters, first)


def test_it_goes_on_while_there_are_gains():
    policy, random = RecurrentPolicy(SMALL, settings=Controller(patience=5, collapse=0.0)), rng()
    for gain in range(12):
        policy.learn(policy.sample(100, random), np.arange(100.0) + gain)
    assert policy.restarts == 0


def test_it_starts_afresh_where_it_says_the_same_over_and_over():
    policy = RecurrentPolicy(SMALL, settings=Controller(patience=None, collapse=1.0))
    first = policy.network.parameters.copy()
    policy.network.weights.bias[:, [column.start for column in SMALL.columns[:4]]] = 100.0
    policy.learn(policy.sample(100, rng()), np.arange(100.0))
    assert policy.restarts == 1
    assert np.array_equal(policy.network.parameters, first)


def test_few_operators_are_no_collapse():
    policy, random = RecurrentPolicy(Grammar(operators=2, layers=1, width=2, wirings=(True,))), rng()
    for _ in range(5):
        policy.learn(policy.sample(200, random), np.zeros(200))
    assert policy.restarts == 0


# ------------------------------------------------------------------ repeating


def run(policy, random, batches):
    """What is drawn while rewards prefer wide layers; restarts happen in it."""
    drawn = []
    for _ in range(batches):
        s = policy.sample(60, random)
        policy.learn(s, np.round(s.widths.sum(axis=1) + random.normal(size=60)))
        drawn.append(s)
    return drawn


def alike(first, second):
    return all(same(a, b) for a, b in zip(first, second, strict=True))


def policy_of(seed):
    return RecurrentPolicy(Grammar(4, 3, 3), settings=Controller(hidden=8, patience=4), seed=seed)


def test_equal_seeds_draw_alike():
    drawn = run(policy_of(5), rng(1), 12)
    assert alike(run(policy_of(5), rng(1), 12), drawn)
    assert not alike(run(policy_of(6), rng(1), 12), drawn)
    assert not alike(run(policy_of(5), rng(2), 12), drawn)


def test_a_state_goes_on_exactly():
    one, other, random, other_random = policy_of(5), policy_of(5), rng(1), rng(2)
    run(one, random, 12)
    other.restore(one.state())
    other_random.bit_generator.state = random.bit_generator.state
    before = one.state()
    assert alike(run(one, random, 12), run(other, other_random, 12))
    assert one.restarts > before["restarts"] > 0
    assert np.array_equal(other.network.parameters, one.network.parameters)
    one.restore(before)
    random.bit_generator.state = other_random.bit_generator.state
    other.restore(before)
    assert alike(run(one, random, 12), run(other, other_random, 12))


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"hidden": 0}, "hidden has to be at least 1, got 0"),
        ({"learning_rate": 0.0}, "learning_rate has to be a positive number"),
        ({"learning_rate": np.nan}, "learning_rate"),
        ({"entropy": -1.0}, "entropy"),
        ({"risk": 0.0}, "risk has to be a share of a batch"),
        ({"risk": 1.0}, "risk"),
        ({"floor": 1.1}, "floor"),
        ({"patience": 0}, "patience has to be at least 1, or None"),
        ({"collapse": np.inf}, "collapse"),
    ],
)
def test_impossible_settings_are_refused(options, told):
    with pytest.raises(OptionError, match=told):
        Controller(**options)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((0, 2, 2), "operators of at least 1, got 0"),
        ((2, 0, 2), "layers"),
        ((2, 2, 0), "width"),
        ((2, 2, 2, ()), "wirings are"),
        ((2, 2, 2, (True, True)), "wirings are"),
    ],
)
def test_impossible_networks_are_refused(arguments, told):
    with pytest.raises(OptionError, match=told):
        Grammar(*arguments)


@pytest.mark.parametrize("other", [(2, 2, 2), (3, 1, 2), (3, 2, 1), (3, 2, 2, (True,))])
def test_structures_beyond_the_policy_are_refused(other):
    with pytest.raises(ValueError, match="structure"):
        RecurrentPolicy(Grammar(*other)).learn(SMALL.uniform(100, rng()), np.arange(100.0))


def test_every_structure_needs_a_reward():
    with pytest.raises(ValueError, match=r"5 structures have rewards of shape \(1,\)"):
        RecurrentPolicy(SMALL).learn(SMALL.uniform(5, rng()), np.ones(1))
