"""What the build of the site adds to MkDocs: a folder for each page's commands, and mathematics as MathML.

Code blocks marked `exec="on"` run when the site is built, so that the output shown is real. All blocks of a
page run in one folder of its own, which is empty when the page begins.
"""

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from markdown_exec import formatters

HERE = Path(__file__).parent
EXECUTED = re.compile(r'^( *```.*? exec="on")', re.MULTILINE)
MATHEMATICS = re.compile(r"^\$`(.+)`\$$|\$`(.+?)`\$", re.MULTILINE)

_work = tempfile.TemporaryDirectory(prefix="eqdisc-docs-")


def on_startup(**_: Any) -> None:
    """Let the blocks find the program, the modules of this folder, and a terminal wide enough."""
    sys.path.insert(0, str(HERE))
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    os.environ.setdefault("MPLBACKEND", "Agg")
    os.environ["COLUMNS"] = "110"
    from console import formatted  # of this folder

    formatters["console"] = formatted


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Give the blocks their folder, and turn $`...`$ into MathML."""
    folder = Path(_work.name) / Path(page.file.src_uri).with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    markdown = EXECUTED.sub(rf'\1 workdir="{folder.as_posix()}"', markdown)
    return MATHEMATICS.sub(_mathml, markdown)


def _mathml(found: re.Match[str]) -> str:
    """A formula that has a line of its own is displayed."""
    return convert(found[1], display="block") if found[1] else convert(found[2])


def on_shutdown(**_: Any) -> None:
    """Leave nothing behind."""
    _work.cleanup()
