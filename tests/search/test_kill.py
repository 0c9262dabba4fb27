"""A search killed without warning loses at most the epoch under way, and finds in the end what it would."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.search import runs

ROOT = Path(__file__).parents[2]


def begin(folder, epochs):
    command = [sys.executable, "-m", "tests.search.runs", str(folder), str(epochs)]
    return subprocess.Popen(command, cwd=ROOT)


def epochs_done(folder):
    log = folder / runs.LOG
    return [int(line) for line in log.read_text(encoding="utf-8").split()] if log.exists() else []


def kill_again_and_again(folder, epochs, kills, seed):
    """Kill the search so many times, while it starts or at a random moment of one of its next epochs."""
    moments = random.Random(seed)
    for _ in range(kills):
        wanted = len(epochs_done(folder)) + moments.choice([0, 1, 1, 2])
        process = begin(folder, epochs)
        if wanted == len(epochs_done(folder)):
            time.sleep(moments.uniform(0.0, 1.0))
        while len(epochs_done(folder)) < wanted and process.poll() is None:
            time.sleep(0.002)
        time.sleep(moments.uniform(0.0, 0.03))
        process.kill()
        assert process.wait() != 0, "the search ended before it could be killed: give it more epochs"
        done = epochs_done(folder)
        assert not done or runs.kept(folder).epoch >= done[-1], "more than the epoch begun was lost"
    assert begin(folder, epochs).wait() == 0


def check_kills(folder, epochs, kills, seed):
    kill_again_and_again(folder, epochs, kills, seed)
    uncut = runs.answer(runs.search(epochs, work=20_000_000))
    assert (folder / runs.ANSWER).read_text(encoding="utf-8") == uncut
    done = epochs_done(folder)
    assert done == sorted(set(done)), "an epoch that was kept was done again"
    assert len(done) >= epochs - kills  # one may be kept and the search killed before it is noted


def test_a_killed_search_loses_at_most_one_epoch_and_finds_the_same(tmp_path):
    check_kills(tmp_path, epochs=20, kills=4, seed=1)


@pytest.mark.slow
def test_a_search_killed_twenty_times_finds_the_same(tmp_path):
    check_kills(tmp_path, epochs=150, kills=20, seed=2)
