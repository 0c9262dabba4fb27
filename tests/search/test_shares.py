"""Effort goes to who contributes, and none is starved; a search that shares it repeats and resumes."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.data.dataset import Dataset
from eqdisc.expr.operators import OperatorSet
from eqdisc.expr.parse import parse
from eqdisc.problem import Problem
from eqdisc.search.checkpoint import read_checkpoint, write_checkpoint
from eqdisc.search.engine import Budget, Search, StopReason
from eqdisc.search.proposer import Proposals
from eqdisc.search.shares import EPOCH, FLOOR, GRACE, Account, Shares, gain
from tests.search import runs

costs = st.lists(st.integers(1, 10**10), min_size=1, max_size=5)
gains = st.lists(st.floats(0.0, 1.0), min_size=5, max_size=5)


def work_done(turn_costs, contributes, epochs, start=0):
    """Work of each strategy from epoch `start` on; `contributes(place, turn)` is what its turn gains."""
    shares = Shares([Account()] * len(turn_costs))
    work, turns = np.zeros(len(turn_costs)), np.zeros(len(turn_costs), dtype=int)
    for epoch in range(epochs):
        for place in shares.plan():
            shares.charge(place, turn_costs[place], contributes(place, turns[place]))
            turns[place] += 1
            if epoch >= start:
                work[place] += turn_costs[place]
    return work


# ------------------------------------------------------------------ laws of the shares


@given(costs, gains)
def test_shares_add_up_and_have_their_floor_until_a_strategy_is_idle(turn_costs, contributed):
    shares = Shares([Account()] * len(turn_costs))
    for place, cost in enumerate(turn_costs):
        shares.charge(place, cost, contributed[place])
    found = shares.shares()
    assert sum(found.values()) == pytest.approx(1.0)
    floor = min(FLOOR, 0.5 / len(turn_costs))
    assert all(share >= floor for share in found.values())


@given(costs)
def test_at_first_everybody_has_one_turn_in_order(turn_costs):
    assert Shares([Account()] * len(turn_costs)).plan() == tuple(range(len(turn_costs)))


@given(costs, gains)
def test_an_epoch_is_about_its_part_of_a_round(turn_costs, contributed):
    shares = Shares([Account()] * len(turn_costs))
    for place, cost in enumerate(turn_costs):
        shares.charge(place, cost, contributed[place])
    plan = shares.plan()
    assert 1 <= len(plan) <= 16 * EPOCH + len(turn_costs)
    assert sum(turn_costs[place] for place in plan[:-1]) < EPOCH * max(turn_costs)


@pytest.mark.parametrize("turn_costs", [(1000, 1000), (1000, 70), (70, 1000), (1000, 70, 333)])
def test_none_that_contributes_gets_less_than_its_floor(turn_costs):
    little = 1e-4  # of what the first contributes
    work = work_done(turn_costs, lambda place, turn: 0.5 if place == 0 else 0.5 * little, epochs=300)
    floor = min(FLOOR, 0.5 / len(turn_costs)) * work.sum()
    assert np.all(work >= floor - len(turn_costs) * max(turn_costs))
    assert np.argmax(work) == 0


def test_who_is_useless_fades_and_is_not_cut_off():
    work = work_done((1000, 1000), lambda place, turn: 0.1 * (place == 0), epochs=600, start=400)
    assert 0.0 < work[1] < 0.02 * work.sum()


def test_who_contributes_late_is_heard_again():
    late = 100

    def contributes(place, turn):
        return 0.01 if place == 0 else 0.5 * (turn >= late)

    faded = work_done((1000, 100), contributes, epochs=40, start=20)
    risen = work_done((1000, 100), contributes, epochs=500, start=400)
    assert faded[1] < 0.2 * faded.sum()
    assert risen[1] > 0.5 * risen.sum()


def test_where_nobody_contributes_all_get_alike():
    work = work_done((1000, 1000, 1000), lambda place, turn: 0.0, epochs=300)
    assert np.ptp(work) <= 0.05 * work.sum()


def test_work_and_not_turns_is_shared():
    work = work_done((1000, 70), lambda place, turn: 0.001, epochs=300)
    assert 0.1 < work[1] / work.sum() < 0.95


def test_a_lone_strategy_has_one_turn_an_epoch_whatever_it_costs():
    for cost in (0, 1, 10**12):
        shares = Shares([Account()])
        for _ in range(5):
            assert shares.plan() == (0,)
            shares.charge(0, cost, 0.0)


def test_turns_that_cost_nothing_do_not_go_on_for_ever():
    work = work_done((0, 1000), lambda place, turn: 0.0, epochs=400)
    assert work[1] >= 1000 * 30


def test_who_has_retired_has_no_turn():
    shares = Shares([Account()] * 3)
    shares.charge(1, 10, 0.5)
    shares.retire(1)
    assert shares.plan() == (0, 2)
    shares.retire(0)
    shares.retire(2)
    assert shares.plan() == ()
    assert shares.shares() == {}


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1000), st.floats(0.0, 1.0)), max_size=30))
def test_accounts_alone_decide_what_follows(charges):
    shares = Shares([Account()] * 3)
    for place, work, contributed in charges:
        shares.charge(place, work, contributed)
    twin = Shares(shares.accounts)
    assert twin.plan() == shares.plan()
    assert twin.shares() == shares.shares()


def test_idleness_is_counted_in_work_since_the_last_contribution():
    shares = Shares([Account()] * 2)
    shares.charge(0, 1000, 0.5)
    for _ in range(int(2 * GRACE)):
        shares.charge(1, 1000, 0.0)
    assert shares.accounts[1].idle == 2 * GRACE * 1000
    fading = shares.shares()[1]
    shares.charge(1, 1000, 0.5)
    assert shares.accounts[1].idle == 0.0
    assert shares.shares()[1] > max(fading, FLOOR)


# ------------------------------------------------------------------ what a turn contributes


@given(
    st.lists(st.tuples(st.floats(0.0, 1e300), st.floats(0.0, 1.0)), min_size=1, max_size=20),
    st.floats(1e-6, 0.5),
)
def test_a_contribution_is_between_nothing_and_one(pairs, least):
    before = np.array([loss for loss, _ in pairs])
    after = before * np.array([ratio for _, ratio in pairs])
    assert 0.0 <= gain(before, after, least) <= 1.0
    assert gain(before, before, least) == 0.0
    assert gain(after, after * (1.0 - 0.5 * least), least) == 0.0


# ------------------------------------------------------------------ in a search


@dataclass(frozen=True)
class Costly:
    """Proposes a random law an epoch, at a given cost, after the first at `later`; notes its turns."""

    name: str
    cost: int
    law: str
    log: list = field(default_factory=list, compare=False, repr=False)
    later: int | None = None

    def start(self, problem, seed, threads):
        return CostlySession(self, seed)


class CostlySession:
    def __init__(self, settings, seed):
        self.settings = settings
        self.random = np.random.default_rng(seed)

    def prepare(self):
        return 0.0

    def observe(self, candidates, elites=()):
        self.known = len(candidates)

    def propose(self):
        again = self.settings.name in self.settings.log
        self.settings.log.append(self.settings.name)
        text = self.settings.law.replace("RANDOM", repr(self.random.uniform(0.5, 2.0)))
        cost = (again and self.settings.later) or self.settings.cost
        return Proposals((parse(text, ["x"]),), 1, cost)

    def state(self):
        return {"random": self.random.bit_generator.state}

    def restore(self, state):
        self.random.bit_generator.state = state["random"]


def search(epochs, log, patience=60, strategies=None):
    x = np.linspace(0.5, 3.0, 40)
    noise = 0.1 * np.random.default_rng(0).normal(size=40)
    data = Dataset.of(x[:, None], x**2 + noise, names=["x"])
    problem = Problem.of(data, OperatorSet.parse("+ * exp"), max_size=9, seed=0)
    strategies = strategies or (
        Costly("cheap", 70, "RANDOM*x", log),
        Costly("dear", 1000, "RANDOM*x*x", log),
        Costly("useless", 300, "RANDOM + exp(9*x)", log),
    )
    return Search(problem, strategies, Budget(epochs=epochs, patience=patience), seed=2)


def test_cheap_turns_come_first_and_in_the_first_epoch_everybody_has_one():
    log = []
    search(1, log).run()
    assert log == ["cheap", "dear", "useless"]
    search(2, log := []).run()
    assert log[3] == "cheap"


def test_the_same_seed_and_epochs_give_the_same_turns_and_front():
    first, second = [], []
    assert runs.answer(search(12, first)) == runs.answer(search(12, second))
    assert first == second


def test_a_search_that_shares_goes_on_bit_for_bit(tmp_path):
    log = []
    whole, states = search(12, log, patience=99), []
    found = runs.answer(replace(whole, keeper=states.append))
    assert len(states) == 12
    for state in states:
        write_checkpoint(tmp_path / "checkpoint.npz", state)
        later = []
        resumed = search(12, later, patience=99)
        resumed = replace(resumed, resume_from=read_checkpoint(tmp_path / "checkpoint.npz"))
        assert runs.answer(resumed) == found
        assert later == log[len(log) - len(later) :]


def test_epochs_cost_at_least_their_part_of_the_dearest_turn():
    result = search(20, log := [], patience=99).run()
    assert result.stopped is StopReason.EPOCHS
    assert 19 * EPOCH * 1000 <= result.node_evaluations <= 20 * 2 * EPOCH * 1000
    assert log.count("useless") >= 3


def test_a_strategy_whose_first_turn_is_cheap_has_no_more_than_its_share_later():
    """By the cost of its first turn an epoch would hold four of the dear ones."""
    log = []
    useful = Costly("useful", 1000, "RANDOM*x*x", log)
    deceptive = Costly("deceptive", 1, "RANDOM + exp(9*x)", log, later=1000)
    search(30, log, patience=99, strategies=(useful, deceptive)).run()
    assert log[:10].count("deceptive") <= 4
    assert 3 <= log.count("deceptive") <= log.count("useful")
