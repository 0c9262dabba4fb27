"""Laws in the style of physics, made for this measurement, over ranges of two decades and more."""

from collections.abc import Callable

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.data.dataset import Dataset

Range = tuple[str, float, float]


def over(low: float, high: float) -> Range:
    """Spread evenly in logarithms."""
    return ("log", low, high)


def between(low: float, high: float) -> Range:
    """Spread evenly."""
    return ("plain", low, high)


WIDE, MILD, ANGLE = over(0.1, 10.0), over(0.3, 3.0), between(0.0, 6.28)
LAWS: dict[str, tuple[list[Range], Callable[..., FloatArray]]] = {
    "moving mass": (
        [over(1, 100), over(0.1, 0.9), over(1, 3)],
        lambda m, v, c: m * c**2 / np.sqrt(1 - v**2 / c**2),
    ),
    "glow": (
        [WIDE, WIDE, over(1, 10), over(1, 10)],
        lambda a, f, t, k: a * f**3 / (np.exp(f / (k * t)) - 1),
    ),
    "root of squares": ([WIDE] * 4, lambda a, b, c, d: a * b * np.sqrt(c**2 + d**2)),
    "two waves": (
        [WIDE, WIDE, ANGLE, ANGLE],
        lambda a, b, p, q: a**2 + b**2 + 2 * a * b * np.cos(p - q),
    ),
    "two products": ([WIDE] * 5, lambda a, b, c, d, e: a * b + c * d * e),
    "three pressures": ([WIDE] * 5, lambda p, r, v, g, h: p + r * v**2 / 2 + r * g * h),
    "difference of inverses": ([WIDE] * 5, lambda g, m, n, r, s: g * m * n * (1 / r - 1 / s)),
    "saturation": ([WIDE] * 5, lambda n, m, b, k, t: n * m * np.tanh(m * b / (k * t))),
    "bell": (
        [between(1, 3)] * 3,
        lambda x, m, s: np.exp(-(((x - m) / s) ** 2) / 2) / (np.sqrt(2 * np.pi) * s),
    ),
    "bounded speeds": (
        [over(0.1, 0.9), over(0.1, 0.9), over(1, 5)],
        lambda u, v, c: (u + v) / (1 + u * v / c**2),
    ),
    "distance": ([between(1, 5)] * 4, lambda a, b, c, d: np.sqrt((a - b) ** 2 + (c - d) ** 2)),
    "parallel": ([WIDE] * 3, lambda a, b, n: 1 / (1 / a + n / b)),
    "thin air": ([over(0.3, 3)] * 6, lambda n, m, g, x, k, t: n * np.exp(-m * g * x / (k * t))),
    "resonance": (
        [WIDE, WIDE, WIDE, over(3, 30), over(0.1, 2)],
        lambda q, e, m, w, v: q * e / (m * (w**2 - v**2)),
    ),
    "quantum of heat": ([over(0.3, 3)] * 4, lambda h, w, k, t: h * w / (np.exp(h * w / (k * t)) - 1)),
    "slits": (
        [WIDE, between(0.2, 1.2), over(2, 9)],
        lambda i, t, n: i * np.sin(n * t / 2) ** 2 / np.sin(t / 2) ** 2,
    ),
    "two poles": (
        [WIDE, WIDE, WIDE, WIDE, between(0.1, 1.5)],
        lambda p, e, r, k, t: k * p * np.cos(t) / (e * r**2),
    ),
    "two forces": ([WIDE] * 6, lambda q, e, b, v, m, a: q * (e + b * v * a) / m),
    "shifted tone": (
        [over(0.1, 0.9), over(1, 10), over(1, 5)],
        lambda v, w, c: w * np.sqrt((1 + v / c) / (1 - v / c)),
    ),
    "two springs": ([WIDE] * 4, lambda m, w, u, x: m * (w**2 + u**2) * x**2 / 4),
    "other clock": (
        [over(1, 10), over(0.1, 0.9), over(2, 5), WIDE],
        lambda x, u, c, t: (t - u * x / c**2) / np.sqrt(1 - u**2 / c**2),
    ),
    "two volumes": ([WIDE] * 4, lambda n, k, v, w: n * k * np.log(v / w)),
    "ring": ([WIDE] * 5, lambda e, n, a, b, r: e * n * (a**2 + b**2) ** 1.5 / r),
    "three products": ([WIDE] * 6, lambda a, b, c, d, e, f: a * b + c * d + e * f),
    "norm of three": (
        [WIDE, *[MILD] * 3],
        lambda m, a, b, c: m * np.sin(np.sqrt(a**2 + b**2 + c**2)) / np.sqrt(a**2 + b**2 + c**2),
    ),
    "norm of four": (
        [between(1, 3)] * 5,
        lambda m, a, b, c, d: m * np.tanh(0.1 * (a**2 + b**2 + c**2 + d**2)),
    ),
    "bound dot product": (
        [MILD] * 6,
        lambda a, b, c, d, e, f: (a * b + c * d + e * f) / (1 + (a * b + c * d + e * f) ** 2),
    ),
    "far sources": (
        [between(1, 5)] * 6,
        lambda a, b, c, d, e, f: 1 / (1 + (a - b) ** 2 + (c - d) ** 2 + (e - f) ** 2),
    ),
    "two alike": ([MILD, MILD, WIDE], lambda a, b, c: c * np.exp(-a * b) * (a + b)),
    "two alike in a logarithm": ([MILD] * 2, lambda a, b: (a + b) * np.log(1 + a * b)),
    "two alike and a third": ([MILD] * 3, lambda a, b, c: np.sin(a * b) + c * (a + b) ** 1.5),
    "energy": ([MILD] * 3, lambda v, g, h: np.tanh(0.2 * (v**2 + 2 * g * h))),
    "weights": ([MILD] * 3, lambda a, b, c: c * np.tanh(a + 0.5 * b)),
    "wave in space": ([MILD] * 3, lambda a, x, t: a * np.cos(1.5 * x - 2.3 * t)),
    "fraction": ([MILD] * 4, lambda a, b, c, x: (a + b * x) / (c + x)),
    "inhibited enzyme": ([MILD] * 4, lambda v, k, s, i: v * s / (k * (1 + i) + s + s**2 / 4)),
    "fraction of decays": ([MILD] * 4, lambda a, b, c, x: (a * np.exp(-b) + c * x) / (1 + a * b * x)),
    "fall": ([MILD] * 4, lambda a, b, c, t: np.sin(a) * b + b * c * t + np.exp(-c) * t**2 / 2),
    "cubic term": ([MILD] * 3, lambda a, b, x: a * x + np.sin(b) * x**3),
}

