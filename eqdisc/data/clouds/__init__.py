"""Clouds of points that ship with the package; `provenance.json` says how each was made."""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class CloudExample:
    """What is known of a cloud: its name, what it is, its columns and rows.

    ask  : options of `eqdisc discover` that find its law, each set as one text
    law  : the law it was made by, as a surface
    made : how
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: int
    ask: tuple[str, ...]
    law: str
    made: str

    @property
    def path(self) -> Path:
        """The CSV file, read-only by intent."""
        return Path(str(files(__name__) / f"{self.name}.csv"))


def cloud_examples() -> tuple[CloudExample, ...]:
    """The clouds, the plainest first.

    >>> [cloud.name for cloud in cloud_examples()]
    ['torus', 'cardioid', 'ball']
    """
    facts = json.loads((files(__name__) / "provenance.json").read_text(encoding="utf-8"))["clouds"]
    return tuple(_example(cloud) for cloud in facts)


def _example(facts: dict[str, Any]) -> CloudExample:
    return CloudExample(**{**facts, "columns": tuple(facts["columns"]), "ask": tuple(facts["ask"])})
