"""The program: the script `eqdisc` and `python -m eqdisc`. Light, so that Ctrl-C finds it ready at once."""

import os
import signal
from contextlib import suppress
from types import FrameType

UNWRITABLE = 1
INTERRUPTED = 130


def main() -> None:
    """Run the command line; an interrupt or an output that cannot be written gets one line, no traceback."""
    # Not by KeyboardInterrupt: raised amid the imports of compiled libraries it may be swallowed or replaced.
    signal.signal(signal.SIGINT, _leave)
    try:
        try:
            from eqdisc.cli import app

            app()
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done, there is nothing left to interrupt
            print(end="", flush=True)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            os._exit(INTERRUPTED)  # CPython may remember an interrupt that was caught, and die of it at exit
        raise
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # who closed a pipe has seen enough
            _complain(f"error: {error.strerror or error}: the output could not be written in full")
        os._exit(UNWRITABLE)  # an ordinary exit would try to write what is left once more


def _leave(signum: int, frame: FrameType | None) -> None:
    """Answer Ctrl-C where there is no search that could give its best so far."""
    _complain("interrupted before there was a result")
    os._exit(INTERRUPTED)


def _complain(message: str) -> None:
    with suppress(OSError):
        os.write(2, f"{message}\n".encode())


if __name__ == "__main__":
    main()
