"""SymPy in its own process: it ends in time, comes back, and leaves nothing behind."""

import os
import subprocess
import sys
import time

import pytest

from eqdisc.metrics.worker import Failed, Worker

SYMBOLS = ["x"]


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_never_ends_is_killed_and_the_next_request_is_answered() -> None:
    worker = Worker()
    try:
        assert worker.ask("nodes", 30.0, text="x + 1", symbols=SYMBOLS) == 3
        first = worker._process
        assert first is not None
        assert worker.ask("nodes", 30.0, text="x", symbols=SYMBOLS) == 1
        assert worker._process is first  # reused
        start = time.monotonic()
        with pytest.raises(Failed, match=r"time limit of 0\.5 s"):
            worker.ask("nodes", 0.5, text="9**9**9**9*x", symbols=SYMBOLS)
        assert time.monotonic() - start < 20.0
        assert first.poll() is not None
        assert worker.ask("nodes", 30.0, text="x + 1", symbols=SYMBOLS) == 3
    finally:
        worker.close()


def test_an_error_of_sympy_is_an_outcome() -> None:
    worker = Worker()
    try:
        with pytest.raises(Failed, match="SymPy failed with"):
            worker.ask("nodes", 30.0, text="x +", symbols=SYMBOLS)
        assert worker.ask("nodes", 30.0, text="x", symbols=SYMBOLS) == 1
    finally:
        worker.close()


def test_a_worker_that_died_is_replaced() -> None:
    worker = Worker()
    try:
        worker.ask("nodes", 30.0, text="x", symbols=SYMBOLS)
        assert worker._process is not None
        worker._process.kill()
        worker._process.wait()
        assert worker.ask("nodes", 30.0, text="x", symbols=SYMBOLS) == 1
    finally:
        worker.close()


@pytest.mark.skipif(sys.platform == "win32", reason="processes are asked after as POSIX has it")
def test_it_ends_with_its_parent_even_while_computing() -> None:
    script = (
        "import os, signal, threading, time\n"
        "from eqdisc.metrics.worker import Worker\n"
        "w = Worker(); w.ask('nodes', 30.0, text='x', symbols=['x'])\n"
        "print(w._process.pid, flush=True)\n"
        "threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()\n"
        "w.ask('simplified', 60.0, text='(x+1)**3000*(x+2)**3000 + sin(x)**900', symbols=['x'])\n"
        "time.sleep(60)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    process = int(done.stdout)
    deadline = time.monotonic() + 20.0
    while alive(process) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive(process)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="processor time is limited as POSIX has it")
def test_it_ends_without_its_parent_where_no_other_thread_can_run() -> None:
    script = (
        "import os, signal, threading\n"
        "from eqdisc.metrics.worker import Worker\n"
        "w = Worker(); w.ask('nodes', 30.0, text='x', symbols=['x'])\n"
        "print(w._process.pid, flush=True)\n"
        "threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()\n"
        "w.ask('nodes', 2.0, text='9**9**9**9*x', symbols=['x'])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    process = int(done.stdout)
    deadline = time.monotonic() + 60.0
    while alive(process) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive(process)
