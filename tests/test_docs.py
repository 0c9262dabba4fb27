"""The documentation says what is so: its commands and names exist, the site builds from runs that succeed."""

import importlib
import importlib.util
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import eqdisc

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
FETCHED = re.compile(r"<(?:script|img|iframe)\b[^>]*\bsrc=\"(?:https?:)?//|@import|url\((?:https?:)?//")
STYLED = re.compile(r"<link\b[^>]*\brel=\"(?:stylesheet|icon|preconnect)\"[^>]*\bhref=\"(?:https?:)?//")


@pytest.fixture(scope="module")
def command_line() -> ModuleType:
    """The tool that writes the command line reference."""
    spec = importlib.util.spec_from_file_location("docs_command_line", DOCS / "_tools" / "command_line.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


def calls(page: str) -> Iterator[list[str]]:
    """The words after `eqdisc` of every call of the program in the console blocks of a page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    for line in re.findall(r"^\$ (.*)$", text, re.MULTILINE):
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|;<>&")
        lexer.whitespace_split = True
        words = list(lexer)
        while words:
            end = next((i for i, word in enumerate(words) if word in {"|", ";", "&&"}), len(words))
            part, words = words[:end], words[end + 1 :]
            if part[:1] == ["eqdisc"]:
                yield part[1:]


def test_the_pages_call_the_program() -> None:
    assert sum(1 for page in PAGES for _ in calls(page)) >= 30


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_option_exists(page: str, command_line: ModuleType) -> None:
    known = command_line.option_names()
    for words in calls(page):
        command = next((name for name in (" ".join(words[:2]), words[0]) if name in known), None)
        assert command is not None, words
        options = {word.split("=")[0] for word in words if re.match(r"--[a-z]", word)}
        assert options <= known[command], (words, sorted(known[command]))


@pytest.mark.parametrize("page", [page for page in PAGES if page != "developing.md"])
def test_every_option_that_is_spoken_of_exists(page: str, command_line: ModuleType) -> None:
    known = {option for options in command_line.option_names().values() for option in options}
    text = (DOCS / page).read_text(encoding="utf-8")
    spoken = set(re.findall(r"`(--[a-z][a-z-]*)", text))
    assert spoken <= known


def test_the_reference_of_the_command_line_has_every_option(command_line: ModuleType) -> None:
    text = command_line.reference()
    for command, options in command_line.option_names().items():
        assert f"## eqdisc {command}" in text
        for option in options - {"--help"}:
            assert option in text


def test_the_reference_of_python_has_every_public_name() -> None:
    text = (DOCS / "reference" / "python.md").read_text(encoding="utf-8")
    documented = re.findall(r"^::: (\S+)$", text, re.MULTILINE)
    for path in documented:
        module, _, name = path.rpartition(".")
        assert path == "eqdisc.errors" or hasattr(importlib.import_module(module), name), path
    names = {path.rpartition(".")[2] for path in documented}
    errors = {name for name in eqdisc.__all__ if hasattr(importlib.import_module("eqdisc.errors"), name)}
    assert set(eqdisc.__all__) - {"__version__"} - errors <= names


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert [page for page in PAGES if page not in navigation] == []


@pytest.mark.slow
def test_the_site_builds_and_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=3600)
    assert built.returncode == 0, built.stderr
    pages = {path: path.read_text(encoding="utf-8") for path in (tmp_path / "site").rglob("*.html")}
    assert len(pages) >= len(PAGES)
    for path, text in pages.items():
        assert not FETCHED.search(text), path
        assert not STYLED.search(text), path
        assert str(ROOT) not in text, path
        assert "eqdisc-docs-" not in text, path  # the folder that the blocks ran in
    assert "<strong><code>seed</code></strong>" in (tmp_path / "site/reference/python.html").read_text(
        "utf-8"
    )
