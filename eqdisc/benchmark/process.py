"""A Python process of its own that does what it is asked, can be killed, and tells what became of it.

What runs code that nobody can vouch for (a contestant, computer algebra on its answer) lives here: a crash, a
hang or a hunger for memory ends the process, never the runner. Not `multiprocessing`: its children import the
script of the parent, and daemons, as the workers of a cluster are, may have none.
"""

import os
import pickle
import queue
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NoReturn, Self

from eqdisc.benchmark.record import Status
from eqdisc.errors import EqdiscError

MIB = 2**20
POLL = 0.1  # seconds between two looks at the memory
PATIENCE = 5.0  # seconds
LENGTH = struct.Struct("<Q")  # of the message that follows
TAIL = 2000  # characters of the complaints of a process that died
#: Read by the libraries that would else take every core there is.
THREAD_COUNTS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "JULIA_NUM_THREADS", "PYTHON_JULIACALL_THREADS"),
)
SERVE = "from eqdisc.benchmark.process import serve; serve()"


class Failed(EqdiscError):  # noqa: N818  (an outcome of a run, put into its record)
    """What was asked of a process came to nothing: how (a `Status`), and why in words."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status


class Worker:
    """A process that calls functions for us, one after the other; use it in a `with` statement.

    threads : how many the libraries in it may use
    cores   : the cores it is kept on; None for all
    memory  : bytes that it and its children may hold together; None for no limit

    A function is given to it by reference, so it must be importable, and gets as first argument a dictionary
    that lasts as long as the process. After a failure the process is gone.

    >>> with Worker() as worker:
    ...     worker.ask(echo, "still there", limit=60.0)
    'still there'
    """

    def __init__(
        self, threads: int = 1, cores: frozenset[int] | None = None, memory: float | None = None
    ) -> None:
        path = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)
        environment = {**os.environ, **dict.fromkeys(THREAD_COUNTS, str(threads)), "PYTHONPATH": path}
        self.peak = 0  # bytes, as far as was seen
        self._memory = memory
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  (open as long as the process)
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            env=environment,
            start_new_session=True,  # so that Ctrl-C is ours, and all its children can be killed with it
        )
        self._answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()
        self._tell({"sys.path": sys.path, "cores": cores, "parent": os.getpid()})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(self, function: Callable[..., Any], *arguments: Any, limit: float) -> Any:
        """What `function(state, *arguments)` returns in the process.

        limit : seconds, after which the process is killed
        Failed where the function raised, took too long or too much memory, or the process died.
        """
        self._tell((function, arguments))
        kind, value = pickle.loads(self._wait(limit))
        if kind is Status.OK:
            return value
        self.close()
        raise Failed(kind, value)

    def close(self) -> None:
        """End the process and all it has started."""
        for pid in [*_descendants(self._process.pid), self._process.pid]:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
        if os.name == "posix":
            with suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):  # what it did not read any more
                    stream.close()

    def _tell(self, message: Any) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has died: that is explained where its answer is read
            _send(self._process.stdin, pickle.dumps(message))

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with suppress(OSError, ValueError):
            while (message := _receive(self._process.stdout)) is not None:
                self._answers.put(message)
        self._answers.put(None)

    def _wait(self, limit: float) -> bytes:
        deadline = time.monotonic() + limit
        while True:
            try:
                answer = self._answers.get(timeout=max(0.0, min(POLL, deadline - time.monotonic())))
            except queue.Empty:
                answer = b""
            if answer is None:
                self._fail_of_death()
            if answer:
                return answer
            held = _memory_of(self._process.pid)
            self.peak = max(self.peak, held)
            if self._memory is not None and held > self._memory:
                self.close()
                raise Failed(
                    Status.MEMORY,
                    f"stopped at {held / MIB:,.0f} MiB of memory; the limit is {self._memory / MIB:,.0f} MiB",
                )
            if time.monotonic() >= deadline:
                self.close()
                raise Failed(Status.TIMEOUT, f"stopped after {limit:g} s without an answer")

    def _fail_of_death(self) -> NoReturn:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=PATIENCE)  # it has hung up, but may not be quite dead
        self.close()
        code = self._process.returncode
        size = self._complaints.seek(0, os.SEEK_END)
        self._complaints.seek(max(0, size - TAIL))
        said = self._complaints.read().decode("utf-8", "replace").strip()
        how = f"the process ended with exit code {code}"
        if code < 0:
            how = f"the process was ended by {_signal_name(-code)}"
            if -code == getattr(signal, "SIGKILL", None):
                how += ", as the system does where memory runs out"
        raise Failed(Status.CRASH, f"{how}\n{said}" if said else how)


def echo(state: dict[str, Any], value: Any) -> Any:
    """The value itself: to see whether a process lives."""
    return value


def serve() -> None:
    """The life of the process: read what is asked, do it, answer; end when nobody is there to ask."""
    requests, answers = _private_streams()
    setting = pickle.loads(_receive(requests) or b"")
    sys.path[:] = setting["sys.path"]
    _die_with(setting["parent"])
    if setting["cores"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, setting["cores"])
    asked: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_hear, args=(requests, asked), daemon=True).start()
    state: dict[str, Any] = {}
    while True:
        _send(answers, _answer(asked.get(), state))


def _answer(request: bytes, state: dict[str, Any]) -> bytes:
    try:
        function, arguments = pickle.loads(request)
        return pickle.dumps((Status.OK, function(state, *arguments)))
    except MemoryError as error:
        return pickle.dumps((Status.MEMORY, _told(error)))
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 -- told, whatever it is
        return pickle.dumps((Status.ERROR, _told(error)))


def _told(error: BaseException) -> str:
    """An exception in words: what it says first, where it came from after."""
    words = "".join(traceback.format_exception_only(error)).strip()
    places = "".join(traceback.format_tb(error.__traceback__)[-3:]).rstrip()
    return f"{words}\n{places}"[: 2 * TAIL]


def _private_streams() -> tuple[BinaryIO, BinaryIO]:
    """Streams of our own; what the code prints goes where complaints go, and it has nothing to read."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers


def _hear(requests: BinaryIO, asked: "queue.SimpleQueue[bytes]") -> None:
    while (request := _receive(requests)) is not None:
        asked.put(request)
    os._exit(0)


def _die_with(parent: int) -> None:
    """On Linux: be killed when the parent dies, even amid compiled code that never looks up."""
    if sys.platform != "linux":
        return
    with suppress(OSError):  # where memory runs out it is us who go, not the runner
        Path("/proc/self/oom_score_adj").write_text("1000")
    import ctypes

    set_death_signal = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _send(stream: Any, message: bytes) -> None:
    stream.write(LENGTH.pack(len(message)))
    stream.write(message)
    stream.flush()


def _receive(stream: Any) -> bytes | None:
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    body: bytes = stream.read(length)
    return body if len(body) == length else None


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in listed.read_text().split():
                found += [*_descendants(int(child)), int(child)]
    return found


def _memory_of(pid: int) -> int:
    """Bytes that a process and its children hold; 0 where the system does not tell (it is not Linux)."""
    held = 0
    for member in [pid, *_descendants(pid)]:
        with suppress(OSError, IndexError, ValueError):
            pages = int(Path(f"/proc/{member}/statm").read_text().split()[1])
            held += pages * os.sysconf("SC_PAGE_SIZE")
    return held


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
