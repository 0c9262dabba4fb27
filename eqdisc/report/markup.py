"""Parts of a web page that every report has: the document, sections, tables, formulas, drawings."""

import re
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

from eqdisc.report.citation import bibtex, citation, version
from eqdisc.report.plots import INK
from eqdisc.report.words import printable

LONG = 24  # nodes of a law that is set smaller and from the left
FORBIDS_NETWORK = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


def document(title: str, parts: Iterable[str], kinds: Sequence[str] = ()) -> str:
    """The whole page: parts that are markup already, the style and the script in it, no network.

    kinds : further styles and scripts of the folder `page`, by name
    Letters that UTF-8 cannot hold become question marks.
    """
    page = files(__package__) / "page"
    styles = [page / f"{name}.css" for name in ("style", *kinds)]
    scripts = [page / f"{name}.js" for name in ("script", *kinds)]
    style, script = ("".join(f.read_text(encoding="utf-8") for f in group) for group in (styles, scripts))
    text = "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{FORBIDS_NETWORK}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta name="generator" content="eqdisc {version()}">',
            f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>",
            *filter(None, parts),
            f"<footer>Made by eqdisc {version()}.</footer>",
            f"<script>\n{script}</script>\n</body>\n</html>\n",
        ]
    )
    return printable(text, "utf-8")


def displayed(formula: str, nodes: int) -> str:
    """A formula, as MathML, on a line of its own; a long one smaller."""
    kind = "equation long" if nodes > LONG else "equation"
    return f'<div class="{kind}">{formula}</div>'


def section(title: str, *parts: str) -> str:
    """Parts that are markup under a heading; nothing where all of them are empty."""
    body = "\n".join(filter(None, parts))
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>" if body else ""


def listed(title: str, items: Sequence[str], kind: str) -> str:
    """Sentences under a heading, of a class; nothing where there are none."""
    return section(title, "".join(f'<p class="{kind}">{escape(item)}</p>' for item in items))


def table(
    heads: Iterable[str],
    rows: Sequence[str],
    numbers: Sequence[str] = (),
    kind: str = "",
    whole_rows: bool = False,
) -> str:
    """`rows` are cells that are markup already, or whole rows of them."""
    head = "".join(f"<th{' class=number' if name in numbers else ''}>{escape(name)}</th>" for name in heads)
    body = "\n".join(rows if whole_rows else (f"<tr>{row}</tr>" for row in rows))
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def copy_button(name: str, text: str) -> str:
    """A button that copies a text."""
    return f'<button type="button" data-copy="{escape(text)}">Copy {name}</button>'


def inline(svg: str, name: str, caption: str) -> str:
    """A drawing as part of a page: in its colours, with ids of its own, told to those who do not see it."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'href="#|url\(#', lambda match: f"{match[0]}{name}-", svg)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"([^>]*?) width="[^"]*"', r"\1\2", svg, count=1)
    label = escape(caption)
    return svg.replace(INK, "currentColor").replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def cited() -> str:
    """How to cite the package."""
    return section(
        "How to cite",
        f"<pre>{escape(bibtex())}</pre>",
        f'<div class="script-only">{copy_button("BibTeX", bibtex())}</div>',
        f"<details><summary>CITATION.cff</summary><pre>{escape(citation())}</pre></details>",
    )
