"""Eleven balls fall through air: a law for each of them, and one for all, by networks of operators.

The balls are real, of the masses and diameters that the rules of their games ask for. The drops are not: they
are computed here, as look-alikes of those from a bridge that B. de Silva and others filmed (Frontiers in
Artificial Intelligence 3, 2020). The drag grows with the square of the speed, with the coefficient 0.5 of a
rough sphere, and a camera of 20 frames a second reads the distance with normal errors of 2 cm.

Each ball is dropped twice; the laws are found on the first drop and judged by the second. What the search is
told are the functions it may use, of the fall itself nothing.
"""

import numpy as np

from eqdisc import Dataset, discover
from eqdisc.proposers.dysymnet import DySymNet

G, AIR, DRAG, ERROR = 9.81, 1.2, 0.5, 0.02  # m/s**2, kg/m**3, of a sphere, m
BALLS = {  # kg, m
    "golf": (0.0459, 0.0427),
    "baseball": (0.145, 0.0737),
    "softball": (0.188, 0.0970),
    "tennis": (0.0577, 0.0668),
    "volleyball": (0.270, 0.209),
    "basketball": (0.624, 0.243),
    "football": (0.430, 0.220),
    "handball": (0.450, 0.188),
    "bowling": (6.80, 0.217),
    "plastic": (0.0200, 0.0730),
    "table tennis": (0.0027, 0.0400),
}
times = np.arange(1, 53) / 20.0  # s
rng = np.random.default_rng(0)


def terminal_speed(mass: float, diameter: float) -> float:
    """Where the drag is as large as the weight, m/s."""
    return np.sqrt(2.0 * mass * G / (AIR * DRAG * np.pi * diameter**2 / 4.0))


def distance(time: np.ndarray, speed: float) -> np.ndarray:
    """What a ball has fallen, m: Newton's law with drag, solved."""
    return speed**2 / G * np.log(np.cosh(G * time / speed))


def drop(speed: float) -> np.ndarray:
    """What the camera reads of it."""
    return distance(times, speed) + rng.normal(0.0, ERROR, times.size)


networks = DySymNet(layers=3, width=2)
speeds = {ball: terminal_speed(*sizes) for ball, sizes in BALLS.items()}
first, second = ({ball: drop(speed) for ball, speed in speeds.items()} for _ in range(2))

laws, rates = {}, []
print("mean square error on the second drop, cm**2:")
print(f"{'ball':<14}no drag   law   terminal speed: law, physics   law")
for ball, fallen in first.items():
    table = Dataset.of(times[:, None], fallen, names=["t"], target_name="fallen")
    found = discover(
        table, operators="+ - * / log cosh", proposers=[networks], epochs=2, seed=0, observers=()
    )
    told = G * times**2 / 2.0, found.predict(times[:, None])
    errors = [1e4 * np.mean((second[ball] - each) ** 2) for each in told]
    size, rate = max(found.best.constants), min(found.best.constants)  # of size*log(cosh(rate*t))
    print(
        f"{ball:<13}{errors[0]:>8.0f}{errors[1]:>6.1f}{size * rate:>17.1f}{speeds[ball]:>8.1f}"
        f"      {found.best.expression}"
    )
    laws[ball] = found
    rates.append(rate)

# One law for all, with two numbers for each ball: how does one of them depend on the terminal speed?
numbers = Dataset.of(np.array([*speeds.values()])[:, None], rates, names=["speed"], target_name="rate")
joint = discover(numbers, operators="+ - * /", proposers=[networks], epochs=2, seed=0, observers=())
print(f"\nall balls     fallen = speed/rate*log(cosh(rate*t)) with rate = {joint.best.expression}")
print("physics       rate = 9.81/speed")
