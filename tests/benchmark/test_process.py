"""A process that can be killed: what it answers, and what is told of it when it does not."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eqdisc.benchmark.process import MIB, Failed, Worker, echo
from eqdisc.benchmark.record import Status


def raises(state: dict, words: str) -> None:
    raise ValueError(words)


def leaves(state: dict) -> None:
    sys.exit(7)


def dies(state: dict, code: int) -> None:
    os.write(2, b"last words\n")
    os._exit(code)


def sleeps(state: dict, seconds: float) -> None:
    time.sleep(seconds)


def remembers(state: dict, value: int) -> list[int]:
    state.setdefault("seen", []).append(value)
    return state["seen"]


def takes(state: dict, mib: int) -> None:
    state["held"] = b"x" * (mib * MIB)
    time.sleep(60)


def unpicklable(state: dict) -> object:
    return lambda: None


def prints(state: dict) -> str:
    print("noise", flush=True)
    os.write(1, b"more noise")
    return sys.stdin.read()


def breeds(state: dict) -> int:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def fails(function, *arguments: object, limit: float = 60.0, **settings: object) -> Failed:
    with Worker(**settings) as worker:  # type: ignore[arg-type]
        with pytest.raises(Failed) as caught:
            worker.ask(function, *arguments, limit=limit)
        assert not worker.alive
    return caught.value


def test_answers_and_remembers_until_it_is_closed() -> None:
    with Worker() as worker:
        assert worker.ask(echo, {"a": [1, 2]}, limit=60) == {"a": [1, 2]}
        assert worker.ask(remembers, 1, limit=60) == [1]
        assert worker.ask(remembers, 2, limit=60) == [1, 2]
        assert worker.ask(prints, limit=60) == ""
        assert worker.alive
    assert not worker.alive


def test_an_exception_is_told_with_its_place() -> None:
    failure = fails(raises, "out of luck")
    assert failure.status is Status.ERROR
    assert str(failure).startswith("ValueError: out of luck")
    assert "in raises" in str(failure)
    assert str(fails(unpicklable)).count("pickle") >= 1
    assert fails(leaves).status is Status.ERROR


@pytest.mark.parametrize(("code", "words"), [(3, "exit code 3"), (0, "exit code 0")])
def test_a_death_is_told_with_its_last_words(code: int, words: str) -> None:
    failure = fails(dies, code)
    assert failure.status is Status.CRASH
    assert words in str(failure)
    assert str(failure).endswith("last words")


def test_a_hang_is_ended() -> None:
    begin = time.monotonic()
    failure = fails(sleeps, 600.0, limit=1.0)
    assert failure.status is Status.TIMEOUT
    assert "1 s" in str(failure)
    assert time.monotonic() - begin < 60.0


@pytest.mark.skipif(sys.platform != "linux", reason="memory is watched on Linux")
def test_hunger_for_memory_is_ended() -> None:
    failure = fails(takes, 600, limit=30.0, memory=300.0 * MIB)
    assert failure.status is Status.MEMORY
    assert "the limit is 300 MiB" in str(failure)


@pytest.mark.skipif(sys.platform != "linux", reason="children are found on Linux")
def test_its_children_go_with_it() -> None:
    with Worker() as worker:
        child = worker.ask(breeds, limit=60)
        assert is_alive(child)
    time.sleep(0.2)
    assert not is_alive(child)


@pytest.mark.skipif(sys.platform != "linux", reason="a process dies with its parent on Linux")
def test_it_dies_with_its_parent() -> None:
    program = (
        "from eqdisc.benchmark.process import Worker, echo\n"
        "worker = Worker()\nworker.ask(echo, 1, limit=60)\nprint(worker._process.pid, flush=True)\n"
        "import time; time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        parent.kill()
    deadline = time.monotonic() + 10.0
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(pid)


def test_libraries_get_their_share_of_the_threads() -> None:
    with Worker(threads=3) as worker:
        assert worker.ask(_environment, "OMP_NUM_THREADS", limit=60) == "3"


def _environment(state: dict, name: str) -> str:
    return os.environ[name]
