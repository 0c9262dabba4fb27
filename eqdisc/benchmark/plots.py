"""Pictures of a benchmark: the share of laws found by set and method, and how it grows with time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from eqdisc.atomic import write_bytes
from eqdisc.benchmark.record import Record
from eqdisc.benchmark.table import Summary, recovery_curve, summarize
from eqdisc.errors import DataError, OptionError
from eqdisc.report.plots import FAINT, STYLE, Format, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Okabe and Ito (2008), which colour-blind readers tell apart; then again with other lines.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
LINES: tuple[Literal["-", "--", ":"], ...] = ("-", "--", ":")
FORMATS: tuple[Format, ...] = ("png", "pdf")


def figures(records: Sequence[Record]) -> "dict[str, Figure]":
    """The pictures by name: `solution_rate` and `recovery`. DataError where no run has a known truth."""
    judged = [record for record in records if record.truth is not None or record.solved is not None]
    if not judged:
        raise DataError("there is nothing to draw: none of the runs is on a task with a known law")
    return {"solution_rate": rate_figure(judged), "recovery": recovery_figure(judged)}


def draw(records: Sequence[Record], folder: Path) -> list[Path]:
    """Write the pictures as PNG and PDF; their paths. OptionError where the folder cannot be made."""
    pictures = figures(records)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(f"the folder {folder} cannot be made: {error.strerror or error}") from error
    written = []
    for name, figure in pictures.items():
        for kind in FORMATS:
            path = folder / f"{name}.{kind}"
            write_bytes(path, drawn(figure, kind))
            written.append(path)
    return written


def rate_figure(records: Sequence[Record]) -> "Figure":
    """A group of bars for each set, one for each method, with 95 % intervals; decidable tasks as a tick."""
    rows = summarize(records, by=("method", "set"))
    methods = list(dict.fromkeys(row.group["method"] for row in rows))
    sets = list(dict.fromkeys(row.group["set"] for row in rows))
    found = {(row.group["method"], row.group["set"]): row for row in rows}
    width = 0.8 / len(methods)
    with _style():
        figure, axes = _canvas(max(5.2, 1.6 + 0.55 * len(sets) * len(methods)))
        for place, method in enumerate(methods):
            for group, name in enumerate(sets):
                row = found.get((method, name))
                if row is not None:
                    _bar(axes, group + (place - (len(methods) - 1) / 2) * width, width, row, place)
        axes.set_xticks(range(len(sets)), sets)
        axes.set_ylim(0.0, 104.0)
        axes.set_ylabel("laws found (%)")
        _legend(axes, methods, ticks=any(_has_tick(row) for row in rows))
    return figure


def recovery_figure(records: Sequence[Record]) -> "Figure":
    """The share of laws found within so many seconds, all sets together.

    A staircase by the time each search took, for a method that was given one budget; points at the budgets
    for one that was given several.
    """
    methods = list(dict.fromkeys(record.method for record in records))
    spent = [record.wall_seconds for record in records if record.wall_seconds]
    end = 1.2 * max(spent, default=1.0)
    with _style():
        figure, axes = _canvas(5.2)
        for place, method in enumerate(methods):
            own = [record for record in records if record.method == method]
            several = len({record.limits.get("seconds") for record in own}) > 1
            points = _budget_points(own) if several else _staircase(own, end)
            axes.plot(
                [point[0] for point in points],
                [100.0 * point[1] for point in points],
                drawstyle="default" if several else "steps-post",
                marker="o" if several else "",
                color=_colour(place),
                linestyle=_line(place),
            )
        axes.set_xscale("log")
        axes.set_ylim(0.0, 104.0)
        axes.set_xlabel("seconds until the run ended")
        axes.set_ylabel("laws found (%)")
        _legend(axes, methods)
    return figure


def _staircase(records: Sequence[Record], end: float) -> list[tuple[float, float]]:
    curve = recovery_curve(records)
    if not curve:
        return [(0.5 * end, 0.0), (end, 0.0)]
    return [(curve[0][0], 0.0), *curve, (end, curve[-1][1])]


def _budget_points(records: Sequence[Record]) -> list[tuple[float, float]]:
    rows = summarize(records, by=("time",))
    return sorted((float(row.group["time"]), row.solved.value) for row in rows if row.solved is not None)


def _bar(axes: "Axes", place: float, width: float, row: Summary, colour: int) -> None:
    if row.solved is None:
        return
    height, low, high = (100.0 * share for share in (row.solved.value, row.solved.low, row.solved.high))
    error: dict[str, Any] = {"ecolor": FAINT, "error_kw": {"elinewidth": 0.9, "capsize": 2.0}}
    reach = [[height - low], [high - height]]
    axes.bar(place, height, 0.92 * width, yerr=reach, color=_colour(colour), **error)
    if row.solved_decidable is not None and _has_tick(row):
        level = 100.0 * row.solved_decidable.value
        axes.plot([place - 0.4 * width, place + 0.4 * width], [level, level], color="black", linewidth=1.0)


def _has_tick(row: Summary) -> bool:
    """Whether some of its tasks, but not all, can be decided."""
    decidable = row.solved_decidable
    return row.solved is not None and decidable is not None and decidable.tasks < row.solved.tasks


def _legend(axes: "Axes", methods: Sequence[str], ticks: bool = False) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=_colour(place), linestyle=_line(place), linewidth=3)
        for place in range(len(methods))
    ]
    if ticks:
        handles.append(Line2D([], [], color="black", linewidth=1.0))
    labels = [*methods, *(["of those decidable"] if ticks else [])]
    axes.legend(handles, labels, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _line(place: int) -> Literal["-", "--", ":"]:
    return LINES[place // len(COLOURS) % len(LINES)]


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def _canvas(width: float) -> "tuple[Figure, Axes]":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(min(width, 16.0), 3.4))
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


@contextmanager
def _style() -> Iterator[None]:
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        yield