#: A power of one input, with a number or without, and beside it a function of the others.
ADDED: dict[str, tuple[list[Range], Callable[..., FloatArray]]] = {
    "weight and wind": ([MILD] * 4, lambda m, a, b, v: 9.81 * m + a * np.tanh(b * v)),
    "pressure and flow": ([MILD] * 4, lambda p, r, v, w: p + r * np.sqrt(v**2 + w**2)),
    "heat and work": ([MILD] * 4, lambda t, a, v, w: 1.5 * t + a * np.log(1 + v / w)),
    "line over a resonance": ([MILD] * 4, lambda c, a, b, d: c + 1 / np.sqrt((a - b) ** 2 + d**2)),
    "well": ([MILD] * 3, lambda r, q, k: q * np.exp(-k * q) - 2.7 / r),
    "pendulum": ([MILD, MILD, ANGLE], lambda v, g, x: v**2 / 2 + g * np.exp(np.cos(x))),
    "moving charge": (
        [MILD, MILD, over(0.1, 0.9), over(1, 3)],
        lambda u, m, v, c: u + m * c**2 / np.sqrt(1 - v**2 / c**2),
    ),
    "growth": ([MILD] * 4, lambda s, a, b, k: 0.37 * s**3 + a / (1 + k * np.exp(-b))),
}

