"""Batches on their way to the trainer: needs PyTorch."""

import multiprocessing
import os
import signal
import warnings
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from eqdisc.errors import DataError, OptionError
from eqdisc.proposers.snip.pretrain.supply import Prepared, Source
from tests.proposers.snip.sources import Counting

pytestmark = pytest.mark.skipif(find_spec("torch") is None, reason="pip install 'eqdisc[pretrain]'")

if TYPE_CHECKING:
    from collections.abc import Generator


def batches(source: Any, first: int, workers: int) -> "Generator[Prepared]":
    from eqdisc.proposers.snip.pretrain import loading

    return loading.batches(source, first, workers)


def same(a: Prepared, b: Prepared) -> bool:
    """Values, types and shapes of tensors and arrays."""
    pairs = [(np.asarray(x), np.asarray(y)) for x, y in zip(a, b, strict=True)]
    return all(x.dtype == y.dtype and np.array_equal(x, y) for x, y in pairs)


def test_batches_depend_on_seed_and_step_alone() -> None:
    supply = batches(Source(5, 6), 3, 0)
    third, fourth = next(supply), next(supply)
    assert same(third, Source(5, 6).batch(3))
    assert same(fourth, Source(5, 6).batch(4))
    assert not same(third, fourth)
    assert not same(third, Source(6, 6).batch(3))


@pytest.mark.slow
def test_batches_do_not_depend_on_who_makes_them() -> None:
    with closing(batches(Source(5, 6), 3, 2)) as supply:
        for step in range(3, 7):
            assert same(next(supply), Source(5, 6).batch(step))


def interrupted(supply: "Generator[Prepared]") -> None:
    """Some steps; Ctrl-C reaches the processes, then the training."""
    with closing(supply):
        for step in range(3, 10):
            assert same(next(supply), Counting().batch(step))
            for process in multiprocessing.active_children():
                assert process.pid is not None
                os.kill(process.pid, signal.SIGINT)
        raise KeyboardInterrupt


def test_batches_arrive_in_order_and_processes_end(capfd: pytest.CaptureFixture[str]) -> None:
    import torch

    outside, stream = signal.getsignal(signal.SIGCHLD), torch.get_rng_state()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        supply = batches(Counting(), 3, 3)  # more than some machines have cores
        with pytest.raises(KeyboardInterrupt):
            interrupted(supply)
    assert multiprocessing.active_children() == []
    assert signal.getsignal(signal.SIGCHLD) is outside
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()
    assert torch.equal(torch.get_rng_state(), stream)
    assert capfd.readouterr().err == ""


def test_an_error_of_a_source_is_told_as_it_is() -> None:
    supply = batches(Counting(failing=5), 4, 1)
    assert same(next(supply), Counting().batch(4))
    with pytest.raises(OptionError, match=r"^no tables of step 5; ask for others$"):
        next(supply)
    assert multiprocessing.active_children() == []


def test_a_process_that_dies_is_told_in_a_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    supply = batches(Counting(fatal=0), 0, 1)
    with pytest.raises(DataError, match=r"a process that makes tables died.*--resume.*--workers 0"):
        next(supply)
    assert multiprocessing.active_children() == []
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("forbidden", [False, True])
def test_a_batch_arrives_as_it_was_sent(forbidden: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through memory that processes share, and through the pipe where there is none."""
    from multiprocessing.reduction import ForkingPickler

    from eqdisc.proposers.snip.pretrain.loading import Sent

    def refused(name: str) -> int:
        raise PermissionError(1, "Operation not permitted")

    if forbidden:
        monkeypatch.setattr(os, "memfd_create", refused, raising=False)
    batch = Counting().batch(2)
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    sent = ForkingPickler.dumps(Sent.of(batch))
    assert (len(sent) > sum(part.nbytes for part in batch)) == forbidden
    found = ForkingPickler.loads(sent).received()
    assert same(found, batch)
    assert all(part.data_ptr() % 16 == 0 for part in found)
    del found, sent
    assert len(list(descriptors.iterdir())) <= before + 1  # the socket of what hands them over
