"""What a notebook shows: a table that grows while a search runs, and the result when it is over."""

import time
from collections.abc import Sequence
from html import escape
from typing import Any

from eqdisc.expr.expression import Expression
from eqdisc.report.constants import shown_law
from eqdisc.report.mathml import equation_mathml
from eqdisc.report.progress import Narrator, left
from eqdisc.report.text import LABEL, summary
from eqdisc.report.words import law_text, share, with_unit
from eqdisc.result import Law, Result
from eqdisc.scoring.candidate import Candidate
from eqdisc.search.engine import SearchResult
from eqdisc.search.observer import Progress

REFRESH_INTERVAL = 0.5  # seconds; each refresh goes to the browser and is kept in the notebook
MOST_LAWS = 25
_CELL = "text-align:left;padding:.15em .8em .15em 0"
_NUMBER = "text-align:right;padding:.15em .8em .15em 0;white-space:nowrap"


class NotebookProgress(Narrator):
    """Progress as one output of a cell that is replaced as the search goes on, and cleared at its end.

    The button that interrupts the kernel ends the search, and the best so far is returned.
    """

    def __init__(self) -> None:
        super().__init__()
        self._output: Any = None
        self._last = -float("inf")

    def on_prepare(self, name: str, progress: Progress) -> None:
        self._show(progress, f"starting {name}, which is compiled at its first use")

    def on_epoch(self, progress: Progress) -> None:
        if time.monotonic() - self._last >= REFRESH_INTERVAL:
            self._show(progress, "")

    def on_end(self, result: SearchResult) -> None:
        self.close()

    def close(self) -> None:
        """Clear the output: what was found is shown by the result."""
        if self._output is not None:
            self._output.update({"text/plain": "", "text/html": ""}, raw=True)
            self._output = None

    def _show(self, progress: Progress, doing: str) -> None:
        from IPython.display import display

        show: Any = display  # IPython's functions have no types
        self._last = time.monotonic()
        content = {"text/plain": self.line(progress), "text/html": self._html(progress, doing)}
        if self._output is None:
            self._output = show(content, raw=True, display_id=True)
        else:
            self._output.update(content, raw=True)

    def _html(self, progress: Progress, doing: str) -> str:
        law = self.law(progress)
        front = _table(
            ("nodes", "loss", "R²"),
            [
                _row(row is law, row.expression, self.names, *_figures(row, self.share_of(row)))
                for row in progress.front[-MOST_LAWS:]
            ],
        )
        clock = [f"{progress.seconds:.1f} s", left(progress), f"epoch {progress.epoch}"]
        rate = f"{progress.evaluations_per_second:,.0f} candidates/s"
        words = "&emsp;".join(escape(word) for word in (*clock, rate, doing) if word)
        if progress.time_limit is not None:
            done = min(1.0, progress.seconds / progress.time_limit)
        else:
            done = progress.epoch / (progress.epochs or 1)
        return (
            f"{_equation(self.target, law.expression, self.names)}{front}"
            f'<progress value="{done:.3f}" max="1" style="width:100%"></progress><div>{words}</div>'
        )


def result_html(result: Result) -> str:
    """A result for the output of a cell: the law typeset, the front with the chosen law marked, the words.

    Markup without script, so that it is shown in any notebook, trusted or not; names are escaped.
    """
    heldout = any(law.r2_heldout is not None for law in result.front)
    heads = ("#", "nodes", "loss", "R²", "R² held out")[: 4 + heldout]
    rows = []
    for number, law in enumerate(result.front, start=1):
        figures = _figures(law, *(law.r2, law.r2_heldout)[: 1 + heldout])
        rows.append(_row(law is result.best, *law.named, str(number), *figures))
    words = "".join(
        f'<tr><td style="{_CELL}"><b>{escape(label)}</b></td><td style="{_CELL}">{escape(text)}</td></tr>'
        for label, text in _words(result)
    )
    equation = _equation(result.target_name, *shown_law(result.best))
    return f"<div>{equation}{_table(heads, rows)}<table>{words}</table></div>"


def _words(result: Result) -> list[tuple[str, str]]:
    """What the summary says below its table, as pairs of a label and a text."""
    lines = summary(result).splitlines()
    words = [(line[:LABEL].strip(), line[LABEL:]) for line in lines[lines.index("", 2) + 1 :]]
    if result.target_unit is None:
        return words
    return [("target", with_unit(result.target_name, result.target_unit)), *words]


def _equation(target: str, tree: Expression, names: Sequence[str]) -> str:
    formula = equation_mathml(target, tree, names)
    return f'<div style="font-size:130%;overflow-x:auto;padding:.5em 0;text-align:left">{formula}</div>'


def _table(heads: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(f'<th style="{_NUMBER}">{head}</th>' for head in heads)
    return f'<table><tr><th></th>{head}<th style="{_CELL}">law</th></tr>{"".join(rows)}</table>'


def _figures(law: Law | Candidate, *shares: float | None) -> tuple[str, ...]:
    return (str(law.complexity), f"{law.loss:.3g}", *map(share, shares))


def _row(chosen: bool, tree: Expression, names: Sequence[str], *figures: str) -> str:
    cells = "".join(f'<td style="{_NUMBER}">{figure}</td>' for figure in figures)
    law = f'<td style="{_CELL}"><code>{escape(law_text(tree, names))}</code></td>'
    weight = ' style="font-weight:bold"' if chosen else ""
    return f"<tr{weight}><td>{'▸' if chosen else ''}</td>{cells}{law}</tr>"
