"""A cluster of processes on this machine: the same plan, the same records, and nothing lost with a worker."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

pytest.importorskip("distributed")

from eqdisc.benchmark.record import Record, Status
from eqdisc.benchmark.results import read_results
from eqdisc.benchmark.runner import Progress
from eqdisc.cluster import Cluster, Undone, _outcome
from eqdisc.errors import OptionError
from tests.benchmark.doubles import Double, Slow, Wrong, lines
from tests.benchmark.test_runner import run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are killed as on POSIX")
PATIENCE = 60.0


@dataclass
class Processes:
    """A scheduler and its workers, each a process."""

    folder: Path
    address: str = ""
    scheduler: "subprocess.Popen[bytes] | None" = None
    workers: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def start(self, workers: int) -> None:
        ready = self.folder / "scheduler.json"
        self.scheduler = self._dask(
            *("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
            *("--scheduler-file", str(ready)),
        )
        deadline = time.monotonic() + PATIENCE
        while not (ready.exists() and ready.read_text().strip().endswith("}")):
            assert time.monotonic() < deadline, "the scheduler does not start"
            time.sleep(0.05)
        import json

        self.address = json.loads(ready.read_text())["address"]
        for _ in range(workers):
            self.add_worker()

    def add_worker(self) -> None:
        self.workers.append(
            self._dask(
                *("worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard"),
                *("--local-directory", str(self.folder), "--host", "127.0.0.1"),
            )
        )

    def _dask(self, *arguments: str) -> "subprocess.Popen[bytes]":
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with (self.folder / f"{arguments[0]}-{len(self.workers)}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]],
                env=environment,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        for process in [*self.workers, *([self.scheduler] if self.scheduler else [])]:
            process.kill()
            process.wait()


@contextmanager
def started(folder: Path) -> Iterator[Processes]:
    cluster = Processes(folder)
    try:
        cluster.start(workers=2)
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """For all who leave the processes alone: they take seconds to start."""
    with started(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """To be killed."""
    with started(tmp_path) as cluster:
        yield cluster


def test_the_same_plan_gives_the_same_records(lasting: Processes, tmp_path: Path) -> None:
    def facts(records: list[Record]) -> list[tuple[object, ...]]:
        return [
            (record.key, record.seed, record.answer, record.solved, record.status, record.plan)
            for record in records
        ]

    here = run(tmp_path / "here", Double(), Wrong(), suite=lines(2))
    there = run(tmp_path / "there", Double(), Wrong(), suite=lines(2), cluster=lasting.address)
    assert facts(here) == facts(there)
    assert sorted(map(str, facts(read_results(tmp_path / "there")))) == sorted(map(str, facts(there)))


def test_a_killed_worker_loses_nothing(processes: Processes, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    begun.mkdir()
    killed: list[int] = []

    def kill_one(progress: Progress) -> None:
        if progress.new == 2 and not killed:
            _wait_until(lambda: len(list(begun.iterdir())) >= 3)  # the next is under way
            os.kill(processes.workers[0].pid, signal.SIGKILL)
            killed.append(progress.done)

    slow = Slow(seconds=1.0, folder=str(begun))
    records = run(tmp_path / "out", slow, suite=lines(6), cluster=processes.address, observer=kill_one)
    assert killed
    assert processes.workers[0].wait(timeout=PATIENCE) == -signal.SIGKILL
    assert [record.key for record in records] == [("lines", f"line-{n}", "slow", 0) for n in range(6)]
    assert all(record.status is Status.OK and record.solved for record in records)
    assert len(read_results(tmp_path / "out")) == 6
    assert len(list(begun.iterdir())) > 6  # what the dead worker had begun was done again


def test_what_the_cluster_gives_up_is_left_for_the_next_call(processes: Processes, tmp_path: Path) -> None:
    def kill_all(progress: Progress) -> None:
        if progress.new == 1:
            assert processes.scheduler is not None
            processes.stop()

    with pytest.raises(OptionError, match=r"came to nothing on the cluster.*run the same command again"):
        run(tmp_path / "out", suite=lines(3), cluster=processes.address, observer=kill_all)
    kept = read_results(tmp_path / "out")
    assert 1 <= len(kept) < 3
    assert all(record.status is Status.OK for record in kept)
    assert len(run(tmp_path / "out", suite=lines(3))) == 3


def test_what_raises_on_a_worker_is_undone(lasting: Processes) -> None:
    with Cluster(lasting.address) as cluster:
        found = dict(cluster.map(_inverse, [1.0, 0.0, 2.0]))
    assert (found[0], found[2]) == (1.0, 0.5)
    assert isinstance(found[1], Undone)
    assert "division" in str(found[1])


def test_a_connection_lost_between_the_end_of_a_piece_of_work_and_its_fetching() -> None:
    class Lost:
        status = "finished"  # as it was when it was asked

        def result(self):
            raise CancelledError("cancelled for reason: scheduler-connection-lost\nmore")

    outcome = _outcome(Lost())
    assert isinstance(outcome, Undone)
    assert str(outcome) == "cancelled for reason: scheduler-connection-lost"


def _inverse(value: float) -> float:
    return 1.0 / value


def _wait_until(true) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class TestRefuses:
    def test_an_address_where_nobody_answers(self, tmp_path: Path) -> None:
        for address in ("tcp://127.0.0.1:9", "nonsense://x", "127.0.0.1:notaport"):
            with pytest.raises(OptionError, match="no scheduler answers at"):
                Cluster(address, timeout=1.0)

    def test_a_scheduler_without_workers(self, tmp_path: Path) -> None:
        alone = Processes(tmp_path)
        try:
            alone.start(workers=0)
            with pytest.raises(OptionError, match="has no workers; start some: dask worker"):
                Cluster(alone.address, timeout=1.0)
        finally:
            alone.stop()

    def test_workers_of_another_version(self, lasting: Processes, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.setattr("eqdisc.benchmark.record.eqdisc_version", lambda: "99.0")
        with pytest.raises(OptionError, match=r"has eqdisc .*, this is 99.0; use one version"):
            run(tmp_path / "out", suite=lines(1), cluster=lasting.address)
