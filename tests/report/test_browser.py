"""The page and the notebook's output in a real browser, without a network."""

from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from eqdisc.report.notebook import result_html
from tests.report.conftest import HAS_BROWSER, complaints, opened, page_of, sizes

Case = Any  # a result and its table
pytestmark = pytest.mark.skipif(not HAS_BROWSER, reason="no Chromium here")


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
