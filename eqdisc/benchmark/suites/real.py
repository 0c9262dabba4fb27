"""Real tables: some with known laws, which ship with the package; black boxes, which scikit-learn brings."""

import re
from dataclasses import dataclass
from functools import cache

import numpy as np

from eqdisc._typing import FloatArray
from eqdisc.benchmark.suite import Suite
from eqdisc.benchmark.suites import held_out
from eqdisc.benchmark.task import Split, Task
from eqdisc.data.dataset import Dataset
from eqdisc.data.tables import example, example_names, read_example
from eqdisc.expr.parse import parse

# The laws of `eqdisc.data.tables`: constants fitted to the tables, or exact where the law of nature says so.
LAWS = {
    "kepler": "semi_major_axis**1.5",
    "boyle": "1406.904/volume",
    "hubble": "423.9373*distance",
    "balmer": "364.59962*n**2/(n**2 - 4)",
    "water_vapour": "exp(16.595935 - 4002.3708/(temperature - 38.95411))",
    "danwood": "0.76886226*temperature**3.8604056",
    "misra1a": "238.94213*(1 - exp(-0.00055015643*pressure))",
    "thurber": "(1288.1397 + 1491.0793*log_density + 583.23837*log_density**2 + 75.416644*log_density**3)"
    "/(1 + 0.9662950*log_density + 0.39797286*log_density**2 + 0.049727297*log_density**3)",
}


@dataclass(frozen=True)
class BlackBox:
    """A table of scikit-learn: its loader, the column to explain, and the columns to explain it by."""

    name: str
    loader: str
    target: str
    features: tuple[str, ...]
    about: str


BLACK_BOXES = (
    BlackBox(
        "diabetes",
        "diabetes",
        "progression",
        ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"),
        "progression of diabetes after a year (Efron and others, 2004)",
    ),
    BlackBox("linnerud-weight", "linnerud", "Weight", ("Chins", "Situps", "Jumps"), "weight from exercises"),
    BlackBox("linnerud-waist", "linnerud", "Waist", ("Chins", "Situps", "Jumps"), "waist from exercises"),
    BlackBox("linnerud-pulse", "linnerud", "Pulse", ("Chins", "Situps", "Jumps"), "pulse from exercises"),
    BlackBox(
        "iris-petal-width",
        "iris",
        "petal_width",
        ("sepal_length", "sepal_width", "petal_length"),
        "petal width of irises from their other measures (Fisher, 1936)",
    ),
    BlackBox(
        "wine-colour",
        "wine",
        "color_intensity",
        (
            "alcohol",
            "malic_acid",
            "ash",
            "alcalinity_of_ash",
            "magnesium",
            "total_phenols",
            "hue",
        ),
        "colour of wine from its chemistry",
    ),
    BlackBox(
        "cell-area",
        "breast_cancer",
        "mean_area",
        ("mean_radius", "mean_texture", "mean_perimeter", "mean_smoothness", "mean_compactness"),
        "area of cell nuclei from their other measures; nearly pi*radius**2",
    ),
)


@dataclass(frozen=True)
class ExampleSampler:
    """A table that ships with the package."""

    name: str

    def __call__(self, seed: int) -> Split:
        return held_out.split(read_example(self.name), "real", self.name, seed)


@dataclass(frozen=True)
class BlackBoxSampler:
    """A table of scikit-learn."""

    box: BlackBox

    def __call__(self, seed: int) -> Split:
        return held_out.split(read_black_box(self.box), "real", self.box.name, seed)


@dataclass(frozen=True)
class Real:
    """Eight measured tables with known laws, seven black boxes."""

    name: str = "real"
    description: str = "15 real tables: eight with known laws (Kepler, Boyle, Hubble ...), seven black boxes"
    n_tasks: int = len(LAWS) + len(BLACK_BOXES)

    def load(self) -> Suite:
        laws = tuple(_law_task(name, self.name) for name in example_names())
        return Suite(
            self.name,
            self.description,
            laws + tuple(_black_box_task(box, self.name) for box in BLACK_BOXES),
            protocol=f"Measured: a quarter of the rows is held out, below {held_out.FEWEST} rows none. "
            "Laws hold within the errors of the tables, and their constants are fitted: distances between "
            "formulas count here, verdicts of equality do not.",
        )


def read_black_box(box: BlackBox) -> Dataset:
    """The table of a black box."""
    columns = _columns(box.loader)
    return Dataset.of(
        np.column_stack([columns[name] for name in box.features]),
        columns[box.target],
        box.features,
        box.target,
    )


@cache
def _columns(loader: str) -> dict[str, FloatArray]:
    from sklearn import datasets

    options = {"scaled": False} if loader == "diabetes" else {}
    bunch = getattr(datasets, f"load_{loader}")(**options)
    names = [re.sub(r" \(.*\)", "", str(name)).replace(" ", "_") for name in bunch.feature_names]
    columns = dict(zip(names, np.asarray(bunch.data, dtype=np.float64).T, strict=True))
    if loader == "diabetes":
        columns["progression"] = np.asarray(bunch.target, dtype=np.float64)
    if loader == "linnerud":
        columns |= dict(zip(bunch.target_names, np.asarray(bunch.target, dtype=np.float64).T, strict=True))
    return columns


def _law_task(name: str, suite: str) -> Task:
    facts, table = example(name), read_example(name)
    names = table.feature_names
    return Task(
        name,
        suite,
        names,
        table.target_name,
        LAWS[name],
        held_out.ranges(table),
        ExampleSampler(name),
        feature_units=table.feature_units,
        target_unit=table.target_unit,
        relevant=tuple(names[j] for j in parse(LAWS[name], names).features),
        exact=False,
        decidable=False,
        notes=("measured, and constants fitted: only the form of the law can be found", *_small(table)),
        description=f"{facts.title} ({facts.year}); {facts.source}",
    )


def _black_box_task(box: BlackBox, suite: str) -> Task:
    table = read_black_box(box)
    return Task(
        box.name,
        suite,
        box.features,
        box.target,
        None,
        held_out.ranges(table),
        BlackBoxSampler(box),
        exact=False,
        decidable=False,
        notes=("no law is known", *_small(table)),
        description=box.about,
    )


def _small(table: Dataset) -> tuple[str, ...]:
    return (held_out.ALL_ROWS,) if table.n_rows < held_out.FEWEST else ()
