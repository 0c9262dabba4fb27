"""The archive: one law of each kind, whatever the order, and what strategies are shown of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.data.dataset import Dataset
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.expr.units import Dimension, UnitRules
from eqdisc.problem import Problem
from eqdisc.scoring.candidate import Candidate
from eqdisc.search.archive import SHOWN, Archive
from eqdisc.search.engine import Budget, Search
from eqdisc.search.proposer import Proposals

NAMES = ["a", "b"]
TEXTS = ("a", "2*a", "a*b", "a/b", "3*a/b", "sqrt(a)", "sin(a)", "sin(2*a)", "exp(-a)", "a*exp(b) + b*exp(a)")


def candidate(text, loss):
    law = parse(text, NAMES)
    return Candidate(law, loss, None, law.size, "test")


candidates = st.builds(candidate, st.sampled_from(TEXTS), st.floats(0.0, 9.0))


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


def test_strategies_are_shown_laws_that_the_front_has_forgotten():
    random = np.random.default_rng(0)
    x = random.uniform(1.0, 2.0, (80, 2))
    problem = Problem.of(
        Dataset.of(x, x[:, 0] + 0.1 * random.normal(size=80), names=NAMES), OperatorSet.default(), 20, seed=0
    )
    one, other = Shown("one", ("a", "sin(b)*b")), Shown("other", ())
    result = Search(problem, (one, other), Budget(epochs=2)).run()
    assert "sin(x1)*x1" not in {str(law.expression) for law in result.front}
    assert "sin(x1)*x1" in other.elites[0]
    assert one.elites[0] == set()
