"""Fingerprints of all tables that ship or are made, committed beside the facts they are made from.

`python -m eqdisc.benchmark.suites.checksums` writes them anew: figures measured before do not compare with
later ones then, so that this goes only with a change of a suite that is meant.
"""

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from eqdisc.atomic import write_bytes
from eqdisc.benchmark.registry import load_suite, suite_names

_FILE = "checksums.json"


def committed(suite: str) -> Mapping[str, str]:
    """The fingerprint of each task of a suite, by name; see `Task.checksum`."""
    content: dict[str, dict[str, str]] = json.loads(_path(suite).read_text(encoding="utf-8"))
    return content[suite]


def write() -> None:
    """Compute all fingerprints and write them."""
    found: dict[Path, dict[str, dict[str, str]]] = {}
    for name in suite_names():
        fingerprints = {task.name: task.checksum() for task in load_suite(name).tasks}
        found.setdefault(_path(name), {})[name] = fingerprints
    for path, content in found.items():
        suites = ",\n".join(f"{json.dumps(name)}: {json.dumps(each)}" for name, each in content.items())
        write_bytes(path, f"{{\n{suites}\n}}\n".encode())


def _path(suite: str) -> Path:
    package = "srsd_data" if suite.startswith("srsd-") else "eqdisc.benchmark.suites.facts"
    return Path(str(files(package) / _FILE))


if __name__ == "__main__":
    write()
