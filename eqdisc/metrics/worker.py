"""SymPy in a process of its own, which can be killed: some of its simplifications never end."""

import atexit
import contextlib
import json
import math
import os
import queue
import subprocess
import sys
import threading
from typing import Any

_START_LIMIT = 120.0  # seconds to import SymPy on a busy machine; not part of any time limit
_MEMORY = 4 * 2**30  # bytes of address space the process may take
_STACK = 512 * 2**20  # bytes of stack: SymPy walks through expressions by recursion
_GRACE = 10.0  # processor seconds beyond the time limit after which the system ends the process


class Failed(Exception):  # noqa: N818  (an outcome, which the judge turns into a verdict)
    """No result: SymPy took too long, raised an error or ran out of memory."""


class Worker:
    """A process that computes what `eqdisc.metrics.symbolic` offers, started when first needed and reused.

    It is killed when a time limit is passed, and started again for the next request; it ends by itself when
    its parent is gone, however that ended.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()
        self._owner = 0
        self._lock = threading.Lock()

    def ask(self, operation: str, time_limit: float, **arguments: Any) -> Any:
        """The result of an operation of `eqdisc.metrics.symbolic`; Failed after `time_limit` seconds."""
        with self._lock:
            self._ensure_running()
            try:
                self._send({"operation": operation, "arguments": arguments, "seconds": time_limit})
                line = self._answers.get(timeout=max(time_limit, 0.0))
            except queue.Empty:
                self._kill()
                raise Failed(f"the time limit of {time_limit:.3g} s was reached") from None
            except OSError:
                self._kill()
                raise Failed("the process with SymPy has died") from None
            except BaseException:  # an interrupt: what the process answers later belongs to nobody
                self._kill()
                raise
            if not line:
                self._kill()
                raise Failed("the process with SymPy has died")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["result"]

    def close(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            self._kill()

    def _ensure_running(self) -> None:
        if self._owner != os.getpid():  # after a fork the pipes belong to the parent
            self._process = None
        if self._process is not None and self._process.poll() is None:
            return
        self._owner = os.getpid()
        self._answers = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from eqdisc.metrics.worker import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONHASHSEED": "0"},
            start_new_session=True,  # Ctrl-C is for the parent alone
        )
        reader = threading.Thread(target=_read, args=(self._process, self._answers), daemon=True)
        reader.start()
        try:
            ready = self._answers.get(timeout=_START_LIMIT)
        except queue.Empty:
            ready = ""
        if not ready:
            self._kill()
            raise Failed("the process with SymPy did not start")

    def _send(self, request: dict[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def _kill(self) -> None:
        if self._process is None or self._owner != os.getpid():
            return
        process, self._process = self._process, None
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was still to be written has nowhere to go
                    pipe.close()


def _read(process: "subprocess.Popen[str]", answers: "queue.Queue[str]") -> None:
    assert process.stdout is not None
    with contextlib.suppress(ValueError):  # closed while reading
        for line in process.stdout:
            answers.put(line)
    answers.put("")


_shared = Worker()
atexit.register(_shared.close)


def ask(operation: str, time_limit: float, **arguments: Any) -> Any:
    """Ask the one worker of this process; Failed where there is no result in time."""
    return _shared.ask(operation, time_limit, **arguments)


# ---------------------------------------------------------------- the other side


def serve() -> None:
    """Answer requests, one JSON object a line, until standard input ends."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    sys.stdout = sys.stderr
    _limit_memory()
    sys.setrecursionlimit(20_000)
    threading.stack_size(_STACK)
    requests: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_compute, args=(requests, replies), daemon=True).start()
    for line in sys.stdin:
        requests.put(line)
    os._exit(0)  # the parent is gone; what is being computed is for nobody


def _compute(requests: "queue.Queue[str]", replies: Any) -> None:
    from eqdisc.metrics.symbolic import OPERATIONS

    def reply(answer: dict[str, Any]) -> None:
        replies.write(json.dumps(answer) + "\n")
        replies.flush()

    reply({"result": "ready"})
    while True:
        request = json.loads(requests.get())
        _limit_processor(request["seconds"] + _GRACE)
        try:
            reply({"result": OPERATIONS[request["operation"]](**request["arguments"])})
        except MemoryError:
            os._exit(1)
        except Exception as error:  # noqa: BLE001  (SymPy raises whatever it likes)
            reply({"error": f"SymPy failed with {type(error).__name__}: {str(error)[:200]}"})


def _limit_processor(seconds: float) -> None:
    """Let the system end this process after so many more processor seconds.

    A power of huge integers lets no other thread run: nobody would see that the parent is gone.
    """
    try:
        import resource
    except ImportError:  # not on this system
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(usage.ru_utime + usage.ru_stime + seconds)
    resource.setrlimit(
        resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard)
    )


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # not on this system
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = _MEMORY if hard == resource.RLIM_INFINITY else min(_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
