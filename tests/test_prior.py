"""What is known beforehand: how priors join, reach the strategies that begin later, and survive a break."""

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.data.dataset import Dataset
from eqdisc.data.scale import Scaling
from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.prior import MOST_FORMS, UNTOUCHED, Prior, followed, without_factor
from eqdisc.problem import Problem
from eqdisc.search.checkpoint import read_checkpoint, write_checkpoint
from eqdisc.search.engine import Budget, Search
from eqdisc.search.proposer import Proposals
from eqdisc.search.working_units import InWorkingUnits

NAMES = ["x", "z"]
FORMS = tuple(parse(text, NAMES) for text in ("x - z", "x/z", "x*z", "x + z", "x", "exp(x)", "x**2", "z**2"))
factors = st.floats(0.0, 100.0)
priors = st.builds(
    Prior,
    chances=st.dictionaries(st.sampled_from(["exp", "sin", "add", "mul"]), factors),
    influence=st.none() | st.tuples(factors, factors),
    operators=st.lists(st.sampled_from(["exp", "sin", "sqrt"]), max_size=4).map(tuple),
    forms=st.lists(st.sampled_from(FORMS), max_size=5).map(tuple),
)


@given(priors, priors, priors)
def test_joining_keeps_the_first_and_no_duplicates(a, b, c):
    joined = a.joined(b)
    assert set(joined.operators) == {*a.operators, *b.operators}
    assert len(set(joined.operators)) == len(joined.operators)
    wanted = [form for form in dict.fromkeys((*a.forms, *b.forms)) if form.size > 1]
    assert list(joined.forms) == wanted[:MOST_FORMS]
    assert joined.joined(joined) == joined
    assert a.joined(b).joined(c) == a.joined(b.joined(c))


def test_joining_keeps_what_the_table_says_of_the_inputs():
    assert Prior(relevance=(0.9, 0.1)).joined(Prior(relevance=(0.5, 0.5))).relevance == (0.9, 0.1)


def test_of_two_guesses_the_first_stays():
    first, second = Prior(chances={"sin": 3.0}), Prior(chances={"sin": 0.1, "exp": 2.0}, influence=(1.0, 2.0))
    assert first.joined(second).chances == {"sin": 3.0, "exp": 2.0}
    assert first.joined(second).joined(Prior(influence=(9.0, 9.0))).influence == (1.0, 2.0)


@given(st.lists(st.tuples(st.floats(0.0, 10.0), factors | st.sampled_from([np.nan, np.inf, -1.0]))))
def test_weights_that_follow_guesses_keep_their_sum_and_a_share_of_their_own(pairs):
    usual, times = np.array([w for w, _ in pairs]), [f for _, f in pairs]
    told = followed(usual, times)
    assert np.sum(told) == pytest.approx(np.sum(usual))
    assert np.all(told >= UNTOUCHED * usual * (1.0 - 1e-12))
    np.testing.assert_allclose(followed(usual, [1.0] * len(pairs)), usual)


@given(priors)
def test_operators_and_inputs_follow_a_prior_that_has_guesses(prior):
    operators = OperatorSet.parse("+ * sin exp sqrt")
    told = prior.weighted(operators)
    assert told.names == operators.names
    assert sum(told.weights.values()) == pytest.approx(sum(operators.weights.values()))
    if not prior.chances:
        assert told == operators
    if prior.influence is None:
        assert prior.with_influence(2) is prior
    else:
        assert sum(prior.with_influence(2).relevance) == pytest.approx(1.0)
        with pytest.raises(ValueError, match="influence of 2 features, there are 3"):
            prior.with_influence(3)


def test_an_input_that_is_never_to_be_tried_stays_so():
    told = Prior(relevance=(0.0, 0.5, 0.5), influence=(10.0, 2.0, 1.0)).with_influence(3).relevance
    assert told[0] == 0.0
    assert told[1] > told[2] > 0.0


@dataclass(frozen=True)
class Teacher:
    """Says what it has learned, epoch by epoch, and remembers the prior that it was told at its start."""

    name: str
    lessons: tuple[Prior, ...] = ()
    told: list[Prior] = field(default_factory=list, compare=False, repr=False)
    weights: list = field(default_factory=list, compare=False, repr=False)

    def start(self, problem, seed, threads):
        self.told.append(problem.prior)
        self.weights.append(dict(problem.operators.weights))
        return TeacherSession(self)


class TeacherSession:
    def __init__(self, settings):
        self.settings, self.epoch = settings, 0

    def prepare(self):
        return 0.0

    def observe(self, front, elites=()):
        pass

    def propose(self):
        self.epoch += 1
        lessons = self.settings.lessons
        learned = lessons[self.epoch - 1] if self.epoch <= len(lessons) else Prior()
        return Proposals((parse("x", NAMES),), 1, 1000, learned=learned)

    def state(self):
        return {"epoch": self.epoch}

    def restore(self, state):
        self.epoch = state["epoch"]


