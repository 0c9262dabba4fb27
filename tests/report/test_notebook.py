"""Searches in a real kernel."""

import os
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any

import nbformat
import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
SETUP = """
from eqdisc import discover, read_example
from eqdisc.report.notebook import result_html
from eqdisc.report.progress import progress_observer
from IPython.display import HTML, display
"""
SEARCH = """
with progress_observer() as watcher:
    found = discover(read_example("kepler"), epochs=1, proposers="closed_form", observers=[watcher])
HTML(result_html(found))
"""
LONG_SEARCH = """
with progress_observer() as watcher:
    found = discover(read_example("hubble"), time_limit=600, observers=[watcher])
print(found.stopped.name, len(found.front), found.best.r2 > 0.5)
"""


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel finds the package under test, installed or not."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))


@pytest.fixture
def kernel(_importable: None) -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    manager, client = start_new_kernel()
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def messages(client: BlockingKernelClient, request: str, seconds: float) -> Iterator[dict[str, Any]]:
    """What the kernel publishes for a request until it is idle again."""
    end = monotonic() + seconds
    while monotonic() < end:
        try:
            message = client.get_iopub_msg(timeout=1.0)
        except Empty:
            continue
        if message["parent_header"].get("msg_id") != request:
            continue
        yield message
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return
    raise TimeoutError("the kernel did not come to rest")


def test_a_cell_shows_the_result_typeset_and_clears_the_progress() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SETUP + SEARCH)])
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    progress, result = notebook.cells[0].outputs
    assert progress["data"] == {"text/plain": "", "text/html": ""}
    assert "<math" in result["data"]["text/html"]
    assert "semi_major_axis" in result["data"]["text/html"]


def test_interrupting_the_kernel_keeps_the_best(
    kernel: tuple[KernelManager, BlockingKernelClient],
) -> None:
    manager, client = kernel
    request = client.execute(SETUP + LONG_SEARCH)
    updates, printed, interrupted = 0, "", False
    for message in messages(client, request, 300.0):
        content = message["content"]
        if message["msg_type"] == "update_display_data":
            updates += 1
            if updates == 2 and not interrupted:
                assert "<math" in content["data"]["text/html"]
                assert "candidates/s" in content["data"]["text/plain"]
                manager.interrupt_kernel()
                interrupted = True
        assert message["msg_type"] != "error", content
        if message["msg_type"] == "stream":
            printed += content["text"]
    assert printed.startswith("INTERRUPTED")
    assert printed.split()[2] == "True"
