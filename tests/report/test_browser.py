"""The page and the notebook's output in a real browser, without a network."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from eqdisc.report.notebook import result_html
from tests.report.conftest import page_of

Case = Any  # a result and its table
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no Chromium here")


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


def test_page_opens_without_an_error(
    browser: webdriver.Chrome, case: Case, page: str, tmp_path: Path
) -> None:
    opened(browser, page, tmp_path)
    assert not complaints(browser)
    assert browser.title.startswith(case[0].target_name)


def test_equations_and_pictures_are_laid_out(
    browser: webdriver.Chrome, case: Case, page: str, tmp_path: Path
) -> None:
    opened(browser, page, tmp_path)
    equations = sizes(browser, "math")
    assert len(equations) >= 2
    assert min(min(size) for size in equations) > 4
    pictures = sizes(browser, "figure svg")
    assert len(pictures) == (4 if case[0].best.tree.features else 3)
    assert min(min(size) for size in pictures) > 150


def test_a_fraction_is_taller_than_a_line(browser: webdriver.Chrome, noisy: Case, tmp_path: Path) -> None:
    opened(browser, page_of(noisy), tmp_path)
    number, fraction = (sizes(browser, f"header .equation {kind}")[0] for kind in ("mn", "mfrac"))
    assert fraction[1] > 1.5 * number[1]


def test_nothing_is_wider_than_a_narrow_page(browser: webdriver.Chrome, noisy: Case, tmp_path: Path) -> None:
    browser.set_window_size(500, 900)
    try:
        opened(browser, page_of(noisy), tmp_path)
        assert browser.execute_script(
            "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
    finally:
        browser.set_window_size(1200, 900)


def test_a_click_on_a_law_shows_it_typeset(browser: webdriver.Chrome, noisy: Case, tmp_path: Path) -> None:
    opened(browser, page_of(noisy), tmp_path)

    def shown() -> str:
        return browser.find_element(By.ID, "typeset").text

    assert "sin" in shown()
    browser.find_elements(By.CSS_SELECTOR, "table.front tbody tr")[0].click()
    assert "sin" not in shown()
    assert "11.6" in shown()
    assert not complaints(browser)


def test_a_click_on_a_heading_sorts(browser: webdriver.Chrome, noisy: Case, tmp_path: Path) -> None:
    opened(browser, page_of(noisy), tmp_path)

    def nodes() -> list[int]:
        cells = browser.find_elements(By.CSS_SELECTOR, "table.front tbody tr td:nth-child(2)")
        return [int(cell.get_attribute("data-value") or 0) for cell in cells]

    heading = browser.find_elements(By.CSS_SELECTOR, "table.front th")[1]
    rising = sorted(law.complexity for law in noisy[0].front)
    heading.click()
    assert nodes() == rising
    heading.click()
    assert nodes() == rising[::-1]


def test_buttons_copy(browser: webdriver.Chrome, noisy: Case, tmp_path: Path) -> None:
    opened(browser, page_of(noisy), tmp_path)
    button = browser.find_element(By.CSS_SELECTOR, "button[data-copy]")
    button.click()
    assert button.text == "Copied"
    assert not complaints(browser)


def test_names_run_no_script(browser: webdriver.Chrome, awful: Case, tmp_path: Path) -> None:
    opened(browser, page_of(awful), tmp_path)  # an alert would stop the next call
    assert "<script>alert(1)</script>" in browser.find_element(By.TAG_NAME, "h1").text


def test_notebook_output_is_laid_out(browser: webdriver.Chrome, case: Case, tmp_path: Path) -> None:
    opened(browser, f'<!DOCTYPE html><meta charset="utf-8"><title>x</title>{result_html(case[0])}', tmp_path)
    assert not complaints(browser)
    assert min(sizes(browser, "math")[0]) > 4
    assert len(sizes(browser, "table")) == 2
