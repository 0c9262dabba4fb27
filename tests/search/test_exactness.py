"""An exact law is found out where the loss does not show it, and when only its polished form is exact."""

from dataclasses import dataclass

import numpy as np
import pytest

from eqdisc.data.dataset import Dataset
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.problem import Problem
from eqdisc.scoring.rounding import is_exact
from eqdisc.scoring.scorer import Scorer
from eqdisc.search.checkpoint import read_checkpoint, write_checkpoint
from eqdisc.search.engine import Budget, Search, StopReason
from eqdisc.search.exactness import drowns_rows, exact_form
from eqdisc.search.finish import Finisher
from eqdisc.search.front import ParetoFront
from eqdisc.search.proposer import Proposals
from eqdisc.search.refit import refit
from eqdisc.search.verifier import FREE, POLISHING, SHARE, Verifier

NAMES = ["a", "u"]
OPERATORS = OperatorSet.parse("+ - * / exp log")


@dataclass(frozen=True)
class Says:
    """Proposes the texts of one epoch after another, at a given cost."""

    script: tuple[tuple[str, ...], ...]
    cost: int = 1000
    name: str = "says"

    def start(self, problem, seed, threads):
        return SaysSession(self)


class SaysSession:
    def __init__(self, settings):
        self.settings, self.epoch = settings, 0

    def prepare(self):
        return 0.0

    def observe(self, candidates, elites=()):
        pass

    def propose(self):
        self.epoch += 1
        script = self.settings.script
        texts = script[self.epoch - 1] if self.epoch <= len(script) else ()
        return Proposals(tuple(parse(text, NAMES) for text in texts), len(texts), self.settings.cost)

    def state(self):
        return {"epoch": self.epoch}

    def restore(self, state):
        self.epoch = state["epoch"]


def diode(n=200):
    """A current over sixty decades: the exponential decides the largest rows, the -1 the smallest;
    given to twelve digits."""
    random = np.random.default_rng(3)
    a = 10.0 ** random.uniform(-20.0, 5.0, n)
    u = np.where(np.arange(n) % 2, random.uniform(10.0, 57.0, n), 10.0 ** random.uniform(-10.0, 0.0, n))
    y = np.array([float(f"{value:.11e}") for value in a * np.expm1(u)])
    return Dataset.of(np.column_stack([a, u]), y, NAMES, "y")


def sum_of_unlike(n=200):
    """a + u with a up to 1e20 and u below 10, the sum given to ten digits."""
    random = np.random.default_rng(4)
    a, u = 10.0 ** random.uniform(-3.0, 20.0, n), random.uniform(1.0, 10.0, n)
    y = np.array([float(f"{value:.9e}") for value in a + u])
    return Dataset.of(np.column_stack([a, u]), y, NAMES, "y")


def problem_of(data):
    return Problem.of(data, OPERATORS, max_size=20, seed=0)


CASES = {
    "diode": (diode, "a*(exp(u) - 1)", ("a*exp(u)", "a*exp(1.0000000000000002*u) + 3e5*a/u + 2*u")),
    "sum of unlike": (sum_of_unlike, "a + u", ("a", "a + 1e-9*a*a/a", "1.00000000001*a + 0.5*u/a")),
}


@pytest.fixture(params=CASES)
def case(request):
    table, law, rivals = CASES[request.param]
    return problem_of(table()), law, rivals


def test_the_loss_does_not_tell_the_exact_law(case):
    """The cases are what they are meant to be."""
    problem, law, rivals = case
    scorer = Scorer(problem)
    exact, shorter = (scorer.score(parse(text, NAMES), "me") for text in (law, rivals[0]))
    assert drowns_rows(problem.dataset)
    assert is_exact(exact.expression, problem.dataset)
    assert not is_exact(shorter.expression, problem.dataset)
    assert exact.loss > 0.9 * shorter.loss


@pytest.mark.parametrize("first", [True, False])
def test_the_exact_law_is_kept_and_ends_the_search(case, first):
    problem, law, rivals = case
    script = ((law, *rivals),) if first else (rivals, (law,))
    result = Search(problem, (Says(script),), Budget(epochs=9)).run()
    assert result.stopped is StopReason.EXACT
    assert result.epochs == len(script)
    assert result.best.expression == parse(law, NAMES)
    assert result.front[-1] == result.best


