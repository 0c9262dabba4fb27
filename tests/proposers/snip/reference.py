"""A small network, tables and skeletons with what PyTorch makes of them, kept for NumPy to be held against.

Write them anew (with PyTorch), after a change of the network that is meant:

    python -m tests.proposers.snip.reference
"""

from pathlib import Path

import numpy as np

from eqdisc._typing import AnyArray
from eqdisc.proposers.snip import weights
from eqdisc.proposers.snip.architecture import Arrays, Sizes, initial
from eqdisc.proposers.snip.inputs import Inputs, prepare
from eqdisc.proposers.snip.vocabulary import BEGIN, CONSTANT, END, FIRST_INPUT, FIRST_OPERATOR

FOLDER = Path(__file__).with_name("golden")
WEIGHTS, TOLD = FOLDER / "weights.npz", FOLDER / "told.npz"
SIZES = Sizes(width=16, heads=2, latents=3, layers=3, symbolic=2, decoder=2, inner=2, pair=4, embedding=8)
#: Two skeletons, the shorter one padded.
TOKENS = np.array(
    [[BEGIN, FIRST_OPERATOR, FIRST_INPUT, CONSTANT, END], [BEGIN, FIRST_INPUT + 3, END, 0, 0]], np.int64
)


def inputs() -> Inputs:
    """Two tables of six rows, of two and ten columns; made of numbers that no library draws."""
    grid = np.arange(2 * 6 * 10, dtype=np.float64).reshape(2, 6, 10)
    features = np.cos(1.3 * grid) * 10.0 ** (np.arange(10) - 4.0)
    features[0, :, 2:] = 0.0
    return prepare(features, np.sin(0.7 * grid[:, :, 0]), np.array([6, 6]), np.array([2, 10]))


def of_torch(arrays: Arrays, sizes: Sizes = SIZES) -> dict[str, AnyArray]:
    """What PyTorch makes of the tables and skeletons, by name."""
    import torch

    from eqdisc.proposers.snip.model import Model

    model, shown = Model(sizes, arrays), inputs()
    points, columns, pairs, table = (
        torch.from_numpy(part) for part in (shown.points, shown.columns, shown.pairs, shown.table)
    )
    with torch.no_grad():
        latents = model.latents(points, columns, table)
        told = model.told(latents, pairs)._asdict()
        found = {
            "latents": latents,
            "tables": model.embed(latents),
            "symbols": model.symbols(torch.from_numpy(TOKENS)),
            "logits": model.decode(latents, torch.from_numpy(TOKENS)),
            **told,
        }
    return {name: tensor.numpy() for name, tensor in found.items()}


def main() -> None:
    """Write the files anew."""
    FOLDER.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    # Shaken, so that no bias is 0 and no scale 1.
    arrays = {name: a + 0.1 * rng.normal(size=a.shape) for name, a in initial(SIZES, rng).items()}
    WEIGHTS.write_bytes(weights.packed(arrays, SIZES, {"trained": False}))
    np.savez(TOLD, **of_torch(weights.read(WEIGHTS).arrays))


if __name__ == "__main__":
    main()
