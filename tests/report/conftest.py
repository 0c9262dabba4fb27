"""Results to report on: a real table, a noisy one of five inputs, one with awful names, one without a law."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from selenium import webdriver
from selenium.webdriver.common.by import By

from eqdisc.data.dataset import Dataset
from eqdisc.data.split import heldout_split
from eqdisc.data.tables import read_example
from eqdisc.engine.reference import evaluate
from eqdisc.expr.parse import parse
from eqdisc.report.folder import RunFolder
from eqdisc.report.html import report_html
from eqdisc.report.plots import figures
from eqdisc.result import Law, Result
from eqdisc.scoring.loss import r_squared
from eqdisc.scoring.uncertainty import error_bars
from eqdisc.search.engine import StopReason
from eqdisc.search.stability import Stability

AWFUL = ("<script>alert(1)</script>", "$ Ωmega_{&%#}~^\\ 100%")
Case = tuple[Result, Dataset]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
HAS_BROWSER = bool(CHROMIUM and DRIVER)


def law_of(text: str, dataset: Dataset, seed: int = 0) -> Law:
    tree = parse(text, [f"x{j}" for j in range(dataset.n_features)])
    train, heldout = (dataset.take(rows) for rows in heldout_split(dataset.n_rows, seed))
    values = evaluate(tree, train.features)
    return Law(
        tree=tree,
        feature_names=dataset.feature_names,
        complexity=tree.size,
        loss=float(np.average((train.target - values) ** 2, weights=train.weights)),
        r2=r_squared(train.target, values, train.weights),
        r2_heldout=r_squared(heldout.target, evaluate(tree, heldout.features)) if heldout.n_rows else None,
        found_by="gp",
        error_bars=error_bars(tree, dataset),
    )


def result_of(dataset: Dataset, laws: Sequence[str], chosen: int = -1, seed: int = 0) -> Result:
    front = tuple(law_of(text, dataset, seed) for text in laws)
    return Result(
        best=front[chosen],
        reason="it is the simplest within the noise",
        front=front,
        stopped=StopReason.TIME,
        seed=seed,
        epochs=17,
        seconds=2.0,
        compile_seconds=1.25,
        evaluations=5000,
        symbols={},
        warnings=(),
        target_name=dataset.target_name,
        feature_names=dataset.feature_names,
        target_unit=dataset.target_unit,
        feature_units=dataset.feature_units,
        ranges=tuple((float(column.min()), float(column.max())) for column in dataset.features.T),
        n_rows=dataset.n_rows,
        notes=dataset.notes,
    )


@pytest.fixture(scope="session")
def kepler() -> Case:
    dataset = read_example("kepler")
    return result_of(dataset, ["36.7", "sqrt(x0**3)", "1.00071234*x0**1.49981234"], chosen=1), dataset


@pytest.fixture(scope="session")
def noisy() -> Case:
    random = np.random.default_rng(1)
    n = 120
    load, angle, length = random.uniform(1, 5, n), random.uniform(-2, 2, n), 10 ** random.uniform(-1, 3, n)
    steps, share = random.integers(0, 6, n), random.uniform(0, 1, n)
    sigma = 0.2 + 0.2 * share
    force = 2.5 * load**2 / np.sqrt(length) + 3.1234 * np.sin(angle) - 0.7123 * steps
    dataset = Dataset.of(
        np.column_stack([load, angle, length, steps, share]),
        force + random.normal(0, 1, n) * sigma,
        names=["peak load", "θ", "lambda", "n_steps", "mass fraction of water"],
        target_name="force",
        sigma=sigma,
        feature_units=["kN", "rad", "m", None, None],
        target_unit="N/m²",
        notes=["3 rows were left out: missing cells in 'force'"],
    )
    power = "2.512345678*x0**2/sqrt(x2)"
    laws = ["11.6", "2.412341234*x0**2/sqrt(x2)", f"{power} + 3.12341234*sin(x1) - 0.71231231*x3"]
    result = result_of(dataset, laws)
    return (
        replace(
            result,
            rivals=result.front[1:2],
            stability=Stability(20, 17, (("c1*x0", 2), ("<b>", 1))),
            settings={"operators": "+ - * /", "time_limit": 30.0, "macros": []},
            warnings=("the feature 'x' is <constant>",),
        ),
        dataset,
    )


@pytest.fixture(scope="session")
def awful() -> Case:
    random = np.random.default_rng(2)
    X = 10 ** random.uniform(-3, 3, (80, 2))
    y = 4.2345 * X[:, 0] / np.sqrt(X[:, 1]) * (1 + 0.05 * random.normal(size=80))
    dataset = Dataset.of(
        X, y, names=AWFUL, target_name="y'\"<b>$", feature_units=["a<b", "µm"], target_unit="</svg>"
    )
    return result_of(dataset, ["1900", "4.23456789*x0/sqrt(x1)"]), dataset


@pytest.fixture(scope="session")
def lawless() -> Case:
    random = np.random.default_rng(3)
    dataset = Dataset.of(random.normal(size=(50, 3)), random.normal(size=50) + 5)
    return result_of(dataset, ["5.12341234"]), dataset


@pytest.fixture(scope="session", params=["kepler", "noisy", "awful", "lawless"])
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def pictures(case: Case) -> dict[str, Figure]:
    return figures(*case)


@pytest.fixture(scope="session")
def page(case: Case) -> str:
    return page_of(case)


_PAGES: dict[int, str] = {}  # by identity: the results of this file live as long as the tests


def page_of(case: Case) -> str:
    """The page of a result, made once."""
    if id(case) not in _PAGES:
        _PAGES[id(case)] = report_html(*case)
    return _PAGES[id(case)]


@pytest.fixture(scope="session")
def written(noisy: Case, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run folder with everything in it."""
    with RunFolder.create(tmp_path_factory.mktemp("runs") / "a") as folder:
        folder.write_results(*noisy)
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for flag in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1200,900",
        f"--user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield chrome
    chrome.quit()


def opened(browser: webdriver.Chrome, text: str, folder: Path) -> webdriver.Chrome:
    page = folder / "report.html"
    page.write_text(text, encoding="utf-8")
    browser.get(page.as_uri())
    return browser


def sizes(browser: webdriver.Chrome, selector: str) -> list[tuple[float, float]]:
    """Width and height of what is shown and matches."""
    found = browser.find_elements(By.CSS_SELECTOR, selector)
    return [(box["width"], box["height"]) for box in (e.rect for e in found if e.is_displayed())]


def complaints(browser: webdriver.Chrome) -> list[str]:
    return [entry["message"] for entry in browser.get_log("browser") if "favicon" not in entry["message"]]
