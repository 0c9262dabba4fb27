import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from eqdisc.benchmark.seeds import seed_for

names = st.lists(st.one_of(st.text(), st.integers()), max_size=5)


def test_seeds_are_the_same_for_ever():
    assert seed_for("srsd-easy", "I.12.1", 0) == 1236094405
    assert seed_for() == 154724242


def test_another_process_has_the_same_seeds():
    script = "from eqdisc.benchmark.seeds import seed_for; print(seed_for('a', 1, ('b', 2.5)))"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(found.stdout) == seed_for("a", 1, ("b", 2.5))


@given(names)
def test_a_seed_suits_every_generator(words):
    assert 0 <= seed_for(*words) < 2**31


@given(names, names)
def test_other_names_have_other_seeds(first, second):
    same = [str(name) for name in first] == [str(name) for name in second]
    assert (seed_for(*first) == seed_for(*second)) == same


def test_where_a_name_ends_counts():
    assert len({seed_for("ab", "c"), seed_for("a", "bc"), seed_for("abc"), seed_for("abc", "")}) == 4
