"""What an ablation withholds from a strategy, and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from eqdisc.benchmark.methods.withheld import Withheld
from eqdisc.data.dataset import Dataset
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.prior import Prior
from eqdisc.problem import Problem
from eqdisc.scoring.candidate import Candidate
from eqdisc.search.proposer import Proposals


class Spy:
    name = "spy"

    def start(self, problem, seed, threads):
        self.problem = problem
        return self

    def prepare(self):
        return 0.5

    def observe(self, front, elites=()):
        self.seen = tuple(front), tuple(elites)

    def propose(self):
        return Proposals((parse("a", ["a", "b"]),))

    def state(self):
        return {"one": 1}

    def restore(self, state):
        self.restored = state


@pytest.fixture
def problem():
    x = np.arange(20.0).reshape(10, 2) ** 2
    prior = Prior((0.3, 0.7), None, ("exp",), (parse("a - b", ["a", "b"]),))
    table = Dataset.of(x, x[:, 0] + 1.0, names=["a", "b"])
    return replace(Problem.of(table, OperatorSet.of("add"), 9, seed=0), prior=prior)


LAWS = tuple(
    Candidate(parse(text, ["a", "b"]), 1.0, None, 1, who) for text, who in (("a", "another"), ("b", "spy"))
)


@pytest.mark.parametrize("what", ["prior", "elites", "laws"])
def test_only_one_thing_is_withheld(problem, what):
    spy = Spy()
    session = Withheld(spy, what).start(problem, np.random.SeedSequence(0), 1)
    session.observe(LAWS[:1], LAWS[1:])
    assert spy.problem.prior == (Prior((0.3, 0.7)) if what == "prior" else problem.prior)
    assert replace(spy.problem, prior=problem.prior) == problem
    shown = {"prior": (LAWS[:1], LAWS[1:]), "elites": (LAWS[:1], ()), "laws": ((), LAWS[1:])}
    assert getattr(spy, "seen", None) == shown[what]
    assert (session.prepare(), session.propose(), session.state()) == (0.5, spy.propose(), {"one": 1})
    session.restore({"one": 2})
    assert spy.restored == {"one": 2}
