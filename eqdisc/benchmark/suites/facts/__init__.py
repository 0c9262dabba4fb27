"""Facts of problems as JSON; README.md says where they are from and under which licences."""

import json
from importlib.resources import files
from typing import Any


def read_facts(name: str) -> dict[str, Any]:
    """The content of `<name>.json`."""
    content: dict[str, Any] = json.loads((files(__name__) / f"{name}.json").read_text(encoding="utf-8"))
    return content
