"""Files of the repository as parts of pages."""

import contextlib
import io
import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def page(path: str) -> str:
    """A Markdown file without its title; links to other files of the repository become plain text."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return re.sub(r"\[([^\]]+)\]\((?!https?:|#)[^)]+\)", r"`\1`", text.split("\n", 1)[1])


def example(name: str, level: int = 2) -> str:
    """A script of examples/ as Markdown: what its docstring says, its code, and what it prints."""
    text = (ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8")
    _, docstring, code = text.split('"""', 2)
    title, _, story = docstring.strip().partition("\n\n")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        runpy.run_path(str(ROOT / "examples" / f"{name}.py"), run_name="__main__")
    return (
        f"{'#' * level} {title.rstrip('.')}\n\n{story}\n\n"
        f'```python title="examples/{name}.py"\n{code.strip()}\n```\n\n'
        f"```text\n{printed.getvalue().rstrip()}\n```\n"
    )
