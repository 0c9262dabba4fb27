import pickle

import pytest

from eqdisc.benchmark import SUITES, load_suite, suite_names
from eqdisc.benchmark.suite import Suite
from eqdisc.errors import OptionError


@pytest.fixture
def strogatz():
    return load_suite("strogatz")


def test_a_task_is_found_by_name(strogatz):
    assert strogatz.task("lv1").truth == "3*x - 2*x*y - x**2"


def test_another_name_is_refused_with_the_nearest(strogatz):
    with pytest.raises(OptionError, match="no task 'glyder1'; did you mean glider1"):
        strogatz.task("glyder1")


def test_names_are_unique(strogatz):
    with pytest.raises(OptionError, match="more than one task called lv1"):
        Suite("twice", "", (strogatz.task("lv1"), strogatz.task("lv1")))


def test_select_keeps_what_matches_in_its_order(strogatz):
    chosen = strogatz.select(["v*", "lv2"])
    assert [task.name for task in chosen.tasks] == ["lv2", "vdp1", "vdp2"]
    assert chosen.name == strogatz.name
    with pytest.raises(OptionError, match="no task 'Nguyen"):
        strogatz.select(["lv*", "Nguyen-*"])


def test_seeds_are_the_published_ones_first(strogatz):
    assert [strogatz.data_seed("lv1", k) for k in range(2)] == [23654, 15795]
    later = [strogatz.data_seed("lv1", k) for k in range(10, 14)]
    assert len({*later, *strogatz.seeds}) == 14
    easy = load_suite("srsd-easy")
    assert easy.data_seed("I.12.1", 0) != easy.data_seed("I.12.5", 0)
    assert easy.data_seed("I.12.1", 0) != load_suite("srsd-easy-dummy").data_seed("I.12.1", 0)


def test_the_names_that_scripts_rely_on():
    sizes = {name: source.n_tasks for name, source in SUITES.items()}
    assert sizes == {
        "srsd-easy": 30,
        "srsd-medium": 40,
        "srsd-hard": 50,
        "srsd-easy-dummy": 30,
        "srsd-medium-dummy": 40,
        "srsd-hard-dummy": 50,
        "fastsrb": 117,
        "feynman": 119,
        "strogatz": 14,
        "classic": 268,
        "real": 15,
        **{f"feynman-noise-{level}": 119 for level in ("0.001", "0.01", "0.1")},
        **{f"strogatz-noise-{level}": 14 for level in ("0.001", "0.01", "0.1")},
        "surface": 183,
        **{f"surface-noise-{level}": 183 for level in ("0.01", "0.05", "0.1")},
        "surface-hidden": 30,
    }
    assert suite_names() == tuple(sizes)


def test_an_unknown_suite_is_refused_with_the_nearest():
    with pytest.raises(OptionError, match=r"no suite 'srsd-esy'.*did you mean srsd-easy"):
        load_suite("srsd-esy")
    with pytest.raises(OptionError, match=r"There are srsd-easy, .*real"):
        load_suite("/nowhere")


def test_a_suite_is_made_once():
    assert load_suite("classic") is load_suite("classic")


def test_a_suite_survives_a_pickle(strogatz):
    assert pickle.loads(pickle.dumps(strogatz)) == strogatz