#: A function of one of two inputs times one of the other, plus one more, each over both signs.
CURVED: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "wave and logarithm": lambda x, y: np.exp(0.3 * x) * np.sin(y) + np.log(1 + x**2),
    "step and softplus": lambda x, y: np.sqrt(x**2 + 3) * np.tanh(y) - np.log(1 + np.exp(0.5 * x)),
    "faster wave": lambda x, y: x * np.sin(1.3 * y) + np.sqrt(1 + x**2),
    "decay": lambda x, y: np.cos(x) * np.exp(-0.4 * y) + 1 / (1 + x**2),
    "square": lambda x, y: np.log(2 + x**2) * y**2 + np.tanh(x),
    "line": lambda x, y: y / (1 + x**2) + np.exp(-(x**2) / 4),
    "bell and root": lambda x, y: np.tanh(x) * np.exp(-(y**2) / 5) + np.sqrt(1 + x**2),
    "slow logarithm": lambda x, y: np.sqrt(x**2 + 1) * np.log(y**2 + 3) + np.sin(x),
    "bell and logarithm": lambda x, y: np.exp(-(x**2) / 4) * np.log(1 + y**2) + x,
    "softplus and wave": lambda x, y: np.log(1 + np.exp(x)) * np.cos(2 * y) + 0.3 * x**2,
    "pulse": lambda x, y: np.tanh(0.5 * x) * y * np.exp(-y / 3) + np.sqrt(x**2 + 2),
    "hyperbola": lambda x, y: x / (1 + x**2) * np.sqrt(y**2 + 2) - np.exp(0.2 * x),
}


def curved_table(name: str, n_rows: int, seed: int = 0) -> Dataset:
    """Rows of one of the laws of two inputs, spread evenly over [-5, 5] in both."""
    random = np.random.default_rng([seed, *name.encode()])
    features = random.uniform(-5.0, 5.0, (n_rows, 2))
    return Dataset.of(features, CURVED[name](*features.T))


def table(
    name: str, n_rows: int, dummies: int, noise: float = 0.0, seed: int = 0
) -> tuple[Dataset, set[int]]:
    """Rows of a law with dummies mixed in, and the numbers of these."""
    ranges, law = {**LAWS, **ADDED}[name]
    random = np.random.default_rng([seed, *name.encode()])
    columns = [_drawn(random, kind, low, high, n_rows) for kind, low, high in ranges]
    target = law(*columns) * (1.0 + noise * random.normal(size=n_rows))
    owner = [False] * len(columns)
    for _ in range(dummies):
        place = int(random.integers(0, len(columns) + 1))
        dummy = 10.0 ** (random.integers(-20, 20) + random.uniform(-1, 1, n_rows))
        if random.random() < 0.5:
            dummy *= random.choice([-1.0, 1.0], n_rows)
        columns.insert(place, dummy)
        owner.insert(place, True)
    return Dataset.of(np.column_stack(columns), target), {j for j, dummy in enumerate(owner) if dummy}


def shapeless(n_inputs: int, n_rows: int, noise: float, seed: int) -> Dataset:
    """A smooth function with no structure: a sum of bent planes in the logarithms of all inputs."""
    random = np.random.default_rng([7, n_inputs, seed])
    logs = random.uniform(-1.5, 1.5, (n_rows, n_inputs))
    hidden = np.tanh(logs @ random.normal(size=(n_inputs, 6)) + random.normal(size=6))
    target = hidden @ random.normal(size=6)
    return Dataset.of(np.exp(logs), target + noise * np.std(target) * random.normal(size=n_rows))


def _drawn(random: np.random.Generator, kind: str, low: float, high: float, count: int) -> FloatArray:
    if kind == "log":
        return 10.0 ** random.uniform(np.log10(low), np.log10(high), count)
    return random.uniform(low, high, count)
