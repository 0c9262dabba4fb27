"""The live panel in a terminal: the front as it grows, the law to show typeset, the clock."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TextIO

from eqdisc.problem import Problem
from eqdisc.report.pretty import GLYPHS, beside, cells, pretty
from eqdisc.report.progress import Narrator, left
from eqdisc.report.words import encodable, law_text, printable, share
from eqdisc.scoring.candidate import Candidate
from eqdisc.search.engine import SearchResult
from eqdisc.search.observer import Progress

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

REFRESH_RATE = 4.0  # per second; drawn by a thread of its own, so that the search never waits for it
OTHER_LINES = 9  # of the panel beside the front: borders, law, clock
MIN_ROWS = 3
FIGURES = ("nodes", "loss", "R2")
WIDE = 60  # columns of a terminal that has room for all figures


class LiveProgress(Narrator):
    """A panel of a terminal that is drawn over and over, and wiped at the end.

    What a stream's encoding does not have is written in ASCII; what does not fit the width is cut, and of a
    long front the laws around the one shown stay.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._live: Live | None = None
        self._panel: _Panel | None = None

    def on_start(self, problem: Problem) -> None:
        from rich.console import Console
        from rich.live import Live

        super().on_start(problem)
        stream: Any = _Forgiving(self._stream)
        console = Console(file=stream, force_terminal=True, safe_box=True, highlight=False)
        self._panel = _Panel(self, console)
        self._live = Live(
            console=console,
            get_renderable=self._panel.draw,
            refresh_per_second=REFRESH_RATE,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def on_prepare(self, name: str, progress: Progress) -> None:
        self._show(progress, f"starting {name}, which is compiled at its first use")

    def on_epoch(self, progress: Progress) -> None:
        self._show(progress, "")

    def on_end(self, result: SearchResult) -> None:
        self.close()

    def close(self) -> None:
        """Give the terminal back."""
        if self._live is not None:
            self._live.refresh()
            self._live.stop()
            self._live = None

    def _show(self, progress: Progress, doing: str) -> None:
        if self._panel is not None:
            self._panel.show(progress, self.law(progress), doing)


class _Forgiving:
    """A stream that writes a question mark for what its encoding lacks."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(printable(text, self._stream.encoding))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Panel:
    """What the panel shows. Told by the search, drawn by a thread: what is drawn is replaced in one step."""

    def __init__(self, narrator: Narrator, console: "Console") -> None:
        self._narrator = narrator
        self._console = console
        self._unicode = encodable(GLYPHS, console.encoding)
        self._now: tuple[Progress, Candidate, str, float] | None = None
        self._drawn: tuple[object, RenderableType] | None = None

    def show(self, progress: Progress, law: Candidate, doing: str) -> None:
        self._now = (progress, law, doing, time.monotonic())

    def draw(self) -> "RenderableType":
        from rich.console import Group
        from rich.panel import Panel
        from rich.text import Text

        if self._now is None:
            return Text("")
        progress, law, doing, told = self._now
        body = Group(self._front_and_law(progress, law), Text(""), self._clock(progress, doing, told))
        title = f"eqdisc: {self._narrator.target}"
        return Panel(body, title=Text(title, overflow="ellipsis", no_wrap=True), title_align="left")

    def _front_and_law(self, progress: Progress, law: Candidate) -> "RenderableType":
        """Drawn afresh only when something in it has changed."""
        from rich.console import Group

        state = (progress.front, law, self._console.size)
        if self._drawn is None or self._drawn[0] != state:
            room = max(MIN_ROWS, self._console.height - OTHER_LINES)
            lines = self._law_lines(law, self._console.width - 4)
            rows = _around(progress.front, law, room - len(lines))
            self._drawn = state, Group(*lines, self._line(""), self._table(rows, progress.front, law))
        return self._drawn[1]

    def _law_lines(self, law: Candidate, width: int) -> "list[RenderableType]":
        names, label = self._narrator.names, f"{self._narrator.target} = "
        lines = beside(label, pretty(law.expression, names))
        too_tall = len(lines) > max(1, self._console.height // 3)
        if not self._unicode or too_tall or max(map(cells, lines)) > width:
            lines = [label + law_text(law.expression, names)]
        return [self._line(line, "bold") for line in lines]

    def _table(
        self, rows: Sequence[Candidate], front: Sequence[Candidate], shown: Candidate
    ) -> "RenderableType":
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, expand=True, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("", width=1)
        headings = FIGURES if self._console.width >= WIDE else FIGURES[:1]
        for heading in headings:
            table.add_column(heading, justify="right", no_wrap=True, overflow=self._cut())
        more = len(front) - len(rows)
        table.add_column(f"law ({more} more on the front)" if more else "law", no_wrap=True, ratio=1)
        table.columns[-1].overflow = self._cut()
        for law in rows:
            text = law_text(law.expression, self._narrator.names)
            figures = (str(law.complexity), f"{law.loss:.3g}", share(self._narrator.share_of(law)))
            table.add_row(
                ">" if law is shown else "",
                *figures[: len(headings)],
                Text(text, no_wrap=True, overflow=self._cut()),
                style="bold" if law is shown else "",
            )
        return table

    def _clock(self, progress: Progress, doing: str, told: float) -> "RenderableType":
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        since = 0.0 if doing else time.monotonic() - told  # compilation does not count
        if progress.time_limit is not None:
            done = (progress.seconds + since) / progress.time_limit
        else:
            done = progress.epoch / (progress.epochs or 1)
        words = [
            f"{progress.seconds + since:.1f} s",
            left(progress, since),
            f"epoch {progress.epoch}" if progress.time_limit is not None else "",
            f"{progress.evaluations_per_second:,.0f} candidates/s",
            doing,
        ]
        bar = ProgressBar(total=1.0, completed=min(1.0, done))
        clock = Table.grid(expand=True)
        clock.add_row(bar)
        clock.add_row(self._line("  ".join(word for word in words if word)))
        return clock

    def _line(self, text: str, style: str = "") -> "RenderableType":
        from rich.text import Text

        return Text(text, style=style, no_wrap=True, overflow=self._cut())

    def _cut(self) -> "Literal['crop', 'ellipsis']":
        return "ellipsis" if self._unicode else "crop"  # the ellipsis is a letter that ASCII lacks


def _around(front: Sequence[Candidate], law: Candidate, room: int) -> Sequence[Candidate]:
    """So many laws of the front, the one shown among them, the others those nearest to it."""
    room = max(1, room)
    place = next((i for i, other in enumerate(front) if other is law), len(front) - 1)
    first = min(max(0, place - room // 2), max(0, len(front) - room))
    return front[first : first + room]
