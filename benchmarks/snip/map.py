"""A map of the space of tables: draws docs/pictures/embedding_map.png.

    python -m benchmarks.snip.map [--laws 1500] [--weights weights.npz] [--out FILE]

Tables of laws of one to three inputs, laid out by t-SNE on the cosines of their embeddings; left coloured by
the outermost function, right by the number of inputs that matter.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.manifold import TSNE

from eqdisc.proposers.snip.batch import OUTER
from eqdisc.proposers.snip.generator import Generator, GeneratorSettings
from eqdisc.proposers.snip.knowledge import network_and_digest
from eqdisc.proposers.snip.settings import SHIPPED

OUT = Path(__file__).parents[2] / "docs" / "pictures" / "embedding_map.png"


def main() -> None:
    """Parse the command line and draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--laws", type=int, default=1500)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    network = network_and_digest(str(given.weights or SHIPPED))[0]
    settings = GeneratorSettings(inputs=(1.0, 1.0, 1.0), part="held out")
    batch = Generator(41, settings).batch(given.laws, rows=128)
    tables = [
        (x[:, :columns], y) for x, y, columns in zip(batch.features, batch.target, batch.columns, strict=True)
    ]
    places = TSNE(metric="cosine", init="pca", random_state=0).fit_transform(network.embed_tables(tables))
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
    colours = plt.get_cmap("tab10")
    for k, name in enumerate(OUTER):
        here = batch.outer == k
        left.scatter(*places[here].T, s=6, color="0.8" if name == "none" else colours(k), label=name)
    left.legend(markerscale=3, frameon=False, title="outermost function")
    inputs = batch.relevant.sum(axis=1)
    for k in np.unique(inputs):
        right.scatter(*places[inputs == k].T, s=6, color=colours(int(k)), label=str(k))
    right.legend(markerscale=3, frameon=False, title="inputs that matter")
    for axes in (left, right):
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
    figure.savefig(given.out, dpi=110)


if __name__ == "__main__":
    main()
