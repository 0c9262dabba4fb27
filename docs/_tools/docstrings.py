"""Our docstrings as Markdown: lists of `name : meaning`, headings underlined by hyphens, examples as code.

Used by mkdocstrings through Griffe, which reads the sources and hands over each object.
"""

import re
from collections.abc import Iterator
from typing import Any

import griffe

ITEM = re.compile(r"^([A-Za-z_*][\w*]*(?:, *[\w*]+)*) +: (.+)$|^([A-Za-z_*][\w*]*(?:, *[\w*]+)*): (\S.*)$")


class PlainDocstrings(griffe.Extension):
    """Rewrite the docstring of every object."""

    def on_object(self, *, obj: Any, **_: Any) -> None:
        """Called by Griffe once an object is read."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)


def as_markdown(text: str) -> str:
    """The docstring with lists, headings and examples marked up.

    >>> as_markdown("One line.\\n\\nseed : a number\\n       from 0")
    'One line.\\n\\n- **`seed`**: a number from 0'
    """
    paragraphs = [part for block in re.split(r"\n\s*\n", text.strip()) for part in _parts(block.split("\n"))]
    return "\n\n".join(_joined(paragraphs))


def _parts(lines: list[str]) -> Iterator[str]:
    """Paragraphs, lists and examples of a block of lines without blanks."""
    lines = [line for line in lines if not re.fullmatch(r"-{3,}", line.strip())]
    prose: list[str] = []
    while lines:
        if lines[0].startswith(">>>"):
            yield from _prose(prose)
            yield "```pycon\n" + "\n".join(lines) + "\n```"
            return
        prose.append(lines.pop(0))
    yield from _prose(prose)


def _prose(lines: list[str]) -> Iterator[str]:
    items: list[tuple[str, str]] = []
    text: list[str] = []
    aligned = any(re.match(r"^[\w*, ]+ : ", line) for line in lines)
    for line in lines:
        found = ITEM.match(line) if aligned else None
        if found:
            if text:
                yield "\n".join(text)
                text = []
            items.append((found[1] or found[3], found[2] or found[4]))
        elif items and line.startswith(" "):
            name, meaning = items.pop()
            items.append((name, f"{meaning} {line.strip()}"))
        else:
            if items:
                yield _list(items)
                items = []
            text.append(line)
    if items:
        yield _list(items)
    if text:
        yield "**Example**" if text == ["Example"] else _plain("\n".join(text))


def _list(items: list[tuple[str, str]]) -> str:
    return "\n".join(f"- **`{name}`**: {_plain(meaning)}" for name, meaning in items)


def _plain(text: str) -> str:
    """The asterisks of formulas kept; what stands between backquotes is code and stays."""
    parts = text.split("`")
    return "`".join(part if i % 2 else part.replace("*", "\\*") for i, part in enumerate(parts))


def _joined(parts: list[str]) -> Iterator[str]:
    """Examples that blank lines cut in two are one."""
    held = ""
    for part in parts:
        if held.startswith("```") and part.startswith("```"):
            held = held.removesuffix("\n```") + "\n\n" + part.removeprefix("```pycon\n")
            continue
        if held:
            yield held
        held = part
    if held:
        yield held
