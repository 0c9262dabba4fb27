"""What is known beforehand: how priors join, reach the strategies that begin later, and survive a break."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.data.dataset import Dataset
from eqdisc.data.scale import Scaling
from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.prior import MOST_FORMS, Prior, without_factor
from eqdisc.problem import Problem
from eqdisc.search.engine import Budget, Search
from eqdisc.search.proposer import Proposals
from eqdisc.search.working_units import InWorkingUnits

NAMES = ["x", "z"]
FORMS = tuple(parse(text, NAMES) for text in ("x - z", "x/z", "x*z", "x + z", "x", "exp(x)", "x**2", "z**2"))
priors = st.builds(
    Prior,
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


@dataclass(frozen=True)
class Teacher:
    """Says what it has learned, epoch by epoch, and remembers the prior that it was told at its start."""

    name: str
    lessons: tuple[Prior, ...] = ()
    told: list[Prior] = field(default_factory=list, compare=False, repr=False)

    def start(self, problem, seed, threads):
        self.told.append(problem.prior)
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
