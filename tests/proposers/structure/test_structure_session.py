"""The strategy: what it solves with a quick solver inside, and that its sessions behave."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from scipy.stats import rankdata as rank

from eqdisc.data.dataset import Dataset
from eqdisc.engine.reference import evaluate
from eqdisc.expr.expression import Expression
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.problem import Problem
from eqdisc.proposers.closed_form import ClosedForm
from eqdisc.proposers.structure import Structure, learning, proposer
from eqdisc.proposers.structure.hypothesis import Hypothesis
from eqdisc.proposers.structure.inverting import inversions
from eqdisc.proposers.structure.rests import Link, Rest, chosen_rests
from eqdisc.proposers.structure.scaling import scalings
from eqdisc.scoring.rounding import is_exact
from eqdisc.search.proposer import Proposals
from eqdisc.search.reduction import ChangeOfVariables
from eqdisc.search.view import View

X1 = Expression.variable(1)
LAWS = {
    "an exponential of a group": lambda a, f, t, k: a * f**3 / (np.exp(f / (k * t)) - 1.0),
    "a sum of two products": lambda a, b, c, d: a * b + c * d**2 + 0.5,
    "a product of a sum and a root": lambda a, b, c, d: (a + np.exp(-b)) / np.sqrt(3.0 + c * d**2),
}


def problem_of(law, dummy=True, n_rows=1200):
    random = np.random.default_rng(3)
    features = 10.0 ** random.uniform(-0.4, 0.4, (n_rows, 5))
    features[:, 4] *= 1e6 * random.choice([-1.0, 1.0], n_rows)
    target = LAWS[law](*features[:, :4].T)
    table = Dataset.of(features if dummy else features[:, :4], target)
    return Problem.of(table, OperatorSet.default(), 40, seed=0)


def proposals(session, steps=60):
    for _ in range(steps):
        found = session.propose()
        yield found
        if found.exhausted:
            return


@pytest.mark.parametrize("law", LAWS)
def test_laws_beyond_the_solver_inside_come_back_exactly(law):
    problem = problem_of(law)
    session = Structure((ClosedForm(),)).start(problem, np.random.SeedSequence(0), 1)
    for found in proposals(session):
        exact = [e for e in found.expressions if is_exact(e, problem.train)]
        if exact:
            assert 4 not in min(exact, key=len).features
            assert all(problem.admits(e) for e in exact)
            return
    pytest.fail("not found")


def test_a_session_goes_on_from_its_state_and_ends():
    problem = problem_of("a sum of two products", n_rows=300)
    strategy = Structure((ClosedForm(),), problems=3)
    session = strategy.start(problem, np.random.SeedSequence(1), 1)
    session.propose()
    twin = strategy.start(problem, np.random.SeedSequence(1), 2)
    twin.restore(session.state())
    assert list(proposals(session)) == list(proposals(twin))
    assert session.propose().expressions == ()


def test_an_epoch_ends_with_the_look_that_does_its_work_and_finds_the_same_in_more_epochs(monkeypatch):
    random = np.random.default_rng(2)
    features = random.uniform(1.0, 3.0, (200, 3))
    a, b, c = features.T
    table = Dataset.of(features, a * np.exp(b * c) + np.sin(a * b) / c + 0.01 * random.normal(size=200))
    problem = Problem.of(table, OperatorSet.default(), 40, seed=0)
    looked = []
    inner = proposer.hypotheses
    monkeypatch.setattr(
        proposer, "hypotheses", lambda *given, **more: looked.append(1) or inner(*given, **more)
    )

    def walk(work):
        monkeypatch.setattr(proposer, "EPOCH_WORK", work)
        epochs = []
        session = Structure((ClosedForm(),), problems=12).start(problem, np.random.SeedSequence(0), 1)
        for found in proposals(session, 500):
            epochs.append((len(looked), found.expressions))
            looked.clear()
        return epochs

    long, short = walk(10**15), walk(1)
    assert max(count for count, _ in long[1:]) > 1
    assert max(count for count, _ in short[1:]) == 1
    assert sum(count for count, _ in long) == sum(count for count, _ in short)
    assert {law for _, laws in long for law in laws} == {law for _, laws in short for law in laws}


def test_without_strategies_inside_nothing_is_proposed():
    session = Structure().start(problem_of("a sum of two products", n_rows=200), np.random.SeedSequence(0), 1)
    assert all(not found.expressions for found in proposals(session))


@dataclass(frozen=True)
class Knowing:
    """Proposes what it is given for problems of one input, an epoch late."""

    text: str
    name: str = "knowing"

    def start(self, problem, seed, threads):
        return KnowingSession(self.text, problem)


class KnowingSession:
    def __init__(self, text, problem):
        self.text, self.problem, self.epochs = text, problem, 0

    def prepare(self):
        return 0.0

    def observe(self, candidates, elites=()):
        pass

    def propose(self):
        self.epochs += 1
        known = self.epochs == 2 and self.problem.train.n_features == 1
        laws = (parse(self.text, ["x"]),) if known else ()
        return Proposals(laws, 1, 1)


def rest_problem():
    random = np.random.default_rng(0)
    x = random.uniform(1.0, 2.0, (800, 2))
    return Problem.of(
        Dataset.of(x, x[:, 0] ** 2 * np.cos(np.exp(x[:, 1]))), OperatorSet.default(), 40, seed=0
    )


def test_what_is_left_is_searched_thoroughly_and_brought_back():
    """x0**2 is seen in the data; the rest of one input is found by a strategy that takes its time."""
    problem = rest_problem()
    strategy = Structure((ClosedForm(max_terms=5),), (Knowing("cos(exp(x))"),))
    session = strategy.start(problem, np.random.SeedSequence(0), 1)
    found = list(proposals(session, steps=12))
    pairs = [pair for f in found for pair in zip(f.expressions, f.origins, strict=True)]
    origins = [origin for e, origin in pairs if is_exact(e, problem.train)]
    assert set(origins) == {"structure (scaling)"}
    twin = strategy.start(problem, np.random.SeedSequence(0), 2)
    twin.restore(session.state())
    assert twin.propose() == session.propose()


@dataclass(frozen=True)
class Noting(Knowing):
    """Notes how many inputs the problems have that it is given, and solves none."""

    text: str = "x"
    given: list[int] = field(default_factory=list, compare=False)

    def start(self, problem, seed, threads):
        self.given.append(problem.train.n_features)
        return KnowingSession(self.text, problem)


def test_a_problem_that_nothing_makes_smaller_is_handed_over_on_the_way_straight_down(monkeypatch):
    def suggested(problem, with_dummies=True):
        view = View.of(problem.train)
        return scalings(view)[:1] if view.features.shape[1] == 3 else inversions(view)

    monkeypatch.setattr(proposer, "hypotheses", suggested)
    x = np.random.default_rng(0).uniform(1.0, 2.0, (300, 3))
    table = Dataset.of(x, x[:, 0] ** 2 * np.exp(x[:, 1] * x[:, 2]))
    inner = Noting()
    session = Structure((inner,)).start(
        Problem.of(table, OperatorSet.default(), 40, seed=0), np.random.SeedSequence(0), 1
    )
    session.propose()
    assert inner.given == [2]  # and not turned over: that is left to the second pass


def test_only_rests_that_the_data_speak_for_are_chosen():
    problem = rest_problem()
    other = Problem.of(problem.dataset.take(np.arange(300)), problem.operators, 40, seed=0)
    rests = [Rest(problem, (), 1e-9), Rest(other, (), 0.5), Rest(problem, (), 1e-9), Rest(other, (), 1e-4)]
    assert chosen_rests(rests, 2) == [rests[0], rests[3]]


def learned(features, target, units=None):
    problem = Problem.of(Dataset.of(features, target), OperatorSet.default(), 40, seed=0)
    session = Structure().start(replace(problem, units=units), np.random.SeedSequence(0), 1)
    return list(proposals(session, steps=3))[-1].learned


def test_what_the_data_speak_for_is_told_as_building_blocks():
    random = np.random.default_rng(0)
    x = random.uniform(0.5, 3.0, (1000, 3))
    prior = learned(x, np.sin((x[:, 0] - x[:, 1]) / x[:, 2]))
    names = ["x0", "x1", "x2"]
    at = random.uniform(0.5, 3.0, (50, 3))
    ratio = evaluate(parse("(x0 - x1)/x2", names), at)
    alike = [np.abs(np.corrcoef(rank(evaluate(form, at)), rank(ratio))[0, 1]) for form in prior.forms]
    assert max(alike) > 1.0 - 1e-9
    assert all(form.size > 1 for form in prior.forms)


def test_noise_teaches_nothing():
    random = np.random.default_rng(0)
    prior = learned(random.normal(size=(500, 3)), random.normal(size=500))
    assert prior.forms == ()
    assert prior.operators == ()


def change(text, share, target="y", undo="y"):
    """A hypothesis that leads from x0, x1, x2 to one input."""
    names = ["x0", "x1", "x2", "y"]
    reduction = ChangeOfVariables((parse(text, names),), parse(target, names), parse(undo, names))
    return Hypothesis(reduction, "scaling", 0.0, share)


def taught(chain, *suggested):
    problem = Problem.of(
        Dataset.of(np.random.default_rng(0).uniform(1.0, 2.0, (80, 3)), np.arange(80.0)),
        OperatorSet.default(),
        40,
        seed=0,
    )
    links = [Link(problem, hypothesis, 0, []) for hypothesis in chain]
    found = learning.learned(problem, links, suggested)
    return found.operators, [str(form) for form in found.forms]


def test_blocks_of_smaller_problems_are_told_in_terms_of_the_whole():
    inner = Hypothesis(
        ChangeOfVariables((parse("x0**2", ["x0"]),), X1, parse("exp(x1)", ["x0", "x1"])), "outer", 0.0, 1e-6
    )
    assert taught([change("x0 - x1", 1e-6)], inner) == (("square", "exp"), ["(x0 - x1)**2"])


@pytest.mark.parametrize("shares", [(0.2, 1e-6), (1e-6, 0.2)])
def test_what_the_data_do_not_speak_for_teaches_nothing(shares):
    inner = Hypothesis(ChangeOfVariables((parse("x0**2", ["x0"]),), X1, X1), "scaling", 0.0, shares[1])
    assert taught([change("x0 - x1", shares[0])], inner) == ((), [])


def test_factors_that_make_values_comfortable_are_no_part_of_a_block():
    assert taught([], change("0.125*(x0 - x1)", 1e-6)) == ((), ["x0 - x1"])


def test_operators_around_the_target_are_told():
    assert taught([], change("x0*x1", 1e-6, "log(y)", "exp(y)"))[0] == ("exp",)
