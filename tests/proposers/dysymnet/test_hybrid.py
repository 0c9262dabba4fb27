"""Laws that go from the search to networks and back."""

import numpy as np
import pytest

from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.parse import parse
from eqdisc.proposers.dysymnet import Controller, DySymNet
from eqdisc.proposers.dysymnet.embedding import layers_of, network_of, structure_of
from eqdisc.proposers.dysymnet.extraction import expression_of, unscaled_weights
from eqdisc.proposers.dysymnet.hall import EXTRA
from eqdisc.proposers.dysymnet.kernels.widening import Embedding
from eqdisc.proposers.dysymnet.parts import salient_parts
from eqdisc.scoring.scorer import Scorer
from tests.proposers.dysymnet.test_dysymnet_session import best_of, problem_of, started

LAWS = (
    "sin(1.7*x0)*x1 + x1**2/2",
    "exp(-x0**2/2)/(1 + x1) - 3",
    "2*x0**2.5*log(x1 + 0.3) - x0",
    "sqrt(x0/x1) + log10(x0*x1)",
    "x0**3/(x0 - 7) + tanh(x0)**2 + tanh(x0)",
    "(x0 + 2*x1)*(x0 - x1) + 1/x1",
)
UNIT_NAMES = ("sin", "mul", "exp", "log", "sqrt", "div", "pow", "tanh")


def points(count=150, seed=0):
    return np.random.default_rng(seed).uniform(0.5, 2.0, (count, 2))


def told(session, problem, *laws):
    scorer = Scorer(problem)
    session.observe([scorer.score(parse(law, ["x0", "x1"]), "gp") for law in laws])
    return session


@pytest.mark.parametrize("law", LAWS)
def test_a_network_of_a_law_computes_the_law(law):
    law, scales = parse(law, ["x0", "x1"]), np.array([0.5, 3.0])
    net = network_of(law, UNIT_NAMES, scales, 12, 40)
    features = points()
    found = expression_of(unscaled_weights(net, scales), UNIT_NAMES, 2)
    assert np.allclose(evaluate(found, features), evaluate(law, features), rtol=1e-12, atol=1e-12)


def test_what_networks_cannot_represent_is_passed_over():
    x = Expression.variable(0)
    ones = np.ones(1)
    floor, sine = Expression.apply("floor", x), Expression.apply("sin", x)
    assert network_of(floor, ("sin", "mul"), ones, 5, 9) is None
    assert network_of(sine, ("cos",), ones, 5, 9) is None
    assert network_of(sine, ("sin",), ones, 1, 1) is None  # two edges
    assert network_of(2.0 * x, ("sin",), ones, 5, 9) is None  # no unit
    assert network_of(1e300 * (1e300 * sine), ("sin",), ones, 5, 9) is None


def test_the_structure_of_a_law():
    law = parse("sin(x0)*x1 + exp(sin(x0)*x1)", ["x0", "x1"])
    net = network_of(law, UNIT_NAMES, np.ones(2), 6, 20)
    assert layers_of(net, 2).tolist() == [0, 1, 2, -1, -1, -1]
    found = structure_of(net, 2, 3, 2, sparse=True)
    assert found.units.tolist() == [[[0, -1], [1, -1], [2, -1]]]
    assert structure_of(net, 2, 2, 2, sparse=True) is None


@pytest.mark.parametrize("law", LAWS[:2])
def test_pruning_a_law_that_nothing_was_added_to_gives_it_back(law):
    law, features = parse(law, ["x0", "x1"]), points()
    problem = problem_of(features, evaluate(law, features))
    session = told(started(problem), problem, str(law))
    bases, shop = session._hall.networks(), session._workshop
    none = np.full((1, EXTRA), -1)
    fits = shop.widened(
        Embedding(bases, np.zeros(1, int), none, np.zeros(1, int), 0.0, np.ones(1, np.uint64))
    )
    shop.fit(fits, 7)
    session._prune(fits)
    found = session._law(fits.nets.one(0))
    assert found.size <= law.size + 2
    elsewhere = np.random.default_rng(1).uniform(0.3, 4.0, (40, 2))
    assert np.allclose(evaluate(found, elsewhere), evaluate(law, elsewhere), rtol=1e-8)


MISSING = {
    "a term": ("x0*x1 + exp(-x0)", lambda a, b: a * b + np.exp(-a) + 0.7 * np.sin(2.3 * b)),
    "inside": ("sin(2*x0)*x1", lambda a, b: np.sin(2.0 * a + 0.3 * b * b) * b),
}


@pytest.mark.parametrize("name", MISSING)
def test_a_law_is_completed_from_a_tree_that_lacks_something(name):
    tree, law = MISSING[name]
    features = points()
    problem = problem_of(features, law(*features.T))
    session = told(started(problem), problem, tree)
    bases = session._hall.networks()
    best = np.inf
    for _ in range(6):
        session._widened(bases, 300)
        laws = session._laws(session._fame.news(session._rows.floor))
        for found in laws:
            with np.errstate(all="ignore"):
                best = min(best, np.var(evaluate(found, features) - problem.dataset.target))
    assert best < 1e-20


