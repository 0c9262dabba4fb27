"""The program as a process: signals and outputs that cannot be written."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from eqdisc.data.tables import example_path

DISCOVER = ["discover", str(example_path("kepler")), "--target", "period", "--proposers", "closed_form"]
FULL = Path("/dev/full")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and devices of POSIX")


# Tells when the interpreter is up: before, nothing of the program can answer a signal.
PROGRAM = "from eqdisc.__main__ import main; import os; os.write(2, b'up\\n'); main()"


def start(arguments: list[str], **streams: Any) -> "subprocess.Popen[str]":
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], text=True, **streams)
    assert process.stderr is not None
    assert process.stderr.readline() == "up\n"
    return process


@pytest.mark.parametrize("seconds", [0.02, 0.05, 0.1, 0.2, 0.3, 0.5])
def test_an_interrupt_at_any_time_leaves_json_or_one_line(seconds: float) -> None:
    arguments = ["discover", str(example_path("thurber")), "--target", "mobility", "--json", "--quiet"]
    with start([*arguments, "--time", "300"]) as process:
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        printed, complaints = process.communicate(timeout=120)
    assert process.returncode == 130
    if printed:
        assert json.loads(printed)["stopped"] == "interrupted"
        assert complaints == ""
    else:
        assert complaints == "interrupted before there was a result\n"


@pytest.mark.parametrize("arguments", [DISCOVER, [*DISCOVER, "--json", "--quiet"], ["example"], ["--help"]])
@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
def test_a_full_disk_gets_one_line(arguments: list[str]) -> None:
    with FULL.open("w") as full, start(arguments, stdout=full) as process:
        complaints = process.communicate(timeout=120)[1]
    assert process.returncode == 1
    assert "Traceback" not in complaints
    assert complaints.splitlines()[-1].startswith("error: No space left on device")
    assert sum("error" in line for line in complaints.splitlines()) == 1


@pytest.mark.parametrize("arguments", [[*DISCOVER, "--quiet"], ["example"], ["--help"]])
def test_a_closed_pipe_ends_quietly(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with start(arguments, stdout=writing) as process:
        os.close(writing)
        complaints = process.communicate(timeout=120)[1]
    assert process.returncode == 1
    assert complaints == ""
