from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqdisc.expr.expression import Expression
from eqdisc.scoring.candidate import Candidate
from eqdisc.search.front import ParetoFront


def candidate(loss, complexity, value=0.0, found_by="hand"):
    return Candidate(Expression.constant(value), loss, None, complexity, found_by)


# Few different losses and complexities, so that ties are common.
candidates = st.lists(
    st.builds(
        candidate,
        st.sampled_from([0.0, 0.5, 1.0, 2.0]),
        st.integers(1, 5),
        st.sampled_from([0.0, 1.0, 2.0]),
        st.sampled_from(["a", "b"]),
    ),
    max_size=15,
)


def front_of(members):
    front = ParetoFront()
    for member in members:
        front.add(member)
    return front


@given(candidates)
def test_along_the_front_complexity_rises_and_loss_falls(members):
    front = front_of(members).candidates
    for simple, precise in pairwise(front):
        assert simple.complexity < precise.complexity
        assert simple.loss > precise.loss


@given(candidates)
def test_whatever_was_added_is_matched_by_a_member(members):
    front = front_of(members)
    assert set(front) <= set(members)
    for member in members:
        assert front.best_loss(member.complexity) <= member.loss


@given(candidates.flatmap(lambda members: st.tuples(st.just(members), st.permutations(members))))
def test_the_order_of_adding_does_not_matter(pair):
    members, shuffled = pair
    assert front_of(members).candidates == front_of(shuffled).candidates


@given(candidates)
def test_add_tells_whether_the_candidate_is_now_new_on_the_front(members):
    front = ParetoFront()
    for member in members:
        known = member in front.candidates
        assert front.add(member) == (member in front.candidates and not known)


def test_best_is_the_most_precise():
    front = front_of([candidate(2.0, 1), candidate(1.0, 3), candidate(0.5, 9)])
    assert front.best().loss == 0.5
    assert len(front) == 3


def test_an_empty_front_has_no_best():
    assert ParetoFront().best_loss(10) == float("inf")
    with pytest.raises(LookupError, match="empty"):
        ParetoFront().best()


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), -1.0])
def test_a_loss_that_cannot_be_compared(loss):
    with pytest.raises(ValueError, match="finite"):
        ParetoFront().add(candidate(loss, 1))


@given(candidates)
def test_the_best_losses_are_those_of_each_complexity(members):
    front = front_of(members)
    assert front.best_losses(6).tolist() == [front.best_loss(complexity) for complexity in range(1, 7)]


@given(candidates, st.sampled_from([0.5, 1.0, 2.0]), st.integers(1, 5))
def test_a_crown_ends_a_front_that_stays_one(members, loss, complexity):
    front, crown = front_of(members), candidate(loss, complexity, found_by="crown")
    before = set(front)
    front.crown(crown)
    *others, last = front.candidates
    assert last == crown
    assert set(others) <= before
    assert front_of(front.candidates).candidates == front.candidates