def test_an_embedded_tree_is_inside_the_wider_network():
    features = points()
    problem = problem_of(features, features[:, 0])
    session = told(started(problem), problem, LAWS[0])
    bases, count = session._hall.networks(), 200
    random = np.random.default_rng(0)
    extra = random.integers(0, len(session._names), (count, EXTRA))
    before = random.integers(0, EXTRA + 1, count)
    seeds = random.integers(1, 2**63, count, dtype=np.uint64)
    nets = session._workshop.widened(Embedding(bases, np.zeros(count, int), extra, before, 0.3, seeds)).nets
    base = bases.one(0)
    units = int(np.sum(base.units >= 0))
    for b in range(count):
        net = nets.one(b)
        first = int(before[b])
        assert np.array_equal(net.units[first : first + units], base.units[:units])
        for a in range(2 * units):
            edges = slice(*net.offsets[2 * first + a : 2 * first + a + 2])
            ours = dict(zip(net.sources[edges].tolist(), net.weights[edges].tolist(), strict=True))
            assert len(ours) == edges.stop - edges.start
            for e in range(base.offsets[a], base.offsets[a + 1]):
                slot = int(base.sources[e])
                assert ours.pop(slot if slot <= 2 else slot + first) == base.weights[e]
            assert all(abs(weight) == pytest.approx(0.01) for weight in ours.values())
        reads = [net.sources[net.offsets[a] : net.offsets[a + 1]] for a in range(2 * (units + EXTRA))]
        assert all(np.all(read < 3 + a // 2) for a, read in enumerate(reads))  # earlier slots only


def test_salient_parts_are_the_units_that_are_missed():
    features = points()
    target = 5.0 * np.exp(features[:, 0]) + 1e-3 * np.sin(9.0 * features[:, 1]) + features[:, 0]
    problem = problem_of(features, target)
    session = started(problem)
    law = parse("5*exp(x0) + 0.001*sin(9*x1) + 0.001*cos(x1) + x0", ["x0", "x1"])
    net = network_of(law, session._names, session._rows.scales, 12, 40)
    parts = [session._law(part) for part in salient_parts(session._workshop, [net], 2, 7)]
    assert len(parts) == 2
    assert "exp" in str(parts[0])
    train = problem.train
    values = evaluate(parts[0], train.features)
    assert np.polyfit(values, train.target, 1) == pytest.approx([1.0, 0.0], abs=1e-6)
    assert np.var(train.target - values) < 0.01 * np.var(train.target)


@pytest.mark.parametrize("controller", ["uniform", "recurrent", Controller(hidden=8)])
def test_sessions_that_observe_repeat_and_go_on(controller):
    features = np.random.default_rng(7).uniform(1.0, 3.0, (80, 2))
    problem = problem_of(features, np.sqrt(features[:, 0]) / features[:, 1] + np.tanh(features[:, 1]))
    settings = DySymNet(epoch_work=40_000_000, controller=controller)
    one, two = (started(problem, settings, threads=threads) for threads in (1, 2))
    for laws in (["sqrt(x0)"], ["sqrt(x0)/x1", "floor(x0)", "2.5"]):
        assert told(one, problem, *laws).propose() == told(two, problem, *laws).propose()
    twin = started(problem, settings)
    twin.restore(one.state())
    for _ in range(2):
        assert one.propose() == twin.propose() == two.propose()
    assert str(one.state()) == str(twin.state()) == str(two.state())


def test_the_controller_hears_of_the_laws_of_others():
    features = points()
    problem = problem_of(features, features[:, 0] * np.sin(3.0 * features[:, 1]) + np.sqrt(features[:, 0]))
    heard = []
    session = told(started(problem, DySymNet(controller="recurrent")), problem, "sin(3*x1)*x0")
    learn = session._policy.learn
    session._policy.learn = lambda s, rewards: (heard.append((s, rewards)), learn(s, rewards))
    session.propose()
    (structures, rewards), names = heard[0], session._names
    laws = structures.units[session.structures :]
    assert len(laws) > 0
    assert all(names.index("mul") in law or names.index("sin") in law for law in laws)
    assert np.median(rewards[session.structures :]) > np.median(rewards[: session.structures])


@pytest.mark.parametrize(
    "wiring", [{"sparse": 0.0}, {"sparse": 1.0}, {"wiring": "dense"}, {"wiring": "sparse", "sparse": 0.0}]
)
def test_the_controller_hears_of_laws_in_a_wiring_that_it_knows(wiring):
    features = points()
    problem = problem_of(features, features[:, 0] * np.sin(3.0 * features[:, 1]))
    settings = DySymNet(controller="recurrent", epoch_work=20_000_000, **wiring)
    session = told(started(problem, settings), problem, "sin(3*x1)*x0")
    assert session.propose().evaluations > session.structures


def test_paper_architecture_passes_laws_over():
    features = points(60)
    problem = problem_of(features, features[:, 0] ** 2)
    session = told(started(problem, DySymNet.paper()), problem, LAWS[0])
    assert session.propose().evaluations == session.structures


def test_a_recurrent_controller_finds_laws():
    features = np.random.default_rng(4).uniform(-1.0, 1.0, (150, 2))
    a, b = features.T
    problem = problem_of(features, a**4 - a**3 + b**2 / 2 - b)
    session = started(problem, DySymNet(epoch_work=60_000_000, controller="recurrent"))
    assert best_of(session, problem, 60)[0] < 1e-18