@pytest.fixture
def problem():
    random = np.random.default_rng(0)
    x = random.uniform(1.0, 2.0, (80, 2))
    table = Dataset.of(x, np.exp(x[:, 0] - x[:, 1]) + random.normal(size=80), names=NAMES)
    given = Prior(relevance=(0.6, 0.4), operators=("log",))
    return replace(Problem.of(table, OperatorSet.default(), 20, seed=0), prior=given)


def test_a_strategy_is_told_at_its_start_what_those_before_it_have_learned(problem):
    first = Teacher("first", (Prior(operators=("exp",), forms=(FORMS[0],)), Prior(forms=(FORMS[1],))))
    second = Teacher("second", (Prior(operators=("sin",)),))
    third = Teacher("third")
    Search(problem, (first, second, third), Budget(epochs=3)).run()
    assert first.told == [problem.prior]
    assert second.told == [Prior((0.6, 0.4), None, ("log", "exp"), (FORMS[0],))]
    assert third.told == [Prior((0.6, 0.4), None, ("log", "exp", "sin"), (FORMS[0],))]


def test_guesses_are_in_the_weights_of_those_that_begin_later_also_after_a_break(problem, tmp_path):
    lesson = Prior(chances={"sin": 10.0, "tanh": 0.1}, influence=(0.5, 2.0))

    def strategies():
        return Teacher("first", (lesson,)), Teacher("second")

    first, second = strategies()
    path = tmp_path / "checkpoint.npz"
    keeper = partial(write_checkpoint, path)
    Search(problem, (first, second), Budget(epochs=3), keeper=keeper).run()
    usual = dict(problem.operators.weights)
    assert first.weights == [usual]
    (told,) = second.weights
    assert told["sin"] > 3.0 * usual["sin"]
    assert UNTOUCHED * usual["tanh"] <= told["tanh"] < usual["tanh"]
    assert sum(told.values()) == pytest.approx(sum(usual.values()))
    expected = followed((0.6, 0.4), (0.5, 2.0))
    assert second.told[0].relevance == pytest.approx(tuple(expected))
    again = strategies()
    Search(problem, again, Budget(epochs=6), resume_from=read_checkpoint(path)).run()
    assert again[0].weights == [usual]
    assert again[1].weights == [told]
    assert again[1].told == second.told


def test_a_resumed_strategy_is_told_what_it_was_told_and_not_what_is_known_by_now(problem):
    def strategies():
        lessons = (Prior(forms=(FORMS[0],)), Prior(forms=(FORMS[1],)))
        return Teacher("first", lessons), Teacher("second")

    kept = []
    Search(problem, strategies(), Budget(epochs=8), keeper=kept.append).run()
    again = strategies()
    Search(problem, again, Budget(epochs=16), resume_from=kept[-1]).run()
    assert [prior.forms for prior in again[0].told] == [()]
    assert [prior.forms for prior in again[1].told] == [(FORMS[0],)]


def test_building_blocks_have_the_same_values_in_working_units(problem):
    table = problem.train
    scaling = Scaling((2.0**70, 2.0**-60), 2.0**5)
    lesson = Prior(forms=(parse("x*z + x", NAMES),))
    teacher = Teacher("teacher", (lesson,))
    told = replace(problem, prior=Prior(forms=(FORMS[0], FORMS[1])))
    session = InWorkingUnits(teacher, scaling).start(told, np.random.SeedSequence(0), 1)
    inside = teacher.told[0].forms
    for form, other in zip(told.prior.forms, inside, strict=True):
        assert_proportional(evaluate(other, scaling.apply(table).features), evaluate(form, table.features))
        assert without_factor(other) == other
    (back,) = session.propose().learned.forms
    assert_proportional(
        evaluate(back, table.features), evaluate(lesson.forms[0], scaling.apply(table).features)
    )


def assert_proportional(one, other):
    """A factor is no matter: it says in which unit a block is."""
    np.testing.assert_allclose(one / one[0], other / other[0], rtol=1e-13)


def test_the_users_own_blocks_are_all_kept():
    many = tuple(parse(f"x + {k}*z", NAMES) for k in range(1, MOST_FORMS + 5))
    assert Prior(forms=many).joined(Prior(forms=(FORMS[0],))).forms == many
    assert Prior().joined(Prior(forms=many)).forms == many[:MOST_FORMS]


def test_guesses_of_any_size_are_followed_without_an_overflow() -> None:
    np.testing.assert_allclose(followed((1.0, 1.0), (5e-324, 0.0)), [1.7, 0.3])
    np.testing.assert_allclose(followed((1.0, 1.0), (1e308, 1e308)), [1.0, 1.0])