def test_constants_that_the_loss_does_not_see_are_found_from_the_rows_that_do(case):
    problem, law, _ = case
    rough = {"a*(exp(u) - 1)": "a*(exp(u) - 7000.0)", "a + u": "a + 3e4*u"}[law]
    result = Search(problem, (Says(((rough,),)),), Budget(epochs=9)).run()
    assert result.stopped is StopReason.EXACT
    assert Scorer(problem).score(result.best.expression, "says").heldout_loss is not None
    assert is_exact(result.best.expression, problem.dataset)


def test_an_exact_law_of_unlike_rows_survives_the_fit_to_all_rows():
    problem = problem_of(diode())
    result = Search(problem, (Says((("a*exp(u)", "a*(exp(u) - 1)"),)),), Budget(epochs=2)).run()
    assert refit(result, problem).best.expression == parse("a*(exp(u) - 1)", NAMES)


def test_approximations_of_unlike_rows_are_not_taken_for_exact():
    problem = problem_of(diode())
    for text in ("a*exp(u)", "a*u", "a*(exp(u) - 1) + 1e-9*a", "a*(exp(1.0001*u) - u)", "a*exp(u) - 0.5*a"):
        found = exact_form(parse(text, NAMES), problem.train, problem.dataset)
        assert found is None or is_exact(found, problem.dataset)
    assert exact_form(parse("a*exp(1.5*u)", NAMES), problem.train, problem.dataset) is None


def ordinary(n=120, noise=0.0):
    random = np.random.default_rng(5)
    a, u = random.uniform(1.0, 3.0, (2, n))
    y = 0.7 * a * np.exp(u) + 1.25 + noise * random.normal(size=n)
    return Dataset.of(np.column_stack([a, u]), y, NAMES, "y")


def test_ordinary_tables_drown_no_rows():
    data = ordinary()
    assert not drowns_rows(data)
    rounded = Dataset.of(data.features, np.round(data.target - 1.9, 2), NAMES, "y")
    assert not drowns_rows(rounded)


DISGUISED = "0.7*a*exp(u) + 1.25000003 - 1e-8*a"


def test_a_law_that_only_polishing_makes_exact_ends_the_search():
    problem = problem_of(ordinary())
    raw = parse(DISGUISED, NAMES)
    assert not is_exact(raw, problem.dataset)
    result = Search(problem, (Says((("a*u", DISGUISED),)),), Budget(epochs=9)).run()
    assert result.stopped is StopReason.EXACT
    assert result.epochs == 1
    assert result.best.expression == parse("0.7*a*exp(u) + 1.25", NAMES)


def test_looking_for_exact_laws_stays_within_its_share():
    problem = problem_of(ordinary(noise=1e-7))  # precise laws, none of them exact
    scorer = Scorer(problem)
    verifier = Verifier(Finisher(scorer), problem)
    searched, front = 0, ParetoFront()
    front.add(scorer.score(parse("5.0", NAMES), "me"))
    for k in range(12):
        front.add(scorer.score(parse(f"0.7*a*exp(u) + {1.25 + 1e-5 / (k + 1)!r}", NAMES), "me"))
        searched += int(1e8)
        assert verifier.exact_law(front, (), searched) is None
        assert verifier.work <= FREE + SHARE * searched
    assert POLISHING < verifier.work < 12 * 8 * POLISHING  # some were looked at, not all


def test_what_was_looked_at_is_not_looked_at_again_also_by_who_goes_on(tmp_path):
    problem, states = problem_of(ordinary(noise=1e-7)), []
    script = (("a*u", "0.7*a*exp(u) + 1.25"), ("a + u",), ("a*a",))
    search = Search(problem, (Says(script),), Budget(epochs=3), keeper=states.append)
    search.run()
    assert len(states) == 3
    assert states[0].verified
    assert [state.verifying for state in states] == [states[0].verifying] * 3
    write_checkpoint(tmp_path / "checkpoint.npz", states[0])
    later = []
    kept = read_checkpoint(tmp_path / "checkpoint.npz")
    Search(problem, (Says(script),), Budget(epochs=3), resume_from=kept, keeper=later.append).run()
    assert [(s.verified, s.verifying) for s in later] == [(s.verified, s.verifying) for s in states[1:]]
