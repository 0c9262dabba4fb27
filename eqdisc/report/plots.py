"""Pictures of a result: the front, predicted against measured, residuals, the effect of each input.

Drawn on matplotlib's figures without its global state, so that nothing of the caller's plots is touched.
Colours are those of Okabe and Ito (2008), which colour-blind readers tell apart.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from textwrap import fill
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from eqdisc._typing import BoolArray, FloatArray
from eqdisc.data.dataset import Dataset
from eqdisc.data.split import heldout_split
from eqdisc.engine.reference import evaluate
from eqdisc.report.words import law_text, printable, rms, share, with_unit
from eqdisc.result import Result
from eqdisc.scoring.uncertainty import confidence_band

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MINUS = "\N{MINUS SIGN}"
INK, FAINT = "#1f2328", "#8a9099"
BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#009e73"
MANY_ROWS = 4000  # beyond, dots hide each other: their density is shown instead
FEW_ROWS = 150  # up to here each row gets its error bar
CURVE_POINTS = 300
MOST_PANELS = 12
COLUMNS = 3
DECADES = 30.0  # a positive column that spans more gets a logarithmic axis ...
CROWDED = 0.15  # ... if half of its rows crowd in this part of a linear one
STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "pdf.fonttype": 42,  # letters stay letters
    "svg.fonttype": "path",  # the page looks the same wherever it is opened
    "svg.hashsalt": "eqdisc",
}
Format = Literal["png", "pdf", "svg"]


@dataclass(frozen=True)
class _Rows:
    """The rows where the law has a value: measured, predicted, which were held out.

    `relative` says that errors go in proportion to the value, as they do in most tables over decades.
    """

    features: FloatArray
    measured: FloatArray
    predicted: FloatArray
    heldout: BoolArray
    sigma: FloatArray | None
    relative: bool

    @classmethod
    def of(cls, result: Result, dataset: Dataset) -> "_Rows":
        predicted = evaluate(result.best.tree, dataset.features)
        heldout = np.zeros(dataset.n_rows, dtype=np.bool_)
        if result.best.r2_heldout is not None:
            heldout[heldout_split(dataset.n_rows, result.seed)[1]] = True
        good = np.isfinite(predicted)
        sigma = None if dataset.sigma is None else dataset.sigma[good]
        measured, predicted = dataset.target[good], predicted[good]
        relative = bool(good.any()) and _in_proportion(measured, predicted)
        return cls(dataset.features[good], measured, predicted, heldout[good], sigma, relative)

    @property
    def residuals(self) -> FloatArray:
        """Measured minus predicted, as a share of the prediction where errors go in proportion."""
        return self.measured / self.predicted - 1.0 if self.relative else self.measured - self.predicted

    @property
    def residual_sigma(self) -> FloatArray | None:
        return self.sigma / self.predicted if self.relative and self.sigma is not None else self.sigma

    def moved(self, values: FloatArray) -> FloatArray:
        """Other values of the law with the residuals of the rows."""
        return values * (1.0 + self.residuals) if self.relative else values + self.residuals


def _in_proportion(measured: FloatArray, predicted: FloatArray) -> bool:
    """Whether errors in proportion describe the residuals in fewer bits than errors of equal size."""
    if not (_spans_decades(measured) and _spans_decades(predicted)):
        return False
    residuals = measured - predicted
    if not np.any(residuals):
        return False
    equal = np.log(np.mean(residuals**2))
    return bool(np.log(np.mean((residuals / predicted) ** 2)) + 2.0 * np.mean(np.log(predicted)) < equal)


def figures(result: Result, dataset: Dataset | None) -> "dict[str, Figure]":
    """The pictures by name: `front`, and with the table also `prediction`, `residuals` and `effects`.

    `effects` is left out for a law without variables, all but the front where the law has a value on no row.
    """
    drawn = {"front": front_figure(result)}
    if dataset is None:
        return drawn
    rows = _Rows.of(result, dataset)
    if rows.measured.size:
        drawn["prediction"] = _prediction_figure(result, rows)
        drawn["residuals"] = _residual_figure(result, rows)
        if result.best.tree.features:
            drawn["effects"] = _effect_figure(result, rows)
    return drawn


def drawn(figure: "Figure", format: Format) -> bytes:
    """A figure as the content of a file. The same figure gives the same bytes: no date is written."""
    content = io.BytesIO()
    undated = {"png": {}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}[format]
    with plotted(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # letters of a name the font lacks
        if figure.get_layout_engine() is not None:  # finding the layout takes longest and is done once
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        figure.savefig(content, format=format, dpi=200, metadata=undated, transparent=format == "svg")
    return content.getvalue()


def front_figure(result: Result) -> "Figure":
    """Error against complexity of every law of the front, the chosen one marked."""
    from matplotlib.ticker import MaxNLocator

    laws = result.front
    errors = np.array([rms(law.loss) for law in laws])
    visible = errors[errors > 0.0]
    least = float(visible.min()) / 10.0 if visible.size else 1.0
    shown = np.where(errors > 0.0, errors, least)  # an error of 0 has no place on a logarithmic axis
    sizes = [law.complexity for law in laws]
    with plotted():
        figure, axes = _panels(1, (5.6, 3.6))
        ax = axes[0]
        ax.step(sizes, shown, where="post", color=FAINT, linewidth=1.0, zorder=1)
        ax.plot(sizes, shown, "o", color=BLUE, markersize=5, zorder=2)
        ax.set_yscale("log")
        chosen = next((i for i, law in enumerate(laws) if law is result.best), None)
        if chosen is not None:
            ax.plot(sizes[chosen], shown[chosen], "o", color=ORANGE, markersize=9, zorder=3)
            _label_chosen(ax, result, sizes[chosen], float(shown[chosen]))
        for size, error in zip(sizes, errors, strict=True):
            if error == 0.0:
                ax.annotate("0", (size, least), textcoords="offset points", xytext=(7, -3), color=FAINT)
        ax.margins(x=0.06, y=0.12)
        if sizes[-1] - sizes[0] < 2:
            ax.set_xlim(sizes[0] - 1.5, sizes[-1] + 1.5)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlabel("complexity [nodes]")
        ax.set_ylabel(label("root mean square error", result.target_unit))
    return figure


def _label_chosen(ax: "Axes", result: Result, size: float, error: float) -> None:
    text = law_text(*result.best.named, digits=4)
    text = text if len(text) <= 60 else "chosen"
    sizes = [law.complexity for law in result.front]
    on_the_left = size <= (sizes[0] + sizes[-1]) / 2.0
    ax.annotate(  # beside the step that leads down to the law
        _plain(text),
        (size, error),
        textcoords="offset points",
        xytext=(9, 7) if on_the_left else (-9, 0),
        ha="left" if on_the_left else "right",
        va="bottom" if on_the_left else "center",
        color=ORANGE,
        zorder=4,
    )


def _prediction_figure(result: Result, rows: _Rows) -> "Figure":
    """Predicted against measured; on the diagonal they agree."""
    both = np.concatenate([rows.measured, rows.predicted])
    with plotted():
        figure, axes = _panels(1, (4.4, 4.2))
        ax = axes[0]
        _scale(ax, both, both)
        _cloud(ax, rows.measured, rows.predicted, rows.heldout, rows.sigma, across=True)
        low, high = float(both.min()), float(both.max())
        ax.plot([low, high], [low, high], color=INK, linewidth=0.8, zorder=1)
        ax.set_aspect("equal", adjustable="datalim")
        name = with_unit(result.target_name, result.target_unit)
        ax.set_xlabel(label(f"measured {name}"))
        ax.set_ylabel(label(f"predicted {name}"))
        shares = [f"$R^2$ = {share(result.best.r2)}"]
        if result.best.r2_heldout is not None:
            shares.append(f"held out: {share(result.best.r2_heldout)}")
        ax.text(0.03, 0.97, "\n".join(shares), transform=ax.transAxes, va="top", fontsize=8)
        if rows.heldout.any() and rows.measured.size <= MANY_ROWS:
            ax.legend(loc="lower right", handletextpad=0.2)
    return figure


def _residual_figure(result: Result, rows: _Rows) -> "Figure":
    """What the law leaves, against its prediction and against each input."""
    panels: list[tuple[str, FloatArray]] = []
    if np.ptp(rows.predicted) > 0.0:
        panels.append((f"predicted {with_unit(result.target_name, result.target_unit)}", rows.predicted))
    inputs = _inputs(result, MOST_PANELS - len(panels))
    panels += [(_input_name(result, j), rows.features[:, j]) for j in inputs]
    residuals = rows.residuals
    scatter = float(np.sqrt(np.mean(residuals**2))) if rows.relative else result.best.error_bars.scatter
    with plotted():
        figure, axes = _panels(len(panels))
        for ax, (name, values) in zip(axes, panels, strict=True):
            _scale(ax, values)
            if isfinite(scatter) and scatter > 0.0:
                ax.axhspan(-2.0 * scatter, 2.0 * scatter, color=FAINT, alpha=0.15, linewidth=0, zorder=0)
            ax.axhline(0.0, color=INK, linewidth=0.8, zorder=2.5)
            _cloud(ax, values, residuals, rows.heldout, rows.residual_sigma)
            ax.set_xlabel(label(name))
            ax.ticklabel_format(axis="y", scilimits=(-3, 4), useMathText=True)
        for ax in axes[::COLUMNS]:
            if rows.relative:
                ax.set_ylabel(f"measured / predicted {MINUS} 1")
            else:
                ax.set_ylabel(label(f"measured {MINUS} predicted", result.target_unit))
    return figure


def _effect_figure(result: Result, rows: _Rows) -> "Figure":
    """The law along each input, the others at their medians.

    Dots are the rows moved to these medians with their residual kept; for one input they are the rows.
    """
    inputs = _inputs(result, MOST_PANELS)
    middle = np.median(rows.features, axis=0)
    with plotted():
        figure, axes = _panels(len(inputs))
        for ax, j in zip(axes, inputs, strict=True):
            values = rows.features[:, j]
            along = _grid(values)
            grid = np.repeat(middle[None, :], along.size, axis=0)
            grid[:, j] = along
            curve = evaluate(result.best.tree, grid)
            moved = np.repeat(middle[None, :], values.size, axis=0)
            moved[:, j] = values
            dots = rows.moved(evaluate(result.best.tree, moved))
            good = np.isfinite(dots)
            _scale(ax, values, np.concatenate([dots[good], curve[np.isfinite(curve)]]))
            _cloud(ax, values, dots, rows.heldout)
            low, high = confidence_band(result.best.tree, result.best.error_bars, grid)
            ax.fill_between(along, low, high, color=ORANGE, alpha=0.2, linewidth=0, zorder=2)
            ax.plot(along, curve, color=ORANGE, linewidth=1.6, zorder=3)
            _limit(ax, dots[good], curve)
            ax.set_xlabel(label(_input_name(result, j)))
        for ax in axes[::COLUMNS]:
            ax.set_ylabel(label(result.target_name, result.target_unit))
    return figure


def _cloud(
    ax: "Axes",
    x: FloatArray,
    y: FloatArray,
    heldout: BoolArray,
    sigma: FloatArray | None = None,
    across: bool = False,
) -> None:
    """Rows as dots, filled ones trained; with their sigma, `across` along x; as a density where many."""
    good = np.isfinite(x) & np.isfinite(y)
    if np.count_nonzero(good) > MANY_ROWS:
        _density(ax, x[good], y[good])
        return
    size = 4.5 if good.sum() <= 150 else 3.0 if good.sum() <= 1000 else 2.0
    if sigma is not None and good.sum() <= FEW_ROWS:
        bars: dict[str, Any] = {"xerr" if across else "yerr": sigma[good]}
        ax.errorbar(x[good], y[good], fmt="none", ecolor=FAINT, elinewidth=0.7, zorder=1.5, **bars)
    trained, judged = good & ~heldout, good & heldout
    style: dict[str, Any] = {"markersize": size, "zorder": 2, "rasterized": good.sum() > 300}
    ax.plot(x[trained], y[trained], "o", color=BLUE, alpha=0.75, markeredgewidth=0, label="training", **style)
    if judged.any():
        hollow: dict[str, Any] = {"markerfacecolor": "none", "markeredgecolor": GREEN, "label": "held out"}
        ax.plot(x[judged], y[judged], "o", **hollow, **style)


def _density(ax: "Axes", x: FloatArray, y: FloatArray) -> None:
    """How many rows fall where, in hexagons; the darker the more."""
    scales: dict[str, Any] = {"xscale": ax.get_xscale(), "yscale": ax.get_yscale()}
    fits = ((x > 0.0) | (scales["xscale"] != "log")) & ((y > 0.0) | (scales["yscale"] != "log"))
    ax.hexbin(
        x[fits],
        y[fits],
        gridsize=60,
        bins="log",
        cmap="Blues",
        mincnt=1,
        linewidths=0.1,
        rasterized=True,
        zorder=1,
        **scales,
    )


def _inputs(result: Result, most: int) -> list[int]:
    """Inputs of the law; those of the table where the law has none."""
    return list(result.best.tree.features or range(len(result.feature_names)))[:most]


def _input_name(result: Result, feature: int) -> str:
    unit = result.feature_units[feature] if result.feature_units else None
    return with_unit(result.feature_names[feature], unit)


def _grid(values: FloatArray) -> FloatArray:
    low, high = float(values.min()), float(values.max())
    spaced = np.geomspace if _spans_decades(values) else np.linspace
    return np.asarray(spaced(low, high, CURVE_POINTS), dtype=np.float64)


def _spans_decades(values: FloatArray) -> bool:
    low, high = float(values.min()), float(values.max())
    if low <= 0.0 or high / low < DECADES:
        return False
    return float(np.median(values)) - low < CROWDED * (high - low)


def _scale(ax: "Axes", x: FloatArray, y: FloatArray | None = None) -> None:
    if _spans_decades(x):
        ax.set_xscale("log")
    if y is not None and y.size and _spans_decades(y):
        ax.set_yscale("log")


def _limit(ax: "Axes", dots: FloatArray, curve: FloatArray) -> None:
    """Keep a pole of the law from squeezing everything else to a line."""
    shown = np.concatenate([dots, curve[np.isfinite(curve)]])
    if dots.size and np.ptp(dots) > 0.0 and np.ptp(shown) > 10.0 * np.ptp(dots) and ax.get_yscale() != "log":
        margin = float(np.ptp(dots))
        ax.set_ylim(float(dots.min()) - margin, float(dots.max()) + margin)


def _panels(count: int, size: tuple[float, float] | None = None) -> "tuple[Figure, list[Axes]]":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    width, height = {1: (5.2, 3.4), 2: (7.2, 3.0)}.get(columns, (9.0, 2.7))
    figure = Figure(figsize=size or (width, height * rows))
    FigureCanvasAgg(figure)
    return figure, [figure.add_subplot(rows, columns, place + 1) for place in range(count)]


def label(name: str, unit: str | None = None) -> str:
    """Text beside an axis: the name as it stands, never read as a formula, in lines of 40 letters."""
    return fill(_plain(with_unit(name, unit)), 40)


def _plain(text: str) -> str:
    return printable(text, "utf-8").replace("$", r"\$")  # matplotlib takes it for the start of a formula


@contextmanager
def plotted() -> Iterator[None]:
    """Within, figures are made in the style of the reports; the caller's settings come back after it."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        yield
