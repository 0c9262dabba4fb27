"""Laws found by networks alone, and what a session promises."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.errors import OptionError
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.prior import Prior
from eqdisc.problem import Problem
from eqdisc.proposers.dysymnet import DySymNet
from eqdisc.proposers.dysymnet.sampled import Sampled

OPERATORS = OperatorSet.parse("+ - * / sqrt exp log sin cos square")


def problem_of(features, target, operators=OPERATORS, **more):
    return Problem.of(Dataset.of(features, target), operators, 40, 0, **more)


def started(problem, settings=None, seed=0, threads=1):
    session = (settings or DySymNet(epoch_work=60_000_000)).start(
        problem, np.random.SeedSequence(seed), threads
    )
    session.prepare()
    return session


def best_of(session, problem, epochs, enough=1e-18):
    """The least normalised loss on all rows of what is proposed, and its law."""
    best = (np.inf, None)
    table = problem.dataset
    for _ in range(epochs):
        for law in session.propose().expressions:
            with np.errstate(all="ignore"):
                loss = np.mean((evaluate(law, table.features) - table.target) ** 2) / np.var(table.target)
            if loss < best[0]:
                best = (loss, law)
        if best[0] < enough:
            break
    return best


LAWS = {
    "waves": (lambda a, b: np.sin(1.7 * a) * b + b**2 / 2, -2.0, 2.0),
    "polynomial": (lambda a, b: a**4 - a**3 + b**2 / 2 - b, -1.0, 1.0),
    "product": (lambda a, b: 3.0 * a**2.5 / b, 0.5, 3.0),
    "logarithm": (lambda a, b: np.log(a + b) + 0.3 * a, 0.5, 3.0),
}


@pytest.mark.parametrize("name", LAWS)
def test_laws_are_found_by_networks_alone(name):
    law, low, high = LAWS[name]
    features = np.random.default_rng(4).uniform(low, high, (150, 2))
    problem = problem_of(features, law(*features.T))
    loss, found = best_of(started(problem), problem, 60)
    assert loss < 1e-18
    further = np.random.default_rng(5).uniform(low, high + 1.0, (50, 2))
    assert np.allclose(evaluate(found, further), law(*further.T), rtol=1e-6, atol=1e-6)


def some_problem(n_rows=80):
    features = np.random.default_rng(7).uniform(1.0, 3.0, (n_rows, 2))
    return problem_of(features, np.sqrt(features[:, 0]) / features[:, 1] + np.tanh(features[:, 1]))


def test_the_same_seed_gives_the_same_for_any_number_of_threads():
    problem = some_problem()
    one, two = (started(problem, threads=threads) for threads in (1, 2))
    for _ in range(3):
        assert one.propose() == two.propose()
    assert (one.structures, one.diverged) == (two.structures, two.diverged)
    assert started(problem, seed=1).propose() != started(problem).propose()


def test_a_session_goes_on_from_its_state():
    problem = some_problem()
    session = started(problem)
    for _ in range(2):
        session.propose()
    twin = started(problem)
    twin.restore(session.state())
    for _ in range(2):
        assert session.propose() == twin.propose()
    assert str(session.state()) == str(twin.state())


def test_the_state_is_not_touched_by_later_epochs():
    session = started(some_problem())
    session.propose()
    state = session.state()
    before = str(state)
    session.propose()
    assert str(state) == before


@pytest.mark.parametrize(("inputs", "relevant"), [(50, False), (200, True)])
def test_many_inputs(inputs, relevant):
    features = np.random.default_rng(0).uniform(-2.0, 2.0, (400, inputs))
    problem = problem_of(features, features[:, 3] * features[:, 17] + features[:, 3] ** 2)
    if relevant:
        known = tuple(1.0 if j in (3, 17, 25) else 0.01 for j in range(inputs))
        problem = replace(problem, prior=Prior(known))
    loss, found = best_of(started(problem), problem, 40)
    assert loss < 1e-18
    assert set(found.features) == {3, 17}


def test_many_rows_are_searched_on_some_and_fitted_to_more():
    features = np.random.default_rng(0).uniform(0.5, 2.0, (20_000, 3))
    noise = 0.01 * np.random.default_rng(1).normal(size=20_000)
    problem = problem_of(features, features[:, 0] * features[:, 1] + np.exp(-features[:, 2]) + noise)
    loss, _ = best_of(started(problem), problem, 10, enough=1.1 * np.var(noise) / np.var(features[:, 0]))
    assert loss < 1e-3


def test_constants_are_those_of_the_rows_fitted_to_at_last():
    """Of 5000 rows they are four times as sharp as of the 256 that structures are chosen by."""
    x = np.random.default_rng(0).uniform(0.5, 2.0, (5000, 1))
    problem = problem_of(x, 3.0 * x[:, 0] ** 2 + np.random.default_rng(1).normal(size=5000))
    laws = [law for _ in range(3) for law in started(problem).propose().expressions]
    square = [law for law in laws if law.size <= 4 and len(law.constants) == 1 and "x0**2" in str(law)]
    best = float(np.sum(problem.train.features[:, 0] ** 2 * problem.train.target))
    best /= float(np.sum(problem.train.features[:, 0] ** 4))
    assert [law.constants[0] for law in square] == pytest.approx([best] * len(square), rel=1e-9)
    assert square


def test_memory_does_not_grow_with_the_rows():
    """Beyond the table itself there are the sample, and the order that it is drawn by."""
    peaks = []
    for n_rows in (2000, 400_000):
        features = np.random.default_rng(0).uniform(0.5, 2.0, (n_rows, 4))
        problem = problem_of(features, np.exp(features[:, 0]) * features[:, 1])
        settings = DySymNet(epoch_work=2_000_000, refit_rows=1000)
        tracemalloc.start()
        try:
            assert started(problem, settings).propose().expressions
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] - peaks[0] < 0.5 * features.nbytes


def test_paper_architecture_finds_what_it_can_hold():
    features = np.random.default_rng(4).uniform(-1.0, 1.0, (120, 2))
    problem = problem_of(features, 2.0 * np.sin(features[:, 0]) * features[:, 1])
    paper = DySymNet.paper()
    loss, _ = best_of(started(problem, paper), problem, 8)
    assert loss < 1e-6


@pytest.mark.parametrize("controller", ["uniform", "recurrent"])
def test_structures_of_the_paper_are_drawn_as_there(controller):
    """Two to five layers of one width, two to six; id, + and - are one of seven operators each."""
    settings = replace(DySymNet.paper(), controller=controller, layers=(2, 5))
    problem = problem_of(np.random.default_rng(0).uniform(1.0, 2.0, (60, 2)), np.arange(60.0))
    s = started(problem, settings)._policy.sample(4000, np.random.default_rng(0))
    inside = np.arange(5) < s.depths[:, np.newaxis]
    assert {*s.depths.tolist()} == {2, 3, 4, 5}
    assert {*s.widths[inside].tolist()} == {2, 3, 4, 5, 6}
    assert np.all((s.widths == s.widths[:, :1]) | ~inside)
    assert not s.sparse.any()
    drawn = np.bincount(s.units[s.units >= 0], minlength=5) / np.sum(s.units >= 0)
    names = tuple(settings.units(problem))
    assert drawn == pytest.approx([3 / 7 if name == "id" else 1 / 7 for name in names], abs=0.02)


def test_laws_shallower_than_asked_for_teach_the_controller_nothing():
    features = np.random.default_rng(0).uniform(0.5, 2.0, (80, 2))
    problem = problem_of(features, np.sin(features[:, 0]) * features[:, 1])
    settings = DySymNet(layers=(2, 3), width=(2, 3), controller="recurrent", epoch_work=20_000_000)
    session = started(problem, settings)
    session._hall._keep([parse("sin(x0)", ["x0", "x1"])])
    assert session.propose().evaluations > session.structures


def test_awkward_tables():
    random = np.random.default_rng(0)
    wide = random.normal(size=(6, 30))
    constant = np.column_stack([np.full(70, 2.0), random.uniform(-1.0, 1.0, 70), np.zeros(70)])
    for features, target in ((wide, wide[:, 0] ** 2), (constant, np.exp(constant[:, 1]))):
        proposals = started(problem_of(features, target)).propose()
        for law in proposals.expressions:
            assert np.isfinite(evaluate(law, features)).all()
        assert proposals.expressions


@pytest.mark.parametrize("operators", ["* /", "+ *", "/"])
def test_binary_operators_alone_are_enough_for_networks(operators):
    features = np.random.default_rng(0).uniform(0.5, 2.0, (80, 2))
    target = features[:, 0] / features[:, 1] if "/" in operators else features[:, 0] * features[:, 1] + 1.0
    problem = problem_of(features, target, OperatorSet.parse(operators))
    loss, law = best_of(started(problem), problem, 3)
    assert loss < 1e-18, law


def test_divergent_structures_are_counted_and_not_proposed():
    features = np.random.default_rng(0).uniform(-1.0, 1.0, (80, 2))
    problem = problem_of(features, features[:, 0] ** 3, OperatorSet.parse("+ * log sqrt"))
    session = started(problem)
    proposals = session.propose()
    assert 0 < session.diverged < session.structures == proposals.evaluations
    for law in proposals.expressions:
        assert np.isfinite(evaluate(law, features)).all()


def noisy_sum():
    random = np.random.default_rng(0)
    features = random.uniform(-1.0, 1.0, (80, 4))
    a, b, c, _ = features.T
    return features, np.exp(0.5 * a) * b + c + 0.05 * random.normal(size=80)


ASKED = {
    "required": {"required": (3,)},
    "restricted": {"restriction": lambda law: "exp" not in str(law)},
    "small": {"max_size": 14},
}


@pytest.mark.parametrize("asked", ASKED)
def test_networks_that_cannot_be_told_do_not_stand_in_the_way(asked):
    features, target = noisy_sum()
    problem = replace(problem_of(features, target), **ASKED[asked])
    session = started(problem, DySymNet(epoch_work=20_000_000))
    laws = [law for _ in range(3) for law in session.propose().expressions]
    assert len(laws) >= 3
    assert all(problem.admits(law) for law in laws)
    assert all(session._law(net) is not None for net in session._fame.nets.values())


def test_laws_contain_what_is_required():
    """Even of a feature that is not needed, which pruning would take."""
    features = np.random.default_rng(0).uniform(-1.0, 1.0, (80, 3))
    problem = problem_of(features, features[:, 0] * features[:, 1], required=[2])
    session = started(problem, DySymNet(epoch_work=60_000_000))
    laws = [law for _ in range(2) for law in session.propose().expressions]
    assert laws
    assert all(2 in law.features for law in laws)


def test_powers_of_negative_bases_are_not_told_by_logarithms():
    features = np.random.default_rng(0).uniform(-2.0, 2.0, (80, 2))
    problem = problem_of(features, features[:, 0] ** 4 - features[:, 1], OperatorSet.parse("+ * exp log"))
    session = started(problem, DySymNet(epoch_work=20_000_000))
    for _ in range(3):
        session.propose()
    assert session._fame.nets
    for net in session._fame.nets.values():
        assert np.isfinite(evaluate(session._law(net), session._rows.features)).all()


@pytest.mark.parametrize("n_rows", [4, 5, 6, 8])
def test_few_rows_are_fitted_by_small_networks(n_rows):
    features = np.random.default_rng(0).uniform(0.5, 2.0, (n_rows, 3))
    problem = problem_of(features, 2.0 * features[:, 0] ** 2)
    loss, law = best_of(started(problem), problem, 3)
    assert loss < 1e-18, law


def test_where_every_network_diverges_there_is_nothing_to_say():
    features = np.random.default_rng(0).uniform(-1.0, 1.0, (40, 1))
    problem = problem_of(features, features[:, 0] ** 2, OperatorSet.parse("+ log"))
    session = started(problem, DySymNet(layers=1, width=1, bias=False))
    assert session.propose().exhausted
    assert session.diverged == session.structures
    assert not started(some_problem()).propose().exhausted


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_columns_are_divided_by_their_size_whatever_it_is(size):
    features = size * np.random.default_rng(0).uniform(1.0, 2.0, (50, 1))
    rows = Sampled.of(Dataset.of(features, features[:, 0] / size), 256, np.random.default_rng(0))
    scaled = rows.sample.features[0, 0, :50]
    assert np.mean(scaled**2) == pytest.approx(1.0)
    assert rows.scales == pytest.approx(np.sqrt(np.mean((features[:, 0] / size) ** 2)) * size)


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"layers": 0}, "layers is 0"),
        ({"width": 99}, "width is 99; it is a whole number between 1 and 16"),
        ({"layers": 9}, "layers is 9; it is a whole number between 1 and 8"),
        ({"layers": (5, 2)}, r"layers is \(5, 2\); the fewest come first"),
        ({"width": (0, 2)}, "width is 0"),
        ({"width": (1, 2, 3)}, "or two: the fewest and the most"),
        ({"palette": 0}, "palette is 0; it is a whole number between 1 and 100"),
        ({"sparse": 1.5}, "sparse is 1.5"),
        ({"wiring": "odd"}, "'odd'"),
        ({"rows": 0}, "rows is 0"),
        ({"embedded": 1.1}, "embedded is 1.1"),
        ({"controller": "lstm"}, "'lstm'; it is 'uniform'"),
        ({"rows": 3}, "rows is 3; it is a whole number between 4 and 20000"),
        ({"rows": 20_001}, "rows is 20001"),
        ({"rows": True}, "rows is True; it is a whole number"),
        ({"survivors": 2.5}, "survivors is 2.5; it is a whole number"),
        ({"tries": 65}, "tries is 65; it is a whole number between 1 and 64"),
        ({"weights": 1001}, "weights is 1001; .* between 1 and 1000"),
        ({"price": float("nan")}, "price is nan; it is a number between 0"),
        ({"price": float("inf")}, "price is inf"),
        ({"price": -3.0}, "price is -3.0"),
        ({"penalty": -1.0}, "penalty is -1.0; it is a number between 0"),
        ({"penalty": "much"}, "penalty is 'much'"),
        ({"share": 1.1}, "share is 1.1"),
        ({"inputs": 0}, "inputs is 0; .* between 1 and 1000"),
        ({"refit_rows": 0}, "refit_rows is 0"),
        ({"epoch_work": 0}, "epoch_work is 0"),
        ({"attempts": 0}, "attempts is 0"),
        ({"more_attempts": -1}, "more_attempts is -1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, part):
    with pytest.raises(OptionError, match=part):
        DySymNet(**settings)


def test_a_whole_number_serves_where_a_number_is_asked_for():
    """Kernels are compiled for the one and would misread the other."""
    features, target = noisy_sum()
    problem = problem_of(features, target)
    whole = DySymNet(price=4, penalty=0, epoch_work=20_000_000)
    number = DySymNet(price=4.0, penalty=0.0, epoch_work=np.int64(20_000_000))
    assert whole == number
    assert started(problem, whole).propose() == started(problem, number).propose()


def test_the_penalty_reaches_the_pruning():
    features, target = noisy_sum()
    problem = problem_of(features, target)
    found = [started(problem, DySymNet(penalty=p, epoch_work=20_000_000)).propose() for p in (0.0, 3e-3)]
    assert found[0] != found[1]


def test_operators_may_be_a_text():
    assert DySymNet(operators="sin, mul").operators == DySymNet(operators=("sin", "mul")).operators


@pytest.mark.parametrize(
    ("settings", "operators", "part"),
    [
        ({"operators": ("id", "+")}, "+ - sin", "cannot be a unit"),
        ({"operators": ("id", "add")}, "+ - sin", "allows none"),
        ({"operators": ("cos",)}, "+ - sin", "it has sin"),
        ({"operators": ("where",)}, "+ - sin", "'where' cannot be a unit"),
        ({"operators": ()}, "+ - sin", "none"),
    ],
)
def test_operators_without_a_unit_are_refused(settings, operators, part):
    features = np.zeros((5, 1))
    problem = problem_of(features, np.arange(5.0), OperatorSet.parse(operators))
    with pytest.raises(OptionError, match=part):
        DySymNet(**settings).start(problem, np.random.SeedSequence(0), 1)


def test_without_a_unit_among_the_operators_there_is_nothing_to_say():
    problem = problem_of(np.ones((5, 1)), np.arange(5.0), OperatorSet.parse("+ -"))
    proposals = started(problem).propose()
    assert proposals.exhausted
    assert not proposals.expressions
