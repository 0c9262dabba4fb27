"""Pictures of the pages: drawn when the site is built, from searches that are run then.

Lines and letters take the colour of the text around, so that they can be read on both palettes.
"""

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PICTURES = Path(__file__).parents[1] / "pictures"
MOST_LAWS = 14
INK = "#010203"  # stands for the colour of the text
BLUE, ORANGE, GREEN, GREY = "#4c72d0", "#e8862e", "#3a9d5d", "#9a9a9a"


def drawing(name: str) -> str:
    """A drawing of docs/pictures as part of the page, so that it takes the page's colours."""
    return (PICTURES / f"{name}.svg").read_text(encoding="utf-8")


def show_png(folder: str, part_of_name: str) -> str:
    """The picture of a run folder whose name has this part, inside the page."""
    path = next(path for path in sorted(Path(folder).rglob("*.png")) if part_of_name in path.name)
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<img class="picture paper" alt="{path.stem}" src="data:image/png;base64,{data}">'


def front(found: Any) -> str:
    """The front of a search, error against complexity, the law chosen marked."""
    figure, ax = _panel()
    sizes = [law.complexity for law in found.front]
    errors = [np.sqrt(law.loss) for law in found.front]
    ax.step(sizes, errors, where="post", color=GREY, linewidth=1)
    ax.plot(sizes, errors, "o", color=BLUE)
    ax.plot(found.best.complexity, np.sqrt(found.best.loss), "o", color=ORANGE, markersize=11)
    ax.annotate(
        "chosen",
        (found.best.complexity, np.sqrt(found.best.loss)),
        (14, 10),
        textcoords="offset points",
        color=ORANGE,
        weight="bold",
    )
    ax.set(yscale="log", xlabel="complexity (nodes)", ylabel="root mean square error")
    return _svg(figure, "Pareto front")


def description_lengths(found: Any, table: Any) -> str:
    """Bits of law and of residuals for each law of a front, and where their sum is least."""
    from eqdisc.scoring.description import describe

    laws = [law for law in found.front if law.complexity > 1][:MOST_LAWS]
    told = [describe(law.tree, table) for law in laws]
    left = np.array([one.bits - one.law_bits for one in told])
    left -= left.min()
    structure = np.array([one.structure_bits for one in told])
    constants = np.array([one.constant_bits for one in told])
    place = np.arange(len(laws))
    figure, ax = _panel()
    ax.bar(place, structure, color=BLUE, label="the law: its structure")
    ax.bar(place, constants, bottom=structure, color=GREEN, label="the law: its constants")
    ax.bar(place, left, bottom=structure + constants, color=GREY, label="what it leaves: residuals")
    best = int(np.argmin(structure + constants + left))
    ax.annotate(
        "shortest",
        (best, (structure + constants + left)[best]),
        (0, 14),
        textcoords="offset points",
        ha="center",
        color=ORANGE,
        weight="bold",
        arrowprops={"arrowstyle": "-|>", "color": ORANGE},
    )
    ax.set_xticks(place, [str(law.complexity) for law in laws])
    ax.set(xlabel="law of the front, by its nodes", ylabel="bits")
    ax.legend(frameon=False, labelcolor=INK)
    return _svg(figure, "Description lengths along the front")


def held_out(table: Any, found: Any) -> str:
    """Measurements, the law chosen, and the longest of the front, which follows the noise."""
    figure, ax = _panel()
    x = np.linspace(table.features.min(), table.features.max(), 600)
    ax.plot(x, found.front[-1].predict(x[:, None]), color=GREY, label=f"{found.front[-1].complexity} nodes")
    ax.plot(x, found.best.predict(x[:, None]), color=ORANGE, linewidth=2, label="chosen")
    ax.plot(table.features[:, 0], table.target, "o", color=BLUE, markersize=4, label="measured")
    ax.set(xlabel=table.feature_names[0], ylabel=table.target_name)
    low, high = table.target.min(), table.target.max()
    ax.set_ylim(low - 0.15 * (high - low), high + 0.15 * (high - low))
    ax.legend(frameon=False, labelcolor=INK)
    return _svg(figure, "A law and an interpolation")


def _panel() -> "tuple[Any, Axes]":
    figure, ax = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    for spine in ax.spines.values():
        spine.set_color(INK)
    ax.tick_params(colors=INK, which="both")
    ax.xaxis.label.set_color(INK)
    ax.yaxis.label.set_color(INK)
    return figure, ax


def _svg(figure: Any, title: str) -> str:
    text = io.StringIO()
    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": title}):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    plt.close(figure)
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    return svg.replace("<svg ", f'<svg class="picture" role="img" aria-label="{title}" ', 1)
