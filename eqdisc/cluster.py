"""Work on a Dask cluster that is given by the address of its scheduler; needs the extra `cluster`."""

import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from eqdisc.errors import OptionError

CONNECT = 15.0  # seconds to wait for the scheduler, and for a first worker


class Undone(Exception):  # noqa: N818  (an outcome, given in place of a result)
    """A piece of work that the cluster gave up, and why; not the work's own failure."""


class Cluster:
    """A cluster, as its scheduler's address gives it; use it in a `with` statement.

    address : such as tcp://host:8786
    OptionError where Dask is not installed, nobody answers, or the scheduler has no workers.
    """

    def __init__(self, address: str, timeout: float | None = None) -> None:
        timeout = CONNECT if timeout is None else timeout
        try:
            from distributed import Client
        except ImportError:
            raise OptionError(
                "a cluster needs Dask's scheduler, which is not installed: pip install 'eqdisc[cluster]'"
            ) from None
        self.address = address
        _check_answering(address, timeout)
        try:
            self._client = Client(address, timeout=timeout, set_as_default=False)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise OptionError(
                f"no scheduler answers at {address!r} ({error}); give its address as tcp://host:port"
            ) from error
        try:
            self._client.wait_for_workers(1, timeout=timeout)
        except TimeoutError:
            self.close()
            raise OptionError(
                f"the scheduler at {address} has no workers; start some: dask worker {address} --nthreads 1"
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster; what has not begun is not done any more."""
        self._client.close(timeout=5)

    def on_each(self, function: Callable[[], Any]) -> dict[str, Any]:
        """What a function returns on every worker, by the worker's address. OptionError where it fails."""
        try:
            answers: dict[str, Any] = self._client.run(function)
        except Exception as error:
            raise OptionError(f"a worker of {self.address} cannot do our work: {error}") from error
        return answers

    def map(
        self, function: Callable[[Any], Any], arguments: Sequence[Any]
    ) -> Iterator[tuple[int, Any | Undone]]:
        """The number of each argument with what the function returns for it, in the order they end.

        Work of a worker that dies is done by another. `Undone` stands in place of what the function returns
        where the cluster gave it up, or where the function raised.
        """
        from distributed import as_completed

        futures = self._client.map(function, arguments, pure=False, retries=0)
        numbers = {future.key: number for number, future in enumerate(futures)}
        for future in as_completed(futures, loop=self._client.loop):
            yield numbers[future.key], _outcome(future)


def _check_answering(address: str, timeout: float) -> None:
    """OptionError unless somebody listens there: a client that fails to connect leaves threads behind."""
    parts = urlsplit(address)
    try:
        if not parts.hostname or not parts.port:
            raise ValueError("it has no host or no port")
        with socket.create_connection((parts.hostname, parts.port), timeout):
            pass
    except (OSError, ValueError) as error:
        raise OptionError(
            f"no scheduler answers at {address!r} ({error}); give its address as tcp://host:port"
        ) from error


def _outcome(future: Any) -> Any:
    # The connection may be lost between any two lines here: what is finished can yet be cancelled.
    try:
        if future.status == "finished":
            return future.result()
        if future.status == "error":
            return Undone(str(future.exception()))
    except (CancelledError, OSError) as error:
        return Undone(str(error).splitlines()[0] if str(error) else type(error).__name__)
    return Undone(f"the scheduler lost it ({future.status})")
