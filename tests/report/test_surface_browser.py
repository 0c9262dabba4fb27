"""The page of a surface in a real browser, without a network."""

from pathlib import Path

import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from eqdisc.surfaces import page
from tests.report.conftest import HAS_BROWSER, complaints, opened, sizes
from tests.surfaces import pages
from tests.surfaces.pages import AWFUL, SPHERE_CELLS, curve_page, sphere_page

pytestmark = pytest.mark.skipif(not HAS_BROWSER, reason="no Chromium here")

# Colours of the picture: how many pixels of the surface, of points, and a number that changes with any pixel.
LOOK = """
const [wide, high] = [600, 340], view = new View(viewer.state, [1, 1, 1], wide, high);
view.dot = 3;
viewer.picture.drawn(view, viewer.shown, wide, high);
let [surface, points, sum] = [0, 0, 0];
const dot = 0xff000000 | 0xd5 | 0x5e << 8;
for (const pixel of viewer.picture.colours) {
  if (pixel === 0) continue;
  if (pixel === dot >>> 0) points++; else surface++;
  sum = (sum * 31 + pixel) % 1000003;
}
return [surface, points, sum];
"""


@pytest.fixture(scope="module")
def sphere(browser: webdriver.Chrome, tmp_path_factory: pytest.TempPathFactory) -> webdriver.Chrome:
    return opened(browser, sphere_page(), tmp_path_factory.mktemp("sphere"))


def pictures(browser: webdriver.Chrome) -> int:
    return int(browser.find_element(By.CSS_SELECTOR, ".viewer canvas").get_attribute("data-pictures") or 0)


def look(browser: webdriver.Chrome) -> tuple[int, int, int]:
    surface, points, number = browser.execute_script(LOOK)
    return surface, points, number


def press(browser: webdriver.Chrome, name: str) -> None:
    browser.find_element(By.CSS_SELECTOR, f"button[data-toggle={name}]").click()


def test_the_surface_is_drawn_and_turns_without_an_error(sphere: webdriver.Chrome) -> None:
    assert sphere.title == "Surface of x, y, z"
    first = sphere.execute_script("return viewer.state.around")
    WebDriverWait(sphere, 60).until(lambda page: pictures(page) > 5)
    assert sphere.execute_script("return viewer.state.around") < first
    press(sphere, "turning")
    still = sphere.execute_script("return viewer.state.around")
    WebDriverWait(sphere, 60).until(lambda page: page.execute_script("return viewer.fine"))
    assert sphere.execute_script("return viewer.state.around") == still
    assert sizes(sphere, ".viewer canvas")[0][1] > 200
    assert not sizes(sphere, ".viewer img")
    assert not complaints(sphere)


def test_parts_come_and_go(sphere: webdriver.Chrome) -> None:
    surface, points, _ = look(sphere)
    assert surface > 5000
    assert points > 200
    press(sphere, "cloud")
    assert look(sphere)[1] == 0
    assert look(sphere)[0] > surface
    press(sphere, "surface")
    assert look(sphere)[:2] == (0, 0)
    press(sphere, "cloud")
    assert look(sphere)[1] > 1.5 * points  # those behind it too
    press(sphere, "surface")
    assert look(sphere)[:2] == (surface, points)


def test_the_hidden_half_of_the_points_is_hidden(sphere: webdriver.Chrome) -> None:
    """Points of a sphere in front of the eye's horizon are seen, the others not, from wherever one looks."""
    _, points, _ = look(sphere)
    for up in (-1.2, 1.2):
        sphere.execute_script(f"viewer.state.up = {up}")
        assert 0.6 * points < look(sphere)[1] < 1.6 * points
    sphere.execute_script("viewer.reset()")


def test_keys_mouse_and_buttons_turn_and_come_nearer(sphere: webdriver.Chrome) -> None:
    sphere.execute_script("viewer.reset()")
    before = look(sphere)
    canvas = sphere.find_element(By.CSS_SELECTOR, ".viewer canvas")
    canvas.send_keys(Keys.ARROW_LEFT)
    turned = look(sphere)
    assert turned[2] != before[2]
    canvas.send_keys("+", "+")
    assert look(sphere)[0] > 1.3 * turned[0]
    sphere.find_element(By.CSS_SELECTOR, "button[data-act=reset]").click()
    assert look(sphere) == before
    webdriver.ActionChains(sphere).drag_and_drop_by_offset(canvas, 60, 20).perform()
    state = sphere.execute_script("return [viewer.state.around - viewer.start.around, viewer.state.up]")
    assert state[0] == pytest.approx(-60 / 150)
    assert state[1] == pytest.approx(0.45 + 20 / 150)
    assert not complaints(sphere)


def test_colours_tell_the_error(sphere: webdriver.Chrome) -> None:
    sphere.execute_script("viewer.reset()")
    coloured = look(sphere)
    press(sphere, "colours")
    assert look(sphere)[2] != coloured[2]
    press(sphere, "colours")
    assert look(sphere) == coloured
    assert "distance of the points" in sphere.find_element(By.CLASS_NAME, "legend").text


def test_numbers_arrive_as_they_were_sent(sphere: webdriver.Chrome) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "CELLS", SPHERE_CELLS)
        scene = page.scene_of(pages.sphere())
    assert scene is not None
    assert scene.mesh is not None
    arrived = {
        name: np.array(sphere.execute_script(f"return Array.from(viewer.picture.{name})"))
        for name in ("vertices", "cells", "points", "normals")
    }
    assert np.allclose(arrived["vertices"].reshape(-1, 3), scene.placed(scene.mesh.vertices), atol=1e-4)
    assert np.array_equal(arrived["cells"].reshape(-1, 3), scene.mesh.cells)
    assert scene.error is not None
    assert np.allclose(arrived["points"].reshape(-1, 3), scene.placed(scene.error.points), atol=1e-4)
    assert np.allclose(np.linalg.norm(arrived["normals"].reshape(-1, 3), axis=1), 1.0, atol=0.02)


def test_a_curve_is_a_drawing_with_parts(browser: webdriver.Chrome, tmp_path: Path) -> None:
    opened(browser, curve_page(), tmp_path)
    assert browser.title == "Curve of x, y"
    assert sizes(browser, "figure svg")[0][0] > 300
    for part in ("surface", "cloud"):
        assert sizes(browser, f"#surface-{part}")
        press(browser, part)
        assert not sizes(browser, f"#surface-{part}")
        press(browser, part)
        assert sizes(browser, f"#surface-{part}")
    assert not complaints(browser)


def test_names_run_no_script(browser: webdriver.Chrome, tmp_path: Path) -> None:
    opened(browser, sphere_page(AWFUL), tmp_path)  # an alert would stop the next call
    WebDriverWait(browser, 60).until(lambda page: pictures(page) > 0)
    assert "<script>alert(1)</script>" in browser.find_element(By.TAG_NAME, "h1").text
    assert not complaints(browser)


def test_nothing_is_wider_than_a_narrow_page(browser: webdriver.Chrome, tmp_path: Path) -> None:
    browser.set_window_size(500, 900)
    try:
        opened(browser, sphere_page(), tmp_path)
        assert browser.execute_script(
            "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
    finally:
        browser.set_window_size(1200, 900)
