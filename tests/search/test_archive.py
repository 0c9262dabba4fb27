"""The archive: one law of each kind, whatever the order, and what strategies are shown of it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.data.dataset import Dataset
from eqdisc.data.scale import Scaling
from eqdisc.engine.reference import evaluate
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.expr.units import Dimension, UnitRules
from eqdisc.problem import Problem
from eqdisc.proposers.gp import GeneticProgramming
from eqdisc.scoring.candidate import Candidate
from eqdisc.scoring.rounding import is_exact
from eqdisc.search.archive import SHOWN, Archive
from eqdisc.search.engine import Budget, Search
from eqdisc.search.proposer import Proposals
from eqdisc.search.working_units import InWorkingUnits

NAMES = ["a", "b"]
TEXTS = ("a", "2*a", "a*b", "a/b", "3*a/b", "sqrt(a)", "sin(a)", "sin(2*a)", "exp(-a)", "a*exp(b) + b*exp(a)")


def candidate(text, loss):
    law = parse(text, NAMES)
    return Candidate(law, loss, None, law.size, "test")


candidates = st.builds(candidate, st.sampled_from(TEXTS), st.sampled_from([0.0, 1.0, 2.5]))


@given(st.lists(candidates, max_size=30), st.randoms())
def test_every_cell_keeps_its_best_whatever_the_order(found, random):
    archive, other = Archive(), Archive()
    for law in found:
        archive.add(law)
    random.shuffle(found)
    for law in found:
        other.add(law)
    assert archive.elites == other.elites
    cells = {}
    for law in found:
        cells.setdefault(archive.cell(law.expression), []).append(law.loss)
    assert sorted(law.loss for law in archive.elites) == sorted(map(min, cells.values()))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a*b", "a*b*a*b"),  # size
        ("a*b", "a/b"),  # kinds of operators
        ("sin(a)", "exp(a)"),
        ("a*b", "2*b"),  # constants
    ],
)
def test_laws_of_different_kinds_stand_side_by_side(one, other):
    archive = Archive()
    assert archive.add(candidate(one, 1.0))
    assert archive.add(candidate(other, 5.0))
    assert len(archive) == 2


def test_sizes_fall_into_bins_of_four():
    chain = ["a", "a*b", "a*b*a", "a*b*a*b", "a*b*a*b*a"]  # of 1, 3, 5, 7, 9 nodes
    bins = [Archive().cell(parse(text, NAMES))[0] for text in chain]
    assert bins == [0, 0, 1, 1, 2]
    assert [Archive().cell(parse(text, NAMES))[0] for text in ("sqrt(a*b)", "a*sqrt(b)*a", "sin(a)")] == [
        0,
        1,
        0,
    ]


def test_laws_whose_constants_carry_units_are_a_kind_of_their_own():
    archive = Archive(UnitRules((Dimension.of(m=1), Dimension.of(s=1)), Dimension.of(m=1), "free"))
    assert archive.cell(parse("2*a", NAMES)) != archive.cell(parse("2*b", NAMES))
    assert Archive().cell(parse("2*a", NAMES)) == Archive().cell(parse("2*b", NAMES))


def test_the_elites_shown_follow_from_the_numbers():
    archive = Archive()
    shown = {k: archive.drawn([k]) for k in range(3)}
    assert set(shown.values()) == {()}
    for text in TEXTS:
        archive.add(candidate(text, 1.0))
    assert archive.drawn([3, 1]) == archive.drawn([3, 1])
    drawn = [archive.drawn([k]) for k in range(20)]
    assert all(len(laws) == SHOWN == len(set(laws)) for laws in drawn)
    assert {law for laws in drawn for law in laws} == set(archive.elites)
    known = archive.elites[:2]
    assert not set(known).intersection(archive.drawn([3, 1], known))


class Shown:
    """Proposes once; remembers the laws it is shown beside the front."""

    def __init__(self, name, texts):
        self.name, self.texts, self.elites = name, texts, []

    def start(self, problem, seed, threads):
        return self

    def prepare(self):
        return 0.0

    def observe(self, front, elites=()):
        self.elites.append({str(law.expression) for law in elites})

    def propose(self):
        texts, self.texts = self.texts, ()
        return Proposals(tuple(parse(text, NAMES) for text in texts), 1, 1)

    def state(self):
        return {}

    def restore(self, state):
        pass


def searched(problem, epochs, *strategies):
    return Search(problem, strategies, Budget(epochs=epochs)).run()


@pytest.fixture
def problem():
    random = np.random.default_rng(0)
    x = random.uniform(1.0, 2.0, (80, 2))
    table = Dataset.of(x, x[:, 0] + 0.1 * random.normal(size=80), names=NAMES)
    return Problem.of(table, OperatorSet.default(), 20, seed=0)


def test_strategies_are_shown_laws_that_the_front_has_forgotten(problem):
    one, other = Shown("one", ("a", "sin(b)*b")), Shown("other", ())
    result = searched(problem, 2, one, other)
    assert "sin(x1)*x1" not in {str(law.expression) for law in result.front}
    assert other.elites[0] == {"sin(x1)*x1"}  # what is on the front is shown there
    assert one.elites[0] == set()


def test_other_elites_are_shown_at_every_turn_and_to_every_strategy(problem):
    texts = ["a"]
    for kind in ("{}/b", "sqrt({})", "exp({}/9)", "sin({})/b", "sin(sqrt({}))", "exp({}/9)/b"):
        texts += [kind.format("b"), kind.format("(b*b*b)"), kind.format("(b*b*b*b*b)")]
    one, other = Shown("one", tuple(texts)), Shown("other", ())
    searched(problem, 6, one, other)
    shown = [elites for elites in (*one.elites[1:], *other.elites) if elites]
    assert all(len(elites) == SHOWN for elites in shown)
    assert len({frozenset(elites) for elites in shown}) == len(shown) > 3


def test_units_tell_elites_apart(problem):
    metre, second = Dimension.of(m=1), Dimension.of(s=1)
    told = replace(problem, units=UnitRules((metre, second), metre, "free"))
    one, other = Shown("one", ("a", "2*a*a/a", "3*b*b/b")), Shown("other", ())
    searched(told, 1, one, other)
    assert len(other.elites[0]) == 2


def test_a_strategy_in_working_units_is_shown_elites_too(problem):
    shown = Shown("shown", ())
    scaling = Scaling((2.0**70, 2.0**-60), 2.0**5)
    session = InWorkingUnits(shown, scaling).start(problem, np.random.SeedSequence(0), 1)
    session.observe([candidate("a", 1.0)], [candidate("a*b", 1.0)])
    assert len(shown.elites[0]) == 1


def test_genetic_programming_takes_elites_in():
    x = np.random.default_rng(0).uniform(1.0, 2.0, (80, 2))
    law = parse("sin(a*b)/(a + exp(b))", NAMES)
    problem = Problem.of(Dataset.of(x, evaluate(law, x), names=NAMES), OperatorSet.default(), 20, seed=0)
    session = GeneticProgramming(population=20, epoch_work=1000).start(problem, np.random.SeedSequence(0), 1)
    session.prepare()
    session.observe((), [Candidate(law, 0.0, None, law.size, "test")])
    assert any(is_exact(found, problem.train) for found in session.propose().expressions)
