"""Laws with pieces, made for this measurement: two inputs from -5 to 5, or whole numbers."""

from collections.abc import Callable

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset

OPERATORS = "+ - * / square sin cos exp abs min max floor mod where"
Law = tuple[str, Callable[..., FloatArray]]
#: Those that the strategy was developed with.
KNOWN: dict[str, Law] = {
    "two halves": ("plain", lambda x, y: np.where(x > y, x**2 + y, np.sin(x) - 2 * y)),
    "quadrants": ("plain", lambda x, y: np.where(x * y > 0, x + y**2, np.cos(x) * y)),
    "disc": ("plain", lambda x, y: np.where(x**2 + y**2 < 9, 9 - x**2 - y**2, 0.5 * x + 1)),
    "disc off the middle": (
        "plain",
        lambda x, y: np.where((x - 1) ** 2 + (y + 1) ** 2 < 6.25, x * y, np.exp(0.3 * x)),
    ),
    "band": ("plain", lambda x, y: np.where(np.abs(x - y) < 1.5, np.cos(x + y), 2 * x - y)),
    "three strips": (
        "plain",
        lambda x, y: np.where(x < -1.5, y**2, np.where(x < 2, x * y, np.sin(y) + 3)),
    ),
    "parabola between": ("plain", lambda x, y: np.where(y > 0.5 * x**2 - 2, x - y, x * np.cos(y))),
    "wave between": ("plain", lambda x, y: np.where(y > 2 * np.sin(x), x**2, x * y - 3)),
    "roof": ("plain", lambda x, y: np.minimum(x + 2 * y + 3, 4 - x)),
    "upper of two": ("plain", lambda x, y: np.maximum(x**2 - 4, x * y)),
    "fold": ("plain", lambda x, y: np.sin(y) * x + np.abs(x - 2 * y)),
    "ramp": ("plain", lambda x, y: y**2 + 3 * np.maximum(x - 1, 0)),
    "stairs": ("plain", lambda x, y: np.floor(0.5 * x + y)),
    "curved stairs": ("plain", lambda x, y: np.floor((x**2 + y**2) / 5)),
    "stairs on a slope": ("plain", lambda x, y: np.floor(x) * y + x**2),
    "saw": ("plain", lambda x, y: np.mod(x, 2) + np.sin(y)),
    "corner": ("plain", lambda x, y: np.where((x > 1) & (y > 0), x * y, x - y**2)),
    "slanted": ("plain", lambda x, y: np.where(2 * x + 3 * y > 1.2, np.exp(-0.1 * x * x) * y, x + 4)),
    "parity": ("whole", lambda i, j: np.where(np.mod(i + j, 2) == 1, i * j, i + 2 * j)),
    "remainder": ("whole", lambda i, j: np.mod(2 * i + 3 * j + 1, 7)),
    "remainder times": ("whole", lambda i, j: np.mod(i, 3) * j + i),
    "product remainder": ("whole", lambda i, j: np.mod(i * j + 2, 5)),
    "quotient": ("whole", lambda i, j: np.floor(i / 3) + j**2),
    "whole halves": ("whole", lambda i, j: np.where(i >= j, i**2 - j, i * j + 7)),
}
#: Those that were written when it was done, and measured as it was.
FRESH: dict[str, Law] = {
    "frequencies": ("plain", lambda x, y: np.where(x + y > 1, np.sin(2 * x), np.cos(1.5 * y) + x)),
    "ring": (
        "plain",
        lambda x, y: np.where((x**2 + y**2 > 4) & (x**2 + y**2 < 16), x * y, y - 2),
    ),
    "ellipse": ("plain", lambda x, y: np.where(x**2 + 4 * y**2 < 16, x**2 * y, np.sin(x) + y)),
    "hyperbola": ("plain", lambda x, y: np.where(x * y > 2, np.exp(0.2 * y), x**2 - y**2)),
    "four quarters": (
        "plain",
        lambda x, y: np.where(x > 0, np.where(y > 0, x + y, x * y), np.where(y > 0, y**2 - x, np.sin(x))),
    ),
    "saturated": ("plain", lambda x, y: np.clip(x * y, -3, 4)),
    "dead zone": ("plain", lambda x, y: np.maximum(np.abs(x) - 2, 0) * y),
    "diamond": ("plain", lambda x, y: np.where(np.abs(x) + np.abs(y) < 4, 2 - x * y, x + 3 * y)),
    "shock": ("plain", lambda x, y: 2 * np.tanh(y) + np.where(x > 0.7, 1.5, -0.5)),
    "quotients": ("plain", lambda x, y: np.where(y > -1, x / (1 + y**2), y / (1 + x**2))),
    "bell within": (
        "plain",
        lambda x, y: np.where(np.abs(x) < 2, np.exp(-0.5 * x**2) * np.cos(2 * y), 0.1 * x * y),
    ),
    "corrugated": ("plain", lambda x, y: np.abs(np.sin(x)) * y + 1),
    "upper of three": ("plain", lambda x, y: np.maximum(np.maximum(x, y), 1 - x - y)),
    "wave shift": ("plain", lambda x, y: np.where(np.sin(x) > 0, y**2, 3 - y)),
    "sign of product": ("plain", lambda x, y: np.sign(x * y) * (x**2 + 1)),
    "terraces": ("plain", lambda x, y: 0.5 * np.floor(x) + 0.25 * np.floor(2 * y)),
    "checks": ("plain", lambda x, y: np.where(np.mod(np.floor(x) + np.floor(y), 2) > 0, x, -y)),
    "three classes": (
        "whole",
        lambda i, j: np.where(np.mod(i, 3) == 0, i + j, np.where(np.mod(i, 3) == 1, i * j, j**2)),
    ),
    "remainder of squares": ("whole", lambda i, j: np.mod(i**2 + j**2, 4)),
    "quotient product": ("whole", lambda i, j: np.floor(i / 2) * np.floor(j / 2)),
    "bounded whole": ("whole", lambda i, j: np.minimum(np.abs(i) + np.abs(j), 12)),
    "alternating": ("whole", lambda i, j: np.where(np.mod(i * j, 2) == 0, 3 * i - j, j**2 + 1)),
}
LAWS = {**KNOWN, **FRESH}


def table(name: str, n_rows: int = 2000, noise: float = 0.0, seed: int = 0) -> Dataset:
    """Rows of a law; noise in units of the target's deviation."""
    kind, law = LAWS[name]
    random = np.random.default_rng([seed, *name.encode()])
    if kind == "whole":
        features = random.integers(-20, 21, (n_rows, 2)).astype(float)
    else:
        features = random.uniform(-5.0, 5.0, (n_rows, 2))
    target = law(*features.T)
    target = target + noise * np.std(target) * random.normal(size=n_rows)
    return Dataset.of(features, target, names=["x", "y"], target_name="z")
